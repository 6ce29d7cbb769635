"""What is on file, a page at a time: claims newest first, other records by id.

A page begins after the last row of the page before, not at a number of rows: what is
added meanwhile neither repeats a row nor hides one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    Enrollment,
    Payer,
)
from denialml.domain.document import Document
from denialml.domain.record import Fact, Judgment
from denialml.errors import UnknownRecord
from denialml.store.columns import dollars
from denialml.store.line_matching import normal_control_number
from denialml.store.payloads import payload_decoder
from denialml.store.tables import (
    AuthorizationRow,
    ClaimRow,
    ClinicianRow,
    DocumentRow,
    EligibilityCheckRow,
    EnrollmentRow,
    PayerRow,
    PracticeRecordColumns,
)

R = TypeVar("R", bound=Fact)
# One more than a page holds: whoever asks for it learns whether another follows.
MAXIMUM_ROWS = 201


class RecordKind(Enum):
    """A kind of the practice's own records: its name, its table and its record."""

    AUTHORIZATIONS = ("authorizations", AuthorizationRow, Authorization)
    ELIGIBILITY_CHECKS = ("eligibility_checks", EligibilityCheckRow, EligibilityCheck)
    ENROLLMENTS = ("enrollments", EnrollmentRow, Enrollment)
    PAYERS = ("payers", PayerRow, Payer)
    CLINICIANS = ("clinicians", ClinicianRow, Clinician)
    DOCUMENTS = ("documents", DocumentRow, Document)

    def __init__(
        self, label: str, row: type[PracticeRecordColumns], record: type[Fact]
    ) -> None:
        self.label = label
        self.row = row
        self.record = record


class StoredRecord(Judgment, Generic[R], frozen=True):
    """One record with its id, and since when the practice knew it (None: always)."""

    record_id: str
    known_on: date | None
    record: R


class ClaimSummary(Judgment, frozen=True):
    """One submission in a list; `service_from` None: no line has a day."""

    claim_id: str
    patient_control_number: str
    payer_id: str
    frequency_code: str
    submitted_on: date
    service_from: date | None
    total_charge: Decimal
    accepted: bool | None


@dataclass(frozen=True)
class ClaimFilter:
    """Which claims are asked for; what is None does not narrow. Days are included."""

    patient_control_number: str | None = None
    payer_id: str | None = None
    submitted_from: date | None = None
    submitted_until: date | None = None


def list_claims(
    session: Session,
    organization_id: str,
    asked: ClaimFilter,
    *,
    after: tuple[date, str] | None = None,
    limit: int = 50,
) -> tuple[ClaimSummary, ...]:
    """Submissions, newest first; `after` is the day and id of the last one had."""
    columns = ClaimRow.__table__.c
    conditions: list[ColumnElement[bool]] = [columns.organization_id == organization_id]
    if asked.patient_control_number is not None:
        key = normal_control_number(asked.patient_control_number)
        conditions.append(columns.control_number_key == key)
    if asked.payer_id is not None:
        conditions.append(columns.payer_id == asked.payer_id)
    if asked.submitted_from is not None:
        conditions.append(columns.submitted_on >= asked.submitted_from)
    if asked.submitted_until is not None:
        conditions.append(columns.submitted_on <= asked.submitted_until)
    if after is not None:
        day, claim_id = after
        conditions.append(columns.submitted_on <= day)
        conditions.append(
            or_(
                columns.submitted_on < day,
                and_(columns.submitted_on == day, columns.claim_id > claim_id),
            )
        )
    statement = (
        select(
            *(
                columns[name]
                for name in ClaimSummary.__struct_fields__
                if name in columns
            ),
            columns.total_charge_cents,
        )
        .where(*conditions)
        .order_by(columns.submitted_on.desc(), columns.claim_id)
        .limit(max(1, min(limit, MAXIMUM_ROWS)))
    )
    return tuple(_summary(dict(row)) for row in session.execute(statement).mappings())


def list_records(
    session: Session,
    organization_id: str,
    kind: RecordKind,
    *,
    after: str = "",
    limit: int = 50,
) -> tuple[StoredRecord[Any], ...]:
    """Records of one kind by id, from after one. Of documents never the text."""
    statement = (
        select(kind.row.record_id, kind.row.known_on, kind.row.payload)
        .where(kind.row.organization_id == organization_id, kind.row.record_id > after)
        .order_by(kind.row.record_id)
        .limit(max(1, min(limit, MAXIMUM_ROWS)))
    )
    read = _reader(kind)
    return tuple(read(*row) for row in session.execute(statement))


def get_record(
    session: Session, organization_id: str, kind: RecordKind, record_id: str
) -> StoredRecord[Any]:
    """One record of a kind. Of a document never the text.

    Raises:
        UnknownRecord: this organization has no such record of this kind.
    """
    row = session.execute(
        select(kind.row.record_id, kind.row.known_on, kind.row.payload).where(
            kind.row.organization_id == organization_id,
            kind.row.record_id == record_id,
        )
    ).one_or_none()
    if row is None:
        raise UnknownRecord("no such record in this organization")
    return _reader(kind)(*row)


def _summary(row: dict[str, Any]) -> ClaimSummary:
    return ClaimSummary(total_charge=dollars(row.pop("total_charge_cents")), **row)


def _reader(
    kind: RecordKind,
) -> Callable[[str, date | None, str], StoredRecord[Any]]:
    decode = payload_decoder(kind.record).decode

    def read(record_id: str, known_on: date | None, payload: str) -> StoredRecord[Any]:
        record = decode(payload)
        if isinstance(record, Document):
            record = msgspec.structs.replace(record, text="")
        return StoredRecord(record_id=record_id, known_on=known_on, record=record)

    return read
