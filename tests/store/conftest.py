"""Databases to test on: SQLite always, PostgreSQL where its server is installed."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from denialml.store import (  # noqa: F401 (rows)
    caller_tables,
    cause_tables,
    job_tables,
    office_tables,
    sign_in_table,
    tables,
)
from denialml.store.columns import Base
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from tests.audit_key import AUDIT_KEY
from tests.store.postgresql import server_url
from tests.store.samples import NOW


@pytest.fixture
def empty_postgresql_url() -> Iterator[str]:
    """A database without a schema."""
    yield _create_database("without_schema")
    _administer("DROP DATABASE without_schema")


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A migrated and empty database, on each of the two."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
        migrate(engine)
        yield engine
    else:
        engine = open_engine(_migrated_database(), audit_key=AUDIT_KEY)
        yield engine
        tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
        with engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {tables} CASCADE"))
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on a migrated database; nothing is committed at the end."""
    with open_session(engine) as session:
        yield session


@pytest.fixture
def organization_id(session: Session) -> str:
    """An organization to work in."""
    return create_organization(session, "Practice", now=NOW).organization_id


@cache
def _migrated_database() -> str:
    url = _create_database("migrated")
    engine = open_engine(url, audit_key=AUDIT_KEY)
    migrate(engine)
    engine.dispose()
    return url


def _create_database(name: str) -> str:
    _administer(f"CREATE DATABASE {name}")
    return server_url().format(database=name)


def _administer(statement: str) -> None:
    administrator = open_engine(server_url().format(database="postgres"))
    with administrator.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(
            text(statement)
        )
    administrator.dispose()
