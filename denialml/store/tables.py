"""Every table, with its grain. Rows belong to an organization, without exception.

A `payload` column holds the domain record as msgspec JSON and is the source of truth;
the columns beside it exist because a question filters, joins or sorts by them. Ids
are derived from content (`identity`), so a table never holds the same fact twice.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from denialml.store.columns import (
    Base,
    FileColumn,
    OrganizationColumn,
    Payload,
    RecordKey,
)

# SQLite keeps such a table inside its primary key: one tree to write instead of two,
# which is what ingestion spends its time on.
CLUSTERED = {"sqlite_with_rowid": False}


def _provisional_index(name: str, column: str) -> Index:
    return Index(
        name,
        "organization_id",
        column,
        # In the words of the question, or SQLite does not see that it may be used.
        sqlite_where=text("provisional IS 1"),
        postgresql_where=text("provisional IS true"),
    )


class ClaimRow(Base):
    """One row per claim submission (CLM01 x submission with distinct content).

    `control_number_key` is CLM01 normalized for matching. `submitted_on` falls back
    to the last service date, then to the day of ingestion. `accepted` is the latest
    277CA verdict that belongs to this submission. `provisional`: read with a fault.
    """

    __tablename__ = "claims"
    claim_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    file_id: Mapped[FileColumn]
    patient_control_number: Mapped[str]
    control_number_key: Mapped[str]
    payer_id: Mapped[str]
    patient_key: Mapped[str]
    frequency_code: Mapped[str]
    submitted_on: Mapped[date]
    service_from: Mapped[date | None]
    total_charge_cents: Mapped[int]
    accepted: Mapped[bool | None]
    provisional: Mapped[bool]
    payload: Mapped[Payload]
    __table_args__ = (
        _provisional_index("claims_provisional", "control_number_key"),
        Index("claims_by_control_number", "organization_id", "control_number_key"),
        Index("claims_by_submission", "organization_id", "submitted_on"),
        Index("claims_by_patient", "organization_id", "patient_key"),
        Index(
            "claims_by_service",
            "organization_id",
            "service_from",
            "total_charge_cents",
        ),
    )


class RemittanceRow(Base):
    """One row per payment by a payer (payer x trace number x payment date)."""

    __tablename__ = "remittances"
    remittance_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    file_id: Mapped[FileColumn]
    payer_id: Mapped[str]
    trace_number: Mapped[str]
    payment_cents: Mapped[int]
    payment_date: Mapped[date | None]
    received_on: Mapped[date]
    payload: Mapped[Payload]
    __table_args__ = (
        Index("remittances_by_receipt", "organization_id", "received_on"),
    )


class ClaimPaymentRow(Base):
    """One row per payer's answer to a claim (CLP).

    `chain_key` is the control number it was filed under: its own normalized CLP01
    or, where a payer truncated or extended that, the one of the claim it fits.
    `claim_id` is the submission it answers, None while that is not on file.
    `provisional`: read with a fault.
    """

    __tablename__ = "claim_payments"
    payment_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    file_id: Mapped[FileColumn]
    remittance_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("remittances.remittance_id")
    )
    claim_id: Mapped[str | None] = mapped_column(
        String(64), ForeignKey("claims.claim_id")
    )
    control_number_key: Mapped[str]
    chain_key: Mapped[str]
    payer_claim_control_number: Mapped[str]
    status_code: Mapped[str]
    charge_cents: Mapped[int]
    paid_cents: Mapped[int]
    service_from: Mapped[date | None]
    received_on: Mapped[date]
    provisional: Mapped[bool]
    payload: Mapped[Payload]
    __table_args__ = (
        _provisional_index("claim_payments_provisional", "remittance_id"),
        Index("claim_payments_by_chain", "organization_id", "chain_key"),
        Index(
            "claim_payments_by_service",
            "organization_id",
            "service_from",
            "charge_cents",
        ),
        Index(
            "claim_payments_refiled",
            "organization_id",
            "control_number_key",
            sqlite_where=text("chain_key <> control_number_key"),
            postgresql_where=text("chain_key <> control_number_key"),
        ),
    )


class RecordAliasRow(Base):
    """One row per record that took a provisional one's place, whose id it goes by."""

    __tablename__ = "record_aliases"
    alias_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    record_id: Mapped[str] = mapped_column(String(64))


class ProviderAdjustmentRow(Base):
    """One row per PLB pair: money moved outside any claim."""

    __tablename__ = "provider_adjustments"
    adjustment_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn] = mapped_column(index=True)
    file_id: Mapped[FileColumn]
    remittance_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("remittances.remittance_id")
    )
    reason_code: Mapped[str]
    amount_cents: Mapped[int]
    received_on: Mapped[date]
    payload: Mapped[Payload]


class ClaimAcknowledgmentRow(Base):
    """One row per claim's answer in a 277CA."""

    __tablename__ = "claim_acknowledgments"
    acknowledgment_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    file_id: Mapped[FileColumn]
    control_number_key: Mapped[str]
    accepted: Mapped[bool | None]
    received_on: Mapped[date]
    payload: Mapped[Payload]
    __table_args__ = (
        Index(
            "claim_acknowledgments_by_control_number",
            "organization_id",
            "control_number_key",
        ),
    )


class PracticeRecordColumns:
    """What the tables of the practice's own records have in common.

    `known_on` is the day from which the practice knew the record, None: always.
    """

    record_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn] = mapped_column(index=True)
    file_id: Mapped[FileColumn]
    known_on: Mapped[date | None]
    payload: Mapped[Payload]


