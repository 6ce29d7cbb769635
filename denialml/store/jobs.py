"""Durable jobs as their organization sees them: handed in, followed, taken back.

Work that takes long is a row before it is acknowledged, so that no crash can lose it.
Who does the work is `denialml.store.job_leases`.
"""

import json
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.orm import Session

from denialml.domain.record import Judgment
from denialml.errors import InputError, UnknownRecord
from denialml.store.job_tables import JobInputRow, JobResultRow, JobRow
from denialml.store.organizations import records_changed
from denialml.store.writing import table_of

MAXIMUM_PAGE: Final = 200
JOBS: Final = table_of(JobRow)
INPUTS: Final = table_of(JobInputRow)
RESULTS: Final = table_of(JobResultRow)


class JobKind(StrEnum):
    """What a job does: score claims, or take a file in."""

    SCORE = "score"
    INGEST = "ingest"


class JobStatus(StrEnum):
    """Where a job stands.

    `receiving`: its bytes still arrive and nothing was acknowledged. `failed`: its
    input cannot be used, and trying again would not help. `parked`: tried too often;
    somebody has to look and may have it tried again.
    """

    RECEIVING = "receiving"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    PARKED = "parked"
    CANCELLED = "cancelled"


OPEN: Final = (JobStatus.QUEUED, JobStatus.RUNNING)
ENDED: Final = (
    JobStatus.DONE,
    JobStatus.FAILED,
    JobStatus.PARKED,
    JobStatus.CANCELLED,
)


class JobInWrongState(InputError):
    """What was asked cannot be done with a job in this state; names the state."""


