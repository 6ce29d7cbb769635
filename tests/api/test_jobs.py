"""Jobs over HTTP: handed in, done by a worker, followed, cancelled, retried, read."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import msgspec
import pytest

from api import job_scoring, job_work
from api.examples import EXAMPLE_CLAIM, example_835, example_837p
from api.job_process import make_worker
from api.job_worker import Worker
from api.permissions import Permission
from denialml.domain.claim import Claim
from denialml.formats import read_bytes
from denialml.store.audit import AuditAction, AuditFilter, newest_events
from denialml.store.database import open_session
from denialml.store.job_leases import MAXIMUM_TRIES
from tests.api.running import START, X12, Running

LINES = {"Content-Type": "application/x-ndjson"}
CLAIM = msgspec.json.encode(EXAMPLE_CLAIM)


@pytest.fixture
def worker(running: Running) -> Iterator[Worker]:
    """A worker on the service's database that works when it is told to."""
    made = make_worker(running.settings, clock=running.clock)
    running.clock.now = START
    while made.work_once(Event()):
        pass  # what other tests left
    yield made
    running.clock.now = START
    made._shop.engine.dispose()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_scoring, "PART_CLAIMS", 2)
    assert job_work.PART_CLAIMS > 2


def hand_in(client: httpx.Client, content: bytes, **options: Any) -> dict[str, Any]:
    answer = client.post("/v1/jobs", content=content, headers=LINES, params=options)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    return dict(client.get(f"/v1/jobs/{job_id}").json())


def results(client: httpx.Client, job_id: str, from_part: int = 0) -> list[Any]:
    answer = client.get(f"/v1/jobs/{job_id}/results", params={"from_part": from_part})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_job_is_acknowledged_then_done(client: httpx.Client, worker: Worker) -> None:
    answer = client.post("/v1/jobs", content=CLAIM + b"\n" + CLAIM, headers=LINES)
    assert answer.status_code == 202
    asked = answer.json()
    assert asked["status"] == "queued"
    assert answer.headers["location"] == f"/v1/jobs/{asked['job_id']}"
    assert answer.headers["retry-after"] == "1"
    assert asked["bytes_total"] == 2 * len(CLAIM) + 1
    assert worker.work_once(Event())
    done = job(client, asked["job_id"])
    assert (done["status"], done["problem_code"]) == ("done", "")
    assert (done["records_done"], done["records_failed"]) == (2, 0)
    assert done["bytes_done"] == done["bytes_total"]
    assert [one["position"] for one in results(client, asked["job_id"])] == [1, 2]


def test_a_job_scores_as_a_request_does(
    client: httpx.Client, worker: Worker, running: Running
) -> None:
    at_once = client.post(
        "/v1/claims/score", content=running.outgoing, headers=X12
    ).json()
    answer = client.post(
        "/v1/jobs", params={"fixes": True}, content=running.outgoing, headers=X12
    )
    worker.work_once(Event())
    found = results(client, answer.json()["job_id"])
    assert [one["score"] for one in found if one["score"]] == at_once["scores"]


def test_a_bad_line_costs_no_other(client: httpx.Client, worker: Worker) -> None:
    wrong = json.loads(CLAIM)
    wrong["lines"][0]["charge"] = "dear"
    lines = [
        CLAIM,
        b"{not json",
        b"",
        json.dumps(wrong).encode(),
        b"\xff\xfe",
        CLAIM[:-1] + b',"patient_control_number":"TWICE"}',
        b'{"claims": []}',
        b"[" * 100_000,
        b'"' + b"x" * job_scoring.LONGEST_LINE + b'"',
        CLAIM,
    ]
    asked = hand_in(client, b"\n".join(lines))
    worker.work_once(Event())
    done = job(client, asked["job_id"])
    assert (done["status"], done["records_done"], done["records_failed"]) == (
        "done",
        9,
        7,
    )
    found = {one["position"]: one for one in results(client, asked["job_id"])}
    assert {at for at, one in found.items() if one["score"]} == {1, 10}
    assert found[4]["errors"][0]["pointer"] == "/lines/0/charge"
    assert "dear" not in json.dumps(found[4])
    assert set(found) == {1, 2, 4, 5, 6, 7, 8, 9, 10}


