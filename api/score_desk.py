"""Who is calling and the audit of a score, on the event loop and without waiting.

Asking the database in the usual way takes about as long as scoring a claim. The short
way (`api.short_way`) saves that without changing what is promised:

- Who is calling is remembered only for as long as no other connection has committed
  anything (SQLite's `data_version` says so), so a revoked key is refused at once.
- The audit event is committed before the answer, on a connection that never waits: if
  another writer holds the database, the request goes the usual way, on a thread.

For SQLite files only; closed (`is_open`) on any other database.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, literal_column
from sqlalchemy.dialects import sqlite

from denialml.store.api_keys import KeyGrant, find_key
from denialml.store.audit import AuditAction
from denialml.store.database import open_session
from denialml.store.office_tables import AuditEventRow
from denialml.store.organizations import get_organization

KNOWN_KEYS = 1000
# A key is 47 characters; nothing longer is worth hashing.
MAXIMUM_KEY_LENGTH = 200


# The same row as `record_event` adds, compiled once: building the statement for every
# request would take a good part of the time that the score takes. A test compares the
# rows of both ways.
_SQLITE = sqlite.dialect()
_AUDIT_COLUMNS = AuditEventRow.__table__.columns
_RECORD_SCORE = str(
    insert(AuditEventRow)
    .values(
        organization_id=bindparam("organization_id"),
        occurred_at=bindparam("occurred_at"),
        actor=bindparam("actor"),
        action=literal_column(f"'{AuditAction.CLAIMS_SCORED.value}'"),
        record_kind=literal_column("'claim'"),
        record_id=literal_column("''"),
        record_count=bindparam("record_count"),
    )
    .compile(dialect=_SQLITE)
)
_as_stored = (
    _AUDIT_COLUMNS["occurred_at"].type.dialect_impl(_SQLITE).bind_processor(_SQLITE)
)


@dataclass(frozen=True)
class Known:
    """What a key allows, and which records its organization has."""

    grant: KeyGrant
    records_version: int


class ScoreDesk:
    """One per service; used only on the event loop's thread."""

    def __init__(self, engine: Engine, *, swift_engine: Engine, pepper: bytes) -> None:
        self._engine = engine
        self._swift_engine = swift_engine
        self._pepper = pepper
        self._known: dict[bytes, Known] = {}
        self._data_version: Any = None
        self._connection: Connection | None = None
        self.is_open = engine.dialect.name == "sqlite" and bool(engine.url.database)

    def admit(self, plaintext: str, *, now: datetime) -> Known | None:
        """Who is calling; None for a key that is unknown, expired or revoked."""
        data_version = self._driver().execute("PRAGMA data_version").fetchone()
        if data_version != self._data_version or len(self._known) > KNOWN_KEYS:
            self._known.clear()
            self._data_version = data_version
        digest = hashlib.sha256(plaintext.encode(errors="surrogateescape")).digest()
        known = self._known.get(digest)
        if known is None:
            known = self._ask(plaintext, now)
            if known is None:
                return None
            self._known[digest] = known
        expires_at = known.grant.expires_at
        return known if expires_at is None or expires_at > now else None

    def record(self, grant: KeyGrant, *, claims: int, now: datetime) -> bool:
        """Audit a score; False when another writer holds the database."""
        driver = self._driver()
        occurred_at = now if _as_stored is None else _as_stored(now)
        try:
            driver.execute("BEGIN IMMEDIATE")
            with driver:
                driver.execute(
                    _RECORD_SCORE,
                    (grant.organization_id, occurred_at, grant.key_id, claims),
                )
        except sqlite3.OperationalError:
            return False
        return True

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, plaintext: str, now: datetime) -> Known | None:
        if len(plaintext) > MAXIMUM_KEY_LENGTH:
            return None
        with open_session(self._engine, read_only=True) as session:
            grant = find_key(session, plaintext, pepper=self._pepper, now=now)
            if grant is None:
                return None
            organization = get_organization(session, grant.organization_id)
            return Known(grant, organization.records_version)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._swift_engine.connect()
            self._driver().execute("PRAGMA busy_timeout=0")
        return self._connection

    def _driver(self) -> sqlite3.Connection:
        driver = self._connected().connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        return driver
