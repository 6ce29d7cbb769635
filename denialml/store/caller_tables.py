"""The tables of what callers may repeat, and of what they tell about a score."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from denialml.store.columns import Base, OrganizationColumn, RecordKey


class KeptAnswerRow(Base):
    """One row per answered request that carried an Idempotency-Key.

    `answer_id` and `fingerprint` are HMAC-SHA256, hex: of who asked for what with which
    key, and of all that was sent. `content` is the answer, sealed under a key that the
    Idempotency-Key takes part in: the row alone shows nobody anything.
    """

    __tablename__ = "kept_answers"
    answer_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    fingerprint: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str]
    kept_at: Mapped[datetime] = mapped_column(index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary())


class ClaimFeedbackRow(Base):
    """One row per thing a caller told about what denialml had said of a claim.

    Rows are only ever added; `position` counts those of a claim from 1. `statement` is
    one of a closed list: there is no text that could hold anything else.
    """

    __tablename__ = "claim_feedback"
    feedback_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    claim_id: Mapped[str] = mapped_column(String(64), ForeignKey("claims.claim_id"))
    position: Mapped[int]
    statement: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[datetime]
    __table_args__ = (
        Index(
            "claim_feedback_by_claim",
            "organization_id",
            "claim_id",
            "position",
            unique=True,
        ),
    )