def test_results_can_be_read_while_the_job_runs_and_later_parts_after(
    client: httpx.Client, worker: Worker, small_parts: None
) -> None:
    asked = hand_in(client, b"\n".join([CLAIM] * 5))
    waiting = client.get(f"/v1/jobs/{asked['job_id']}/results")
    assert waiting.text == ""
    assert waiting.headers["link"].endswith('from_part=0>; rel="next"')
    worker.work_once(Event())
    assert len(results(client, asked["job_id"])) == 5
    assert [one["position"] for one in results(client, asked["job_id"], 2)] == [5]
    ended = client.get(f"/v1/jobs/{asked['job_id']}/results")
    assert "link" not in ended.headers


def test_a_stopped_worker_gives_the_job_back_and_the_next_goes_on_behind_its_parts(
    client: httpx.Client, worker: Worker, small_parts: None, running: Running
) -> None:
    asked = hand_in(client, b"\n".join([CLAIM] * 6))
    stopping = _AfterParts(worker, parts=1)
    worker.work_once(stopping)
    halfway = job(client, asked["job_id"])
    assert (halfway["status"], halfway["parts_done"]) == ("queued", 1)
    assert halfway["attempt"] == 0
    other = make_worker(running.settings, clock=running.clock)
    other.work_once(Event())
    assert job(client, asked["job_id"])["status"] == "done"
    found = [one["position"] for one in results(client, asked["job_id"])]
    assert found == [1, 2, 3, 4, 5, 6]


class _AfterParts(Event):
    """Set once so many parts are on file."""

    def __init__(self, worker: Worker, *, parts: int) -> None:
        super().__init__()
        self._worker, self._parts = worker, parts

    def is_set(self) -> bool:
        with open_session(self._worker._shop.engine, read_only=True) as session:
            return self._parts <= sum(
                1
                for _ in session.connection().exec_driver_sql(
                    "SELECT part FROM job_results JOIN jobs USING (job_id)"
                    " WHERE status = 'running'"
                )
            )


def test_cancelling_takes_the_lease_away_at_once(
    client: httpx.Client, worker: Worker, small_parts: None
) -> None:
    asked = hand_in(client, b"\n".join([CLAIM] * 6))
    address = f"/v1/jobs/{asked['job_id']}"

    class Cancelling(_AfterParts):
        def is_set(self) -> bool:
            if super().is_set():
                assert client.post(f"{address}/cancel").status_code == 200
            return False

    worker.work_once(Cancelling(worker, parts=1))
    ended = job(client, asked["job_id"])
    assert (ended["status"], ended["parts_done"]) == ("cancelled", 1)
    assert len(results(client, asked["job_id"])) == 2
    assert client.post(f"{address}/cancel").status_code == 200
    assert not worker.work_once(Event())
    again = client.post(f"{address}/retry")
    assert (again.status_code, again.json()["type"]) == (
        409,
        "/docs/problems/job-state",
    )


def test_a_job_that_cannot_be_done_is_parked_with_the_reason_and_tried_again(
    running: Running, worker: Worker
) -> None:
    organization = running.add_organization("Jobs Without Model")
    with running.client(running.key(organization)) as client:
        asked = hand_in(client, CLAIM)
        for attempt in range(1, MAXIMUM_TRIES + 1):
            assert worker.work_once(Event())
            assert not worker.work_once(Event()) or attempt == MAXIMUM_TRIES
            running.clock.now += timedelta(hours=1)
        parked = job(client, asked["job_id"])
        assert (parked["status"], parked["problem_code"]) == (
            "parked",
            "model-unavailable",
        )
        assert parked["problem_text"]
        assert not worker.work_once(Event())
        running.give_model(organization)
        address = f"/v1/jobs/{asked['job_id']}/retry"
        assert client.post(address).json()["status"] == "queued"
        assert worker.work_once(Event())
        assert job(client, asked["job_id"])["status"] == "done"
        assert client.post(address).status_code == 409


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PK\x03\x04 not a claim file", "unreadable-file"),
        (example_835().encode(), "unreadable-file"),
        (example_837p().encode()[:-60], "incomplete-file"),
    ],
    ids=["other format", "no claims", "truncated"],
)
def test_a_file_that_cannot_be_used_fails_at_once(
    client: httpx.Client, worker: Worker, content: bytes, problem: str
) -> None:
    answer = client.post("/v1/jobs", content=content, headers=X12)
    worker.work_once(Event())
    ended = job(client, answer.json()["job_id"])
    assert (ended["status"], ended["problem_code"]) == ("failed", problem)


