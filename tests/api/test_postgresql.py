"""The main work over HTTP on PostgreSQL: keys, files, scores, denials, letters, pages.

Skipped, with the reason, where no PostgreSQL server can be had
(`scripts/system_packages.sh` installs one).
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy import Engine, text

from api.access_log import configure_logging
from api.app import create_app
from api.examples import (
    EXAMPLE_CLAIM,
    example_835,
    example_837p,
    example_authorization,
)
from api.permissions import Permission
from denialml.modeling.risk.seal import SigningSeal
from denialml.settings import Settings, api_key_pepper, audit_key
from denialml.signing_keys import bundle_private_key
from denialml.store.api_keys import issue_key, revoke_key
from denialml.store.audit import list_events
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from tests.api.running import AUTHORIZATIONS, START, X12, Running
from tests.api.serving import serving
from tests.store.postgresql import server_url

pytestmark = pytest.mark.postgresql
DATABASE = "denialml_api"
JSON = {"Content-Type": "application/json"}


@dataclass
class OnPostgresql:
    """A service on PostgreSQL with one practice that has Harbor's model."""

    url: str
    engine: Engine
    settings: Settings
    organization_id: str

    def key(self, organization_id: str = "") -> tuple[str, str]:
        """Issue a key that may do everything: its id and its text."""
        with open_session(self.engine) as session:
            issued = issue_key(
                session,
                organization_id or self.organization_id,
                label="test",
                scopes=tuple(Permission),
                pepper=api_key_pepper(self.settings),
                now=START,
            )
            session.commit()
        return issued

    def client(self, key: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[str]:
    """An empty database of its own; skips with the reason without a server."""
    administrator = open_engine(server_url().format(database="postgres"))

    def administer(statement: str) -> None:
        with administrator.connect() as connection:
            automatic = connection.execution_options(isolation_level="AUTOCOMMIT")
            automatic.execute(text(statement))

    administer(f"CREATE DATABASE {DATABASE}")
    yield server_url().format(database=DATABASE)
    administer(f"DROP DATABASE {DATABASE}")
    administrator.dispose()


@pytest.fixture(scope="module")
def service(
    running: Running,
    harbor: str,
    postgresql_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OnPostgresql]:
    settings = Settings(
        data_directory=tmp_path_factory.mktemp("postgresql"),
        database_url=postgresql_url,
    )
    engine = open_engine(postgresql_url, audit_key=audit_key(settings))
    migrate(engine)
    with open_session(engine) as session:
        made = create_organization(session, "Fern", now=START, is_simulated=True)
        session.commit()
    copied = settings.serving_bundle_of(made.organization_id)
    running.copy_model(
        copied,
        seal=SigningSeal(
            made.organization_id, private_key=bundle_private_key(settings)
        ),
    )
    app = create_app(settings, clock=running.clock)
    configure_logging("info", stream=running.log)
    with serving(app) as address:
        yield OnPostgresql(address.url, engine, settings, made.organization_id)
    engine.dispose()


@pytest.fixture(scope="module")
def client(service: OnPostgresql) -> Iterator[httpx.Client]:
    """A client of the practice, once its files were taken in."""
    with service.client(service.key()[1]) as client:
        for path, content, headers in FILES:
            answer = client.post(path, content=content, headers=headers)
            assert answer.status_code == 200, answer.text
            assert answer.json()["complete"] is True
        yield client


FILES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("/v1/files", example_authorization(), AUTHORIZATIONS),
    ("/v1/files", example_837p(), X12),
    ("/v1/remittances", example_835(), X12),
)


def test_postgresql_is_ready(service: OnPostgresql) -> None:
    answer = httpx.get(f"{service.url}/readyz")
    assert answer.json() == {
        "ready": True,
        "database": "ok",
        "model": "ok",
        "models": 1,
        "rules": "ok",
        "missing": [],
    }


def test_postgresql_takes_a_file_once(client: httpx.Client) -> None:
    for path, content, headers in FILES:
        again = client.post(path, content=content, headers=headers).json()
        assert again["records_new"] == {}
    assert again["denials"]["new"] == 0
    assert again["denials"]["open"] == 1


def test_postgresql_scores_like_sqlite(
    running: Running, harbor: str, client: httpx.Client
) -> None:
    """An empty practice's claim: the same model and no history on either."""
    empty = running.add_organization("No history")
    running.give_model(empty)
    body = msgspec.json.encode(EXAMPLE_CLAIM)
    day = "?as_of=2024-01-01"  # before anything is on file
    with running.client(running.key(empty)) as sqlite:
        expected = sqlite.post(f"/v1/claims/score{day}", content=body, headers=JSON)
    for _ in range(3):  # the first opens the scorer, the others find it open
        answer = client.post(f"/v1/claims/score{day}", content=body, headers=JSON)
        assert answer.status_code == 200, answer.text
        assert answer.json()["scores"] == expected.json()["scores"]
    file = client.post("/v1/claims/score", content=example_837p(), headers=X12)
    assert len(file.json()["scores"]) == 1


