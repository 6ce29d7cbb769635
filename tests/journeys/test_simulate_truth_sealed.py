"""Nothing that learns or scores opens the truth of a simulated practice.

A fresh process simulates a practice, ingests, trains, scores and backtests it with
the truth beside it, and an audit hook of the interpreter notes every file opened.
"""

import ast
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import denialml
from denialml.errors import UnreadableFile
from denialml.journeys.ingest import ingest_file
from denialml.journeys.simulate import write_practice
from denialml.simulation import simulate_practice
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from tests.audit_key import AUDIT_KEY
from tests.store.samples import NOW

_LIFE = """
import json, sys
from datetime import UTC, date, datetime
from pathlib import Path

opened = []
watching = False


def hook(event, arguments):
    if watching and event == "open" and arguments and isinstance(arguments[0], str):
        opened.append(arguments[0])


sys.addaudithook(hook)

from denialml.journeys.backtest import backtest
from denialml.journeys.ingest import ingest_files
from denialml.journeys.promotion import promote
from denialml.journeys.retrain import train
from denialml.journeys.score import score_claims
from denialml.journeys.simulate import write_practice
from denialml.modeling.risk.bundle import load_bundle
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
from denialml.store.organizations import create_organization

folder = Path(sys.argv[1])
now = datetime(2024, 4, 1, 12, tzinfo=UTC)
specification = TrainingSpecification(
    trees=Trees(maximum=20),
    evaluation=Evaluation(rounds=20, explained_rows=100),
    # So small a practice says little of quality: what opens files is what counts.
    gates=Gates(
        log_loss_tolerance=0.5, table_log_loss_tolerance=0.5, mean_risk_tolerance=0.9
    ),
)
practice = simulate_practice(
    seed=31, claims=2600, starts_on=date(2023, 1, 2), ends_on=date(2024, 3, 31)
)
write_practice(practice, folder)
watching = True
engine = open_engine(
    f"sqlite:///{folder / 'store.db'}", audit_key=AuditKey.of(b"k" * 32)
)
migrate(engine)
files = sorted(
    path
    for path in (folder / "practice").rglob("*")
    if path.is_file() and path.parent.name != "documents"
)
with open_session(engine) as session:
    me = create_organization(session, "Simulated", now=now, is_simulated=True)
    me = me.organization_id
    seal = SigningSeal(me, private_key=b"k" * 32)
    for _ in ingest_files(session, me, files, now=now, actor="test"):
        session.commit()
    train(
        session,
        me,
        specification=specification,
        tracking=folder / "tracking",
        seal=seal,
        as_of=date(2024, 4, 1),
        now=now,
    )
    session.commit()
    promote(
        session,
        me,
        tracking=folder / "tracking",
        serving=folder / "serving",
        seal=seal,
        as_of=date(2024, 4, 1),
    )
    bundle = load_bundle(folder / "serving", seal=seal)
    scores = score_claims(session, me, practice.outgoing, bundle=bundle)
    rows = list(
        backtest(
            session,
            me,
            from_day=date(2024, 1, 15),
            to_day=date(2024, 2, 15),
            specification=specification,
        )
    )
seen = list(opened)
(folder / "truth" / "truth.csv").read_bytes()
print(
    json.dumps(
        {
            "scored": len(scores),
            "tested": len(rows),
            "practice": sum("/practice/" in path for path in seen),
            "truth": [path for path in seen if "/truth" in path],
            "control": [path for path in opened[len(seen) :] if "/truth" in path],
        }
    )
)
"""


@pytest.mark.slow
def test_nothing_that_learns_or_scores_opens_the_truth(tmp_path: Path) -> None:
    root = Path(denialml.__file__).parents[1]
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LIFE, str(tmp_path)],
        capture_output=True,
        check=False,
        text=True,
        cwd=root,
        timeout=600,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    found = json.loads(finished.stdout.splitlines()[-1])
    assert found["scored"] > 10
    assert found["tested"] > 100
    assert found["practice"] > 100
    assert found["truth"] == []
    assert len(found["control"]) == 1  # the hook does see such a file


def test_files_of_the_truth_are_refused(tmp_path: Path) -> None:
    """Handed to `ingest` by mistake, each is refused and leaves nothing behind."""
    practice = simulate_practice(
        seed=4, claims=300, starts_on=date(2025, 1, 1), ends_on=date(2025, 5, 31)
    )
    write_practice(practice, tmp_path)
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    truths = sorted((tmp_path / "truth").iterdir())
    assert [path.name for path in truths] == ["appeals.csv", "traps.csv", "truth.csv"]
    with open_session(engine) as session:
        owner = create_organization(session, "Simulated", now=NOW, is_simulated=True)
        for path in truths:
            assert len(path.read_text().splitlines()) > 1
            with path.open("rb") as stream, pytest.raises(UnreadableFile):
                ingest_file(
                    session,
                    owner.organization_id,
                    stream,
                    file=path.name,
                    now=NOW,
                    actor="test",
                )


WRITERS = {"journeys/simulate.py", "journeys/simulate_truth.py", "cli/practice.py"}
"""The only modules outside the simulator that may know of it."""


def test_only_the_writing_journey_imports_the_simulator() -> None:
    package = Path(denialml.__file__).parent
    importers = set()
    for path in package.rglob("*.py"):
        name = path.relative_to(package).as_posix()
        if name.startswith("simulation/"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            if any(one.startswith("denialml.simulation") for one in modules):
                importers.add(name)
    assert importers <= WRITERS
    assert "journeys/simulate.py" in importers
