"""Fits the calibration; apart, so that serving needs no scikit-learn."""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from denialml.modeling.risk.calibration import Calibration, Floats


def fit_calibration(
    raw: Floats, denied: npt.NDArray[np.int8], claim: npt.NDArray[np.int32]
) -> Calibration:
    """Fit on rows that the trees have not seen; `denied` holds 0 and 1 only."""
    model = LogisticRegression(C=1e6, max_iter=200)
    model.fit(raw.reshape(-1, 1), denied)
    slope, intercept = float(model.coef_[0][0]), float(model.intercept_[0])
    lines = 1.0 / (1.0 + np.exp(-(slope * raw + intercept)))
    return Calibration(
        slope=slope,
        intercept=intercept,
        independence=_fit_independence(lines, denied, claim),
    )


def _fit_independence(
    lines: Floats, denied: npt.NDArray[np.int8], claim: npt.NDArray[np.int32]
) -> float:
    """Maximum likelihood over claims with several lines; 0.5 with fewer than fifty."""
    starts = np.flatnonzero(np.r_[True, claim[1:] != claim[:-1]])
    counts = np.diff(np.r_[starts, len(claim)])
    several = counts > 1
    if several.sum() < 50:
        return 0.5
    largest = np.maximum.reduceat(lines, starts)[several]
    union = (1.0 - np.exp(np.add.reduceat(np.log1p(-lines), starts)))[several]
    any_denied = np.maximum.reduceat(denied, starts)[several] > 0
    grid = np.linspace(0.0, 1.0, 41)
    losses = []
    for share in grid:
        probability = np.clip(largest + share * (union - largest), 1e-9, 1 - 1e-9)
        chosen = np.where(any_denied, probability, 1.0 - probability)
        losses.append(-float(np.mean(np.log(chosen))))
    return float(grid[int(np.argmin(losses))])
