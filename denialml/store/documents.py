"""Documents on file: found by patient and day, their bytes asked for one by one."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from denialml.domain.document import Document
from denialml.errors import UnknownRecord
from denialml.store.payloads import payload_decoder
from denialml.store.tables import (
    DocumentRow,
)


def documents_for(
    session: Session,
    organization_id: str,
    *,
    medical_record_number: str = "",
    member_id: str = "",
    patient_control_number: str = "",
    service_dates: Collection[date] = (),
) -> tuple[Document, ...]:
    """Documents of one patient, by id; without an identifier none, never all.

    A document belongs when any identifier that was given agrees. With
    `service_dates`, documents of other days are left out; those of no particular
    day (plans, letters, policies about the patient) stay.
    """
    same_patient: list[ColumnElement[bool]] = [
        column == value
        for column, value in (
            (DocumentRow.medical_record_number, medical_record_number),
            (DocumentRow.member_id, member_id),
            (DocumentRow.patient_control_number, patient_control_number),
        )
        if value
    ]
    if not same_patient:
        return ()
    statement = select(DocumentRow.payload).where(
        DocumentRow.organization_id == organization_id, or_(*same_patient)
    )
    if service_dates:
        statement = statement.where(
            or_(
                DocumentRow.service_date.is_(None),
                DocumentRow.service_date.in_(sorted(service_dates)),
            )
        )
    decode = payload_decoder(Document).decode
    found = (decode(payload) for payload in session.scalars(statement))
    return tuple(sorted(found, key=lambda document: document.document_id))


def practice_documents(
    session: Session, organization_id: str, *, clinician_npis: Collection[str] = ()
) -> tuple[Document, ...]:
    """Documents about no patient: payer policies, licenses, enrollment letters.

    With `clinician_npis`, those about other clinicians are left out.
    """
    statement = select(DocumentRow.payload).where(
        DocumentRow.organization_id == organization_id,
        DocumentRow.medical_record_number == "",
        DocumentRow.member_id == "",
        DocumentRow.patient_control_number == "",
    )
    if clinician_npis:
        statement = statement.where(
            DocumentRow.clinician_npi.in_(("", *sorted(clinician_npis)))
        )
    decode = payload_decoder(Document).decode
    found = (decode(payload) for payload in session.scalars(statement))
    return tuple(sorted(found, key=lambda document: document.document_id))


def get_document(session: Session, organization_id: str, document_id: str) -> Document:
    """One document by the practice's own id.

    Raises:
        UnknownRecord: this organization has no such document.
    """
    payload = session.scalar(
        select(DocumentRow.payload).where(
            DocumentRow.organization_id == organization_id,
            DocumentRow.document_id == document_id,
        )
    )
    if payload is None:
        raise UnknownRecord("no such document in this organization")
    return payload_decoder(Document).decode(payload)


def document_content(
    session: Session, organization_id: str, document_id: str
) -> bytes | None:
    """The document's bytes, None where only its description was received.

    Raises:
        UnknownRecord: this organization has no such document.
    """
    row = session.execute(
        select(DocumentRow.content).where(
            DocumentRow.organization_id == organization_id,
            DocumentRow.document_id == document_id,
        )
    ).one_or_none()
    if row is None:
        raise UnknownRecord("no such document in this organization")
    content: bytes | None = row[0]
    return content
