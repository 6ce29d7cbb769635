"""A small simulated practice, written as files and ingested, made once.

Simulated data: nothing here is measured on real claims.
"""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from denialml.domain.claim import Claim
from denialml.journeys.ingest import ingest_files
from denialml.journeys.retrain import TrainingReport, promote, train
from denialml.journeys.simulate import write_practice
from denialml.modeling.risk.seal import Seal
from denialml.modeling.risk.specification import TrainingSpecification, Trees
from denialml.simulation import simulate_practice
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization

NOW = datetime(2024, 4, 1, 12, tzinfo=UTC)
AS_OF = date(2024, 4, 1)
SPECIFICATION = TrainingSpecification(trees=Trees(maximum=60))


class SimulatedStore(msgspec.Struct, frozen=True):
    """A database with one simulated practice, a trained model and its bundle."""

    engine: Engine
    organization_id: str
    directory: Path
    outgoing: tuple[Claim, ...]
    training: TrainingReport
    seal: Seal

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
    engine = open_engine(f"sqlite:///{directory / 'store.db'}")
    migrate(engine)
    files = sorted(
        path
        for path in (directory / "out" / "practice").rglob("*")
        if path.is_file() and "documents" not in str(path.relative_to(directory))
    )
    with open_session(engine) as session:
        organization = create_organization(
            session, "Simulated", now=NOW, is_simulated=True
        )
        organization_id = organization.organization_id
        for _ in ingest_files(session, organization_id, files, now=NOW, actor="test"):
            session.commit()
        seal = Seal(organization_id, key=b"a key of the tests, 32 bytes long")
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
    promote(tracking=directory / "tracking", serving=directory / "serving", seal=seal)
    return SimulatedStore(
        engine, organization_id, directory, practice.outgoing, report, seal
    )
