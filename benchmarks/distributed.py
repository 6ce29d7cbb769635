"""The Dask engine beside the local one: how equal, and at what cost.

    python -m benchmarks.distributed --claims 4000 --seed 101

Two workers of one thread each on this machine, in processes of their own. Cost is CPU
time: of this process alone for the local engine; of this process, the scheduler and
both workers for Dask. `longest` is this process and its busiest worker one after the
other: what a wall clock could show at best, with a core for each process. Simulated
data. Writes results/distributed.json.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from distributed import Client

from benchmarks.local_cluster import Cluster
from benchmarks.simulated_records import records_of
from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.journeys.engines.dask_engine import DaskEngine, open_dask_engine
from denialml.journeys.engines.engine import Engine, LocalEngine
from denialml.journeys.ingest import IngestReport, ingest_files
from denialml.journeys.simulate import write_practice
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.evaluation import ranking_measures
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import Thin, TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.simulation import SimulatedPractice, simulate_practice
from denialml.store.audit_key import AuditKey
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization

AUDIT_SECRET = b"of a benchmark, for no real record"
STARTS_ON, SPLIT, ENDS_ON = date(2023, 1, 1), date(2024, 7, 1), date(2024, 12, 31)
RESULTS = Path(__file__).parent / "results" / "distributed.json"
Given = TypeVar("Given")


class Stopwatch:
    """CPU seconds of this process, the scheduler and the workers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _read(self) -> tuple[float, float, dict[str, float]]:
        return (
            time.process_time(),
            self._client.run_on_scheduler(time.process_time),
            self._client.run(time.process_time),
        )

    def compare(
        self, work: Callable[[Engine], Given], there: Engine
    ) -> tuple[Given, Given, dict[str, float]]:
        """The work's result here and there, and what each took."""
        started = time.process_time()
        local = work(LocalEngine())
        local_seconds = time.process_time() - started
        before = self._read()
        distant = work(there)
        after = self._read()
        here, scheduler = after[0] - before[0], after[1] - before[1]
        workers = [after[2][each] - before[2][each] for each in after[2]]
        longest = here + max(workers)
        return (
            local,
            distant,
            {
                "local_cpu_seconds": round(local_seconds, 2),
                "dask_cpu_seconds": round(here + scheduler + sum(workers), 2),
                "longest_cpu_seconds": round(longest, 2),
                "cpu_ratio": round(
                    (here + scheduler + sum(workers)) / local_seconds, 2
                ),
                "longest_ratio": round(longest / local_seconds, 2),
            },
        )


@contextmanager
def running(directory: Path) -> Iterator[tuple[DaskEngine, Stopwatch]]:
    """Two workers, warmed up, and the watch on them."""
    cluster = Cluster(directory)
    try:
        cluster.start_worker(name="first")
        cluster.start_worker(name="second")
        cluster.wait_for(2)
        with (
            open_dask_engine(cluster.address) as engine,
            Client(cluster.address, set_as_default=False) as client,
        ):
            yield engine, Stopwatch(client)
    finally:
        cluster.stop()


def ingested(
    practice: SimulatedPractice, directory: Path, watch: Stopwatch, there: Engine
) -> dict[str, Any]:
    """The practice's files into two fresh stores."""
    write_practice(practice, directory / "files")
    files = [
        path
        for path in (directory / "files" / "practice").rglob("*")
        if path.is_file() and "documents" not in path.parts
    ]

    def take(engine: Engine) -> list[IngestReport]:
        opened = open_engine(
            f"sqlite:///{directory / type(engine).__name__}.db",
            audit_key=AuditKey.of(AUDIT_SECRET),
        )
        migrate(opened)
        now = datetime(2025, 1, 1, tzinfo=UTC)
        with open_session(opened) as session:
            made = create_organization(session, "Simulated", now=now)
            reports = list(
                ingest_files(
                    session,
                    made.organization_id,
                    files,
                    now=now,
                    actor="benchmark",
                    engine=engine,
                )
            )
            session.commit()
        opened.dispose()
        # Ids are made with a key of the organization: those of two stores differ.
        return [msgspec.structs.replace(one, file_id="") for one in reports]

    local, distant, cost = watch.compare(take, there)
    return {"files": len(files), "equal": local == distant, **cost}