def test_postgresql_lists_drafts_and_audits(
    running: Running, client: httpx.Client, service: OnPostgresql
) -> None:
    page = client.get("/v1/denials?status=open&sort=-amount&limit=1").json()
    (stored,) = page["denials"]
    assert stored["finding"]["root_cause"].startswith("auth_")
    denial_id = stored["denial"]["denial_id"]
    assert client.get(f"/v1/denials/{denial_id}").status_code == 200
    made = client.post(f"/v1/denials/{denial_id}/appeal")
    try:
        running.clock.now = START + timedelta(minutes=1)
        again = client.post(f"/v1/denials/{denial_id}/appeal")
    finally:
        running.clock.now = START
    assert (made.status_code, again.status_code) == (201, 200)
    assert again.json() == made.json()
    draft_id = made.json()["draft_id"]
    assert "html" in client.get(f"/v1/appeals/{draft_id}?format=html").text
    packet = client.get(f"/v1/appeals/{draft_id}?format=pdf")
    assert packet.content.startswith(b"%PDF-")
    with open_session(service.engine, read_only=True) as session:
        events = list_events(session, service.organization_id, limit=1000)
    actions = [str(it.action) for it in events if it.record_id == draft_id]
    assert actions == ["draft.made", "draft.read", "draft.read", "draft.read"]


def test_postgresql_serves_the_pages(
    service: OnPostgresql, client: httpx.Client
) -> None:
    key_id, key = service.key()
    with httpx.Client(base_url=service.url, timeout=60) as browser:
        answer = browser.post("/sign-in", data={"api_key": key})
        assert answer.headers["location"] == "/denials"
        worklist = browser.get("/denials").text
        found = re.search(r'href="(/denials/den_\w+)"', worklist)
        token = re.search(r'name="csrf_token" value="([^"]+)"', worklist)
        assert found is not None
        assert token is not None
        assert "EXAMPLE-0001" in browser.get(found[1]).text
        letter = browser.post(f"{found[1]}/appeal", data={"csrf_token": token[1]})
        assert letter.status_code == 303
        packet = browser.get(f"{letter.headers['location']}/packet.pdf")
        assert packet.content.startswith(b"%PDF-")
        with open_session(service.engine) as session:
            revoke_key(session, service.organization_id, key_id=key_id, now=START)
            session.commit()
        assert browser.get("/denials").headers["location"] == "/"
    with service.client(key) as revoked:
        assert revoked.get("/v1/denials").status_code == 401


def test_postgresql_takes_files_of_many_senders_at_once(service: OnPostgresql) -> None:
    with open_session(service.engine) as session:
        other = create_organization(session, "Busy", now=START).organization_id
        session.commit()
    _, key = service.key(other)

    def send(number: int) -> dict[str, object]:
        claims = example_837p().replace("EXAMPLE-0001", f"EXAMPLE-{number:04}")
        answer = example_835().replace("EXAMPLE-0001", f"EXAMPLE-{number:04}")
        answer = answer.replace("TRN*1*EXAMPLE0001", f"TRN*1*EXAMPLE{number:04}")
        with service.client(key) as client:
            client.post("/v1/files", content=claims, headers=X12).raise_for_status()
            sent = client.post("/v1/remittances", content=answer, headers=X12)
        assert sent.status_code == 200, sent.text
        return dict(sent.json())

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(send, range(8)))
    assert [report["lines_answered"] for report in reports] == [1] * 8
    with service.client(key) as client:
        listed = client.get("/v1/denials?limit=200").json()["denials"]
    numbers = {it["denial"]["patient_control_number"] for it in listed}
    assert numbers == {f"EXAMPLE-{number:04}" for number in range(8)}


@pytest.mark.parametrize("value", ["\0", "'; DROP TABLE denials; --", "\udc00"])
def test_postgresql_refuses_what_it_cannot_hold(
    client: httpx.Client, value: str
) -> None:
    """A NUL cannot be in PostgreSQL's text: the caller's fault, not the service's."""
    encoded = value.encode("utf-8", "surrogatepass")
    query = "".join(f"%{byte:02x}" for byte in encoded)
    answer = client.get(f"/v1/denials?payer_id={query}")
    assert answer.status_code in {200, 422}
    if answer.status_code == 200:
        assert answer.json()["denials"] == []
    assert client.get("/v1/denials").json()["denials"]


def test_postgresql_keeps_nothing_in_the_data_directory_but_the_secrets(
    service: OnPostgresql, client: httpx.Client
) -> None:
    directory: Path = service.settings.data_directory
    assert {path.name for path in directory.iterdir()} == {
        "api_key_pepper",
        "audit_key",
        "bundle_private_key.pem",
        "bundle_public_key.pem",
        "model",
    }
