"""A service of its own on SQLite and on PostgreSQL, with one practice in it."""

import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import structlog
from sqlalchemy import Engine, text
from starlette.types import ASGIApp

from api.app import create_app
from api.examples import example_835, example_837p, example_authorization
from api.permissions import Permission
from denialml.settings import Settings, api_key_pepper, audit_key
from denialml.store.api_keys import issue_key
from denialml.store.audit import list_events
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from tests.api.running import AUTHORIZATIONS, START, X12, MovableClock
from tests.api.serving import serving
from tests.store.postgresql import server_url

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
FILES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("/v1/files", example_authorization(), AUTHORIZATIONS),
    ("/v1/files", example_837p(), X12),
    ("/v1/remittances", example_835(), X12),
)


@dataclass
class Small:
    """One service; `organization_id` is its practice with one denied claim."""

    url: str
    settings: Settings
    engine: Engine
    clock: MovableClock
    organization_id: str = ""

    def add_organization(self, name: str) -> str:
        with open_session(self.engine) as session:
            made = create_organization(session, name, now=START, is_simulated=True)
            session.commit()
        return made.organization_id

    def key(
        self, organization_id: str = "", scopes: Collection[str] = tuple(Permission)
    ) -> str:
        with open_session(self.engine) as session:
            _, key = issue_key(
                session,
                organization_id or self.organization_id,
                label="test",
                scopes=scopes,
                pepper=api_key_pepper(self.settings),
                now=START,
            )
            session.commit()
        return key

    def client(self, key: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key or self.key()}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120)

    def actions(self) -> list[str]:
        """What the practice's audit trail says was done, in order."""
        with open_session(self.engine, read_only=True) as session:
            events = list_events(session, self.organization_id, limit=100_000)
        return [str(it.action) for it in events]


@contextmanager
def small_service(
    kind: str, *, wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app
) -> Iterator[Small]:
    """A service on a database of that kind, served through `wrap`."""
    with tempfile.TemporaryDirectory(prefix="denialml-test-") as folder:
        directory = Path(folder)
        name = f"test_{directory.name.rpartition('-')[2]}"
        if kind == "postgresql":
            _administer(f'CREATE DATABASE "{name}"')
            settings = Settings(
                data_directory=directory,
                database_url=server_url().format(database=name),
            )
        else:
            settings = Settings(data_directory=directory)
        engine = open_engine(
            settings.resolved_database_url, audit_key=audit_key(settings)
        )
        migrate(engine)
        clock = MovableClock()
        logging = structlog.get_config()
        app = create_app(settings, clock=clock)
        # Other tests of this process read their own service's log.
        structlog.configure(**logging)
        with serving(wrap(app)) as address:
            small = Small(address.url, settings, engine, clock)
            small.organization_id = small.add_organization("Fern")
            with small.client() as client:
                for path, content, headers in FILES:
                    answer = client.post(path, content=content, headers=headers)
                    assert answer.status_code == 200, answer.text
            yield small
        engine.dispose()
        if kind == "postgresql":
            _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(statement: str) -> None:
    administrator = open_engine(server_url().format(database="postgres"))
    with administrator.connect() as connection:
        automatic = connection.execution_options(isolation_level="AUTOCOMMIT")
        automatic.execute(text(statement))
    administrator.dispose()
