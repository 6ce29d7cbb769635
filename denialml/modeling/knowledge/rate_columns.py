"""The rates that history gives, for all lines of a frame at once.

What `History.about` says of a line on its submission day is here worked out table by
table over all answers and lines together. The numbers are the same to the last bit:
each key's answers are added up in the order received, with the operations of
`table_rates`, and only what stands alone on its row is left to numpy.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from operator import attrgetter

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.modeling.knowledge.answer_event import AnswerEvent
from denialml.modeling.knowledge.line_view import LineView
from denialml.modeling.knowledge.rate_table import (
    KeyWords,
    Part,
    RateTable,
)
from denialml.modeling.knowledge.rate_tables import (
    KEYS,
    KEYS_OF,
    PARENTS,
    RATE_TABLES,
    USUAL_OF,
)
from denialml.modeling.knowledge.table_rates import (
    LONGEST_DAYS,
    OVERALL_PRIOR_WEIGHT,
    decay_by_answer,
    decay_by_days,
    overall_prior,
)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
# Beyond it, numbers of keys are counted anew: with the number of an answer beside
# them they must fit 64 bits.
_MANY_KEYS = 2**31

RateRow = tuple[
    tuple[float, ...], tuple[float, ...], tuple[int, ...], tuple[float, ...]
]


class RateColumns(msgspec.Struct, frozen=True, kw_only=True):
    """The first four fields of `LineHistory`. All are (lines, tables).

    `days` (lines,) are the proleptic ordinals of the days on which they hold.
    """

    days: Integers
    rates: Floats
    weights: Floats
    answers: Integers
    usual: Floats

    def row(self, position: int) -> RateRow:
        """Of one line, as `LineHistory` has them."""
        return (
            tuple(self.rates[position].tolist()),
            tuple(self.weights[position].tolist()),
            tuple(self.answers[position].tolist()),
            tuple(self.usual[position].tolist()),
        )


def rate_columns(
    events: Sequence[AnswerEvent], views: Sequence[LineView], days: Sequence[date]
) -> RateColumns:
    """What the answers received before its day say about each line.

    Parameters
    ----------
    events : sequence of AnswerEvent
        In the order of `in_order`.
    views, days : sequences
        The lines and the days on which they are sent.
    """
    counted = [event for event in events if event.counts]
    ordinals = np.array([day.toordinal() for day in days], dtype=np.int64)
    answers = _Answers(counted)
    words = _Words([*(event.view for event in counted), *views])
    asked = [_Asked(answers, words, key, ordinals) for key in KEYS]
    shape = (len(views), len(RATE_TABLES))
    found = RateColumns(
        days=ordinals,
        rates=np.empty(shape, order="F"),
        weights=np.empty(shape, order="F"),
        answers=np.empty(shape, dtype=np.int64, order="F"),
        usual=np.empty(shape, order="F"),
    )
    for position, table in enumerate(RATE_TABLES):
        key, parent, usual_of = asked[KEYS_OF[position]], PARENTS[position], USUAL_OF
        found.usual[:, position] = (
            _usual(table, answers, key, ordinals)
            if usual_of[position] == position
            else found.usual[:, usual_of[position]]
        )
        prior = found.usual[:, position] if parent < 0 else found.rates[:, parent]
        rate, weight = _rates(table, answers, key, prior)
        found.rates[:, position] = rate
        found.weights[:, position] = weight
        found.answers[:, position] = key.count
    return found


class _Answers:
    """The answers that enter the rates, in the order received."""

    def __init__(self, events: Sequence[AnswerEvent]) -> None:
        self._values = _denied_shares(events)
        self.days = np.array(
            [event.received_on.toordinal() for event in events], dtype=np.int64
        )

    def __len__(self) -> int:
        return len(self.days)

    def values(self, causes: frozenset[str]) -> Floats:
        """How much of a denial for these causes each answer was."""
        return self._values[causes]


def _denied_shares(events: Sequence[AnswerEvent]) -> dict[frozenset[str], Floats]:
    """`denied_share` of all answers (answers,) for the causes of each table."""
    asked = list(dict.fromkeys(table.causes for table in RATE_TABLES))
    shares = {causes: [0.0] * len(events) for causes in asked}
    columns: dict[str, list[list[float]]] = {}
    for causes in asked:
        for cause in causes:
            columns.setdefault(cause, []).append(shares[causes])
    for position, event in enumerate(events):
        if not event.denied:
            continue
        if _ANY_CAUSE in shares:
            shares[_ANY_CAUSE][position] = 1.0
        for cause, share in event.shares:
            for column in columns.get(cause, ()):
                column[position] += share
    return {causes: np.array(found) for causes, found in shares.items()}


_ANY_CAUSE: frozenset[str] = frozenset()
_PARTS = tuple(
    dict.fromkeys(
        part for key in KEYS for part in (*key.by, key.only_with) if part != ""
    )
)
_FIELDS = tuple(part for part in _PARTS if isinstance(part, str))
_MADE = tuple(part for part in _PARTS if not isinstance(part, str))


class _Words:
    """Numbers for the words of views, alike where the words are."""

    def __init__(self, views: Sequence[LineView]) -> None:
        # The view of an answered line stands twice, with the answer and the line.
        different = {id(view): view for view in views}
        places = {one: at for at, one in enumerate(different)}
        self._places = np.array([places[id(view)] for view in views], dtype=np.int64)
        # All parts of a view while it is at hand: a pass for each finds it cold.
        fields = attrgetter(*_FIELDS)
        made = [
            (*fields(view), *[part(view) for part in _MADE])
            for view in different.values()
        ]
        self._words = dict(
            zip((*_FIELDS, *_MADE), zip(*made, strict=True), strict=False)
        )
        self._numbers: dict[Part, tuple[Integers, int]] = {}

    def keys(self, by: tuple[Part, ...]) -> Integers:
        """A number for the key of each view (views,)."""
        keys, size = self._part(by[0])
        for part in by[1:]:
            numbers, words = self._part(part)
            if size * words > _MANY_KEYS:
                found, keys = np.unique(keys, return_inverse=True)
                size = len(found)
            keys, size = keys * words + numbers, size * words
        return keys[self._places]

    def holds(self, name: str) -> npt.NDArray[np.bool_]:
        """Whether the field is not empty (views,)."""
        words = self._words.get(name, ())
        return np.array([bool(word) for word in words], dtype=np.bool_)[self._places]

    def _part(self, part: Part) -> tuple[Integers, int]:
        found = self._numbers.get(part)
        if found is None:
            words = self._words.get(part, ())
            numbers = {word: at for at, word in enumerate(dict.fromkeys(words))}
            column = np.array(list(map(numbers.__getitem__, words)), dtype=np.int64)
            found = self._numbers[part] = (column, max(len(numbers), 1))
        return found


class _Asked:
    """One key: its answers, key after key, and which of them each line knows.

    `at` are the answers that have such a key as received, `order` the same by key and
    then as received; `new_key` is True at the first of a key, `gaps` are the days since
    the one before. Of the lines: `arises`
    is whether they have such a key, `count` how many answers with the same one they
    know, `last` the last of those in `order` (0 without any), `days_since` how old it
    is.
    """

    def __init__(
        self, answers: _Answers, words: _Words, key: KeyWords, lines: Integers
    ) -> None:
        numbers = words.keys(key.by)
        own, asked = numbers[: len(answers)], numbers[len(answers) :]
        self.arises = np.ones(len(lines), dtype=np.bool_)
        self.at = np.arange(len(answers))
        if key.only_with:
            holds = words.holds(key.only_with)
            self.arises = holds[len(answers) :]
            self.at = np.flatnonzero(holds[: len(answers)])
        self.order = self.at[np.argsort(own[self.at], kind="stable")]
        own = own[self.order]
        self.days = answers.days[self.order]
        self.new_key = np.ones(len(own), dtype=np.bool_)
        self.new_key[1:] = own[1:] != own[:-1]
        self.gaps = np.diff(self.days, prepend=self.days[:1])
        self.gaps[self.new_key] = 0
        self._weights: dict[tuple[int, int], tuple[list[float], Floats]] = {}
        self.last = np.zeros(len(lines), dtype=np.int64)
        self.count = np.zeros(len(lines), dtype=np.int64)
        self.days_since = np.zeros(len(lines), dtype=np.int64)
        if not len(own):
            return
        received = np.searchsorted(answers.days, lines, side="left")
        step = len(answers) + 1
        placed = own * step + self.order
        last = np.maximum(np.searchsorted(placed, asked * step + received) - 1, 0)
        first = np.maximum.accumulate(np.where(self.new_key, np.arange(len(own)), 0))
        known = (placed[last] < asked * step + received) & (own[last] == asked)
        known &= self.arises
        self.last = np.where(known, last, 0)
        self.count = np.where(known, last - first[last] + 1, 0)
        self.days_since = np.where(known, lines - self.days[self.last], 0)

    def weights(self, table: RateTable) -> tuple[list[float], Floats]:
        """What each answer leaves of those before it, and the weight up to it; both
        are the same for all tables of this key and half-life."""
        pace = (table.half_life_days, table.half_life_answers)
        found = self._weights.get(pace)
        if found is None:
            left = _decay(table)[np.minimum(self.gaps, LONGEST_DAYS)]
            left = left * decay_by_answer(table)
            left[self.new_key] = 0.0
            factors = left.tolist()
            weights = _decayed_sums(factors, np.ones(len(factors)))
            found = self._weights[pace] = (factors, weights)
        return found


def _rates(
    table: RateTable, answers: _Answers, key: _Asked, prior: Floats
) -> tuple[Floats, Floats]:
    """Rates and weights (lines,) of one table."""
    decay = _decay(table)
    factors, weight = key.weights(table)
    denied = _decayed_sums(factors, answers.values(table.causes)[key.order])
    rates = np.where(key.arises, prior, np.nan)
    weights = np.where(key.arises, 0.0, np.nan)
    if len(weight):
        known = key.count > 0
        left = decay[np.minimum(key.days_since, LONGEST_DAYS)]
        own = weight[key.last] * left
        prior_weight = table.prior_weight
        rate = (denied[key.last] * left + prior * prior_weight) / (own + prior_weight)
        rates = np.where(known, rate, rates)
        weights = np.where(known, own, weights)
    return rates, weights


def _usual(table: RateTable, answers: _Answers, key: _Asked, lines: Integers) -> Floats:
    """The rate over all keys of the table on the day of each line (lines,)."""
    days, count = np.unique(answers.days[key.at], return_counts=True)
    a_day = np.repeat(np.arange(len(days)), count)
    values = answers.values(table.causes)[key.at]
    new_denied: Floats = np.bincount(a_day, values, len(days)).astype(np.float64)
    decay = _decay(table)
    factors = decay[np.minimum(np.diff(days, prepend=days[:1]), LONGEST_DAYS)]
    steps = factors.tolist()
    weight = _decayed_sums(steps, count.astype(np.float64))
    denied = _decayed_sums(steps, new_denied)
    known = np.searchsorted(days, lines, side="left")
    since = np.where(known > 0, lines - np.concatenate(([0], days))[known], 0)
    left = decay[np.minimum(since, LONGEST_DAYS)]
    weight, denied = (np.concatenate(([0.0], one))[known] for one in (weight, denied))
    prior = overall_prior(table) * OVERALL_PRIOR_WEIGHT
    usual: Floats = (denied * left + prior) / (weight * left + OVERALL_PRIOR_WEIGHT)
    return usual


def _decayed_sums(factors: list[float], added: Floats) -> Floats:
    total = 0.0
    steps = zip(factors, added.tolist(), strict=True)
    return np.array([total := total * factor + more for factor, more in steps])


@cache
def _decay(table: RateTable) -> Floats:
    found = np.array(decay_by_days(table))
    found.setflags(write=False)
    return found
