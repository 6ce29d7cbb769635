"""Which patients' rows a piece of work was handed by the database.

Connections to SQLite are wrapped where SQLAlchemy opens them; a cursor that hands out a
row of a table that may be about a patient says so to the work being watched.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Dialect, Engine, event
from starlette.types import ASGIApp, Receive, Scope, Send

from denialml.store.columns import Base

# A table that is not named here is taken to be about patients.
WITHOUT_PATIENTS = frozenset(
    {
        "api_keys",
        "audit_events",
        "audit_heads",
        "clinicians",
        "enrollments",
        "jobs",
        "organizations",
        "payers",
        "sign_ins",
        "source_files",
    }
)
_watched: ContextVar[set[str] | None] = ContextVar("watched", default=None)


def patient_tables() -> frozenset[str]:
    """Every table that may be about a patient."""
    return frozenset(Base.metadata.tables) - WITHOUT_PATIENTS


class WatchedCursor(sqlite3.Cursor):
    """Notes the tables of the last question as soon as it has handed out a row."""

    tables: frozenset[str] = frozenset()

    def execute(self, statement: str, *rest: Any) -> "WatchedCursor":
        is_question = statement.lstrip()[:6].upper() in {"SELECT", "WITH R"}
        words = frozenset(re.findall(r"\w+", statement)) if is_question else frozenset()
        self.tables = words & patient_tables()
        super().execute(statement, *rest)
        return self

    def fetchone(self) -> Any:
        return self._noted(super().fetchone())

    def fetchmany(self, *size: Any, **named: Any) -> Any:
        return self._noted(super().fetchmany(*size, **named))

    def fetchall(self) -> Any:
        return self._noted(super().fetchall())

    def __next__(self) -> Any:
        return self._noted(super().__next__())

    def _noted(self, rows: Any) -> Any:
        watched = _watched.get()
        if rows and watched is not None:
            watched |= self.tables
        return rows


class WatchedConnection(sqlite3.Connection):
    """A connection whose cursors are watched."""

    def cursor(self, *_factory: Any) -> Any:
        return super().cursor(WatchedCursor)


@contextmanager
def connections_watched() -> Iterator[None]:
    """Every SQLite connection that is opened meanwhile is watched."""

    def wrap(
        dialect: Dialect, _record: Any, _arguments: Any, options: dict[str, Any]
    ) -> None:
        if dialect.name == "sqlite":
            options["factory"] = WatchedConnection

    event.listen(Engine, "do_connect", wrap)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", wrap)


@contextmanager
def watching() -> Iterator[set[str]]:
    """The tables of patients that this thread is handed rows of meanwhile."""
    seen: set[str] = set()
    before = _watched.set(seen)
    try:
        yield seen
    finally:
        _watched.reset(before)


class WatchedApp:
    """An application that keeps what each request was handed, by the request's id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.seen: dict[str, set[str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        with watching() as seen:
            self.seen[headers.get(b"x-request-id", b"").decode()] = seen
            await self.app(scope, receive, send)
