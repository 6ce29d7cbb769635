"""Rates of decisions by category, the numbers that the outcome model reads.

A category's rate is shrunk to the overall rate and comes with the weight of decisions
it rests on; older decisions weigh less. Rows that the model is trained on get rates of
the other folds only: a decision must not announce itself.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from denialml.modeling.appeal_outcome.decisions import ReviewDecision

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

KEYS: tuple[tuple[str, ...], ...] = (
    ("diagnosis",),
    ("diagnosis", "diagnosis_detail"),
    ("treatment",),
    ("treatment", "treatment_detail"),
    ("review_type",),
    ("age_range",),
    ("gender",),
    ("diagnosis", "treatment"),
    ("diagnosis", "diagnosis_detail", "treatment", "treatment_detail"),
    ("diagnosis", "treatment", "review_type"),
    ("treatment", "treatment_detail", "review_type"),
    ("diagnosis", "review_type"),
    ("treatment", "treatment_detail", "age_range"),
    ("diagnosis", "treatment", "age_range"),
    ("diagnosis", "diagnosis_detail", "review_type"),
)
"""Combinations of categories whose rates are kept."""
# Decisions of doubt: a category with so many is believed half.
DOUBT = 20.0
FOLDS = 5


def category_key(decision: ReviewDecision, fields: tuple[str, ...]) -> str:
    """The categories of one combination as one word."""
    return "\x1f".join(getattr(decision, field) for field in fields)


class CategoryRates:
    """Overturn rates of every category of `KEYS`.

    Parameters
    ----------
    decisions : sequence of ReviewDecision
        What the rates are taken from.
    weights : ndarray of float, shape (n_decisions,)
        How much each decision counts: 1 for the newest, less for older ones.
    """

    def __init__(
        self, decisions: Sequence[ReviewDecision], *, weights: FloatArray
    ) -> None:
        self._numbers = [
            _numbered([category_key(one, fields) for one in decisions])
            for fields in KEYS
        ]
        self.own_places = self.places(decisions)
        self._weights = weights
        self._won = weights * np.array(
            [one.overturned for one in decisions], np.float64
        )

    def places(self, decisions: Sequence[ReviewDecision]) -> list[IntArray]:
        """For each key, the numbers of the decisions' categories; -1: never seen."""
        return [
            np.array(
                [found.get(category_key(one, fields), -1) for one in decisions], np.intp
            )
            for fields, found in zip(KEYS, self._numbers, strict=True)
        ]

    def training_rows(self, chosen: IntArray, folds: IntArray) -> FloatArray:
        """Rows of a resample: shape (n_chosen, 2 x n_keys), rates of other folds only.

        `chosen` are positions of decisions, with repeats; `folds` the fold of every
        decision, so that repeats of one decision stay in one fold.
        """
        rows = np.zeros((len(chosen), 2 * len(KEYS)))
        for fold in range(FOLDS):
            inside = folds[chosen] == fold
            others = chosen[~inside]
            rows[inside] = self._rows(
                others, [at[chosen[inside]] for at in self.own_places]
            )
            # As many decisions as there will be when the rates are used.
            rows[inside, 1::2] *= len(chosen) / max(1, len(others))
        return rows

    def rows(self, places: list[IntArray], *, chosen: IntArray) -> FloatArray:
        """Rows of further decisions: shape (n, 2 x n_keys), by the chosen ones."""
        return self._rows(chosen, places)

    def _rows(self, chosen: IntArray, places: list[IntArray]) -> FloatArray:
        """Rate above the overall rate, then weight of decisions, for each key."""
        weights, won = self._weights[chosen], self._won[chosen]
        overall = won.sum() / weights.sum()
        columns = []
        for own, at, found in zip(self.own_places, places, self._numbers, strict=True):
            size = len(found) + 1  # the last is for categories never seen
            count = np.bincount(own[chosen], weights=weights, minlength=size)
            wins = np.bincount(own[chosen], weights=won, minlength=size)
            rate = (wins + DOUBT * overall) / (count + DOUBT) - overall
            columns += [rate[at], count[at]]
        return np.column_stack(columns)


def _numbered(keys: list[str]) -> dict[str, int]:
    return {key: at for at, key in enumerate(dict.fromkeys(keys))}
