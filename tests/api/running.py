"""A real server on loopback with two practices in a real SQLite store.

Harbor Lane Counseling is a small simulated practice with a model trained on it; Mill
Creek Therapy has one claim and its denial. Both are simulated.

The server starts once per process and is shared by the tests of the API, of security
and of the browser.
"""

import functools
import io
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
from sqlalchemy import Engine

from api.access_log import configure_logging
from api.app import create_app
from api.examples import example_835, example_837p, example_authorization
from api.permissions import Permission
from denialml.journeys.denials import find_denials
from denialml.journeys.ingest import ingest_files
from denialml.journeys.simulate import write_practice
from denialml.modeling.risk.bundle import load_bundle, write_bundle
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.seal import SigningSeal
from denialml.modeling.risk.specification import Minimum, TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.settings import Settings, api_key_pepper, audit_key
from denialml.signing_keys import bundle_private_key
from denialml.simulation import simulate_practice
from denialml.store.api_keys import issue_key
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from denialml.store.records import practice_records
from tests.api.serving import serving

START = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
X12 = {"Content-Type": "application/edi-x12"}
AUTHORIZATIONS = {
    "Content-Type": "text/csv",
    "Content-Disposition": 'attachment; filename="authorizations.csv"',
}


@dataclass
class MovableClock:
    """A clock that tests can set."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Running:
    """One running service.

    `log` collects every line it has logged; `outgoing` is an 837P batch that Harbor
    has not sent yet.
    """

    url: str
    settings: Settings
    engine: Engine
    clock: MovableClock
    collected: io.StringIO
    outgoing: bytes = b""
    organizations: dict[str, str] = field(default_factory=dict)
    stop: Callable[[], None] = lambda: None

    @property
    def log(self) -> io.StringIO:
        """What it logs: from here on, also where a service that another test began has
        taken the process's log lines for itself."""
        configure_logging("info", stream=self.collected)
        return self.collected

    def add_organization(self, name: str, *, is_simulated: bool = True) -> str:
        """Make a practice and return its id."""
        with open_session(self.engine) as session:
            made = create_organization(
                session, name, now=self.clock(), is_simulated=is_simulated
            )
            session.commit()
        self.organizations[name] = made.organization_id
        return made.organization_id

    def give_model(self, organization_id: str) -> None:
        """Promote Harbor's model for another practice as well."""
        directory = self.settings.serving_bundle_of(organization_id)
        self.copy_model(directory, seal=self.seal(organization_id))

    def copy_model(self, directory: Path, *, seal: SigningSeal) -> None:
        """Write Harbor's model for an organization, under its own seal."""
        harbor = self.organizations["Harbor Lane Counseling"]
        source = self.settings.serving_bundle_of(harbor)
        bundle = load_bundle(source, seal=self.seal(harbor))
        write_bundle(bundle, directory, seal=seal, status="promoted")

    def seal(self, organization_id: str) -> SigningSeal:
        """What this installation signs an organization's bundles with."""
        return SigningSeal(
            organization_id, private_key=bundle_private_key(self.settings)
        )

    def key(
        self,
        organization_id: str,
        scopes: Collection[str] = tuple(Permission),
        *,
        expires_at: datetime | None = None,
    ) -> str:
        """Issue a key and return its text."""
        return self.key_with_id(organization_id, scopes, expires_at=expires_at)[1]

    def key_with_id(
        self,
        organization_id: str,
        scopes: Collection[str] = tuple(Permission),
        *,
        expires_at: datetime | None = None,
    ) -> tuple[str, str]:
        """Issue a key and return its id and its text."""
        with open_session(self.engine) as session:
            issued = issue_key(
                session,
                organization_id,
                label="test",
                scopes=scopes,
                pepper=api_key_pepper(self.settings),
                now=self.clock(),
                expires_at=expires_at,
            )
            session.commit()
        return issued

    def log_lines(self, after: int, *, at_least: int) -> list[str]:
        """Lines logged beyond a length of the log; a line is written after its answer
        has left, so the last may need a moment."""
        for _ in range(200):
            lines = self.collected.getvalue()[after:].splitlines()
            if len(lines) >= at_least:
                break
            time.sleep(0.01)
        assert len(lines) >= at_least
        return lines

    def client(self, key: str | None = None) -> httpx.Client:
        """An HTTP client, with the key of an organization or without any."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    @contextmanager
    def signed_in(self, key: str) -> Iterator[httpx.Client]:
        """A client that has signed in like a browser."""
        with self.client() as client:
            answer = client.post("/sign-in", data={"api_key": key})
            assert answer.status_code == 303, answer.text
            yield client


@functools.cache
def running_service() -> Running:
    """The service of this process: two practices, each with one denied claim."""
    directory = Path(tempfile.mkdtemp(prefix="denialml-test-"))
    settings = Settings(data_directory=directory)
    engine = open_engine(settings.resolved_database_url, audit_key=audit_key(settings))
    migrate(engine)
    harbor = fill(engine, directory, settings)
    clock = MovableClock()
    app = create_app(settings, clock=clock)
    log = io.StringIO()
    configure_logging("info", stream=log)
    stack = ExitStack()
    url = stack.enter_context(serving(app)).url
    running = Running(url, settings, engine, clock, log)
    running.organizations["Harbor Lane Counseling"] = harbor
    running.outgoing = (directory / "files/outgoing/claims.edi").read_bytes()

    def stop() -> None:
        stack.close()
        engine.dispose()
        shutil.rmtree(directory, ignore_errors=True)

    running.stop = stop
    take_examples(running, harbor)
    take_examples(running, running.add_organization("Mill Creek Therapy"))
    return running


def fill(engine: Engine, directory: Path, settings: Settings) -> str:
    """A simulated practice read from its files, its denials, and a model of it."""
    practice = simulate_practice(
        seed=11, claims=700, starts_on=date(2026, 4, 1), ends_on=date(2026, 10, 30)
    )
    paths = write_practice(practice, directory / "files")
    history = directory / "files/practice"
    files = [
        path
        for path in paths
        if path.is_relative_to(history) and path.parent.name != "documents"
    ]
    with open_session(engine) as session:
        organization_id = create_organization(
            session, "Harbor Lane Counseling", now=START, is_simulated=True
        ).organization_id
        for report in ingest_files(
            session, organization_id, files, now=START, actor="test"
        ):
            assert report.complete, (report.file, report.problems[:2])
        find_denials(
            session, organization_id, as_of=START.date(), now=START, actor="test"
        )
        session.commit()
        records = practice_records(session, organization_id)
    bundle = train_bundle(
        build_frame(records),
        specification=TrainingSpecification(
            minimum=Minimum(answered_lines=200, denied_lines=20)
        ),
        known_by=START.date(),
    )
    write_bundle(
        bundle,
        settings.serving_bundle_of(organization_id),
        seal=SigningSeal(organization_id, private_key=bundle_private_key(settings)),
        status="promoted",
    )
    return organization_id


def take_examples(running: Running, organization_id: str) -> None:
    """Send the example claim and the remittance that denies it, as a program would.

    The authorization that the claim went out without is on file, so that there is a
    letter to draft.
    """
    with running.client(running.key(organization_id)) as client:
        for path, content, headers in (
            ("/v1/files", example_authorization(), AUTHORIZATIONS),
            ("/v1/files", example_837p(), X12),
            ("/v1/remittances", example_835(), X12),
        ):
            answer = client.post(path, content=content, headers=headers)
            assert answer.status_code == 200, answer.text
