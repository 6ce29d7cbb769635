"""The typer application: one module per family of verbs."""

import os
import sys

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from denialml.cli import (
    appeals,
    audit,
    backups,
    causes,
    correcting,
    demonstration,
    drift,
    jobs,
    keys,
    models,
    practice,
    promotions,
    radar,
    rules,
    scoring,
    serving,
    watching,
)
from denialml.cli.output import remarks
from denialml.errors import DenialmlError

app = typer.Typer(
    name="denialml",
    help="Denial risk, root causes and appeal drafts for behavioural-health claims.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for family in (
    practice,
    models,
    promotions,
    radar,
    drift,
    rules,
    scoring,
    correcting,
    appeals,
    causes,
    keys,
    audit,
    jobs,
    serving,
    watching,
    backups,
    demonstration,
):
    family.register(app)


def run() -> None:
    """Run the application; an error on purpose becomes one line and status 1."""
    # Whatever is written holds PHI or secrets: for this user's eyes only.
    os.umask(0o077)
    try:
        app()
    except DenialmlError as error:
        remarks.print(f"[bold red]{type(error).__name__}[/]: {error}", soft_wrap=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our stdout (head, less) has gone: not an error of ours.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        remarks.print(f"[bold red]File error[/]: {error}", soft_wrap=True)
        sys.exit(1)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            place = ".".join(str(part) for part in fault["loc"]) or "settings"
            remarks.print(f"[bold red]Setting[/] {place}: {fault['msg']}")
        sys.exit(1)
    except OperationalError as error:
        remarks.print(f"[bold red]Database[/]: {type(error.orig).__name__}: it cannot")
        remarks.print("be opened; check DENIALML_DATABASE_URL and its folder")
        sys.exit(1)
