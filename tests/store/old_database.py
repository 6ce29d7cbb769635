"""Databases of earlier schemas: brought to a revision, and rows written by hand.

The tables of today know only today's columns, so the rows are plain SQL.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

import denialml.store

MIGRATIONS = Path(denialml.store.__file__).parent / "migrations"


def newest_revision() -> str:
    """The revision of today's schema."""
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    configuration.set_main_option("path_separator", "os")
    head = ScriptDirectory.from_config(configuration).get_current_head()
    assert head is not None
    return head


def upgrade_to(engine: Engine, revision: str) -> None:
    """Bring an empty or older database to the schema of `revision`."""
    with engine.begin() as connection:
        configuration = Config()
        configuration.set_main_option("script_location", str(MIGRATIONS))
        configuration.set_main_option("path_separator", "os")
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, revision)


def insert_row(connection: Connection, table: str, row: dict[str, object]) -> None:
    """Write one row, by the names of its columns."""
    columns = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)


def insert_practice_with_file(
    connection: Connection, *, name: str, kinds: str, records: int
) -> None:
    """The organization `org_1` and its one file `fil_1`, as read of `records`."""
    organization = {
        "organization_id": "org_1",
        "name": "Practice",
        "is_simulated": 1,
        "records_version": 0,
        "created_at": "2026-01-01 00:00:00",
        "fingerprint_key": b"k",
    }
    insert_row(connection, "organizations", organization)
    file = {
        "file_id": "fil_1",
        "organization_id": "org_1",
        "sha256": "",
        "name": name,
        "kinds": kinds,
        "byte_count": 1,
        "records_read": records,
        "records_new": records,
        "problem_count": 0,
        "complete": 1,
        "ingested_at": "2026-01-01 00:00:00",
    }
    insert_row(connection, "source_files", file)
