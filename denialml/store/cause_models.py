"""The root-cause model that an organization learnt last; bytes to the store."""

import zlib
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from denialml.store.cause_tables import CauseModelRow
from denialml.store.writing import upsert

# A model of a few thousand trees is some megabytes; far more is none of ours.
LARGEST_BYTES = 200_000_000


def save_cause_model(
    session: Session,
    organization_id: str,
    content: bytes,
    *,
    version: str,
    now: datetime,
) -> None:
    """Keep a model in the place of the one before."""
    row = {
        "organization_id": organization_id,
        "version": version,
        "learnt_at": now,
        "content": zlib.compress(content),
    }
    upsert(session, CauseModelRow, [row], key=("organization_id",))


def cause_model_version(session: Session, organization_id: str) -> str:
    """The version of the model on file, empty without one."""
    statement = select(CauseModelRow.version).where(
        CauseModelRow.organization_id == organization_id
    )
    return session.scalar(statement) or ""


def cause_model(session: Session, organization_id: str) -> bytes | None:
    """The model as it was saved; None without one, or where the row is damaged."""
    packed = session.scalar(
        select(CauseModelRow.content).where(
            CauseModelRow.organization_id == organization_id
        )
    )
    if packed is None:
        return None
    try:
        return zlib.decompressobj().decompress(packed, LARGEST_BYTES)
    except zlib.error:
        return None


def remove_cause_model(session: Session, organization_id: str) -> None:
    """Take the model away; nothing for an organization without one."""
    session.execute(
        delete(CauseModelRow).where(CauseModelRow.organization_id == organization_id)
    )
