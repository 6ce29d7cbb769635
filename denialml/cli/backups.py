"""`denialml backup` and `denialml restore`."""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from denialml import __version__
from denialml.cli.desk import Desk, expect_file, open_desk
from denialml.cli.output import remarks
from denialml.errors import InputError
from denialml.journeys.backup import (
    MODELS,
    POSTGRESQL_MEMBER,
    RULES,
    Installation,
    Manifest,
    make_backup,
    restore_backup,
    verify_backup,
)
from denialml.settings import (
    AUDIT_KEY_FILE_NAME,
    PEPPER_FILE_NAME,
    Settings,
    owner_only,
)
from denialml.signing_keys import PRIVATE_KEY_FILE_NAME, PUBLIC_KEY_FILE_NAME
from denialml.store.audit import AuditAction
from denialml.store.organizations import list_organizations

# Parameters of a PostgreSQL address as libpq's variables.
QUERY_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
SECRETS = (PEPPER_FILE_NAME, AUDIT_KEY_FILE_NAME, PRIVATE_KEY_FILE_NAME)

backup = typer.Typer(help="Write or check a backup.")
PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="seals the backup; a file only you can read (0600)"
    ),
]


@backup.callback(invoke_without_command=True)
def make(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="the file to write")] = None,
    passphrase_file: PassphraseOption = None,
    with_secrets: Annotated[
        bool,
        typer.Option(help="with the installation's keys; only together with a seal"),
    ] = False,
) -> None:
    """Back up database, models and rules while the service runs.

    Example: denialml backup --out /backups/denialml.backup --passphrase-file PATH
    """
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise InputError("name the file to write with --out FILE")
    passphrase = _passphrase(passphrase_file)
    desk = open_desk()
    # Before the copy is made: the backup holds the event of its own making.
    with desk.session() as session:
        for practice in list_organizations(session):
            desk.note(
                session, practice, AuditAction.BACKUP_MADE, record_kind="organization"
            )
    desk.engine.dispose()
    manifest = make_backup(
        _installation(desk),
        out,
        now=desk.now(),
        passphrase=passphrase,
        with_secrets=with_secrets,
    )
    if passphrase is None:
        remarks.print("Not sealed: keep it where only you can read it; it holds PHI.")
    _tell("Backed up", manifest)


@backup.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="the backup")],
    passphrase_file: PassphraseOption = None,
) -> None:
    """Read a backup to its end: every hash, and the database's own check."""
    passphrase = _passphrase(passphrase_file)
    _tell("Whole", verify_backup(expect_file(file), passphrase=passphrase))


def restore(
    file: Annotated[Path, typer.Argument(help="the backup")],
    into: Annotated[Path, typer.Option(help="a data directory that does not exist")],
    passphrase_file: PassphraseOption = None,
) -> None:
    """Put a backup into a new data directory; nothing that is there is touched."""
    passphrase = _passphrase(passphrase_file)
    manifest = restore_backup(expect_file(file), into, passphrase=passphrase)
    _tell("Restored", manifest)
    if manifest.database == "postgresql":
        remarks.print(
            "Now restore the database into an empty one: pg_restore --no-owner "
            f"--dbname=URL {into / POSTGRESQL_MEMBER}",
            soft_wrap=True,
        )
    if not manifest.has_secrets:
        remarks.print(
            f"Put the keys back from where you keep them: {', '.join(SECRETS)}"
        )


def _installation(desk: Desk) -> Installation:
    settings = desk.settings
    data = settings.data_directory
    return Installation(
        database=_database(settings),
        folders={
            MODELS: settings.resolved_serving_bundle_directory,
            RULES: settings.rules_directory or data / "rules",
        },
        files={PUBLIC_KEY_FILE_NAME: data / PUBLIC_KEY_FILE_NAME},
        secrets={name: data / name for name in SECRETS},
        version=__version__,
    )


def _database(settings: Settings) -> Path | dict[str, str]:
    url = make_url(settings.resolved_database_url)
    if url.get_backend_name() != "sqlite":
        parts: dict[str, object] = {
            "PGHOST": url.host,
            "PGPORT": url.port,
            "PGUSER": url.username,
            "PGPASSWORD": url.password,
            "PGDATABASE": url.database,
        }
        for name, value in url.query.items():
            if name not in QUERY_VARIABLES:
                raise InputError(
                    f"pg_dump cannot be told the database address's parameter {name}"
                )
            parts[QUERY_VARIABLES[name]] = value
        return {name: str(value) for name, value in parts.items() if value is not None}
    if not url.database:
        raise InputError("a database in memory cannot be backed up")
    return Path(url.database)


def _passphrase(path: Path | None) -> bytes | None:
    return None if path is None else owner_only(expect_file(path)).strip()


def _tell(done: str, manifest: Manifest) -> None:
    size = sum(file.byte_count for file in manifest.files)
    remarks.print(
        f"{done}: {len(manifest.files):,} files, {size:,} bytes, made "
        f"{manifest.made_at:%Y-%m-%d %H:%M} UTC by version {manifest.denialml_version}"
    )


def register(app: typer.Typer) -> None:
    """Add this family's commands."""
    app.add_typer(backup, name="backup")
    app.command("restore")(restore)
