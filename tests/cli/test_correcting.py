"""`denialml correct` on a practice's own files: what it shows, drafts, refuses and
records."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from denialml.cli.app import app
from denialml.domain.claim import Claim
from denialml.formats import read_bytes
from denialml.store.audit import AuditAction, AuditEvent, list_events
from denialml.store.database import open_session
from tests.api.running import Running
from tests.formats.claim_files import UNREAD, with_unread_segments

HARBOR = "Harbor Lane Counseling"
PLACE = "correct_place_of_service"
Correct = Callable[..., Result]
NewEvents = Callable[[], list[AuditEvent]]


@pytest.fixture
def outgoing(running: Running, tmp_path: Path) -> Path:
    path = tmp_path / "outgoing.edi"
    path.write_bytes(with_unread_segments(running.outgoing))
    return path


@pytest.fixture
def correct(running: Running, monkeypatch: pytest.MonkeyPatch) -> Correct:
    monkeypatch.setenv("DENIALML_DATA_DIRECTORY", str(running.settings.data_directory))

    def run(*arguments: object) -> Result:
        named = [*map(str, arguments), "--organization", HARBOR]
        return CliRunner().invoke(app, ["correct", *named])

    return run


@pytest.fixture
def new_events(running: Running) -> NewEvents:
    def read() -> list[AuditEvent]:
        with open_session(running.engine, read_only=True) as session:
            harbor = running.organizations[HARBOR]
            return list(list_events(session, harbor, limit=1_000_000))

    before = len(read())
    return lambda: read()[before:]


def claims_of(content: bytes) -> list[Claim]:
    records = read_bytes(content, file="f").records
    return [one for one in records if isinstance(one, Claim)]


def test_what_could_be_corrected_is_shown_and_the_reading_recorded(
    correct: Correct, new_events: NewEvents, outgoing: Path
) -> None:
    shown = correct(outgoing, "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert PLACE in {one["fix"]["kind"] for one in found}
    [event] = new_events()
    assert event.action is AuditAction.CLAIMS_SCORED
    assert event.record_count == len(claims_of(outgoing.read_bytes()))


def test_drafts_keep_what_no_rule_reads(
    correct: Correct, new_events: NewEvents, outgoing: Path, tmp_path: Path
) -> None:
    out = tmp_path / "draft.837"
    made = correct(outgoing, "--fix", PLACE, "--out", out, "--json")
    assert made.exit_code == 0, made.output
    drafts = json.loads(made.stdout)
    content = out.read_bytes()
    assert len(claims_of(content)) == len(drafts) > 1
    for text in UNREAD:
        assert content.count(f"\n{text}~".encode()) == len(drafts)
    assert all(one["keeps_segments"] for one in drafts)
    scored, *corrections = new_events()
    assert scored.action is AuditAction.CLAIMS_SCORED
    assert {one.action for one in corrections} == {AuditAction.CORRECTION_DRAFTED}
    assert len(corrections) == sum(len(one["fixes"]) for one in drafts)
    again = correct(outgoing, "--fix", PLACE, "--out", out)
    assert again.exit_code == 2, "a file is not overwritten"


def test_a_refused_draft_names_the_claim_and_was_a_reading(
    correct: Correct, new_events: NewEvents, outgoing: Path, tmp_path: Path
) -> None:
    outgoing.write_bytes(outgoing.read_bytes().replace(b"X222A1", b"X098A1"))
    out = tmp_path / "draft.837"
    refused = correct(outgoing, "--fix", PLACE, "--out", out)
    assert refused.exit_code != 0
    said = " ".join(str(refused.exception).split())
    numbers = {one.patient_control_number for one in claims_of(outgoing.read_bytes())}
    assert said.startswith("claim ")
    assert said.split()[1].rstrip(":") in numbers
    assert "005010X222" in said
    assert not out.exists()
    assert [one.action for one in new_events()] == [AuditAction.CLAIMS_SCORED]


def test_one_number_for_several_claims_names_none_of_them(
    correct: Correct, new_events: NewEvents, outgoing: Path, tmp_path: Path
) -> None:
    content = outgoing.read_bytes()
    outgoing.write_bytes(content + content)
    found = json.loads(correct(outgoing, "--json").stdout)
    number = next(
        one["patient_control_number"] for one in found if one["fix"]["kind"] == PLACE
    )
    out = tmp_path / "draft.837"
    for more in ([], ["--claim", number]):
        refused = correct(outgoing, "--fix", PLACE, "--out", out, *more)
        assert refused.exit_code != 0
        assert "2 claims of the file are numbered" in str(refused.exception)
    assert not out.exists()
    assert AuditAction.CORRECTION_DRAFTED not in {one.action for one in new_events()}


def test_a_fix_that_no_claim_has_and_a_claim_that_is_not_there_are_refused(
    correct: Correct, outgoing: Path, tmp_path: Path
) -> None:
    out = tmp_path / "draft.837"
    for arguments, said in (
        (["--fix", "upcode", "--out", out], "none of the claims has a fix upcode"),
        (["--claim", "NOBODY"], "holds no claim NOBODY"),
    ):
        refused = correct(outgoing, *arguments)
        assert refused.exit_code != 0
        assert said in str(refused.exception)
    half = tmp_path / "half.edi"
    half.write_bytes(outgoing.read_bytes()[:2000])
    assert "may be incomplete" in str(correct(half).exception)
    assert correct(outgoing, "--fix", PLACE).exit_code == 2, "--fix needs --out"
