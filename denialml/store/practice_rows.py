"""The practice's own records as rows: what identifies each and from when it is known.

Master data (payers, clinicians) and records that are amended under a number of their
own (encounters, documents) are replaced by a newer version; the others are added.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from denialml.domain.acknowledgment import FileAcknowledgment
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    Enrollment,
    Payer,
)
from denialml.domain.document import Document
from denialml.domain.encounter import Encounter
from denialml.domain.record import Fact
from denialml.store.identity import Identity, canonical
from denialml.store.line_matching import normal_control_number
from denialml.store.tables import (
    AuthorizationRow,
    ClinicianRow,
    DocumentRow,
    EligibilityCheckRow,
    EncounterRow,
    EnrollmentRow,
    FileAcknowledgmentRow,
    PayerRow,
)

# The bytes of a document, None where only its description was received.
ContentOf = Callable[[Document], bytes | None]


@dataclass(frozen=True, eq=False)
class PracticeKind:
    """How one kind of practice record is kept.

    `number` is what a record that may be replaced is known by, None: its content.
    `known_on` is the day from which the practice knew it.
    """

    prefix: str
    row: Any
    known_on: Callable[[Any], date | None]
    number: Callable[[Any], str] | None = None

    @property
    def replaces(self) -> bool:
        """Whether a newer version takes the place of the older."""
        return self.number is not None

    def identify(self, identity: Identity, record: Fact, payload: bytes) -> str:
        """The record's id."""
        if self.number is not None:
            return identity.of_parts(self.prefix, self.number(record))
        return identity.of_content(self.prefix, record, payload)

    def same_content(self, stored: str, record: Fact, payload: bytes) -> bool:
        """Whether a stored payload says the same, read wherever it was."""
        kind = type(record)
        return canonical(stored.encode(), kind) == canonical(payload, kind)

    def columns(
        self, record: Fact, payload: bytes, *, content_of: ContentOf
    ) -> dict[str, Any]:
        """The row, but for its id and owner."""
        row: dict[str, Any] = {
            "known_on": self.known_on(record),
            "payload": payload.decode(),
        }
        if isinstance(record, EligibilityCheck | Authorization | Encounter):
            row["medical_record_number"] = record.medical_record_number
            row["member_id"] = record.member_id
        if isinstance(record, Document):
            row |= {
                "document_id": record.document_id,
                "kind": record.kind,
                "medical_record_number": record.medical_record_number,
                "member_id": record.member_id,
                "patient_control_number": record.patient_control_number,
                "control_number_key": normal_control_number(
                    record.patient_control_number
                ),
                "clinician_npi": record.clinician_npi,
                "service_date": record.service_date,
                "content": content_of(record),
            }
        return row


def _always(_record: Fact) -> None:
    """Master data carries no day: it describes how things stand."""


PRACTICE_RECORDS: Mapping[type[Fact], PracticeKind] = {
    FileAcknowledgment: PracticeKind(
        "fak", FileAcknowledgmentRow, lambda record: record.received_on
    ),
    EligibilityCheck: PracticeKind(
        "elg", EligibilityCheckRow, lambda record: record.checked_on
    ),
    Authorization: PracticeKind(
        "aut", AuthorizationRow, lambda record: record.issued_on
    ),
    Encounter: PracticeKind(
        "enc",
        EncounterRow,
        lambda record: record.signed_on,
        lambda record: record.encounter_id,
    ),
    Clinician: PracticeKind("cln", ClinicianRow, _always, lambda record: record.npi),
    Enrollment: PracticeKind(
        "enr",
        EnrollmentRow,
        lambda record: record.recorded_on or record.effective_on,
    ),
    Payer: PracticeKind("pyr", PayerRow, _always, lambda record: record.payer_id),
    Document: PracticeKind(
        "doc",
        DocumentRow,
        lambda record: record.signed_on or record.authored_on,
        lambda record: record.document_id,
    ),
}
