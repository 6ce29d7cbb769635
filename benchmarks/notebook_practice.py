"""The simulated practice that the notebooks share: made once, then opened.

Everything the notebooks show is simulated. The practice lies in `notebook-data` of the
folder they run in; remove that folder to start anew.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from denialml.journeys.ingest import ingest_files
from denialml.journeys.simulate import write_practice
from denialml.modeling.risk.seal import SigningSeal
from denialml.modeling.risk.specification import (
    Evaluation,
    Gates,
    TrainingSpecification,
    Trees,
)
from denialml.simulation import simulate_practice
from denialml.store.audit_key import AuditKey
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization, list_organizations

AUDIT_SECRET = b"of a benchmark, for no real record"
SEED = 104
CLAIMS = 2600
STARTS_ON, ENDS_ON = date(2023, 1, 2), date(2024, 6, 30)
AS_OF = date(2024, 7, 1)
NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)

# So few claims let chance decide between two models: the gates here let more pass than
# models/denial_risk.toml does.
SPECIFICATION = TrainingSpecification(
    trees=Trees(maximum=80),
    evaluation=Evaluation(rounds=30, explained_rows=200),
    gates=Gates(
        log_loss_tolerance=0.02, table_log_loss_tolerance=0.02, mean_risk_tolerance=0.15
    ),
)


class Practice(msgspec.Struct, frozen=True):
    """A simulated practice in a store of its own."""

    engine: Engine
    organization_id: str
    directory: Path

    @property
    def tracking(self) -> Path:
        """The MLflow folder."""
        return self.directory / "mlflow"

    @property
    def serving(self) -> Path:
        """The folder of the promoted bundle."""
        return self.directory / "model" / self.organization_id

    @property
    def outgoing(self) -> Path:
        """Claims about to be sent, an 837P file."""
        return self.directory / "files" / "outgoing" / "claims.edi"

    @property
    def seal(self) -> SigningSeal:
        """What its bundles are signed with; a real key is kept by `denialml` itself."""
        return SigningSeal(
            self.organization_id, private_key=b"only for simulated notebooks, 32"
        )

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session on the store."""
        with open_session(self.engine) as session:
            yield session


def open_practice(directory: Path = Path("notebook-data")) -> Practice:
    """The shared practice, simulated and ingested on first use (half a minute)."""
    complete = directory / "complete"
    engine = open_engine(
        f"sqlite:///{directory.absolute() / 'store.db'}",
        audit_key=AuditKey.of(AUDIT_SECRET),
    )
    if complete.exists():
        with open_session(engine) as session:
            (organization,) = list_organizations(session)
        return Practice(engine, organization.organization_id, directory)
    directory.mkdir(exist_ok=True)
    simulated = simulate_practice(
        seed=SEED, claims=CLAIMS, starts_on=STARTS_ON, ends_on=ENDS_ON
    )
    write_practice(simulated, directory / "files")
    migrate(engine)
    practice_files = directory / "files" / "practice"
    files = sorted(
        path
        for path in practice_files.rglob("*")
        if path.is_file()
        and "documents" not in path.relative_to(practice_files).parts
        and path.name != "documents.csv"
    )
    with open_session(engine) as session:
        organization = create_organization(
            session, "A simulated practice", now=NOW, is_simulated=True
        )
        for _ in ingest_files(
            session, organization.organization_id, files, now=NOW, actor="notebook"
        ):
            session.commit()
    complete.touch()
    return Practice(engine, organization.organization_id, directory)
