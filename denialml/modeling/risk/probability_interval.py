"""How far the stated probability may lie from the true one.

Two models grown on disjoint halves of the patients disagree by what a sample of that
size leaves open. The model that serves has seen both halves. Trees also err together,
by what no half shows (smoothing, rules that changed since), so that the disagreement
is widened by a factor that was measured where the truth is known: on simulated worlds
101 to 103. It is a width for the typical error, not a promise about a payer whose rules
change tomorrow.
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
# The factor at low and at high log-odds, linear between (10% and 25%): trees err
# together most where payers' rules decide, which is where risks are high.
_WIDENED = (1.05, 1.8)
_BETWEEN = (-2.2, -1.1)
_BINS = 12
_FEWEST_ROWS = 400
# No interval is narrower: payers' own errors and the newest changes are not in it.
_NARROWEST = 0.12


class Spread(msgspec.Struct, frozen=True):
    """Half widths in log-odds by calibrated log-odds: `edges` lie between the bins."""

    edges: tuple[float, ...]
    half_widths: tuple[float, ...]

    def interval(self, log_odds: float) -> tuple[float, float]:
        """The interval of a probability, given its log-odds."""
        half = self.half_widths[bisect_right(self.edges, log_odds)]
        return _logistic(log_odds - half), _logistic(log_odds + half)


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
    widths = []
    for at in range(_BINS):
        chosen = bins == at if (bins == at).any() else np.ones(len(gap), dtype=np.bool_)
        factor = float(np.interp(np.median(middle[chosen]), _BETWEEN, _WIDENED))
        widths.append(max(_NARROWEST, factor * float(np.quantile(gap[chosen], LEVEL))))
    return Spread(tuple(float(edge) for edge in edges), tuple(widths))


def _logistic(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))
