"""The typer application: one module per family of verbs."""

import sys

import typer

from denialml.cli import (
    appeals,
    demonstration,
    keys,
    models,
    practice,
    scoring,
    serving,
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
for family in (practice, models, scoring, appeals, keys, serving, demonstration):
    family.register(app)


def run() -> None:
    """Run the application; an error on purpose becomes one line and status 1."""
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
