"""Claims scored as a job: how fast, in how much memory, and what others notice of it.

    .venv/bin/python -m benchmarks.jobs --json benchmarks/results/jobs.json

A simulated practice is ingested, a model trained on it, and `denialml serve` started
with its worker. One claim after the other is scored over HTTP at a fixed rate (open
loop: a late answer delays no request) while nothing else happens; then 10,000 claims
and 100,000 claims are handed in as lines of JSON, and the requests go on meanwhile. The
memory of service and worker is read from /proc every second. Bars: 10,000 claims within
30 seconds; memory flat over the second half of the long job; the requests' 99th
percentile under twice its idle value.
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from api.permissions import Permission
from benchmarks.api import AS_OF, NOW, Prepared, free_port, prepare
from denialml.domain.claim import Claim
from denialml.settings import Settings, api_key_pepper, audit_key
from denialml.store.api_keys import issue_key
from denialml.store.database import open_engine, open_session
from denialml.store.organizations import list_organizations

RATE = 20.0
BAR_SECONDS = 30
BAR_RATIO = 2.0
KILOBYTES_PER_MEGABYTE = 1024


@dataclass
class Watched:
    """What was seen while something ran: answer times, and memory by process."""

    milliseconds: list[float] = field(default_factory=list)
    megabytes: list[dict[str, float]] = field(default_factory=list)


def key_for_jobs(settings: Settings) -> str:
    """A key that may score and hand in jobs."""
    engine = open_engine(settings.resolved_database_url, audit_key=audit_key(settings))
    with open_session(engine) as session:
        (practice,) = list_organizations(session)
        _, key = issue_key(
            session,
            practice.organization_id,
            label="jobs",
            scopes=[Permission.CLAIMS_SCORE, Permission.JOBS_RUN],
            pepper=api_key_pepper(settings),
            now=NOW,
        )
        session.commit()
    engine.dispose()
    return key


@contextmanager
def served(settings: Settings, port: int) -> Iterator[int]:
    """`denialml serve` as a user runs it; yields its process id."""
    environment = os.environ | {
        "DENIALML_DATA_DIRECTORY": str(settings.data_directory),
        "DENIALML_PORT": str(port),
        "DENIALML_LOG_LEVEL": "error",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", "from denialml.cli import main; main()", "serve"],
        env=environment,
    )
    try:
        for _ in range(600):
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def memory_of(pid: int) -> dict[str, float]:
    """Resident megabytes of the service and of its worker."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = {"service": _resident(pid)}
    workers = [_resident(int(child)) for child in children]
    return found | {"worker": max(workers, default=0.0)}


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    sizes = [int(line.split()[1]) for line in lines if line.startswith("VmRSS")]
    return sum(sizes) / KILOBYTES_PER_MEGABYTE


@contextmanager
def watching(
    url: str, key: str, claims: Sequence[Claim], pid: int
) -> Iterator[Watched]:
    """Score one claim after the other at `RATE` a second as long as the block lasts."""
    watched, over = Watched(), threading.Event()
    bodies = itertools.cycle([msgspec.json.encode(claim) for claim in claims])
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def send() -> None:
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            began = time.perf_counter()
            for count, body in enumerate(bodies):
                due = began + count / RATE
                wait = due - time.perf_counter()
                if over.wait(max(wait, 0)):
                    return
                answer = client.post(f"/v1/claims/score?as_of={AS_OF}", content=body)
                assert answer.status_code == 200, answer.text
                watched.milliseconds.append((time.perf_counter() - due) * 1000)

    def weigh() -> None:
        while not over.wait(1):
            watched.megabytes.append(memory_of(pid))

    threads = [threading.Thread(target=each) for each in (send, weigh)]
    for thread in threads:
        thread.start()
    try:
        yield watched
    finally:
        over.set()
        for thread in threads:
            thread.join()


