"""Drafted letters: versions are added, never changed or removed."""

from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from denialml.domain.appeal import AppealDraft
from denialml.errors import UnknownRecord
from denialml.store.denials import get_denial
from denialml.store.payloads import payload_decoder, to_payload
from denialml.store.tables import (
    AppealDraftRow,
)


def save_draft(session: Session, organization_id: str, draft: AppealDraft) -> int:
    """Add a draft as the next version for its denial; returns the version, from 1.

    Raises:
        UnknownRecord: this organization has no such denial.
    """
    get_denial(session, organization_id, draft.denial_id)
    newest = session.scalar(
        select(func.max(AppealDraftRow.version)).where(
            AppealDraftRow.organization_id == organization_id,
            AppealDraftRow.denial_id == draft.denial_id,
        )
    )
    version = (newest or 0) + 1
    session.execute(
        insert(AppealDraftRow).values(
            draft_id=draft.draft_id,
            organization_id=organization_id,
            denial_id=draft.denial_id,
            version=version,
            status=draft.status,
            drafted_at=draft.drafted_at,
            payload=to_payload(draft),
        )
    )
    return version


def get_draft(session: Session, organization_id: str, draft_id: str) -> AppealDraft:
    """One draft.

    Raises:
        UnknownRecord: this organization has no such draft.
    """
    draft = find_draft(session, organization_id, draft_id)
    if draft is None:
        raise UnknownRecord("no such appeal draft in this organization")
    return draft


def find_draft(
    session: Session, organization_id: str, draft_id: str
) -> AppealDraft | None:
    """One draft, None when this organization has none with this id."""
    found = list_drafts(session, organization_id, draft_id=draft_id)
    return found[0] if found else None


def latest_draft(
    session: Session, organization_id: str, denial_id: str
) -> AppealDraft | None:
    """The newest version for a denial, None before the first."""
    found = list_drafts(session, organization_id, denial_id=denial_id, limit=1)
    return found[0] if found else None


def list_drafts(
    session: Session,
    organization_id: str,
    *,
    denial_id: str | None = None,
    draft_id: str | None = None,
    limit: int = 200,
) -> tuple[AppealDraft, ...]:
    """Drafts, newest first; of one denial where it is given."""
    conditions: list[Any] = [AppealDraftRow.organization_id == organization_id]
    if denial_id is not None:
        conditions.append(AppealDraftRow.denial_id == denial_id)
    if draft_id is not None:
        conditions.append(AppealDraftRow.draft_id == draft_id)
    statement = (
        select(AppealDraftRow.payload)
        .where(*conditions)
        .order_by(
            AppealDraftRow.drafted_at.desc(),
            AppealDraftRow.version.desc(),
            AppealDraftRow.draft_id,
        )
        .limit(limit)
    )
    decode = payload_decoder(AppealDraft).decode
    return tuple(decode(payload) for payload in session.scalars(statement))
