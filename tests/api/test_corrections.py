"""Corrected drafts over HTTP: what is drafted, what is refused, and its audit."""

from collections.abc import Callable
from decimal import Decimal

import httpx
import msgspec
import pytest

from api.routes.corrections import CorrectedClaims
from api.scoring import ScoredClaims
from denialml.domain.claim import Claim, OtherPayer
from denialml.domain.fix import Fix, FixClass
from denialml.domain.risk import RiskScore
from denialml.fixes.elements import corrected
from denialml.formats import read_bytes
from denialml.formats.claim_segments import MOST_CHARACTERS
from denialml.journeys.corrected_drafts import claim_ids_of
from denialml.store.audit import AuditAction, AuditEvent, list_events
from denialml.store.database import open_session
from tests.api.running import START, Running
from tests.formats.claim_files import UNREAD, recounted, with_unread_segments

JSON = {"Content-Type": "application/json"}
AS_OF = START.date().isoformat()
ADDRESS = f"/v1/claims/corrections?as_of={AS_OF}"
Correctable = tuple[Claim, RiskScore, Fix]


@pytest.fixture(scope="module")
def mistaken(running: Running) -> list[Claim]:
    """Outgoing claims with a place that their signed notes contradict, and without
    the number of an authorization."""
    records = read_bytes(running.outgoing, file="outgoing.edi").records
    return [
        msgspec.structs.replace(
            one, place_of_service="02", prior_authorization_number=""
        )
        for one in records
        if isinstance(one, Claim)
    ]


@pytest.fixture
def correctable(client: httpx.Client, mistaken: list[Claim]) -> list[Correctable]:
    """Claims with a data correction, their scores and the correction."""
    answer = client.post(
        f"/v1/claims/score?as_of={AS_OF}",
        content=msgspec.json.encode({"claims": mistaken}),
        headers=JSON,
    )
    scores = msgspec.json.decode(answer.content, type=ScoredClaims).scores
    found = [
        (claim, score, fix)
        for claim, score in zip(mistaken, scores, strict=True)
        if score.fixes is not None
        for fix in score.fixes.fixes
        if fix.fix_class is FixClass.DATA_CORRECTION
    ]
    assert found, "the simulated practice has no claim that its records correct"
    return found


def post(client: httpx.Client, **body: object) -> httpx.Response:
    return client.post(ADDRESS, content=msgspec.json.encode(body), headers=JSON)


def number_of(claim: Claim) -> str:
    return claim.patient_control_number


@pytest.fixture
def new_events(running: Running, harbor: str) -> Callable[[], list[AuditEvent]]:
    def read() -> list[AuditEvent]:
        with open_session(running.engine, read_only=True) as session:
            return list(list_events(session, harbor, limit=1_000_000))

    before = len(read())
    return lambda: read()[before:]


def drafted_among(events: list[AuditEvent]) -> list[AuditEvent]:
    return [one for one in events if one.action is AuditAction.CORRECTION_DRAFTED]


def scored_among(events: list[AuditEvent]) -> list[int | None]:
    """How many claims each event of scoring counts."""
    return [
        one.record_count for one in events if one.action is AuditAction.CLAIMS_SCORED
    ]


def test_a_correction_is_drafted_as_837p_and_audited(
    running: Running,
    harbor: str,
    client: httpx.Client,
    correctable: list[Correctable],
    new_events: Callable[[], list[AuditEvent]],
) -> None:
    claim, score, fix = correctable[0]
    answer = post(client, claims=[claim], fixes={number_of(claim): [fix.fix_id]})
    assert answer.status_code == 200, answer.text
    drafted = msgspec.json.decode(answer.content, type=CorrectedClaims)
    [draft] = drafted.drafts
    assert draft.claim == msgspec.structs.replace(
        corrected(claim, fix.edits), source=None
    )
    assert not draft.keeps_segments, "it came as a record"
    assert draft.risk_before == score.probability
    assert draft.risk_after == fix.risk_after
    [read] = read_bytes(drafted.x12.encode(), file="draft").records
    assert isinstance(read, Claim)
    for edit in fix.edits:
        assert edit.after in drafted.x12
    events = new_events()
    assert scored_among(events) == [1]
    [event] = drafted_among(events)
    assert event.record_kind == fix.kind
    with open_session(running.engine, read_only=True) as session:
        [claim_id] = claim_ids_of(session, harbor, [claim])
    assert event.record_id == claim_id
    assert number_of(claim) not in event.record_id


