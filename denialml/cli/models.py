"""`denialml train`, `backtest` and `pseudonyms`: models and what is known of them."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from denialml.cli.desk import Desk, open_desk, parse_day
from denialml.cli.engines import (
    EngineName,
    EngineOption,
    SchedulerOption,
    chosen_engine,
)
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks, table, write_json
from denialml.cli.specifications import SpecificationOption, specification_of
from denialml.errors import InputError
from denialml.journeys.engines.engine import Engine
from denialml.store.audit import AuditAction
from denialml.store.organizations import Organization

if TYPE_CHECKING:  # loads lightgbm: only when a command runs
    from denialml.journeys.backtest import BacktestRow
    from denialml.journeys.retrain import TrainingReport


def train(
    organization: OrganizationOption = None,
    specification: SpecificationOption = None,
    as_of: Annotated[
        str | None, typer.Option(help="use only answers received before this day")
    ] = None,
    engine: EngineOption = EngineName.LOCAL,
    scheduler: SchedulerOption = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Train on the practice's history; log the run and register the version."""
    desk = open_desk()
    practice = desk.organization(organization)
    day = parse_day(as_of, "--as-of") or desk.today()
    with chosen_engine(desk.settings, engine, scheduler=scheduler) as chosen:
        report = train_with_remarks(
            desk,
            practice,
            as_of=day,
            specification=specification,
            quiet=as_json,
            engine=chosen,
        )
    if as_json:
        write_json(report)


def train_with_remarks(
    desk: Desk,
    practice: Organization,
    *,
    as_of: date,
    specification: Path | None = None,
    quiet: bool = False,
    engine: Engine | None = None,
) -> "TrainingReport":
    """Train and say what came of it."""
    from denialml.journeys.retrain import train as train_model

    # Read-only, so that nobody waits for a writer that only reads for minutes.
    with (
        desk.session(read_only=True) as session,
        remarks.status("Training: features, trees, calibration, canary"),
    ):
        report = train_model(
            session,
            practice.organization_id,
            specification=specification_of(practice, specification),
            tracking=desk.settings.resolved_mlflow_directory,
            seal=desk.signing_seal(practice.organization_id),
            as_of=as_of,
            now=desk.now(),
            engine=engine,
        )
    with desk.session() as session:
        desk.note(
            session,
            practice,
            AuditAction.MODEL_TRAINED,
            record_kind="model",
            record_id=report.version,
        )
    if not quiet:
        name = specification_of(practice, specification).name
        if name != specification_of(practice, None).name:
            said = f"Registered as {name}: promote it with --spec {specification}"
            remarks.print(said, markup=False)
        rows = [(key, f"{value:.4f}") for key, value in report.measures.items()]
        if report.canary_auc is not None:
            rows.append(("AUC on shuffled outcomes", f"{report.canary_auc:.4f}"))
        _show_training(report, rows)
    return report


def _show_training(report: "TrainingReport", rows: list[tuple[str, str]]) -> None:
    for alarm in report.leak_alarms:
        remarks.print(f"[bold red]Leak alarm[/]: {alarm}")
    for missing in report.not_assessed:
        remarks.print(missing, markup=False)
    if report.drift_proposal:
        remarks.print(report.drift_proposal, markup=False)
    title = (
        f"Version {report.registered_version}: {report.answered_lines:,} answered "
        f"lines, {report.denied_lines:,} denied, {report.trees} trees"
    )
    if not rows:
        remarks.print(f"{title} ({report.kind})")
        return
    # In the title, which wraps: as a heading it took all of a narrow terminal's width.
    title += (
        f". Measured on claims of {report.window_first} to {report.window_last},"
        " by a model that knew only answers from before"
    )
    table(title, ("measure", "value"), rows)


def pseudonyms(
    organization: OrganizationOption = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Which payer each pseudonym of a training report or model card stands for.

    Made with the organization's own key: nobody else can resolve them.
    """
    from denialml.journeys.retrain import payer_pseudonyms

    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session() as session:
        found = payer_pseudonyms(session, practice.organization_id)
        desk.note(
            session, practice, AuditAction.PSEUDONYMS_READ, record_kind="pseudonyms"
        )
    if as_json:
        write_json(found)
        return
    table("Payers in reports and cards", ("pseudonym", "payer id"), list(found.items()))


def backtest(
    first: Annotated[str, typer.Option("--from", help="first submission day")],
    last: Annotated[str, typer.Option("--to", help="last submission day")],
    out: Annotated[Path, typer.Option(help="the CSV to write")],
    organization: OrganizationOption = None,
    refit: Annotated[
        Literal["never", "quarterly", "monthly"], typer.Option()
    ] = "quarterly",
    specification: SpecificationOption = None,
    engine: EngineOption = EngineName.LOCAL,
    scheduler: SchedulerOption = None,
) -> None:
    """Walk forward through the past: the risk of each claim on its day, then the truth.

    One row per claim line. Nothing that was not known on the submission day takes
    part, in the model or in the claim.
    """
    from denialml.journeys.backtest import backtest as walk

    from_day, to_day = parse_day(first, "--from"), parse_day(last, "--to")
    if from_day is None or to_day is None:
        raise InputError("--from and --to take dates such as 2026-03-31")
    if not out.parent.is_dir():
        raise InputError(f"there is no folder {out.parent} to write {out.name} into")
    desk = open_desk()
    practice = desk.organization(organization)
    # Audited before it is read: the export holds PHI even if it is interrupted.
    with desk.session() as session:
        desk.note(
            session,
            practice,
            AuditAction.HISTORY_EXPORTED,
            record_kind="backtest",
        )
    with (
        chosen_engine(desk.settings, engine, scheduler=scheduler) as chosen,
        desk.session(read_only=True) as session,
        remarks.status("Walking forward") as status,
    ):
        rows = walk(
            session,
            practice.organization_id,
            from_day=from_day,
            to_day=to_day,
            refit=refit,
            specification=specification_of(practice, specification),
            progress=lambda text: status.update(f"Walking forward: {text}"),
            engine=chosen,
        )
        count = _write_whole(rows, out)
    remarks.print(f"{count:,} claim lines in {out}")


def _write_whole(rows: Iterable["BacktestRow"], out: Path) -> int:
    """Write all rows or none: a backtest that fails keeps the file of the last one."""
    from denialml.journeys.backtest import write_backtest_csv

    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        count = write_backtest_csv(rows, unfinished)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def register(app: typer.Typer) -> None:
    """Add this family's commands."""
    app.command("train")(train)
    app.command("pseudonyms")(pseudonyms)
    app.command("backtest")(backtest)
