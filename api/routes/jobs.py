"""Jobs: work that takes long, handed in and acknowledged, followed, and read."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from api.bodies import X12_MEDIA_TYPE, media_type_of, read_body, require_no_fields
from api.dependencies import Purpose, Visit, require_permission
from api.examples import EXAMPLE_CLAIM, as_json, example_837p
from api.idempotency import (
    KEY_PROBLEMS,
    IdempotencyKey,
    answer_once,
    once,
    sent_key,
)
from api.job_options import (
    LINES_MEDIA_TYPE,
    MEDIA_TYPES,
    PERMISSIONS,
    JobOptions,
)
from api.job_work import ScoredRecord
from api.jobs_example import EXAMPLE_JOB, EXAMPLE_RESULT
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import FieldError, ProblemType, RequestProblem
from api.routes.answers import JSON, json_answer, record_id, visit_with
from api.routes.files import file_name_of
from api.scoring_limits import require_scoring_day
from denialml.store.audit import AuditAction
from denialml.store.database import open_session
from denialml.store.jobs import (
    MAXIMUM_PAGE,
    OPEN,
    Job,
    JobInWrongState,
    JobKind,
    JobOrder,
    JobStatus,
    add_input,
    begin_job,
    cancel_job,
    enqueue_job,
    get_job,
    list_jobs,
    result_lines,
    result_parts,
    retry_job,
)

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

INPUT_PART_BYTES: Final = 1 << 20
# What a caller is told to wait before it asks again.
RETRY_SECONDS: Final = "1"
ACCEPTED: Final = 202


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of jobs, newest first; `cursor` asks for the next page, null: the last."""

    jobs: tuple[Job, ...]
    cursor: str | None


SHAPES = (Job, JobList, ScoredRecord)
_CHANGE = visit_with(Permission.JOBS_RUN, Purpose.CHANGE)
_READ = visit_with(Permission.JOBS_RUN)
_EXAMPLE_LINE = msgspec.json.encode(EXAMPLE_CLAIM).decode() + "\n"
_Kind = Annotated[JobKind, Query(description="Score claims, or take a file in.")]


@dataclass(frozen=True)
class Received:
    """What has arrived of a job, in parts that are on file already."""

    job_id: str
    kind: JobKind
    byte_count: int
    digest: bytes


async def receive(
    request: Request,
    visit: Visit = _CHANGE,
    kind: _Kind = JobKind.SCORE,
    as_of: Annotated[
        date | None,
        Query(description="Scoring: the submission day, as for one claim."),
    ] = None,
    fixes: Annotated[
        bool,
        Query(
            description="Scoring: also what can be done; takes several times as long."
        ),
    ] = False,
) -> Received:
    """Keep the body part by part as it arrives; memory holds one of them."""
    require_permission(request, visit.grant, PERMISSIONS[kind])
    require_scoring_day(as_of, today=visit.today)
    options = JobOptions(
        media_type=media_type_of(request, MEDIA_TYPES[kind]),
        today=visit.today,
        as_of=as_of,
        with_fixes=fixes,
    )
    order = JobOrder(
        kind=kind,
        asked_by=visit.actor,
        request_id=visit.request_id,
        file_name=file_name_of(request),
        options=msgspec.json.encode(options).decode(),
    )
    arriving = _Arriving(visit, order)
    async for chunk in request.stream():
        arriving.held += chunk
        while len(arriving.held) >= INPUT_PART_BYTES:
            await run_in_threadpool(arriving.keep)
    while arriving.held:
        await run_in_threadpool(arriving.keep)
    if not arriving.job_id:
        raise RequestProblem(
            ProblemType.INVALID_REQUEST,
            errors=(FieldError(pointer="", message="Expected a file or claims"),),
        )
    return Received(
        arriving.job_id, kind, arriving.byte_count, arriving.digest.digest()
    )


class _Arriving:
    """A body on its way in; each part is committed by itself, so no lock is held."""

    def __init__(self, visit: Visit, order: JobOrder) -> None:
        self.held = bytearray()
        self.job_id = ""
        self.byte_count = 0
        self.digest = hashlib.sha256()
        self._visit = visit
        self._order = order
        self._part = 0

    def keep(self) -> None:
        """Commit one part of what is held."""
        content = bytes(self.held[:INPUT_PART_BYTES])
        organization_id = self._visit.organization_id
        with open_session(self._visit.service.engine) as session:
            if not self.job_id:
                self.job_id = begin_job(
                    session, organization_id, self._order, now=self._visit.now
                )
            add_input(
                session,
                organization_id,
                self.job_id,
                part=self._part,
                content=content,
            )
            session.commit()
        del self.held[:INPUT_PART_BYTES]
        self._part += 1
        self.byte_count += len(content)
        self.digest.update(content)


