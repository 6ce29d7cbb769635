"""The chain of one organization's events: numbered, each sealed with the one before.

Event n carries `sequence` n and ``mac = HMAC-SHA256(key, mac of n - 1, fields of n)``.
So an event that is altered, taken out, put in, moved or copied from elsewhere does not
fit any more (`denialml.store.audit_verifying` says which). The head of the chain is a
row of its own, held by whoever appends until the transaction ends: appenders of one
organization take turns on PostgreSQL; on SQLite the write lock does that.

Events wait in the session and are appended when it commits, in the same transaction as
what they tell of: a long change holds up nobody else's events until its last moment.
"""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, event, insert, select, update
from sqlalchemy.orm import Session, SessionTransaction

from denialml.errors import AuditKeyMismatch
from denialml.store.audit_key import AuditKey, first_link, key_of
from denialml.store.audit_patients import patients_of_records
from denialml.store.office_tables import AuditEventRow, AuditHeadRow
from denialml.store.writing import insert_new, run, table_of

_PENDING: Final = "denialml_pending_events"
_EVENTS = table_of(AuditEventRow)
_HEADS = table_of(AuditHeadRow)
_ADD_EVENT = insert(_EVENTS)
_IS_ASKED = _HEADS.c.organization_id == bindparam("organization")
_HEAD = select(_HEADS).where(_IS_ASKED).with_for_update()
_MOVE_HEAD = (
    update(_HEADS)
    .where(_IS_ASKED)
    .values(sequence=bindparam("last_sequence"), mac=bindparam("last_mac"))
)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Pending:
    """An event that waits for the commit, and the savepoint it was recorded under."""

    organization_id: str
    values: dict[str, Any]
    savepoint: SessionTransaction | None


def event_bytes(organization_id: str, sequence: int, values: Sequence[Any]) -> bytes:
    """What the seal of an event covers: every column but the seal itself.

    `values` are moment, actor, action, record kind, record id, record count, patient
    and request, in this order; the moment as `moment_text` writes it.
    """
    return _encode((organization_id, sequence, *values))


def moment_text(moment: datetime) -> str:
    """A moment to the microsecond in UTC: the same text on both databases."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def seal(key: AuditKey, previous: str, content: bytes) -> str:
    """The seal of an event after the one whose seal is `previous`, in hexadecimal."""
    return hmac.digest(key.chain, previous.encode() + content, "sha256").hex()


def sealed_rows(
    key: AuditKey,
    organization_id: str,
    events: Iterable[dict[str, Any]],
    *,
    sequence: int,
    mac: str,
) -> list[dict[str, Any]]:
    """The rows of events that follow event number `sequence`, sealed in this order."""
    rows = []
    for values in events:
        sequence += 1
        content = event_bytes(
            organization_id,
            sequence,
            (
                moment_text(values["occurred_at"]),
                values["actor"],
                values["action"],
                values["record_kind"],
                values["record_id"],
                values["record_count"],
                values["patient_id"],
                values["request_id"],
            ),
        )
        mac = seal(key, mac, content)
        rows.append(
            {
                "organization_id": organization_id,
                "sequence": sequence,
                "mac": mac,
                **values,
            }
        )
    return rows


def append_at_commit(
    session: Session, organization_id: str, values: dict[str, Any]
) -> None:
    """Let an event wait for the commit of this session's transaction.

    It is forgotten where the transaction, or the savepoint it was recorded under, is
    rolled back.
    """
    if not session.in_transaction():
        session.begin()
    waiting: list[_Pending] = session.info.setdefault(_PENDING, [])
    waiting.append(_Pending(organization_id, values, session.get_nested_transaction()))


def is_waiting(session: Session, organization_id: str, action: str) -> bool:
    """Whether an event of this kind waits for the commit."""
    return any(
        one.organization_id == organization_id and one.values["action"] == action
        for one in session.info.get(_PENDING, ())
    )


def append_waiting(session: Session) -> None:
    """Append what waits; holds the heads of those chains until the transaction ends.

    Raises:
        AuditKeyMissing: the engine was opened without the key.
        AuditKeyMismatch: the trail was begun with another key.
    """
    waiting: list[_Pending] = session.info.pop(_PENDING, [])
    if not waiting:
        return
    key = key_of(session.connection())
    _name_patients(session, waiting)
    # In one order everywhere, or two transactions could wait for each other.
    for organization_id in sorted({one.organization_id for one in waiting}):
        head = _take_head(session, key, organization_id)
        rows = sealed_rows(
            key,
            organization_id,
            (one.values for one in waiting if one.organization_id == organization_id),
            sequence=head.sequence,
            mac=head.mac,
        )
        session.connection().execute(_ADD_EVENT, rows)
        run(
            session,
            _MOVE_HEAD,
            organization=organization_id,
            last_sequence=rows[-1]["sequence"],
            last_mac=rows[-1]["mac"],
        )


def _name_patients(session: Session, waiting: Sequence[_Pending]) -> None:
    """Say of each event about one patient's record whose it is."""
    nameless: dict[str, list[dict[str, Any]]] = {}
    for one in waiting:
        if one.values["record_id"] and not one.values["patient_id"]:
            nameless.setdefault(one.organization_id, []).append(one.values)
    for organization_id, events in nameless.items():
        ids = [values["record_id"] for values in events]
        patients = patients_of_records(session, organization_id, ids)
        for values in events:
            values["patient_id"] = patients.get(values["record_id"], "")


def _take_head(session: Session, key: AuditKey, organization_id: str) -> Any:
    head = run(session, _HEAD, organization=organization_id).one_or_none()
    if head is None:
        first = {
            "organization_id": organization_id,
            "sequence": 0,
            "mac": first_link(organization_id),
            "key_id": key.key_id,
        }
        insert_new(session, AuditHeadRow, [first])
        head = run(session, _HEAD, organization=organization_id).one()
    if head.key_id != key.key_id:
        raise AuditKeyMismatch(
            f"the audit trail of {organization_id} was begun with the audit key "
            f"{head.key_id}, this process has {key.key_id}: put the file audit_key "
            "back (docs/audit.md)"
        )
    return head


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    """Also called when a savepoint is released; then the events go on waiting."""
    if not session.in_nested_transaction():
        append_waiting(session)


@event.listens_for(Session, "after_soft_rollback")
def _forget_rolled_back(session: Session, ended: SessionTransaction) -> None:
    waiting: list[_Pending] = session.info.get(_PENDING, [])
    waiting[:] = [one for one in waiting if ended not in _lineage(one.savepoint)]


@event.listens_for(Session, "after_transaction_end")
def _forget_all(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:
        session.info.pop(_PENDING, None)


def _lineage(savepoint: SessionTransaction | None) -> list[SessionTransaction]:
    found = []
    while savepoint is not None:
        found.append(savepoint)
        savepoint = savepoint.parent
    return found
