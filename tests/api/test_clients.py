"""Clients that are slow, that leave early, or that send a great deal at once."""

import json
import sqlite3
import time
from collections.abc import Iterator

import httpx
import pytest

from api.access_log import configure_logging
from api.app import create_app
from api.examples import example_835, example_837p, example_authorization
from denialml.journeys.draft import DrawingMaterials, RenderedDraft, draw
from denialml.store.audit import list_events
from denialml.store.database import open_session
from tests.api.running import AUTHORIZATIONS, X12, Running
from tests.api.serving import Address, serving


@pytest.fixture(scope="module")
def strict(running: Running) -> Iterator[Address]:
    """The running service once more, with little patience for bodies and files."""
    limits = {"request_body_seconds": 1, "max_records_per_request": 4}
    app = create_app(running.settings.model_copy(update=limits), clock=running.clock)
    configure_logging("info", stream=running.log)
    with serving(app) as address:
        yield address


def head(key: str, *, length: int, path: str = "/v1/files") -> bytes:
    """The head of a request that announces a body."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/edi-x12\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def test_a_body_that_comes_too_slowly_is_408_and_hung_up_on(
    running: Running, strict: Address, harbor: str
) -> None:
    began = time.monotonic()
    with strict.connect() as connection:
        connection.sendall(head(running.key(harbor), length=1000) + b"ISA")
        answer = b""
        while block := connection.recv(4096):  # ends where the service hangs up
            answer += block
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"/docs/problems/body-too-slow"' in answer
    assert 0.9 < time.monotonic() - began < 10


def test_drops_do_not_buy_more_time(
    running: Running, strict: Address, harbor: str
) -> None:
    began = time.monotonic()
    with strict.connect() as connection:
        connection.sendall(head(running.key(harbor), length=1000))
        connection.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - began < 10:
            connection.sendall(b"I")
            try:
                answer = connection.recv(4096)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_slow_body_keeps_nobody_else_waiting(
    running: Running, strict: Address, harbor: str
) -> None:
    key = running.key(harbor)
    before = len(running.log.getvalue())
    slow = [strict.connect() for _ in range(60)]  # more than there are threads
    try:
        for connection in slow:
            connection.sendall(head(key, length=1000, path="/v1/remittances"))
        answer = httpx.get(
            f"{strict.url}/v1/denials", headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 200
    finally:
        for connection in slow:
            connection.close()
    running.log_lines(before, at_least=1 + len(slow))  # all of them are done with


@pytest.mark.parametrize("path", ["/v1/files", "/v1/claims/score", "/sign-in"])
def test_a_client_that_leaves_is_no_fault_of_ours(
    running: Running, strict: Address, harbor: str, path: str
) -> None:
    before = len(running.log.getvalue())
    with strict.connect() as connection:
        connection.sendall(head(running.key(harbor), length=1000, path=path) + b"ISA")
        time.sleep(0.2)
    line = json.loads(running.log_lines(before, at_least=1)[0])
    assert (line["status"], line["problem"]) == (499, "client-left")
    assert line["route"] == path
    assert "fault" not in line


def many_payments(count: int) -> str:
    """One remittance with so many claim payments, its counts consistent."""
    start, rest = example_835().split("CLP*", 1)
    payment, end = rest.split("SE*16*", 1)
    payments = "".join(
        f"CLP*{payment.replace('EXAMPLE-0001', f'EXAMPLE-{number}')}"
        for number in range(count)
    )
    return f"{start}{payments}SE*{11 + 5 * count}*{end}"


@pytest.mark.parametrize("path", ["/v1/remittances", "/v1/files"])
def test_more_records_than_allowed_are_413_and_nothing_is_stored(
    running: Running, strict: Address, path: str
) -> None:
    organization = running.add_organization(f"Large files {path}")
    headers = {**X12, "Authorization": f"Bearer {running.key(organization)}"}
    with httpx.Client(base_url=strict.url, headers=headers) as client:
        # The remittance itself is a record as well.
        refused = client.post(path, content=many_payments(4))
        assert refused.status_code == 413
        assert "max_records_per_request" in refused.json()["detail"]
        assert "denialml ingest" in refused.json()["detail"]
        taken = client.post(path, content=many_payments(3))
        assert taken.status_code == 200, taken.text
        # All three are new: nothing of the refused file was kept.
        assert taken.json()["records_new"]["ClaimPayment"] == 3


def test_nothing_is_locked_while_a_packet_is_typeset(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization = running.add_organization("Typesetting")
    readings: list[int] = []

    def readings_so_far() -> int:
        with open_session(running.engine, read_only=True) as session:
            events = list_events(session, organization, limit=1000)
        return sum(it.action == "draft.read" for it in events)

    def draw_while_another_writes(materials: DrawingMaterials) -> RenderedDraft:
        other = sqlite3.connect(
            running.settings.resolved_database_url.removeprefix("sqlite:///"), timeout=0
        )
        other.execute("BEGIN IMMEDIATE")  # fails at once where the lock is taken
        readings.append(readings_so_far())
        rendered = draw(materials)
        other.rollback()
        other.close()
        return rendered

    monkeypatch.setattr("api.routes.appeals.draw", draw_while_another_writes)
    with running.client(running.key(organization)) as client:
        for path, content, headers in (
            ("/v1/files", example_authorization(), AUTHORIZATIONS),
            ("/v1/files", example_837p(), X12),
            ("/v1/remittances", example_835(), X12),
        ):
            assert client.post(path, content=content, headers=headers).is_success
        (found,) = client.get("/v1/denials").json()["denials"]
        made = client.post(f"/v1/denials/{found['denial']['denial_id']}/appeal")
        packet = client.get(f"/v1/appeals/{made.json()['draft_id']}?format=pdf")
    assert packet.content.startswith(b"%PDF-")
    assert readings == [0]
    assert readings_so_far() == 1
