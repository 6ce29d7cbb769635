"""Fits the calibration; apart, so that serving needs no scikit-learn.

A payer's bad month moves the denial rate of the newest submissions and is mostly over
when the model serves, while trees grown on all slices start from the rate of all. So
the shift that the calibration slice shows is believed only in part (`_LASTING_SHIFT`
against `_PASSING_SHIFT`), and its slope mostly. On simulated worlds 101 to 103 the full
shift cost up to 0.017 of skill_KL.
"""

import msgspec
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from denialml.domain.risk import CutOff
from denialml.modeling.risk.calibration import Calibration, Floats
from denialml.modeling.risk.cut_offs import learn_cut_offs

# Standard deviations in log-odds: of what stays, and of what passes with the slice.
_LASTING_SHIFT, _PASSING_SHIFT = 0.05, 0.10
# The same of the slope around 1.
_LASTING_SLOPE, _PASSING_SLOPE = 0.20, 0.05


def fit_calibration(
    raw: Floats,
    denied: npt.NDArray[np.int8],
    claim: npt.NDArray[np.int32],
    *,
    weight: Floats | None = None,
) -> Calibration:
    """Fit on rows that the trees have not seen; `denied` holds 0 and 1 only.

    `weight`: how many lines a row stands for (`slicing`); None: one each.
    """
    counts = np.ones(len(raw)) if weight is None else weight
    risk = 1.0 / (1.0 + np.exp(-raw))
    information = counts * risk * (1.0 - risk)
    center = float(np.average(raw, weights=information))
    model = LogisticRegression(C=1e6, max_iter=200)
    model.fit((raw - center).reshape(-1, 1), denied, sample_weight=counts)
    spread = float(np.sum(information * (raw - center) ** 2))
    slope = 1.0 + (float(model.coef_[0][0]) - 1.0) * _believed(
        _LASTING_SLOPE, _PASSING_SLOPE, information=spread
    )
    shift = (float(model.intercept_[0]) - center) * _believed(
        _LASTING_SHIFT, _PASSING_SHIFT, information=float(information.sum())
    )
    intercept = center + shift - slope * center
    lines = 1.0 / (1.0 + np.exp(-(slope * raw + intercept)))
    calibration = Calibration(
        slope=slope,
        intercept=intercept,
        independence=_fit_independence(lines, denied, claim),
    )
    return msgspec.structs.replace(
        calibration, cut_offs=_fit_cut_offs(calibration, lines, denied, claim)
    )


def _fit_cut_offs(
    calibration: Calibration,
    lines: Floats,
    denied: npt.NDArray[np.int8],
    claim: npt.NDArray[np.int32],
) -> tuple[CutOff, ...]:
    """Per claim, as claims are flagged."""
    starts = np.flatnonzero(np.r_[True, claim[1:] != claim[:-1]])
    risks = calibration.claim_probabilities(lines, claim)[starts]
    return learn_cut_offs(risks, np.maximum.reduceat(denied, starts) > 0)


def _believed(lasting: float, passing: float, *, information: float) -> float:
    """The share of an estimate that is expected to last."""
    noise = passing**2 + 1.0 / max(information, 1e-9)
    return lasting**2 / (lasting**2 + noise)


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
