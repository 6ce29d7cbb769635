"""`denialml demo`: the whole job on a simulated practice, then the served result."""

import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from api.permissions import Permission
from denialml.cli.appeals import find_with_remarks, write_letter
from denialml.cli.desk import ACTOR, Desk
from denialml.cli.keys import issue_practice_key
from denialml.cli.models import train_with_remarks
from denialml.cli.output import remarks
from denialml.cli.practice import find_files, ingest_with_progress, write_simulated
from denialml.cli.promotions import promote_with_remarks
from denialml.cli.rules import measure_with_remarks
from denialml.cli.scoring import score_file, show_scores
from denialml.cli.serving import run_server
from denialml.domain.denial import RootCause
from denialml.errors import InputError
from denialml.journeys.draft import draft_appeal
from denialml.settings import Settings
from denialml.store.denials import DenialSort, StoredDenial, list_denials
from denialml.store.organizations import Organization

PRACTICE_NAME = "Cedar and Sample Behavioral Health (simulated)"
SPAN_DAYS = 730
LETTERS = 8
TRIES = 40
KEY_DAYS = 7
# What an appeals desk writes most, and what shows the most of what is checked.
SHOWN_FIRST = (
    RootCause.TIMELY_FILING,
    RootCause.CODING_TIME_UNITS,
    RootCause.AUTH_MISSING,
    RootCause.MEDICAL_NECESSITY,
    RootCause.ELIGIBILITY_COVERAGE,
)
MARKER = "simulated-practice"


def demo(
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="serve the result at the end")
    ] = True,
    directory: Annotated[
        Path, typer.Option(help="where everything goes; remade on every run")
    ] = Path("demo"),
    claims: Annotated[int, typer.Option(min=2000, help="about how many")] = 20_000,
    seed: Annotated[int, typer.Option(help="which simulated practice")] = 1,
    port: Annotated[int, typer.Option(help="port to serve on")] = 8321,
) -> None:
    """Simulate a practice, learn from it, score, find denials, draft, serve.

    Every number is simulated. The folder is made anew on each run.
    """
    began = monotonic()
    _empty(directory)
    settings = Settings(data_directory=directory / "var", port=port)
    desk = Desk(settings)
    # The simulated practice ends yesterday, so that its deadlines lie ahead.
    today = desk.today()
    ends_on = today - timedelta(days=1)
    remarks.rule("1 of 6: a simulated practice writes its files")
    write_simulated(
        directory / "files",
        claims=claims,
        seed=seed,
        starts_on=ends_on - timedelta(days=SPAN_DAYS),
        ends_on=ends_on,
    )
    practice = desk.organization_or_new(PRACTICE_NAME, is_simulated=True)
    _learn(desk, practice, directory, today)
    _work(desk, practice, directory, today)
    _, key = issue_practice_key(
        desk, practice, label="demo", scopes=Permission, days=KEY_DAYS
    )
    remarks.rule(f"Done in {monotonic() - began:.0f} seconds; all of it is simulated")
    _three_things(settings, key, directory)
    if serve:
        desk.engine.dispose()
        run_server(settings)


def _learn(desk: Desk, practice: Organization, directory: Path, today: date) -> None:
    remarks.rule("2 of 6: its X12 files and exports are read")
    files = find_files([directory / "files" / "practice"])
    reports = list(ingest_with_progress(desk, practice, files))
    new = sum(sum(report.records_new.values()) for report in reports)
    remarks.print(f"{new:,} records from {len(reports):,} files")
    remarks.rule("3 of 6: a model is trained on them and promoted")
    train_with_remarks(desk, practice, as_of=today)
    promote_with_remarks(desk, practice)
    measure_with_remarks(desk, practice)


