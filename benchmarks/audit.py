"""What auditing costs: scores a second through the API, and events verified a second.

    .venv/bin/python -m benchmarks.audit --json benchmarks/results/audit.json

The scoring part starts the real server on a simulated practice, as `benchmarks.api`
does, and sends it one claim a request over 1, 8 and 32 connections that each wait for
their answer (a closed loop). Every answer has had its audit event written and waited
for. The verifying part appends events to a fresh trail and checks all of them; bar:
50,000 a second. On a machine that does other work, look at the processor's seconds.
"""

import argparse
import asyncio
import json
import multiprocessing
import platform
import re
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.api import (
    AS_OF,
    Prepared,
    free_port,
    prepare,
    request_bytes,
    serve,
    wait_for,
)

CONNECTIONS = (1, 8, 32)
BAR_VERIFIED_PER_SECOND = 50_000
NOW = datetime(2026, 7, 1, 15, 0, tzinfo=UTC)
SECRET = b"of a benchmark, for no real record"


def main() -> None:
    """Run and print; `--json` also writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=4_000)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    result = {
        "what": "one claim a request, scored with reasons and audited; closed loop",
        "as_of": AS_OF.isoformat(),
        "scoring": measured_scoring(arguments.claims, seconds=arguments.seconds),
        "verifying": measured_verifying(arguments.events),
        "bar_verified_per_second": BAR_VERIFIED_PER_SECOND,
        "python": platform.python_version(),
    }
    print(json.dumps(result, indent=2))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


def measured_scoring(claims: int, *, seconds: float) -> dict[str, dict[str, float]]:
    """By number of connections: answers a second and their times in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="denialml-benchmark-") as name:
        prepared = prepare(Path(name), claims=claims, trees=120)
        port = free_port()
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(Path(name), port), daemon=True
        )
        process.start()
        try:
            wait_for(f"http://127.0.0.1:{port}", process)
            asyncio.run(load(prepared, port, connections=2, seconds=2.0))
            return {
                str(connections): asyncio.run(
                    load(prepared, port, connections=connections, seconds=seconds)
                )
                for connections in CONNECTIONS
            }
        finally:
            process.terminate()
            process.join()


async def load(
    prepared: Prepared, port: int, *, connections: int, seconds: float
) -> dict[str, float]:
    """Keep so many connections busy for so long."""
    bodies = [request_bytes(claim, key=prepared.key) for claim in prepared.claims]
    took: list[float] = []
    ends_at = time.perf_counter() + seconds

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        place = number
        while (began := time.perf_counter()) < ends_at:
            writer.write(bodies[place % len(bodies)])
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(head[:300].decode())
            length = int(re.findall(rb"(?i)content-length: (\d+)", head)[0])
            await reader.readexactly(length)
            took.append((time.perf_counter() - began) * 1000)
            place += connections
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(connections)))
    elapsed = time.perf_counter() - began
    cuts = statistics.quantiles(took, n=100)
    return {
        "answers_per_second": round(len(took) / elapsed, 1),
        "p50_milliseconds": round(cuts[49], 2),
        "p99_milliseconds": round(cuts[98], 2),
    }


def measured_verifying(events: int) -> dict[str, float]:
    """Appending in transactions of 1,000 events, then verifying the whole trail."""
    from denialml.store.audit import AuditAction, record_event
    from denialml.store.audit_key import AuditKey
    from denialml.store.audit_verifying import verify_trail
    from denialml.store.database import migrate, open_engine, open_session
    from denialml.store.organizations import create_organization

    key = AuditKey.of(SECRET)
    with tempfile.TemporaryDirectory(prefix="denialml-benchmark-") as name:
        engine = open_engine(f"sqlite:///{name}/audit.db", audit_key=key)
        migrate(engine)
        with open_session(engine) as session:
            made = create_organization(session, "Benchmark", now=NOW)
            organization_id = made.organization_id
            session.commit()
        began, began_cpu = time.perf_counter(), time.process_time()
        for start in range(0, events, 1000):
            with open_session(engine) as session:
                for number in range(start, start + 1000):
                    record_event(
                        session,
                        organization_id,
                        actor="key_0123456789abcdef",
                        action=AuditAction.DENIAL_READ,
                        record_kind="denial",
                        record_id=f"den_{number:024x}",
                        patient_id=f"pat_{number % 5000:024x}",
                        request_id=f"{number:032x}",
                        now=NOW,
                    )
                session.commit()
        appended = time.perf_counter()
        appending_cpu = time.process_time() - began_cpu
        with open_session(engine, read_only=True) as session:
            verdict = verify_trail(session, organization_id, key=key)
        verified = time.perf_counter()
        verifying_cpu = time.process_time() - began_cpu - appending_cpu
        engine.dispose()
    if verdict.fault is not None or verdict.events != events:
        raise RuntimeError("the trail does not verify")
    return {
        "events": events,
        "appended_per_second": round(events / (appended - began)),
        "appended_per_processor_second": round(events / appending_cpu),
        "verified_per_second": round(events / (verified - appended)),
        "verified_per_processor_second": round(events / verifying_cpu),
    }


if __name__ == "__main__":
    main()
