"""`denialml jobs` and `denialml work`: what was handed in, and who does it."""

import sys
from typing import Annotated

import typer

from denialml.cli.desk import ACTOR, open_desk
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks, table, write_json
from denialml.store.audit import AuditAction, record_event
from denialml.store.jobs import (
    MAXIMUM_PAGE,
    Job,
    JobStatus,
    cancel_job,
    get_job,
    list_jobs,
    result_lines,
    result_parts,
    retry_job,
)

jobs = typer.Typer(help="Follow work that takes long.", no_args_is_help=True)

JobArgument = Annotated[str, typer.Argument(help="id of the job")]
JsonOption = Annotated[bool, typer.Option("--json")]


@jobs.command("list")
def list_command(
    organization: OrganizationOption = None,
    status: Annotated[
        JobStatus | None, typer.Option(help="only jobs that stand there")
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=MAXIMUM_PAGE)] = 50,
    as_json: JsonOption = False,
) -> None:
    """The newest jobs."""
    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session(read_only=True) as session:
        found = list_jobs(session, practice.organization_id, status=status, limit=top)
    if as_json:
        write_json(found.jobs)
        return
    rows = [
        (
            job.job_id,
            job.kind.value,
            job.status.value,
            _share(job),
            f"{job.records_done:,}",
            f"{job.created_at:%Y-%m-%d %H:%M}",
            job.problem_code,
        )
        for job in found.jobs
    ]
    columns = ("id", "kind", "status", "read", "records", "handed in", "problem")
    table("Jobs", columns, rows)


@jobs.command("show")
def show(
    job_id: JobArgument,
    organization: OrganizationOption = None,
    as_json: JsonOption = False,
) -> None:
    """One job: where it stands and what went wrong."""
    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session(read_only=True) as session:
        job = get_job(session, practice.organization_id, job_id)
    _show(job, as_json=as_json)


@jobs.command("results")
def results(
    job_id: JobArgument,
    organization: OrganizationOption = None,
    from_part: Annotated[
        int, typer.Option(min=0, help="first part to read, from 0")
    ] = 0,
) -> None:
    """Its results on stdout, as far as they are there: lines of JSON."""
    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session() as session:
        get_job(session, practice.organization_id, job_id)
        parts = result_parts(
            session, practice.organization_id, job_id, from_part=from_part
        )
        record_event(
            session,
            practice.organization_id,
            actor=ACTOR,
            action=AuditAction.RESULTS_READ,
            record_kind="job",
            record_id=job_id,
            record_count=sum(part.record_count for part in parts),
            now=desk.now(),
        )
    for part in parts:
        with desk.session(read_only=True) as session:
            lines = result_lines(
                session, practice.organization_id, job_id, part=part.part
            )
        sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


@jobs.command("cancel")
def cancel(job_id: JobArgument, organization: OrganizationOption = None) -> None:
    """Take a job back; what it has written stays."""
    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session() as session:
        cancel_job(session, practice.organization_id, job_id, now=desk.now())
        desk.note(
            session,
            practice,
            AuditAction.JOB_CANCELLED,
            record_kind="job",
            record_id=job_id,
        )
    remarks.print(f"Job {job_id} is cancelled.")


@jobs.command("retry")
def retry(job_id: JobArgument, organization: OrganizationOption = None) -> None:
    """Have a parked job tried again from where it stopped."""
    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session() as session:
        retry_job(session, practice.organization_id, job_id, now=desk.now())
        desk.note(
            session,
            practice,
            AuditAction.JOB_RETRIED,
            record_kind="job",
            record_id=job_id,
        )
    remarks.print(f"Job {job_id} will be tried again.")


def work() -> None:
    """Do jobs until interrupted; `serve` runs a worker of its own."""
    from api.job_process import work_until_stopped

    desk = open_desk()
    desk.engine.dispose()
    remarks.print("Working; interrupt to stop.")
    work_until_stopped(desk.settings)


def _show(job: Job, *, as_json: bool) -> None:
    if as_json:
        write_json(job)
        return
    rows = [
        ("kind", job.kind.value),
        ("status", job.status.value),
        ("handed in", f"{job.created_at:%Y-%m-%d %H:%M:%S} by {job.asked_by}"),
        ("read", _share(job)),
        ("records", f"{job.records_done:,}, {job.records_failed:,} of them refused"),
        ("tries", str(job.attempt)),
        ("problem", f"{job.problem_code} {job.problem_text}".strip()),
    ]
    table(job.job_id, ("", ""), rows)


def _share(job: Job) -> str:
    return f"{job.bytes_done / job.bytes_total:.0%}" if job.bytes_total else ""


def register(app: typer.Typer) -> None:
    """Add this family's commands."""
    app.add_typer(jobs, name="jobs")
    app.command("work")(work)