@router.post(
    "",
    **describe(
        Operation(
            summary="Hand in a job",
            description=(
                "Score an 837P or FHIR file or claims as lines of JSON "
                f"(`{LINES_MEDIA_TYPE}`, a claim on each line), or take a file in "
                "(`kind=ingest`, the media types of `/v1/files`), of any length. The "
                "answer comes once everything is on file: from then on no crash loses "
                "the job. Follow it at `Location`. Also needs the permission of the "
                "work: `claims:score`, or `files:write`."
            ),
            permission=Permission.JOBS_RUN,
            status=ACCEPTED,
            body=(
                Content(LINES_MEDIA_TYPE, _EXAMPLE_LINE),
                Content(X12_MEDIA_TYPE, example_837p()),
            ),
            answers=(Content(JSON, as_json(EXAMPLE_JOB), Job),),
            problems=(
                ProblemType.BODY_TOO_LARGE,
                ProblemType.BODY_TOO_SLOW,
                ProblemType.UNSUPPORTED_MEDIA_TYPE,
                ProblemType.STORE_FULL,
                *KEY_PROBLEMS,
            ),
        )
    ),
)
def hand_in_job(
    request: Request,
    visit: Visit = _CHANGE,
    received: Received = Depends(receive),
    key: IdempotencyKey = None,
) -> Response:
    """Acknowledge what has arrived; a repeated request gets the first one's answer."""

    def enqueue() -> Response:
        session, organization_id = visit.session, visit.organization_id
        enqueue_job(
            session, organization_id, received.job_id, bytes_total=received.byte_count
        )
        visit.note(AuditAction.JOB_CREATED, "job", received.job_id)
        job = get_job(session, organization_id, received.job_id)
        return _job_answer(request, job, status=ACCEPTED)

    if key is None:
        return enqueue()
    return answer_once(visit, sent_key(request, key, digest=received.digest), enqueue)


@router.get(
    "",
    **describe(
        Operation(
            summary="List jobs",
            description=(
                "The jobs of the kinds that the key may hand in, newest first. "
                "`cursor` of an answer asks for the next page; null: this was the last."
            ),
            permission=Permission.JOBS_RUN,
            answers=(
                Content(
                    JSON, {"jobs": [as_json(EXAMPLE_JOB)], "cursor": None}, JobList
                ),
            ),
            problems=(ProblemType.INVALID_REQUEST,),
        )
    ),
)
def list_jobs_of_practice(
    visit: Visit = _READ,
    status: Annotated[
        JobStatus | None, Query(description="Only jobs that stand there.")
    ] = None,
    cursor: Annotated[
        str | None,
        Query(max_length=500, description="The `cursor` of the page before."),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MAXIMUM_PAGE, description="Jobs per page.")
    ] = 50,
) -> Response:
    """One page of them."""
    page = list_jobs(
        visit.session,
        visit.organization_id,
        kinds=_kinds_of(visit),
        status=status,
        cursor=cursor,
        limit=limit,
    )
    return json_answer(JobList(jobs=page.jobs, cursor=page.cursor))


@router.get(
    "/{job_id}",
    **describe(
        Operation(
            summary="Follow a job",
            description=(
                "Its state, how far it is, and what went wrong. Has an `ETag`: with "
                "`If-None-Match` the answer is 304 as long as nothing has changed."
            ),
            permission=Permission.JOBS_RUN,
            answers=(Content(JSON, as_json(EXAMPLE_JOB), Job),),
            problems=(ProblemType.NOT_FOUND,),
        )
    ),
)
def show_job(request: Request, job_id: str, visit: Visit = _READ) -> Response:
    """One job."""
    return _job_answer(request, _job(request, visit, job_id))


