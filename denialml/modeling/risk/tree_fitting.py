"""Fits LightGBM's trees on rows of a frame."""

from collections.abc import Callable
from typing import Any

import lightgbm
import msgspec
import numpy as np
import numpy.typing as npt

from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import TrainingSpecification, Trees

Floats = npt.NDArray[np.float64]


class GrowingRows(msgspec.Struct, frozen=True, kw_only=True):
    """What trees are grown on. One row per claim line.

    `matrix` is (rows, features), `label` (rows,) of 0 and 1. `weight` and `start` are
    (rows,) or None: what a row counts, and the log-odds that trees start from.
    """

    matrix: Floats
    label: npt.NDArray[np.int8]
    weight: Floats | None = None
    start: Floats | None = None

    def dataset(self) -> lightgbm.Dataset:
        """The same in LightGBM's own form."""
        return lightgbm.Dataset(
            self.matrix,
            label=self.label,
            weight=self.weight,
            init_score=self.start,
            free_raw_data=True,
        )


_TOLD_ONLY = [at for at, one in enumerate(FEATURES) if one.told_only]
Grow = Callable[[dict[str, Any], GrowingRows, int], lightgbm.Booster]
"""Grows so many trees on these rows with these settings (LightGBM's words)."""


def grow_here(
    settings: dict[str, Any], rows: GrowingRows, trees: int
) -> lightgbm.Booster:
    """Grow the trees in this process."""
    return lightgbm.train(settings, rows.dataset(), num_boost_round=trees)


def fit_trees(
    frame: Frame,
    labels: npt.NDArray[np.int8],
    rows: npt.NDArray[np.intp],
    specification: TrainingSpecification,
    *,
    weight: Floats | None = None,
    start: Floats | None = None,
    stopping: npt.NDArray[np.intp] | None = None,
    trees: int | None = None,
    grow: Grow = grow_here,
) -> lightgbm.Booster:
    """Boosted trees on these rows: as many as `trees`, or stopped on `stopping`.

    `grow` is where a fixed number of trees is grown; stopping is always done here.
    `weight` and `start` are of every row of the frame: what the row counts, and the
    log-odds that the trees start from and add to (None: a constant that they choose).
    """

    def part(values: Floats | None, at: npt.NDArray[np.intp]) -> Floats | None:
        return None if values is None else values[at]

    matrix = frame.matrix[rows]
    # A column without any value is never split on, nor drawn in its stead.
    matrix[:, [at for at in _TOLD_ONLY if at < matrix.shape[1]]] = np.nan
    chosen = GrowingRows(
        matrix=matrix,
        label=labels[rows],
        weight=part(weight, rows),
        start=part(start, rows),
    )
    settings = tree_settings(specification.trees, seed=specification.seed)
    if stopping is None:
        return grow(settings, chosen, trees or 1)
    data = chosen.dataset()
    watched = data.create_valid(
        frame.matrix[stopping],
        label=labels[stopping],
        weight=part(weight, stopping),
        init_score=part(start, stopping),
    )
    return lightgbm.train(
        settings,
        data,
        num_boost_round=specification.trees.maximum,
        valid_sets=[watched],
        callbacks=[
            lightgbm.early_stopping(
                specification.trees.early_stopping_rounds, verbose=False
            )
        ],
    )


def tree_settings(trees: Trees, *, seed: int) -> dict[str, Any]:
    """The settings in LightGBM's words."""
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "num_leaves": trees.leaves,
        "learning_rate": trees.learning_rate,
        "min_data_in_leaf": trees.minimum_rows_in_leaf,
        "min_sum_hessian_in_leaf": trees.least_hessian_in_leaf,
        "feature_fraction": trees.feature_share,
        "bagging_fraction": trees.row_share,
        "bagging_freq": 1,
        "lambda_l2": trees.l2,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": trees.threads,
        "verbosity": -1,
    }


def no_trees(width: int) -> lightgbm.Booster:
    """A booster that adds nothing to what it starts from, for `width` features."""
    data = lightgbm.Dataset(
        np.zeros((2, width)),
        label=np.array([0, 1]),
        init_score=np.zeros(2),
        free_raw_data=True,
    )
    settings = {"objective": "binary", "verbosity": -1, "min_data_in_leaf": 10}
    return lightgbm.train(settings, data, num_boost_round=1)


def detached(booster: lightgbm.Booster) -> lightgbm.Booster:
    """The booster as serving reads it back, without its training data."""
    return lightgbm.Booster(model_str=booster.model_to_string())
