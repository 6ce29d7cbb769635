"""What was on file before the patient's numbers were columns is found by them after."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from denialml.domain.claim import Claim, ClaimPayer, Provider, Subscriber
from denialml.domain.encounter import Encounter
from denialml.store.case_records import case_records
from denialml.store.database import (
    _configuration,
    check_schema,
    migrate,
    open_engine,
    open_session,
)
from denialml.store.office_tables import SourceFileRow
from denialml.store.organizations import create_organization
from tests.audit_key import AUDIT_KEY
from tests.store.samples import NOW

CLAIM = Claim(
    patient_control_number="A1",
    total_charge=Decimal(100),
    payer=ClaimPayer(payer_id="60054"),
    subscriber=Subscriber(member_id="W1"),
    billing_provider=Provider(npi="1457300128"),
    lines=(),
    medical_record_number="M'1",
)
ENCOUNTERS = (
    Encounter(
        encounter_id="by record number",
        service_date=date(2026, 3, 2),
        clinician_npi="1982604417",
        medical_record_number="M'1",
    ),
    Encounter(
        encounter_id="by member number",
        service_date=date(2026, 3, 3),
        clinician_npi="1982604417",
        member_id="W1",
    ),
    Encounter(
        encounter_id="another patient of the member",
        service_date=date(2026, 3, 4),
        clinician_npi="1982604417",
        medical_record_number="M2",
        member_id="W1",
    ),
)


def store_file(session: Session, organization: str) -> str:
    """A file that the records came from."""
    session.add(
        SourceFileRow(
            file_id="fil_1",
            organization_id=organization,
            sha256="0" * 64,
            name="encounters.csv",
            kinds="Encounter",
            byte_count=1,
            records_read=3,
            records_new=3,
            problem_count=0,
            complete=True,
            ingested_at=NOW,
        )
    )
    session.flush()
    return "fil_1"


def check_backfill(engine: Engine) -> None:
    with engine.begin() as connection:
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "v0003")
    with open_session(engine) as session:
        organization = create_organization(session, "Old", now=NOW).organization_id
        file_id = store_file(session, organization)
        for number, one in enumerate(ENCOUNTERS):
            session.execute(
                text(
                    "INSERT INTO encounters (record_id, organization_id, file_id,"
                    " known_on, payload) VALUES (:r, :o, :f, NULL, :p)"
                ),
                {
                    "r": f"enc_{number}",
                    "o": organization,
                    "f": file_id,
                    "p": msgspec.json.encode(one).decode(),
                },
            )
        session.commit()
    migrate(engine)
    check_schema(engine)
    with open_session(engine) as session:
        found = case_records(session, organization, CLAIM).encounters
        assert found == ENCOUNTERS[:2]
        unnumbered = msgspec.structs.replace(CLAIM, medical_record_number="")
        found = case_records(session, organization, unnumbered).encounters
        assert found == ENCOUNTERS[1:]
    engine.dispose()


def test_records_on_file_are_found_by_patient_on_sqlite(tmp_path: Path) -> None:
    check_backfill(open_engine(f"sqlite:///{tmp_path}/old.db", audit_key=AUDIT_KEY))


@pytest.mark.postgresql
def test_records_on_file_are_found_by_patient_on_postgresql(
    empty_postgresql_url: str,
) -> None:
    check_backfill(open_engine(empty_postgresql_url, audit_key=AUDIT_KEY))


@pytest.mark.parametrize(
    "table", ["encounters", "authorizations", "eligibility_checks"]
)
@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("medical_record_number = ?", "by_patient"),
        ("member_id = ?", "by_member"),
    ],
)
def test_one_patients_records_are_looked_up_in_an_index(
    tmp_path: Path, table: str, condition: str, index: str
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    with engine.connect() as connection:
        (step,) = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN SELECT payload FROM {table}"
            f" WHERE organization_id = ? AND {condition}",
            ("o", "m"),
        ).all()
    engine.dispose()
    assert f"USING INDEX {table}_{index}" in step.detail
    assert not step.detail.endswith("(organization_id=?)")
