"""From an 835 to a letter over HTTP: files in, denials out, drafts in each format."""

import io
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import httpx
import pypdf
import pytest

from api.examples import example_835, example_837p, example_authorization
from denialml.store.audit import list_events
from denialml.store.database import open_session
from tests.api.running import AUTHORIZATIONS, X12, Running


@pytest.fixture(scope="module")
def practice(running: Running) -> str:
    return running.add_organization("Denials and appeals")


@pytest.fixture(scope="module")
def desk(running: Running, practice: str) -> Iterator[httpx.Client]:
    with running.client(running.key(practice)) as client:
        yield client


@pytest.fixture(scope="module")
def denial(desk: httpx.Client) -> dict[str, object]:
    """The denial of the example claim, found by taking in its remittance."""
    desk.post("/v1/files", content=example_authorization(), headers=AUTHORIZATIONS)
    desk.post("/v1/files", content=example_837p(), headers=X12)
    answer = desk.post("/v1/remittances", content=example_835(), headers=X12)
    assert answer.json()["lines_answered"] == 1
    assert answer.json()["denials"]["new"] == 1
    (found,) = desk.get("/v1/denials").json()["denials"]
    return dict(found["denial"])


def test_a_remittance_sent_again_adds_nothing(
    desk: httpx.Client, denial: dict[str, object]
) -> None:
    rewrapped = example_835().replace("\n", "").replace("~", "|").replace("*", "^")
    rewrapped = rewrapped.replace("^^^00501", "^U^00501")
    for content in (example_835(), rewrapped):
        answer = desk.post("/v1/remittances", content=content, headers=X12)
        assert answer.status_code == 200, answer.text
        assert answer.json()["records_new"] == {}
        assert answer.json()["denials"]["new"] == 0
    assert len(desk.get("/v1/denials").json()["denials"]) == 1


def test_a_claim_file_is_no_remittance_and_nothing_of_it_is_kept(
    running: Running,
) -> None:
    with running.client(running.key(running.add_organization("Refused"))) as client:
        answer = client.post("/v1/remittances", content=example_837p(), headers=X12)
        assert answer.status_code == 422
        assert answer.json()["type"] == "/docs/problems/unreadable-file"
        again = client.post("/v1/files", content=example_837p(), headers=X12)
        assert again.json()["records_new"] == {"Claim": 1}


def test_a_truncated_remittance_is_no_success_but_what_was_read_is_reported(
    running: Running,
) -> None:
    with running.client(running.key(running.add_organization("Truncated"))) as client:
        answer = client.post(
            "/v1/remittances", content=example_835()[:-60], headers=X12
        )
    assert answer.status_code == 422
    body = answer.json()
    assert body["type"] == "/docs/problems/incomplete-file"
    assert body["report"]["complete"] is False
    assert {it["code"] for it in body["report"]["problems"]} >= {"file-cut-off"}


def test_a_denial_has_cause_route_and_deadline(
    desk: httpx.Client, denial: dict[str, object]
) -> None:
    view = desk.get(f"/v1/denials/{denial['denial_id']}").json()
    assert view["stored"]["denial"]["adjustments"][0]["reason_code"] == "197"
    assert view["stored"]["finding"]["root_cause"] == "auth_mismatch"
    assert view["stored"]["finding"]["runner_up"]
    assert view["stored"]["route"]["reason"]
    assert view["stored"]["deadline"]["status"] == "not_configured"
    assert view["stored"]["deadline"]["due_on"]
    assert view["claim_state"] == "denied"


def test_pages_of_the_list_join_without_gap_or_repeat(client: httpx.Client) -> None:
    for sort in ("deadline", "-amount", "-denied_on", "denied_on"):
        whole = client.get(f"/v1/denials?limit=200&sort={sort}").json()
        assert whole["cursor"] is None
        expected = [it["denial"]["denial_id"] for it in whole["denials"]]
        assert len(expected) > 20
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            page = client.get(f"/v1/denials?limit=7&sort={sort}&cursor={cursor}").json()
            if cursor == "":
                page = client.get(f"/v1/denials?limit=7&sort={sort}").json()
            seen += [it["denial"]["denial_id"] for it in page["denials"]]
            cursor = page["cursor"]
        assert seen == expected


def test_the_list_is_in_the_order_asked_for(client: httpx.Client) -> None:
    listed = client.get("/v1/denials?limit=200&sort=-amount").json()["denials"]
    amounts = [Decimal(it["denial"]["denied_amount"]) for it in listed]
    assert all(first >= second for first, second in pairwise(amounts))


def test_filters_narrow(client: httpx.Client) -> None:
    listed = client.get("/v1/denials?limit=200").json()["denials"]
    chosen = listed[0]
    payer = chosen["denial"]["payer_id"]
    cause = chosen["finding"]["root_cause"]
    narrowed = client.get(
        "/v1/denials",
        params={"limit": 200, "payer_id": payer, "root_cause": cause},
    ).json()["denials"]
    expected = [
        it
        for it in listed
        if it["denial"]["payer_id"] == payer and it["finding"]["root_cause"] == cause
    ]
    assert narrowed == expected
    assert 0 < len(narrowed) < len(listed)


