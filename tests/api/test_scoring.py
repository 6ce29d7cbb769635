"""Scoring over HTTP: the same numbers as everywhere, with reasons and with an audit."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import httpx
import msgspec
import pytest

from api.examples import EXAMPLE_CLAIM, example_835, example_837p
from api.routes.claims import ScoredClaims
from api.scoring_cache import ServedModel
from denialml.domain.claim import Claim
from denialml.errors import NoModel
from denialml.formats import read_bytes
from denialml.journeys.score import score_claims
from denialml.modeling.risk.bundle import load_bundle
from denialml.modeling.risk.seal import Seal
from denialml.store.audit import AuditAction, AuditEvent, list_events
from denialml.store.database import open_session
from tests.api.running import START, X12, Running

JSON = {"Content-Type": "application/json"}
AS_OF = START.date().isoformat()


@pytest.fixture(scope="module")
def outgoing(running: Running) -> tuple[Claim, ...]:
    records = read_bytes(running.outgoing, file="outgoing.edi").records
    return tuple(record for record in records if isinstance(record, Claim))


@pytest.fixture
def new_events(running: Running, harbor: str) -> Callable[[], list[AuditEvent]]:
    """What the trail gained since the test began."""

    def read(after: int = 0) -> list[AuditEvent]:
        with open_session(running.engine, read_only=True) as session:
            return list(
                list_events(session, harbor, after_sequence=after, limit=1_000_000)
            )

    last = max((event.sequence for event in read()), default=0)
    return lambda: read(last)


def scored(answer: httpx.Response) -> ScoredClaims:
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=ScoredClaims)


def test_the_api_scores_like_the_journey_alone_and_in_a_batch_and_from_x12(
    running: Running, harbor: str, client: httpx.Client, outgoing: tuple[Claim, ...]
) -> None:
    bundle = load_bundle(
        running.settings.serving_bundle_of(harbor), seal=running.seal(harbor)
    )
    with open_session(running.engine, read_only=True) as session:
        expected = tuple(
            score_claims(session, harbor, outgoing, bundle=bundle, as_of=START.date())
        )
    address = f"/v1/claims/score?as_of={AS_OF}"
    from_x12 = client.post(address, content=running.outgoing, headers=X12)
    batch = client.post(
        address, content=msgspec.json.encode({"claims": outgoing}), headers=JSON
    )
    assert scored(from_x12).scores == expected
    assert scored(batch).scores == expected
    assert len(expected) > 5
    for claim, score in zip(outgoing, expected, strict=True):
        for _ in range(2):  # the usual way and the short way
            alone = client.post(
                address, content=msgspec.json.encode(claim), headers=JSON
            )
            assert scored(alone).scores == (score,)


def test_contributions_add_up_over_http(client: httpx.Client, running: Running) -> None:
    answer = client.post("/v1/claims/score", content=running.outgoing, headers=X12)
    scores = scored(answer).scores
    assert any(score.reasons for score in scores)
    for score in scores:
        assert 0 < score.probability < 1
        for line in score.lines:
            total = line.base + sum(it.contribution for it in line.contributions)
            assert total == pytest.approx(line.raw_output, rel=1e-9)


@pytest.mark.parametrize(
    ("submitted_on", "query", "expected"),
    [
        (None, "", START.date()),
        (date(2026, 9, 1), "", date(2026, 9, 1)),
        (date(2026, 9, 1), "?as_of=2026-09-15", date(2026, 9, 15)),
    ],
    ids=["today", "its own day", "the day asked for"],
)
def test_the_day_a_claim_is_scored_as_of(
    client: httpx.Client, submitted_on: date | None, query: str, expected: date
) -> None:
    claim = msgspec.structs.replace(EXAMPLE_CLAIM, submitted_on=submitted_on)
    answer = client.post(
        f"/v1/claims/score{query}", content=msgspec.json.encode(claim), headers=JSON
    )
    assert scored(answer).scores[0].as_of == expected


def test_a_request_leaves_one_event_with_the_number_of_claims(
    client: httpx.Client,
    running: Running,
    outgoing: tuple[Claim, ...],
    new_events: Callable[[], list[AuditEvent]],
) -> None:
    one = msgspec.json.encode(outgoing[0])
    for _ in range(3):
        client.post("/v1/claims/score", content=one, headers=JSON)
    client.post("/v1/claims/score", content=running.outgoing, headers=X12)
    added = [
        event for event in new_events() if event.action is AuditAction.CLAIMS_SCORED
    ]
    assert [event.record_count for event in added] == [1, 1, 1, len(outgoing)]
    # The short way writes the same row as the usual one.
    rows = {(event.actor, event.record_kind, event.record_id) for event in added}
    assert len(rows) == 1
    assert {event.occurred_at for event in added} == {START}


def test_a_refused_request_leaves_no_event(
    client: httpx.Client, new_events: Callable[[], list[AuditEvent]]
) -> None:
    client.post("/v1/claims/score", content=b"{}", headers=JSON)
    assert new_events() == []


def test_a_score_waits_for_another_writer_and_is_still_audited(
    running: Running,
    client: httpx.Client,
    outgoing: tuple[Claim, ...],
    new_events: Callable[[], list[AuditEvent]],
) -> None:
    """While another holds the database, the short way gives way to the usual one."""
    one = msgspec.json.encode(outgoing[0])
    address = f"/v1/claims/score?as_of={AS_OF}"
    client.post(address, content=one, headers=JSON)
    with open_session(running.engine) as writer:
        writer.connection()  # BEGIN IMMEDIATE: holds the write lock
        with pytest.raises(httpx.ReadTimeout):
            client.post(address, content=one, headers=JSON, timeout=1)
        with running.client() as other:  # the service itself goes on
            assert other.get("/healthz", timeout=2).status_code == 200
        writer.rollback()
    assert client.post(address, content=one, headers=JSON).status_code == 200
    assert len(new_events()) >= 2


def test_new_records_change_the_next_score(running: Running) -> None:
    """A kept scorer is given up as soon as the practice's records change."""
    organization = running.add_organization("Changing")
    running.give_model(organization)
    claim = msgspec.json.encode(EXAMPLE_CLAIM)
    authorization = (
        "authorization_number,payer_id,member_id,issued_on,decision,"
        "medical_record_number,procedure_codes,units,begins_on,ends_on\n"
        "AUTH1,NGHP1,EXM0000001,2026-09-01,approved,EXAMPLE-MRN-1,90837,20,"
        "2026-09-01,2026-12-31\n"
    )
    address = f"/v1/claims/score?as_of={AS_OF}"
    with running.client(running.key(organization)) as client:
        before = [
            scored(client.post(address, content=claim, headers=JSON)) for _ in range(2)
        ]
        taken = client.post(
            "/v1/files",
            content=authorization,
            headers={
                "Content-Type": "text/csv",
                "Content-Disposition": 'attachment; filename="authorizations.csv"',
            },
        )
        assert taken.status_code == 200, taken.text
        after = scored(client.post(address, content=claim, headers=JSON))
    assert before[0] == before[1]
    assert before[0] != after


