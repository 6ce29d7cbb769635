"""How far the stated probability may lie from the true one.

Two models grown on disjoint halves of the patients disagree by what samples of that
size leave open; the model that serves has seen both halves and errs by half of that.
Trees also err together, by what no half shows: shrinkage draws them to the middle, and
payers change their rules. How far, up and down, was measured where the truth is known:
the test year of simulated worlds 101 to 104 and 107 (40,000 claims) by models never
refitted, whose trees started from the rate by cause. It is a width for the typical
error, not a promise about a payer whose rules change tomorrow; a model refitted monthly
should err less.
"""

import math
from bisect import bisect_right
from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Predict = Callable[[Floats], Floats]
Fit = Callable[[npt.NDArray[np.intp]], Predict]

LEVEL = 0.8
"""The share of lines whose true probability the interval is made to hold."""
# How far trees err together, in log-odds, at calibrated log-odds `_AT`, linear between.
# About 20% is often too much (a rule that they half know does not strike), and a high
# risk too little (it surely does).
_AT = (-3.6, -2.8, -2.2, -1.7, -0.9, 0.3, 1.5)
_DOWN = (0.70, 0.85, 1.05, 1.35, 1.15, 1.0, 0.9)
_UP = (0.65, 0.45, 0.45, 0.60, 0.80, 1.8, 4.0)
# A model of all patients beside the disagreement of two of half of them each.
_OF_DISAGREEMENT = 0.5
_BINS = 12
_FEWEST_ROWS = 400


class Spread(msgspec.Struct, frozen=True):
    """How far the truth may lie below and above, in log-odds, by calibrated log-odds.

    `edges` lie between the bins. A bundle without `above` has equal widths.
    """

    edges: tuple[float, ...]
    half_widths: tuple[float, ...]
    above: tuple[float, ...] = ()

    def interval(self, log_odds: float) -> tuple[float, float]:
        """The interval of a probability, given its log-odds."""
        at = bisect_right(self.edges, log_odds)
        below = self.half_widths[at]
        above = self.above[at] if self.above else below
        return _logistic(log_odds - below), _logistic(log_odds + above)


def learn_spread(
    matrix: Floats,
    rows: npt.NDArray[np.intp],
    patients: npt.NDArray[np.int64],
    asked: npt.NDArray[np.intp],
    *,
    fit: Fit,
    calibrated: Predict,
    seed: int,
) -> Spread | None:
    """Fit on two halves of the patients and compare; None with too few rows.

    Parameters
    ----------
    matrix : float64 (all rows, features)
    rows : the rows trained on; `asked`: later rows to compare on.
    patients : int (all rows,): rows of a patient stay together.
    fit : from row positions to a function from a matrix to raw log-odds.
    calibrated : from raw log-odds to calibrated log-odds.
    """
    if len(asked) < _FEWEST_ROWS or len(rows) < 2 * _FEWEST_ROWS:
        return None
    half = np.random.default_rng(seed).random(int(patients.max()) + 1) < 0.5
    first = half[patients[rows]]
    one = calibrated(fit(rows[first])(matrix[asked]))
    two = calibrated(fit(rows[~first])(matrix[asked]))
    middle, gap = (one + two) / 2, np.abs(one - two)
    edges = np.quantile(middle, np.linspace(0, 1, _BINS + 1)[1:-1])
    bins = np.searchsorted(edges, middle, side="right")
    below, above = [], []
    for at in range(_BINS):
        chosen = bins == at if (bins == at).any() else np.ones(len(gap), dtype=np.bool_)
        sampled = _OF_DISAGREEMENT * float(np.quantile(gap[chosen], LEVEL))
        center = float(np.median(middle[chosen]))
        below.append(math.hypot(sampled, float(np.interp(center, _AT, _DOWN))))
        above.append(math.hypot(sampled, float(np.interp(center, _AT, _UP))))
    return Spread(tuple(float(edge) for edge in edges), tuple(below), tuple(above))


def _logistic(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))
