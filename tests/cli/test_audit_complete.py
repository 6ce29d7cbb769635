"""No command is handed a patient's row without leaving an event.

The commands run on a copy of the practice that the tests of the API serve, in an order
in which each finds what it asks for. A command that is new has to be added here.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.examples import example_835, example_837p
from denialml.cli.app import app
from denialml.settings import Settings, audit_key
from denialml.store.audit_verifying import verify_trail
from denialml.store.database import open_engine, open_session
from tests.api.running import running_service
from tests.security.watching import connections_watched, watching

runner = CliRunner()
HARBOR = "Harbor Lane Counseling"
OF = ("--organization", HARBOR)
# What stands in capitals is put in when the command runs.
COMMANDS: dict[str, tuple[str, ...]] = {
    "simulate": ("--out", "simulated", "--claims", "60"),
    "organizations": (),
    "ingest": ("one.837", "one.835", *OF),
    "denials": OF,
    "draft": ("DENIAL", *OF),
    "confirm-cause": ("DENIAL", "cob_wrong_payer", *OF),
    "learn-causes": OF,
    "radar": OF,
    "drift": OF,
    "rules": ("--measure", *OF),
    "score": ("outgoing.edi", *OF),
    "correct": ("outgoing.edi", *OF),
    "pseudonyms": OF,
    "train": OF,
    "promote": OF,
    "rollback": OF,
    "receive": ("bundle", *OF),
    "backtest": (
        *("--from", "2026-09-01", "--to", "2026-09-30", "--out", "history.csv"),
        *("--refit", "never", *OF),
    ),
    "keys issue": ("walk", *OF),
    "keys list": OF,
    "keys revoke": ("KEY", *OF),
    "jobs list": OF,
    "jobs show": ("job_none", *OF),
    "jobs results": ("job_none", *OF),
    "jobs cancel": ("job_none", *OF),
    "jobs retry": ("job_none", *OF),
    "backup": ("--out", "kept"),
    "backup verify": ("kept",),
    "restore": ("kept", "--into", "restored"),
    "doctor": (),
    "people add": ("walk@example.com", *OF),
    "people list": OF,
    "people role": ("walk@example.com", "biller", *OF),
    "people reset-password": ("walk@example.com", *OF),
    "people reset-second-factor": ("walk@example.com", *OF),
    "people disable": ("walk@example.com", *OF),
    "audit list": OF,
    "audit export": OF,
    "audit checkpoint": ("--out", "checkpoints.jsonl"),
    "audit verify": ("--checkpoint", "checkpoints.jsonl"),
}
# They run until they are stopped; what they do is done by others that are walked.
ENDLESS = {"serve", "demo", "watch", "work"}
# These must have read patients' rows, or the watch sees nothing.
READING = {"denials", "draft", "radar", "score", "correct", "backtest", "pseudonyms"}


class Walk:
    """The folder of the walk, and what each command read and recorded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read: dict[str, set[str]] = {}
        self.recorded: dict[str, int] = {}
        self.said: dict[str, str] = {}

    def run(self, name: str) -> None:
        before = self._ask("SELECT count(*) FROM audit_events")
        with watching() as seen:
            answer = runner.invoke(app, [*name.split(), *self._arguments(name)])
        self.read[name] = seen
        after = self._ask("SELECT count(*) FROM audit_events")
        self.recorded[name] = int(after) - int(before)
        self.said[name] = f"{answer.exit_code} {answer.exception!r}"

    def _arguments(self, name: str) -> list[str]:
        return [
            self._ask("SELECT denial_id FROM denials WHERE root_cause IS NOT NULL")
            if one == "DENIAL"
            else self._ask("SELECT key_id FROM api_keys WHERE label = 'walk'")
            if one == "KEY"
            else one
            for one in COMMANDS[name]
        ]

    def _ask(self, question: str) -> str:
        database = self.folder / "var" / "denialml.db"
        with closing(sqlite3.connect(database)) as connection:
            return str(connection.execute(question).fetchone()[0])


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    running = running_service()
    source = running.settings.data_directory
    folder = tmp_path_factory.mktemp("walked")
    database_files = shutil.ignore_patterns("denialml.db*", "files")
    shutil.copytree(source, folder / "var", ignore=database_files)
    with (
        closing(sqlite3.connect(source / "denialml.db")) as old,
        closing(sqlite3.connect(folder / "var" / "denialml.db")) as new,
    ):
        old.backup(new)
    harbor = running.organizations[HARBOR]
    shutil.copytree(running.settings.serving_bundle_of(harbor), folder / "bundle")
    (folder / "outgoing.edi").write_bytes(running.outgoing)
    (folder / "one.837").write_text(example_837p())
    (folder / "one.835").write_text(example_835())
    with pytest.MonkeyPatch.context() as patch, connections_watched():
        patch.chdir(folder)
        patch.setenv("DENIALML_DATA_DIRECTORY", str(folder / "var"))
        made = Walk(folder)
        for name in COMMANDS:
            if name in all_commands():
                made.run(name)
        yield made


def all_commands() -> set[str]:
    def names(command: Any, path: str = "") -> Iterator[str]:
        parts = getattr(command, "commands", None)
        if parts is None or command.invoke_without_command:
            yield path
        for name, part in (parts or {}).items():
            yield from names(part, f"{path} {name}".strip())

    return set(names(typer.main.get_command(app)))


def test_every_command_is_walked() -> None:
    assert all_commands() - COMMANDS.keys() - ENDLESS == set()


def test_the_watch_sees_what_is_read(walk: Walk) -> None:
    blind = {name: walk.said[name] for name in READING if not walk.read[name]}
    assert blind == {}


def test_a_command_that_was_handed_a_patients_row_left_an_event(walk: Walk) -> None:
    unaudited = {
        name: (sorted(tables), walk.said[name])
        for name, tables in walk.read.items()
        if tables and not walk.recorded[name]
    }
    assert unaudited == {}


def test_the_trail_of_the_walk_verifies(walk: Walk) -> None:
    settings = Settings(data_directory=walk.folder / "var")
    key = audit_key(settings)
    engine = open_engine(settings.resolved_database_url)
    with open_session(engine, read_only=True) as session:
        harbor = running_service().organizations[HARBOR]
        verdict = verify_trail(session, harbor, key=key)
    engine.dispose()
    assert verdict.fault is None
    assert verdict.events > len(READING)
