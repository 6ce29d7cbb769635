"""Answers kept for callers that repeat a request, and what they tell of a score."""

import sqlalchemy as sa
from alembic import op

revision = "v0007"
down_revision = "v0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "kept_answers",
        sa.Column("answer_id", sa.String(64), primary_key=True),
        _organization(),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_kept_answers_kept_at", "kept_answers", ["kept_at"])
    op.create_table(
        "claim_feedback",
        sa.Column("feedback_id", sa.String(64), primary_key=True),
        _organization(),
        sa.Column(
            "claim_id", sa.String(64), sa.ForeignKey("claims.claim_id"), nullable=False
        ),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(
        "claim_feedback_by_claim",
        "claim_feedback",
        ["organization_id", "claim_id", "position"],
        unique=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        # Why: see the first schema.
        op.execute(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES"
            " ('kept_answers', 'ix_kept_answers_kept_at', '100000 10'),"
            " ('claim_feedback', 'claim_feedback_by_claim', '1000000 500000 1 1')"
        )


def _organization() -> sa.Column[str]:
    return sa.Column(
        "organization_id",
        sa.String(64),
        sa.ForeignKey("organizations.organization_id"),
        nullable=False,
    )
