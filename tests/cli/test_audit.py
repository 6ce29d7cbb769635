"""The trail from the command line: verified, exported, read, and tampered with."""

import json
import sqlite3
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.examples import example_835, example_837p
from denialml.cli.app import app

runner = CliRunner()


@pytest.fixture(autouse=True)
def practice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A practice with a few events."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DENIALML_DATA_DIRECTORY", str(tmp_path / "var"))
    (tmp_path / "one.837").write_text(example_837p())
    (tmp_path / "one.835").write_text(example_835())
    assert run("ingest", "one.837", "one.835").exit_code == 0
    return tmp_path


def run(*arguments: str) -> Result:
    return runner.invoke(app, arguments)


def exported(*arguments: str) -> list[dict[str, object]]:
    answer = run("audit", "export", *arguments)
    assert answer.exit_code == 0, answer.output
    return [json.loads(line) for line in answer.stdout.splitlines()]


def tamper(practice: Path, statement: str) -> None:
    connection = sqlite3.connect(practice / "var" / "denialml.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_what_was_done_verifies_and_can_be_exported(practice: Path) -> None:
    events = exported()
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert [event["action"] for event in events][:3] == [
        "organization.created",
        "file.ingested",
        "file.ingested",
    ]
    # The export is an event itself, written before the first line left.
    assert events[-1]["action"] == "audit.exported"
    answer = run("audit", "verify", "--json")
    assert answer.exit_code == 0
    (verdict,) = json.loads(answer.stdout)
    assert verdict["events"] == len(events)
    assert verdict["fault"] is None
    assert "every event fits" in run("audit", "verify").stdout


def test_events_are_narrowed_by_what_is_asked(practice: Path) -> None:
    assert {event["action"] for event in exported("--action", "file.ingested")} == {
        "file.ingested"
    }
    every = exported()
    day = str(every[0]["occurred_at"])[:10]
    assert len(exported("--since", day, "--until", day)) == len(every) + 1
    assert exported("--until", "2001-01-01") == []
    (file, _) = exported("--action", "file.ingested")
    assert exported("--record", str(file["record_id"])) == [file]
    assert exported("--actor", "key_none") == []
    listed = run("audit", "list", "--action", "file.ingested", "--json")
    assert [event["sequence"] for event in json.loads(listed.stdout)] == [3, 2]
    table = run("audit", "list", "--action", "audit.read").stdout
    assert "audit" in table


def test_reading_a_denial_is_an_event_about_its_patient(practice: Path) -> None:
    (denial,) = json.loads(run("denials", "--json").stdout)["denials"]
    denial_id = denial["denial"]["denial_id"]
    confirmed = run("confirm-cause", denial_id, "cob_wrong_payer")
    assert confirmed.exit_code == 0, confirmed.output
    (event,) = exported("--action", "cause.confirmed")
    assert event["record_id"] == denial_id
    patient_id = str(event["patient_id"])
    assert patient_id.startswith("pat_")
    about = {str(it["action"]) for it in exported("--patient", patient_id)}
    assert "cause.confirmed" in about
    assert "MRN" not in json.dumps(exported())


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_events SET actor = 'nobody' WHERE sequence = 2", "2 is altered"),
        ("DELETE FROM audit_events WHERE sequence = 2", "2 is missing"),
    ],
)
def test_a_trail_that_was_tampered_with_is_named(
    practice: Path, statement: str, said: str
) -> None:
    tamper(practice, statement)
    answer = run("audit", "verify")
    assert answer.exit_code == 1
    assert f"number {said}" in " ".join(answer.stdout.split())


def test_a_checkpoint_shows_what_was_cut_off(practice: Path) -> None:
    file = practice / "checkpoints.jsonl"
    assert run("audit", "checkpoint", "--out", str(file)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = file.read_bytes()
    exported()
    assert run("audit", "checkpoint", "--out", str(file)).exit_code == 0
    assert file.read_bytes().startswith(first)
    assert len(file.read_bytes().splitlines()) == 2
    assert run("audit", "verify", "--checkpoint", str(file)).exit_code == 0
    last = len(exported())
    tamper(practice, f"DELETE FROM audit_events WHERE sequence >= {last - 1}")
    tamper(
        practice,
        f"UPDATE audit_heads SET sequence = {last - 2}, mac = (SELECT mac FROM "
        f"audit_events WHERE sequence = {last - 2})",
    )
    assert run("audit", "verify").exit_code == 0
    answer = run("audit", "verify", "--checkpoint", str(file), "--json")
    assert answer.exit_code == 1
    (verdict,) = json.loads(answer.stdout)
    assert verdict["fault"]["kind"] == "cut off"
    assert verdict["fault"]["sequence"] == last - 1
    before = file.read_bytes()
    refused = run("audit", "checkpoint", "--out", str(file))
    assert refused.exit_code == 1
    assert "does not verify" in str(refused.exception)
    assert file.read_bytes() == before


def test_a_practice_that_is_gone_is_missed(practice: Path) -> None:
    file = practice / "checkpoints.jsonl"
    run("audit", "checkpoint", "--out", str(file))
    for table in ("audit_events", "audit_heads"):
        tamper(practice, f"DELETE FROM {table}")
    answer = run("audit", "verify", "--checkpoint", str(file), "--json")
    (verdict,) = json.loads(answer.stdout)
    assert (answer.exit_code, verdict["fault"]["sequence"]) == (1, 1)