def test_a_file_is_taken_in_as_a_request_would(
    running: Running, worker: Worker
) -> None:
    organization = running.add_organization("Jobs Taking In")
    with running.client(running.key(organization)) as client:
        for content in (example_837p(), example_835()):
            asked = client.post(
                "/v1/jobs",
                params={"kind": "ingest"},
                content=content,
                headers=X12
                | {"Content-Disposition": 'attachment; filename="sent.edi"'},
            ).json()
            worker.work_once(Event())
            ended = job(client, asked["job_id"])
            assert (ended["status"], ended["problem_text"]) == ("done", "")
            (report,) = results(client, asked["job_id"])
            assert report["file"] == "sent.edi"
            assert report["complete"]
        assert report["denials"]["new"] == 1
        assert len(client.get("/v1/denials").json()["denials"]) == 1


def test_a_large_file_is_taken_in_step_by_step_and_once(
    running: Running, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("denialml.journeys.ingest_steps.STEP", 3)
    organization = running.add_organization("Jobs In Steps")
    claims = sum(
        isinstance(one, Claim) for one in read_bytes(running.outgoing, file="f").records
    )
    with running.client(running.key(organization)) as client:
        for expected_new in (claims, 0):
            asked = client.post(
                "/v1/jobs",
                params={"kind": "ingest"},
                content=running.outgoing,
                headers=X12,
            ).json()
            worker.work_once(Event())
            ended = job(client, asked["job_id"])
            assert ended["status"] == "done", ended
            assert ended["parts_done"] > 2
            (report,) = results(client, asked["job_id"])
            assert report["records_new"].get("Claim", 0) == expected_new


def test_what_was_asked_scored_and_read_is_audited(
    client: httpx.Client, worker: Worker, running: Running, harbor: str
) -> None:
    asked = hand_in(client, b"\n".join([CLAIM] * 3))
    worker.work_once(Event())
    results(client, asked["job_id"])
    with open_session(running.engine, read_only=True) as session:
        events = newest_events(session, harbor, AuditFilter(record_id=asked["job_id"]))
    told = [(one.action, one.record_count) for one in reversed(events)]
    assert told == [
        (AuditAction.JOB_CREATED, None),
        (AuditAction.CLAIMS_SCORED, 3),
        (AuditAction.RESULTS_READ, 3),
    ]
    assert {one.actor for one in events} == {asked["asked_by"]}
    assert events[-1].request_id == events[-2].request_id != ""


def test_results_are_removed_in_time_and_the_input_at_once(
    client: httpx.Client, worker: Worker, running: Running
) -> None:
    asked = hand_in(client, CLAIM)
    worker.work_once(Event())
    worker.sweep()
    assert rows(worker, "job_inputs", asked["job_id"]) == 0
    assert rows(worker, "job_results", asked["job_id"]) == 1
    running.clock.now += timedelta(days=running.settings.job_results_days, hours=1)
    for _ in range(3):
        worker._sweep_at = None
        worker.sweep()
    assert rows(worker, "job_results", asked["job_id"]) == 0
    assert job(client, asked["job_id"])["has_content"] is False
    assert client.get(f"/v1/jobs/{asked['job_id']}/results").status_code == 404


def rows(worker: Worker, table: str, job_id: str) -> int:
    with open_session(worker._shop.engine, read_only=True) as session:
        found = session.connection().exec_driver_sql(
            f"SELECT count(*) FROM {table} WHERE job_id = ?", (job_id,)
        )
        return int(found.scalar_one())


def test_a_foreign_job_does_not_exist(
    client: httpx.Client, running: Running, worker: Worker
) -> None:
    other = running.add_organization("Jobs Of Another")
    asked = hand_in(client, CLAIM)
    with running.client(running.key(other)) as stranger:
        for method, path in (
            ("GET", ""),
            ("GET", "/results"),
            ("POST", "/cancel"),
            ("POST", "/retry"),
        ):
            answer = stranger.request(method, f"/v1/jobs/{asked['job_id']}{path}")
            missing = stranger.request(method, f"/v1/jobs/none_such{path}")
            assert answer.status_code == missing.status_code == 404
            assert answer.json()["detail"] == missing.json()["detail"]
        assert stranger.get("/v1/jobs").json() == {"jobs": [], "cursor": None}
    assert job(client, asked["job_id"])["status"] == "queued"


def test_a_key_needs_the_permission_of_the_work_too(
    client: httpx.Client, running: Running, harbor: str, worker: Worker
) -> None:
    asked = hand_in(client, CLAIM)
    rights = [Permission.JOBS_RUN, Permission.FILES_WRITE]
    with running.client(running.key(harbor, rights)) as clerk:
        refused = clerk.post("/v1/jobs", content=CLAIM, headers=LINES)
        assert refused.status_code == 403
        for path in ("", "/results"):
            found = clerk.get(f"/v1/jobs/{asked['job_id']}{path}")
            assert found.status_code == 403
        assert clerk.post(f"/v1/jobs/{asked['job_id']}/cancel").status_code == 403
        kinds = {one["kind"] for one in clerk.get("/v1/jobs").json()["jobs"]}
        assert "score" not in kinds


def test_the_list_goes_on_where_a_page_ends(running: Running, worker: Worker) -> None:
    organization = running.add_organization("Jobs Listed")
    with running.client(running.key(organization)) as client:
        asked = []
        for _ in range(5):
            running.clock.now += timedelta(seconds=1)
            asked.append(hand_in(client, CLAIM)["job_id"])
        listed: list[str] = []
        cursor = None
        while True:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/jobs", params=query).json()
            listed += [one["job_id"] for one in page["jobs"]]
            cursor = page["cursor"]
            if cursor is None:
                break
        assert listed == asked[::-1]
        assert client.get("/v1/jobs?cursor=00ff").status_code == 422
        assert client.get("/v1/jobs?status=done").json()["jobs"] == []


def test_a_job_that_has_not_changed_is_304(
    client: httpx.Client, worker: Worker
) -> None:
    asked = hand_in(client, CLAIM)
    address = f"/v1/jobs/{asked['job_id']}"
    tag = client.get(address).headers["etag"]
    same = client.get(address, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    worker.work_once(Event())
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_a_request_sent_again_with_its_key_is_one_job(
    client: httpx.Client, worker: Worker
) -> None:
    headers = LINES | {"Idempotency-Key": "the-one-job-of-this-test"}
    before = len(client.get("/v1/jobs?limit=200").json()["jobs"])
    first = client.post("/v1/jobs", content=CLAIM, headers=headers)
    again = client.post("/v1/jobs", content=CLAIM, headers=headers)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = client.post("/v1/jobs", content=CLAIM + CLAIM, headers=headers)
    assert other.status_code == 422
    listed = client.get("/v1/jobs?limit=200").json()["jobs"]
    assert len(listed) == before + 1


@pytest.mark.parametrize(
    ("query", "media_type", "status"),
    [
        ("kind=score", "text/csv", 415),
        ("kind=ingest", "application/x-ndjson", 415),
        ("kind=train", "application/x-ndjson", 422),
        ("as_of=1999-01-01", "application/x-ndjson", 422),
        ("tries=3", "application/x-ndjson", 422),
    ],
)
def test_what_no_job_can_be_is_refused(
    client: httpx.Client, query: str, media_type: str, status: int
) -> None:
    answer = client.post(
        f"/v1/jobs?{query}", content=CLAIM, headers={"Content-Type": media_type}
    )
    assert answer.status_code == status


def test_an_empty_body_is_refused_and_nobody_works_on_it(
    client: httpx.Client, worker: Worker
) -> None:
    answer = client.post("/v1/jobs", content=b"", headers=LINES)
    assert answer.status_code == 422
    assert not worker.work_once(Event())


def test_the_text_of_a_record_is_in_no_log(
    client: httpx.Client, worker: Worker, running: Running, tmp_path: Path
) -> None:
    before = len(running.log.getvalue())
    hand_in(client, CLAIM.replace(b"EXM0000001", b"CANARY0001"))
    worker.work_once(Event())
    written = running.log.getvalue()[before:]
    assert '"event": "job"' in written
    assert "CANARY" not in written
