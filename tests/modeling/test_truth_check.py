"""Too good to be true: what the alarms of a simulated practice catch."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from denialml.modeling.risk.truth_check import (
    auc_difference_error,
    check_against_truth,
)

ROWS = 6000


def world(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = 1 / (1 + np.exp(-random.normal(-1.8, 1.2, ROWS)))
    return truth, (random.random(ROWS) < truth).astype(np.int8)


def moved(risk: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-(np.log(risk / (1 - risk)) + by))))


def test_the_truth_and_an_honest_model_raise_no_alarm() -> None:
    truth, denied = world()
    honest = moved(truth, np.random.default_rng(2).normal(0, 0.4, ROWS))
    for risk in (truth, honest):
        found = check_against_truth(denied, risk, truth, base_rate=0.2)
        assert found.alarms == ()
        assert abs(found.gap) < 0.05
    assert check_against_truth(denied, truth, truth, base_rate=0.2).skill_kl == 1.0


def test_a_model_that_knows_outcomes_is_caught() -> None:
    truth, denied = world()
    leak = moved(truth, np.where(denied > 0, 1.5, -0.5))
    found = check_against_truth(denied, leak, truth, base_rate=0.2)
    assert found.gap > 0.2
    assert len(found.alarms) == 3


def test_a_leak_below_the_truths_auc_is_caught_by_the_gap() -> None:
    truth, denied = world()
    noise = np.random.default_rng(3).normal(0, 1.6, ROWS)
    leak = moved(truth, noise + np.where(denied > 0, 0.6, -0.1))
    found = check_against_truth(denied, leak, truth, base_rate=0.2)
    assert found.auc < found.auc_of_truth
    assert [alarm for alarm in found.alarms if "knows outcomes" in alarm]


def test_the_error_of_an_auc_difference_is_that_of_repeated_worlds() -> None:
    differences, errors = [], []
    for seed in range(120):
        truth, denied = (one[:800] for one in world(seed))
        risk = moved(truth, np.random.default_rng(seed + 500).normal(0, 0.8, 800))
        differences.append(roc_auc_score(denied, risk) - roc_auc_score(denied, truth))
        errors.append(auc_difference_error(denied, risk, truth))
    assert np.mean(errors) == pytest.approx(np.std(differences), rel=0.2)
