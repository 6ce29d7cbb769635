"""The same results on a cluster, also when a worker is killed in the middle.

Two workers and a scheduler, each its own process, on loopback. Simulated data.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from distributed import Client, Worker
from sqlalchemy import Engine as Database

from benchmarks.local_cluster import PATIENCE_SECONDS, Cluster
from denialml.cli.practice import find_files
from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.errors import EngineError
from denialml.journeys.engines import dask_cluster
from denialml.journeys.engines.dask_engine import DaskEngine, open_dask_engine
from denialml.journeys.engines.engine import Engine, LocalEngine
from denialml.journeys.engines.parcels import parcel_of
from denialml.journeys.engines.tasks import build_block
from denialml.journeys.ingest import IngestReport, ingest_files
from denialml.journeys.simulate import write_practice
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import Thin, TrainingSpecification, Trees
from denialml.modeling.risk.training import train_bundle
from denialml.simulation import simulate_practice
from denialml.store.columns import Base
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from tests.audit_key import AUDIT_KEY
from tests.engines.test_parts import same_frame
from tests.modeling.small_practice import make_practice

# Five processes load LightGBM: on a machine with other work to do that takes minutes.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TRAINED_AS_OF = date(2023, 12, 1)
SPECIFICATION = TrainingSpecification(
    thin=Thin(lines=0), trees=Trees(maximum=30, minimum_rows_in_leaf=20)
)
NOW = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.start_worker(name="first")
        made.start_worker(name="second")
        made.wait_for(2)
        yield made
    finally:
        made.stop()


@pytest.fixture
def engine(cluster: Cluster) -> Iterator[DaskEngine]:
    with open_dask_engine(cluster.address) as opened:
        yield opened


@pytest.fixture(scope="module")
def records() -> PracticeRecords:
    return make_practice(patients=30, weeks=50)


@pytest.fixture(scope="module")
def frame(records: PracticeRecords) -> Frame:
    return LocalEngine().build_frame(records)


@pytest.fixture(scope="module")
def bundle(frame: Frame) -> Bundle:
    return train_bundle(frame, specification=SPECIFICATION, known_by=TRAINED_AS_OF)


@pytest.fixture(scope="module")
def claims(records: PracticeRecords) -> list[Claim]:
    """Half a year's claims, one day's after another's: a slice for each day."""
    return [
        one.claim
        for one in records.submitted_claims
        if one.submitted_on >= date(2023, 7, 1)
    ]


def test_features_are_equal_bit_for_bit(
    engine: DaskEngine, records: PracticeRecords, frame: Frame
) -> None:
    assert same_frame(engine.build_frame(records), frame)


def test_trees_are_the_local_ones_within_the_tolerance_stated(
    engine: DaskEngine, frame: Frame, bundle: Bundle
) -> None:
    there = train_bundle(
        frame,
        specification=SPECIFICATION,
        known_by=TRAINED_AS_OF,
        grow=engine.grow,
    )
    assert there.facts.training.trees == bundle.facts.training.trees
    assert there.facts.training.answered_lines == bundle.facts.training.answered_lines
    text = there.booster.model_to_string()
    assert "127.0.0.1" not in text
    assert "[machines" not in text
    risk, local_risk = (
        one.facts.calibration.line_probability(one.raw_output(frame.matrix))
        for one in (there, bundle)
    )
    assert float(np.abs(risk - local_risk).mean()) < 0.02
    assert float(np.corrcoef(risk, local_risk)[0, 1]) > 0.95
    measures, local_measures = (
        there.facts.training.measures,
        (bundle.facts.training.measures),
    )
    assert measures["auc"] == pytest.approx(local_measures["auc"], abs=0.03)
    assert measures["log_loss"] == pytest.approx(local_measures["log_loss"], abs=0.02)


def test_ingested_rows_are_the_same(engine: DaskEngine, tmp_path: Path) -> None:
    practice = simulate_practice(
        seed=31, claims=150, starts_on=date(2023, 1, 2), ends_on=date(2023, 6, 30)
    )
    write_practice(practice, tmp_path / "out")
    files = find_files([tmp_path / "out" / "practice"])
    broken = tmp_path / "out" / "practice" / "broken.edi"
    cut = next(path for path in files if path.suffix not in {".csv"})
    broken.write_bytes(cut.read_bytes()[:-200])
    files = [*files, broken]
    database = tmp_path / "here.db"
    here = open_engine(f"sqlite:///{database}", audit_key=AUDIT_KEY)
    migrate(here)
    with open_session(here) as session:
        organization = create_organization(session, "Simulated", now=NOW)
        session.commit()
    here.dispose()
    shutil.copy(database, tmp_path / "there.db")
    reports, rows = _ingested(database, organization.organization_id, files)
    elsewhere, other_rows = _ingested(
        tmp_path / "there.db", organization.organization_id, files, engine=engine
    )
    assert elsewhere == reports
    assert other_rows == rows
    assert sum(len(found) for found in rows.values()) > 300
    assert not all(report.complete for report in reports)


