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


def test_a_row_has_the_same_bits_alone_in_a_batch_and_in_another_order(
    matrix: np.ndarray,
) -> None:
    booster = _model(matrix)
    together = BatchContributions(booster)(matrix)
    fresh = BatchContributions(booster)
    alone = np.vstack([fresh(matrix[at : at + 1]) for at in range(300)])
    np.testing.assert_array_equal(alone, together[:300])
    np.testing.assert_array_equal(fresh(matrix[::-1])[::-1], together)


def test_forgetting_changes_nothing(
    matrix: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "denialml.modeling.risk.batch_contributions"
    booster = _model(matrix)
    together = BatchContributions(booster)(matrix)
    monkeypatch.setattr(f"{module}._PATTERNS_KEPT", 50)
    np.testing.assert_array_equal(BatchContributions(booster)(matrix), together)


def test_rows_of_another_width_are_refused(matrix: np.ndarray) -> None:
    with pytest.raises(ValueError, match="the model takes 6"):
        BatchContributions(_model(matrix))(matrix[:, :5])


def test_trees_it_cannot_read_are_left_to_lightgbm(matrix: np.ndarray) -> None:
    assert prepared(_model(matrix, leaves=100, trees=1)) is None
    assert prepared(_model(matrix, trees=1, zero_as_missing=True)) is None
