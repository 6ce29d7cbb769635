"""What the model looks at: SHAP contributions on lines of the window."""

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.modeling.retraining.holdout import Floats, Window
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import Frame


class FeatureWeight(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's mean absolute contribution, in log-odds, and its share of all.

    `direction` is the rank correlation's sign of value and contribution: above zero,
    higher values raise the risk; 0 where they do not vary.
    """

    feature: str
    mean_contribution: float
    share: float
    direction: float


class Explained(msgspec.Struct, frozen=True):
    """Sampled lines of a window with the bundle's contributions.

    `matrix` and `shares` (log-odds) are float64 (rows, features); `patients` (rows,)
    numbers the patients.
    """

    matrix: Floats
    shares: Floats
    patients: npt.NDArray[np.int64]


def explain_sample(
    bundle: Bundle, frame: Frame, window: Window, *, rows: int, seed: int
) -> Explained:
    """At most so many lines of the window, chosen by chance."""
    chosen = np.arange(len(window.rows))
    if len(chosen) > rows:
        random = np.random.default_rng(seed)
        chosen = np.sort(random.choice(len(chosen), rows, replace=False))
    matrix = frame.matrix[window.rows[chosen]]
    shares = bundle.contributions(matrix)[:, :-1]
    return Explained(matrix, shares, window.patients[chosen])


def feature_weights(bundle: Bundle, explained: Explained) -> tuple[FeatureWeight, ...]:
    """Mean |SHAP contribution| over the sampled lines, heaviest first."""
    matrix, shares = explained.matrix, explained.shares
    weights = np.abs(shares).mean(axis=0)
    total = float(weights.sum()) or 1.0
    found = [
        FeatureWeight(
            feature=name,
            mean_contribution=float(weights[at]),
            share=float(weights[at]) / total,
            direction=_direction(matrix[:, at], shares[:, at]),
        )
        for at, name in enumerate(bundle.facts.features)
    ]
    return tuple(sorted(found, key=lambda one: (-one.mean_contribution, one.feature)))


def _direction(values: Floats, shares: Floats) -> float:
    known = ~np.isnan(values)
    if np.ptp(values[known]) == 0 if known.any() else True:
        return 0.0
    ranks = [np.argsort(np.argsort(each[known])) for each in (values, shares)]
    if np.ptp(shares[known]) == 0:
        return 0.0
    return float(np.sign(np.corrcoef(ranks[0], ranks[1])[0, 1]))
