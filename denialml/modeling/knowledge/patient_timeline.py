"""A patient's visits, answers and treatment plans, asked about as of a day.

Each is put in order once and then asked by bisection: a patient in long treatment has
a hundred of them, and every line of every claim asks.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date
from itertools import accumulate

import msgspec


class Answer(msgspec.Struct, frozen=True, gc=False):
    """One final answer to one line, as far as later claims learn from it."""

    received_on: date
    service_date: date
    denied: bool
    reasons: tuple[str, ...]


class LastAnswers(msgspec.Struct, frozen=True, gc=False):
    """The latest services that were paid and denied; None: none was.

    `reasons` are the codes of that denial.
    """

    paid: date | None = None
    denied: date | None = None
    reasons: tuple[str, ...] = ()

    def learn(self, answer: Answer) -> "LastAnswers":
        """With one more answer; the latest service wins, of denials the newest."""
        day = answer.service_date
        if answer.denied:
            if self.denied is None or day >= self.denied:
                return LastAnswers(self.paid, day, answer.reasons)
        elif self.paid is None or day > self.paid:
            return LastAnswers(day, self.denied, self.reasons)
        return self


class AnswerTrail:
    """What a payer's answers had said by a day. Add them in the order received."""

    __slots__ = ("_days", "_said")

    def __init__(self) -> None:
        self._days: list[date] = []
        self._said: list[LastAnswers] = [LastAnswers()]

    def add(self, answer: Answer) -> None:
        """One more answer, received no earlier than the one before."""
        self._days.append(answer.received_on)
        self._said.append(self._said[-1].learn(answer))

    def before(self, as_of: date) -> LastAnswers:
        """What those received before `as_of` say."""
        return self._said[bisect_left(self._days, as_of)]


class Visits:
    """Days of service, each with the day from which it was known."""

    __slots__ = ("_days", "_known", "_known_by")

    def __init__(self, visits: Iterable[tuple[date, date]] = ()) -> None:
        """`visits` are days of service and known-from days; the earliest counts."""
        first: dict[date, date] = {}
        for day, known in visits:
            earlier = first.get(day)
            if earlier is None or known < earlier:
                first[day] = known
        self._days = sorted(first)
        self._known = [first[day] for day in self._days]
        # Up to a visit, when all of them were known.
        self._known_by = list(accumulate(self._known, max))

    def before(self, day: date, *, as_of: date) -> int:
        """How many days of service before `day` were known on `as_of`."""
        reached = bisect_left(self._days, day)
        if not reached or self._known_by[reached - 1] <= as_of:
            return reached
        all_known = bisect_right(self._known_by, as_of)
        late = self._known[all_known:reached]
        return all_known + sum(known <= as_of for known in late)


class Plans:
    """Days of treatment plans, each with the day its note was signed."""

    __slots__ = ("_latest", "_signed")

    def __init__(self, plans: Iterable[tuple[date, date]] = ()) -> None:
        """`plans` are signing days and plan days."""
        ordered = sorted(plans)
        self._signed = [signed for signed, _ in ordered]
        self._latest = list(accumulate((plan for _, plan in ordered), max))

    def latest(self, as_of: date) -> date | None:
        """The latest plan in a note signed by `as_of`; None: none was."""
        signed = bisect_right(self._signed, as_of)
        return self._latest[signed - 1] if signed else None
