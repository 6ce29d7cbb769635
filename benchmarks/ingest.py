"""Ingest speed: 50,000 simulated claims with their remittances into SQLite.

Run: ``python -m benchmarks.ingest [--claims 50000] [--json]``. Files are those of a
simulated practice (weekly 837P files, one 835 for each payer and day), written to a
temporary folder before the clock starts; each is committed on its own, as `denialml
ingest` does. Reading alone is the same files through the same readers, records
dropped. Everything here is simulated.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

from denialml.cli.practice import commit_by_the_second
from denialml.formats import open_reader
from denialml.journeys.ingest import ingest_files
from denialml.journeys.simulate import write_practice
from denialml.simulation import simulate_practice
from denialml.store.audit_key import AuditKey
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from denialml.store.records import practice_records

AUDIT_SECRET = b"of a benchmark, for no real record"
BAR_CLAIMS_PER_SECOND = 2500
BAR_READ_BACK_SECONDS = 15
NOW = datetime(2026, 1, 1, tzinfo=UTC)
RESULT = Path(__file__).parent / "results" / "ingest.json"


def read_all(paths: list[Path]) -> tuple[float, float]:
    """Wall and CPU seconds to read the files and drop the records."""
    wall, cpu = time.perf_counter(), time.process_time()
    for path in paths:
        with path.open("rb") as stream:
            for _ in open_reader(stream, file=path.name):
                pass
    return time.perf_counter() - wall, time.process_time() - cpu


def ingest_all(paths: list[Path], url: str) -> tuple[float, float, Counter[str]]:
    """Wall and CPU seconds to ingest the files, and what that added."""
    engine = open_engine(url, audit_key=AuditKey.of(AUDIT_SECRET))
    migrate(engine)
    added: Counter[str] = Counter()
    with open_session(engine) as session:
        owner = create_organization(
            session, "Simulated", now=NOW, is_simulated=True
        ).organization_id
        session.commit()
        wall, cpu = time.perf_counter(), time.process_time()
        reports = ingest_files(session, owner, paths, now=NOW, actor="benchmark")
        for report in commit_by_the_second(session, reports):
            added.update(report.records_new)
            added["lines_answered"] += report.lines_answered
            added["payments_unmatched"] += report.payments_unmatched
        spent = time.perf_counter() - wall, time.process_time() - cpu
        started = time.perf_counter()
        practice_records(session, owner)
        added["read_back_milliseconds"] = int((time.perf_counter() - started) * 1000)
    engine.dispose()
    return *spent, added


def measure(claims: int, seed: int) -> dict[str, object]:
    """One run: simulate, write, read alone, ingest."""
    practice = simulate_practice(
        seed=seed,
        claims=claims,
        starts_on=date(2024, 1, 1),
        ends_on=date(2025, 12, 31),
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_practice(practice, root)
        paths = [
            path
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.parent.name in ("837P", "835")
        ]
        megabytes = sum(path.stat().st_size for path in paths) / 1e6
        reading_wall, reading_cpu = read_all(paths)
        wall, cpu, added = ingest_all(paths, f"sqlite:///{root}/denialml.db")
        database_megabytes = (root / "denialml.db").stat().st_size / 1e6
    return {
        "data": "simulated",
        "seed": seed,
        "claims": added["Claim"],
        "claim_payments": added["ClaimPayment"],
        "lines_answered": added["lines_answered"],
        "payments_unmatched": added["payments_unmatched"],
        "files": len(paths),
        "megabytes": round(megabytes, 1),
        "database_megabytes": round(database_megabytes, 1),
        "wall_seconds": round(wall, 2),
        "cpu_seconds": round(cpu, 2),
        "claims_per_wall_second": round(added["Claim"] / wall),
        "claims_per_cpu_second": round(added["Claim"] / cpu),
        "bar_claims_per_second": BAR_CLAIMS_PER_SECOND,
        "reading_alone_wall_seconds": round(reading_wall, 2),
        "reading_alone_cpu_seconds": round(reading_cpu, 2),
        "ingest_to_reading_cpu_ratio": round(cpu / reading_cpu, 2),
        "read_back_seconds": added["read_back_milliseconds"] / 1000,
        "bar_read_back_seconds_for_100000": BAR_READ_BACK_SECONDS,
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
        "cpu_count": os.cpu_count(),
    }


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--json", action="store_true", help="write the result file")
    arguments = parser.parse_args()
    result = measure(arguments.claims, arguments.seed)
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.json:
        RESULT.write_text(text + "\n")


if __name__ == "__main__":
    main()
