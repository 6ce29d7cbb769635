"""Measures of a risk, on numbers worked by hand."""

import math

import numpy as np
import pytest

from denialml.modeling.risk.evaluation import (
    bootstrap_interval,
    divergence,
    expected_calibration_error,
    log_loss,
    log_loss_of_rate,
    ranking_measures,
    skill,
)

DENIED = np.array([1, 0, 0, 1], dtype=np.int8)
RISK = np.array([0.8, 0.2, 0.4, 0.6])


def test_measures_by_hand() -> None:
    measures = ranking_measures(DENIED, RISK)
    expected = -(math.log(0.8) + math.log(0.8) + math.log(0.6) + math.log(0.6)) / 4
    assert measures["log_loss"] == pytest.approx(expected)
    assert measures["brier"] == pytest.approx((0.04 + 0.04 + 0.16 + 0.16) / 4)
    assert measures["auc"] == 1.0
    assert measures["average_precision"] == 1.0
    assert measures["denial_rate"] == 0.5


def test_one_outcome_only_has_no_ranking() -> None:
    measures = ranking_measures(np.zeros(4, dtype=np.int8), RISK)
    assert "auc" not in measures


def test_skill_is_one_for_the_truth_and_zero_for_the_base_rate() -> None:
    truth = np.array([0.05, 0.2, 0.7, 0.9])
    assert skill(truth, truth, base_rate=0.3) == pytest.approx(1.0)
    assert skill(truth, np.full(4, 0.3), base_rate=0.3) == pytest.approx(0.0)
    assert skill(truth, 1 - truth, base_rate=0.3) < 0


def test_divergence_by_hand() -> None:
    found = divergence(np.array([0.5]), np.array([0.25]))[0]
    assert found == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(0.5 / 0.75))


def test_certainty_that_fails_is_finite() -> None:
    assert math.isfinite(log_loss(DENIED, np.array([0.0, 1.0, 1.0, 0.0])))
    assert math.isfinite(log_loss_of_rate(0.0))


def test_the_log_loss_of_the_rate_is_that_of_always_saying_it() -> None:
    constant = np.full(4, 0.5)
    assert log_loss_of_rate(0.5) == pytest.approx(log_loss(DENIED, constant))


def test_calibration_error_of_a_shift() -> None:
    denied = np.array([0, 1] * 500, dtype=np.int8)
    assert expected_calibration_error(denied, np.full(1000, 0.6)) == pytest.approx(0.1)


def test_bootstrap_draws_whole_groups() -> None:
    values = np.repeat([0.0, 1.0], 500)
    groups = np.repeat([0, 1], 500).astype(np.int64)
    low, high = bootstrap_interval(
        lambda rows: float(values[rows].mean()), groups, rounds=200, seed=1
    )
    assert (low, high) == (0.0, 1.0), "two groups only: all of one, or all of the other"
    singly = bootstrap_interval(
        lambda rows: float(values[rows].mean()),
        np.arange(1000, dtype=np.int64),
        rounds=200,
        seed=1,
    )
    assert 0.45 < singly[0] < singly[1] < 0.55
