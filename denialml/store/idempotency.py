"""Answers kept so that a request sent again has its effect once.

An answer is kept in the transaction of its effect: either both are on file or neither.
What is kept may hold PHI, or a secret that is shown once. It is sealed under a key made
of the installation's secret and the caller's Idempotency-Key, which is not stored: only
who sends that key again can have it opened.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from denialml.domain.record import Judgment
from denialml.store.caller_tables import KeptAnswerRow

NONCE_BYTES: Final = 12
SWEPT_AT_ONCE: Final = 200


class KeptAnswer(Judgment, frozen=True):
    """What a request was answered. `request_id` is that of the request it answered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    request_id: str = ""


class KeyedRequest:
    """A request with an Idempotency-Key: which one it is, and what it asks for.

    The same key of another caller, organization or operation is another request.
    `sent` is everything that tells one request from another with the same key.
    """

    def __init__(
        self,
        secret: bytes,
        organization_id: str,
        *,
        actor: str,
        operation: str,
        key: str,
        sent: Sequence[bytes],
    ) -> None:
        scope = [organization_id.encode(), actor.encode(), operation.encode()]
        scope.append(key.encode())
        self.organization_id = organization_id
        self.answer_id = _digest(secret, b"answer", *scope).hex()
        self.fingerprint = _digest(secret, b"fingerprint", *scope, *sent).hex()
        self._cipher = AESGCM(_digest(secret, b"content", *scope))

    def seal(self, content: bytes) -> bytes:
        """Content that can be opened with the same key only, under the same id."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, self.answer_id.encode())

    def open(self, sealed: bytes) -> bytes:
        """What `seal` was given; `InvalidTag` for anything else."""
        nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return self._cipher.decrypt(nonce, content, self.answer_id.encode())


class Standing(Enum):
    """What there is to do about a request without an answer of its own.

    NEW: answer it. IN_FLIGHT: another process is answering it (PostgreSQL; on SQLite
    the transaction has waited for that to end). USED_OTHERWISE: the key came with
    another request before.
    """

    NEW = "new"
    IN_FLIGHT = "in flight"
    USED_OTHERWISE = "used otherwise"


def kept_answer(
    session: Session, request: KeyedRequest, *, since: datetime
) -> KeptAnswer | Standing:
    """What this request was answered after `since`, or what to do about it.

    Whoever is told NEW answers it, and keeps the answer (`keep_answer`) in this
    transaction; until that ends nobody else is told NEW.
    """
    if not _take(session, request):
        return Standing.IN_FLIGHT
    row = session.execute(
        select(
            KeptAnswerRow.fingerprint, KeptAnswerRow.request_id, KeptAnswerRow.content
        ).where(
            KeptAnswerRow.organization_id == request.organization_id,
            KeptAnswerRow.answer_id == request.answer_id,
            KeptAnswerRow.kept_at >= since,
        )
    ).one_or_none()
    if row is None:
        return Standing.NEW
    if not hmac.compare_digest(row.fingerprint, request.fingerprint):
        return Standing.USED_OTHERWISE
    answer = msgspec.msgpack.decode(request.open(row.content), type=KeptAnswer)
    return msgspec.structs.replace(answer, request_id=row.request_id)


def keep_answer(
    session: Session, request: KeyedRequest, answer: KeptAnswer, *, now: datetime
) -> None:
    """Keep what a request was answered; an expired answer to the same key goes."""
    session.execute(
        delete(KeptAnswerRow).where(
            KeptAnswerRow.organization_id == request.organization_id,
            KeptAnswerRow.answer_id == request.answer_id,
        )
    )
    session.execute(
        insert(KeptAnswerRow).values(
            answer_id=request.answer_id,
            organization_id=request.organization_id,
            fingerprint=request.fingerprint,
            request_id=answer.request_id,
            kept_at=now,
            content=request.seal(msgspec.msgpack.encode(answer)),
        )
    )


def sweep_answers(session: Session, *, before: datetime) -> int:
    """Remove up to `SWEPT_AT_ONCE` answers kept before that moment; how many went.

    Of all organizations: one that sends nothing any more keeps nothing either. Rows
    that another sweep holds are left to it.
    """
    old = session.scalars(
        select(KeptAnswerRow.answer_id)
        .where(KeptAnswerRow.kept_at < before)
        .order_by(KeptAnswerRow.kept_at)
        .limit(SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if old:
        session.execute(delete(KeptAnswerRow).where(KeptAnswerRow.answer_id.in_(old)))
    return len(old)


def _take(session: Session, request: KeyedRequest) -> bool:
    """Whether the request is this transaction's to answer.

    On SQLite the transaction holds the only write lock from its beginning.
    """
    if session.get_bind().dialect.name != "postgresql":
        return True
    number = int.from_bytes(bytes.fromhex(request.answer_id)[:8], signed=True)
    statement = text("SELECT pg_try_advisory_xact_lock(:number)")
    return bool(session.scalar(statement, {"number": number}))


def _digest(secret: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 of parts that cannot run into each other."""
    joined = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.new(secret, joined, hashlib.sha256).digest()
