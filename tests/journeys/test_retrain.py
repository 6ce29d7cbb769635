"""Training and promotion from a store, on a small simulated practice."""

from datetime import date
from pathlib import Path

import pytest

from denialml.errors import GateFailed, NoModel, NotEnoughHistory
from denialml.journeys.retrain import promote, train
from denialml.modeling.retraining.registry import CHAMPION, Registry
from denialml.modeling.risk.bundle import load_bundle
from denialml.store.database import open_session
from tests.journeys.simulated_store import (  # noqa: F401 (fixture)
    AS_OF,
    NOW,
    SPECIFICATION,
    SimulatedStore,
    simulated_store,
)


def test_the_report_says_what_was_trained_on(simulated_store: SimulatedStore) -> None:  # noqa: F811
    report = simulated_store.training
    assert report.trained_as_of == AS_OF
    assert report.answered_lines > report.denied_lines > 150
    assert report.last_submission < AS_OF.isoformat()
    assert report.measures["auc"] > 0.6
    assert 0 < report.trees <= SPECIFICATION.trees.maximum
    assert report.version.startswith("denial-risk-20240401-")


def test_what_serves_is_the_champion(simulated_store: SimulatedStore) -> None:  # noqa: F811
    registry = Registry(simulated_store.directory / "tracking")
    champion = registry.find("denial-risk", version=CHAMPION)
    assert champion.run_id == simulated_store.training.run_id
    served = load_bundle(simulated_store.serving, seal=simulated_store.seal)
    assert served.version == simulated_store.training.version


def test_nothing_of_a_patient_is_in_the_tracking_store(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    """Every file of tracking and serving, for every member number and name."""
    planted = {
        word
        for claim in simulated_store.outgoing
        for word in (
            claim.subscriber.member_id,
            claim.subscriber.last_name,
            claim.medical_record_number,
            claim.patient_control_number,
        )
        if len(word) > 5
    }
    assert planted
    for root in ("tracking", "serving"):
        for path in (simulated_store.directory / root).rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                found = [word for word in planted if word.encode() in content]
                assert not found, path.name


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gates") / "tracking"


@pytest.mark.parametrize(
    ("measures", "message"),
    [
        pytest.param(
            {
                "canary_auc": 0.71,
                "canary_standard_error": 0.02,
                "log_loss": 0.1,
                "denial_rate": 0.2,
            },
            "shuffled outcomes reach AUC 0.710, allowed 0.5 within 0.080",
            id="the label leaks",
        ),
        pytest.param(
            {
                "canary_auc": 0.5,
                "canary_standard_error": 0.01,
                "log_loss": 0.51,
                "denial_rate": 0.2,
            },
            "log-loss 0.5100 is not below 0.5004",
            id="no better than a constant",
        ),
    ],
)
def test_a_gate_that_fails_leaves_what_serves(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
    tracking: Path,
    measures: dict[str, float],
    message: str,
) -> None:
    registry = Registry(tracking)
    logged = registry.log_run(
        "denial-risk",
        bundle=simulated_store.serving,
        parameters={},
        measures=measures,
        tags={},
    )
    with pytest.raises(GateFailed, match=message):
        promote(
            tracking=tracking,
            serving=tmp_path / "serving",
            seal=simulated_store.seal,
            version=logged.version,
        )
    assert not (tmp_path / "serving").exists()
    with pytest.raises(NoModel):
        registry.find("denial-risk", version=CHAMPION)


def test_too_early_a_day_is_refused(
    simulated_store: SimulatedStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    with (
        open_session(simulated_store.engine) as session,
        pytest.raises(NotEnoughHistory, match="training takes"),
    ):
        train(
            session,
            simulated_store.organization_id,
            specification=SPECIFICATION,
            tracking=tmp_path,
            seal=simulated_store.seal,
            as_of=date(2023, 3, 1),
            now=NOW,
        )
