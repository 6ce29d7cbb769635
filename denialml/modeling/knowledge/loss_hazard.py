"""How often coverage is lost, or another payer comes first, per day without proof.

What a payer's answers prove about one patient holds on the service date only. How much
of it has worn off since is learnt from the payer's other patients: each stretch from
one proof to the next answer is so many days at risk, with or without January 1 in it
(plans change then), and ended in a refusal or not.
"""

import math
from datetime import date

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

    def learn(
        self, *, received: int, proved: date, answered: date, refused: bool
    ) -> "Exposure":
        """The sums with one more stretch, from a proof to a later service date."""
        at_risk = (answered - proved).days
        if at_risk <= 0:
            return self
        decay = math.exp2((self.day - received) / _HALF_LIFE_DAYS) if self.day else 0.0
        over = new_year_between(answered, at_risk)
        return Exposure(
            received,
            self.days * decay + (0.0 if over else at_risk),
            self.refusals * decay + (refused and not over),
            self.new_years * decay + over,
            self.new_year_refusals * decay + (refused and over),
            self.new_year_days * decay + (at_risk if over else 0.0),
        )


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
        day = received.toordinal()
        self._of_payer[payer] = self._of_payer.get(payer, _NOTHING).learn(
            received=day, proved=proved, answered=answered, refused=refused
        )
        self._of_all = self._of_all.learn(
            received=day, proved=proved, answered=answered, refused=refused
        )
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