class Job(Judgment, frozen=True):
    """One job: what was handed in, by whom, and how far it is.

    `bytes_done` of `bytes_total` were read; `records_failed` of `records_done` could
    not be scored or stored, and the results say why. `parts_done` counts the parts of
    the results that can be read already. `attempt` counts the tries since the last
    step forward. `problem_code` and `problem_text` say what went wrong, without a word
    of the records. Once `has_content` is false, input and results have been removed.
    """

    job_id: str
    kind: JobKind
    status: JobStatus
    asked_by: str
    file_name: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    not_before: datetime
    attempt: int
    bytes_total: int
    bytes_done: int
    records_done: int
    records_failed: int
    parts_done: int
    problem_code: str
    problem_text: str
    has_content: bool


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What is asked for. `options` are the door's own, as JSON.

    `asked_by` and `request_id` go into the audit of what the job does.
    """

    kind: JobKind
    asked_by: str
    request_id: str
    file_name: str
    options: str


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs, newest first; `cursor` asks for the next page, None: this was the last."""

    jobs: tuple[Job, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class ResultPart:
    """One part of a job's results: its number and how many records it is about."""

    part: int
    record_count: int


def begin_job(
    session: Session, organization_id: str, order: JobOrder, *, now: datetime
) -> str:
    """The id of a job whose bytes are about to arrive; nobody works on it yet."""
    job_id = f"job_{secrets.token_hex(12)}"
    session.execute(
        insert(JOBS).values(
            job_id=job_id,
            organization_id=organization_id,
            kind=order.kind.value,
            status=JobStatus.RECEIVING.value,
            asked_by=order.asked_by,
            request_id=order.request_id,
            file_name=order.file_name,
            options=order.options,
            created_at=now,
            not_before=now,
            attempt=0,
            bytes_total=0,
            bytes_done=0,
            records_done=0,
            records_failed=0,
            parts_done=0,
            problem_code="",
            problem_text="",
            has_content=True,
        )
    )
    return job_id


def add_input(
    session: Session, organization_id: str, job_id: str, *, part: int, content: bytes
) -> None:
    """One part of the bytes that a job is about."""
    session.execute(
        insert(INPUTS).values(
            job_id=job_id, organization_id=organization_id, part=part, content=content
        )
    )


def enqueue_job(
    session: Session, organization_id: str, job_id: str, *, bytes_total: int
) -> None:
    """All bytes are there: from this commit on the job will be done.

    Raises `UnknownRecord` where it was given up meanwhile as abandoned.
    """
    changed = session.execute(
        update(JOBS)
        .where(*_this(organization_id, job_id), JOBS.c.status == JobStatus.RECEIVING)
        .values(status=JobStatus.QUEUED.value, bytes_total=bytes_total)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise UnknownRecord("no such job")


def get_job(session: Session, organization_id: str, job_id: str) -> Job:
    """One job.

    Raises `UnknownRecord` where there is none of that id, or nobody was told of it.
    """
    row = session.execute(
        select(JOBS).where(*_this(organization_id, job_id), _ACKNOWLEDGED)
    ).one_or_none()
    if row is None:
        raise UnknownRecord("no such job")
    return job_of(row)


def list_jobs(
    session: Session,
    organization_id: str,
    *,
    kinds: tuple[JobKind, ...] = tuple(JobKind),
    status: JobStatus | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> JobPage:
    """A page of jobs, newest first.

    Raises `InputError` for a cursor that no page gave.
    """
    statement = select(JOBS).where(
        JOBS.c.organization_id == organization_id,
        _ACKNOWLEDGED,
        JOBS.c.kind.in_([kind.value for kind in kinds]),
    )
    if status is not None:
        statement = statement.where(JOBS.c.status == status.value)
    if cursor is not None:
        created_at, job_id = _place_of(cursor)
        statement = statement.where(
            or_(
                JOBS.c.created_at < created_at,
                and_(JOBS.c.created_at == created_at, JOBS.c.job_id < job_id),
            )
        )
    limit = min(limit, MAXIMUM_PAGE)
    rows = session.execute(
        statement.order_by(JOBS.c.created_at.desc(), JOBS.c.job_id.desc()).limit(
            limit + 1
        )
    ).all()
    jobs = tuple(job_of(row) for row in rows[:limit])
    return JobPage(jobs, _cursor_after(jobs[-1]) if len(rows) > limit else None)


def cancel_job(
    session: Session, organization_id: str, job_id: str, *, now: datetime
) -> Job:
    """Take a job back; a worker that is at it loses its lease and writes nothing more.

    What it has written stays. Cancelling twice is no fault.

    Raises `UnknownRecord`, and `JobInWrongState` for a job that has ended.
    """
    changed = session.execute(
        update(JOBS)
        .where(*_this(organization_id, job_id), JOBS.c.status.in_(_values(OPEN)))
        .values(
            status=JobStatus.CANCELLED.value,
            finished_at=now,
            lease_owner=None,
            lease_until=None,
        )
    )
    job = get_job(session, organization_id, job_id)
    if changed.rowcount != 1 and job.status is not JobStatus.CANCELLED:  # type: ignore[attr-defined]
        raise JobInWrongState(f"the job is {job.status}: only open ones are cancelled")
    if job.kind is JobKind.INGEST and job.parts_done:
        # Half a file was taken in: what was computed from the records is stale.
        records_changed(session, organization_id)
    return job


def retry_job(
    session: Session, organization_id: str, job_id: str, *, now: datetime
) -> Job:
    """Have a parked job tried again from where it stopped.

    Raises `UnknownRecord`, and `JobInWrongState` for one that is not parked or whose
    input has been removed.
    """
    changed = session.execute(
        update(JOBS)
        .where(
            *_this(organization_id, job_id),
            JOBS.c.status == JobStatus.PARKED,
            JOBS.c.has_content,
        )
        .values(
            status=JobStatus.QUEUED.value,
            attempt=0,
            not_before=now,
            finished_at=None,
            problem_code="",
            problem_text="",
        )
    )
    job = get_job(session, organization_id, job_id)
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        why = "its input has been removed" if not job.has_content else "not parked"
        raise JobInWrongState(f"the job is {job.status}, {why}: hand it in again")
    return job


def result_parts(
    session: Session, organization_id: str, job_id: str, *, from_part: int = 0
) -> tuple[ResultPart, ...]:
    """The parts of the results that are there, in order."""
    rows = session.execute(
        select(RESULTS.c.part, RESULTS.c.record_count)
        .where(
            RESULTS.c.organization_id == organization_id,
            RESULTS.c.job_id == job_id,
            RESULTS.c.part >= from_part,
        )
        .order_by(RESULTS.c.part)
    )
    return tuple(ResultPart(row.part, row.record_count) for row in rows)


def result_lines(
    session: Session, organization_id: str, job_id: str, *, part: int
) -> bytes:
    """One part of the results: lines of JSON; empty where it has been removed."""
    content = session.scalar(
        select(RESULTS.c.content).where(
            RESULTS.c.organization_id == organization_id,
            RESULTS.c.job_id == job_id,
            RESULTS.c.part == part,
        )
    )
    return b"" if content is None else zlib.decompress(content)


def count_jobs(session: Session, organization_id: str) -> dict[JobStatus, int]:
    """How many jobs there are of each status, those still arriving left out."""
    rows = session.execute(
        select(JOBS.c.status, func.count())
        .where(JOBS.c.organization_id == organization_id, _ACKNOWLEDGED)
        .group_by(JOBS.c.status)
    )
    return {JobStatus(status): count for status, count in rows}


def job_of(row: Any) -> Job:
    """A row of `jobs` as the record."""
    fields = {name: getattr(row, name) for name in Job.__struct_fields__}
    fields["kind"] = JobKind(row.kind)
    fields["status"] = JobStatus(row.status)
    return Job(**fields)


def _this(organization_id: str, job_id: str) -> tuple[Any, ...]:
    return JOBS.c.organization_id == organization_id, JOBS.c.job_id == job_id


def _values(statuses: tuple[JobStatus, ...]) -> list[str]:
    return [status.value for status in statuses]


_ACKNOWLEDGED = JOBS.c.status != JobStatus.RECEIVING.value


def _cursor_after(job: Job) -> str:
    place = [job.created_at.isoformat(), job.job_id]
    return json.dumps(place, separators=(",", ":")).encode().hex()


def _place_of(cursor: str) -> tuple[datetime, str]:
    try:
        created_at, job_id = json.loads(bytes.fromhex(cursor))
        moment = datetime.fromisoformat(created_at)
        if moment.tzinfo is None or not isinstance(job_id, str) or "\0" in job_id:
            raise ValueError
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError("this cursor is not one of this list") from error
    return moment, job_id
