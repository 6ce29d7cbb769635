"""The tables around the records: organizations, keys, files received, audit.

Like the tables of `denialml.store.tables`, every one belongs to an organization.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from denialml.store.columns import Base, OrganizationColumn, Payload, RecordKey


class OrganizationRow(Base):
    """One row per organization (a practice).

    `fingerprint_key` keys every content-derived id, so that ids of two organizations
    never agree. `records_version` grows whenever an ingestion added or changed
    anything: what was computed from the records is stale when it differs.
    """

    __tablename__ = "organizations"
    organization_id: Mapped[RecordKey]
    name: Mapped[str]
    fingerprint_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    is_simulated: Mapped[bool]
    records_version: Mapped[int]
    created_at: Mapped[datetime]


class ApiKeyRow(Base):
    """One row per issued API key; `digest` is HMAC-SHA256 of the key, hex."""

    __tablename__ = "api_keys"
    key_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn] = mapped_column(index=True)
    label: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SourceFileRow(Base):
    """One row per distinct file content received, whatever its name.

    `complete` False: the file is quarantined, something in it may be missing from
    the records. `kinds` are transaction or record kinds, space separated.
    """

    __tablename__ = "source_files"
    file_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn] = mapped_column(index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str]
    kinds: Mapped[str]
    byte_count: Mapped[int]
    records_read: Mapped[int]
    records_new: Mapped[int]
    problem_count: Mapped[int]
    complete: Mapped[bool]
    ingested_at: Mapped[datetime]


class ProblemRow(Base):
    """One row per problem of a file, in the order of reading."""

    __tablename__ = "problems"
    file_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("source_files.file_id"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[OrganizationColumn]
    severity: Mapped[str]
    code: Mapped[str]
    payload: Mapped[Payload]


class AuditEventRow(Base):
    """One row per audited act; rows are only ever added. Ids and codes, never PHI.

    `sequence` counts an organization's events from 1. `mac` seals the row together with
    the one before (`denialml.store.audit_chain`), hex. `patient_id` is a keyed id,
    empty where the act is not about one patient; `request_id` is that of the access
    log, empty on the command line.
    """

    __tablename__ = "audit_events"
    organization_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("organizations.organization_id"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(BigInteger(), primary_key=True)
    occurred_at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    record_kind: Mapped[str]
    record_id: Mapped[str] = mapped_column(Text())
    record_count: Mapped[int | None]
    patient_id: Mapped[str]
    request_id: Mapped[str]
    mac: Mapped[str] = mapped_column(String(64))
    __table_args__ = (
        Index("audit_events_by_action", "organization_id", "action", "sequence"),
        {"sqlite_with_rowid": False},
    )


class AuditHeadRow(Base):
    """One row per organization's audit trail: the number and seal of its last event.

    `key_id` names the key that the trail was begun with. Whoever appends holds the row.
    """

    __tablename__ = "audit_heads"
    organization_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("organizations.organization_id"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(BigInteger())
    mac: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str]
