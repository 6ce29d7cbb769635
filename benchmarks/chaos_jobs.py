"""Workers killed in the middle of jobs, again and again: nothing lost, nothing doubled.

    .venv/bin/python -m benchmarks.chaos_jobs --kills 300 \
        --json benchmarks/results/chaos_jobs.json

Jobs that score lines of JSON and jobs that take an 837P file in are kept waiting while
worker processes are started and killed with SIGKILL after 20 to 400 milliseconds. Then
one worker does what is left. Every job that was acknowledged must be done; each claim
scored once, and audited once; the file on file once; the audit trail whole. With
`--database-url postgresql://...` on that database, which must be empty. The same runs
with fewer kills in tests/chaos.
"""

import argparse
import json
import multiprocessing
import random
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine, select, text

from api import job_scoring
from api.examples import EXAMPLE_CLAIM, example_837p
from api.job_options import LINES_MEDIA_TYPE, JobOptions
from api.job_process import work_until_stopped
from denialml.journeys import ingest_steps
from denialml.settings import Settings, audit_key
from denialml.store.audit import AuditAction, AuditFilter, all_events
from denialml.store.database import open_engine, open_session
from denialml.store.jobs import (
    JOBS,
    OPEN,
    Job,
    JobKind,
    JobOrder,
    JobStatus,
    add_input,
    begin_job,
    count_jobs,
    enqueue_job,
    get_job,
    list_jobs,
    result_lines,
    result_parts,
    retry_job,
)

CLAIMS_PER_JOB = 40
PART_CLAIMS = 4
BACKLOG = 4
SHORTEST_SECONDS, LONGEST_SECONDS = 0.02, 0.4
DRAIN_SECONDS = 120


@dataclass
class Outcome:
    """What came of it; `faults` says what should not be."""

    kills: int = 0
    jobs: int = 0
    retried: int = 0
    claims_scored: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def work_in_small_parts(settings: Settings) -> None:
    """The main function of a worker that is about to be killed."""
    job_scoring.PART_CLAIMS = PART_CLAIMS
    ingest_steps.STEP = PART_CLAIMS  # type: ignore[misc]
    work_until_stopped(settings)


