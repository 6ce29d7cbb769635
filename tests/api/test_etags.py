"""What was read is what is changed: ETag, If-None-Match, If-Match, two at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from denialml.store.cause_confirmations import confirmations_of
from denialml.store.database import open_session
from tests.api.two_databases import BOTH, Small, small_service

# Two for each round, neither of which stands already.
CAUSES = (("timely_filing", "cob_wrong_payer"), ("auth_missing", "medical_necessity"))
SOME_ROUNDS = 25
ALL_ROUNDS = 500


@pytest.fixture(scope="module", params=BOTH)
def service(request: pytest.FixtureRequest) -> Iterator[Small]:
    with small_service(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def client(service: Small) -> Iterator[httpx.Client]:
    with service.client() as made:
        yield made


@pytest.fixture(scope="module")
def path(client: httpx.Client) -> str:
    (found,) = client.get("/v1/denials").json()["denials"]
    return f"/v1/denials/{found['denial']['denial_id']}"


def state(
    client: httpx.Client, path: str, cause: str | None, tag: str
) -> httpx.Response:
    return client.post(
        f"{path}/cause", json={"root_cause": cause}, headers={"If-Match": tag}
    )


def test_what_stands_is_not_sent_again_and_still_audited(
    service: Small, client: httpx.Client, path: str
) -> None:
    tag = client.get(path).headers["ETag"]
    before = service.actions().count("denial.read")
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = client.get(path, headers={"If-None-Match": sent})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == tag
    assert service.actions().count("denial.read") == before + 4
    for sent in ('"other"', tag.strip('"'), "", '"', "W/", "\xff"):
        headers = [("If-None-Match", sent.encode("latin-1"))]
        answer = client.get(path, headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 200
        assert answer.headers["ETag"] == tag


def test_a_letter_has_a_tag_for_each_format(client: httpx.Client, path: str) -> None:
    draft = client.post(f"{path}/appeal")
    tags = set()
    for form in ("json", "html", "pdf"):
        address = f"/v1/appeals/{draft.json()['draft_id']}?format={form}"
        tag = client.get(address).headers["ETag"]
        again = client.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        tags.add(tag)
    assert len(tags) == 3


def test_another_practices_record_is_not_found_whatever_the_tag(
    service: Small, client: httpx.Client, path: str
) -> None:
    stranger = service.key(service.add_organization("Stranger"))
    tag = client.get(path).headers["ETag"]
    with service.client(stranger) as other:
        for sent in (tag, "*"):
            assert other.get(path, headers={"If-None-Match": sent}).status_code == 404
            refused = state(other, path, None, sent)
            assert refused.status_code == 404
            assert "ETag" not in refused.headers


def test_a_change_needs_a_tag(client: httpx.Client, path: str) -> None:
    answer = client.post(f"{path}/cause", json={"root_cause": "timely_filing"})
    assert answer.status_code == 428
    assert answer.json()["type"] == "/docs/problems/precondition-required"


def test_a_change_of_what_has_changed_is_refused_with_the_tag_of_now(
    service: Small, client: httpx.Client, path: str
) -> None:
    read = client.get(path).headers["ETag"]
    won = state(client, path, "timely_filing", read)
    assert won.status_code == 200
    lost = state(client, path, "cob_wrong_payer", read)
    assert lost.status_code == 412
    assert lost.json()["type"] == "/docs/problems/record-changed"
    assert lost.headers["ETag"] == won.headers["ETag"]
    now = client.get(path)
    assert now.headers["ETag"] == won.headers["ETag"]
    assert now.content == won.content
    # A weak tag says nothing about the bytes; a list may hold the right one.
    assert state(client, path, None, f"W/{lost.headers['ETag']}").status_code == 412
    listed = f'"none", {lost.headers["ETag"]}'
    assert state(client, path, None, listed).status_code == 200


def test_whatever_it_is_now_is_said_with_a_star(
    client: httpx.Client, path: str
) -> None:
    assert state(client, path, "timely_filing", "*").status_code == 200
    assert state(client, path, None, "*").status_code == 200


def test_who_may_not_read_learns_nothing_from_a_refusal(
    service: Small, path: str
) -> None:
    with service.client(service.key(scopes=["denials:write"])) as writer:
        lost = state(writer, path, "timely_filing", '"guessed"')
    assert lost.status_code == 412
    assert set(lost.json()) == {"type", "title", "status", "detail", "request_id"}


def test_of_two_people_at_once_one_wins(
    service: Small, client: httpx.Client, path: str
) -> None:
    _contest(service, client, path, rounds=SOME_ROUNDS)


@pytest.mark.slow
def test_of_two_people_at_once_one_wins_every_time(
    service: Small, client: httpx.Client, path: str
) -> None:
    _contest(service, client, path, rounds=ALL_ROUNDS)


def _contest(service: Small, client: httpx.Client, path: str, *, rounds: int) -> None:
    denial_id = path.rpartition("/")[2]

    def confirmed() -> int:
        with open_session(service.engine, read_only=True) as session:
            found = confirmations_of(session, service.organization_id, denial_id)
        return len(found)

    before = confirmed()
    with (
        service.client() as first,
        service.client() as second,
        ThreadPoolExecutor(2) as pool,
    ):
        state(client, path, "auth_missing", "*")
        tag = client.get(path).headers["ETag"]
        for number in range(rounds):
            causes = CAUSES[number % 2]
            answers = list(
                pool.map(state, (first, second), (path, path), causes, (tag, tag))
            )
            by_status = {it.status_code: it for it in answers}
            assert set(by_status) == {200, 412}, [it.text for it in answers]
            tag = by_status[200].headers["ETag"]
            assert by_status[412].headers["ETag"] == tag
    assert confirmed() == before + rounds + 1
    state(client, path, None, "*")
