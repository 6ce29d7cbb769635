"""How often one may ask: headers, 429, and that another practice does not notice."""

import re
from collections.abc import Iterator

import httpx
import msgspec
import pytest
import structlog

from api.app import create_app
from api.examples import EXAMPLE_CLAIM
from api.rate_limits import RateLimits, limit_headers
from denialml.settings import Settings, api_key_pepper, audit_key
from denialml.store.api_keys import issue_key
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from tests.api.running import START, Running
from tests.api.serving import serving

POLICY = re.compile(r'"key";q=(\d+);w=60, "organization";q=(\d+);w=60')
STANDING = re.compile(r'"key";r=(\d+);t=(\d+), "organization";r=(\d+);t=(\d+)')
PER_KEY, PER_ORGANIZATION = 5, 8


@pytest.fixture
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A service with low limits: its URL, two keys of one practice, one of another."""
    settings = Settings(
        data_directory=tmp_path_factory.mktemp("strict"),
        requests_per_minute_per_key=PER_KEY,
        requests_per_minute_per_organization=PER_ORGANIZATION,
        log_level="error",
    )
    engine = open_engine(settings.resolved_database_url, audit_key=audit_key(settings))
    migrate(engine)
    keys = {}
    with open_session(engine) as session:
        for name in ("own", "other"):
            organization = create_organization(session, name, now=START)
            for number in (1, 2):
                _, keys[f"{name} {number}"] = issue_key(
                    session,
                    organization.organization_id,
                    label="test",
                    scopes=["denials:read", "claims:score"],
                    pepper=api_key_pepper(settings),
                    now=START,
                )
        session.commit()

    logging = structlog.get_config()
    app = create_app(settings)
    structlog.configure(**logging)
    with serving(app) as address:
        yield keys | {"url": address.url}
    engine.dispose()


def ask(strict: dict[str, str], key: str, path: str = "/v1/denials") -> httpx.Response:
    headers = {"Authorization": f"Bearer {strict[key]}"}
    return httpx.get(strict["url"] + path, headers=headers)


def test_every_answer_says_what_is_left(client: httpx.Client) -> None:
    left = []
    for path in ("/v1/denials", "/v1/denials/den_none", "/v1/denials?limit=0"):
        answer = client.get(path)
        policy = POLICY.fullmatch(answer.headers["RateLimit-Policy"])
        standing = STANDING.fullmatch(answer.headers["RateLimit"])
        assert policy is not None
        assert standing is not None
        assert policy.groups() == ("60000", "120000")
        assert 1 <= int(standing[2]) <= 60
        left.append(int(standing[1]))
    assert left == [left[0], left[0] - 1, left[0] - 2] or max(left) > left[0]


def test_the_short_way_of_scoring_counts_too(running: Running, harbor: str) -> None:
    with running.client(running.key(harbor)) as client:
        left = [
            client.post(
                "/v1/claims/score",
                content=msgspec.json.encode(EXAMPLE_CLAIM),
                headers={"Content-Type": "application/json"},
            ).headers["RateLimit"]
            for _ in range(3)
        ]
    assert len({STANDING.fullmatch(it)[1] for it in left}) == 3  # type: ignore[index]


def test_who_is_nobody_is_not_counted(running: Running) -> None:
    with running.client() as nobody:
        assert "RateLimit" not in nobody.get("/v1/denials").headers
        assert "RateLimit" not in nobody.get("/healthz").headers


def test_one_too_many_is_told_how_long_to_wait(strict: dict[str, str]) -> None:
    answers = [ask(strict, "own 1") for _ in range(PER_KEY + 2)]
    assert [it.status_code for it in answers] == [200] * PER_KEY + [429, 429]
    refused = answers[-1]
    assert refused.json()["type"] == "/docs/problems/too-many-requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert STANDING.fullmatch(refused.headers["RateLimit"])[1] == "0"  # type: ignore[index]


def test_a_practice_with_many_keys_has_one_limit_and_others_their_own(
    strict: dict[str, str],
) -> None:
    for _ in range(PER_KEY):
        ask(strict, "own 1")
    found = [ask(strict, "own 2").status_code for _ in range(PER_KEY)]
    left = PER_ORGANIZATION - PER_KEY
    assert found == [200] * left + [429] * (PER_KEY - left)
    assert ask(strict, "other 1").status_code == 200


def test_a_refused_request_was_not_carried_out(strict: dict[str, str]) -> None:
    for _ in range(PER_KEY):
        ask(strict, "own 1")
    headers = {
        "Authorization": f"Bearer {strict['own 1']}",
        "Content-Type": "application/json",
    }
    answer = httpx.post(f"{strict['url']}/v1/claims/score", headers=headers)
    assert answer.status_code == 429


def test_the_quota_is_back_after_the_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    limits = RateLimits(per_key=2, per_organization=10)
    found = [limits.take("key", "org")[0].is_exceeded for _ in range(3)]
    assert found == [False, False, True]
    now += 61
    standings = limits.take("key", "org")
    assert not standings[0].is_exceeded
    assert standings[0].remaining == 1
    assert limit_headers(standings)["RateLimit"].startswith('"key";r=1;t=60')
