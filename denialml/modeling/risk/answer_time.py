"""How long payers take to answer, learnt from the answers received so far.

Answers come late, denials later than payments, and each payer has its own pace. What
has been received by a day is cut off on the right: of last month's claims only the
quick answers are there. So the delays are estimated backwards (Lynden-Bell): of the
answers that could have been seen after d days, the share that took exactly d. This
needs no claim that is still unanswered, whose outcome nobody knows, and so it is done
for payments and denials apart. A payer with few answers is drawn towards all payers.
"""

from collections.abc import Sequence
from datetime import date
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from denialml.domain.risk import AnswerDays
from denialml.modeling.knowledge.history import History

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.int32]

# Answers later than this are not told from this day: the estimate is of the delay of
# what is answered within it.
LONGEST_DAYS = 180
# Paces change: answers to lines sent in the last two years tell the delays.
PACE_DAYS = 720
# How many answers of its own outweigh what all payers' pace says of a payer.
_PRIOR_ANSWERS = 30.0
_LOW, _MIDDLE, _HIGH = 0.1, 0.5, 0.9


class AnswerTimes:
    """P(answered within d days) by payer, for paid and for denied lines.

    Parameters
    ----------
    payer : sequence of str, (answers,)
    denied : bool array, (answers,)
    delay_days : int array, (answers,)
        From submission to the first decision received.
    age_days : int array, (answers,)
        From submission to the day of asking; every delay is below its age.
    """

    def __init__(
        self,
        payer: Sequence[str],
        *,
        denied: npt.NDArray[np.bool_],
        delay_days: Days,
        age_days: Days,
    ) -> None:
        names, position = np.unique(
            np.asarray(payer, dtype=object), return_inverse=True
        )
        self._payers = {str(name): at for at, name in enumerate(names)}
        delay = np.clip(delay_days, 0, LONGEST_DAYS)
        age = np.clip(age_days - 1, 0, LONGEST_DAYS)
        seen = delay_days <= LONGEST_DAYS
        self._curves: list[Floats] = []
        for outcome in (False, True):
            rows = (denied == outcome) & seen
            self._curves.append(
                _curves(position[rows], len(names), delay[rows], age[rows])
            )

    def answered_within(self, payer: str, days: int, *, denied: bool) -> float:
        """The probability that such a line has been answered after so many days."""
        curve = self._curves[denied][self._payers.get(payer, -1)]
        return float(curve[min(max(days, 0), LONGEST_DAYS)])

    def shares_answered(
        self, payer: Sequence[str], days: Days, *, denied: npt.NDArray[np.bool_]
    ) -> Floats:
        """`answered_within` of many lines, float64 (lines,)."""
        at = np.array([self._payers.get(one, -1) for one in payer], dtype=np.intp)
        within = np.clip(days, 0, LONGEST_DAYS)
        paid_curve, denied_curve = self._curves
        return np.where(denied, denied_curve[at, within], paid_curve[at, within])

    def expected(self, payer: str, *, denial_risk: float) -> AnswerDays:
        """Days until an answer: the median and where 80% of answers lie."""
        at = self._payers.get(payer, -1)
        curve = (1 - denial_risk) * self._curves[0][at]
        curve = curve + denial_risk * self._curves[1][at]
        low, middle, high = (
            int(np.searchsorted(curve, share)) for share in (_LOW, _MIDDLE, _HIGH)
        )
        return AnswerDays(median=middle, low=low, high=high)


def _curves(payer: npt.NDArray[np.intp], payers: int, delay: Days, age: Days) -> Floats:
    """P(answer within d days), float64 (payers + 1, LONGEST_DAYS + 1).

    The last row is of all payers, for those that have never answered.
    """
    width = LONGEST_DAYS + 1
    shape = (payers, width)
    exactly = np.zeros(shape)
    np.add.at(exactly, (payer, delay), 1.0)
    # Of d: answers that took at most d and whose age would have shown d.
    started, ended = np.zeros(shape), np.zeros(shape)
    np.add.at(started, (payer, delay), 1.0)
    np.add.at(ended, (payer, age), 1.0)
    exposed = np.cumsum(started, axis=1) - np.cumsum(ended, axis=1) + ended
    overall = _backward_hazard(exactly.sum(axis=0), exposed.sum(axis=0))
    own = (exactly + _PRIOR_ANSWERS * overall) / (exposed + _PRIOR_ANSWERS)
    hazards = np.vstack([own, overall])
    return _from_hazards(hazards)


def _backward_hazard(exactly: Floats, exposed: Floats) -> Floats:
    return np.divide(exactly, exposed, out=np.zeros_like(exactly), where=exposed > 0)


def _from_hazards(hazards: Floats) -> Floats:
    """P(delay <= d) is the product of 1 - hazard over all later days."""
    later = np.cumprod((1.0 - hazards)[:, :0:-1], axis=1)[:, ::-1]
    return np.hstack([later, np.ones((len(hazards), 1))])


class _Pace:
    """A history's answers as arrays in the order received; the last day's times."""

    def __init__(self, history: History) -> None:
        events = history.events
        self._payer = np.array([one.view.payer for one in events], dtype=object)
        self._denied = np.array([one.denied for one in events], dtype=np.bool_)
        self._counts = np.array([one.counts for one in events], dtype=np.bool_)
        self._sent = np.array(
            [one.submitted_on.toordinal() for one in events], dtype=np.int32
        )
        self._received = np.array(
            [one.received_on.toordinal() for one in events], dtype=np.int32
        )
        self._day = date.min
        self._times: AnswerTimes | None = None

    def on(self, day: date, known: int) -> AnswerTimes | None:
        """The times by the first `known` answers; None where there is none."""
        if day != self._day:
            today = day.toordinal()
            rows = np.flatnonzero(
                self._counts[:known] & (self._sent[:known] >= today - PACE_DAYS)
            )
            self._times = None
            if len(rows):
                self._times = AnswerTimes(
                    self._payer[rows].tolist(),
                    denied=self._denied[rows],
                    delay_days=self._received[rows] - self._sent[rows],
                    age_days=today - self._sent[rows],
                )
            self._day = day
        return self._times


_PACES: WeakKeyDictionary[History, _Pace] = WeakKeyDictionary()


def answer_times(history: History) -> AnswerTimes | None:
    """Payers' pace by the answers that a history has learnt; None without any."""
    pace = _PACES.get(history)
    if pace is None:
        pace = _PACES[history] = _Pace(history)
    return pace.on(history.as_of, history.answers_known)