class Chaos:
    """One practice, its jobs, and the workers that die over them."""

    def __init__(
        self, settings: Settings, organization_id: str, file: bytes, *, seed: int
    ) -> None:
        self._settings = settings
        self._organization_id = organization_id
        self._file = file
        self._chance = random.Random(seed)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["benchmarks.chaos_jobs"])
        self._engine: Engine = open_engine(
            settings.resolved_database_url, audit_key=audit_key(settings)
        )
        self._acknowledged: list[str] = []
        self.outcome = Outcome()

    def run(self, *, kills: int) -> Outcome:
        """Kill so many workers, let one finish, and look at what is on file."""
        began = time.monotonic()
        while self.outcome.kills < kills:
            self._keep_waiting()
            self._kill_one()
        self._drain()
        self._judge()
        self.outcome.seconds = round(time.monotonic() - began, 1)
        self.outcome.jobs = len(self._acknowledged)
        self._engine.dispose()
        return self.outcome

    def _keep_waiting(self) -> None:
        with open_session(self._engine, read_only=True) as session:
            counts = count_jobs(session, self._organization_id)
        for _ in range(BACKLOG - sum(counts.get(each, 0) for each in OPEN)):
            ingests = self._chance.random() < 0.3
            kind = JobKind.INGEST if ingests else JobKind.SCORE
            self._acknowledged.append(self._hand_in(kind))

    def _hand_in(self, kind: JobKind) -> str:
        now = datetime.now(UTC)
        if kind is JobKind.SCORE:
            content = (msgspec.json.encode(EXAMPLE_CLAIM) + b"\n") * CLAIMS_PER_JOB
            media_type = LINES_MEDIA_TYPE
        else:
            content, media_type = self._file, "application/edi-x12"
        options = JobOptions(media_type=media_type, today=now.date())
        order = JobOrder(
            kind, "key_chaos", "", "claims", msgspec.json.encode(options).decode()
        )
        with open_session(self._engine) as session:
            job_id = begin_job(session, self._organization_id, order, now=now)
            add_input(session, self._organization_id, job_id, part=0, content=content)
            enqueue_job(
                session, self._organization_id, job_id, bytes_total=len(content)
            )
            session.commit()
        return job_id

    def _start(self) -> Any:
        worker = self._context.Process(
            target=work_in_small_parts, args=(self._settings,), daemon=True
        )
        worker.start()
        return worker

    def _kill_one(self) -> None:
        worker = self._start()
        # Not counted is what dies before it has taken anything up.
        deadline = time.monotonic() + 10
        while not self._is_at_work(worker.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(self._chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS))
        worker.kill()
        worker.join()
        if worker.exitcode == -signal.SIGKILL:
            self.outcome.kills += 1
        else:
            self.outcome.faults.append(f"a worker ended with {worker.exitcode}")

    def _is_at_work(self, pid: int) -> bool:
        with open_session(self._engine, read_only=True) as session:
            owners = select(JOBS.c.lease_owner).where(
                JOBS.c.lease_owner.contains(f".{pid}.")
            )
            return session.execute(owners).first() is not None

    def _drain(self) -> None:
        worker = self._start()
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            jobs = self._jobs()
            if all(job.status is JobStatus.DONE for job in jobs):
                break
            for job in jobs:
                if job.status is JobStatus.PARKED:
                    self._retry(job)
            time.sleep(0.2)
        worker.terminate()
        worker.join(30)
        if worker.exitcode != 0:
            self.outcome.faults.append(f"the last worker ended with {worker.exitcode}")

    def _retry(self, job: Job) -> None:
        if job.problem_code != "worker-lost":
            self.outcome.faults.append(f"parked: {job.problem_code}")
        with open_session(self._engine) as session:
            retry_job(session, self._organization_id, job.job_id, now=datetime.now(UTC))
            session.commit()
        self.outcome.retried += 1

    def _jobs(self) -> list[Job]:
        with open_session(self._engine, read_only=True) as session:
            return [
                get_job(session, self._organization_id, job_id)
                for job_id in self._acknowledged
            ]

    def _judge(self) -> None:
        faults = self.outcome.faults
        with open_session(self._engine, read_only=True) as session:
            events = all_events(
                session,
                self._organization_id,
                AuditFilter(action=AuditAction.CLAIMS_SCORED.value),
            )
            audited: Counter[str] = Counter()
            for event in events:
                audited[event.record_id] += event.record_count or 0
            for job in self._jobs():
                if job.status is not JobStatus.DONE:
                    faults.append(f"{job.job_id} is {job.status}: {job.problem_text}")
                    continue
                parts = result_parts(session, self._organization_id, job.job_id)
                lines = b"".join(
                    result_lines(
                        session, self._organization_id, job.job_id, part=part.part
                    )
                    for part in parts
                ).splitlines()
                if job.kind is JobKind.INGEST:
                    if len(lines) != 1:
                        faults.append(f"{job.job_id}: {len(lines)} reports")
                    continue
                positions = [json.loads(line)["position"] for line in lines]
                if positions != list(range(1, CLAIMS_PER_JOB + 1)):
                    faults.append(f"{job.job_id}: results {positions}")
                if audited[job.job_id] != CLAIMS_PER_JOB:
                    faults.append(f"{job.job_id}: audited {audited[job.job_id]}")
                self.outcome.claims_scored += len(positions)
            if self._engine.dialect.name == "sqlite":
                found = session.execute(text("PRAGMA integrity_check")).scalar()
                if found != "ok":
                    faults.append(f"integrity_check: {found}")
            page = list_jobs(session, self._organization_id, limit=1)
            if not page.jobs:
                faults.append("no job is listed")


def main() -> None:
    """Run and print; `--json` also writes."""
    from benchmarks.api import prepare
    from denialml.store.organizations import list_organizations

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", default="")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="denialml-chaos-") as name:
        prepared = prepare(Path(name), claims=1500)
        settings = prepared.settings.model_copy(update={"job_lease_seconds": 2})
        engine = open_engine(
            settings.resolved_database_url, audit_key=audit_key(settings)
        )
        with open_session(engine, read_only=True) as session:
            (practice,) = list_organizations(session)
        organization_id = practice.organization_id
        engine.dispose()
        outcome = Chaos(
            settings, organization_id, example_837p().encode(), seed=arguments.seed
        ).run(kills=arguments.kills)
    result = {"seed": arguments.seed, **outcome.__dict__}
    print(json.dumps(result, indent=2))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
