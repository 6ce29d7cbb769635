"""The records of one patient, out of a store that holds others with similar numbers."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from denialml.domain.claim import Claim, ClaimPayer, Provider, Subscriber
from denialml.domain.coverage import Authorization
from denialml.domain.encounter import Encounter
from denialml.formats import write_csv
from denialml.journeys.ingest import ingest_file
from denialml.store.case_records import case_records
from denialml.store.organizations import create_organization

NOW = datetime(2026, 4, 1, tzinfo=UTC)
CLAIM = Claim(
    patient_control_number="A1",
    total_charge=Decimal(100),
    payer=ClaimPayer(payer_id="60054"),
    subscriber=Subscriber(member_id="W_1"),
    billing_provider=Provider(npi="1457300128"),
    lines=(),
    medical_record_number="M1",
)


def session_of(patient, *, member_id=""):
    return Encounter(
        encounter_id=f"enc-{patient}-{member_id}",
        service_date=date(2026, 3, 2),
        clinician_npi="1982604417",
        medical_record_number=patient,
        member_id=member_id,
    )


def authorization(member_id, patient=""):
    return Authorization(
        authorization_number=f"AU-{member_id}-{patient}",
        payer_id="60054",
        member_id=member_id,
        medical_record_number=patient,
        issued_on=date(2026, 1, 2),
    )


@pytest.fixture
def on_file(session, organization_id):
    for kind, name, records in (
        (
            Encounter,
            "encounters.csv",
            [
                session_of("M1"),
                session_of("M10"),
                session_of("xM1"),
                session_of("", member_id="W_1"),
                session_of("M2", member_id="W_1"),
            ],
        ),
        (
            Authorization,
            "authorizations.csv",
            [
                authorization("W_1"),
                authorization("W-1"),
                authorization("WX1"),
                authorization("W_1", "M2"),
            ],
        ),
    ):
        report = ingest_file(
            session,
            organization_id,
            io.BytesIO(write_csv(records, kind=kind)),
            file=name,
            now=NOW,
            actor="test",
        )
        assert report.problems == ()
    return session, organization_id


def test_only_this_patients_records_are_read(on_file):
    session, organization_id = on_file
    found = case_records(session, organization_id, CLAIM)
    assert {e.encounter_id for e in found.encounters} == {"enc-M1-", "enc--W_1"}
    assert {a.authorization_number for a in found.authorizations} == {"AU-W_1-"}


def test_a_claim_without_a_record_number_is_linked_by_member_number(on_file):
    session, organization_id = on_file
    claim = msgspec.structs.replace(CLAIM, medical_record_number="")
    found = case_records(session, organization_id, claim)
    assert {e.encounter_id for e in found.encounters} == {"enc--W_1", "enc-M2-W_1"}


def test_a_claim_without_any_patient_number_reads_no_patients_records(on_file):
    session, organization_id = on_file
    claim = msgspec.structs.replace(
        CLAIM, medical_record_number="", subscriber=Subscriber()
    )
    found = case_records(session, organization_id, claim)
    assert (found.encounters, found.authorizations) == ((), ())


def test_another_organization_reads_nothing(on_file):
    session, _ = on_file
    other = create_organization(session, "Other", now=NOW).organization_id
    found = case_records(session, other, CLAIM)
    assert (found.encounters, found.authorizations, found.clinicians) == ((), (), ())
