"""Sets of causes that hold the true one as often as they say.

A cause belongs to a line's set when its probability reaches the cause's own threshold,
chosen so that nine in ten denials of *that* cause are reached (class-conditional split
conformal sets): a rare cause is not given up for the frequent ones. Where people have
confirmed enough causes the thresholds come from those; until then from the stated
probabilities, which is only as true as these are. A line that no cause reaches has an
empty set: the set abstains, and counts as a miss.
"""

from collections.abc import Mapping, Sequence
from math import floor
from typing import Literal

import numpy as np

from denialml.domain.denial import RootCause
from denialml.domain.record import Judgment
from denialml.modeling.root_cause.cause_tendencies import CAUSES, FloatArray

COVERAGE = 0.9
# Fewer confirmed denials of a cause than this say too little of its threshold.
FEWEST_CONFIRMED = 20


class CauseSets(Judgment, frozen=True):
    """Thresholds by cause, in the order of `RootCause`, for one level of coverage.

    `basis` is ``confirmed`` where each threshold rests on confirmed causes (a cause
    with too few on those of all causes), ``stated`` where on stated probabilities.
    """

    coverage: float
    thresholds: tuple[float, ...]
    basis: Literal["confirmed", "stated"]

    def candidates(self, shares: Sequence[float]) -> tuple[RootCause, ...]:
        """The causes of one line's set, most probable first."""
        held = [
            (share, cause)
            for share, threshold, cause in zip(
                shares, self.thresholds, CAUSES, strict=True
            )
            if share >= threshold
        ]
        held.sort(key=lambda pair: (-pair[0], CAUSES.index(pair[1])))
        return tuple(cause for _, cause in held)


def fit_cause_sets(
    shares: FloatArray,
    *,
    confirmed: Mapping[int, RootCause] | None = None,
    coverage: float = COVERAGE,
) -> CauseSets:
    """Thresholds for sets that cover `coverage` of the denials of every cause.

    Parameters
    ----------
    shares : ndarray of shape (n_lines, 17)
        Probabilities of the causes, of trees that never saw the line's own claim.
    confirmed : mapping of int to RootCause, optional
        Causes that a person confirmed, by row of `shares`. At least 20 in all are
        needed, else they are not used.
    """
    confirmed = confirmed or {}
    if len(confirmed) < FEWEST_CONFIRMED:
        stated = [_stated(shares[:, at], coverage) for at in range(len(CAUSES))]
        return CauseSets(coverage=coverage, thresholds=tuple(stated), basis="stated")
    by_cause: dict[RootCause, list[float]] = {cause: [] for cause in CAUSES}
    for row, cause in confirmed.items():
        by_cause[cause].append(float(shares[row, CAUSES.index(cause)]))
    every = _quantile([one for scores in by_cause.values() for one in scores], coverage)
    thresholds = tuple(
        _quantile(scores, coverage) if len(scores) >= FEWEST_CONFIRMED else every
        for scores in by_cause.values()
    )
    return CauseSets(coverage=coverage, thresholds=thresholds, basis="confirmed")


def _quantile(scores: list[float], coverage: float) -> float:
    """The conformal threshold: a further line reaches it with at least `coverage`."""
    place = floor((len(scores) + 1) * (1.0 - coverage))
    return sorted(scores)[place - 1] if place >= 1 else 0.0


def _stated(shares: FloatArray, coverage: float) -> float:
    """The highest threshold that lines of the cause, by their shares, mostly reach."""
    ordered = np.sort(shares)[::-1]
    reached = np.cumsum(ordered)
    if not len(reached) or reached[-1] <= 0.0:
        return 0.0
    place = int(np.searchsorted(reached, coverage * reached[-1]))
    return float(ordered[min(place, len(ordered) - 1)])
