"""The store's questions: keys, audit, denials, drafts, documents, scores, records."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from denialml.domain.chain import ClaimState
from denialml.domain.coverage import (
    Clinician,
    EligibilityCheck,
    EligibilityResult,
    Payer,
)
from denialml.domain.denial import RootCause, Route
from denialml.domain.document import Document
from denialml.domain.encounter import Encounter
from denialml.errors import InputError, UnknownRecord
from denialml.store import api_keys, audit, claims, denials, documents, drafts, scores
from denialml.store.audit import AuditAction
from denialml.store.denials import DenialSort
from denialml.store.identity import Identity
from denialml.store.intake import Intake
from denialml.store.office_tables import ApiKeyRow
from denialml.store.organizations import get_organization
from denialml.store.records import adjudications, claims_awaiting, practice_records
from tests.store.files import acknowledgment_file, claims_file, ingest, remittance_file
from tests.store.samples import (
    NOW,
    SESSION_DAY,
    acknowledgment,
    claim,
    deadline,
    document,
    draft,
    finding,
    line,
    payment,
    remittance,
    risk_score,
    route,
    service,
    stored_denial,
)

PEPPER = b"pepper"


def take(session: Session, organization_id: str, *records: object) -> Intake:
    """Store the practice's own records under the file of a claim."""
    report = ingest(session, organization_id, claims_file([claim("FILE")]))
    intake = Intake(
        session,
        organization_id,
        identity=Identity(get_organization(session, organization_id).fingerprint_key),
        file_id=report.file_id,
        today=NOW.date(),
        content_of=lambda document: document.text.encode() or None,
    )
    for record in records:
        intake.add(record)
    intake.flush()
    return intake


# --- API keys


def test_a_key_is_shown_once_and_kept_as_a_digest(
    session: Session, organization_id: str
) -> None:
    key_id, key = api_keys.issue_key(
        session,
        organization_id,
        label="billing",
        scopes=["claims:score", "denials:read"],
        pepper=PEPPER,
        now=NOW,
    )
    assert key.startswith("dml_")
    assert len(key) == 47
    grant = api_keys.find_key(session, key, pepper=PEPPER, now=NOW)
    assert grant is not None
    assert grant.key_id == key_id
    assert grant.scopes == {"claims:score", "denials:read"}
    (row,) = session.execute(select(ApiKeyRow.__table__))
    assert key not in str(row)
    assert key.removeprefix("dml_") not in str(row)


def test_keys_that_open_nothing(session: Session, organization_id: str) -> None:
    def issue(**fields: object) -> tuple[str, str]:
        return api_keys.issue_key(
            session,
            organization_id,
            label="",
            scopes=[],
            pepper=PEPPER,
            now=NOW,
            **fields,
        )

    _, expiring = issue(expires_at=NOW + timedelta(days=1))
    revoked_id, revoked = issue()
    api_keys.revoke_key(session, organization_id, key_id=revoked_id, now=NOW)
    _, good = issue()

    def opens(key: str, *, pepper: bytes = PEPPER, days: int = 0) -> bool:
        now = NOW + timedelta(days=days)
        return api_keys.find_key(session, key, pepper=pepper, now=now) is not None

    assert opens(good)
    assert opens(expiring)
    assert not opens(expiring, days=1)
    assert not opens(revoked)
    assert not opens(good, pepper=b"other")
    assert not opens(good[:-1])
    assert not opens(good.removeprefix("dml_"))
    assert not opens("dml_ключ")
    assert not opens("")


def test_revoking_again_keeps_the_first_day(
    session: Session, organization_id: str
) -> None:
    key_id, _ = api_keys.issue_key(
        session, organization_id, label="", scopes=[], pepper=PEPPER, now=NOW
    )
    for days in (0, 5):
        now = NOW + timedelta(days=days)
        api_keys.revoke_key(session, organization_id, key_id=key_id, now=now)
    (record,) = api_keys.list_keys(session, organization_id)
    assert record.revoked_at == NOW
    with pytest.raises(UnknownRecord):
        api_keys.revoke_key(session, organization_id, key_id="key_none", now=NOW)


# --- audit


def test_events_are_listed_in_order_and_page_by_id(
    session: Session, organization_id: str
) -> None:
    for number in range(5):
        audit.record_event(
            session,
            organization_id,
            actor="key_1",
            action=AuditAction.DENIAL_READ,
            record_kind="denial",
            record_id=f"den_{number}",
            now=NOW,
        )
    first = audit.list_events(session, organization_id, limit=3)
    rest = audit.list_events(
        session, organization_id, after_event_id=first[-1].event_id
    )
    assert [each.record_id for each in first + rest] == [f"den_{n}" for n in range(5)]


