"""The audit trail: who did what to which record, on the session that did it.

Events carry ids and codes only, and an id that could hold free text is refused: the
trail is read by people who may not see the records.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from denialml.store.office_tables import AuditEventRow
from denialml.store.writing import run, table_of

_PLAIN = re.compile(r"[A-Za-z0-9_.:@/+-]{0,120}\Z")


_ADD_EVENT = insert(table_of(AuditEventRow))


class AuditAction(StrEnum):
    """What can be audited, named ``thing.past_participle``."""

    ORGANIZATION_CREATED = "organization.created"
    KEY_ISSUED = "key.issued"
    KEY_REVOKED = "key.revoked"
    SESSION_OPENED = "session.opened"
    SESSION_CLOSED = "session.closed"
    FILE_INGESTED = "file.ingested"
    CLAIMS_SCORED = "claims.scored"
    CORRECTION_DRAFTED = "correction.drafted"
    DENIALS_FOUND = "denials.found"
    DENIALS_LISTED = "denials.listed"
    DENIAL_READ = "denial.read"
    LETTERS_READ = "letters.read"
    CAUSE_CONFIRMED = "cause.confirmed"
    CAUSE_TAKEN_BACK = "cause.taken_back"
    CAUSES_LEARNT = "causes.learnt"
    CAUSES_FORGOTTEN = "causes.forgotten"
    DRAFT_MADE = "draft.made"
    DRAFT_READ = "draft.read"
    RADAR_READ = "radar.read"
    DRIFT_READ = "drift.read"
    HISTORY_EXPORTED = "history.exported"
    MODEL_TRAINED = "model.trained"
    MODEL_PROMOTED = "model.promoted"
    MODEL_RECEIVED = "model.received"
    MODEL_ROLLED_BACK = "model.rolled_back"
    RULES_MEASURED = "rules.measured"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act. `record_count` is set where one act touched many records."""

    event_id: int
    occurred_at: datetime
    actor: str
    action: AuditAction
    record_kind: str
    record_id: str
    record_count: int | None


def record_event(
    session: Session,
    organization_id: str,
    *,
    actor: str,
    action: AuditAction,
    record_kind: str,
    record_id: str,
    now: datetime,
    record_count: int | None = None,
) -> None:
    """Add an event to the transaction that makes or reads the record.

    Raises:
        ValueError: an actor, kind or id is not a plain id (the value is not repeated).
    """
    for name, value in (
        ("actor", actor),
        ("record_kind", record_kind),
        ("record_id", record_id),
    ):
        if _PLAIN.match(value) is None:
            raise ValueError(f"the {name} of an audit event must be a plain id")
    run(
        session,
        _ADD_EVENT,
        organization_id=organization_id,
        occurred_at=now,
        actor=actor,
        action=action.value,
        record_kind=record_kind,
        record_id=record_id,
        record_count=record_count,
    )


def latest_event_id(
    session: Session, organization_id: str, action: AuditAction
) -> int | None:
    """The newest event of one kind, None before the first."""
    return session.scalar(
        select(AuditEventRow.event_id)
        .where(
            AuditEventRow.organization_id == organization_id,
            AuditEventRow.action == action.value,
        )
        .order_by(AuditEventRow.event_id.desc())
        .limit(1)
    )


def list_events(
    session: Session,
    organization_id: str,
    *,
    after_event_id: int = 0,
    limit: int = 200,
) -> tuple[AuditEvent, ...]:
    """Events of one organization in the order of recording, from after an event."""
    statement = (
        select(AuditEventRow.__table__)
        .where(
            AuditEventRow.organization_id == organization_id,
            AuditEventRow.event_id > after_event_id,
        )
        .order_by(AuditEventRow.event_id)
        .limit(limit)
    )
    return tuple(
        AuditEvent(
            event_id=row.event_id,
            occurred_at=row.occurred_at,
            actor=row.actor,
            action=AuditAction(row.action),
            record_kind=row.record_kind,
            record_id=row.record_id,
            record_count=row.record_count,
        )
        for row in session.execute(statement)
    )