def test_the_claims_may_come_as_x12_and_only_the_named_are_drafted(
    client: httpx.Client, running: Running, mistaken: list[Claim]
) -> None:
    text = running.outgoing.decode("ascii")
    scored = client.post(
        f"/v1/claims/score?as_of={AS_OF}",
        content=running.outgoing,
        headers={"Content-Type": "application/edi-x12"},
    )
    scores = msgspec.json.decode(scored.content, type=ScoredClaims).scores
    kinds = {
        score.patient_control_number: fix.kind
        for score in scores
        if score.fixes is not None
        for fix in score.fixes.fixes
        if fix.fix_class is FixClass.DATA_CORRECTION
    }
    assert len(mistaken) > len(kinds)
    number, kind = next(iter(kinds.items()))
    answer = post(client, x12=text, fixes={number: [kind]})
    assert answer.status_code == 200, answer.text
    [draft] = msgspec.json.decode(answer.content, type=CorrectedClaims).drafts
    assert draft.patient_control_number == number


def test_a_draft_of_x12_keeps_what_no_rule_reads(
    client: httpx.Client,
    running: Running,
    correctable: list[Correctable],
    new_events: Callable[[], list[AuditEvent]],
) -> None:
    content = with_unread_segments(running.outgoing)
    payer = b"SBR*S*18*******CI~\nAMT*D*20~\nOI***Y***Y~\nNM1*PR*2*OTHER*****PI*P9~\n"
    content = content.replace(b"LX*1~\n", payer + b"LX*1~\n")
    content = recounted(content)
    claim, _, fix = correctable[0]
    number = number_of(claim)
    answer = post(client, x12=content.decode(), fixes={number: [fix.fix_id]})
    assert answer.status_code == 200, answer.text
    drafted = msgspec.json.decode(answer.content, type=CorrectedClaims)
    [draft] = drafted.drafts
    assert draft.keeps_segments
    [read] = read_bytes(drafted.x12.encode(), file="draft").records
    assert isinstance(read, Claim)
    assert msgspec.structs.replace(read, source=None) == draft.claim
    assert draft.claim.other_payers[0].paid == Decimal(20)
    for text in UNREAD:
        assert f"\n{text}~" in drafted.x12
    events = new_events()
    assert scored_among(events) == [1]
    assert [one.record_kind for one in drafted_among(events)] == [fix.kind]


def test_a_guide_that_is_not_written_is_refused_with_the_claims_place(
    client: httpx.Client, running: Running, correctable: list[Correctable]
) -> None:
    claim, _, fix = correctable[0]
    content = with_unread_segments(running.outgoing).replace(b"X222A1", b"X098A1")
    answer = post(client, x12=content.decode(), fixes={number_of(claim): [fix.fix_id]})
    assert answer.status_code == 422, answer.text
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == f"/fixes/{number_of(claim)}"
    assert fault["message"].startswith("the claim's file does not say")


def test_a_refusal_points_to_the_claim_that_it_is_about(
    client: httpx.Client, correctable: list[Correctable], mistaken: list[Claim]
) -> None:
    """Whatever its position among the claims of the request, or of the chosen."""
    claim, _, fix = correctable[0]
    first, *_ = (one for one in mistaken if one != claim)
    other = msgspec.structs.replace(claim, patient_control_number="A/1~2")
    fixes = {number_of(first): [], number_of(claim): [fix.fix_id], "A/1~2": ["upcode"]}
    answer = post(client, claims=[first, other, claim], fixes=fixes)
    assert answer.status_code == 422, answer.text
    [fault] = answer.json()["errors"]
    assert fault == {
        "pointer": "/fixes/A~11~02",
        "message": "a score of it offers no fix of that name",
    }


