"""A request sent again has its effect once: together, later, after a kill."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from api.app import access_of, create_app
from api.dependencies import Purpose
from api.examples import example_837p
from api.openapi import operations
from denialml.settings import Settings
from tests.api.running import START, X12
from tests.api.two_databases import BOTH, Small, small_service

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", params=BOTH)
def service(request: pytest.FixtureRequest) -> Iterator[Small]:
    with small_service(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def client(service: Small) -> Iterator[httpx.Client]:
    with service.client() as made:
        yield made


def send(
    client: httpx.Client, key: str, *, content: str = "", path: str = "/v1/files"
) -> httpx.Response:
    content = content or example_837p()
    return client.post(path, content=content, headers=X12 | {"Idempotency-Key": key})


def ingested(service: Small) -> int:
    return service.actions().count("file.ingested")


def test_the_second_request_has_no_effect_and_the_same_answer(
    service: Small, client: httpx.Client
) -> None:
    key, before = uuid.uuid4().hex, ingested(service)
    first, second = send(client, key), send(client, key)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert second.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert ingested(service) == before + 1
    assert service.actions()[-1] == "answer.replayed"


def test_without_a_key_both_are_carried_out(
    service: Small, client: httpx.Client
) -> None:
    before = ingested(service)
    for _ in range(2):
        client.post("/v1/files", content=example_837p(), headers=X12)
    assert ingested(service) == before + 2


def test_a_hundred_at_once_have_one_effect(service: Small) -> None:
    key, before, token = uuid.uuid4().hex, ingested(service), service.key()

    def one(_: int) -> httpx.Response:
        with service.client(token) as client:
            return send(client, key)

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(one, range(100)))
    assert ingested(service) == before + 1
    done = [it for it in answers if it.status_code == 200]
    assert sum("Idempotent-Replayed" not in it.headers for it in done) == 1
    assert len({it.content for it in done}) == 1
    refused = [it for it in answers if it.status_code != 200]
    for answer in refused:
        assert answer.status_code == 409, answer.text
        assert answer.json()["type"] == "/docs/problems/request-in-flight"
        assert int(answer.headers["Retry-After"]) >= 1
    with service.client(token) as client:
        assert send(client, key).content == done[0].content


@pytest.mark.parametrize("path", ["/v1/files?", "/v1/files"])
def test_the_same_key_with_another_content_is_refused(
    service: Small, client: httpx.Client, path: str
) -> None:
    key = uuid.uuid4().hex
    assert send(client, key).status_code == 200
    before = ingested(service)
    other = send(client, key, content=example_837p().replace("A-1", "A-2") + " ")
    assert other.status_code == 422
    assert other.json()["type"] == "/docs/problems/idempotency-key-reused"
    named = client.post(
        path,
        content=example_837p(),
        headers=X12
        | {
            "Idempotency-Key": key,
            "Content-Disposition": 'attachment; filename="b.edi"',
        },
    )
    assert named.status_code == 422
    assert ingested(service) == before


def test_a_key_is_its_callers_and_operations_own(
    service: Small, client: httpx.Client
) -> None:
    key = uuid.uuid4().hex
    send(client, key)
    before = ingested(service)
    with service.client() as another:
        assert "Idempotent-Replayed" not in send(another, key).headers
    assert ingested(service) == before + 1
    refused = send(client, key, path="/v1/remittances")
    assert refused.json()["type"] == "/docs/problems/unreadable-file"


def test_what_is_refused_is_not_kept(service: Small, client: httpx.Client) -> None:
    key = uuid.uuid4().hex
    (found,) = client.get("/v1/denials").json()["denials"]
    path = f"/v1/denials/{found['denial']['denial_id']}/cause"
    headers = {"Idempotency-Key": key, "If-Match": "*"}
    wrong = client.post(path, json={"root_cause": "bad_luck"}, headers=headers)
    assert wrong.status_code == 422
    missing = client.post(
        "/v1/denials/den_none/cause", json={"root_cause": None}, headers=headers
    )
    assert missing.status_code == 404
    reader = service.key(scopes=["denials:read"])
    with service.client(reader) as weak:
        body = {"root_cause": "timely_filing"}
        assert weak.post(path, json=body, headers=headers).status_code == 403
    mended = client.post(path, json={"root_cause": "timely_filing"}, headers=headers)
    assert mended.status_code == 200
    assert "Idempotent-Replayed" not in mended.headers
    client.post(path, json={"root_cause": None}, headers={"If-Match": "*"})
    # The answer of then, though the cause was taken back meanwhile.
    again = client.post(path, json={"root_cause": "timely_filing"}, headers=headers)
    assert again.content == mended.content


def test_an_incomplete_file_was_stored_and_is_answered_the_same(
    service: Small, client: httpx.Client
) -> None:
    key, before = uuid.uuid4().hex, ingested(service)
    cut = example_837p()[: example_837p().index("SE*")]
    first = send(client, key, content=cut)
    again = send(client, key, content=cut)
    assert first.status_code == again.status_code == 422
    assert first.json()["type"] == "/docs/problems/incomplete-file"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content
    assert ingested(service) == before + 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "k\u00e9y"])
def test_what_is_no_key_is_refused(
    service: Small, client: httpx.Client, key: str
) -> None:
    before = ingested(service)
    answer = client.post(
        "/v1/files",
        content=example_837p(),
        headers=[
            ("Content-Type", "application/edi-x12"),
            ("Idempotency-Key", key.encode("latin-1")),  # type: ignore[list-item]
        ],
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"].lower() == "idempotency-key"
    assert ingested(service) == before


def test_two_keys_are_refused(service: Small, client: httpx.Client) -> None:
    keys = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = client.post(
        "/v1/files", content=example_837p(), headers=[*X12.items(), *keys]
    )
    assert answer.status_code == 422


def test_the_longest_key_is_kept(service: Small, client: httpx.Client) -> None:
    key = "x" * 223 + uuid.uuid4().hex
    assert send(client, key).status_code == 200
    assert send(client, key).headers["Idempotent-Replayed"] == "true"


def test_a_key_is_kept_a_day(service: Small, client: httpx.Client) -> None:
    key = uuid.uuid4().hex
    send(client, key)
    try:
        service.clock.now = START + timedelta(hours=24)
        assert send(client, key).headers["Idempotent-Replayed"] == "true"
        service.clock.now = START + timedelta(hours=24, seconds=1)
        assert "Idempotent-Replayed" not in send(client, key).headers
    finally:
        service.clock.now = START


def test_every_operation_that_changes_something_takes_a_key() -> None:
    app = create_app(
        Settings(database_url="sqlite://", api_key_pepper="p" * 40, audit_key="k" * 40)  # type: ignore[arg-type]
    )
    changing = {
        route.path
        for route in app.routes
        if isinstance(route, APIRoute)
        and route.path.startswith("/v1/")
        and "POST" in route.methods
        and (access := access_of(route.dependant)) is not None
        and access.purpose is Purpose.CHANGE
    }
    taking = set()
    for operation in operations(app.openapi()):
        named = {it["name"] for it in operation.definition.get("parameters", [])}
        if "Idempotency-Key" in named:
            taking.add(operation.path)
            refusals = operation.definition["responses"]
            assert "request-in-flight" in refusals["409"]["description"]
            assert "idempotency-key-reused" in refusals["422"]["description"]
    assert {"/v1/files", "/v1/remittances"} <= taking
    assert taking == changing


SERVE_AND_DIE = """
import os, signal, sys
import uvicorn
from pathlib import Path
from api.app import create_app
from denialml.settings import Settings

