"""Durable jobs as a worker sees them: taken up under a lease, done part by part.

Whatever a worker writes is one transaction that also checks its lease: a worker that
lost it, because it stalled or the job was cancelled, writes nothing. A part of the
results and the progress that it stands for are written together, so whoever takes the
job up next goes on at the next part.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, case, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from denialml.store.jobs import INPUTS, JOBS, RESULTS, Job, JobKind, JobStatus, job_of
from denialml.store.organizations import records_changed

# So often a job is taken up without a step forward before it waits for a person.
MAXIMUM_TRIES: Final = 5
LONGEST_LEASE: Final = timedelta(seconds=60)
# Fast, and a tenth of the size: results repeat the same words claim after claim.
COMPRESSION: Final = 1

WORKER_LOST = "worker-lost"
_WORKER_LOST_TEXT = (
    f"The worker ended or stalled {MAXIMUM_TRIES} times at the same place, without a"
    " word. Look into its log, then have the job tried again."
)


class LeaseLost(Exception):
    """Another worker has the job now, or it was cancelled: nothing may be written.

    Never leaves the worker.
    """


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's hold on one job, with what it needs to know to do it.

    `job` is as it was when the lease was taken.
    """

    job: Job
    organization_id: str
    owner: str
    request_id: str
    options: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is after a step; see `Job`."""

    bytes_done: int
    records_done: int
    records_failed: int


def is_job_ready(session: Session, *, now: datetime) -> bool:
    """Whether anything waits to be done; for asking often without a lock."""
    found = session.execute(select(JOBS.c.job_id).where(_ready(now)).limit(1))
    return found.first() is not None


def claim_job(
    session: Session, *, owner: str, lease: timedelta, now: datetime
) -> Lease | None:
    """Take up the job that has waited longest, None where none is ready.

    A job whose worker died is ready again when its lease has run out; after
    `MAXIMUM_TRIES` without a step forward it is parked instead.

    Raises `ValueError` for a lease over `LONGEST_LEASE`.
    """
    if lease > LONGEST_LEASE:
        raise ValueError("a lease lasts at most a minute")
    while True:
        row = session.execute(
            select(JOBS)
            .where(_ready(now))
            .order_by(JOBS.c.not_before, JOBS.c.created_at, JOBS.c.job_id)
            .limit(1)
            # PostgreSQL: workers pass over each other's. SQLite has one writer.
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            return None
        this = and_(JOBS.c.job_id == row.job_id, _ready(now))
        if row.attempt >= MAXIMUM_TRIES:
            session.execute(
                update(JOBS)
                .where(this)
                .values(
                    **_ended(JobStatus.PARKED, now),
                    problem_code=row.problem_code or WORKER_LOST,
                    problem_text=row.problem_text or _WORKER_LOST_TEXT,
                )
            )
            if row.kind == JobKind.INGEST.value and row.parts_done:
                records_changed(session, row.organization_id)
            continue
        taken = session.execute(
            update(JOBS)
            .where(this)
            .values(
                status=JobStatus.RUNNING.value,
                lease_owner=owner,
                lease_until=now + lease,
                started_at=row.started_at or now,
                attempt=row.attempt + 1,
                # What the last try came to; a worker that dies now says nothing more.
                problem_code="",
                problem_text="",
            )
        )
        if taken.rowcount == 1:  # type: ignore[attr-defined]
            return Lease(
                job=job_of(row),
                organization_id=row.organization_id,
                owner=owner,
                request_id=row.request_id,
                options=row.options,
            )


def holds_lease(session: Session, lease: Lease) -> bool:
    """Whether the job is still this worker's; takes no lock."""
    return session.scalar(select(JOBS.c.job_id).where(_mine(lease))) is not None


def renew_lease(session: Session, lease: Lease, *, until: datetime) -> None:
    """Say that the worker is alive.

    Raises `LeaseLost`.
    """
    _write(session, lease, {"lease_until": until})


def advance_job(
    session: Session,
    lease: Lease,
    *,
    part: int,
    progress: Progress,
    until: datetime,
    lines: bytes | None = None,
    record_count: int = 0,
) -> None:
    """Note that a part is done, with its lines of results where it has any.

    A step forward: tries are counted anew.

    Raises `LeaseLost`, also where the part was done already.
    """
    _write(
        session,
        lease,
        {
            "parts_done": part + 1,
            "bytes_done": progress.bytes_done,
            "records_done": progress.records_done,
            "records_failed": progress.records_failed,
            "lease_until": until,
            "attempt": 0,
        },
        JOBS.c.parts_done == part,
    )
    if lines is not None:
        session.execute(
            insert(RESULTS).values(
                job_id=lease.job.job_id,
                organization_id=lease.organization_id,
                part=part,
                record_count=record_count,
                content=zlib.compress(lines, COMPRESSION),
            )
        )


def finish_job(
    session: Session,
    lease: Lease,
    *,
    now: datetime,
    problem_code: str = "",
    problem_text: str = "",
) -> None:
    """The job is done, or has failed where there is a problem.

    Raises `LeaseLost`.
    """
    status = JobStatus.FAILED if problem_code else JobStatus.DONE
    values: dict[str, Any] = {
        **_ended(status, now),
        "problem_code": problem_code,
        "problem_text": problem_text,
    }
    if status is JobStatus.DONE:
        values["bytes_done"] = JOBS.c.bytes_total
    _write(session, lease, values)
    if status is JobStatus.FAILED or lease.job.parts_done:
        _half_taken(session, lease)


