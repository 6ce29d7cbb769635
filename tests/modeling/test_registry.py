"""MLflow as the lab notebook: a run, a version, an alias, a bundle out again."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from denialml.errors import NoModel
from denialml.modeling.retraining.registry import CHALLENGER, CHAMPION, Registry
from denialml.modeling.risk.bundle import Bundle, load_bundle, write_bundle
from denialml.modeling.risk.seal import SigningSeal

SEAL = SigningSeal("org_1", private_key=b"k" * 32)


def test_a_run_becomes_a_challenger_and_then_the_champion(
    small_bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_bundle(small_bundle, tmp_path / "bundle", seal=SEAL)
    registry = Registry(tmp_path / "tracking")
    with caplog.at_level(logging.WARNING):
        logged = registry.log_run(
            "denial-risk",
            bundle=tmp_path / "bundle",
            parameters={"seed": 7},
            measures={"log_loss": 0.25},
            tags={"trained_as_of": "2024-02-01"},
        )
        second = registry.log_run(
            "denial-risk",
            bundle=tmp_path / "bundle",
            parameters={},
            measures={"log_loss": 0.24},
            tags={},
        )
    assert not [record for record in caplog.records if "mlflow" in record.name]
    assert (logged.version, second.version) == ("1", "2")
    assert registry.find("denial-risk", version=CHALLENGER).version == "2"
    first = registry.find("denial-risk", version="1")
    assert first.measures["log_loss"] == 0.25
    assert first.tags["trained_as_of"] == "2024-02-01"
    registry.make_champion(first)
    assert registry.find("denial-risk", version=CHAMPION).version == "1"
    exported = registry.export(first, tmp_path / "out")
    assert (
        load_bundle(exported, seal=SEAL, status="trained").version
        == small_bundle.version
    )
    with pytest.raises(NoModel, match="version 9"):
        registry.find("denial-risk", version="9")
    with pytest.raises(NoModel, match="run train first"):
        registry.find("unheard-of", version=CHAMPION)


def test_scoring_imports_no_mlflow() -> None:
    code = (
        "import sys, denialml.journeys.score;"
        "found = {'mlflow', 'catboost'} & set(sys.modules);"
        "print(*found); sys.exit(len(found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
