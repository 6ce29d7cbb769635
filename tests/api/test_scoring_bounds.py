"""No request may keep the others from their scores, nor the service from stopping."""

import threading
import time
from datetime import timedelta

import httpx
import msgspec
import pytest

from api.access_log import configure_logging
from api.app import create_app
from api.examples import EXAMPLE_CLAIM
from api.problems import RequestProblem
from denialml.domain.claim import Claim
from denialml.formats import read_bytes
from denialml.journeys.histories import OTHER_DAYS, Histories
from denialml.journeys.ingest import records_to_store
from denialml.journeys.score import (
    SLICE_LINES,
    SLICE_LINES_WITH_FIXES,
    Scorer,
    score_claims,
)
from denialml.journeys.turns import Turns
from denialml.modeling.risk.bundle import load_bundle
from denialml.settings import Settings
from denialml.store.database import open_session
from denialml.store.records import practice_records
from tests.api.running import START, X12, Running
from tests.api.serving import serving
from tests.formats.interchange import professional

JSON = {"Content-Type": "application/json"}
TODAY = START.date()
ADDRESS = f"/v1/claims/score?as_of={TODAY}"


def file_of(*line_counts: int) -> bytes:
    """An 837P with a claim of so many lines for each number."""
    segments = []
    for number, lines in enumerate(line_counts):
        segments.append(f"CLM*C{number}*{lines}***11:B:1*Y*A*Y*Y\nHI*ABK:F411")
        segments += [
            f"LX*{line}\nSV1*HC:90837*1*UN*1***1\nDTP*472*D8*20261005"
            for line in range(1, lines + 1)
        ]
    return professional("\n".join(segments))