def run_job(url: str, key: str, claims: Sequence[Claim], count: int) -> dict[str, Any]:
    """Hand so many claims in, wait until they are scored, and say how long it took."""
    lines = [msgspec.json.encode(claim) + b"\n" for claim in claims]
    body = b"".join(itertools.islice(itertools.cycle(lines), count))
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=120) as client:
        began = time.perf_counter()
        answer = client.post(
            f"/v1/jobs?as_of={AS_OF}",
            content=body,
            headers={"Content-Type": "application/x-ndjson"},
        )
        assert answer.status_code == 202, answer.text
        received = time.perf_counter() - began
        address = answer.headers["location"]
        while True:
            job = client.get(address).json()
            if job["status"] not in {"queued", "running"}:
                break
            time.sleep(0.2)
        took = time.perf_counter() - began
        assert job["status"] == "done", job
        assert (job["records_done"], job["records_failed"]) == (count, 0)
        scored = 0
        with client.stream("GET", f"{address}/results") as results:
            for chunk in results.iter_bytes():
                scored += chunk.count(b"\n")
        assert scored == count, scored
    return {
        "claims": count,
        "megabytes": round(len(body) / 1e6, 1),
        "acknowledged_after_seconds": round(received, 2),
        "done_after_seconds": round(took, 1),
        "claims_per_second": round(count / took),
    }


def answers(watched: Watched) -> dict[str, float]:
    """Percentiles of the answer times."""
    cuts = statistics.quantiles(watched.milliseconds, n=100)
    return {
        "requests": len(watched.milliseconds),
        "p50_milliseconds": round(cuts[49], 1),
        "p99_milliseconds": round(cuts[98], 1),
    }


def memory(watched: Watched) -> dict[str, dict[str, float]]:
    """Largest memory of each process, and by how much it grew over the second half."""
    found = {}
    for name in ("service", "worker"):
        sizes = [each[name] for each in watched.megabytes]
        half = len(sizes) // 2
        grown = max(sizes[half:]) - max(sizes[: half or 1])
        found[name] = {
            "largest_megabytes": round(max(sizes), 1),
            "grown_in_second_half_megabytes": round(grown, 1),
        }
    return found


def measure(prepared: Prepared, *, sizes: Sequence[int], idle: float) -> dict[str, Any]:
    """Idle first, then each job."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    key = key_for_jobs(prepared.settings)
    with served(prepared.settings, port) as pid:
        run_job(url, key, prepared.claims, 100)  # builds both scorers
        with watching(url, key, prepared.claims, pid):
            time.sleep(5)
        with watching(url, key, prepared.claims, pid) as watched:
            time.sleep(idle)
        quiet = answers(watched)
        jobs = []
        for size in sizes:
            with watching(url, key, prepared.claims, pid) as watched:
                job = run_job(url, key, prepared.claims, size)
            during = answers(watched)
            ratio = during["p99_milliseconds"] / quiet["p99_milliseconds"]
            jobs.append(
                {
                    **job,
                    "requests_meanwhile": during,
                    "p99_to_idle": round(ratio, 2),
                    "memory": memory(watched),
                }
            )
            print(json.dumps(jobs[-1]), file=sys.stderr)
    return {"idle": quiet, "jobs": jobs}


def main() -> None:
    """Run and print; `--json` also writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--idle", type=float, default=60.0, help="seconds")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="denialml-benchmark-") as name:
        prepared = prepare(Path(name), claims=arguments.claims)
        measures = measure(prepared, sizes=arguments.sizes, idle=arguments.idle)
    first, *_ = measures["jobs"]
    result = {
        "what": "claims scored as a job, without fixes, beside requests at"
        f" {RATE:g} a second; simulated data",
        "practice_claims": arguments.claims,
        "cores": os.cpu_count(),
        "load_average_at_end": round(os.getloadavg()[0], 1),
        **measures,
        "bar_seconds": BAR_SECONDS,
        "bar_p99_to_idle": BAR_RATIO,
        "met_seconds": first["done_after_seconds"] <= BAR_SECONDS,
        "met_p99": all(each["p99_to_idle"] < BAR_RATIO for each in measures["jobs"]),
        "python": platform.python_version(),
    }
    print(json.dumps(result, indent=2))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
