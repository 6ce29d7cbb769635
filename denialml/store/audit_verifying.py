"""Checking a trail: the first event that does not fit, and what is wrong with it.

Every event's seal is worked out anew from the one before. Where one does not fit, the
rest of the trail is searched for what was done: an event that fits here and stands
elsewhere was moved, a gap is an event that is missing, and so on. What is cut off at
the end is found by the head of the trail and, where that was changed too, by a
checkpoint that was kept elsewhere.
"""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, String, func, select, type_coerce
from sqlalchemy.orm import Session

from denialml.store.audit_chain import append_waiting, event_bytes, seal
from denialml.store.audit_key import AuditKey, first_link
from denialml.store.office_tables import AuditEventRow, AuditHeadRow
from denialml.store.writing import table_of

FETCHED_AT_ONCE: Final = 2000
_EVENTS = table_of(AuditEventRow)
_HEADS = table_of(AuditHeadRow)


class FaultKind(StrEnum):
    """What was done to a trail, as far as can be told."""

    ALTERED = "altered"
    MISSING = "missing"
    SWAPPED = "swapped"
    INSERTED = "inserted"
    CUT_OFF = "cut off"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first event that does not fit: its number, what is wrong, and in words."""

    sequence: int
    kind: FaultKind
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One organization's trail: how far it fits, and its first fault if there is one.

    `sequence` and `mac` are those of the last event that fits; `events` counts those
    that were checked.
    """

    organization_id: str
    events: int
    sequence: int
    mac: str
    fault: Fault | None


class _Event(NamedTuple):
    """A row as it is stored; after tampering a value may be of any type."""

    sequence: Any
    occurred_at: Any
    actor: Any
    action: Any
    record_kind: Any
    record_id: Any
    record_count: Any
    patient_id: Any
    request_id: Any
    mac: Any

    def fits(
        self, key: AuditKey, organization_id: str, previous: Any, sequence: Any
    ) -> bool:
        """Whether this is the event of that number after that seal."""
        # A BLOB would be written as the text that it encodes to.
        if bytes in map(type, self) or not isinstance(previous, str):
            return False
        content = event_bytes(organization_id, sequence, self[1:-1])
        return bool(self.mac == seal(key, previous, content))


def verify_trail(
    session: Session,
    organization_id: str,
    *,
    key: AuditKey,
    checkpoints: Mapping[int, str] | None = None,
    since: tuple[int, str] | None = None,
) -> Verdict:
    """Check every event of an organization, or those after `since`.

    `checkpoints` are seals by number that were exported earlier; `since` is the number
    and seal of an event known to be right.
    """
    append_waiting(session)
    walk = _Walk(session, organization_id, key, dict(checkpoints or {}))
    start, mac = since or (0, first_link(organization_id))
    fault = _gone_since(session, organization_id, since)
    if fault is not None:
        return Verdict(organization_id, 0, start, mac, fault)
    fault = walk.fault_after(start, mac)
    return Verdict(
        organization_id, walk.sequence - start, walk.sequence, walk.mac, fault
    )


class _Walk:
    """One pass over a trail; `sequence` and `mac` are of the last event that fits."""

    def __init__(
        self,
        session: Session,
        organization_id: str,
        key: AuditKey,
        checkpoints: dict[int, str],
    ) -> None:
        self._session = session
        self._organization_id = organization_id
        self._key = key
        self._checkpoints = checkpoints
        # The head before and after: others may append while the events are read.
        self._head = _head(session, organization_id)
        self.sequence = 0
        self.mac = ""

    def fault_after(self, sequence: int, mac: str) -> Fault | None:
        """The first fault after an event that is right; None where there is none."""
        self.sequence, self.mac = sequence, mac
        events = _read(self._session, self._organization_id, after=sequence)
        with closing(events):
            for event in events:
                fault = self._step(event)
                if fault is not None:
                    return fault
        return self._end()

    def _step(self, event: _Event) -> Fault | None:
        expected, head = self.sequence + 1, self._head
        if event.sequence != expected or not event.fits(
            self._key, self._organization_id, self.mac, expected
        ):
            search = _Search(
                self._session,
                self._organization_id,
                self._key,
                expected,
                self.mac,
                head,
            )
            return search.fault(event)
        if self._checkpoints.get(expected, event.mac) != event.mac:
            return Fault(
                expected,
                FaultKind.ALTERED,
                "it is not the event that the checkpoint saw",
            )
        self.sequence, self.mac = expected, event.mac
        if head is not None and expected == head.sequence and head.mac != event.mac:
            return _head_fault(expected)
        return None

    def _end(self) -> Fault | None:
        """What is wrong though every event that is there fits."""
        head = self._head
        last = max((head.sequence if head is not None else 0, *self._checkpoints))
        if last > self.sequence:
            return Fault(
                self.sequence + 1,
                FaultKind.CUT_OFF,
                f"the trail ends here; there were events up to number {last}",
            )
        after = _head(self._session, self._organization_id)
        is_behind = self.sequence > (after.sequence if after is not None else 0)
        if is_behind or (head is not None and head.key_id != self._key.key_id):
            return _head_fault(self.sequence)
        return None


