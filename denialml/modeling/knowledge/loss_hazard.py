"""How often coverage is lost, or another payer comes first, per day without proof.

What a payer's answers prove about one patient holds on the service date only. How much
of it has worn off since is learnt from the payer's other patients: each stretch from
one proof to the next answer is so many days at risk, with or without January 1 in it
(plans change then), and ended in a refusal or not.
"""

import math
from datetime import date
from functools import cache
from typing import NamedTuple

import msgspec

from denialml.modeling.knowledge.line_view import new_year_between

# Refusals that the practice's rate over all payers counts for.
_PRIOR_REFUSALS = 4.0
_PRIOR_NEW_YEARS = 15.0
_FIRST_RATE, _FIRST_JUMP = 0.0006, 0.05
_HALF_LIFE_DAYS = 540.0


class Exposure(msgspec.Struct, frozen=True, gc=False):
    """Decayed sums of one payer as of `day` (ordinal).

    `days` at risk without a January 1 and the `refusals` at their end; stretches over
    a January 1 (`new_years`), the refusals at their end and the days in them.
    """

    day: int = 0
    days: float = 0.0
    refusals: float = 0.0
    new_years: float = 0.0
    new_year_refusals: float = 0.0
    new_year_days: float = 0.0

    def learn(self, stretch: "Stretch") -> "Exposure":
        """The sums with one more stretch."""
        received, at_risk, over, refused = stretch
        if at_risk <= 0:
            return self
        gap = received - self.day
        decay = _decay(gap) if self.day else 0.0
        if over:
            return Exposure(
                received,
                self.days * decay,
                self.refusals * decay,
                self.new_years * decay + 1.0,
                self.new_year_refusals * decay + refused,
                self.new_year_days * decay + at_risk,
            )
        return Exposure(
            received,
            self.days * decay + at_risk,
            self.refusals * decay + refused,
            self.new_years * decay,
            self.new_year_refusals * decay,
            self.new_year_days * decay,
        )


class Stretch(NamedTuple):
    """From a proof to the next answer: the ordinal of the day it was received, the
    days between the services, whether January 1 is one, whether it was refused."""

    received: int
    at_risk: int
    over_new_year: bool
    refused: bool


@cache
def _decay(days: int) -> float:
    return math.exp2(-days / _HALF_LIFE_DAYS)


class Hazard(msgspec.Struct, frozen=True, gc=False):
    """Expected losses per day at risk, and on January 1."""

    per_day: float = _FIRST_RATE
    new_year: float = _FIRST_JUMP

    def chance(self, *, proved: date | None, day: date | None) -> float | None:
        """That what held on `proved` no longer holds on `day`; None: not known."""
        if proved is None or day is None:
            return None
        at_risk = (day - proved).days
        if at_risk <= 0:
            return 0.0
        losses = self.per_day * at_risk
        if new_year_between(day, at_risk):
            losses += self.new_year
        return 1.0 - math.exp(-losses)


def hazard_of(own: Exposure, everyone: Hazard) -> Hazard:
    """One payer's hazard, drawn towards that of all payers while it has few."""
    per_day = (own.refusals + _PRIOR_REFUSALS) / (
        own.days + _PRIOR_REFUSALS / everyone.per_day
    )
    jumps = max(0.0, own.new_year_refusals - per_day * own.new_year_days)
    jump = (jumps + _PRIOR_NEW_YEARS * everyone.new_year) / (
        own.new_years + _PRIOR_NEW_YEARS
    )
    return Hazard(per_day, jump)


class Hazards:
    """One hazard per payer, as of the last answer learnt."""

    __slots__ = ("_everyone", "_kept", "_of_all", "_of_payer")

    def __init__(self) -> None:
        self._of_payer: dict[str, Exposure] = {}
        self._of_all = Exposure()
        self._everyone: Hazard | None = None
        self._kept: dict[str, Hazard] = {}

    def learn(
        self,
        payer: str,
        *,
        received: date,
        proved: date | None,
        answered: date,
        refused: bool,
    ) -> None:
        """One more answer; `proved` is what was known before it, None: nothing."""
        if proved is None or answered <= proved:
            return
        days = (answered - proved).days
        over = new_year_between(answered, days)
        stretch = Stretch(received.toordinal(), days, over, refused)
        self._of_payer[payer] = self._of_payer.get(payer, _NOTHING).learn(stretch)
        self._of_all = self._of_all.learn(stretch)
        self._everyone = None
        self._kept.clear()

    def of(self, payer: str) -> Hazard:
        """The payer's hazard, or what all payers' answers make likely."""
        found = self._kept.get(payer)
        if found is None:
            if self._everyone is None:
                self._everyone = hazard_of(self._of_all, Hazard())
            own = self._of_payer.get(payer, _NOTHING)
            found = self._kept[payer] = hazard_of(own, self._everyone)
        return found


_NOTHING = Exposure()