app = create_app(Settings(data_directory=Path(sys.argv[1])))

async def dying(scope, receive, send):
    async def die(message):
        if message["type"] == "http.response.start" and scope["path"] == "/v1/files":
            os.kill(os.getpid(), signal.SIGKILL)
        await send(message)
    await app(scope, receive, die if scope["type"] == "http" else send)

uvicorn.run(dying, port=int(sys.argv[2]), log_level="critical")
"""


@pytest.mark.slow
def test_a_service_killed_between_effect_and_answer_gives_it_to_the_next(
    unused_port: int,
) -> None:
    with small_service("sqlite") as service:
        token, before = service.key(), ingested(service)
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", SERVE_AND_DIE),
                *(str(service.settings.data_directory), str(unused_port)),
            ],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        url = f"http://127.0.0.1:{unused_port}"
        try:
            _wait_for(f"{url}/healthz")
            with (
                httpx.Client(
                    base_url=url, headers={"Authorization": f"Bearer {token}"}
                ) as dying,
                pytest.raises(httpx.TransportError),
            ):
                send(dying, "after-the-kill")
        finally:
            process.kill()
        assert process.wait(20) == -signal.SIGKILL
        assert ingested(service) == before + 1
        service.clock.now = datetime.now(UTC)
        with service.client(token) as client:
            answer = send(client, "after-the-kill")
        assert answer.status_code == 200
        assert answer.headers["Idempotent-Replayed"] == "true"
        assert ingested(service) == before + 1


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(url: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the service did not start")