@pytest.mark.parametrize("claims", [1, 101])
def test_more_service_lines_than_allowed_are_413_in_a_file(
    client: httpx.Client, running: Running, claims: int
) -> None:
    maximum = running.settings.max_lines_per_request
    body = file_of(*[(maximum + 101) // claims] * claims)
    answer = client.post(ADDRESS, content=body, headers=X12)
    assert answer.status_code == 413
    assert "max_lines_per_request" in answer.json()["detail"]
    assert answer.elapsed.total_seconds() < 5


def test_more_service_lines_than_allowed_are_413_in_json(
    client: httpx.Client, running: Running
) -> None:
    [line] = EXAMPLE_CLAIM.lines
    lines = tuple(
        msgspec.structs.replace(line, line_number=number) for number in range(1, 51)
    )
    claim = msgspec.structs.replace(
        EXAMPLE_CLAIM, lines=lines, total_charge=50 * line.charge
    )
    count = running.settings.max_lines_per_request // 50 + 1
    body = msgspec.json.encode({"claims": [claim] * count})
    answer = client.post(ADDRESS, content=body, headers=JSON)
    assert answer.status_code == 413
    assert "max_lines_per_request" in answer.json()["detail"]


def test_a_claim_of_more_than_fifty_lines_is_named_and_the_others_are_scored(
    client: httpx.Client,
) -> None:
    answer = client.post(ADDRESS, content=file_of(1, 51, 50), headers=X12)
    assert answer.status_code == 200
    scores = answer.json()["scores"]
    assert [score["patient_control_number"] for score in scores] == ["C0", "C2"]
    found = [(one["code"], one["segment"]) for one in answer.json()["problems"]]
    assert found == [("too-many-lines", 23), ("long-claim-not-scored", 23)]


def test_a_claim_of_more_than_fifty_lines_is_stored_whole(running: Running) -> None:
    organization = running.add_organization("Long claims")
    with running.client(running.key(organization)) as client:
        answer = client.post("/v1/files", content=file_of(51), headers=X12)
    assert answer.status_code == 200
    assert [one["code"] for one in answer.json()["problems"]] == ["too-many-lines"]
    with open_session(running.engine, read_only=True) as session:
        [sent] = practice_records(session, organization).submitted_claims
    assert len(sent.claim.lines) == 51


def test_storing_counts_service_lines() -> None:
    [long, short] = read_bytes(file_of(60, 1), file="f").records
    assert (records_to_store(long), records_to_store(short)) == (60, 1)


@pytest.mark.parametrize(
    "day", ["0001-01-01", "2023-10-01", "2027-12-01", "9999-12-31"]
)
def test_a_day_far_from_today_is_refused_with_the_days_allowed(
    client: httpx.Client, day: str
) -> None:
    body = msgspec.json.encode(EXAMPLE_CLAIM)
    answer = client.post(f"/v1/claims/score?as_of={day}", content=body, headers=JSON)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["parameter"] == "as_of"
    assert error["message"] == "Expected a day from 2023-10-31 to 2027-11-03"


def test_a_claim_of_a_file_from_another_time_is_named(client: httpx.Client) -> None:
    body = file_of(1).replace(b"*20260204*", b"*20160204*")
    assert b"*20160204*" in body
    answer = client.post("/v1/claims/score", content=body, headers=X12)
    assert answer.status_code == 200
    assert answer.json()["scores"] == []
    codes = [one["code"] for one in answer.json()["problems"]]
    assert codes == ["day-not-scored"]
    assert len(client.post(ADDRESS, content=body, headers=X12).json()["scores"]) == 1


@pytest.fixture(scope="module")
def scorer(running: Running, harbor: str) -> Scorer:
    directory = running.settings.serving_bundle_of(harbor)
    bundle = load_bundle(directory, seal=running.seal(harbor))
    with open_session(running.engine, read_only=True) as session:
        return Scorer(practice_records(session, harbor), bundle)


def test_other_days_never_move_the_history_of_the_kept_day(scorer: Scorer) -> None:
    expected = scorer.score([EXAMPLE_CLAIM], as_of=TODAY, kept_day=TODAY)
    for days in (300, 10, 200, -300, 30):
        other = TODAY - timedelta(days=days)
        scorer.score([EXAMPLE_CLAIM], as_of=other, kept_day=TODAY)
        at_once = scorer.score_at_once(EXAMPLE_CLAIM, as_of=TODAY, kept_day=TODAY)
        assert [at_once] == expected


def test_days_in_any_order_score_alike(scorer: Scorer, running: Running) -> None:
    days = [TODAY - timedelta(days=each) for each in (90, 0, 150, 30, 90, 200)]
    harbor = running.organizations["Harbor Lane Counseling"]
    with open_session(running.engine, read_only=True) as session:
        for day in days:
            alone = score_claims(
                session, harbor, [EXAMPLE_CLAIM], bundle=scorer.bundle, as_of=day
            )
            assert scorer.score([EXAMPLE_CLAIM], as_of=day, kept_day=TODAY) == alone


def test_few_histories_of_other_days_are_kept() -> None:
    histories = Histories([])
    kept = histories.at(TODAY, kept_day=TODAY)
    for offset in range(50, 0, -1):
        histories.at(TODAY - timedelta(days=offset % 7), kept_day=None)
    found = {
        id(histories.found_at(TODAY - timedelta(days=offset), kept_day=None))
        for offset in range(7)
        if histories.found_at(TODAY - timedelta(days=offset), kept_day=None)
    }
    assert len(found) == OTHER_DAYS
    assert histories.at(TODAY, kept_day=TODAY) is kept


def test_whoever_asks_next_gets_the_next_turn() -> None:
    turns = Turns()
    order: list[str] = []

    def long_work() -> None:
        for part in range(3):
            with turns.turn():
                order.append(f"slice {part}")
                if part == 0:
                    waiting.start()
                    time.sleep(0.1)  # until the other one waits

    def other() -> None:
        with turns.turn():
            order.append("other")

    waiting = threading.Thread(target=other)
    working = threading.Thread(target=long_work)
    working.start()
    working.join(5)
    waiting.join(5)
    assert order == ["slice 0", "other", "slice 1", "slice 2"]
    assert turns.take_at_once()
    assert not turns.take_at_once()


def long_batch() -> list[Claim]:
    records = read_bytes(file_of(*[50] * 30), file="f").records
    return [record for record in records if isinstance(record, Claim)]


def test_a_batch_is_scored_in_slices_and_ends_when_told_to(scorer: Scorer) -> None:
    batch = long_batch()
    calls: list[int] = []
    scorer.score(batch, as_of=TODAY, between=lambda: calls.append(1))
    assert len(calls) == -(-len(batch) * 50 // SLICE_LINES_WITH_FIXES)
    calls.clear()
    scorer.score(batch, as_of=TODAY, between=lambda: calls.append(1), with_fixes=False)
    assert len(calls) == -(-len(batch) * 50 // SLICE_LINES)

    class Stopped(Exception):
        """The service stops."""

    def stop() -> None:
        calls.pop()
        if not calls:
            raise Stopped

    with pytest.raises(Stopped):
        scorer.score(batch, as_of=TODAY, between=stop)


def test_a_running_batch_does_not_keep_the_service_from_stopping(
    running: Running, harbor: str
) -> None:
    settings = Settings(
        data_directory=running.settings.data_directory,
        max_claims_per_request=10_000,
        max_lines_per_request=100_000,
    )
    app = create_app(settings, clock=running.clock)
    configure_logging("info", stream=running.log)  # as the shared service has it
    body = file_of(*[50] * 1000)
    answers: list[int | str] = []

    def score_long() -> None:
        try:
            answer = httpx.post(
                address.url + ADDRESS,
                content=body,
                headers=X12 | {"Authorization": f"Bearer {running.key(harbor)}"},
                timeout=60,
            )
            answers.append(answer.status_code)
        except httpx.HTTPError as error:
            answers.append(type(error).__name__)

    thread = threading.Thread(target=score_long)
    with serving(app, grace_seconds=1) as address:
        thread.start()
        time.sleep(1.5)
        assert thread.is_alive()
        began = time.monotonic()
    assert time.monotonic() - began < 6
    thread.join(5)
    assert answers
    assert answers != [200]
    with pytest.raises(RequestProblem, match="stopping"):
        app.state.service.require_running()