def _work(desk: Desk, practice: Organization, directory: Path, today: date) -> None:
    files = directory / "files"
    remarks.rule("4 of 6: outgoing claims are scored before they are sent")
    show_scores(score_file(desk, practice, files / "outgoing" / "claims.edi"), top=8)
    remarks.rule("5 of 6: the newest remittance arrives")
    for report in ingest_with_progress(desk, practice, find_files([files / "newest"])):
        remarks.print(
            f"{report.payments_matched:,} payments matched, "
            f"{report.lines_answered:,} lines answered"
        )
    find_with_remarks(desk, practice, today.isoformat())
    remarks.rule("6 of 6: letters are drafted for the newest denials")
    letters = _draft_letters(desk, practice, directory / "letters")
    for path in letters:
        remarks.print(f"  {path}")


def _draft_letters(desk: Desk, practice: Organization, out: Path) -> list[Path]:
    """Draft the newest denials, one letter of each cause first, until enough.

    Of each cause some are tried, because not every record supports a letter; none is
    made up where no record does.
    """
    paths: list[Path] = []
    covered: set[str] = set()
    written: set[str] = set()
    blocked = 0
    for cause, stored in _in_rounds(desk, practice):
        if len(paths) >= LETTERS:
            break
        if stored.denial.denial_id in covered or cause in written:
            continue
        with desk.session() as session:
            drafted = draft_appeal(
                session,
                practice.organization_id,
                stored.denial.denial_id,
                now=desk.now(),
                actor=ACTOR,
            )
        covered |= set(drafted.denial_ids)
        if drafted.status == "blocked":
            blocked += 1
            continue
        written.add(cause)
        paths += [
            path
            for path in write_letter(desk, practice, drafted, out)
            if path.suffix == ".pdf"
        ]
    remarks.print(
        f"{len(paths)} letters drafted; {blocked} not, because the record does not "
        "support one (the page of the denial says what to do instead)"
    )
    return paths


def _in_rounds(
    desk: Desk, practice: Organization
) -> Iterator[tuple[str, StoredDenial]]:
    """The newest open denials of each cause, with a name for the round and cause.

    The first letter of every cause comes before the second of any.
    """
    with desk.session(read_only=True) as session:
        of_cause = {
            cause: list_denials(
                session,
                practice.organization_id,
                status="open",
                root_cause=cause,
                sort=DenialSort.NEWEST,
                limit=TRIES,
            ).denials
            for cause in (*SHOWN_FIRST, *(c for c in RootCause if c not in SHOWN_FIRST))
        }
    for number in (1, 2):
        for cause, denials in of_cause.items():
            for stored in denials:
                yield f"{cause} {number}", stored


def _three_things(settings: Settings, key: str, directory: Path) -> None:
    address = f"http://{settings.host}:{settings.port}"
    claims = directory / "files" / "outgoing" / "claims.edi"
    to_day = datetime.now(settings.zone).date()
    from_day = to_day - timedelta(days=90)
    typer.echo(
        f"""
Open       {address}/
Demo key   {key}
Letters    {directory / "letters"}

Three things to try
1. Sign in at {address}/ with the key, open a denial and draft its letter.
2. Score the outgoing batch, with reasons:
   curl -s '{address}/v1/claims/score' \\
     -H 'Authorization: Bearer {key}' \\
     -H 'Content-Type: application/edi-x12' --data-binary @{claims}
3. See what the model would have told this practice last quarter:
   DENIALML_DATA_DIRECTORY={settings.data_directory} .venv/bin/denialml backtest \\
     --from {from_day} --to {to_day} --out {directory / "backtest.csv"}
"""
    )


def _empty(directory: Path) -> None:
    """Remove an earlier demo; refuse a folder that is not one.

    Raises:
        InputError: the folder holds something else.
    """
    marker = directory / MARKER
    if directory.exists() and any(directory.iterdir()):
        if not marker.exists():
            raise InputError(f"{directory} holds something else; name a new folder")
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    marker.write_text("Made by `denialml demo`; removed on its next run.\n")


def register(app: typer.Typer) -> None:
    """Add this family's command."""
    app.command("demo")(demo)
