"""What callers tell about what denialml had said of a claim: added, never changed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from denialml.domain.record import Judgment
from denialml.store.caller_tables import ClaimFeedbackRow
from denialml.store.claims import get_claim
from denialml.store.database import lock_organization
from denialml.store.identity import Identity
from denialml.store.organizations import get_organization


class FeedbackStatement(StrEnum):
    """What may be told of a claim that was held or warned about."""

    FALSE_ALARM = "false_alarm"
    FIXED_AND_RESUBMITTED = "fixed_and_resubmitted"
    DENIED_AS_PREDICTED = "denied_as_predicted"


class ClaimFeedback(Judgment, frozen=True):
    """One statement about one claim. `given_by` is who told it (a key's id)."""

    feedback_id: str
    claim_id: str
    statement: FeedbackStatement
    given_by: str
    given_at: datetime


def add_feedback(
    session: Session,
    organization_id: str,
    claim_id: str,
    statement: FeedbackStatement,
    *,
    actor: str,
    now: datetime,
) -> ClaimFeedback:
    """Add what was told; the newest stands, the earlier ones stay on file.

    Raises:
        UnknownRecord: this organization has no such claim.
    """
    lock_organization(session, organization_id)
    get_claim(session, organization_id, claim_id)
    newest = session.scalar(
        select(func.max(ClaimFeedbackRow.position)).where(
            ClaimFeedbackRow.organization_id == organization_id,
            ClaimFeedbackRow.claim_id == claim_id,
        )
    )
    position = (newest or 0) + 1
    identity = Identity(get_organization(session, organization_id).fingerprint_key)
    feedback_id = identity.of_parts("fbk", claim_id, str(position))
    session.execute(
        insert(ClaimFeedbackRow).values(
            feedback_id=feedback_id,
            organization_id=organization_id,
            claim_id=claim_id,
            position=position,
            statement=statement.value,
            given_by=actor,
            given_at=now,
        )
    )
    return ClaimFeedback(
        feedback_id=feedback_id,
        claim_id=claim_id,
        statement=statement,
        given_by=actor,
        given_at=now,
    )


def feedback_of(
    session: Session, organization_id: str, claim_id: str
) -> tuple[ClaimFeedback, ...]:
    """Everything told about one claim, newest first."""
    rows = session.scalars(
        select(ClaimFeedbackRow)
        .where(
            ClaimFeedbackRow.organization_id == organization_id,
            ClaimFeedbackRow.claim_id == claim_id,
        )
        .order_by(ClaimFeedbackRow.position.desc())
    )
    return tuple(
        ClaimFeedback(
            feedback_id=row.feedback_id,
            claim_id=row.claim_id,
            statement=FeedbackStatement(row.statement),
            given_by=row.given_by,
            given_at=row.given_at,
        )
        for row in rows
    )
