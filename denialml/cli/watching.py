"""`denialml watch`: files that others put into a folder are taken in."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import InterfaceError, OperationalError

from denialml.cli.desk import ACTOR, Desk, open_desk
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks
from denialml.errors import DenialmlError, UnreadableFile
from denialml.journeys.drop_folder import (
    ERROR,
    DropFolder,
    DropReport,
    FileChanged,
    FolderBusy,
    NotAPlainFile,
    failed,
    open_drop_folder,
    refused,
    report_of,
)
from denialml.journeys.ingest import ingest_file
from denialml.store.organizations import Organization

INCOMPLETE = 3
UNAVAILABLE = 4
SHORTEST_INTERVAL = 0.05


def watch(
    folder: Annotated[Path, typer.Argument(help="where senders put their files")],
    organization: OrganizationOption = None,
    interval: Annotated[
        float,
        typer.Option(
            min=SHORTEST_INTERVAL,
            help="seconds between looks; a file that did not change in them is whole",
        ),
    ] = 5.0,
    once: Annotated[
        bool, typer.Option("--once", help="two looks, then end: for cron")
    ] = False,
) -> None:
    """Take in what is put into a folder; files move to done/ or error/ with a report.

    Example: denialml watch /srv/remittances --organization "Harbor Lane Counseling"

    Runs until it is stopped. With --once: exit status 3 where a file went to error/, 4
    where a file has to wait (disk full, database busy); then it is tried next time.
    """
    desk = open_desk()
    practice = desk.organization(organization)
    try:
        with open_drop_folder(folder) as drop:
            Watcher(desk, practice, drop).run(interval=interval, once=once)
    except FolderBusy:
        if not once:
            raise
        remarks.print("Another process watches this folder; nothing to do.")


class Watcher:
    """One command's work on one folder. Prints ids only: it may run under a log."""

    def __init__(self, desk: Desk, practice: Organization, drop: DropFolder) -> None:
        self._desk = desk
        self._practice = practice
        self._drop = drop
        self._errors = 0
        self._waits = ""
        self._told = ""

    def run(self, *, interval: float, once: bool) -> None:
        """Look, wait, look again, and take in what has not changed."""
        looks = 0
        while True:
            try:
                self._look()
                self._waits = ""
            except (OperationalError, InterfaceError, OSError) as error:
                self._waits = type(error).__name__
            self._tell_waiting()
            looks += 1
            if once and looks > 1:
                break
            time.sleep(interval)
        if self._waits:
            raise typer.Exit(UNAVAILABLE)
        if self._errors:
            raise typer.Exit(INCOMPLETE)

    def _look(self) -> None:
        """Take in what was left claimed, then what has arrived, in its order.

        Raises what can pass (disk full, database busy): where one file has to wait,
        those after it wait too.
        """
        stable = self._drop.look()
        self._take_claimed()
        for arrival in stable:
            self._drop.claim(arrival)
            self._take_claimed()

    def _take_claimed(self) -> None:
        for claimed in self._drop.claimed():
            report = self._take(claimed)
            if report is not None:
                self._drop.conclude(claimed, report)
                self._say(report)

    def _take(self, claimed: Path) -> DropReport | None:
        """Read one file into the store; None while somebody still writes to it."""
        try:
            with (
                self._desk.session() as session,
                self._drop.opened(claimed) as stream,
            ):
                report = ingest_file(
                    session,
                    self._practice.organization_id,
                    stream,
                    file=os.fsencode(claimed.name).decode(errors="replace"),
                    now=self._desk.now(),
                    actor=ACTOR,
                    documents_directory=self._drop.path / "documents",
                )
        except FileChanged:
            self._drop.wait_until_whole(claimed)
            return None
        except NotAPlainFile:
            return refused("not-a-plain-file", "Send the file itself.")
        except UnreadableFile:
            return refused(
                "unreadable-file", "Check that this is the file that was meant."
            )
        except PermissionError:
            return refused(
                "file-not-readable", "Let the account that runs denialml read the file."
            )
        except (OperationalError, InterfaceError, OSError, DenialmlError):
            raise
        except Exception as error:
            # A fault of ours must not keep every later file waiting.
            return failed(error)
        return report_of(report)

    def _say(self, report: DropReport) -> None:
        self._errors += report.outcome == ERROR
        new, read = (
            sum(counts.values()) for counts in (report.records_new, report.records_read)
        )
        remarks.print(
            f"{report.outcome}: {report.file_id or 'no file stored'}, "
            f"{read:,} records, {new:,} new, {len(report.problems):,} problems"
        )

    def _tell_waiting(self) -> None:
        if self._waits and self._waits != self._told:
            remarks.print(
                f"[bold red]waiting[/]: {self._waits}; trying again at the next look",
                soft_wrap=True,
            )
        self._told = self._waits


def register(app: typer.Typer) -> None:
    """Add this family's command."""
    app.command("watch")(watch)
