"""What is on file: lists page by page, single records, and what callers tell."""

from collections.abc import Iterator

import httpx
import pytest

from api.examples import example_837p
from denialml.store.audit import AuditEvent, list_events
from denialml.store.database import open_session
from denialml.store.feedback import FeedbackStatement
from tests.api.running import X12, Running
from tests.api.two_databases import BOTH, Small, small_service

KINDS = (
    "authorizations",
    "eligibility-checks",
    "enrollments",
    "payers",
    "clinicians",
    "documents",
)
PAYERS = "payer_id,name\n" + "".join(f"P{n:02},Plan {n:02}\n" for n in range(12))


@pytest.fixture(scope="module", params=BOTH)
def service(request: pytest.FixtureRequest) -> Iterator[Small]:
    with small_service(request.param) as made:
        with made.client() as client:
            for number in range(9):
                take_claim(client, f"B-{number}")
            take_payers(client, PAYERS)
        yield made


@pytest.fixture(scope="module")
def small(service: Small) -> Iterator[httpx.Client]:
    with service.client() as made:
        yield made


def take_claim(client: httpx.Client, number: str) -> None:
    file = example_837p().replace("EXAMPLE-0001", number)
    assert client.post("/v1/files", content=file, headers=X12).status_code == 200


def take_payers(client: httpx.Client, content: str) -> None:
    headers = {
        "Content-Type": "text/csv",
        "Content-Disposition": 'attachment; filename="payers.csv"',
    }
    answer = client.post("/v1/files", content=content, headers=headers)
    assert answer.json()["complete"], answer.text


def pages(client: httpx.Client, path: str, field: str, *, limit: int) -> list[list]:
    """Every page of a list."""
    found, cursor = [], None
    while True:
        query = f"limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 200, answer.text
        found.append(answer.json()[field])
        cursor = answer.json()["cursor"]
        if cursor is None:
            return found


def newest_event(service: Small | Running, organization_id: str) -> AuditEvent:
    with open_session(service.engine, read_only=True) as session:
        return list_events(session, organization_id, limit=100_000)[-1]


def test_claims_are_listed_newest_first_a_page_at_a_time(
    running: Running, client: httpx.Client, harbor: str
) -> None:
    found = pages(client, "/v1/claims", "claims", limit=200)
    claims = [claim for page in found for claim in page]
    assert [len(page) for page in found[:-1]] == [200] * (len(found) - 1)
    assert len(found[-1]) > 0
    assert len(claims) > 700
    assert len({it["claim_id"] for it in claims}) == len(claims)
    days = [it["submitted_on"] for it in claims]
    assert days == sorted(days, reverse=True)
    event = newest_event(running, harbor)
    assert (event.action, event.record_kind) == ("records.listed", "claims")
    assert event.record_count == len(found[-1])


def test_a_page_that_is_just_full_is_the_last(small: httpx.Client) -> None:
    claims = small.get("/v1/claims?limit=200").json()["claims"]
    assert len(pages(small, "/v1/claims", "claims", limit=len(claims))) == 1
    assert len(pages(small, "/v1/claims", "claims", limit=1)) == len(claims)


def test_what_is_added_meanwhile_neither_repeats_nor_hides_a_record(
    service: Small, small: httpx.Client
) -> None:
    for path, field, name, add in (
        ("/v1/claims", "claims", "claim_id", lambda: take_claim(small, "C-1")),
        (
            *("/v1/payers", "records", "record_id"),
            lambda: take_payers(small, "payer_id,name\nQ1,New\nQ2,Newer\nQ3,Newest\n"),
        ),
    ):
        before = {it[name] for it in small.get(f"{path}?limit=200").json()[field]}
        first = small.get(f"{path}?limit=4").json()
        add()
        seen = [it[name] for it in first[field]]
        cursor = first["cursor"]
        while cursor:
            page = small.get(f"{path}?limit=4&cursor={cursor}").json()
            seen += [it[name] for it in page[field]]
            cursor = page["cursor"]
        assert len(seen) == len(set(seen))
        assert before <= set(seen)


