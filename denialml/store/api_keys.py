"""API keys: only a keyed digest is stored, the key itself is shown once."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from denialml.errors import UnknownRecord
from denialml.store.office_tables import ApiKeyRow

KEY_PREFIX = "dml_"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """What a valid key allows, and for whom."""

    key_id: str
    organization_id: str
    label: str
    scopes: frozenset[str]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One issued key as an administrator sees it."""

    key_id: str
    label: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def issue_key(
    session: Session,
    organization_id: str,
    *,
    label: str,
    scopes: Collection[str],
    pepper: bytes,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[str, str]:
    """Make a key and return its id and its text, which is never shown again."""
    random = base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES))
    plaintext = KEY_PREFIX + random.decode().rstrip("=")
    key_id = f"key_{secrets.token_hex(8)}"
    session.execute(
        insert(ApiKeyRow).values(
            key_id=key_id,
            organization_id=organization_id,
            label=label,
            digest=_digest(plaintext, pepper),
            scopes=" ".join(sorted(scopes)),
            created_at=now,
            expires_at=expires_at,
            revoked_at=None,
        )
    )
    return key_id, plaintext


def find_key(
    session: Session, plaintext: str, *, pepper: bytes, now: datetime
) -> KeyGrant | None:
    """What this key allows now: None when it is unknown, expired or revoked."""
    if not plaintext.startswith(KEY_PREFIX) or not plaintext.isascii():
        return None
    digest = _digest(plaintext, pepper)
    row = session.execute(
        select(ApiKeyRow.__table__).where(ApiKeyRow.digest == digest)
    ).one_or_none()
    if row is None or not hmac.compare_digest(row.digest, digest):
        return None
    if row.revoked_at is not None:
        return None
    if row.expires_at is not None and row.expires_at <= now:
        return None
    return KeyGrant(
        key_id=row.key_id,
        organization_id=row.organization_id,
        label=row.label,
        scopes=frozenset(row.scopes.split()),
        expires_at=row.expires_at,
    )


def revoke_key(
    session: Session, organization_id: str, *, key_id: str, now: datetime
) -> None:
    """Make a key useless from the next request on; a second call changes nothing.

    Raises:
        UnknownRecord: this organization has no such key.
    """
    keys = {record.key_id: record for record in list_keys(session, organization_id)}
    if key_id not in keys:
        raise UnknownRecord(f"no API key {key_id!r} in this organization")
    if keys[key_id].revoked_at is None:
        session.execute(
            update(ApiKeyRow)
            .where(
                ApiKeyRow.organization_id == organization_id,
                ApiKeyRow.key_id == key_id,
            )
            .values(revoked_at=now)
        )


def list_keys(session: Session, organization_id: str) -> tuple[KeyRecord, ...]:
    """Every key ever issued to the organization, oldest first."""
    statement = (
        select(ApiKeyRow.__table__)
        .where(ApiKeyRow.organization_id == organization_id)
        .order_by(ApiKeyRow.created_at, ApiKeyRow.key_id)
    )
    return tuple(
        KeyRecord(
            key_id=row.key_id,
            label=row.label,
            scopes=frozenset(row.scopes.split()),
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )
        for row in session.execute(statement)
    )


def _digest(plaintext: str, pepper: bytes) -> str:
    return hmac.new(pepper, plaintext.encode(), hashlib.sha256).hexdigest()
