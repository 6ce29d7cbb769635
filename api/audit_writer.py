"""The one writer of what a service only reads: events of many requests, one commit.

Reading is audited before the answer leaves, and the audit waits for the disk. Waiting
takes some milliseconds however much is written, so a thread takes the events of all
requests that wait at the moment, appends them in one transaction and releases their
answers together. An event that cannot be written leaves its answer unsent.

On SQLite the writer also says whether anybody else has changed the database: its own
connection sees that (`data_version`), and its own commits do not count. What the
service remembers (`api.score_desk`) stands as long as the `epoch` does, and a ticket
of an earlier epoch is not written.
"""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from api.problems import ProblemType, RequestProblem
from denialml.errors import StoreError
from denialml.store.audit import AuditAction, record_event

# How long an answer waits for its event: past that the store is as good as down.
WAIT_SECONDS: Final = 10
# What a caller is told to wait before it tries again.
RETRY_SECONDS: Final = "2"
# How long the writer waits for its turn with an organization's trail (PostgreSQL).
TURN_SECONDS: Final = 3
BATCH: Final = 500
_OF_ONE_TICKET: Final = (StoreError, ValueError, IntegrityError)


@dataclass(frozen=True)
class AuditNote:
    """One thing a visit did, to be recorded under its actor."""

    action: AuditAction
    record_kind: str
    record_id: str
    record_count: int | None = None
    patient_id: str = ""


@dataclass(frozen=True, eq=False)
class Ticket:
    """The events of one request, waiting to be written.

    `epoch` None: written whatever has changed meanwhile. `written` comes to True, or to
    False where the epoch has passed.
    """

    organization_id: str
    actor: str
    request_id: str
    now: datetime
    notes: Sequence[AuditNote]
    epoch: int | None = None
    written: "Future[bool]" = field(default_factory=Future)


class AuditWriter:
    """One per service. Its thread starts with the first ticket, ends with `close`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        self._data_version: Any = None
        self.epoch = 0

    def submit(self, ticket: Ticket) -> "Future[bool]":
        """Let a request's events be written; done once they are on the disk."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._write_until_closed, name="audit", daemon=True
                )
                self._thread.start()
        self._waiting.put(ticket)
        return ticket.written

    def write(self, ticket: Ticket) -> None:
        """Write a request's events, on the thread that answers it.

        Raises `RequestProblem` (store-unavailable) where that takes too long.
        """
        written = self.submit(ticket)
        try:
            written.result(WAIT_SECONDS)
        except (TimeoutError, CancelledError, DBAPIError) as error:
            written.cancel()
            raise unavailable() from error

    def close(self) -> None:
        """Write what waits, then end."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join(WAIT_SECONDS)

    def _write_until_closed(self) -> None:
        closed = False
        while not closed:
            taken = [self._waiting.get()]
            while len(taken) < BATCH and not self._waiting.empty():
                taken.append(self._waiting.get())
            closed = None in taken
            tickets = [it for it in taken if it is not None]
            if tickets:
                self._write_or_refuse(tickets)
        self._disconnect()

    def _write_or_refuse(self, tickets: list[Ticket]) -> None:
        """Whatever goes wrong, the thread goes on and nobody waits in vain."""
        try:
            self._write_together(tickets)
        except Exception as error:
            for ticket in tickets:
                if not ticket.written.done():
                    ticket.written.set_exception(error)

    def _write_together(self, tickets: list[Ticket], *, again: bool = True) -> None:
        """All of them in one transaction; apart where that fails.

        One organization's fault, or the turn it waits for, is no other's; nor is one
        ticket's another's. A connection that was lost is made anew once.
        """
        try:
            fresh = self._commit(tickets)
        except Exception as error:
            self._disconnect()
            lost = isinstance(error, DBAPIError) and error.connection_invalidated
            if lost and again:
                self._write_together(tickets, again=False)
                return
            parts = _by_organization(tickets)
            if len(parts) == 1 and isinstance(error, _OF_ONE_TICKET):
                parts = [[ticket] for ticket in tickets]
            if len(parts) > 1:
                for part in parts:
                    self._write_together(part, again=again)
                return
            for ticket in tickets:
                if _is_wanted(ticket):
                    ticket.written.set_exception(error)
            return
        for ticket in tickets:
            if _is_wanted(ticket):
                ticket.written.set_result(ticket in fresh)

    def _commit(self, tickets: list[Ticket]) -> list[Ticket]:
        """The tickets that were written: all but those given up or of an old epoch."""
        with Session(self._connected()) as session:
            self._begin(session)
            fresh = [
                it
                for it in tickets
                if _is_wanted(it) and it.epoch in {None, self.epoch}
            ]
            for ticket in fresh:
                _record(session, ticket)
            session.commit()
        return fresh

    def _begin(self, session: Session) -> None:
        """Begin the transaction; a new epoch where others have committed since."""
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{TURN_SECONDS}s'")
            return
        version = connection.exec_driver_sql("PRAGMA data_version").scalar()
        if version != self._data_version:
            self._data_version = version
            self.epoch += 1

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._data_version = None
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def unavailable() -> RequestProblem:
    """What a request is answered whose event cannot be written."""
    return RequestProblem(
        ProblemType.STORE_UNAVAILABLE, headers={"Retry-After": RETRY_SECONDS}
    )


def _record(session: Session, ticket: Ticket) -> None:
    for note in ticket.notes:
        record_event(
            session,
            ticket.organization_id,
            actor=ticket.actor,
            action=note.action,
            record_kind=note.record_kind,
            record_id=note.record_id,
            record_count=note.record_count,
            patient_id=note.patient_id,
            request_id=ticket.request_id,
            now=ticket.now,
        )


def _is_wanted(ticket: Ticket) -> bool:
    """Whether anybody still waits; once asked, the ticket cannot be given up."""
    written = ticket.written
    if written.cancelled():
        return False
    return written.running() or written.set_running_or_notify_cancel()


def _by_organization(tickets: list[Ticket]) -> list[list[Ticket]]:
    parts: dict[str, list[Ticket]] = {}
    for ticket in tickets:
        parts.setdefault(ticket.organization_id, []).append(ticket)
    return list(parts.values())
