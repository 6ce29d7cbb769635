"""The short way for one claim: everything on the event loop, nothing waited for.

Scoring one claim takes about as long as handing work to a thread and asking the
database who is calling. Here both are saved without changing what is promised:

- Who is calling is remembered only for as long as no other connection has committed
  anything (SQLite's `data_version` says so), so a revoked key is refused at once.
- The audit event is committed before the answer, on a connection that never waits: if
  another writer holds the database, the request takes the long way, through a thread.

PostgreSQL, batches, files and a scorer that is not ready always take the long way.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert
from sqlalchemy.exc import OperationalError

from denialml.store.api_keys import KeyGrant, find_key
from denialml.store.audit import AuditAction
from denialml.store.database import open_session
from denialml.store.office_tables import AuditEventRow
from denialml.store.organizations import get_organization

KNOWN_KEYS = 1000
# A key is 47 characters; nothing longer is worth hashing.
MAXIMUM_KEY_LENGTH = 200


# The same row as `record_event` adds, as a statement that is built once: building it
# for every request would take as long as the score itself. A test compares the rows.
_RECORD_SCORE = insert(AuditEventRow).values(
    organization_id=bindparam("organization_id"),
    occurred_at=bindparam("occurred_at"),
    actor=bindparam("actor"),
    action=AuditAction.CLAIMS_SCORED.value,
    record_kind="claim",
    record_id="",
    record_count=bindparam("record_count"),
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
            known = self.ask(plaintext, now=now)
            if known is None:
                return None
            self._known[digest] = known
        expires_at = known.grant.expires_at
        return known if expires_at is None or expires_at > now else None

    def record(self, grant: KeyGrant, *, claims: int, now: datetime) -> bool:
        """Audit a score; False when another writer holds the database."""
        connection = self._connected()
        try:
            with connection.begin():
                connection.execute(
                    _RECORD_SCORE,
                    {
                        "organization_id": grant.organization_id,
                        "occurred_at": now,
                        "actor": grant.key_id,
                        "record_count": claims,
                    },
                )
        except OperationalError:
            return False
        return True

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(self, plaintext: str, *, now: datetime) -> Known | None:
        """Who is calling, from the database; may be called on any thread."""
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

    def _driver(self) -> SqliteConnection:
        driver = self._connected().connection.driver_connection
        assert isinstance(driver, SqliteConnection)
        return driver
