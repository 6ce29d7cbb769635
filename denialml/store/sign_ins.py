"""Signed-in browsers: whose key each stands for, until when.

Kept in the database, so that every worker knows them and a restart ends none. A
browser holds a random token; only a keyed digest of it is stored, so a stolen database
signs nobody in. Neither the key nor the token is ever stored.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from denialml.store.sign_in_table import SignInRow


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """When a sign-in ends by itself, and how many an organization may have.

    `idle` without a look, `lifetime` in any case. Past `per_organization`, the one
    that looked longest ago gives way.
    """

    idle: timedelta
    lifetime: timedelta
    per_organization: int = 1000


@dataclass(frozen=True, slots=True)
class StoredSignIn:
    """One signed-in browser. `digest` identifies it without its token."""

    digest: str
    organization_id: str
    key_id: str
    started_at: datetime
    last_seen_at: datetime


def add_sign_in(
    session: Session,
    organization_id: str,
    *,
    key_id: str,
    token: str,
    pepper: bytes,
    limits: SignInLimits,
    now: datetime,
) -> None:
    """Sign a browser in; sign-ins that have ended are forgotten on the way."""
    mine = SignInRow.organization_id == organization_id
    session.execute(
        delete(SignInRow).where(
            mine,
            or_(
                SignInRow.last_seen_at < now - limits.idle,
                SignInRow.started_at < now - limits.lifetime,
            ),
        )
    )
    kept = (
        select(SignInRow.token_digest)
        .where(mine)
        .order_by(SignInRow.last_seen_at.desc(), SignInRow.token_digest)
        .limit(limits.per_organization - 1)
    )
    crowded_out = session.scalars(
        select(SignInRow.token_digest).where(mine, SignInRow.token_digest.not_in(kept))
    ).all()
    if crowded_out:
        session.execute(
            delete(SignInRow).where(mine, SignInRow.token_digest.in_(crowded_out))
        )
    session.execute(
        insert(SignInRow).values(
            token_digest=_digest(token, pepper),
            organization_id=organization_id,
            key_id=key_id,
            started_at=now,
            last_seen_at=now,
        )
    )


def find_sign_in(
    session: Session, token: str, *, pepper: bytes, limits: SignInLimits, now: datetime
) -> StoredSignIn | None:
    """What a token stands for now; None: unknown, signed out, idle or too old."""
    digest = _digest(token, pepper)
    row = session.execute(
        select(SignInRow.__table__).where(SignInRow.token_digest == digest)
    ).one_or_none()
    if row is None or not hmac.compare_digest(row.token_digest, digest):
        return None
    if now - row.last_seen_at > limits.idle or now - row.started_at > limits.lifetime:
        return None
    return StoredSignIn(
        digest=row.token_digest,
        organization_id=row.organization_id,
        key_id=row.key_id,
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
    )


def note_look(
    session: Session, organization_id: str, *, digest: str, now: datetime
) -> None:
    """Keep a sign-in from idling; one that was ended meanwhile stays ended."""
    session.execute(
        update(SignInRow)
        .where(
            SignInRow.organization_id == organization_id,
            SignInRow.token_digest == digest,
            SignInRow.last_seen_at < now,
        )
        .values(last_seen_at=now)
    )


def end_sign_in(session: Session, token: str, *, pepper: bytes) -> None:
    """Sign a browser out; an unknown token is no fault."""
    session.execute(
        delete(SignInRow).where(SignInRow.token_digest == _digest(token, pepper))
    )


def _digest(token: str, pepper: bytes) -> str:
    # A prefix keeps this apart from what the same secret makes of keys and forms.
    message = b"sign-in:" + token.encode("utf-8", "surrogateescape")
    return hmac.new(pepper, message, hashlib.sha256).hexdigest()