def test_a_json_fault_names_its_place(client: httpx.Client) -> None:
    fields = msgspec.json.decode(msgspec.json.encode(EXAMPLE_CLAIM))
    fields["lines"][0]["service_date"] = "10/05/2026"
    wrong = {"claims": [EXAMPLE_CLAIM, fields, {"patient_control_number": 7}]}
    answer = client.post(
        "/v1/claims/score", content=msgspec.json.encode(wrong), headers=JSON
    )
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/claims/1/lines/0/service_date",
        "/claims/2/patient_control_number",
    ]


def test_a_truncated_file_is_scored_as_far_as_it_goes_and_is_no_success(
    client: httpx.Client, running: Running
) -> None:
    cut = running.outgoing[: len(running.outgoing) // 2]
    answer = client.post("/v1/claims/score", content=cut, headers=X12)
    assert answer.status_code == 422
    body = answer.json()
    assert body["type"] == "/docs/problems/incomplete-file"
    assert body["report"]["scores"]
    assert body["report"]["problems"][0]["segment"] > 0


def test_a_void_claim_has_no_risk_whichever_way_it_comes(
    client: httpx.Client, running: Running
) -> None:
    void = msgspec.structs.replace(EXAMPLE_CLAIM, frequency_code="8")
    refused = client.post(
        "/v1/claims/score", content=msgspec.json.encode(void), headers=JSON
    )
    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert error["pointer"] == "/frequency_code"
    before = scored(
        client.post("/v1/claims/score", content=running.outgoing, headers=X12)
    )
    changed = running.outgoing.replace(b":B:1*", b":B:8*", 1)
    after = scored(client.post("/v1/claims/score", content=changed, headers=X12))
    assert after.scores == before.scores[1:]
    [problem] = [one for one in after.problems if one not in before.problems]
    assert problem.code == "void-claim-not-scored"
    assert problem.segment


def test_a_day_before_all_history_is_answered_with_a_warning(
    client: httpx.Client,
) -> None:
    for _ in range(2):  # the usual way and the short way
        answer = client.post(
            "/v1/claims/score?as_of=2024-01-01",
            content=msgspec.json.encode(EXAMPLE_CLAIM),
            headers=JSON,
        )
        warnings = answer.json()["scores"][0]["warnings"]
        assert "no history before 2024-01-01" in warnings[0]


def test_a_precision_flags_the_claims_at_or_above_its_cut_off(
    client: httpx.Client, running: Running, harbor: str
) -> None:
    bundle = load_bundle(
        running.settings.serving_bundle_of(harbor), seal=running.seal(harbor)
    )
    reached = bundle.facts.calibration.cut_offs
    address = f"/v1/claims/score?as_of={AS_OF}"
    plain = scored(client.post(address, content=running.outgoing, headers=X12))
    assert (plain.cut_off, plain.flagged, plain.cut_off_note) == (None, None, None)
    for cut_off in reached[:: max(1, len(reached) // 3)]:
        answer = client.post(
            f"{address}&precision={cut_off.precision}",
            content=running.outgoing,
            headers=X12,
        )
        found = scored(answer)
        assert found.scores == plain.scores
        assert found.cut_off == cut_off
        assert found.cut_off_note is None
        assert found.flagged is not None
        assert set(found.flagged) == {
            one.patient_control_number
            for one in plain.scores
            if one.probability >= cut_off.risk
        }


def test_a_precision_that_no_cut_off_reached_is_said_plainly(
    client: httpx.Client,
) -> None:
    answer = client.post(
        f"/v1/claims/score?as_of={AS_OF}&precision=0.9999",
        content=msgspec.json.encode(EXAMPLE_CLAIM),
        headers=JSON,
    )
    found = scored(answer)
    assert len(found.scores) == 1
    assert (found.cut_off, found.flagged) == (None, None)
    assert found.cut_off_note is not None
    assert found.cut_off_note.startswith("no cut-off of this model reached a precision")


@pytest.mark.parametrize(
    "precision", ["0", "1", "90", "-0.5", "nan", "inf", "high", ""]
)
def test_a_precision_is_a_share_between_0_and_1(
    client: httpx.Client, precision: str
) -> None:
    answer = client.post(
        f"/v1/claims/score?precision={precision}",
        content=msgspec.json.encode(EXAMPLE_CLAIM),
        headers=JSON,
    )
    assert answer.status_code == 422
    body = answer.json()
    assert body["type"] == "/docs/problems/invalid-request"
    assert [error["parameter"] for error in body["errors"]] == ["precision"]


def test_a_file_of_another_kind_has_no_claim_to_score(client: httpx.Client) -> None:
    answer = client.post("/v1/claims/score", content=example_835(), headers=X12)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/docs/problems/unreadable-file"


def test_a_model_that_was_never_promoted_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(NoModel):
        ServedModel(
            tmp_path, seal=lambda: Seal("org_1", public_key=b"k" * 32)
        ).current()


def test_a_damaged_bundle_never_replaces_the_good_one(
    running: Running, harbor: str, tmp_path: Path
) -> None:
    source = running.settings.serving_bundle_of(harbor)
    for file in source.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    served = ServedModel(tmp_path, seal=lambda: running.seal(harbor))
    good = served.current()
    text = (tmp_path / "model.txt").read_bytes()
    (tmp_path / "model.txt").write_bytes(text[:-100])
    manifest = tmp_path / "manifest.json"
    content = manifest.read_bytes()
    manifest.unlink()
    manifest.write_bytes(content)
    assert served.current() is good
    assert "model.txt" in served.fault
    (tmp_path / "model.txt").write_bytes(text)
    manifest.unlink()
    manifest.write_bytes(content)
    assert served.current() is not good
    assert served.fault == ""


def test_a_practice_is_never_scored_with_another_practices_model(
    running: Running,
) -> None:
    other = running.organizations["Mill Creek Therapy"]
    with running.client(running.key(other)) as client:
        answer = client.post(
            f"/v1/claims/score?as_of={AS_OF}", content=example_837p(), headers=X12
        )
    assert answer.status_code == 503
    assert answer.json()["type"] == "/docs/problems/model-unavailable"
