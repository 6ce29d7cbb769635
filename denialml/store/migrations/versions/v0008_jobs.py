"""Durable jobs: the work, the bytes handed in with it, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "v0008"
down_revision = "v0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.String(64), primary_key=True),
        _organization(),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("lease_owner", sa.String()),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("bytes_done", sa.BigInteger(), nullable=False),
        sa.Column("records_done", sa.BigInteger(), nullable=False),
        sa.Column("records_failed", sa.BigInteger(), nullable=False),
        sa.Column("parts_done", sa.BigInteger(), nullable=False),
        sa.Column("problem_code", sa.String(), nullable=False),
        sa.Column("problem_text", sa.String(), nullable=False),
        sa.Column("has_content", sa.Boolean(), nullable=False),
    )
    op.create_index("jobs_by_status", "jobs", ["status", "not_before"])
    op.create_index(
        "jobs_by_organization", "jobs", ["organization_id", "created_at", "job_id"]
    )
    for table, counted in (("job_inputs", False), ("job_results", True)):
        op.create_table(
            table,
            sa.Column(
                "job_id", sa.String(64), sa.ForeignKey("jobs.job_id"), primary_key=True
            ),
            sa.Column("part", sa.BigInteger(), primary_key=True, autoincrement=False),
            _organization(),
            *(
                [sa.Column("record_count", sa.BigInteger(), nullable=False)]
                if counted
                else []
            ),
            sa.Column("content", sa.LargeBinary(), nullable=False),
        )


def _organization() -> sa.Column[str]:
    return sa.Column(
        "organization_id",
        sa.String(64),
        sa.ForeignKey("organizations.organization_id"),
        nullable=False,
    )
