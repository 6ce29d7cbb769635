"""Organizations: the practices whose records are kept apart."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from denialml.errors import UnknownRecord
from denialml.store.office_tables import OrganizationRow
from denialml.store.writing import run, table_of

FINGERPRINT_KEY_BYTES = 32
_TABLE = table_of(OrganizationRow)
_IS_ASKED = _TABLE.c.organization_id == bindparam("organization")
_ONE = select(_TABLE).where(_IS_ASKED)
_GROW_VERSION = (
    update(_TABLE).where(_IS_ASKED).values(records_version=_TABLE.c.records_version + 1)
)


@dataclass(frozen=True, slots=True)
class Organization:
    """One practice. `fingerprint_key` is a secret and never leaves the store.

    `records_version` changes whenever an ingestion added or changed a record.
    """

    organization_id: str
    name: str
    is_simulated: bool
    records_version: int
    created_at: datetime
    fingerprint_key: bytes = field(repr=False)


def create_organization(
    session: Session, name: str, *, now: datetime, is_simulated: bool = False
) -> Organization:
    """Make an organization with a fresh id and a fresh fingerprint key."""
    row: dict[str, Any] = {
        "organization_id": f"org_{secrets.token_hex(8)}",
        "name": name,
        "is_simulated": is_simulated,
        "records_version": 0,
        "created_at": now,
        "fingerprint_key": secrets.token_bytes(FINGERPRINT_KEY_BYTES),
    }
    session.execute(insert(OrganizationRow).values(row))
    return Organization(**row)


def get_organization(session: Session, organization_id: str) -> Organization:
    """One organization.

    Raises:
        UnknownRecord: there is none with this id.
    """
    row = run(session, _ONE, organization=organization_id).mappings().one_or_none()
    if row is None:
        raise UnknownRecord(f"no organization {organization_id!r}")
    return Organization(**row)


def list_organizations(session: Session) -> tuple[Organization, ...]:
    """All organizations, oldest first."""
    statement = select(OrganizationRow.__table__).order_by(
        OrganizationRow.created_at, OrganizationRow.organization_id
    )
    return tuple(Organization(**row) for row in session.execute(statement).mappings())


def records_changed(session: Session, organization_id: str) -> None:
    """Note that records were added or changed, so that caches know."""
    run(session, _GROW_VERSION, organization=organization_id)