@pytest.mark.parametrize("field", ["actor", "record_kind", "record_id"])
def test_free_text_never_enters_the_trail(
    session: Session, organization_id: str, field: str
) -> None:
    event = {"actor": "key_1", "record_kind": "denial", "record_id": "den_1"}
    event[field] = "Doe, Jane"
    with pytest.raises(ValueError, match="must be a plain id") as refused:
        audit.record_event(
            session,
            organization_id,
            action=AuditAction.DENIAL_READ,
            now=NOW,
            **event,
        )
    assert "Doe" not in str(refused.value)
    assert audit.list_events(session, organization_id) == ()


def test_actions_are_named_thing_and_what_happened_to_it() -> None:
    for action in AuditAction:
        thing, _, happened = action.value.partition(".")
        assert action.name == f"{thing}_{happened}".upper()


# --- denials and drafts


@pytest.fixture
def answered(session: Session, organization_id: str) -> tuple[str, str]:
    """Ids of a denied claim and of the answer that denied it."""
    ingest(session, organization_id, claims_file([claim("A2")]))
    denied = payment("A2", service(cas="CO-197 150"), status="4")
    ingest(session, organization_id, remittance_file([denied]))
    (answer,) = adjudications(session, organization_id)
    return answer.claim_id, answer.payment_id


