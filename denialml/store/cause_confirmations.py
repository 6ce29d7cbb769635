"""What people confirmed about root causes: versions are added, never changed."""

from collections.abc import Iterable

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from denialml.domain.denial import CauseConfirmation
from denialml.store.cause_tables import CauseConfirmationRow
from denialml.store.denials import get_denial
from denialml.store.payloads import payload_decoder, to_payload
from denialml.store.writing import chunks


def save_confirmation(
    session: Session, organization_id: str, confirmation: CauseConfirmation
) -> int:
    """Add what a person concluded; returns its version for the denial, from 1.

    Raises:
        UnknownRecord: this organization has no such denial.
    """
    get_denial(session, organization_id, confirmation.denial_id)
    newest = session.scalar(
        select(func.max(CauseConfirmationRow.version)).where(
            CauseConfirmationRow.organization_id == organization_id,
            CauseConfirmationRow.denial_id == confirmation.denial_id,
        )
    )
    version = (newest or 0) + 1
    cause = confirmation.root_cause
    session.execute(
        insert(CauseConfirmationRow).values(
            confirmation_id=confirmation.confirmation_id,
            organization_id=organization_id,
            denial_id=confirmation.denial_id,
            version=version,
            root_cause=cause.value if cause is not None else None,
            confirmed_at=confirmation.confirmed_at,
            payload=to_payload(confirmation),
        )
    )
    return version


def confirmations_of(
    session: Session,
    organization_id: str,
    denial_id: str,
    *,
    limit: int | None = None,
) -> tuple[CauseConfirmation, ...]:
    """The confirmations of one denial, newest first; all without a limit."""
    statement = (
        select(CauseConfirmationRow.payload)
        .where(
            CauseConfirmationRow.organization_id == organization_id,
            CauseConfirmationRow.denial_id == denial_id,
        )
        .order_by(CauseConfirmationRow.version.desc())
        .limit(limit)
    )
    decode = payload_decoder(CauseConfirmation).decode
    return tuple(decode(payload) for payload in session.scalars(statement))


def standing_confirmations(
    session: Session, organization_id: str, denial_ids: Iterable[str] | None = None
) -> dict[str, CauseConfirmation]:
    """The confirmation that stands, by denial; those taken back are left out."""
    mine = CauseConfirmationRow.organization_id == organization_id
    question = select(CauseConfirmationRow.payload).order_by(
        CauseConfirmationRow.denial_id, CauseConfirmationRow.version
    )
    decode = payload_decoder(CauseConfirmation).decode
    conditions = (
        [CauseConfirmationRow.denial_id.in_(chunk) for chunk in chunks(denial_ids)]
        if denial_ids is not None
        else [mine]
    )
    newest: dict[str, CauseConfirmation] = {}
    for condition in conditions:
        for payload in session.scalars(question.where(mine, condition)):
            one = decode(payload)
            newest[one.denial_id] = one
    return {key: one for key, one in newest.items() if one.root_cause is not None}
