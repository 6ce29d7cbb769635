"""The audit trail: who did what to which record, on the session that did it.

Events carry ids and codes only, and an id that could hold free text is refused: the
trail is read by people who may not see the records. How they are sealed is said in
`denialml.store.audit_chain`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import RowMapping, Select, select
from sqlalchemy.orm import Session

from denialml.store.audit_chain import append_at_commit, append_waiting, is_waiting
from denialml.store.office_tables import AuditEventRow

_PLAIN = re.compile(r"[A-Za-z0-9_.:@/+-]{0,120}\Z")
_REQUEST: Final = "denialml_request_id"
MAXIMUM_PAGE: Final = 200


class AuditAction(StrEnum):
    """What can be audited, named ``thing.past_participle``."""

    ORGANIZATION_CREATED = "organization.created"
    KEY_ISSUED = "key.issued"
    KEY_REVOKED = "key.revoked"
    SESSION_OPENED = "session.opened"
    SESSION_CLOSED = "session.closed"
    FILE_INGESTED = "file.ingested"
    AUDIT_SEALED = "audit.sealed"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORTED = "audit.exported"
    CLAIMS_SCORED = "claims.scored"
    CORRECTION_DRAFTED = "correction.drafted"
    ANSWER_REPLAYED = "answer.replayed"
    RECORDS_LISTED = "records.listed"
    RECORD_READ = "record.read"
    FEEDBACK_GIVEN = "feedback.given"
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
    PSEUDONYMS_READ = "pseudonyms.read"
    HISTORY_EXPORTED = "history.exported"
    BACKUP_MADE = "backup.made"
    MODEL_TRAINED = "model.trained"
    MODEL_PROMOTED = "model.promoted"
    MODEL_RECEIVED = "model.received"
    MODEL_ROLLED_BACK = "model.rolled_back"
    RULES_MEASURED = "rules.measured"
    JOB_CREATED = "job.created"
    JOB_CANCELLED = "job.cancelled"
    JOB_RETRIED = "job.retried"
    RESULTS_READ = "results.read"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act. `record_count` is set where one act touched many records.

    `action` is an `AuditAction`, or what another version of denialml knows as one.
    `patient_id` is the patient's keyed id (`Identity.of_patient`) where the act is
    about one patient, else empty; `request_id` that of the access log, empty for a
    command.
    `mac` seals the event, hex.
    """

    sequence: int
    occurred_at: datetime
    actor: str
    action: str
    record_kind: str
    record_id: str
    record_count: int | None
    patient_id: str
    request_id: str
    mac: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which events are asked for; what is None or empty does not narrow.

    `since` is included, `until` is not.
    """

    action: str = ""
    actor: str = ""
    record_kind: str = ""
    record_id: str = ""
    patient_id: str = ""
    request_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


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
    patient_id: str = "",
    request_id: str = "",
) -> None:
    """Add an event to the transaction that makes or reads the record.

    It is appended when the transaction commits. Without a `request_id` it carries that
    of the session (`acting_for_request`).

    Raises:
        ValueError: an actor, kind or id is not a plain id (the value is not repeated).
    """
    values: dict[str, Any] = {
        "occurred_at": now,
        "actor": actor,
        "action": action.value,
        "record_kind": record_kind,
        "record_id": record_id,
        "record_count": record_count,
        "patient_id": patient_id,
        "request_id": request_id or session.info.get(_REQUEST, ""),
    }
    for name in ("actor", "record_kind", "record_id", "patient_id", "request_id"):
        if _PLAIN.match(values[name]) is None:
            raise ValueError(f"the {name} of an audit event must be a plain id")
    append_at_commit(session, organization_id, values)


def acting_for_request(session: Session, request_id: str) -> None:
    """Give every event recorded on this session the id of a request."""
    session.info[_REQUEST] = request_id


def latest_sequence(
    session: Session, organization_id: str, action: AuditAction
) -> int | None:
    """The number of the newest event of one kind, None before the first.

    One that this transaction has recorded counts.
    """
    if is_waiting(session, organization_id, action.value):
        append_waiting(session)
    return session.scalar(
        select(AuditEventRow.sequence)
        .where(
            AuditEventRow.organization_id == organization_id,
            AuditEventRow.action == action.value,
        )
        .order_by(AuditEventRow.sequence.desc())
        .limit(1)
    )


def list_events(
    session: Session,
    organization_id: str,
    *,
    after_sequence: int = 0,
    limit: int = MAXIMUM_PAGE,
) -> tuple[AuditEvent, ...]:
    """Events of one organization in the order of recording, from after an event.

    Those that this transaction has recorded are among them.
    """
    append_waiting(session)
    statement = (
        _events_of(organization_id)
        .where(AuditEventRow.sequence > after_sequence)
        .order_by(AuditEventRow.sequence)
        .limit(limit)
    )
    return tuple(_event(row) for row in session.execute(statement).mappings())


def newest_events(
    session: Session,
    organization_id: str,
    asked: AuditFilter,
    *,
    before_sequence: int | None = None,
    limit: int = MAXIMUM_PAGE,
) -> tuple[AuditEvent, ...]:
    """A page of the events that a filter lets through, newest first."""
    append_waiting(session)
    statement = _narrowed(_events_of(organization_id), asked)
    if before_sequence is not None:
        statement = statement.where(AuditEventRow.sequence < before_sequence)
    statement = statement.order_by(AuditEventRow.sequence.desc()).limit(limit)
    return tuple(_event(row) for row in session.execute(statement).mappings())


def all_events(
    session: Session, organization_id: str, asked: AuditFilter
) -> Iterator[AuditEvent]:
    """Every event that a filter lets through, oldest first, read as it is used."""
    append_waiting(session)
    statement = _narrowed(_events_of(organization_id), asked)
    found = session.execute(
        statement.order_by(AuditEventRow.sequence),
        execution_options={"yield_per": 1000},
    )
    for row in found.mappings():
        yield _event(row)


def _events_of(organization_id: str) -> Select[Any]:
    columns = AuditEventRow.__table__.c
    return select(*(columns[name] for name in _FIELDS)).where(
        AuditEventRow.organization_id == organization_id
    )


def _event(row: RowMapping) -> AuditEvent:
    action = row["action"]
    if action in _ACTIONS:
        action = AuditAction(action)
    return AuditEvent(**{**row, "action": action})


_ACTIONS: Final = frozenset(AuditAction)
_FIELDS = tuple(AuditEvent.__dataclass_fields__)


def _narrowed(statement: Select[Any], asked: AuditFilter) -> Select[Any]:
    for name in (
        "action",
        "actor",
        "record_kind",
        "record_id",
        "patient_id",
        "request_id",
    ):
        wanted = getattr(asked, name)
        if wanted:
            statement = statement.where(AuditEventRow.__table__.c[name] == wanted)
    if asked.since is not None:
        statement = statement.where(AuditEventRow.occurred_at >= asked.since)
    if asked.until is not None:
        statement = statement.where(AuditEventRow.occurred_at < asked.until)
    return statement
