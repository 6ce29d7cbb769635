"""Who is calling and the audit of a score, on the event loop.

Asking the database in the usual way takes about as long as scoring a claim. The short
way (`api.short_way`) saves that without changing what is promised: who is calling is
remembered, and `api.audit_writer`, which writes the event before the answer leaves,
says in the same transaction whether anything else was committed since. Where it was,
nothing is written, the score is thrown away and the request goes the usual way: a
revoked key is refused at once, and no score comes from records that have changed.

For SQLite files only; closed (`is_open`) on any other database.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from api.audit_writer import (
    WAIT_SECONDS,
    AuditNote,
    AuditWriter,
    Ticket,
    unavailable,
)
from denialml.domain.claim import Claim
from denialml.store.api_keys import KeyGrant, find_key
from denialml.store.audit import AuditAction
from denialml.store.database import open_session
from denialml.store.identity import Identity
from denialml.store.organizations import get_organization

KNOWN_KEYS = 1000
# A key is 47 characters; nothing longer is worth hashing.
MAXIMUM_KEY_LENGTH = 200


@dataclass(frozen=True)
class Known:
    """What a key allows, and which records its organization had in that epoch.

    `identity` makes the ids of the organization's patients.
    """

    grant: KeyGrant
    identity: Identity
    records_version: int
    epoch: int


class ScoreDesk:
    """One per service; used only on the event loop's thread."""

    def __init__(self, engine: Engine, *, audit: AuditWriter, pepper: bytes) -> None:
        self._engine = engine
        self._audit = audit
        self._pepper = pepper
        self._known: dict[bytes, Known] = {}
        self.is_open = engine.dialect.name == "sqlite" and bool(engine.url.database)

    def admit(self, plaintext: str, *, now: datetime) -> Known | None:
        """Who is calling; None for a key that is unknown, expired or revoked."""
        if len(self._known) > KNOWN_KEYS:
            self._known.clear()
        digest = hashlib.sha256(plaintext.encode(errors="surrogateescape")).digest()
        known = self._known.get(digest)
        if known is None or known.epoch != self._audit.epoch:
            known = self._ask(plaintext, now)
            if known is None:
                self._known.pop(digest, None)
                return None
            self._known[digest] = known
        expires_at = known.grant.expires_at
        return known if expires_at is None or expires_at > now else None

    async def record(
        self, known: Known, claim: Claim, *, request_id: str, now: datetime
    ) -> bool:
        """Audit the score of one claim; False: what was known of the caller is old.

        Raises `RequestProblem` (store-unavailable) where that takes too long.
        """
        note = AuditNote(
            AuditAction.CLAIMS_SCORED,
            "claim",
            "",
            record_count=1,
            patient_id=known.identity.of_patient(claim),
        )
        ticket = Ticket(
            organization_id=known.grant.organization_id,
            actor=known.grant.key_id,
            request_id=request_id,
            now=now,
            notes=(note,),
            epoch=known.epoch,
        )
        written = asyncio.wrap_future(self._audit.submit(ticket))
        try:
            return await asyncio.wait_for(written, WAIT_SECONDS)
        except (TimeoutError, DBAPIError) as error:
            raise unavailable() from error

    def _ask(self, plaintext: str, now: datetime) -> Known | None:
        if len(plaintext) > MAXIMUM_KEY_LENGTH:
            return None
        # Before the question: what is read may be newer than the epoch, never older.
        epoch = self._audit.epoch
        with open_session(self._engine, read_only=True) as session:
            grant = find_key(session, plaintext, pepper=self._pepper, now=now)
            if grant is None:
                return None
            organization = get_organization(session, grant.organization_id)
            identity = Identity(organization.fingerprint_key)
            return Known(grant, identity, organization.records_version, epoch)
