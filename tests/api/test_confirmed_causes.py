"""A denial's cause is confirmed over HTTP and on its page, by those who may."""

from collections.abc import Iterator

import httpx
import pytest

from denialml.domain.denial import RootCause
from denialml.store.audit import list_events
from denialml.store.database import open_session
from tests.api.running import Running, take_examples
from tests.api.test_pages import denial_of, text_of, token_of

ANY = {"If-Match": "*"}


@pytest.fixture(scope="module")
def practice(running: Running) -> str:
    made = running.add_organization("Confirmed causes")
    take_examples(running, made)
    return made


@pytest.fixture(scope="module")
def program(running: Running, practice: str) -> Iterator[httpx.Client]:
    with running.client(running.key(practice)) as client:
        client.headers["If-Match"] = "*"
        yield client


@pytest.fixture(scope="module")
def denial_id(program: httpx.Client) -> str:
    (found,) = program.get("/v1/denials").json()["denials"]
    return str(found["denial"]["denial_id"])


def test_a_program_confirms_and_takes_back(
    running: Running, practice: str, program: httpx.Client, denial_id: str
) -> None:
    path = f"/v1/denials/{denial_id}"
    before = program.get(path).json()
    answer = program.post(f"{path}/cause", json={"root_cause": "cob_wrong_payer"})
    assert answer.status_code == 200, answer.text
    view = answer.json()
    assert view["stored"]["finding"]["root_cause"] == "cob_wrong_payer"
    assert view["stored"]["route"]["route"] == "other_payer"
    assert view["candidates"] == "Confirmed by a person on 2026-11-02."
    assert view["confirmations"][0]["before"] == before["stored"]["finding"]
    assert program.get(path).json() == view
    back = program.post(f"{path}/cause", json={"root_cause": None})
    assert back.json()["stored"] == before["stored"]
    with open_session(running.engine) as session:
        events = [
            str(it.action)
            for it in list_events(session, practice, limit=1000)
            if it.record_id == denial_id
        ]
    assert [it for it in events if it.startswith("cause.")] == [
        *("cause.confirmed", "cause.taken_back")
    ]


@pytest.mark.parametrize(
    "body",
    [
        b'{"root_cause": "bad_luck"}',
        b'{"root_cause": 7}',
        b"{}",
        b'{"root_cause": null, "who": "me"}',
        b'{"root_cause": "auth_missing", "root_cause": "timely_filing"}',
        b'["auth_missing"]',
    ],
)
def test_what_is_no_cause_is_answered_with_the_causes_there_are(
    program: httpx.Client, denial_id: str, body: bytes
) -> None:
    answer = program.post(f"/v1/denials/{denial_id}/cause", content=body)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/root_cause"
    assert all(cause.value in error["message"] for cause in RootCause)
    assert "bad_luck" not in answer.text


def test_what_is_no_json_is_unreadable(program: httpx.Client, denial_id: str) -> None:
    answer = program.post(f"/v1/denials/{denial_id}/cause", content=b"{")
    assert answer.json()["type"] == "/docs/problems/unreadable-body"


def test_only_who_may_write_denials_of_this_practice(
    running: Running, practice: str, harbor: str, denial_id: str
) -> None:
    path, body = f"/v1/denials/{denial_id}/cause", {"root_cause": "auth_missing"}
    with running.client(running.key(practice, ["denials:read"])) as reader:
        assert reader.post(path, json=body, headers=ANY).status_code == 403
    with running.client(running.key(harbor)) as stranger:
        assert stranger.post(path, json=body, headers=ANY).status_code == 404


def test_who_may_only_write_is_told_no_more_than_was_said(
    running: Running, practice: str, denial_id: str
) -> None:
    path, body = f"/v1/denials/{denial_id}/cause", {"root_cause": "auth_missing"}
    reads = _reads(running, practice, denial_id)
    with running.client(running.key(practice, ["denials:write"])) as writer:
        told = writer.post(path, json=body, headers=ANY)
        assert told.status_code == 200, told.text
        assert told.json() == {"denial_id": denial_id, "root_cause": "auth_missing"}
        writer.post(path, json={"root_cause": None}, headers=ANY)
    assert _reads(running, practice, denial_id) == reads
    both = ["denials:read", "denials:write"]
    with running.client(running.key(practice, both)) as reader:
        assert "stored" in reader.post(path, json=body, headers=ANY).json()
        reader.post(path, json={"root_cause": None}, headers=ANY)
    assert _reads(running, practice, denial_id) == reads + 2


def _reads(running: Running, practice: str, denial_id: str) -> int:
    with open_session(running.engine) as session:
        events = list_events(session, practice, limit=1000)
    found = [it for it in events if str(it.action) == "denial.read"]
    return sum(it.record_id == denial_id for it in found)


def test_a_person_confirms_on_the_page(
    running: Running, practice: str, denial_id: str
) -> None:
    with running.signed_in(running.key(practice)) as browser:
        page = f"/denials/{denial_id}"
        assert denial_of(browser) == denial_id
        shown = text_of(browser.get(page))
        assert "codes and this claim's records alone" in shown.lower()
        form = {"csrf_token": token_of(browser), "root_cause": "timely_filing"}
        stolen = browser.post(f"{page}/cause", data=form | {"csrf_token": "x"})
        assert stolen.status_code == 403
        wrong = browser.post(f"{page}/cause", data=form | {"root_cause": "bad_luck"})
        assert wrong.status_code == 422
        assert "auth_missing" in wrong.text
        assert "bad_luck" not in wrong.text
        answer = browser.post(f"{page}/cause", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, page)
        shown = text_of(browser.get(page))
        assert "Confirmed by a person on 2026-11-02." in shown
        assert "the model had said Authorization" in shown
        assert "confirmed" in text_of(browser.get("/denials"))
        browser.post(f"{page}/cause", data=form | {"root_cause": "take_back"})
        assert "taken back" in text_of(browser.get(page))


def test_a_reader_is_not_offered_the_form(
    running: Running, practice: str, denial_id: str
) -> None:
    with running.signed_in(running.key(practice, ["denials:read"])) as browser:
        assert "Confirm the cause" not in browser.get(f"/denials/{denial_id}").text
