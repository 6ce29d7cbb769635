"""The trail over HTTP: paged, narrowed, itself audited, and ids only."""

from datetime import UTC, datetime

import httpx
import pytest

from api.permissions import Permission
from tests.api.running import Running


@pytest.fixture
def auditor(running: Running) -> httpx.Client:
    """A client of a practice of its own that may read the trail and nothing else."""
    own = running.add_organization("Trail")
    running.organizations["Trail"] = own
    return running.client(running.key(own, [Permission.AUDIT_READ]))


def page(client: httpx.Client, **parameters: str | int) -> dict[str, object]:
    answer = client.get("/v1/audit", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_reading_the_trail_is_an_event_of_it(auditor: httpx.Client) -> None:
    with auditor as client:
        assert page(client) == {"events": [], "cursor": None}
        answer = client.get("/v1/audit", headers={"X-Request-ID": "0123456789abcdef"})
        (first,) = answer.json()["events"]
        assert (first["action"], first["record_count"]) == ("audit.read", 0)
        second, _ = client.get("/v1/audit").json()["events"]
        assert second["request_id"] == "0123456789abcdef"
        assert second["sequence"] == 2


def test_pages_join_without_gap_while_events_are_added(auditor: httpx.Client) -> None:
    with auditor as client:
        for _ in range(7):
            page(client)
        numbers: list[int] = []
        cursor: str | None = None
        while True:
            asked: dict[str, str | int] = {"limit": 3}
            if cursor is not None:
                asked["cursor"] = cursor
            answer = client.get("/v1/audit", params=asked).json()
            numbers += [event["sequence"] for event in answer["events"]]
            cursor = answer["cursor"]
            if cursor is None:
                break
        assert numbers == [7, 6, 5, 4, 3, 2, 1]


def test_what_is_asked_narrows(running: Running, harbor: str) -> None:
    key_id, key = running.key_with_id(harbor)
    with running.client(key) as client:
        denials = client.get("/v1/denials?limit=2").json()["denials"]
        denial_id = denials[0]["denial"]["denial_id"]
        assert client.get(f"/v1/denials/{denial_id}").status_code == 200
        (event,) = client.get(
            "/v1/audit",
            params={"action": "denial.read", "actor": key_id, "record_id": denial_id},
        ).json()["events"]
        assert event["patient_id"].startswith("pat_")
        about = client.get(
            "/v1/audit", params={"patient_id": event["patient_id"]}
        ).json()["events"]
        assert event in about
        today = datetime.fromisoformat(event["occurred_at"]).astimezone(UTC).date()
        for since, until, expected in (
            (today, today, True),
            ("2001-01-01", "2001-01-02", False),
        ):
            answer = client.get(
                "/v1/audit",
                params={
                    "action": "denial.read",
                    "actor": key_id,
                    "since": str(since),
                    "until": str(until),
                },
            ).json()
            assert bool(answer["events"]) is expected


@pytest.mark.parametrize(
    "query",
    [
        "cursor=zz",
        "cursor=7b7d",
        "cursor=" + b'{"before":0}'.hex(),
        "limit=201",
        "action=nothing",
        "record_id=a%20name",
        "since=0001-01-01",
        "until=9999-12-31",
        "day=2026-01-01",
    ],
)
def test_what_cannot_be_asked_is_refused(
    running: Running, harbor: str, query: str
) -> None:
    with running.client(running.key(harbor)) as client:
        answer = client.get(f"/v1/audit?{query}")
    assert answer.status_code == 422, answer.text


def test_no_organization_sees_another_ones_trail(
    running: Running, harbor: str, auditor: httpx.Client
) -> None:
    with running.client(running.key(harbor)) as other:
        place = other.get("/v1/audit?limit=1").json()["cursor"]
    with auditor as client:
        assert page(client, cursor=place, limit=200)["events"] == []
