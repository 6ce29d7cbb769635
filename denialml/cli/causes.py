"""`denialml confirm-cause` and `learn-causes`: people's word on why it was denied."""

from typing import Annotated

import typer

from denialml.cli.desk import ACTOR, Desk, open_desk, parse_day
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks, write_json
from denialml.domain.denial import RootCause
from denialml.errors import InputError
from denialml.journeys.cause_learning import (
    CauseLearning,
    forget_causes,
    learn_causes,
)
from denialml.journeys.confirming import confirm_cause
from denialml.journeys.worklist import view_denial
from denialml.store.organizations import Organization


def confirm(
    denial_id: Annotated[str, typer.Argument(help="as `denialml denials` lists it")],
    cause: Annotated[
        RootCause | None, typer.Argument(help="what the cause was found to be")
    ] = None,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="undo what was confirmed before")
    ] = False,
    organization: OrganizationOption = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Confirm or correct the cause of a denial; it then wins over the model's."""
    if (cause is None) is not take_back:
        allowed = ", ".join(RootCause)
        raise InputError(f"give one cause, or --take-back; causes: {allowed}")
    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session() as session:
        stored = confirm_cause(
            session,
            practice.organization_id,
            denial_id,
            cause,
            as_of=desk.today(),
            now=desk.now(),
            actor=ACTOR,
        )
        view = view_denial(
            session, practice.organization_id, denial_id, as_of=desk.today()
        )
    if as_json:
        write_json(view)
        return
    typer.echo(f"{denial_id}: {view.cause_label or 'no cause told'}")
    remarks.print(view.candidates, soft_wrap=True, markup=False)
    if stored.route is not None:
        remarks.print(
            f"next: {stored.route.route}: {stored.route.reason}",
            soft_wrap=True,
            markup=False,
        )


def learn(
    organization: OrganizationOption = None,
    as_of: Annotated[str | None, typer.Option(help="last day to learn from")] = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="remove what was learnt instead")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Learn from the denials and the causes that people confirmed of them."""
    desk = open_desk()
    practice = desk.organization(organization)
    if forget:
        _forget(desk, practice, as_json=as_json)
        return
    with desk.session() as session, remarks.status("Learning from the denials"):
        report = learn_causes(
            session,
            practice.organization_id,
            as_of=parse_day(as_of, "--as-of") or desk.today(),
            now=desk.now(),
            actor=ACTOR,
        )
    if as_json:
        write_json(report)
        return
    _show(report)


def _forget(desk: Desk, practice: Organization, *, as_json: bool) -> None:
    with desk.session() as session:
        version = forget_causes(
            session, practice.organization_id, now=desk.now(), actor=ACTOR
        )
    if as_json:
        write_json({"forgotten": version})
        return
    typer.echo(version)
    remarks.print("Forgotten: the next `denialml denials` judges without it.")


def _show(report: CauseLearning) -> None:
    remarks.print(
        f"{report.lines:,} denied lines, {report.confirmed:,} with a confirmed cause;"
        f" {report.checked:,} of {report.asked:,} chosen for checking were checked"
        " (`denialml denials --to-check`)",
        soft_wrap=True,
    )
    if report.loss is not None and report.loss_before is not None:
        remarks.print(
            f"log-loss of the confirmed causes: {report.loss:.3f},"
            f" {report.loss_before:.3f} without what was learnt"
        )
    if report.is_kept:
        typer.echo(report.model_version)
        remarks.print("The next `denialml denials` judges with it.")
    else:
        judging = "Codes, records and letters judge alone."
        if report.judges_on:
            judging = f"The model learnt before judges on: {report.judges_on}."
        elif report.dropped:
            judging = (
                f"The model learnt before, {report.dropped}, tells them worse too and"
                f" was removed. {judging}"
            )
        remarks.print(f"Not kept: {report.reason} {judging}", soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add this family's commands."""
    app.command("confirm-cause")(confirm)
    app.command("learn-causes")(learn)
