"""What belongs to another organization does not exist: 404, and not a byte of it."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.api.running import Running


@pytest.fixture(scope="module")
def foreign(running: Running) -> dict[str, str]:
    """Ids of a denial and a letter of Mill Creek, which Harbor must never see."""
    organization = running.organizations["Mill Creek Therapy"]
    with running.client(running.key(organization)) as client:
        denial_id = client.get("/v1/denials").json()["denials"][0]["denial"][
            "denial_id"
        ]
        draft = client.post(f"/v1/denials/{denial_id}/appeal").json()
    return {"denial_id": denial_id, "draft_id": draft["draft_id"]}


@pytest.fixture
def browser(running: Running, harbor: str) -> Iterator[httpx.Client]:
    """Harbor's signed-in browser."""
    with running.signed_in(running.key(harbor)) as client:
        yield client


OPERATIONS = [
    ("GET", "/v1/denials/{denial_id}"),
    ("POST", "/v1/denials/{denial_id}/appeal"),
    ("GET", "/v1/appeals/{draft_id}"),
    ("GET", "/v1/appeals/{draft_id}?format=html"),
    ("GET", "/v1/appeals/{draft_id}?format=pdf"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_on_a_foreign_record_is_404(
    client: httpx.Client, foreign: dict[str, str], method: str, path: str
) -> None:
    answer = client.request(method, path.format(**foreign))
    missing = client.request(method, re.sub(r"\{\w+\}", "none_such", path))
    assert answer.status_code == missing.status_code == 404
    # The same words as for an id that exists nowhere, so that nothing can be probed.
    for field in ("type", "title", "detail"):
        assert answer.json()[field] == missing.json()[field]
    assert "EXAMPLE" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/denials/{denial_id}",
        "/appeals/{draft_id}",
        "/appeals/{draft_id}/packet.pdf",
    ],
)
def test_a_page_of_a_foreign_record_is_404(
    browser: httpx.Client, foreign: dict[str, str], path: str
) -> None:
    answer = browser.get(path.format(**foreign), headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "EXAMPLE" not in answer.text


def test_a_foreign_denial_cannot_be_drafted_from_a_page(
    browser: httpx.Client, foreign: dict[str, str]
) -> None:
    token = re.search(
        r'name="csrf_token" value="([^"]+)"', browser.get("/denials").text
    )
    assert token is not None
    answer = browser.post(
        f"/denials/{foreign['denial_id']}/appeal", data={"csrf_token": token[1]}
    )
    assert answer.status_code == 404


def test_lists_hold_only_the_own_organization(
    running: Running, foreign: dict[str, str]
) -> None:
    empty = running.add_organization("Empty Practice")
    with running.client(running.key(empty)) as client:
        assert client.get("/v1/denials").json() == {"denials": [], "cursor": None}


def test_a_cursor_of_another_organization_shows_nothing_of_it(
    running: Running, client: httpx.Client, foreign: dict[str, str]
) -> None:
    empty = running.add_organization("Another Empty Practice")
    cursor = (
        b'["deadline","2000-01-01","' + foreign["denial_id"].encode() + b'"]'
    ).hex()
    with running.client(running.key(empty)) as stranger:
        answer = stranger.get(f"/v1/denials?cursor={cursor}")
    assert answer.status_code == 422
    assert foreign["denial_id"] not in answer.text


def test_the_same_file_in_two_organizations_has_two_ids(
    client: httpx.Client, foreign: dict[str, str]
) -> None:
    """Ids are keyed by organization, so that one cannot be guessed from another."""
    own = client.get("/v1/denials").json()["denials"][0]["denial"]["denial_id"]
    assert own != foreign["denial_id"]
