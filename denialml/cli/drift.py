"""`denialml drift`: are claims still what the model learnt from?"""

from typing import TYPE_CHECKING, Annotated

import typer

from denialml.cli.desk import ACTOR, open_desk, parse_day
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks, table, write_json

if TYPE_CHECKING:  # loads lightgbm: only when the command runs
    from denialml.modeling.retraining.drift import DriftReport

_SHOWN = 10


def drift(
    organization: OrganizationOption = None,
    as_of: Annotated[
        str | None, typer.Option(help="use only what was sent before this day")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Compare new claims with what the serving model learnt from; propose a retrain."""
    from denialml.journeys.drift import read_drift

    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session() as session, remarks.status("Comparing with the baseline"):
        report = read_drift(
            session,
            practice.organization_id,
            serving=desk.settings.serving_bundle_of(practice.organization_id),
            seal=desk.seal(practice.organization_id),
            as_of=parse_day(as_of, "--as-of") or desk.today(),
            now=desk.now(),
            actor=ACTOR,
        )
    if as_json:
        write_json(report)
    else:
        show_drift(report)


def show_drift(report: "DriftReport") -> None:
    """What moved on stdout; how it was judged and the proposal on stderr.

    Features that the model makes no use of are left out; moved ones come first, and
    of those the ones that the model leans on most.
    """
    used = [one for one in report.features if one.share > 0]
    used.sort(key=lambda one: (not one.drift.moved, -one.share))
    rows = [
        (
            one.feature,
            _verdict(one.drift.moved),
            f"{one.drift.distance:.2f} (up to {one.drift.allowed:.2f})",
            f"{one.share:.1%} of contributions; not known {one.missing_before:.0%},"
            f" now {one.missing_now:.0%}",
        )
        for one in used[:_SHOWN]
    ]
    if report.risk is not None:
        risk = report.risk
        distance = f"{risk.distance:.2f} (up to {risk.allowed:.2f})"
        rows.insert(0, ("stated risk", _verdict(risk.moved), distance, ""))
    rows += [
        (
            f"payer {one.payer}",
            _verdict(one.moved),
            f"{one.rate_now - one.rate_before:+.1%} (up to {one.allowed:.1%})",
            f"denied {one.rate_before:.1%}, now {one.rate_now:.1%} of {one.lines:,}"
            " answered lines",
        )
        for one in report.payers
    ]
    if rows:
        table(
            f"{report.lines:,} lines of the 30 days before {report.as_of}, against the"
            f" model of {report.trained_as_of}",
            ("what", "moved", "by", ""),
            rows,
        )
    if report.payers_not_assessed:
        remarks.print(
            f"{report.payers_not_assessed} payers: too few answers since then to say"
        )
    remarks.print(report.proposal, markup=False)


def _verdict(moved: bool) -> str:
    return "yes" if moved else "no"


def register(app: typer.Typer) -> None:
    """Add this family's command."""
    app.command("drift")(drift)
