"""How long a payer takes to pay and to deny, and what an answer's age says by itself.

Denials take longer than payments: of a new cohort's first answers too few are denials
and of its last ones too many. An answer that comes after `age` days is a denial with
odds of `rate / (1 - rate)` times the ratio of the two densities at that age. Denials by
the payer's rules, which somebody may have to look into, and those by coverage or
practice, which a computer gives, have their own times.
"""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_LEAST_PAID = 100
_LEAST_DENIED = 30
_FARTHEST = 1.2


class AnswerTimes:
    """Days to answer of one payer: log-normal densities, of days + 1."""

    def __init__(self) -> None:
        self._paid = _Moments()
        self._denied = {True: _Moments(), False: _Moments()}

    def learn(self, days: int, *, denied: bool, by_rule: bool = True) -> None:
        """Learn one answer. Only old submissions: of new ones the quick are known."""
        moments = self._denied[by_rule] if denied else self._paid
        moments.add(math.log(max(days, 0) + 1.0))

    def denial_odds(self, ages: Floats, *, by_rule: bool = True) -> Floats:
        """Ratio of the densities, denied to paid, at each age in days; shape (n,).

        1 where too few answers are known; kept between exp(-1.2) and exp(1.2).
        """
        denied = self._denied[by_rule]
        if self._paid.count < _LEAST_PAID or denied.count < _LEAST_DENIED:
            return np.ones_like(ages)
        log_ages = np.log(np.maximum(ages, 0.0) + 1.0)
        ratio = denied.log_density(log_ages) - self._paid.log_density(log_ages)
        odds: Floats = np.exp(np.clip(ratio, -_FARTHEST, _FARTHEST))
        return odds


class _Moments:
    """Mean and variance of numbers seen so far (Welford)."""

    __slots__ = ("_squares", "count", "mean")

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        before = value - self.mean
        self.mean += before / self.count
        self._squares += before * (value - self.mean)

    def log_density(self, values: Floats) -> Floats:
        variance = max(self._squares / self.count, 0.01)
        density: Floats = -((values - self.mean) ** 2) / (2 * variance) - 0.5 * (
            math.log(variance)
        )
        return density
