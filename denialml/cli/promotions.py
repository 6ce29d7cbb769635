"""`denialml promote`, `receive` and `rollback`: which model serves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from denialml.cli.desk import Desk, open_desk
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks, write_json
from denialml.cli.specifications import SpecificationOption, specification_of
from denialml.store.audit import AuditAction
from denialml.store.organizations import Organization

if TYPE_CHECKING:  # loads lightgbm: only when a command runs
    from denialml.journeys.promotion import PromotionReport

# What the audit trail calls a model that is older than the one it replaced.
_OLDER = "older_model"


def promote(
    organization: OrganizationOption = None,
    version: Annotated[
        str, typer.Option(help="a registered version, or challenger")
    ] = "challenger",
    specification: SpecificationOption = None,
    older: Annotated[
        bool, typer.Option("--older", help="also one older than what serves")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Compare a version with what serves; if every gate is met, let it serve.

    With --spec the models are meant that were trained under that specification's name.
    """
    desk = open_desk()
    practice = desk.organization(organization)
    report = promote_with_remarks(
        desk, practice, version=version, specification=specification, older=older
    )
    if as_json:
        write_json(report)


def promote_with_remarks(
    desk: Desk,
    practice: Organization,
    *,
    version: str = "challenger",
    specification: Path | None = None,
    older: bool = False,
) -> "PromotionReport":
    """Promote and say what serves from now on."""
    from denialml.journeys.promotion import promote as promote_model

    with (
        desk.session(read_only=True) as session,
        remarks.status("Comparing with what serves"),
    ):
        report = promote_model(
            session,
            practice.organization_id,
            tracking=desk.settings.resolved_mlflow_directory,
            serving=desk.settings.serving_bundle_of(practice.organization_id),
            seal=desk.signing_seal(practice.organization_id),
            as_of=desk.today(),
            name=specification_of(practice, specification).name,
            version=version,
            older=older,
            now=desk.now(),
        )
    with desk.session() as session:
        desk.note(
            session,
            practice,
            AuditAction.MODEL_PROMOTED,
            record_kind=_OLDER if report.is_older else "model",
            record_id=report.version,
        )
    compared = report.comparison
    if report.remark:
        remarks.print(report.remark, markup=False)
    said = f"Serving {report.version} ({report.name} {report.registered_version}): "
    if compared is not None:
        said += (
            f"on {compared.lines:,} answered lines since {compared.window_first} its"
            f" log-loss is {compared.log_loss:.4f}, against"
            f" {compared.opponent_log_loss:.4f} ({compared.opponent}); "
        )
    remarks.print(f"{said}{len(report.gates)} gates met")
    return report


def rollback(
    organization: OrganizationOption = None,
    specification: SpecificationOption = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Serve again what served before the last promotion."""
    from denialml.journeys.promotion import rollback as roll_back

    desk = open_desk()
    practice = desk.organization(organization)
    report = roll_back(
        tracking=desk.settings.resolved_mlflow_directory,
        serving=desk.settings.serving_bundle_of(practice.organization_id),
        seal=desk.seal(practice.organization_id),
        name=specification_of(practice, specification).name,
    )
    with desk.session() as session:
        desk.note(
            session,
            practice,
            AuditAction.MODEL_ROLLED_BACK,
            record_kind="model",
            record_id=report.version,
        )
    remarks.print(f"Serving {report.version} again")
    if as_json:
        write_json(report)


def receive(
    folder: Annotated[
        Path,
        typer.Argument(
            help="a copy of the folder of a promoted model",
            exists=True,
            file_okay=False,
        ),
    ],
    organization: OrganizationOption = None,
    older: Annotated[
        bool, typer.Option("--older", help="also one promoted before what serves")
    ] = False,
) -> None:
    """Serve a model that was promoted on another machine, with its public key only."""
    from denialml.modeling.risk.bundle import receive_bundle

    desk = open_desk()
    practice = desk.organization(organization)
    received = receive_bundle(
        folder,
        desk.settings.serving_bundle_of(practice.organization_id),
        seal=desk.seal(practice.organization_id),
        older=older,
    )
    version = received.bundle.version
    if received.came == "again":
        remarks.print(f"{version} serves already: nothing was changed")
        return
    with desk.session() as session:
        desk.note(
            session,
            practice,
            AuditAction.MODEL_RECEIVED,
            record_kind=_OLDER if received.came == "older" else "model",
            record_id=version,
        )
    remarks.print(f"Serving {version}")


def register(app: typer.Typer) -> None:
    """Add this family's commands."""
    app.command("promote")(promote)
    app.command("receive")(receive)
    app.command("rollback")(rollback)