def test_claims_by_day_and_payer(client: httpx.Client) -> None:
    some = client.get("/v1/claims?limit=200").json()["claims"]
    day, payer = some[50]["submitted_on"], some[50]["payer_id"]
    query = f"submitted_from={day}&submitted_until={day}&payer_id={payer}&limit=200"
    found = client.get(f"/v1/claims?{query}").json()["claims"]
    assert found
    assert {(it["submitted_on"], it["payer_id"]) for it in found} == {(day, payer)}
    none = client.get(f"/v1/claims?submitted_from={day}&submitted_until=2020-01-01")
    assert none.json() == {"claims": [], "cursor": None}


def test_a_claim_is_searched_by_its_number_which_is_in_no_address(
    running: Running, client: httpx.Client
) -> None:
    before = len(running.log.getvalue())
    body = {"patient_control_number": " example-0001 "}
    answer = client.post("/v1/claims/search", json=body)
    (found,) = answer.json()["claims"]
    assert found["patient_control_number"] == "EXAMPLE-0001"
    (line,) = running.log_lines(before, at_least=1)
    assert "0001" not in line.replace(answer.headers["X-Request-ID"], "")
    assert client.get("/v1/claims?patient_control_number=X").status_code == 422
    other = client.post("/v1/claims/search", json=body | {"payer_id": "NOBODY"})
    assert other.json()["claims"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"limit": 201}', "/limit"),
        (b'{"limit": 0}', "/limit"),
        (b'{"member_id": "X"}', ""),
        (b'{"patient_control_number": ""}', "/patient_control_number"),
        (b'{"submitted_from": "soon"}', "/submitted_from"),
        (b'{"limit": 1, "limit": 2}', ""),
        (b"[]", ""),
    ],
)
def test_a_search_that_cannot_be_made_names_the_place(
    client: httpx.Client, body: bytes, pointer: str
) -> None:
    answer = client.post("/v1/claims/search", content=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_search_that_is_no_json_is_unreadable(client: httpx.Client) -> None:
    assert client.post("/v1/claims/search", content=b"{").status_code == 400


def test_one_claim_with_its_answers(service: Small, small: httpx.Client) -> None:
    body = {"patient_control_number": "EXAMPLE-0001"}
    (found,) = small.post("/v1/claims/search", json=body).json()["claims"]
    path = f"/v1/claims/{found['claim_id']}"
    answer = small.get(path)
    view = answer.json()
    assert view["submitted"]["claim_id"] == found["claim_id"]
    assert view["submitted"]["claim"]["patient_control_number"] == "EXAMPLE-0001"
    assert {it["claim_id"] for it in view["answers"]} == {found["claim_id"]}
    event = newest_event(service, service.organization_id)
    assert (event.action, event.record_id) == ("record.read", found["claim_id"])
    assert event.patient_id.startswith("pat_")
    tag = answer.headers["ETag"]
    assert small.get(path, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("kind", KINDS)
def test_records_of_every_kind_are_listed_and_read(
    running: Running, client: httpx.Client, harbor: str, kind: str
) -> None:
    page = client.get(f"/v1/{kind}?limit=3").json()
    assert page["records"], kind
    event = newest_event(running, harbor)
    assert (event.action, event.record_kind, event.record_count) == (
        "records.listed",
        kind.replace("-", "_"),
        len(page["records"]),
    )
    stored = page["records"][0]
    answer = client.get(f"/v1/{kind}/{stored['record_id']}")
    assert answer.json() == stored
    event = newest_event(running, harbor)
    assert (event.action, event.record_id) == ("record.read", stored["record_id"])
    other = "payers" if kind != "payers" else "clinicians"
    assert client.get(f"/v1/{other}/{stored['record_id']}").status_code == 404


def test_documents_are_listed_without_their_text(client: httpx.Client) -> None:
    documents = client.get("/v1/documents?limit=200").json()["records"]
    assert documents
    assert not any("text" in it["record"] for it in documents)


def test_a_cursor_opens_its_own_list_only(service: Small, small: httpx.Client) -> None:
    cursor = small.get("/v1/claims?limit=2").json()["cursor"]
    assert small.get(f"/v1/claims?limit=3&cursor={cursor}").status_code == 200
    flipped = ("A" if cursor[20] != "A" else "B").join((cursor[:20], cursor[21:]))
    for address in (
        f"/v1/payers?cursor={cursor}",
        f"/v1/denials?cursor={cursor}",
        f"/v1/claims?payer_id=NGHP1&cursor={cursor}",
        f"/v1/claims?cursor={flipped}",
        f"/v1/claims?cursor={cursor[:-4]}",
        "/v1/claims?cursor=",
        "/v1/claims?cursor=%00",
        "/v1/claims?cursor=%C3%A9",
        "/v1/claims?cursor=5b5d",
    ):
        answer = small.get(address)
        assert answer.status_code == 422, address
        assert answer.json()["errors"][0]["parameter"] == "cursor"
    stranger = service.key(service.add_organization("Stranger"))
    with service.client(stranger) as other:
        assert other.get(f"/v1/claims?cursor={cursor}").status_code == 422


def test_another_practice_sees_nothing(service: Small, small: httpx.Client) -> None:
    claim = small.get("/v1/claims").json()["claims"][0]["claim_id"]
    payer = small.get("/v1/payers").json()["records"][0]["record_id"]
    stranger = service.key(service.add_organization("Stranger"))
    with service.client(stranger) as other:
        for path in (f"/v1/claims/{claim}", f"/v1/payers/{payer}"):
            assert other.get(path).status_code == 404
        assert other.get(f"/v1/claims/{claim}/feedback").status_code == 404
        told = other.post(
            f"/v1/claims/{claim}/feedback", json={"statement": "false_alarm"}
        )
        assert told.status_code == 404
        assert other.get("/v1/claims").json() == {"claims": [], "cursor": None}
        for kind in KINDS:
            assert other.get(f"/v1/{kind}").json() == {"records": [], "cursor": None}
        body = {"patient_control_number": "EXAMPLE-0001"}
        assert other.post("/v1/claims/search", json=body).json()["claims"] == []


def test_what_is_told_of_a_claim_is_added_and_listed(
    service: Small, small: httpx.Client
) -> None:
    claim = small.get("/v1/claims").json()["claims"][0]["claim_id"]
    path = f"/v1/claims/{claim}/feedback"
    for statement in FeedbackStatement:
        key = {"Idempotency-Key": f"{claim}-{statement}"}
        first = small.post(path, json={"statement": statement}, headers=key)
        again = small.post(path, json={"statement": statement}, headers=key)
        assert first.status_code == again.status_code == 201, first.text
        assert first.json() == again.json()
        assert first.json()["statement"] == statement
    assert service.actions().count("feedback.given") == len(FeedbackStatement)
    told = small.get(path).json()["feedback"]
    assert [it["statement"] for it in told] == list(FeedbackStatement)[::-1]
    assert newest_event(service, service.organization_id).action == "record.read"
    assert small.get(f"/v1/claims/{claim}").json()["feedback"] == told


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"statement": "it was Jane"}', 422),
        (b'{"statement": "false_alarm", "note": "x"}', 422),
        (b'{"statement": "false_alarm", "statement": "false_alarm"}', 422),
        (b"{}", 422),
        (b"{", 400),
    ],
)
def test_feedback_is_of_a_closed_list(
    service: Small, small: httpx.Client, body: bytes, status: int
) -> None:
    claim = small.get("/v1/claims").json()["claims"][0]["claim_id"]
    before = service.actions().count("feedback.given")
    answer = small.post(f"/v1/claims/{claim}/feedback", content=body)
    assert answer.status_code == status
    assert "Jane" not in answer.text
    assert service.actions().count("feedback.given") == before
