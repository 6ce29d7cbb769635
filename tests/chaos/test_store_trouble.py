"""Handing a job in while the disk is full or the database is locked."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection

import httpx
import msgspec
import pytest
from sqlalchemy import event, text

from api.app import create_app
from api.examples import EXAMPLE_CLAIM
from api.permissions import Permission
from api.resources import Service
from denialml.settings import Settings, api_key_pepper
from denialml.store.api_keys import issue_key
from denialml.store.database import migrate, open_session
from denialml.store.organizations import create_organization
from tests.api.running import START
from tests.api.serving import serving

LINES = {"Content-Type": "application/x-ndjson"}
LOCKED_SECONDS = 3


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[httpx.Client, Service]]:
    """A service with one practice and nothing else."""
    settings = Settings(data_directory=tmp_path)
    app = create_app(settings)
    service: Service = app.state.service
    migrate(service.engine)
    with open_session(service.engine) as session:
        made = create_organization(session, "P", now=START, is_simulated=True)
        _, key = issue_key(
            session,
            made.organization_id,
            label="jobs",
            scopes=[Permission.JOBS_RUN, Permission.CLAIMS_SCORE],
            pepper=api_key_pepper(settings),
            now=START,
        )
        session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    with (
        serving(app) as address,
        httpx.Client(base_url=address.url, headers=headers, timeout=60) as client,
    ):
        yield client, service


def test_a_full_disk_is_507_and_room_again_needs_no_restart(
    served: tuple[httpx.Client, Service],
) -> None:
    client, service = served
    body = (msgspec.json.encode(EXAMPLE_CLAIM) + b"\n") * 4000
    room = {"pages": 0}

    @event.listens_for(service.engine, "checkout")
    def bound(connection: Connection, *_: object) -> None:
        if room["pages"]:
            connection.execute(f"PRAGMA max_page_count={room['pages']}")

    with open_session(service.engine, read_only=True) as session:
        pages = int(session.execute(text("PRAGMA page_count")).scalar_one())
    room["pages"] = pages + 40
    full = client.post("/v1/jobs", content=body, headers=LINES)
    assert (full.status_code, full.json()["type"]) == (507, "/docs/problems/store-full")
    assert client.get("/v1/jobs").json()["jobs"] == []
    room["pages"] = 1_000_000
    assert client.post("/v1/jobs", content=body, headers=LINES).status_code == 202


def test_a_locked_database_is_waited_for(
    served: tuple[httpx.Client, Service],
) -> None:
    client, service = served
    locked, over = threading.Event(), threading.Event()

    def hold() -> None:
        with service.engine.begin() as connection:
            connection.execute(text("SELECT 1"))
            locked.set()
            over.wait(LOCKED_SECONDS)

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(10)
    began = time.monotonic()
    body = msgspec.json.encode(EXAMPLE_CLAIM)
    answer = client.post("/v1/jobs", content=body, headers=LINES)
    holder.join()
    assert answer.status_code == 202
    assert time.monotonic() - began >= LOCKED_SECONDS - 1
