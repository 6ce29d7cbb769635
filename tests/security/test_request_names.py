"""What a request calls things by: hosts, parameters and fields that are not ours."""

import socket

import httpx
import pytest

from api.gate import host_name
from api.permissions import Permission
from denialml.cli.desk import Desk
from denialml.cli.keys import issue_practice_key
from denialml.settings import Settings
from denialml.store.audit import AuditAction, list_events
from denialml.store.database import open_session
from tests.api.running import Running


@pytest.mark.parametrize(
    "query",
    ["payer=SIM01", "foo=1", "status=open&payer=x", "status=open&status=closed"],
)
def test_a_parameter_that_is_none_or_is_given_twice_is_refused(
    client: httpx.Client, query: str
) -> None:
    answer = client.get(f"/v1/denials?{query}")
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert "SIM01" not in answer.text
    if "status=closed" in query:
        assert error["message"] == "Expected each parameter once"
    else:
        allowed = "cursor, limit, payer_id, root_cause, route, sort, status"
        assert error["message"] == f"Unknown parameter; allowed: one of {allowed}"


@pytest.mark.parametrize("query", ["asof=2026-01-01", "as_of=2026-10-01&foo=1"])
def test_scoring_refuses_unknown_parameters_too(
    client: httpx.Client, query: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post(f"/v1/claims/score?{query}", content=b"{}", headers=headers)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (
        error["message"] == "Unknown parameter; allowed: one of as_of, fixes, precision"
    )


def test_an_operation_without_parameters_takes_none(client: httpx.Client) -> None:
    answer = client.get("/v1/denials/den_1?verbose=1")
    assert answer.json()["errors"][0]["message"].endswith("allowed: none")


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_drafting_takes_no_body(client: httpx.Client, body: bytes) -> None:
    [denial] = client.get("/v1/denials?limit=1").json()["denials"]
    address = f"/v1/denials/{denial['denial']['denial_id']}/appeal"
    refused = client.post(address, content=b'{"tone": "firm"}')
    assert refused.status_code == 422
    assert "takes no body" in refused.json()["errors"][0]["message"]
    assert client.post(address, content=body).status_code in (200, 201)


HOSTS = {
    "127.0.0.1": 200,
    "localhost": 200,
    "LOCALHOST:8321": 200,
    "[::1]:8321": 200,
    "evil.example": 421,
    "localhost.evil.example": 421,
    "127.0.0.1.evil.example:80": 421,
    "": 421,
}


@pytest.mark.parametrize("path", ["/healthz", "/", "/v1/denials"])
@pytest.mark.parametrize(("host", "status"), HOSTS.items())
def test_another_name_for_this_machine_is_refused(
    running: Running, path: str, host: str, status: int
) -> None:
    address, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((address, int(port)), timeout=10) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )
        found = int(connection.recv(4096).split(b" ", 2)[1])
    if status == 421:
        assert found == 421
    else:
        assert found in (200, 401)


def test_which_names_are_allowed_follows_from_the_settings() -> None:
    own = {"localhost", "127.0.0.1", "::1"}
    assert Settings().hosts == own
    assert Settings(allowed_hosts="A.example, b.example").hosts == own | {
        "a.example",
        "b.example",
    }
    assert Settings(host="0.0.0.0", secure_cookies=True).hosts is None
    assert Settings(secure_cookies=True, allowed_hosts="a.example").hosts == {
        "a.example"
    }


def test_a_host_header_is_reduced_to_its_name() -> None:
    assert host_name("Example.COM.:80") == "example.com"
    assert host_name("[::1]:80") == "::1"


def test_a_key_issued_on_the_command_line_leaves_an_event(running: Running) -> None:
    desk = Desk(running.settings)
    practice = desk.organization_or_new("Demonstration", is_simulated=True)
    _, key = issue_practice_key(desk, practice, label="demo", scopes=Permission, days=7)
    assert key.startswith("dml_")
    with open_session(running.engine, read_only=True) as session:
        events = list_events(session, practice.organization_id)
        [issued] = [one for one in events if one.action is AuditAction.KEY_ISSUED]
    assert issued.record_kind == "api_key"
    desk.engine.dispose()