@router.get(
    "/{job_id}/results",
    response_class=StreamingResponse,
    **describe(
        Operation(
            summary="Read the results of a job",
            description=(
                "Lines of JSON, as far as they are on file: a score, or why there is "
                "none and where; for a file taken in, its report. The job need not be "
                "done: `Link` (`next`) asks for what comes after. Removed "
                "`job_results_days` after the job has ended."
            ),
            permission=Permission.JOBS_RUN,
            answers=(
                Content(
                    LINES_MEDIA_TYPE,
                    msgspec.json.encode(EXAMPLE_RESULT).decode() + "\n",
                    ScoredRecord,
                ),
            ),
            problems=(ProblemType.NOT_FOUND, ProblemType.INVALID_REQUEST),
        )
    ),
)
def read_results(
    request: Request,
    job_id: str,
    visit: Visit = _READ,
    from_part: Annotated[
        int, Query(ge=0, le=2**31, description="The first part to read, from 0.")
    ] = 0,
) -> Response:
    """The parts that are there; the event is written before the first byte leaves."""
    job = _job(request, visit, job_id)
    if not job.has_content:
        raise RequestProblem(
            ProblemType.NOT_FOUND, "The results of this job have been removed."
        )
    session, organization_id = visit.session, visit.organization_id
    parts = result_parts(session, organization_id, job_id, from_part=from_part)
    visit.note(
        AuditAction.RESULTS_READ,
        "job",
        job_id,
        record_count=sum(part.record_count for part in parts),
    )
    headers = {}
    if job.status in OPEN:
        following = parts[-1].part + 1 if parts else from_part
        address = f"/v1/jobs/{job_id}/results?from_part={following}"
        headers = {"Link": f'<{address}>; rel="next"', "Retry-After": RETRY_SECONDS}
    engine = visit.service.engine

    def lines() -> Iterator[bytes]:
        for part in parts:
            with open_session(engine, read_only=True) as reading:
                yield result_lines(reading, organization_id, job_id, part=part.part)

    return StreamingResponse(lines(), media_type=LINES_MEDIA_TYPE, headers=headers)


_CHANGED: dict[str, Any] = {
    "permission": Permission.JOBS_RUN,
    "answers": (Content(JSON, as_json(EXAMPLE_JOB), Job),),
    "problems": (ProblemType.NOT_FOUND, ProblemType.JOB_STATE, *KEY_PROBLEMS),
}


@router.post(
    "/{job_id}/cancel",
    **describe(
        Operation(
            summary="Cancel a job",
            description=(
                "From this answer on nothing more is written for it. What it has "
                "written stays: results can be read, records of a file are on file. "
                "Cancelling twice is no fault."
            ),
            **_CHANGED,
        )
    ),
)
@once
def cancel(
    request: Request,
    job_id: str,
    visit: Visit = _CHANGE,
    body: bytes = Depends(read_body),
) -> Response:
    """Take it back."""
    require_no_fields(body)
    return _changed(request, visit, job_id, cancel_job, AuditAction.JOB_CANCELLED)


@router.post(
    "/{job_id}/retry",
    **describe(
        Operation(
            summary="Try a parked job again",
            description=(
                "It goes on behind the last part that is on file, with five more "
                "tries. Mend first what `problem_text` says."
            ),
            **_CHANGED,
        )
    ),
)
@once
def retry(
    request: Request,
    job_id: str,
    visit: Visit = _CHANGE,
    body: bytes = Depends(read_body),
) -> Response:
    """Send a parked one on its way again."""
    require_no_fields(body)
    return _changed(request, visit, job_id, retry_job, AuditAction.JOB_RETRIED)


def _changed(
    request: Request,
    visit: Visit,
    job_id: str,
    change: Callable[..., Job],
    action: AuditAction,
) -> Response:
    _job(request, visit, job_id)
    try:
        job = change(visit.session, visit.organization_id, job_id, now=visit.now)
    except JobInWrongState as error:
        raise RequestProblem(ProblemType.JOB_STATE, str(error)) from error
    visit.note(action, "job", job_id)
    return _job_answer(request, job)


def _job(request: Request, visit: Visit, job_id: str) -> Job:
    """The job, for who may do its kind of work.

    Raises `RequestProblem` (not-permitted), `UnknownRecord`.
    """
    job = get_job(visit.session, visit.organization_id, record_id(job_id))
    require_permission(request, visit.grant, PERMISSIONS[job.kind])
    return job


def _kinds_of(visit: Visit) -> tuple[JobKind, ...]:
    return tuple(
        kind for kind, right in PERMISSIONS.items() if right in visit.grant.scopes
    )


def _job_answer(request: Request, job: Job, *, status: int = 200) -> Response:
    encoded = msgspec.json.encode(job)
    etag = f'"{hashlib.blake2b(encoded, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag}
    if status == ACCEPTED:
        headers["Location"] = f"/v1/jobs/{job.job_id}"
    if job.status in OPEN:
        headers["Retry-After"] = RETRY_SECONDS
    known = request.headers.get("if-none-match", "")
    if request.method == "GET" and etag in {part.strip() for part in known.split(",")}:
        return Response(status_code=304, headers=headers)
    return json_answer(job, status=status, headers=headers)