class FileAcknowledgmentRow(PracticeRecordColumns, Base):
    """One row per transaction set's answer in a 999."""

    __tablename__ = "file_acknowledgments"


class PatientRecordColumns(PracticeRecordColumns):
    """A practice record about one patient, found by either of two numbers.

    Both are as in the payload, empty where it has none.
    """

    medical_record_number: Mapped[str] = mapped_column(server_default="")
    member_id: Mapped[str] = mapped_column(server_default="")


def _patient_indexes(table: str) -> tuple[Index, Index]:
    return (
        Index(f"{table}_by_patient", "organization_id", "medical_record_number"),
        Index(f"{table}_by_member", "organization_id", "member_id"),
    )


class EligibilityCheckRow(PatientRecordColumns, Base):
    """One row per eligibility inquiry with its answer."""

    __tablename__ = "eligibility_checks"
    __table_args__ = _patient_indexes(__tablename__)


class AuthorizationRow(PatientRecordColumns, Base):
    """One row per authorization answer with distinct content."""

    __tablename__ = "authorizations"
    __table_args__ = _patient_indexes(__tablename__)


class EncounterRow(PatientRecordColumns, Base):
    """One row per encounter id: the newest version, as amended or signed later."""

    __tablename__ = "encounters"
    __table_args__ = _patient_indexes(__tablename__)


class ClinicianRow(PracticeRecordColumns, Base):
    """One row per clinician (NPI): the newest version."""

    __tablename__ = "clinicians"


class EnrollmentRow(PracticeRecordColumns, Base):
    """One row per enrollment span with distinct content."""

    __tablename__ = "enrollments"


class PayerRow(PracticeRecordColumns, Base):
    """One row per payer id as the practice has set it up: the newest version."""

    __tablename__ = "payers"


class DocumentRow(PracticeRecordColumns, Base):
    """One row per document id: the newest version, with its bytes where given.

    `control_number_key` is its control number normalized for matching.
    """

    __tablename__ = "documents"
    document_id: Mapped[str]
    kind: Mapped[str]
    medical_record_number: Mapped[str]
    member_id: Mapped[str]
    patient_control_number: Mapped[str]
    control_number_key: Mapped[str] = mapped_column(server_default="")
    clinician_npi: Mapped[str]
    service_date: Mapped[date | None]
    content: Mapped[bytes | None] = mapped_column(LargeBinary())
    __table_args__ = (
        Index(
            "documents_by_document_id", "organization_id", "document_id", unique=True
        ),
        Index("documents_by_patient", "organization_id", "medical_record_number"),
        Index("documents_by_member", "organization_id", "member_id"),
        Index(
            "documents_by_kind",
            "organization_id",
            "kind",
            "control_number_key",
            "medical_record_number",
        ),
    )


class LineAdjudicationRow(Base):
    """One row per answer to one line of one submission (claim line x answer)."""

    __tablename__ = "line_adjudications"
    claim_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("claims.claim_id"), primary_key=True
    )
    line_number: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("claim_payments.payment_id"), primary_key=True
    )
    organization_id: Mapped[OrganizationColumn]
    sequence: Mapped[int]
    received_on: Mapped[date]
    outcome: Mapped[str]
    payload: Mapped[Payload]
    __table_args__ = (
        Index("line_adjudications_by_receipt", "organization_id", "received_on"),
        Index("line_adjudications_by_payment", "payment_id"),
        CLUSTERED,
    )


class DenialRow(Base):
    """One row per denied or down-coded line (claim line x denying answer)."""

    __tablename__ = "denials"
    denial_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    claim_id: Mapped[str] = mapped_column(String(64), ForeignKey("claims.claim_id"))
    payment_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("claim_payments.payment_id")
    )
    line_number: Mapped[int]
    payer_id: Mapped[str]
    status: Mapped[str]
    root_cause: Mapped[str | None]
    route: Mapped[str | None]
    denied_on: Mapped[date]
    deadline_on: Mapped[date | None]
    denied_amount_cents: Mapped[int]
    payload: Mapped[Payload]
    __table_args__ = (
        Index("denials_by_status", "organization_id", "status", "denied_on"),
        Index("denials_by_claim", "claim_id"),
    )


class AppealDraftRow(Base):
    """One row per version of a drafted letter; rows are only ever added."""

    __tablename__ = "appeal_drafts"
    draft_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    denial_id: Mapped[str] = mapped_column(String(64), ForeignKey("denials.denial_id"))
    version: Mapped[int]
    status: Mapped[str]
    drafted_at: Mapped[datetime]
    payload: Mapped[Payload]
    __table_args__ = (
        Index(
            "appeal_drafts_by_denial",
            "organization_id",
            "denial_id",
            "version",
            unique=True,
        ),
    )


class RiskScoreRow(Base):
    """One row per claim content x model version: the latest score given."""

    __tablename__ = "risk_scores"
    score_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    claim_id: Mapped[str]
    as_of: Mapped[date]
    model_version: Mapped[str]
    probability: Mapped[float]
    scored_at: Mapped[datetime]
    payload: Mapped[Payload]
    __table_args__ = (
        Index("risk_scores_by_claim", "organization_id", "claim_id"),
        Index("risk_scores_by_day", "organization_id", "as_of"),
    )
