"""The counts of one rate table, answer after answer.

The arithmetic of a rate is here, and `rate_columns` does the same for all lines of a
frame at once. Both must give the same bits (a test compares them), so whoever changes
an operation, or the order of two, changes it in both.
"""

import math
from collections.abc import Iterable, Sequence
from functools import cache

from denialml.modeling.knowledge.rate_table import Key, RateTable

LONGEST_DAYS = 12_000
OVERALL_PRIOR_WEIGHT = 20.0
_OVERALL_PRIOR = 0.15
_CAUSE_PRIOR = 0.01
_DAYS = range(LONGEST_DAYS + 1)


@cache
def decay_by_days(table: RateTable) -> tuple[float, ...]:
    """What is left of a weight after so many days without an answer; by days."""
    if table.half_life_answers:
        return (1.0,) * len(_DAYS)
    return tuple(math.exp2(-days / table.half_life_days) for days in _DAYS)


def decay_by_answer(table: RateTable) -> float:
    """What is left of a weight after one more answer, beside the days."""
    if table.half_life_answers:
        return math.exp2(-1.0 / table.half_life_answers)
    return 1.0


def overall_prior(table: RateTable) -> float:
    """The rate over all keys before any answer."""
    return _CAUSE_PRIOR if table.causes else _OVERALL_PRIOR


class Counts:
    """The answers to one key: the day of the last and, decayed as of that day, their
    weight and that of their denials. `answers` are counted, not decayed."""

    __slots__ = ("answers", "denied", "since", "weight")

    def __init__(self, since: int, weight: float, denied: float, answers: int) -> None:
        self.since = since
        self.weight = weight
        self.denied = denied
        self.answers = answers


class TableRates:
    """The counts of all keys of a table, and of the table as a whole."""

    __slots__ = ("_factors", "_overall", "_prior", "counts", "decay", "prior_weight")

    def __init__(self, table: RateTable) -> None:
        self.prior_weight = table.prior_weight
        self.decay = decay_by_days(table)
        each = decay_by_answer(table)
        self._factors = [decay * each for decay in self.decay]
        self._prior = overall_prior(table)
        self.counts: dict[Key, Counts] = {}
        self._overall = Counts(0, 0.0, 0.0, 0)

    def learn(
        self, keys: Iterable[Key | None], days: Iterable[int], values: Iterable[float]
    ) -> None:
        """More answers in the order received: their keys, days and denied shares."""
        _add(self.counts, self._factors, keys, days, values)

    def learn_overall(
        self, keys: Iterable[Key | None], days: Iterable[int], values: Iterable[float]
    ) -> None:
        """The same answers for `overall`, whole days of them; only of tables that are
        asked for it."""
        a_day: dict[int, list[float]] = {}
        for key, day, value in zip(keys, days, values, strict=True):
            if key is not None:
                so_far = a_day.setdefault(day, [0.0, 0.0])
                so_far[0] += 1.0
                so_far[1] += value
        counts = self._overall
        for day, (answers, denied) in a_day.items():
            factor = self.decay[min(day - (counts.since or day), LONGEST_DAYS)]
            counts.since = day
            counts.weight = counts.weight * factor + answers
            counts.denied = counts.denied * factor + denied

    def overall(self, day: int) -> float:
        """The rate over all keys on a day."""
        counts = self._overall
        decay = self.decay[min(day - (counts.since or day), LONGEST_DAYS)]
        return (counts.denied * decay + self._prior * OVERALL_PRIOR_WEIGHT) / (
            counts.weight * decay + OVERALL_PRIOR_WEIGHT
        )


def _add(
    kept: dict[Key, Counts],
    factors: Sequence[float],
    keys: Iterable[Key | None],
    days: Iterable[int],
    values: Iterable[float],
) -> None:
    for key, day, value in zip(keys, days, values, strict=True):
        if key is None:
            continue
        counts = kept.get(key)
        if counts is None:
            kept[key] = Counts(day, 1.0, value, 1)
            continue
        days_since = day - counts.since
        factor = factors[days_since if days_since < LONGEST_DAYS else LONGEST_DAYS]
        counts.since = day
        counts.weight = counts.weight * factor + 1.0
        counts.denied = counts.denied * factor + value
        counts.answers += 1