def test_a_letter_is_drafted_once_for_an_unchanged_record(
    desk: httpx.Client, denial: dict[str, object]
) -> None:
    first = desk.post(f"/v1/denials/{denial['denial_id']}/appeal")
    again = desk.post(f"/v1/denials/{denial['denial_id']}/appeal")
    assert first.status_code == 201
    assert first.headers["location"] == f"/v1/appeals/{first.json()['draft_id']}"
    assert again.json() == first.json()
    assert first.json()["missing"]


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", "", "application/json"),
        ("", "*/*", "application/json"),
        ("", "application/json", "application/json"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("", "application/pdf", "application/pdf"),
        ("", "text/html;q=0.2, application/pdf;q=0.9", "application/pdf"),
        ("?format=pdf", "text/html", "application/pdf"),
        ("?format=html", "", "text/html; charset=utf-8"),
        ("?format=json", "application/pdf", "application/json"),
    ],
)
def test_a_letter_comes_in_the_format_asked_for(
    desk: httpx.Client,
    denial: dict[str, object],
    query: str,
    accept: str,
    media_type: str,
) -> None:
    draft = desk.post(f"/v1/denials/{denial['denial_id']}/appeal").json()
    answer = desk.get(
        f"/v1/appeals/{draft['draft_id']}{query}", headers={"Accept": accept}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media_type


def test_what_cannot_be_argued_yet_says_what_is_needed_and_has_no_packet(
    running: Running,
) -> None:
    """The same denial without the authorization: nothing supports a letter."""
    organization = running.add_organization("Nothing on file")
    with running.client(running.key(organization)) as client:
        client.post("/v1/files", content=example_837p(), headers=X12)
        client.post("/v1/remittances", content=example_835(), headers=X12)
        (found,) = client.get("/v1/denials").json()["denials"]
        assert found["finding"]["root_cause"] == "auth_missing"
        address = f"/v1/denials/{found['denial']['denial_id']}/appeal"
        draft = client.post(address).json()
        packet = client.get(f"/v1/appeals/{draft['draft_id']}?format=pdf")
    assert (draft["status"], draft["blocks"]) == ("blocked", [])
    assert draft["blocked_reasons"][0].startswith("Cannot be argued yet.")
    assert draft["route"]["reason"].startswith("Evidence first.")
    assert all(one["why"] and one["supplied_by"] for one in draft["missing"])
    assert packet.status_code == 409


@pytest.mark.parametrize("accept", ["image/png", "text/html;q=0", "application/xml"])
def test_a_format_that_does_not_exist_is_406(
    desk: httpx.Client, denial: dict[str, object], accept: str
) -> None:
    draft = desk.post(f"/v1/denials/{denial['denial_id']}/appeal").json()
    answer = desk.get(f"/v1/appeals/{draft['draft_id']}", headers={"Accept": accept})
    assert answer.status_code == 406


def test_the_formats_say_the_same(
    desk: httpx.Client, denial: dict[str, object]
) -> None:
    draft = desk.post(f"/v1/denials/{denial['denial_id']}/appeal").json()
    address = f"/v1/appeals/{draft['draft_id']}"
    html = desk.get(f"{address}?format=html").text
    pdf = desk.get(f"{address}?format=pdf").content
    text = " ".join(
        page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages
    )
    for fact in ("EXAMPLE-0001", "EXM0000001", "NG000001", "90837", "CO-197"):
        assert fact in html
        assert fact in text


def test_every_reading_is_in_the_trail(
    running: Running, practice: str, desk: httpx.Client, denial: dict[str, object]
) -> None:
    draft = desk.post(f"/v1/denials/{denial['denial_id']}/appeal").json()
    with open_session(running.engine, read_only=True) as session:
        before = len(list_events(session, practice, limit=10_000))
    desk.get("/v1/denials")
    desk.get(f"/v1/denials/{denial['denial_id']}")
    for form in ("json", "html", "pdf"):
        desk.get(f"/v1/appeals/{draft['draft_id']}?format={form}")
    with open_session(running.engine, read_only=True) as session:
        added = list_events(session, practice, limit=10_000)[before:]
    assert [(str(it.action), it.record_id) for it in added] == [
        ("denials.listed", ""),
        ("denial.read", denial["denial_id"]),
        ("draft.read", draft["draft_id"]),
        ("draft.read", draft["draft_id"]),
        ("draft.read", draft["draft_id"]),
    ]
    assert len({it.actor for it in added}) == 1


def test_readiness_counts_the_models(running: Running) -> None:
    with running.client() as client:
        answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert answer.json()["models"] >= 1
