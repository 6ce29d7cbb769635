"""The tables of durable jobs: the work, the bytes handed in, what came of it.

Inputs and results hold PHI and are removed in time (`remove_old_content`); the row of
a job holds ids, counts and codes only and stays.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from denialml.store.columns import Base, OrganizationColumn, Payload, RecordKey


class JobRow(Base):
    """One row per job: work that was handed in, to be done by a worker.

    `attempt` counts how often the job was taken up since its last step forward.
    `lease_owner` may write for it until `lease_until`; both are null while nobody works
    on it. `parts_done` steps are on file with their results. `problem_code` and
    `problem_text` say why it failed, waits for another try or is parked; empty else.
    `has_content` is False once its input and results have been removed.
    """

    __tablename__ = "jobs"
    job_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    kind: Mapped[str]
    status: Mapped[str]
    asked_by: Mapped[str]
    request_id: Mapped[str]
    file_name: Mapped[str]
    options: Mapped[Payload]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    not_before: Mapped[datetime]
    attempt: Mapped[int]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    bytes_total: Mapped[int]
    bytes_done: Mapped[int]
    records_done: Mapped[int]
    records_failed: Mapped[int]
    parts_done: Mapped[int]
    problem_code: Mapped[str]
    problem_text: Mapped[str]
    has_content: Mapped[bool]
    __table_args__ = (
        Index("jobs_by_status", "status", "not_before"),
        Index("jobs_by_organization", "organization_id", "created_at", "job_id"),
    )


class JobInputRow(Base):
    """One row per part of the bytes handed in with a job, in order from 0."""

    __tablename__ = "job_inputs"
    job_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("jobs.job_id"), primary_key=True
    )
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organization_id: Mapped[OrganizationColumn]
    content: Mapped[bytes] = mapped_column(LargeBinary())


class JobResultRow(Base):
    """One row per part of a job's results: lines of JSON, compressed with zlib."""

    __tablename__ = "job_results"
    job_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("jobs.job_id"), primary_key=True
    )
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organization_id: Mapped[OrganizationColumn]
    record_count: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary())
