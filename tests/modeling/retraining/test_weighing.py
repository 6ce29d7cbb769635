"""Weighted measures are those of repeated rows."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from denialml.modeling.retraining.weighing import (
    Weigher,
    patient_weights,
    row_log_loss,
)
from denialml.modeling.risk.evaluation import log_loss, ranking_measures


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, risks with many ties, patients."""
    random = np.random.default_rng(5)
    risk = np.round(random.uniform(0.02, 0.9, 600), 2)
    denied = (random.random(600) < risk).astype(np.int8)
    return denied, risk, np.arange(600) // 7


def test_measures_under_weights_are_those_of_repeated_rows(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    denied, risk, patients = drawn
    weigher = Weigher(denied, risk)
    for weights in patient_weights(patients, rounds=5, seed=2):
        rows = np.repeat(np.arange(600), weights.astype(int))
        expected = ranking_measures(denied[rows], risk[rows])
        found = weigher.measures(weights)
        for name in ("log_loss", "brier", "denial_rate", "auc", "average_precision"):
            assert found[name] == pytest.approx(expected[name], abs=1e-12), name
        assert found["mean_risk"] == pytest.approx(risk[rows].mean())
        assert found["auc"] == pytest.approx(
            roc_auc_score(denied, risk, sample_weight=weights)
        )
        assert found["average_precision"] == pytest.approx(
            average_precision_score(denied, risk, sample_weight=weights)
        )


def test_patients_are_drawn_whole(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    patients = drawn[2]
    (weights,) = patient_weights(patients, rounds=1, seed=1)
    for patient in np.unique(patients):
        assert len(set(weights[patients == patient].tolist())) == 1
    count = len(np.unique(patients))
    firsts = weights[np.flatnonzero(np.r_[True, np.diff(patients) != 0])]
    assert firsts.sum() == count


def test_one_outcome_alone_has_no_ranking() -> None:
    weigher = Weigher(np.array([0, 0, 1], dtype=np.int8), np.array([0.1, 0.2, 0.3]))
    assert "auc" not in weigher.measures(np.array([1.0, 2.0, 0.0]))


def test_row_losses_average_to_log_loss(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    denied, risk, _ = drawn
    assert row_log_loss(denied, risk).mean() == pytest.approx(log_loss(denied, risk))