def test_what_a_file_cannot_carry_is_told_of_the_file(
    client: httpx.Client, running: Running, correctable: list[Correctable]
) -> None:
    claim, _, fix = correctable[0]
    segments = with_unread_segments(running.outgoing).decode().split("~\n")
    [at] = [
        at
        for at, text in enumerate(segments)
        if text.startswith(f"CLM*{number_of(claim)}*")
    ]
    segments[at + 1 : at + 1] = ["K3*" + "A" * 80] * (MOST_CHARACTERS // 80)
    content = recounted("~\n".join(segments).encode())
    answer = post(client, x12=content.decode(), fixes={number_of(claim): [fix.fix_id]})
    assert answer.status_code == 422, answer.text
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == "/x12"
    assert "longer than" in fault["message"]


def test_what_no_record_proves_is_refused(
    client: httpx.Client,
    correctable: list[Correctable],
    new_events: Callable[[], list[AuditEvent]],
) -> None:
    claim, score, fix = correctable[0]
    assert score.fixes is not None
    others = [
        one
        for one in score.fixes.fixes
        if one.fix_class is not FixClass.DATA_CORRECTION
    ]
    for name in (*(one.fix_id for one in others), "upcode", "bill_documented_code:9"):
        answer = post(
            client, claims=[claim], fixes={number_of(claim): [fix.fix_id, name]}
        )
        assert answer.status_code == 422, name
        [fault] = answer.json()["errors"]
        assert fault["pointer"] == f"/fixes/{number_of(claim)}"
        assert not fault["message"].startswith("claim ")
    events = new_events()
    assert drafted_among(events) == []
    assert scored_among(events) == [1] * (len(others) + 2), "a refused draft is a read"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"fixes": {}}, "/fixes"),
        ({"fixes": {"C": []}}, "/fixes"),
        ({"fixes": {"NOBODY'S": ["attach_authorization"]}}, "/fixes"),
        ({"claims": []}, "/claims"),
        ({"claims": None}, "/claims"),
        ({"x12": "ISA"}, ""),
        ({"send": True}, ""),
    ],
)
def test_a_body_that_asks_for_nothing_or_for_two_things_is_refused(
    client: httpx.Client,
    correctable: list[Correctable],
    change: dict[str, object],
    pointer: str,
) -> None:
    claim, _, fix = correctable[0]
    body: dict[str, object] = {
        "claims": [claim],
        "fixes": {number_of(claim): [fix.fix_id]},
    }
    answer = post(client, **(body | change))
    assert answer.status_code == 422, answer.text
    [fault, *_] = answer.json()["errors"]
    assert fault["pointer"] == pointer
    assert number_of(claim) not in answer.text
    assert "NOBODY" not in answer.text


def test_a_draft_keeps_every_letter(
    client: httpx.Client, correctable: list[Correctable]
) -> None:
    claim, _, fix = correctable[0]
    named = msgspec.structs.replace(
        claim, payer=msgspec.structs.replace(claim.payer, name="Crédit José")
    )
    answer = post(client, claims=[named], fixes={number_of(claim): [fix.fix_id]})
    assert answer.status_code == 200, answer.text
    drafted = msgspec.json.decode(answer.content, type=CorrectedClaims)
    assert "Crédit José" in drafted.x12
    assert drafted.drafts[0].claim.payer.name == "Crédit José"


def test_a_claim_with_another_payers_answer_is_not_drafted(
    client: httpx.Client, correctable: list[Correctable]
) -> None:
    claim, _, fix = correctable[0]
    secondary = msgspec.structs.replace(
        claim, other_payers=(OtherPayer(payer_id="P9", paid=Decimal(20)),)
    )
    answer = post(client, claims=[secondary], fixes={number_of(claim): [fix.fix_id]})
    assert answer.status_code == 422
    assert "another payer's answer" in answer.text


def test_nothing_is_drafted_of_half_a_file(
    client: httpx.Client, running: Running, mistaken: list[Claim]
) -> None:
    text = running.outgoing.decode()
    half = text[: text.rindex("CLM*")]
    fixes = {number_of(mistaken[0]): ["attach_authorization"]}
    answer = post(client, x12=half, fixes=fixes)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/x12"


def test_an_unknown_field_is_not_repeated(
    client: httpx.Client, correctable: list[Correctable]
) -> None:
    claim, _, fix = correctable[0]
    body = {
        "claims": [claim],
        "fixes": {number_of(claim): [fix.fix_id]},
        "Jane Doe 1980-05-01": 1,
    }
    answer = post(client, **body)
    assert answer.status_code == 422
    assert "Jane" not in answer.text


def test_one_number_on_two_claims_names_neither(
    client: httpx.Client, correctable: list[Correctable]
) -> None:
    claim, _, fix = correctable[0]
    answer = post(client, claims=[claim, claim], fixes={number_of(claim): [fix.fix_id]})
    assert answer.status_code == 422
    assert "once among the claims" in answer.text


def test_no_json_and_no_key_get_nothing(running: Running, client: httpx.Client) -> None:
    assert client.post(ADDRESS, content=b"{", headers=JSON).status_code == 400
    text = {"Content-Type": "text/plain"}
    assert client.post(ADDRESS, content=b"{}", headers=text).status_code == 415
    with running.client() as nobody:
        assert nobody.post(ADDRESS, content=b"{}", headers=JSON).status_code == 401
