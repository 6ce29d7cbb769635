"""Jobs in the store: one worker at a time, each part once, no try too many."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from denialml.errors import UnknownRecord
from denialml.store.database import open_session
from denialml.store.job_leases import (
    MAXIMUM_TRIES,
    WORKER_LOST,
    Lease,
    LeaseLost,
    Progress,
    advance_job,
    claim_job,
    finish_job,
    give_back,
    holds_lease,
    input_part,
    is_job_ready,
    renew_lease,
    try_later,
)
from denialml.store.jobs import (
    JobKind,
    JobOrder,
    JobStatus,
    add_input,
    begin_job,
    cancel_job,
    enqueue_job,
    get_job,
    result_lines,
    result_parts,
)
from denialml.store.organizations import create_organization
from tests.store.samples import NOW

LEASE = timedelta(seconds=20)
LATER = NOW + LEASE + timedelta(seconds=1)
ORDER = JobOrder(JobKind.SCORE, "key_1", "request", "claims", "{}")


@pytest.fixture
def job_id(session: Session, organization_id: str) -> str:
    return queued(session, organization_id)


def queued(session: Session, organization_id: str) -> str:
    job_id = begin_job(session, organization_id, ORDER, now=NOW)
    add_input(session, organization_id, job_id, part=0, content=b"claims")
    enqueue_job(session, organization_id, job_id, bytes_total=6)
    return job_id


def claimed(session: Session, *, owner: str = "first", now: datetime = NOW) -> Lease:
    lease = claim_job(session, owner=owner, lease=LEASE, now=now)
    assert lease is not None
    return lease


def step(session: Session, lease: Lease, part: int) -> None:
    advance_job(
        session,
        lease,
        part=part,
        progress=Progress(bytes_done=3 * (part + 1), records_done=1, records_failed=0),
        until=NOW + LEASE,
        lines=b"{}\n",
        record_count=1,
    )


def test_a_job_is_one_workers_until_its_lease_runs_out(
    session: Session, organization_id: str, job_id: str
) -> None:
    lease = claimed(session)
    assert (lease.job.job_id, lease.organization_id) == (job_id, organization_id)
    assert input_part(session, lease, part=0) == b"claims"
    assert input_part(session, lease, part=1) == b""
    assert claim_job(session, owner="second", lease=LEASE, now=NOW) is None
    assert is_job_ready(session, now=LATER)
    renew_lease(session, lease, until=LATER + LEASE)
    assert not is_job_ready(session, now=LATER)


def test_who_lost_the_lease_writes_nothing(
    session: Session, organization_id: str, job_id: str
) -> None:
    slow = claimed(session)
    step(session, slow, 0)
    fast = claimed(session, owner="second", now=LATER)
    assert fast.job.parts_done == 1
    assert not holds_lease(session, slow)
    for write in (
        lambda: step(session, slow, 1),
        lambda: renew_lease(session, slow, until=LATER + LEASE),
        lambda: finish_job(session, slow, now=LATER),
        lambda: give_back(session, slow, now=LATER),
    ):
        with pytest.raises(LeaseLost):
            write()
    step(session, fast, 1)
    finish_job(session, fast, now=LATER)
    assert get_job(session, organization_id, job_id).status is JobStatus.DONE
    parts = result_parts(session, organization_id, job_id)
    assert [one.part for one in parts] == [0, 1]
    assert result_lines(session, organization_id, job_id, part=1) == b"{}\n"


def test_no_part_is_written_twice_or_out_of_turn(session: Session, job_id: str) -> None:
    lease = claimed(session)
    step(session, lease, 0)
    for part in (0, 2):
        with pytest.raises(LeaseLost):
            step(session, lease, part)


def test_a_cancelled_job_is_nobodys(
    session: Session, organization_id: str, job_id: str
) -> None:
    lease = claimed(session)
    cancel_job(session, organization_id, job_id, now=NOW)
    assert not holds_lease(session, lease)
    with pytest.raises(LeaseLost):
        step(session, lease, 0)
    assert not is_job_ready(session, now=LATER)


def test_a_job_whose_workers_die_is_parked_after_five(
    session: Session, organization_id: str, job_id: str
) -> None:
    now = NOW
    for attempt in range(1, MAXIMUM_TRIES + 1):
        claimed(session, now=now)
        assert get_job(session, organization_id, job_id).attempt == attempt
        now += LEASE * 2
    assert claim_job(session, owner="last", lease=LEASE, now=now) is None
    job = get_job(session, organization_id, job_id)
    assert (job.status, job.problem_code) == (JobStatus.PARKED, WORKER_LOST)


def test_a_step_forward_begins_the_count_anew(
    session: Session, organization_id: str, job_id: str
) -> None:
    now = NOW
    for part in range(MAXIMUM_TRIES * 2):
        lease = claimed(session, now=now)
        step(session, lease, part)
        now += LEASE * 2
    assert get_job(session, organization_id, job_id).attempt == 0


def test_giving_back_is_no_try(
    session: Session, organization_id: str, job_id: str
) -> None:
    for _ in range(MAXIMUM_TRIES * 2):
        give_back(session, claimed(session), now=NOW)
    job = get_job(session, organization_id, job_id)
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 0)


def test_a_failed_try_waits_and_the_fifth_parks(
    session: Session, organization_id: str, job_id: str
) -> None:
    now = NOW
    for _ in range(MAXIMUM_TRIES):
        lease = claimed(session, now=now)
        status = try_later(
            session,
            lease,
            problem_code="model-unavailable",
            problem_text="There is no model.",
            delay=timedelta(minutes=1),
            now=now,
        )
        assert not is_job_ready(session, now=now)
        now += timedelta(minutes=1)
    assert status is JobStatus.PARKED
    job = get_job(session, organization_id, job_id)
    assert (job.problem_code, job.finished_at is not None) == (
        "model-unavailable",
        True,
    )


def test_what_has_not_arrived_whole_does_not_exist(
    session: Session, organization_id: str
) -> None:
    job_id = begin_job(session, organization_id, ORDER, now=NOW)
    assert not is_job_ready(session, now=NOW)
    with pytest.raises(UnknownRecord):
        get_job(session, organization_id, job_id)


def test_a_lease_is_at_most_a_minute(session: Session) -> None:
    with pytest.raises(ValueError, match="a minute"):
        claim_job(session, owner="a", lease=timedelta(seconds=61), now=NOW)


def test_workers_at_the_same_moment_take_up_different_jobs(engine: Engine) -> None:
    with open_session(engine) as session:
        organization_id = create_organization(session, "P", now=NOW).organization_id
        jobs = {queued(session, organization_id) for _ in range(12)}
        session.commit()

    def take(owner: int) -> list[str]:
        taken = []
        while True:
            with open_session(engine) as session:
                lease = claim_job(session, owner=str(owner), lease=LEASE, now=NOW)
                session.commit()
            if lease is None:
                return taken
            taken.append(lease.job.job_id)

    with ThreadPoolExecutor(4) as pool:
        taken = [job_id for some in pool.map(take, range(4)) for job_id in some]
    assert sorted(taken) == sorted(jobs)
