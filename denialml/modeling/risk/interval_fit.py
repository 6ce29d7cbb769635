"""Learns how far a model's probability may lie from the true one (`Spread`)."""

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.domain.claim import patient_key
from denialml.modeling.risk.calibration import Calibration, Floats
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.probability_interval import Predict, learn_spread
from denialml.modeling.risk.slicing import Slices
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.tree_fitting import Grow, fit_trees


def with_spread(
    calibration: Calibration,
    frame: Frame,
    labels: npt.NDArray[np.int8],
    slices: Slices,
    specification: TrainingSpecification,
    *,
    trees: int,
    grow: Grow,
) -> Calibration:
    """The calibration with the spread of its probabilities, where rows suffice.

    Two models of as many trees are fitted on the halves of the patients in the first
    two slices and compared on the third.
    """

    def fit(rows: npt.NDArray[np.intp]) -> Predict:
        booster = fit_trees(
            frame,
            labels,
            rows,
            specification,
            weight=slices.weight,
            trees=trees,
            grow=grow,
        )
        return lambda matrix: np.asarray(booster.predict(matrix, raw_score=True))

    def calibrated(raw: Floats) -> Floats:
        return calibration.slope * raw + calibration.intercept

    early = np.concatenate([slices.trees, slices.stopping])
    spread = learn_spread(
        frame.matrix,
        early,
        _patients(frame),
        slices.calibration,
        fit=fit,
        calibrated=calibrated,
        seed=specification.seed,
    )
    return msgspec.structs.replace(calibration, spread=spread)


def _patients(frame: Frame) -> npt.NDArray[np.int64]:
    """A number for each row's patient."""
    numbers: dict[str, int] = {}
    return np.array(
        [
            numbers.setdefault(patient_key(one.claim), len(numbers))
            for one in frame.lines
        ],
        dtype=np.int64,
    )
