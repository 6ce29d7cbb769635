"""Payers' letters as the store gives them out, and the step of the schema for them."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from denialml.domain.document import Document, Sensitivity
from denialml.store.database import migrate, open_engine
from denialml.store.identity import Identity
from denialml.store.intake import Intake
from denialml.store.organizations import get_organization
from denialml.store.payer_letters import (
    letters_between,
    letters_of_file,
    payer_letters,
    replaced_by_file,
)
from tests.audit_key import AUDIT_KEY
from tests.store.files import claims_file, ingest
from tests.store.old_database import insert_practice_with_file, insert_row, upgrade_to
from tests.store.samples import NOW, claim, document

LETTER = "um_denial_letter"
DAY = date(2026, 3, 5)


def letter(document_id: str, **fields: object) -> Document:
    fields = {"kind": LETTER, "authored_on": DAY, "text": "Denied."} | fields
    return document(document_id, **fields)


LETTERS = (
    letter("BY NUMBER", patient_control_number="a 1"),
    letter("OF ANOTHER CLAIM", patient_control_number="A9"),
    letter("BY PATIENT", medical_record_number="MRN1"),
    letter("BY MEMBER", member_id="MEMBER1"),
    letter("OF ANOTHER PATIENT", medical_record_number="MRN9"),
    letter("LATER", patient_control_number="A1", authored_on=date(2026, 4, 1)),
    letter("UNDATED", patient_control_number="A1", authored_on=None),
    letter(
        "A NOTE",
        patient_control_number="A1",
        sensitivity=Sensitivity.PSYCHOTHERAPY_NOTE,
    ),
    letter(
        "COUNSELING",
        patient_control_number="A1",
        sensitivity=Sensitivity.SUD_COUNSELING_NOTE,
    ),
    letter("OF ANOTHER KIND", patient_control_number="A1", kind="progress_note"),
)


@pytest.fixture
def file_id(session: Session, organization_id: str) -> str:
    """The file under which the letters are on file."""
    made = get_organization(session, organization_id)
    report = ingest(session, organization_id, claims_file([claim("A1")]))
    intake = Intake(
        session,
        organization_id,
        identity=Identity(made.fingerprint_key),
        file_id=report.file_id,
        today=NOW.date(),
        content_of=lambda document: None,
    )
    for one in LETTERS:
        intake.add(one)
    intake.flush()
    return report.file_id


def test_letters_of_some_claims_are_those_of_their_numbers_and_patients(
    session: Session, organization_id: str, file_id: str
) -> None:
    found = payer_letters(
        session,
        organization_id,
        kind=LETTER,
        until=DAY,
        control_numbers=["A1"],
        record_numbers=["MRN1"],
        member_ids=["MEMBER1"],
    )
    assert [one.document_id for one in found] == [
        *("BY MEMBER", "BY NUMBER", "BY PATIENT", "UNDATED")
    ]


def test_all_letters_known_on_a_day_and_no_protected_note(
    session: Session, organization_id: str, file_id: str
) -> None:
    found = payer_letters(session, organization_id, kind=LETTER, until=DAY)
    names = {one.document_id for one in found}
    left_out = {"LATER", "A NOTE", "COUNSELING", "OF ANOTHER KIND"}
    assert names == {one.document_id for one in LETTERS} - left_out


def test_a_file_touches_those_whom_its_letters_are_about(
    session: Session, organization_id: str, file_id: str
) -> None:
    touched = letters_of_file(session, organization_id, kind=LETTER, file_id=file_id)
    assert touched.control_numbers == {"A1", "A9"}
    assert touched.record_numbers == {"MRN1", "MRN9"}
    assert touched.member_ids == {"MEMBER1"}
    assert not touched.everything
    asked = ["LATER", "OF ANOTHER KIND", "NONE"]
    assert replaced_by_file(
        session, organization_id, asked, file_id=file_id
    ) == frozenset(asked[:2])
    assert not replaced_by_file(session, organization_id, asked, file_id="fil_other")


def test_days_touch_those_whom_their_letters_are_about(
    session: Session, organization_id: str, file_id: str
) -> None:
    day = date(2026, 4, 1)
    touched = letters_between(
        session, organization_id, kind=LETTER, first=day, last=day
    )
    assert touched.control_numbers == {"A1"}
    assert not touched.record_numbers


def test_documents_already_on_file_are_numbered_by_the_step(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/old.db", audit_key=AUDIT_KEY)
    upgrade_to(engine, "v0004")
    with engine.begin() as connection:
        insert_practice_with_file(
            connection, name="documents.csv", kinds="Document", records=2
        )
        for record_id, number in (("doc_1", " a\t12 b"), ("doc_2", "")):
            row = {
                "record_id": record_id,
                "organization_id": "org_1",
                "file_id": "fil_1",
                "payload": "{}",
                "document_id": record_id,
                "kind": LETTER,
                "medical_record_number": "",
                "member_id": "",
                "patient_control_number": number,
                "clinician_npi": "",
            }
            insert_row(connection, "documents", row)
    migrate(engine)
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT control_number_key FROM documents ORDER BY record_id")
        ).scalars()
        assert list(found) == ["A12B", ""]
    engine.dispose()