@pytest.fixture
def worklist(
    session: Session, organization_id: str, answered: tuple[str, str]
) -> list[denials.StoredDenial]:
    """Seven denials of two payers, with equal deadlines and one without."""
    claim_id, payment_id = answered
    due = [5, 3, 3, None, 9, 3, 1]
    made = [
        stored_denial(
            f"den_{number}",
            claim_id=claim_id,
            payment_id=payment_id,
            amount=str(100 + 10 * (number % 3)),
            denied=date(2026, 3, 1) + timedelta(days=number // 2),
            payer_id="60054" if number % 2 else "62308",
            finding=finding(
                RootCause.AUTH_MISSING if number < 4 else RootCause.TIMELY_FILING
            ),
            route=route(Route.APPEAL if number < 5 else Route.RECORDS),
            deadline=deadline(None if day is None else date(2026, 6, day)),
            status="closed" if number == 6 else "open",
        )
        for number, day in enumerate(due)
    ]
    denials.save_denials(session, organization_id, tuple(made))
    return made


ORDERS = {
    DenialSort.DEADLINE: "6 1 2 5 0 4 3",
    DenialSort.AMOUNT: "2 5 1 4 0 3 6",
    DenialSort.NEWEST: "6 4 5 2 3 0 1",
    DenialSort.OLDEST: "0 1 2 3 4 5 6",
}


@pytest.mark.parametrize("sort", DenialSort)
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_of_any_size_make_the_whole_list(
    session: Session,
    organization_id: str,
    worklist: list[denials.StoredDenial],
    sort: DenialSort,
    limit: int,
) -> None:
    found: list[str] = []
    cursor = None
    for _ in range(len(worklist)):
        page = denials.list_denials(
            session, organization_id, sort=sort, limit=limit, cursor=cursor
        )
        assert len(page.denials) <= limit
        found += [each.denial.denial_id for each in page.denials]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == [f"den_{number}" for number in ORDERS[sort].split()]


def test_filters_narrow_the_list_and_its_total(
    session: Session, organization_id: str, worklist: list[denials.StoredDenial]
) -> None:
    filters: list[tuple[dict[str, object], str]] = [
        ({}, "0 1 2 3 4 5 6"),
        ({"status": "open"}, "0 1 2 3 4 5"),
        ({"payer_id": "60054"}, "1 3 5"),
        ({"root_cause": RootCause.TIMELY_FILING}, "4 5 6"),
        ({"route": Route.RECORDS, "status": "open"}, "5"),
        ({"payer_id": "' OR 1=1 --"}, ""),
    ]
    for asked, expected in filters:
        page = denials.list_denials(
            session, organization_id, sort=DenialSort.OLDEST, **asked
        )
        total = denials.total_denials(session, organization_id, **asked)
        ids = [each.denial.denial_id for each in page.denials]
        assert ids == [f"den_{number}" for number in expected.split()]
        assert total.count == len(ids)
        assert total.denied_amount == sum(
            (each.denial.denied_amount for each in page.denials), Decimal(0)
        )


@pytest.mark.parametrize(
    "cursor", ["", "zz", "00", "5b5d", "é", "'; DROP TABLE denials"]
)
def test_a_made_up_cursor_is_refused(
    session: Session, organization_id: str, cursor: str
) -> None:
    with pytest.raises(InputError, match="cursor"):
        denials.list_denials(session, organization_id, cursor=cursor)


def test_a_cursor_of_another_order_is_refused(
    session: Session, organization_id: str, worklist: list[denials.StoredDenial]
) -> None:
    page = denials.list_denials(
        session, organization_id, sort=DenialSort.AMOUNT, limit=2
    )
    with pytest.raises(InputError, match="another order"):
        denials.list_denials(
            session, organization_id, sort=DenialSort.NEWEST, cursor=page.cursor
        )


def test_saving_a_denial_again_replaces_what_was_concluded(
    session: Session, organization_id: str, worklist: list[denials.StoredDenial]
) -> None:
    (first, *_) = worklist
    closed = stored_denial(
        "den_0",
        claim_id=first.denial.claim_id,
        payment_id=first.denial.payment_id,
        status="closed",
        closed_reason="Paid after correction.",
    )
    denials.save_denials(session, organization_id, (closed,))
    assert denials.get_denial(session, organization_id, "den_0") == closed
    assert denials.total_denials(session, organization_id).count == len(worklist)


def test_drafts_are_added_as_versions(
    session: Session, organization_id: str, worklist: list[denials.StoredDenial]
) -> None:
    first, second = draft("drf_1", denial_id="den_0"), draft("drf_2", denial_id="den_0")
    assert drafts.save_draft(session, organization_id, first) == 1
    assert drafts.save_draft(session, organization_id, second) == 2
    assert (
        drafts.save_draft(session, organization_id, draft("d", denial_id="den_1")) == 1
    )
    assert drafts.get_draft(session, organization_id, "drf_1") == first
    assert drafts.latest_draft(session, organization_id, "den_0") == second
    assert drafts.latest_draft(session, organization_id, "den_5") is None
    of_one = drafts.list_drafts(session, organization_id, denial_id="den_0")
    assert of_one == (second, first)


# --- documents


def test_documents_are_found_by_patient_and_day(
    session: Session, organization_id: str
) -> None:
    day, other = SESSION_DAY, date(2026, 5, 5)
    take(
        session,
        organization_id,
        document("NOTE", medical_record_number="MRN1", service_date=day, text="note"),
        document("LATER", medical_record_number="MRN1", service_date=other),
        document("PLAN", medical_record_number="MRN1", kind="treatment_plan"),
        document("CARD", member_id="M1"),
        document("STRANGER", medical_record_number="MRN2", service_date=day),
        document("POLICY", kind="payer_policy"),
        document("LICENSE", kind="license", clinician_npi="1234567893"),
    )

    def ids(found: tuple[Document, ...]) -> list[str]:
        return [each.document_id for each in found]

    ask = documents.documents_for
    assert ids(ask(session, organization_id, medical_record_number="MRN1")) == [
        "LATER",
        "NOTE",
        "PLAN",
    ]
    assert ids(
        ask(
            session,
            organization_id,
            medical_record_number="MRN1",
            member_id="M1",
            service_dates=[day],
        )
    ) == ["CARD", "NOTE", "PLAN"]
    assert ask(session, organization_id) == ()
    assert ask(session, organization_id, service_dates=[day]) == ()
    everyone = documents.practice_documents(session, organization_id)
    assert ids(everyone) == ["LICENSE", "POLICY"]
    others = documents.practice_documents(
        session, organization_id, clinician_npis=["1999999992"]
    )
    assert ids(others) == ["POLICY"]
    assert documents.document_content(session, organization_id, "NOTE") == b"note"
    assert documents.document_content(session, organization_id, "PLAN") is None
    for question in (documents.get_document, documents.document_content):
        with pytest.raises(UnknownRecord):
            question(session, organization_id, "NONE")


# --- master data


def test_newer_master_data_takes_the_place_of_older(
    session: Session, organization_id: str
) -> None:
    unsigned = Encounter(
        encounter_id="E1", service_date=SESSION_DAY, clinician_npi="1234567893"
    )
    signed = Encounter(
        encounter_id="E1",
        service_date=SESSION_DAY,
        clinician_npi="1234567893",
        minutes=53,
        signed_on=SESSION_DAY,
    )
    take(session, organization_id, Payer(payer_id="P", name="Old"), unsigned)
    second = take(
        session,
        organization_id,
        Payer(payer_id="P", name="New", filing_limit_days=90),
        signed,
        Clinician(npi="1234567893"),
    )
    assert +second.new == {"Clinician": 1}
    assert second.replaced == {"Payer": 1, "Encounter": 1}
    third = take(session, organization_id, signed)
    assert (+third.new, third.replaced, third.known) == ({}, {}, {"Encounter": 1})
    records = practice_records(session, organization_id)
    assert [each.name for each in records.payers] == ["New"]
    assert records.encounters == (signed,)


def test_records_known_later_are_left_out_of_an_earlier_day(
    session: Session, organization_id: str
) -> None:
    check = EligibilityCheck(
        checked_on=date(2026, 4, 1),
        payer_id="P",
        member_id="M1",
        result=EligibilityResult.ACTIVE,
    )
    take(session, organization_id, check, Payer(payer_id="P", name="P"))
    ingest(
        session,
        organization_id,
        remittance_file([payment("FILE", service(paid="150"))]),
    )
    before = practice_records(session, organization_id, until=date(2026, 3, 10))
    assert (len(before.eligibility_checks), len(before.adjudications)) == (0, 0)
    assert (len(before.submitted_claims), len(before.payers)) == (1, 1)
    after = practice_records(session, organization_id, until=date(2026, 4, 1))
    assert (len(after.eligibility_checks), len(after.adjudications)) == (1, 1)
    none = practice_records(session, organization_id, until=date(2026, 3, 2))
    assert none.submitted_claims == ()


# --- claims, chains, scores


def test_claims_awaiting_are_neither_answered_nor_rejected_nor_void(
    session: Session, organization_id: str
) -> None:
    sent = [
        claim("PAID"),
        claim("REJECTED"),
        claim("WAITING"),
        claim("WITHDRAWN", frequency_code="8"),
        claim("OLD", submitted_on=date(2025, 1, 1)),
    ]
    ingest(session, organization_id, claims_file(sent))
    ingest(
        session,
        organization_id,
        remittance_file([payment("PAID", service(paid="150"))]),
    )
    rejected = acknowledgment("REJECTED", accepted=False, received=date(2026, 3, 4))
    ingest(session, organization_id, acknowledgment_file([rejected]))

    def numbers(**asked: date) -> set[str]:
        return {
            each.claim.patient_control_number
            for each in claims_awaiting(session, organization_id, **asked)
        }

    assert numbers() == {"WAITING", "OLD"}
    assert numbers(submitted_since=date(2026, 1, 1)) == {"WAITING"}


def test_the_chain_of_a_claim_is_read_from_what_is_stored(
    session: Session, organization_id: str
) -> None:
    corrected = claim(
        "A1",
        frequency_code="7",
        submitted_on=date(2026, 4, 10),
        original_payer_claim_control_number="ICN1",
    )
    ingest(session, organization_id, claims_file([claim("A1"), corrected]))
    first = payment(
        "a1", service(cas="CO-197 150"), status="4", payer_claim_control_number="ICN1"
    )
    late = remittance("T2", date(2026, 5, 1))
    back = payment(
        "A1",
        service(charge="-150", cas="CO-197 -150"),
        status="22",
        payer_claim_control_number="ICN1",
        remittance=late,
    )
    paid = payment("A1", service(paid="150"), remittance=late)
    ingest(session, organization_id, remittance_file([first]))
    ingest(session, organization_id, remittance_file([back, paid]))

    sent = claims.submissions_of(session, organization_id, " a1")
    assert [each.claim.frequency_code for each in sent] == ["1", "7"]
    for each in sent:
        chain = claims.chain_for_claim(session, organization_id, each.claim_id)
        assert chain.state is ClaimState.PAID
        assert chain.current_claim_id == sent[1].claim_id
        assert chain.net_paid == Decimal(150)
        assert chain.open_denials == ()
    assert claims.chains_for(session, organization_id, ["NONE"]) == {}


def test_the_latest_score_of_a_model_replaces_the_earlier(
    session: Session, organization_id: str
) -> None:
    scored = claim("A1", line())
    for _ in range(2):
        (claim_id,) = scores.save_scores(
            session, organization_id, [(scored, risk_score())], now=NOW
        )
    assert scores.scores_for(session, organization_id, claim_id) == (risk_score(),)
    assert scores.scores_of_day(session, organization_id, date(2020, 1, 1)) == ()
