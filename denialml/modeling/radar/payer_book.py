"""All answers of one payer in columns, with what was expected of each on arrival."""

from collections.abc import Sequence
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.modeling.radar.answer_times import AnswerTimes
from denialml.modeling.radar.answers import LineAnswer
from denialml.modeling.radar.earlier_rates import ANY, EarlierRates, is_payer_rule
from denialml.modeling.radar.groups import CELL, LEVELS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
NEVER = date.max.toordinal()


class Stream(msgspec.Struct, frozen=True):
    """What is tested: a group of one payer's lines and a reason (`ANY`)."""

    level: int
    number: int
    reason: str


class PayerBook:
    """One payer's answers, in the order received. n rows, G levels, J rise sizes.

    Attributes
    ----------
    received, submitted, served : int array (n,)
        Days, proleptic ordinals.
    group : int array (n, G)
        Number of the line's group at each level; `keys[level][number]` is its key.
    reason : int array (n,)
        Number of the denial's reason, -1 where paid; `reasons[number]` is the code.
    payer_rule : bool array (n,)
        Whether the reason can come from a rule of the payer.
    trial : bool array (n,)
        False for the repeats of `answers.without_repeats`.
    expected, expected_any : float array (n, G)
        The rate at which the group was denied before: for the reason that a denied
        line got, and for any; on the answer's age. NaN before the answer arrived, and
        `expected` NaN for paid lines.
    known : int
        How many rows have been received so far.
    learnt_since : int
        The day of the first answer that earlier rates were learnt from.
    odds : float array (n, 2)
        What the answer's age says (`AnswerTimes.denial_odds`) of a denial by coverage
        or practice, and of one by a rule of the payer (`odds_of`).
    """

    def __init__(
        self,
        payer: str,
        answers: Sequence[LineAnswer],
        *,
        trials: Sequence[bool],
        circumstances: Sequence[str],
    ) -> None:
        self.payer = payer
        self.answers = answers
        self.circumstances = circumstances
        self.received = np.array([one.received_on for one in answers], dtype=np.int64)
        self.submitted = np.array([one.submitted_on for one in answers], dtype=np.int64)
        self.served = np.array([one.served_on for one in answers], dtype=np.int64)
        self.trial = np.array(trials, dtype=np.bool_)
        self.line_keys = [tuple(level.key(one) for level in LEVELS) for one in answers]
        self.keys: list[list[str]] = []
        columns = []
        for level in range(len(LEVELS)):
            keys, numbers = _numbered([keys[level] for keys in self.line_keys])
            self.keys.append(keys)
            columns.append(numbers)
        self.group = np.stack(columns, axis=1)
        self.reasons, numbers = _numbered([one.reason for one in answers])
        paid = np.array([not one.reason for one in answers], dtype=np.bool_)
        self.reason = np.where(paid, -1, numbers)
        rules = np.array([is_payer_rule(one) for one in self.reasons], dtype=np.bool_)
        self.payer_rule = rules[numbers] & ~paid
        self.clinician = _numbered([one.clinician for one in answers])[1]
        self.patient = _numbered([one.patient for one in answers])[1]
        shape = (len(answers), len(LEVELS))
        self.expected = np.full(shape, np.nan)
        self.expected_any = np.full(shape, np.nan)
        self.believed = np.full(shape, np.nan)
        self.believed_any = np.full(shape, np.nan)
        self.odds = np.ones((len(answers), 2))
        self.times = AnswerTimes()
        self._denials: dict[Stream, list[int]] = {}
        self.known = 0
        self.learnt_since = NEVER

    @property
    def latest(self) -> int:
        """The newest submission day among the answers known so far."""
        return int(self.submitted[: self.known].max())

    def arrive(self, until: int, rates: EarlierRates) -> Rows:
        """Take in the answers received up to `until`; the rows that are new."""
        end = int(np.searchsorted(self.received, until, side="right"))
        rows = np.arange(self.known, end)
        self.known = end
        if not len(rows):
            return rows
        ages = (self.received[rows] - self.submitted[rows]).astype(np.float64)
        for by_rule in (False, True):
            self.odds[rows, int(by_rule)] = self.times.denial_odds(
                ages, by_rule=by_rule
            )
        for row in rows.tolist():
            if self.reason[row] < 0 or not self.trial[row]:
                continue
            keys, reason = self.line_keys[row], self.answers[row].reason
            self.expected[row] = self._expect(
                rates, keys, reason=reason, circumstance=self.circumstances[row]
            )
            if self.payer_rule[row]:
                self.expected_any[row] = self._expect(
                    rates, keys, reason=ANY, circumstance=self.circumstances[row]
                )
        self.believed[rows] = self.expected[rows]
        self.believed_any[rows] = self.expected_any[rows]
        return rows

    def _expect(
        self,
        rates: EarlierRates,
        keys: Sequence[str],
        *,
        reason: str,
        circumstance: str,
    ) -> list[float]:
        """The rate of the line's own cell, or of the level's group if that is more.

        Times what the line's circumstances say.
        """
        own = rates.rate(self.payer, keys, level=CELL, reason=reason)
        risk = rates.relative_risk(circumstance, reason=reason)
        usual = (
            own
            if level == CELL
            else max(own, rates.rate(self.payer, keys, level=level, reason=reason))
            for level in range(len(LEVELS))
        )
        return [rates.bounded(rate * risk) for rate in usual]

    def note_denials(self, rows: Rows) -> list[Stream]:
        """Keep denials (rows of trials) by stream; the streams they speak for."""
        streams: dict[Stream, None] = {}
        for row in rows.tolist():
            reasons = [self.reasons[int(self.reason[row])]]
            if self.payer_rule[row]:
                reasons.append(ANY)
            for level in range(len(LEVELS)):
                for reason in reasons:
                    stream = Stream(level, int(self.group[row, level]), reason)
                    self._denials.setdefault(stream, []).append(row)
                    streams[stream] = None
        return list(streams)

    def denials_of(self, stream: Stream, *, submitted_after: int) -> Rows:
        """The noted denials of a stream sent after a day; older ones are dropped."""
        kept = [
            row
            for row in self._denials.get(stream, ())
            if self.submitted[row] > submitted_after
        ]
        self._denials[stream] = kept
        return np.array(kept, dtype=np.intp)

    def odds_of(self, rows: Rows, *, reason: str) -> Floats:
        """What the ages of the answers `rows` say of a denial for the reason."""
        by_rule = reason == ANY or is_payer_rule(reason)
        odds: Floats = self.odds[rows, int(by_rule)]
        return odds

    def rows_of(self, level: int, number: int, *, submitted_after: int) -> Rows:
        """Trials of a group among the known answers, sent after a day."""
        start = int(np.searchsorted(self.received[: self.known], submitted_after))
        known = slice(start, self.known)
        rows = np.flatnonzero(
            (self.submitted[known] > submitted_after)
            & (self.group[known, level] == number)
            & self.trial[known]
        )
        return rows + start


def _numbered(words: Sequence[str]) -> tuple[list[str], Ints]:
    """The different words and, for each, its number."""
    numbers: dict[str, int] = {}
    positions = [numbers.setdefault(word, len(numbers)) for word in words]
    return list(numbers), np.array(positions, dtype=np.int64)
