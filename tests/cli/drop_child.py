"""A watcher in a process of its own that is killed before its n-th lasting step."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
from sqlalchemy.orm import Session

from denialml.cli.desk import Desk
from denialml.cli.watching import Watcher
from denialml.journeys.drop_folder import open_drop_folder
from denialml.settings import Settings

ORGANIZATION = "Harbor Lane Counseling"


def watch_once(data: Path, folder: Path, kill_before: int = 0) -> None:
    """One `watch --once`; 0: nobody kills it."""
    if kill_before:
        _count_steps(kill_before)
    desk = Desk(Settings(data_directory=data))
    practice = desk.organization(ORGANIZATION)
    # A refused file is among them: the command would say so by its status.
    with open_drop_folder(folder) as drop, suppress(typer.Exit):
        Watcher(desk, practice, drop).run(interval=0.05, once=True)
    desk.engine.dispose()


def _count_steps(kill_before: int) -> None:
    steps = 0

    def counted(act: Any) -> Any:
        def step(*parts: Any, **named: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*parts, **named)

        return step

    for name in ("rename", "link", "unlink", "mkdir", "fsync"):
        setattr(os, name, counted(getattr(os, name)))
    Session.commit = counted(Session.commit)  # type: ignore[method-assign]
