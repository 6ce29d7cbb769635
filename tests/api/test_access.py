"""Keys: who gets in, with what, and where to."""

from datetime import timedelta

import httpx
import msgspec
import pytest

from api.audit_writer import AuditWriter
from api.examples import EXAMPLE_CLAIM
from api.permissions import Permission
from api.score_desk import ScoreDesk
from denialml.store.api_keys import revoke_key
from denialml.store.database import open_engine, open_session
from tests.api.running import START, Running

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer dml_",
        "Bearer dml_" + "A" * 43,
        "Bearer dml_" + "A" * 5000,
        "Basic dXNlcjpwYXNz",
        "dml_" + "A" * 43,
        "Bearer dml_\xff\xfe",
    ],
    ids=lambda text: text[:16] or "none",
)
def test_a_key_that_is_not_known_is_401(running: Running, authorization: str) -> None:
    headers = {"Authorization": authorization.encode("latin-1")}
    with running.client() as client:
        answer = client.get("/v1/denials", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["www-authenticate"] == 'Bearer realm="denialml"'
    assert answer.json()["type"] == "/docs/problems/no-key"


def test_a_known_key_opens_its_organization(client: httpx.Client) -> None:
    assert client.get("/v1/denials").status_code == 200


def test_the_scheme_is_case_insensitive(running: Running, harbor: str) -> None:
    with running.client() as client:
        headers = {"Authorization": f"bEARER  {running.key(harbor)}"}
        assert client.get("/v1/denials", headers=headers).status_code == 200


def test_an_expired_key_is_401_from_its_second_on(
    running: Running, harbor: str
) -> None:
    key = running.key(harbor, expires_at=START + timedelta(hours=1))
    with running.client(key) as client:
        try:
            running.clock.now = START + timedelta(minutes=59, seconds=59)
            assert client.get("/v1/denials").status_code == 200
            running.clock.now = START + timedelta(hours=1)
            assert client.get("/v1/denials").status_code == 401
        finally:
            running.clock.now = START


def test_a_revoked_key_is_401_from_the_next_request_on(
    running: Running, harbor: str
) -> None:
    key_id, key = running.key_with_id(harbor)
    with running.client(key) as client:
        assert client.get("/v1/denials").status_code == 200
        with open_session(running.engine) as session:
            revoke_key(session, harbor, key_id=key_id, now=START)
            session.commit()
        assert client.get("/v1/denials").status_code == 401


@pytest.fixture
def score() -> dict[str, object]:
    """A request that the short way of scoring answers once it is warm."""
    return {
        "url": "/v1/claims/score",
        "content": msgspec.json.encode(EXAMPLE_CLAIM),
        "headers": {"Content-Type": "application/json"},
    }


def test_the_short_way_forgets_a_revoked_key_at_once(
    running: Running, harbor: str, score: dict[str, object]
) -> None:
    key_id, key = running.key_with_id(harbor)
    with running.client(key) as client:
        for _ in range(3):
            assert client.post(**score).status_code == 200  # type: ignore[arg-type]
        with open_session(running.engine) as session:
            revoke_key(session, harbor, key_id=key_id, now=START)
            session.commit()
        assert client.post(**score).status_code == 401  # type: ignore[arg-type]


def test_the_short_way_minds_expiry_and_permissions(
    running: Running, harbor: str, score: dict[str, object]
) -> None:
    key = running.key(harbor, expires_at=START + timedelta(hours=1))
    with running.client(key) as client:
        try:
            for _ in range(3):
                assert client.post(**score).status_code == 200  # type: ignore[arg-type]
            running.clock.now = START + timedelta(hours=1)
            assert client.post(**score).status_code == 401  # type: ignore[arg-type]
        finally:
            running.clock.now = START
    with running.client(running.key(harbor, ["denials:read"])) as client:
        for _ in range(2):
            assert client.post(**score).status_code == 403  # type: ignore[arg-type]


def test_the_short_way_is_for_sqlite_files_only(running: Running) -> None:
    for url, is_open in (
        (running.settings.resolved_database_url, True),
        ("sqlite://", False),
        ("postgresql://localhost/none", False),
    ):
        engine = open_engine(url)
        desk = ScoreDesk(engine, audit=AuditWriter(engine), pepper=b"")
        assert desk.is_open is is_open
        engine.dispose()


def test_a_key_without_the_permission_is_403_and_told_which(
    running: Running, harbor: str
) -> None:
    others = [it for it in Permission if it is not Permission.DENIALS_READ]
    with running.client(running.key(harbor, others)) as client:
        answer = client.get("/v1/denials")
    assert answer.status_code == 403
    assert "denials:read" in answer.json()["detail"]


def test_a_cookie_opens_no_api(running: Running, harbor: str) -> None:
    with running.signed_in(running.key(harbor)) as client:
        assert client.get("/denials").status_code == 200
        assert client.get("/v1/denials").status_code == 401


def test_a_key_opens_no_page(client: httpx.Client) -> None:
    answer = client.get("/denials")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
