"""The store's questions: keys, audit, documents, master data, chains, scores."""

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
from denialml.domain.document import Document
from denialml.domain.encounter import Encounter
from denialml.errors import UnknownRecord
from denialml.store import api_keys, audit, claims, documents, scores
from denialml.store.audit import AuditAction
from denialml.store.identity import Identity
from denialml.store.intake import Intake
from denialml.store.office_tables import ApiKeyRow
from denialml.store.organizations import get_organization
from denialml.store.records import claims_awaiting, practice_records
from tests.store.files import acknowledgment_file, claims_file, ingest, remittance_file
from tests.store.samples import (
    NOW,
    SESSION_DAY,
    acknowledgment,
    claim,
    document,
    line,
    payment,
    remittance,
    risk_score,
    service,
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
        session, organization_id, after_sequence=first[-1].sequence
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
