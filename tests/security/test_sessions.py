"""Cookies, sessions and forms of the pages."""

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response

from api.access_log import configure_logging
from api.app import create_app
from api.gate import SECURITY_HEADERS
from api.sign_in import clear_cookie, set_cookie
from denialml.store.api_keys import revoke_key
from denialml.store.database import open_session
from tests.api.running import START, Running
from tests.api.serving import Address, serving

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def csrf_token(client: httpx.Client) -> str:
    match = TOKEN.search(client.get("/denials").text)
    assert match is not None
    return match[1]


def first_denial(client: httpx.Client) -> str:
    match = re.search(r'href="/denials/(den_\w+)"', client.get("/denials").text)
    assert match is not None
    return match[1]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    running: Running, harbor: str
) -> None:
    with running.client() as client:
        answer = client.post("/sign-in", data={"api_key": running.key(harbor)})
    attributes = answer.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    assert "path=/" in attributes
    assert "domain" not in attributes
    assert "max-age" not in attributes


def test_behind_https_the_cookie_is_secure_and_pinned_to_the_host() -> None:
    for change in (
        lambda response: set_cookie(response, "t", secure=True),
        lambda response: clear_cookie(response, secure=True),
    ):
        response = Response()
        change(response)
        header = response.headers["set-cookie"]
        assert header.startswith("__Host-denialml_session=")
        assert "Secure" in header
        assert "Path=/" in header


def test_the_key_is_never_in_the_cookie_or_the_page(
    running: Running, harbor: str
) -> None:
    key = running.key(harbor)
    with running.signed_in(key) as client:
        assert key not in str(client.cookies)
        for path in ("/denials", "/claims", f"/denials/{first_denial(client)}"):
            assert key not in client.get(path).text


def test_a_wrong_key_signs_nobody_in(running: Running) -> None:
    with running.client() as client:
        answer = client.post("/sign-in", data={"api_key": "dml_" + "x" * 43})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert "dml_xxx" not in answer.text


def test_signing_in_again_ends_the_session_before(
    running: Running, harbor: str
) -> None:
    """No session can be fixed on a browser and used from elsewhere afterwards."""
    key = running.key(harbor)
    with running.signed_in(key) as client:
        old = dict(client.cookies)
        client.post("/sign-in", data={"api_key": key})
        assert dict(client.cookies) != old
    with running.client() as thief:
        thief.cookies.update(old)
        assert thief.get("/denials").status_code == 303


def test_signing_out_ends_the_session_on_the_server(
    running: Running, harbor: str
) -> None:
    with running.signed_in(running.key(harbor)) as client:
        old = dict(client.cookies)
        token = csrf_token(client)
        answer = client.post("/sign-out", data={"csrf_token": token})
        assert answer.headers["location"] == "/"
    with running.client() as thief:
        thief.cookies.update(old)
        assert thief.get("/denials").status_code == 303


def test_a_revoked_key_ends_its_sessions(running: Running, harbor: str) -> None:
    key_id, key = running.key_with_id(harbor)
    with running.signed_in(key) as client:
        assert client.get("/denials").status_code == 200
        with open_session(running.engine) as session:
            revoke_key(session, harbor, key_id=key_id, now=START)
            session.commit()
        assert client.get("/denials").status_code == 303


def test_a_session_ends_by_idling_and_by_age(running: Running, harbor: str) -> None:
    key = running.key(harbor)
    try:
        with running.signed_in(key) as client:
            running.clock.now = START + timedelta(minutes=14)
            assert client.get("/denials").status_code == 200
            running.clock.now = START + timedelta(minutes=30)
            assert client.get("/denials").status_code == 303
        running.clock.now = START
        with running.signed_in(key) as client:
            for minute in range(0, 12 * 60 + 1, 10):
                running.clock.now = START + timedelta(minutes=minute)
                assert client.get("/denials").status_code == 200
            running.clock.now = START + timedelta(hours=12, minutes=1)
            assert client.get("/denials").status_code == 303
    finally:
        running.clock.now = START


@pytest.fixture(scope="module")
def second(running: Running) -> Iterator[Address]:
    """Another process's service on the same database and secret."""
    app = create_app(running.settings, clock=running.clock)
    configure_logging("info", stream=running.log)
    with serving(app) as address:
        yield address


def test_a_second_worker_knows_who_is_signed_in(
    running: Running, second: Address, harbor: str
) -> None:
    with running.signed_in(running.key(harbor)) as client:
        cookies = dict(client.cookies)
        token = csrf_token(client)
        with httpx.Client(base_url=second.url, cookies=cookies) as elsewhere:
            assert elsewhere.get("/denials").status_code == 200
            # A form of one worker's page may come to the other.
            assert csrf_token(elsewhere) == token
            elsewhere.post("/sign-out", data={"csrf_token": token})
        assert client.get("/denials").status_code == 303