def _gone_since(
    session: Session, organization_id: str, since: tuple[int, str] | None
) -> Fault | None:
    """The fault where the event that was known to be right is not there any more."""
    if since is None:
        return None
    sequence, mac = since
    found = session.connection().scalar(
        select(_EVENTS.c.mac).where(
            _EVENTS.c.organization_id == organization_id,
            _EVENTS.c.sequence == sequence,
        )
    )
    if found is None:
        return Fault(sequence, FaultKind.MISSING, "the checkpoint saw this event")
    if found != mac:
        return Fault(
            sequence, FaultKind.ALTERED, "it is not the event that the checkpoint saw"
        )
    return None


def _head(session: Session, organization_id: str) -> Any:
    asked = select(_HEADS).where(_HEADS.c.organization_id == organization_id)
    return session.connection().execute(asked).one_or_none()


def _head_fault(sequence: int) -> Fault:
    return Fault(
        sequence,
        FaultKind.ALTERED,
        "the events fit; their head (audit_heads) was altered or removed",
    )


def _read(session: Session, organization_id: str, *, after: int) -> Generator[_Event]:
    """The rows in the order of their numbers; one below 1 comes first."""
    connection = session.connection()
    statement = _rows(connection.dialect.name, organization_id)
    if after:
        statement = statement.where(_EVENTS.c.sequence > after)
    found = connection.execute(
        statement.order_by(_EVENTS.c.sequence),
        execution_options={"yield_per": FETCHED_AT_ONCE},
    )
    with closing(found):
        for rows in found.partitions():
            for row in rows:
                yield _Event(*row)


def _rows(dialect: str, organization_id: str) -> Select[Any]:
    """Every column as it is stored, the moment as `audit_chain.moment_text` has it."""
    columns = _EVENTS.c
    moment: Any = type_coerce(columns.occurred_at, String)
    if dialect == "postgresql":
        moment = func.to_char(
            func.timezone("UTC", columns.occurred_at), "YYYY-MM-DD HH24:MI:SS.US"
        )
    return select(
        columns.sequence,
        moment,
        columns.actor,
        columns.action,
        columns.record_kind,
        columns.record_id,
        columns.record_count,
        columns.patient_id,
        columns.request_id,
        columns.mac,
    ).where(columns.organization_id == organization_id)


class _Search:
    """What was done where event `expected`, after the seal `previous`, should stand."""

    def __init__(
        self,
        session: Session,
        organization_id: str,
        key: AuditKey,
        expected: int,
        previous: str,
        head: Any,
    ) -> None:
        self._organization_id = organization_id
        self._key = key
        self._expected = expected
        self._previous = previous
        self._head = head
        self._later = {
            event.sequence: event
            for event in _read(session, organization_id, after=expected - 1)
        }

    def fault(self, found: _Event) -> Fault:
        """The fault, where `found` is what stands there or comes next."""
        expected = self._expected
        if found.sequence != expected and _is_before(found.sequence, expected):
            message = "an event stands before the first"
            return Fault(expected, FaultKind.INSERTED, message)
        belongs = self._what_belongs()
        if belongs is not None:
            return self._moved(found, belongs)
        if found.sequence != expected:
            return Fault(expected, FaultKind.MISSING, "there is no such event")
        if self._head is not None and expected > self._head.sequence:
            return Fault(
                expected, FaultKind.INSERTED, "it comes after the last that was written"
            )
        following = self._later.get(expected + 1)
        if following is not None and self._fits(following, found.mac, expected + 2):
            return Fault(
                expected,
                FaultKind.MISSING,
                "it was taken out, and those after it were renumbered",
            )
        return Fault(expected, FaultKind.ALTERED, self._altered())

    def _moved(self, found: _Event, belongs: _Event) -> Fault:
        expected, elsewhere = self._expected, belongs.sequence
        if found.sequence != expected:
            return Fault(
                expected,
                FaultKind.ALTERED,
                f"its number was changed to {elsewhere}",
            )
        # Before the other place stands what belongs here, or an event left as it was.
        before = self._later.get(_less_one(elsewhere))
        if before is None or before.sequence == expected:
            before = belongs
        if self._fits(found, before.mac, elsewhere):
            return Fault(
                expected,
                FaultKind.SWAPPED,
                f"it has changed places with number {elsewhere}",
            )
        return Fault(
            expected,
            FaultKind.INSERTED,
            f"what stands here was put in; the event is at number {elsewhere}",
        )

    def _what_belongs(self) -> _Event | None:
        """The event that fits here, wherever it stands."""
        for event in self._later.values():
            if self._fits(event, self._previous, self._expected):
                return event
        return None

    def _fits(self, event: _Event, previous: Any, sequence: Any) -> bool:
        return event.fits(self._key, self._organization_id, previous, sequence)

    def _altered(self) -> str:
        head = self._head
        if head is not None and head.key_id != self._key.key_id:
            return (
                "its seal does not fit; the trail says that it was begun with the key "
                f"{head.key_id}, this one is {self._key.key_id}"
            )
        return "its seal does not fit what it says"


def _is_before(sequence: Any, expected: int) -> bool:
    return isinstance(sequence, int) and sequence < expected


def _less_one(sequence: Any) -> Any:
    return sequence - 1 if isinstance(sequence, int) else None