def built(
    records: PracticeRecords, watch: Stopwatch, there: Engine
) -> tuple[Frame, dict[str, Any]]:
    """The training table."""
    local, distant, cost = watch.compare(
        lambda engine: engine.build_frame(records), there
    )
    equal = local.lines == distant.lines and all(
        getattr(local, name).tobytes() == getattr(distant, name).tobytes()
        for name in Frame.__struct_fields__
        if name != "lines"
    )
    return local, {"rows": len(local.lines), "equal": equal, **cost}


def trained(
    frame: Frame, watch: Stopwatch, there: Engine
) -> tuple[Bundle, dict[str, Any]]:
    """Models of one specification, judged on the claims sent after the split."""
    specification = TrainingSpecification(thin=Thin(lines=0))

    def train(
        engine: Engine, specification: TrainingSpecification = specification
    ) -> Bundle:
        return train_bundle(
            frame, specification=specification, known_by=SPLIT, grow=engine.grow
        )

    local, distant, cost = watch.compare(train, there)
    other_seed = msgspec.structs.replace(specification, seed=specification.seed + 1)
    reseeded = train(LocalEngine(), other_seed)
    rows = np.flatnonzero(
        (frame.submitted_on >= SPLIT.toordinal()) & (frame.denied >= 0)
    )
    risks = {
        name: bundle.facts.calibration.line_probability(
            bundle.raw_output(frame.matrix[rows])
        )
        for name, bundle in (
            ("local", local),
            ("dask", distant),
            ("local_other_seed", reseeded),
        )
    }
    measures = {
        name: {
            each: round(ranking_measures(frame.denied[rows], risk)[each], 4)
            for each in ("auc", "log_loss")
        }
        for name, risk in risks.items()
    }
    apart = {
        name: {
            "mean": round(float(np.abs(risks[name] - risks["local"]).mean()), 4),
            "largest": round(float(np.abs(risks[name] - risks["local"]).max()), 4),
        }
        for name in ("dask", "local_other_seed")
    }
    return local, {
        "trees": local.facts.training.trees,
        "test_rows": len(rows),
        "measures": measures,
        "risk_apart_from_local": apart,
        "repeated_equal": train(there).version == distant.version,
        **cost,
    }


def scored(
    records: PracticeRecords,
    claims: list[Claim],
    bundle: Bundle,
    watch: Stopwatch,
    there: Engine,
) -> dict[str, Any]:
    """Explained risks of a batch."""
    local, distant, cost = watch.compare(
        lambda engine: engine.score_claims(records, claims, bundle=bundle), there
    )
    return {"claims": len(claims), "equal": local == distant, **cost}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=4000)
    parser.add_argument("--ingested", type=int, default=600)
    parser.add_argument("--seed", type=int, default=101)
    chosen = parser.parse_args()
    practice = simulate_practice(
        seed=chosen.seed, claims=chosen.claims, starts_on=STARTS_ON, ends_on=ENDS_ON
    )
    smaller = simulate_practice(
        seed=chosen.seed, claims=chosen.ingested, starts_on=STARTS_ON, ends_on=ENDS_ON
    )
    records = records_of(practice)
    batch = [one.claim for one in records.submitted_claims if one.submitted_on >= SPLIT]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "logs").mkdir()
        with running(directory / "logs") as (engine, watch):
            frame, features = built(records, watch, engine)
            bundle, training = trained(frame, watch, engine)
            found = {
                "simulated": True,
                "seed": chosen.seed,
                "claims": chosen.claims,
                "workers": 2,
                "ingest": ingested(smaller, directory, watch, engine),
                "features": features,
                "training": training,
                "scoring": scored(records, batch, bundle, watch, engine),
            }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
