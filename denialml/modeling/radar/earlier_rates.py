"""How the payers answered before: decayed, shrunken rates by group and reason."""

import math
from collections.abc import Sequence

from denialml.modeling.radar.answers import UNNAMED
from denialml.modeling.radar.groups import LEVELS
from denialml.modeling.radar.settings import RadarSettings
from denialml.reference import adjustment_reasons

# The reason that stands for a denial under any reason a payer's rule can have.
ANY = ""
# Causes that mostly lie with the coverage or the practice, not with a rule of
# the payer: they rise with every January and every missed check.
_NOT_THE_PAYERS = frozenset(
    {
        "eligibility_coverage",
        "cob_wrong_payer",
        "duplicate_resubmission",
        "timely_filing",
    }
)
_OVERALL_RATE = 0.01
_OVERALL_WEIGHT = 50.0
# Expected denials at which a circumstance's own counts weigh as much as its prior.
_RISK_WEIGHT = 4.0


def is_payer_rule(reason: str) -> bool:
    """Whether a denial for this reason can come from a rule of the payer."""
    if reason == UNNAMED:
        return True
    known = adjustment_reasons().get(reason.rpartition("-")[2])
    return known is None or known.root_cause not in _NOT_THE_PAYERS


class EarlierRates:
    """Answers counted by group and reason, older ones less. Grain: payer x group.

    A group is named by payer, position of its level in `LEVELS` and key.
    """

    def __init__(self, settings: RadarSettings) -> None:
        self._settings = settings
        self._decay = math.log(2) / settings.half_life_days
        self._counts: dict[tuple[str, int, str], _Counts] = {}
        self._overall = _Counts()
        self._circumstances: dict[str, _Counts] = {}
        self.day = 0

    @property
    def answers(self) -> float:
        """Decayed answers of all payers."""
        return self._overall.answers * self._fade(self._overall)

    def learn(
        self, payer: str, keys: Sequence[str], *, reason: str, circumstance: str = ""
    ) -> None:
        """Count one answer, learnt on `self.day`; `keys` are in `LEVELS` order."""
        watched = bool(reason) and is_payer_rule(reason)
        groups = [
            self._counts.setdefault((payer, level, key), _Counts())
            for level, key in enumerate(keys)
        ]
        groups.append(self._circumstances.setdefault(circumstance, _Counts()))
        for counts in (*groups, self._overall):
            counts.add(reason, watched, day=self.day, fade=self._fade(counts))

    def bounded(self, rate: float) -> float:
        """The rate, not below the least that any reason is taken to have."""
        return min(0.95, max(self._settings.least_rate, rate))

    def weight(self, payer: str, level: int, key: str) -> float:
        """Decayed answers of one group."""
        counts = self._counts.get((payer, level, key))
        return counts.answers * self._fade(counts) if counts is not None else 0.0

    def rate(
        self, payer: str, keys: Sequence[str], *, level: int, reason: str
    ) -> float:
        """A group's rate of denials for `reason`, drawn to its wider groups'.

        A part of a denial is added to what was counted: a group with few answers gets
        no rate near zero.
        """
        chain = []
        while level >= 0:
            chain.append(level)
            level = LEVELS[level].parent
        rate = self._rate(self._overall, reason, _OVERALL_RATE, _OVERALL_WEIGHT)
        for at in reversed(chain):
            counts = self._counts.get((payer, at, keys[at]))
            if counts is not None:
                rate = self._rate(
                    counts,
                    reason,
                    rate,
                    self._settings.prior_answers,
                    added=self._settings.added_denials,
                )
        return self.bounded(rate * self._settings.rate_margin)

    def relative_risk(self, circumstance: str, *, reason: str) -> float:
        """How much more often lines in the circumstance are denied for the reason.

        Drawn to what the circumstance does to denials for any rule of a payer.
        """
        counts = self._circumstances.get(circumstance)
        if counts is None:
            return 1.0
        risk = 1.0
        for one in dict.fromkeys((ANY, reason)):
            usual = self._rate(self._overall, one, _OVERALL_RATE, _OVERALL_WEIGHT)
            fade = self._fade(counts)
            denied = counts.denied.get(one, 0.0) * fade
            expected = counts.answers * fade * usual
            risk = (denied + _RISK_WEIGHT * risk) / (expected + _RISK_WEIGHT)
        return risk

    def _rate(
        self,
        counts: "_Counts",
        reason: str,
        prior: float,
        weight: float,
        added: float = 0.0,
    ) -> float:
        fade = self._fade(counts)
        denied = counts.denied.get(reason, 0.0) * fade
        answers = counts.answers * fade
        return (denied + prior * weight + added * (1 - prior)) / (
            answers + weight + added
        )

    def _fade(self, counts: "_Counts") -> float:
        return math.exp(-self._decay * (self.day - counts.day))


class _Counts:
    """Decayed answers of one group, as of `day`."""

    __slots__ = ("answers", "day", "denied")

    def __init__(self) -> None:
        self.day = 0
        self.answers = 0.0
        self.denied: dict[str, float] = {}

    def add(self, reason: str, watched: bool, *, day: int, fade: float) -> None:
        if day != self.day:
            self.answers *= fade
            for known in self.denied:
                self.denied[known] *= fade
            self.day = day
        self.answers += 1.0
        if reason:
            self.denied[reason] = self.denied.get(reason, 0.0) + 1.0
        if watched:
            self.denied[ANY] = self.denied.get(ANY, 0.0) + 1.0