def give_back(session: Session, lease: Lease, *, now: datetime) -> None:
    """The worker stops before the job is done, through no fault of the job.

    Raises `LeaseLost`.
    """
    _write(
        session,
        lease,
        {
            "status": JobStatus.QUEUED.value,
            "lease_owner": None,
            "lease_until": None,
            "not_before": now,
            # 0 already where a step forward was made.
            "attempt": case((JOBS.c.attempt > 0, JOBS.c.attempt - 1), else_=0),
        },
    )


def try_later(
    session: Session,
    lease: Lease,
    *,
    problem_code: str,
    problem_text: str,
    delay: timedelta,
    now: datetime,
) -> JobStatus:
    """A try failed: queued again for after `delay`, or parked after the last one.

    Raises `LeaseLost`.
    """
    attempt = session.scalar(select(JOBS.c.attempt).where(_mine(lease)))
    if attempt is None:
        raise LeaseLost
    values: dict[str, Any] = {
        "problem_code": problem_code,
        "problem_text": problem_text,
    }
    if attempt >= MAXIMUM_TRIES:
        status = JobStatus.PARKED
        values |= _ended(status, now)
    else:
        status = JobStatus.QUEUED
        values |= {
            "status": status.value,
            "lease_owner": None,
            "lease_until": None,
            "not_before": now + delay,
            # A step was made since the job was taken up, and then this.
            "attempt": max(attempt, 1),
        }
    _write(session, lease, values)
    if status is JobStatus.PARKED:
        _half_taken(session, lease)
    return status


def input_part(session: Session, lease: Lease, *, part: int) -> bytes:
    """One part of the bytes handed in; empty behind the last."""
    content = session.scalar(
        select(INPUTS.c.content).where(
            INPUTS.c.job_id == lease.job.job_id,
            INPUTS.c.organization_id == lease.organization_id,
            INPUTS.c.part == part,
        )
    )
    return content or b""


@dataclass(frozen=True, slots=True)
class Kept:
    """Until when content is kept: that of jobs that ended, or never arrived, before."""

    ended: datetime
    arrived: datetime


def remove_old_content(session: Session, kept: Kept, *, limit: int = 20) -> int:
    """Remove what is no longer needed, a few parts at a time; how many rows went.

    Inputs go when their job cannot be tried again; those of parked jobs, and all
    results, some time after their job ended; so does what never arrived whole. The
    rows of the jobs themselves stay, without any record in them.
    """
    removed = 0
    for table, which in ((INPUTS, _spent_input(kept)), (RESULTS, _old(kept))):
        keys = session.execute(
            select(table.c.job_id, table.c.part)
            .join(JOBS, JOBS.c.job_id == table.c.job_id)
            .where(which)
            .limit(limit)
        ).all()
        for job_id, part in keys:
            session.execute(
                delete(table).where(table.c.job_id == job_id, table.c.part == part)
            )
        removed += len(keys)
    if not removed:
        session.execute(
            update(JOBS).where(_old(kept), JOBS.c.has_content).values(has_content=False)
        )
    return removed


def is_old_content(session: Session, kept: Kept) -> bool:
    """Whether `remove_old_content` has anything to do; takes no lock."""
    questions = (
        select(JOBS.c.job_id)
        .join(INPUTS, INPUTS.c.job_id == JOBS.c.job_id)
        .where(_spent_input(kept)),
        select(JOBS.c.job_id).where(_old(kept), JOBS.c.has_content),
    )
    return any(session.execute(each.limit(1)).first() for each in questions)


def _old(kept: Kept) -> Any:
    return or_(
        JOBS.c.finished_at < kept.ended,
        and_(
            JOBS.c.status == JobStatus.RECEIVING.value,
            JOBS.c.created_at < kept.arrived,
        ),
    )


def _spent_input(kept: Kept) -> Any:
    never_again = (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)
    return or_(JOBS.c.status.in_([each.value for each in never_again]), _old(kept))


def _ready(now: datetime) -> Any:
    return or_(
        and_(JOBS.c.status == JobStatus.QUEUED.value, JOBS.c.not_before <= now),
        and_(JOBS.c.status == JobStatus.RUNNING.value, JOBS.c.lease_until < now),
    )


def _mine(lease: Lease) -> Any:
    return and_(
        JOBS.c.job_id == lease.job.job_id,
        JOBS.c.status == JobStatus.RUNNING.value,
        JOBS.c.lease_owner == lease.owner,
    )


def _ended(status: JobStatus, now: datetime) -> dict[str, Any]:
    return {
        "status": status.value,
        "finished_at": now,
        "lease_owner": None,
        "lease_until": None,
    }


def _half_taken(session: Session, lease: Lease) -> None:
    """A file is taken in step by step: now what was computed from it is stale."""
    if lease.job.kind is JobKind.INGEST:
        records_changed(session, lease.organization_id)


def _write(
    session: Session,
    lease: Lease,
    values: dict[str, Any],
    *conditions: Any,
) -> None:
    changed = session.execute(
        update(JOBS).where(_mine(lease), *conditions).values(**values)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost
