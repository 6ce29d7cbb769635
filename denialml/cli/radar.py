"""`denialml radar`: the payers that began to deny what they used to pay."""

from datetime import date
from typing import Annotated

import typer

from denialml.cli.desk import ACTOR, Desk, open_desk, parse_day
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks, table, write_json
from denialml.domain.payer_change import PayerChange, RadarReport
from denialml.errors import NoModel
from denialml.store.organizations import Organization


def radar(
    organization: OrganizationOption = None,
    as_of: Annotated[
        str | None, typer.Option(help="use only answers received before this day")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Which payer began to deny what, from when, under which reason; newest first."""
    from denialml.journeys.radar import read_radar

    desk = open_desk()
    practice = desk.organization(organization)
    trained_as_of = serving_trained_as_of(desk, practice)
    with desk.session() as session, remarks.status("Reading the payers' answers"):
        report = read_radar(
            session,
            practice.organization_id,
            as_of=parse_day(as_of, "--as-of") or desk.today(),
            now=desk.now(),
            actor=ACTOR,
            trained_as_of=trained_as_of,
        )
    if as_json:
        write_json(report)
    else:
        show_radar(report)


def serving_trained_as_of(desk: Desk, practice: Organization) -> date | None:
    """The day before which the serving model's answers were received, if one serves.

    Raises:
        BundleRejected: the serving bundle fails its check.
    """
    from denialml.modeling.risk.bundle import load_bundle

    try:
        bundle = load_bundle(
            desk.settings.serving_bundle_of(practice.organization_id),
            seal=desk.seal(practice.organization_id),
        )
    except NoModel:
        return None
    return date.fromisoformat(bundle.facts.training.trained_as_of)


def show_radar(report: RadarReport) -> None:
    """The changes on stdout; what is not watched and the proposal on stderr."""
    rows = [
        (
            one.began_on.isoformat(),
            f"{one.began_earliest} to {one.began_latest}",
            one.detected_on.isoformat(),
            one.status.value,
            f"{one.added_points:+.0f} points",
            one.sentence,
        )
        for one in report.changes
    ]
    if rows:
        table("Payer changes", _COLUMNS, rows)
    else:
        remarks.print("No payer change found.")
    remarks.print(
        f"{report.answers:,} answers received before {report.as_of};"
        f" {report.watched:,} groups watched"
    )
    if report.unwatched_payers:
        remarks.print(
            "Too few answers so far to watch: " + ", ".join(report.unwatched_payers),
            markup=False,
        )
    if any(_is_open(one) for one in report.changes):
        remarks.print(report.proposal.reason, markup=False)


def _is_open(change: PayerChange) -> bool:
    return change.resolved_on is None


_COLUMNS = ("began", "90% between", "alarm", "status", "rise", "change")


def register(app: typer.Typer) -> None:
    """Add this family's command."""
    app.command("radar")(radar)
