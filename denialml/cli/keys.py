"""`denialml keys` and `denialml organizations`."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

import typer

from api.permissions import Permission
from denialml.cli.desk import Desk, open_desk
from denialml.cli.output import remarks, table, write_json
from denialml.settings import api_key_pepper
from denialml.store.api_keys import issue_key, list_keys, revoke_key
from denialml.store.audit import AuditAction
from denialml.store.organizations import Organization, list_organizations

keys = typer.Typer(help="Issue, list and revoke API keys.", no_args_is_help=True)

OrganizationOption = Annotated[
    str | None, typer.Option("--organization", help="name or id of the practice")
]


@keys.command("issue")
def issue(
    label: Annotated[str, typer.Argument(help="who will use the key")],
    organization: OrganizationOption = None,
    scope: Annotated[
        list[Permission] | None,
        typer.Option(help="a right; repeat for several (default: all)"),
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="days until it expires")] = 365,
) -> None:
    """Make a key and print it once; only its keyed digest is stored."""
    desk = open_desk()
    practice = desk.organization(organization)
    key_id, plaintext = issue_practice_key(
        desk, practice, label=label, scopes=scope or list(Permission), days=days
    )
    remarks.print(f"Key {key_id} for {practice.name}; it is not shown again:")
    typer.echo(plaintext)


def issue_practice_key(
    desk: Desk,
    practice: Organization,
    *,
    label: str,
    scopes: Iterable[Permission],
    days: int,
) -> tuple[str, str]:
    """A new key's id and the key itself, which is stored nowhere."""
    with desk.session() as session:
        now = desk.now()
        key_id, plaintext = issue_key(
            session,
            practice.organization_id,
            label=label,
            scopes=[str(right) for right in scopes],
            pepper=api_key_pepper(desk.settings),
            now=now,
            expires_at=now + timedelta(days=days),
        )
        desk.note(
            session,
            practice,
            AuditAction.KEY_ISSUED,
            record_kind="api_key",
            record_id=key_id,
        )
    return key_id, plaintext


@keys.command("list")
def list_command(
    organization: OrganizationOption = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Every key ever issued; never the key itself."""
    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session(read_only=True) as session:
        records = list_keys(session, practice.organization_id)
    if as_json:
        write_json(records)
        return
    rows = [
        (
            record.key_id,
            record.label,
            " ".join(sorted(record.scopes)),
            "revoked"
            if record.revoked_at
            else f"until {record.expires_at:%Y-%m-%d}"
            if record.expires_at
            else "no expiry",
        )
        for record in records
    ]
    table("API keys", ("id", "label", "scopes", "state"), rows)


@keys.command("revoke")
def revoke(key_id: str, organization: OrganizationOption = None) -> None:
    """Make a key useless from the next request on."""
    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session() as session:
        revoke_key(session, practice.organization_id, key_id=key_id, now=desk.now())
        desk.note(
            session,
            practice,
            AuditAction.KEY_REVOKED,
            record_kind="api_key",
            record_id=key_id,
        )
    remarks.print(f"Key {key_id} is revoked.")


def organizations(
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """The practices this database holds."""
    desk = open_desk()
    with desk.session(read_only=True) as session:
        known = list_organizations(session)
    if as_json:
        write_json(
            [
                {
                    "organization_id": one.organization_id,
                    "name": one.name,
                    "is_simulated": one.is_simulated,
                }
                for one in known
            ]
        )
        return
    rows = [
        (one.organization_id, one.name, "simulated" if one.is_simulated else "")
        for one in known
    ]
    table("Organizations", ("id", "name", ""), rows)


def register(app: typer.Typer) -> None:
    """Add this family's commands."""
    app.add_typer(keys, name="keys")
    app.command("organizations")(organizations)