def _ingested(
    database: Path,
    organization_id: str,
    files: list[Path],
    *,
    engine: Engine | None = None,
) -> tuple[list[IngestReport], dict[str, list[tuple[object, ...]]]]:
    opened: Database = open_engine(f"sqlite:///{database}", audit_key=AUDIT_KEY)
    with open_session(opened) as session:
        reports = list(
            ingest_files(
                session, organization_id, files, now=NOW, actor="test", engine=engine
            )
        )
        session.commit()
        rows = {
            table.name: [tuple(row) for row in session.execute(table.select()).all()]
            for table in Base.metadata.sorted_tables
            # The log numbers its events at random.
            if "event" not in table.name and "audit" not in table.name
        }
    opened.dispose()
    return reports, rows


def test_a_task_that_fails_leaves_no_patient_in_logs(
    cluster: Cluster, engine: DaskEngine
) -> None:
    garbage = parcel_of(b"CANARYNAME is not compressed")
    future = engine._submit(
        build_block,
        garbage,
        from_day=date.min,
        to_day=date.max,
        known_by=date.max,
        originals_only=True,
    )
    with pytest.raises(EngineError, match="build_block failed on a worker with error"):
        engine._gather([future])
    written = cluster.written()
    assert "build_block failed on a worker" in written
    assert "CANARY" not in written


def test_a_worker_that_may_write_to_disk_is_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    spilling = cluster.start_worker(name="spilling", environment={})
    try:
        cluster.wait_for(3)
        with (
            pytest.raises(EngineError, match="may write patients' data to its disk"),
            open_dask_engine(cluster.address),
        ):
            pass
    finally:
        spilling.terminate()
        spilling.wait()
        cluster.wait_for(2)
    monkeypatch.setattr(dask_cluster, "build_identity", lambda: "denialml 0")
    with (
        pytest.raises(EngineError, match="not denialml 0: the numbers would differ"),
        open_dask_engine(cluster.address),
    ):
        pass


def transitions(dask_worker: Worker) -> int:
    """How often a task or a piece of data changed its state on a worker."""
    return int(dask_worker.state.transition_counter)


def test_a_worker_that_joins_later_gets_nothing_unless_it_is_fit(
    cluster: Cluster, records: PracticeRecords, claims: list[Claim], bundle: Bundle
) -> None:
    late = []
    try:
        with open_dask_engine(cluster.address) as engine:
            first = engine._workers()
            late.append(cluster.start_worker(name="spilling-late", environment={}))
            cluster.wait_for(3)
            engine.score_claims(records, claims[:40], bundle=bundle)
            engine.build_frame(records)
            assert engine._workers() == first
            late.append(cluster.start_worker(name="fit-late"))
            cluster.wait_for(4)
            assert len(engine._workers()) == 3
            assert set(engine._workers()) > set(first)
            with Client(cluster.address, set_as_default=False) as client:
                touched = client.run(transitions)
            unfit = set(touched) - set(engine._workers())
            assert [touched[each] for each in unfit] == [0]
            assert all(touched[each] for each in first)
    finally:
        for each in late:
            cluster.workers.remove(each)
            each.terminate()
            each.wait()
        cluster.wait_for(2)


def test_no_scheduler_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 0.5)
    with (
        pytest.raises(EngineError, match="no Dask scheduler answers"),
        open_dask_engine("tcp://127.0.0.1:9"),
    ):
        pass


class Killer(threading.Thread):
    """Kills a worker (SIGKILL) as soon as it is at work on a batch that has begun."""

    def __init__(self, cluster: Cluster, victim: subprocess.Popen[bytes]) -> None:
        super().__init__()
        self._cluster = cluster
        self._victim = victim
        self.results_held = 0
        self.in_its_hands: tuple[str, ...] = ()

    def run(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        with Client(self._cluster.address, set_as_default=False) as client:
            pids = client.run(os.getpid)
            (address,) = (at for at, pid in pids.items() if pid == self._victim.pid)
            while time.monotonic() < until:
                held = client.has_what()[address]
                at_work = client.processing().get(address, ())
                # The records and the model are held first, then a result for each day.
                if len(held) >= 6 and at_work:
                    self.results_held, self.in_its_hands = len(held), tuple(at_work)
                    os.kill(self._victim.pid, signal.SIGKILL)
                    self._victim.wait()
                    return


def test_scores_are_equal_bit_for_bit_with_a_worker_killed_in_the_middle(
    cluster: Cluster,
    records: PracticeRecords,
    claims: list[Claim],
    bundle: Bundle,
) -> None:
    local = LocalEngine().score_claims(records, claims, bundle=bundle)
    victim = cluster.workers[0]
    killer = Killer(cluster, victim)
    with open_dask_engine(cluster.address) as engine:
        killer.start()
        scores = engine.score_claims(records, claims, bundle=bundle)
        killer.join()
    assert victim.returncode == -signal.SIGKILL
    assert killer.results_held >= 6
    assert killer.in_its_hands
    cluster.wait_for(1)
    # In the order of the claims, none lost and none twice, and the very same records.
    assert [one.patient_control_number for one in scores] == [
        one.patient_control_number for one in claims
    ]
    assert scores == local
    assert msgspec.msgpack.encode(scores) == msgspec.msgpack.encode(local)
