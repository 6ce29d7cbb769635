"""Opening, migrating and checking databases."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from denialml.errors import SchemaOutdated
from denialml.store import office_tables, sign_in_table, tables
from denialml.store.columns import Base
from denialml.store.database import check_schema, migrate, open_engine, open_session
from denialml.store.organizations import create_organization, list_organizations
from denialml.store.writing import insert_new
from tests.audit_key import AUDIT_KEY
from tests.store.old_database import (
    insert_practice_with_file,
    newest_revision,
    upgrade_to,
)
from tests.store.samples import NOW


def test_migrated_schema_is_what_the_tables_say(engine: Engine) -> None:
    for row in (tables.ClaimRow, office_tables.ApiKeyRow, sign_in_table.SignInRow):
        assert row.metadata is Base.metadata
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_table_but_organizations_belongs_to_an_organization(
    engine: Engine,
) -> None:
    inspector = inspect(engine)
    without = {
        table
        for table in inspector.get_table_names()
        if not any(
            key["referred_table"] == "organizations"
            for key in inspector.get_foreign_keys(table)
        )
    }
    assert without == {"organizations", "alembic_version"}


def test_every_table_says_its_grain() -> None:
    silent = [
        mapper.class_.__name__
        for mapper in Base.registry.mappers
        if not (mapper.class_.__doc__ or "").startswith("One row per ")
    ]
    assert silent == []


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    with open_session(engine) as session:
        create_organization(session, "Practice", now=NOW)
        session.commit()
    migrate(engine)
    check_schema(engine)
    with open_session(engine) as session:
        assert [each.name for each in list_organizations(session)] == ["Practice"]


def _check_step_from_the_first_schema(url: str) -> None:
    """A database of the first release keeps what it holds and gains what is new."""
    engine = open_engine(url, audit_key=AUDIT_KEY)
    upgrade_to(engine, "v0001")
    with pytest.raises(SchemaOutdated, match="at schema v0001"):
        check_schema(engine)
    with open_session(engine) as session:
        create_organization(session, "Practice", now=NOW)
        session.commit()
    migrate(engine)
    check_schema(engine)
    with open_session(engine) as session:
        assert [each.name for each in list_organizations(session)] == ["Practice"]
        assert session.scalars(select(sign_in_table.SignInRow)).all() == []
    engine.dispose()


def test_files_kept_under_ids_of_another_form_are_to_be_read_anew(
    tmp_path: Path,
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/old.db", audit_key=AUDIT_KEY)
    upgrade_to(engine, "v0002")
    with engine.begin() as connection:
        insert_practice_with_file(connection, name="a.835", kinds="835", records=1)
    with pytest.raises(SchemaOutdated, match="ingest the same files into a new one"):
        migrate(engine)
    engine.dispose()


def test_the_first_schema_of_sqlite_moves_on(tmp_path: Path) -> None:
    _check_step_from_the_first_schema(f"sqlite:///{tmp_path}/old.db")


@pytest.mark.postgresql
def test_the_first_schema_of_postgresql_moves_on(empty_postgresql_url: str) -> None:
    _check_step_from_the_first_schema(empty_postgresql_url)


def test_four_processes_may_migrate_one_sqlite_file_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/denialml.db"
    _migrate_at_once(url)
    check_schema(open_engine(url, audit_key=AUDIT_KEY))


@pytest.mark.postgresql
def test_four_processes_may_migrate_one_postgresql_database_at_once(
    empty_postgresql_url: str,
) -> None:
    _migrate_at_once(empty_postgresql_url)
    engine = open_engine(empty_postgresql_url, audit_key=AUDIT_KEY)
    check_schema(engine)
    engine.dispose()


def _migrate_at_once(url: str) -> None:
    def once(_: int) -> None:
        engine = open_engine(url, audit_key=AUDIT_KEY)
        migrate(engine)
        engine.dispose()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(once, range(4)))


def test_a_database_nobody_migrated_is_refused(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new.db", audit_key=AUDIT_KEY)
    with pytest.raises(SchemaOutdated, match=r"at schema none, .* needs v\d{4}"):
        check_schema(engine)


def test_a_database_of_another_version_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v0999'"))
    try:
        with pytest.raises(SchemaOutdated, match="at schema v0999"):
            check_schema(engine)
    finally:
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE alembic_version SET version_num = :head"),
                {"head": newest_revision()},
            )


def test_unsupported_databases_are_named() -> None:
    with pytest.raises(ValueError, match=r"mysql.*use sqlite or postgresql"):
        open_engine("mysql://localhost/denialml")


def test_sqlite_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 60_000,
    }


def test_a_reader_does_not_wait_for_the_writer(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    with open_session(engine) as writer:
        create_organization(writer, "Unseen", now=NOW)
        with open_session(engine, read_only=True) as reader:
            assert list_organizations(reader) == ()
        writer.commit()


def test_a_session_that_only_reads_still_shuts_out_a_second_writer(
    tmp_path: Path,
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    with open_session(engine) as first:
        list_organizations(first)
        other = sqlite3.connect(tmp_path / "denialml.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_moments_come_back_in_utc(engine: Engine) -> None:
    eastern = datetime(2026, 1, 5, 9, 30, tzinfo=timezone(timedelta(hours=-5)))
    with open_session(engine) as session:
        made = create_organization(session, "Practice", now=eastern)
        session.commit()
    with open_session(engine) as session:
        (found,) = list_organizations(session)
    assert made.created_at == found.created_at
    assert found.created_at == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    assert found.created_at.utcoffset() == timedelta(0)


def test_moments_without_a_zone_are_refused(engine: Engine) -> None:
    naive = datetime(2026, 1, 5, 9, 30)  # noqa: DTZ001
    with (
        open_session(engine) as session,
        pytest.raises(StatementError, match="without a time zone"),
    ):
        create_organization(session, "Practice", now=naive)


def test_foreign_keys_hold(session: Session) -> None:
    orphan = insert(office_tables.ApiKeyRow).values(
        key_id="key_1",
        organization_id="org_none",
        label="",
        digest="",
        scopes="",
        created_at=NOW,
    )
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        session.execute(orphan)


def test_errors_do_not_repeat_what_was_to_be_stored(session: Session) -> None:
    broken = {
        "file_id": "fil_1",
        "organization_id": "org_none",
        "sha256": "",
        "name": "CANARY-DOE",
        "kinds": "",
        "byte_count": 1,
        "records_read": 0,
        "records_new": 0,
        "problem_count": 0,
        "complete": True,
        "ingested_at": NOW,
    }
    with pytest.raises(IntegrityError) as by_statement, session.begin_nested():
        session.execute(insert(office_tables.SourceFileRow).values(broken))
    with pytest.raises(IntegrityError) as by_driver, session.begin_nested():
        insert_new(session, office_tables.SourceFileRow, [broken])
    assert "CANARY" not in str(by_statement.value)
    assert "CANARY" not in str(by_driver.value)
