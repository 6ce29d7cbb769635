"""A practice's history as it stood on several days.

Getting a history to an earlier day reads every answer again, seconds for a large
practice. So the history of the day that most claims are scored as of is kept apart:
whoever asks about other days neither moves it nor keeps those waiting who ask about
that day.
"""

from collections.abc import Sequence
from datetime import date
from threading import Lock

from denialml.journeys.turns import Turns
from denialml.modeling.knowledge.answer_event import AnswerEvent
from denialml.modeling.knowledge.history import History

OTHER_DAYS = 2


class Standing:
    """One history. `day` is where it stands or is about to be moved to.

    Use `history` only in a turn of `turns`, after `stand_at`.
    """

    def __init__(self, events: Sequence[AnswerEvent], *, with_rules: bool) -> None:
        self._events = events
        self._with_rules = with_rules
        self.turns = Turns()
        self.day = date.min
        self.history: History | None = None

    def stand_at(self, day: date) -> History:
        """The history as of `day`; made anew where it has gone beyond it."""
        if self.history is None or day < self.history.as_of:
            self.history = History(self._events, with_rules=self._with_rules)
        if self.history.as_of != day:
            self.history.advance(day)
        return self.history


class Histories:
    """One history for the day that is kept, and at most `OTHER_DAYS` for all others."""

    def __init__(
        self, events: Sequence[AnswerEvent], *, with_rules: bool = False
    ) -> None:
        self._events = events
        self._with_rules = with_rules
        self._lock = Lock()
        self._kept = self._standing()
        self._others: list[Standing] = []

    def at(self, day: date, *, kept_day: date | None) -> Standing:
        """The history to use for `day`; that of `kept_day` serves no other day.

        For another day: one that stands there, else the nearest before it, else a new
        one or, where there are enough, the one used longest ago.
        """
        with self._lock:
            if day == kept_day:
                self._kept.day = day
                return self._kept
            found = self._nearest(day)
            if found in self._others:
                self._others.remove(found)
            found.day = day
            self._others.append(found)
            return found

    def found_at(self, day: date, *, kept_day: date | None) -> Standing | None:
        """The history that stands at `day` already, None where one must be moved."""
        with self._lock:
            candidates = (self._kept,) if day == kept_day else self._others
            return next((one for one in candidates if one.day == day), None)

    def _nearest(self, day: date) -> Standing:
        before = [one for one in self._others if one.day <= day]
        if before:
            return max(before, key=lambda one: one.day)
        if len(self._others) < OTHER_DAYS:
            return self._standing()
        return self._others[0]

    def _standing(self) -> Standing:
        return Standing(self._events, with_rules=self._with_rules)
