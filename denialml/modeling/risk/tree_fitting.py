"""Fits LightGBM's trees on rows of a frame."""

from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import TrainingSpecification, Trees

Floats = npt.NDArray[np.float64]


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
) -> lightgbm.Booster:
    """Boosted trees on these rows: as many as `trees`, or stopped on `stopping`.

    `weight` and `start` are of every row of the frame: what the row counts, and the
    log-odds that the trees start from and add to (None: a constant that they choose).
    """

    def part(values: Floats | None, at: npt.NDArray[np.intp]) -> Floats | None:
        return None if values is None else values[at]

    data = lightgbm.Dataset(
        frame.matrix[rows],
        label=labels[rows],
        weight=part(weight, rows),
        init_score=part(start, rows),
        free_raw_data=True,
    )
    settings = tree_settings(specification.trees, seed=specification.seed)
    if stopping is None:
        return lightgbm.train(settings, data, num_boost_round=trees or 1)
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
