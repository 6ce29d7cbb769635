"""Databases to test on: SQLite always, PostgreSQL where its server is installed."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from tests.store.postgresql import running_server
from tests.store.samples import NOW

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A server's URL with ``{database}`` in it; ``template_ready`` is migrated."""
    with running_server() as url:
        administrator = open_engine(url.format(database="postgres"))
        with administrator.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                text("CREATE DATABASE template_ready")
            )
        administrator.dispose()
        ready = open_engine(url.format(database="template_ready"))
        migrate(ready)
        ready.dispose()
        yield url


@pytest.fixture
def empty_postgresql_url(postgresql_url: str) -> str:
    """A database of its own without a schema."""
    return _create_database(postgresql_url, template="template1")


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A migrated database of its own, on each of the two."""
    if request.param == "postgresql":
        url = _create_database(
            request.getfixturevalue("postgresql_url"), template="template_ready"
        )
        engine = open_engine(url)
    else:
        engine = open_engine(f"sqlite:///{tmp_path}/denialml.db")
        migrate(engine)
    yield engine
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


def _create_database(url: str, *, template: str) -> str:
    name = f"test_{next(_NUMBERS)}"
    administrator = open_engine(url.format(database="postgres"))
    with administrator.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(
            text(f"CREATE DATABASE {name} TEMPLATE {template}")
        )
    administrator.dispose()
    return url.format(database=name)
