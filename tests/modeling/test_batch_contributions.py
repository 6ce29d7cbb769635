"""Contributions of a batch are LightGBM's own, many times faster."""

import lightgbm
import numpy as np
import pytest

from denialml.modeling.risk.batch_contributions import BatchContributions, prepared


def _model(
    matrix: np.ndarray, *, leaves: int = 16, trees: int = 12, **settings: object
) -> lightgbm.Booster:
    random = np.random.default_rng(3)
    score = np.nan_to_num(matrix[:, 0]) - matrix[:, 2] * (matrix[:, 1] > 0.3)
    label = (random.random(len(matrix)) < 1 / (1 + np.exp(-2 * score))).astype(int)
    return lightgbm.train(
        {
            "objective": "binary",
            "num_leaves": leaves,
            "min_data_in_leaf": 5,
            "num_threads": 1,
            "verbosity": -1,
            **settings,
        },
        lightgbm.Dataset(matrix, label=label),
        num_boost_round=trees,
    )


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    """Six columns; the first is missing in a third of the rows."""
    random = np.random.default_rng(2)
    values = random.normal(size=(1500, 6))
    values[random.random(1500) < 0.33, 0] = np.nan
    return values


@pytest.mark.parametrize("leaves", [2, 16, 31])
def test_a_batch_has_the_contributions_of_lightgbm(
    matrix: np.ndarray, leaves: int
) -> None:
    booster = _model(matrix, leaves=leaves)
    ours = BatchContributions(booster)(matrix)
    theirs = booster.predict(matrix, pred_contrib=True)
    assert np.abs(ours - theirs).max() < 1e-9
    raw = booster.predict(matrix, raw_score=True)
    assert np.abs(ours.sum(axis=1) - raw).max() < 1e-9


def test_values_missing_only_when_scored_are_taken_for_zero_as_lightgbm_does(
    matrix: np.ndarray,
) -> None:
    booster = _model(matrix)
    asked = matrix.copy()
    asked[::2, 1:] = np.nan
    ours = BatchContributions(booster)(asked)
    assert np.abs(ours - booster.predict(asked, pred_contrib=True)).max() < 1e-9


def test_a_tree_without_a_split_gives_its_value_to_the_base(
    matrix: np.ndarray,
) -> None:
    booster = _model(matrix, trees=2, min_gain_to_split=1e9)
    ours = BatchContributions(booster)(matrix)
    assert np.abs(ours - booster.predict(matrix, pred_contrib=True)).max() < 1e-9


def test_trees_it_cannot_read_are_left_to_lightgbm(matrix: np.ndarray) -> None:
    assert prepared(_model(matrix, leaves=100, trees=1)) is None
    assert prepared(_model(matrix, trees=1, zero_as_missing=True)) is None
