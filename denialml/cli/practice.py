"""`denialml simulate` and `denialml ingest`: files out of nothing, files in."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from denialml.cli.desk import ACTOR, Desk, open_desk, parse_day
from denialml.cli.engines import (
    EngineName,
    EngineOption,
    SchedulerOption,
    chosen_engine,
)
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import (
    describe_problem,
    progress,
    remarks,
    table,
    write_json,
)
from denialml.domain.problem import Problem
from denialml.errors import InputError
from denialml.journeys.engines.engine import Engine
from denialml.journeys.ingest import IngestReport, ingest_files
from denialml.journeys.simulate import write_practice
from denialml.simulation import simulate_practice
from denialml.simulation.parameters import Difficulty
from denialml.store.organizations import Organization

INCOMPLETE = 3
PROBLEMS_SHOWN = 5
SHORTEST_SPAN_DAYS = 60
SECONDS_BETWEEN_COMMITS = 1.0
# SQLite has one writer: without a pause those who wait would never be let in.
PAUSE_FOR_OTHERS_SECONDS = 0.05
_DOCUMENT_FOLDER = "documents"


def simulate(
    out: Annotated[Path, typer.Option(help="folder to write into; must be empty")],
    claims: Annotated[int, typer.Option(min=1, help="about how many claims")] = 20_000,
    seed: Annotated[int, typer.Option(help="the practice; same seed, same bytes")] = 1,
    world: Annotated[
        int | None, typer.Option(help="the payers' hidden rules (default: the seed)")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="first day")] = None,
    last: Annotated[str | None, typer.Option("--to", help="last day")] = None,
    difficulty: Annotated[Difficulty, typer.Option()] = "medium",
) -> None:
    """Write a simulated practice: X12 files, exports, documents, and the truth apart.

    OUT/practice is what a practice would have, OUT/outgoing a batch not yet sent,
    OUT/newest a remittance that has just arrived. OUT/truth holds the true denial
    probability and cause of every claim, which nothing in denialml reads.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty; name a new folder")
    ends_on = parse_day(last, "--to") or date(2025, 12, 31)
    starts_on = parse_day(first, "--from") or ends_on - timedelta(days=730)
    if (ends_on - starts_on).days < SHORTEST_SPAN_DAYS:
        raise InputError(
            f"from {starts_on} to {ends_on} is too short: simulate at least "
            f"{SHORTEST_SPAN_DAYS} days, so that answers can arrive"
        )
    paths = write_simulated(
        out,
        claims=claims,
        seed=seed,
        world=world,
        starts_on=starts_on,
        ends_on=ends_on,
        difficulty=difficulty,
    )
    remarks.print(f"{len(paths):,} simulated files in {out}")


def write_simulated(
    out: Path,
    *,
    claims: int,
    seed: int,
    starts_on: date,
    ends_on: date,
    world: int | None = None,
    difficulty: Difficulty = "medium",
) -> list[Path]:
    """Simulate a practice and write its files, with progress on stderr."""
    with remarks.status("Simulating a practice"):
        practice = simulate_practice(
            seed=seed,
            world=world,
            claims=claims,
            starts_on=starts_on,
            ends_on=ends_on,
            difficulty=difficulty,
        )
    with progress("Writing simulated files") as advance:
        return write_practice(practice, out, progress=advance)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="files or folders")],
    organization: OrganizationOption = None,
    engine: EngineOption = EngineName.LOCAL,
    scheduler: SchedulerOption = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Read X12 files and CSV exports into the store; sending them again adds nothing.

    Exit status 3: something could not be read completely, and the report says what.
    """
    files = find_files(paths)
    desk = open_desk()
    # Before an organization is made: a cluster that cannot be used changes nothing.
    with chosen_engine(desk.settings, engine, scheduler=scheduler) as chosen:
        practice = desk.organization_or_new(organization)
        reports = list(ingest_with_progress(desk, practice, files, engine=chosen))
    if as_json:
        write_json(reports)
    else:
        show_reports(reports)
    if any(lost_something(report.complete, report.problems) for report in reports):
        raise typer.Exit(INCOMPLETE)


def lost_something(complete: bool, problems: Sequence[Problem]) -> bool:
    """Whether a record or a value of one was lost: never a success."""
    return not complete or any(one.severity == "error" for one in problems)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Every file named or below a folder named; documents come with their CSV.

    Raises:
        InputError: a path does not exist, or there is no file at all.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [
                file
                for file in sorted(path.rglob("*"))
                if file.is_file()
                and _DOCUMENT_FOLDER not in file.relative_to(path).parts[:-1]
                and not file.name.startswith(".")
            ]
        elif path.is_file():
            found.append(path)
        else:
            raise InputError(f"no file or folder at {path}")
    if not found:
        raise InputError("no file to ingest in what was named")
    return found


def ingest_with_progress(
    desk: Desk,
    practice: Organization,
    files: Sequence[Path],
    *,
    engine: Engine | None = None,
) -> Iterator[IngestReport]:
    """Ingest files with progress on stderr."""
    with progress(f"Ingesting {len(files):,} files") as advance, desk.session() as s:
        reports = ingest_files(
            s,
            practice.organization_id,
            files,
            now=desk.now(),
            actor=ACTOR,
            engine=engine,
        )
        for done, report in enumerate(commit_by_the_second(s, reports), start=1):
            advance(done, len(files))
            yield report


def commit_by_the_second(
    session: Session, reports: Iterable[IngestReport]
) -> Iterator[IngestReport]:
    """Whole files in every transaction, committed about once a second and at the end.

    Waiting for the disk after each of a thousand small files would cost more than
    reading them, and a file that is read again after an interruption adds nothing.
    """
    committed_at = monotonic()
    for report in reports:
        if monotonic() - committed_at > SECONDS_BETWEEN_COMMITS:
            session.commit()
            sleep(PAUSE_FOR_OTHERS_SECONDS)
            committed_at = monotonic()
        yield report
    session.commit()


def show_reports(reports: Sequence[IngestReport]) -> None:
    """Totals on stdout, then the problems, the worst files first."""
    totals: dict[str, list[int]] = {}
    for report in reports:
        for column, counts in enumerate(
            (report.records_read, report.records_new, report.records_known)
        ):
            for kind, count in counts.items():
                totals.setdefault(kind, [0, 0, 0])[column] += count
    rows = [
        (kind, *(f"{count:,}" for count in counts))
        for kind, counts in sorted(totals.items())
    ]
    table("Ingested", ("record", "read", "new", "already known"), rows)
    matched = sum(report.payments_matched for report in reports)
    unmatched = sum(report.payments_unmatched for report in reports)
    remarks.print(f"Payments matched to claims: {matched:,}; unmatched: {unmatched:,}")
    for report in sorted(reports, key=lambda each: each.complete):
        if not report.complete:
            remarks.print(f"[bold red]not complete[/]: {report.file}", soft_wrap=True)
        for problem in report.problems[:PROBLEMS_SHOWN]:
            remarks.print(
                f"  {describe_problem(problem)}", soft_wrap=True, markup=False
            )
        more = len(report.problems) - PROBLEMS_SHOWN
        if more > 0:
            remarks.print(f"  and {more:,} more problems in {report.file}")


def register(app: typer.Typer) -> None:
    """Add this family's commands."""
    app.command("simulate")(simulate)
    app.command("ingest")(ingest)
