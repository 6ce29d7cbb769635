"""How often each payer denied lines that broke a claim rule, for what the rule names.

A rate of payer x rule x severity, decayed by days, is drawn towards the rule's own over
all payers, that towards its class's (grave findings or warnings), that towards a fixed
start. A line's rate takes the largest of its findings for each root cause and puts the
causes together as if they struck independently. Numbers are as of a day that only
moves forward, and looking one up changes nothing.
"""

import math
from collections.abc import Iterable
from datetime import date

import msgspec

from denialml.domain.edit import Severity
from denialml.modeling.knowledge.answer_event import AnswerEvent, in_order
from denialml.modeling.knowledge.rule_outcomes import Broken, BrokenRule

# As they were measured on simulated practices 101 to 106 of 2,000 to 20,000 claims.
_HALF_LIFE_DAYS = 270.0
_PAYER_PRIOR_WEIGHT = 8.0
_RULE_PRIOR_WEIGHT = 8.0
_CLASS_PRIOR_WEIGHT = 20.0
# Before any answer: a specialist's grave finding is right about every second time, a
# warning rarely.
_GRAVE_START, _WARNING_START = 0.5, 0.05
_GRAVE = frozenset({Severity.REJECT, Severity.HOLD, Severity.DENY_LIKELY})
# The same as of the other rates for a cause (`table_rates`).
_USUAL_START, _USUAL_PRIOR_WEIGHT = 0.01, 20.0


class RuleRates(msgspec.Struct, frozen=True, gc=False):
    """What history says of the rules that one line breaks. NaN where it breaks none.

    `rate` puts the `causes` together, each with the largest rate of its findings and
    the practice's usual rate of the cause over all lines, as `usual` does of these;
    `answers` are the payer's, none decayed, on lines with the finding whose rate is
    largest.
    """

    rate: float = math.nan
    answers: int = 0
    usual: float = math.nan
    causes: tuple[tuple[str, float, float], ...] = ()


NOTHING_BROKEN = RuleRates()


class _Counts:
    """Answers and denials of one key, decayed as of the day of the last."""

    __slots__ = ("answers", "denied", "since", "weight")

    def __init__(self) -> None:
        self.since = 0
        self.weight = 0.0
        self.denied = 0.0
        self.answers = 0

    def learn(self, day: int, weight: float, denied: float) -> None:
        decay = _decay(day - self.since) if self.since else 1.0
        self.since = day
        self.weight = self.weight * decay + weight
        self.denied = self.denied * decay + denied
        self.answers += 1

    def rate(self, day: int, prior: float, prior_weight: float) -> float:
        decay = _decay(day - self.since) if self.since else 1.0
        weight = self.weight * decay + prior_weight
        return (self.denied * decay + prior * prior_weight) / weight


class RuleBook:
    """The rates as of a day; `events` in any order, applied by day received."""

    def __init__(self, events: Iterable[AnswerEvent]) -> None:
        self._events = [event for event in in_order(events) if event.counts]
        self._known = 0
        self._day = 0
        self._classes: dict[bool, _Counts] = {}
        self._rules: dict[BrokenRule, _Counts] = {}
        self._payers: dict[tuple[str, BrokenRule], _Counts] = {}
        self._every = _Counts()
        self._causes: dict[str, _Counts] = {}

    def advance(self, day: date) -> None:
        """Learn every answer received before `day`."""
        events = self._events
        self._day = day.toordinal()
        while self._known < len(events) and events[self._known].received_on < day:
            self._learn(events[self._known])
            self._known += 1

    def about(self, payer: str, broken: Broken) -> RuleRates:
        """The rates of the rules that a line to the payer breaks."""
        if not broken:
            return NOTHING_BROKEN
        causes: dict[str, float] = {}
        largest, answers = -1.0, 0
        for rule in broken:
            rate = self._rate(payer, rule)
            if rate > largest:
                largest = rate
                answers = self._payers.get((payer, rule), _NO_COUNTS).answers
            causes[rule.root_cause] = max(rate, causes.get(rule.root_cause, 0.0))
        usual = {cause: self._usual(cause) for cause in causes}
        return RuleRates(
            rate=_together(causes.values()),
            answers=answers,
            usual=_together(usual.values()),
            causes=tuple((cause, rate, usual[cause]) for cause, rate in causes.items()),
        )

    def _rate(self, payer: str, rule: BrokenRule) -> float:
        is_grave = rule.severity in _GRAVE
        rate = _GRAVE_START if is_grave else _WARNING_START
        for counts, prior_weight in (
            (self._classes.get(is_grave), _CLASS_PRIOR_WEIGHT),
            (self._rules.get(rule), _RULE_PRIOR_WEIGHT),
            (self._payers.get((payer, rule)), _PAYER_PRIOR_WEIGHT),
        ):
            if counts is not None:
                rate = counts.rate(self._day, rate, prior_weight)
        return rate

    def _usual(self, cause: str) -> float:
        denied = self._causes.get(cause, _NO_COUNTS)
        shares = denied.denied * _decay(self._day - denied.since)
        answers = self._every.weight * _decay(self._day - self._every.since)
        return (shares + _USUAL_START * _USUAL_PRIOR_WEIGHT) / (
            answers + _USUAL_PRIOR_WEIGHT
        )

    def _learn(self, event: AnswerEvent) -> None:
        day, payer = event.received_on.toordinal(), event.view.payer
        shares = dict(event.shares) if event.denied else {}
        self._every.learn(day, 1.0, 0.0)
        for cause, share in shares.items():
            self._causes.setdefault(cause, _Counts()).learn(day, 0.0, share)
        for rule in event.broken:
            share = shares.get(rule.root_cause, 0.0)
            is_grave = rule.severity in _GRAVE
            for counts in (
                self._classes.setdefault(is_grave, _Counts()),
                self._rules.setdefault(rule, _Counts()),
                self._payers.setdefault((payer, rule), _Counts()),
            ):
                counts.learn(day, 1.0, share)


def _decay(days: int) -> float:
    return math.exp2(-days / _HALF_LIFE_DAYS)


def _together(rates: Iterable[float]) -> float:
    """The rate of any denial if each cause struck independently."""
    return 1.0 - math.prod(1.0 - rate for rate in rates)


_NO_COUNTS = _Counts()
