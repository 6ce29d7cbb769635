"""A small simulated practice, written as files and ingested, made once.

What its patients and payers are called is replaced by planted words (`canaries`), which
no artifact of training may hold.

Simulated data: nothing here is measured on real claims.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from denialml.domain.claim import Claim
from denialml.journeys.ingest import ingest_files
from denialml.journeys.promotion import PromotionReport, promote
from denialml.journeys.retrain import TrainingReport, train
from denialml.journeys.simulate import write_practice
from denialml.modeling.risk.seal import SigningSeal
from denialml.modeling.risk.specification import (
    Evaluation,
    Gates,
    TrainingSpecification,
    Trees,
)
from denialml.simulation import simulate_practice
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from tests.audit_key import AUDIT_KEY
from tests.journeys.canaries import Planter

NOW = datetime(2024, 4, 1, 12, tzinfo=UTC)
AS_OF = date(2024, 4, 1)
# So small a practice, with a January inside the judged window, says little of quality:
# what is tested on it is the way of a promotion. benchmarks/ measures quality.
SPECIFICATION = TrainingSpecification(
    trees=Trees(maximum=60),
    evaluation=Evaluation(rounds=50, explained_rows=200),
    gates=Gates(
        log_loss_tolerance=0.05, table_log_loss_tolerance=0.05, mean_risk_tolerance=0.2
    ),
)


class SimulatedStore(msgspec.Struct, frozen=True):
    """A database with one simulated practice, a trained model and its bundle."""

    engine: Engine
    organization_id: str
    directory: Path
    outgoing: tuple[Claim, ...]
    training: TrainingReport
    promotion: PromotionReport
    seal: SigningSeal

    @property
    def serving(self) -> Path:
        return self.directory / "serving"


@pytest.fixture(scope="session")
def simulated_store(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStore:
    """The one store of the test run, whichever module asks first."""
    return _make_store(tmp_path_factory.getbasetemp() / "simulated-store")


@cache
def _make_store(directory: Path) -> SimulatedStore:
    practice = simulate_practice(
        seed=31, claims=2600, starts_on=date(2023, 1, 2), ends_on=date(2024, 3, 31)
    )
    write_practice(practice, directory / "out")
    (directory / "store").mkdir()
    engine = open_engine(
        f"sqlite:///{directory / 'store' / 'store.db'}", audit_key=AUDIT_KEY
    )
    migrate(engine)
    files = sorted(
        path
        for path in (directory / "out" / "practice").rglob("*")
        if path.is_file() and "documents" not in str(path.relative_to(directory))
    )
    planter = Planter(practice)
    planter.plant_files(files)
    outgoing = msgspec.json.decode(
        planter.plant(msgspec.json.encode(practice.outgoing).decode()),
        type=tuple[Claim, ...],
    )
    with open_session(engine) as session:
        organization = create_organization(
            session, "Simulated", now=NOW, is_simulated=True
        )
        organization_id = organization.organization_id
        for _ in ingest_files(session, organization_id, files, now=NOW, actor="test"):
            session.commit()
        seal = SigningSeal(organization_id, private_key=b"k" * 32)
        session.commit()
    with open_session(engine) as session, _every_log_line(directory / "logs"):
        report = train(
            session,
            organization_id,
            specification=SPECIFICATION,
            tracking=directory / "tracking",
            seal=seal,
            as_of=AS_OF,
            now=NOW,
        )
        session.commit()
        promotion = promote(
            session,
            organization_id,
            tracking=directory / "tracking",
            serving=directory / "serving",
            seal=seal,
            as_of=AS_OF,
        )
    return SimulatedStore(
        engine, organization_id, directory, outgoing, report, promotion, seal
    )


@contextmanager
def _every_log_line(directory: Path) -> Iterator[None]:
    """Keep what anything logs, at any level, in a file."""
    directory.mkdir()
    handler = logging.FileHandler(directory / "training.log")
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