def test_a_restart_signs_nobody_out(running: Running, harbor: str) -> None:
    def restarted() -> FastAPI:
        app = create_app(running.settings, clock=running.clock)
        configure_logging("info", stream=running.log)
        return app

    with serving(restarted()) as before, httpx.Client(base_url=before.url) as client:
        client.post("/sign-in", data={"api_key": running.key(harbor)})
        cookies = dict(client.cookies)
    with serving(restarted()) as after:
        answer = httpx.get(f"{after.url}/denials", cookies=cookies)
    assert answer.status_code == 200


def test_nothing_stored_signs_anybody_in(running: Running, harbor: str) -> None:
    """Neither the token nor the key is in the database, nor what it holds a token."""
    key = running.key(harbor)
    with running.signed_in(key) as client:
        (token,) = client.cookies.values()
        form = csrf_token(client)
    with running.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM sign_ins").all()
    stored = {str(value) for row in rows for value in row}
    assert not {token, key, form} & stored
    with running.client() as thief:
        for row in rows:
            thief.cookies.set("denialml_session", row[0])
            assert thief.get("/denials").status_code == 303


def test_a_look_costs_no_write_within_the_minute(running: Running, harbor: str) -> None:
    def last_seen() -> set[str]:
        with running.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT last_seen_at FROM sign_ins")
            return set(found.scalars())

    try:
        with running.signed_in(running.key(harbor)) as client:
            before = last_seen()
            running.clock.now = START + timedelta(seconds=59)
            assert client.get("/denials").status_code == 200
            assert last_seen() == before
            running.clock.now = START + timedelta(seconds=61)
            assert client.get("/denials").status_code == 200
            assert last_seen() != before
    finally:
        running.clock.now = START


FORMS = ["/sign-out", "/claims", "/denials/{denial_id}/appeal"]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", [None, "", "wrong", "\N{SNOWMAN}"])
def test_a_form_without_the_token_of_its_session_is_refused(
    running: Running, harbor: str, path: str, token: str | None
) -> None:
    with running.signed_in(running.key(harbor)) as client:
        address = path.format(denial_id=first_denial(client))
        answer = client.post(
            address, data={} if token is None else {"csrf_token": token}
        )
        assert answer.status_code in {403, 415}
        if token is not None:
            assert answer.json()["type"] == "/docs/problems/cross-site"
        assert client.get("/denials").status_code == 200


@pytest.mark.parametrize("path", [*FORMS, "/sign-in"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=["origin", "null", "cross-site", "same-site"],
)
def test_a_form_of_another_site_is_refused_even_with_the_token(
    running: Running, harbor: str, path: str, headers: dict[str, str]
) -> None:
    key = running.key(harbor)
    with running.signed_in(key) as client:
        address = path.format(denial_id=first_denial(client))
        data = {"csrf_token": csrf_token(client), "api_key": key}
        answer = client.post(address, data=data, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"] == "/docs/problems/cross-site"
        assert client.get("/denials").status_code == 200


def test_a_form_of_another_session_is_refused(running: Running, harbor: str) -> None:
    key = running.key(harbor)
    with running.signed_in(key) as one, running.signed_in(key) as two:
        answer = two.post("/sign-out", data={"csrf_token": csrf_token(one)})
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/denials", "/nowhere", "/v1/denials", "/static/mark.svg"]
)
def test_every_answer_has_the_security_headers(
    running: Running, harbor: str, path: str
) -> None:
    with running.signed_in(running.key(harbor)) as client:
        answer = client.get(path)
    for name, value in SECURITY_HEADERS.items():
        if (path, name) != ("/static/mark.svg", "Cache-Control"):
            assert answer.headers[name] == value
    assert "script" not in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "server" not in answer.headers


def test_the_letter_page_is_inert(client: httpx.Client) -> None:
    denial_id = client.get("/v1/denials").json()["denials"][0]["denial"]["denial_id"]
    draft_id = client.post(f"/v1/denials/{denial_id}/appeal").json()["draft_id"]
    answer = client.get(f"/v1/appeals/{draft_id}?format=html")
    policy = answer.headers["content-security-policy"]
    assert policy.endswith("sandbox")
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/static/%00",
    ],
)
def test_static_files_stay_in_their_folder(running: Running, path: str) -> None:
    with running.client() as client:
        answer = client.get(httpx.URL(running.url + path))
    assert answer.status_code == 404
