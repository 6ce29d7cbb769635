"""A document on file: evidence for a letter, or something that must never leave."""

from datetime import date
from enum import StrEnum

from denialml.domain.record import Fact, Source


class Sensitivity(StrEnum):
    """Decides whether a document may leave; see docs/appeal-templates.md.

    `PSYCHOTHERAPY_NOTE` (45 CFR 164.501) and `SUD_COUNSELING_NOTE` (42 CFR 2.11)
    never leave. `PART_2` needs a consent on file (42 CFR 2.31) and carries the
    notice of 42 CFR 2.32.
    """

    PUBLIC = "public"
    PROVIDER_DATA = "provider_data"
    BUSINESS = "business"
    PHI = "phi"
    PART_2 = "part_2"
    PSYCHOTHERAPY_NOTE = "psychotherapy_note"
    SUD_COUNSELING_NOTE = "sud_counseling_note"


PROTECTED_NOTES = frozenset(
    {Sensitivity.PSYCHOTHERAPY_NOTE, Sensitivity.SUD_COUNSELING_NOTE}
)
"""Filed as these, a document neither leaves nor is read to judge anything."""


class Document(Fact, frozen=True):
    """One typed file. `kind` is a document kind of `denialml.reference`.

    `service_date` is the date of service it documents, None for documents about a
    span or about no service. `text` is its text layer. `signed_on` None: unsigned.
    `content_sha256` names the bytes.
    """

    document_id: str
    kind: str
    sensitivity: Sensitivity
    medical_record_number: str = ""
    member_id: str = ""
    payer_id: str = ""
    patient_control_number: str = ""
    authorization_number: str = ""
    clinician_npi: str = ""
    service_date: date | None = None
    author: str = ""
    authored_on: date | None = None
    signed_on: date | None = None
    title: str = ""
    file_name: str = ""
    media_type: str = "text/plain"
    content_sha256: str = ""
    text: str = ""
    source: Source | None = None
