"""The counts of one rate table, answer after answer.

The arithmetic of a rate is here, and `rate_columns` does the same for all lines of a
frame at once. Both must give the same bits (a test compares them), so whoever changes
an operation, or the order of two, changes it in both.
"""

import math
from collections.abc import Iterable

from denialml.modeling.knowledge.rate_table import Key, RateTable

LONGEST_DAYS = 12_000
OVERALL_PRIOR_WEIGHT = 20.0
_OVERALL_PRIOR = 0.15
_CAUSE_PRIOR = 0.01
_DAYS = range(LONGEST_DAYS + 1)


def decay_by_days(table: RateTable) -> list[float]:
    """What is left of a weight after so many days without an answer; by days."""
    if table.half_life_answers:
        return [1.0] * len(_DAYS)
    return [math.exp2(-days / table.half_life_days) for days in _DAYS]


def decay_by_answer(table: RateTable) -> float:
    """What is left of a weight after one more answer, beside the days."""
    if table.half_life_answers:
        return math.exp2(-1.0 / table.half_life_answers)
    return 1.0


def overall_prior(table: RateTable) -> float:
    """The rate over all keys before any answer."""
    return _CAUSE_PRIOR if table.causes else _OVERALL_PRIOR


class TableRates:
    """Key -> [day of the last answer, weight, denied weight, answers], and over all.

    The two weights are decayed as of that day, the answers are not.
    """

    __slots__ = ("_factors", "_overall", "_prior", "counts", "decay", "prior_weight")

    def __init__(self, table: RateTable) -> None:
        self.prior_weight = table.prior_weight
        self.decay = decay_by_days(table)
        each = decay_by_answer(table)
        self._factors = [decay * each for decay in self.decay]
        self._prior = overall_prior(table)
        self.counts: dict[Key, list[float]] = {}
        self._overall: dict[Key, list[float]] = {}

    def learn(
        self, keys: Iterable[Key | None], days: Iterable[int], values: Iterable[float]
    ) -> None:
        """More answers in the order received: their keys, days and denied shares."""
        _add(self.counts, self._factors, keys, days, values)

    def learn_overall(
        self, keys: Iterable[Key | None], days: Iterable[int], values: Iterable[float]
    ) -> None:
        """The same answers for `overall`; only of tables that are asked for it."""
        every = (None if key is None else 0 for key in keys)
        _add(self._overall, self._factors, every, days, values)

    def overall(self, day: int) -> float:
        """The rate over all keys on a day."""
        since, weight, denied, _ = self._overall.get(0, (day, 0.0, 0.0, 0))
        decay = self.decay[min(int(day - since), LONGEST_DAYS)]
        return (denied * decay + self._prior * OVERALL_PRIOR_WEIGHT) / (
            weight * decay + OVERALL_PRIOR_WEIGHT
        )


def _add(
    counts: dict[Key, list[float]],
    factors: list[float],
    keys: Iterable[Key | None],
    days: Iterable[int],
    values: Iterable[float],
) -> None:
    for key, day, value in zip(keys, days, values, strict=True):
        known = counts.get(key) if key is not None else _NOT_ARISING
        if known is None:
            counts[key] = [day, 1.0, value, 1]  # type: ignore[index]
        elif known is not _NOT_ARISING:
            factor = factors[min(int(day - known[0]), LONGEST_DAYS)]
            known[0] = day
            known[1] = known[1] * factor + 1.0
            known[2] = known[2] * factor + value
            known[3] += 1


_NOT_ARISING: list[float] = []
