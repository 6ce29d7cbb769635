"""Sets of causes that hold the true one as often as they say.

A cause belongs to a line's set when its probability reaches the cause's own threshold,
chosen so that equal shares of the denials of each cause are reached (class-conditional
split conformal sets): a rare cause is not given up for the frequent ones. A set that
names any cause names the likeliest as well, and the common share is chosen such that
nine in ten sets hold the true cause. Where people have checked enough denials the
thresholds come from those; until then from the stated probabilities, which is only as
true as these are. A line that no cause reaches has an empty set: the set abstains, and
counts as a miss.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from denialml.domain.denial import RootCause
from denialml.domain.record import Judgment
from denialml.modeling.root_cause.cause_tendencies import CAUSES, FloatArray

BoolArray = NDArray[np.bool_]

COVERAGE = 0.9
# Fewer confirmed denials of a cause than this say too little of its threshold; nor do
# stated probabilities that add up to fewer.
FEWEST_CONFIRMED = 20
# Stated probabilities of lesser causes are a little high: sets chosen by them held the
# true cause so much less often than stated (simulated practices, seeds 101 to 103).
OVERSTATED = 0.006
# The common share is looked for between these, by halving.
LOWEST_SHARE, HIGHEST_SHARE, HALVINGS = 0.7, 0.98, 12


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
        ranked = sorted(range(len(CAUSES)), key=lambda at: (-shares[at], at))
        held = [at for at in ranked if shares[at] >= self.thresholds[at]]
        if held and held[0] != ranked[0]:
            held = [ranked[0], *held]
        return tuple(CAUSES[at] for at in held)


def held_causes(shares: FloatArray, thresholds: Sequence[float]) -> BoolArray:
    """Which causes the set of each line holds: shape (n_lines, 17)."""
    held: BoolArray = shares >= np.asarray(thresholds)
    # A set without the likeliest cause, but with a lesser one, would mislead.
    named = np.flatnonzero(held.any(axis=1))
    held[named, shares[named].argmax(axis=1)] = True
    return held


def fit_cause_sets(
    shares: FloatArray,
    *,
    confirmed: Mapping[int, RootCause] | None = None,
    coverage: float = COVERAGE,
) -> CauseSets:
    """Thresholds for sets that hold the true cause of `coverage` of all denials.

    Parameters
    ----------
    shares : ndarray of shape (n_lines, 17)
        Probabilities of the causes, of trees that never saw the line's own claim.
    confirmed : mapping of int to RootCause, optional
        Causes that a person confirmed, by row of `shares`. At least 20 in all are
        needed, else they are not used.
    """
    confirmed = confirmed or {}
    basis: Literal["confirmed", "stated"] = "stated"
    coverage_aimed_at = coverage
    # One row for each line and cause that could be its own, with the weight of that.
    rows = np.repeat(np.arange(len(shares)), len(CAUSES))
    causes = np.tile(np.arange(len(CAUSES)), len(shares))
    weights = shares.ravel()
    if len(confirmed) >= FEWEST_CONFIRMED:
        basis = "confirmed"
        rows = np.array(list(confirmed), np.intp)
        causes = np.array([CAUSES.index(one) for one in confirmed.values()], np.intp)
        weights = np.ones(len(rows))
    else:
        coverage_aimed_at += OVERSTATED
    scores = shares[rows, causes]
    ordered = [_in_order(scores, weights)]
    for cause in range(len(CAUSES)):
        own = causes == cause
        enough = weights[own].sum() >= FEWEST_CONFIRMED
        ordered.append(_in_order(scores[own], weights[own]) if enough else ordered[0])
    low, high = LOWEST_SHARE, HIGHEST_SHARE
    thresholds: tuple[float, ...] = ()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        thresholds = tuple(_threshold(one, middle) for one in ordered[1:])
        held = held_causes(shares, thresholds)[rows, causes]
        # One more than there are, and missed: a short list promises less.
        covered = float(weights @ held) / (float(weights.sum()) + 1.0)
        low, high = (middle, high) if covered < coverage_aimed_at else (low, middle)
    return CauseSets(coverage=coverage, thresholds=thresholds, basis=basis)


def _in_order(scores: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scores from the highest down, and the weight reached with each."""
    order = np.argsort(-scores, kind="stable")
    return scores[order], np.cumsum(weights[order])


def _threshold(ordered: tuple[FloatArray, FloatArray], share: float) -> float:
    """The highest score that this share of the weight reaches."""
    scores, reached = ordered
    if not len(reached) or reached[-1] <= 0.0:
        return 0.0
    place = int(np.searchsorted(reached, share * reached[-1]))
    return float(scores[min(place, len(scores) - 1)])
