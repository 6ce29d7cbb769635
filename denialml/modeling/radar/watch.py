"""Reading the answers day by day: which alarms are raised, and which changes end.

`watch` replays a practice's whole history, so that the same answers give the same
alarms whether it is asked daily or once a year. Each day uses only what had been
received by its end.
"""

import math
from collections import defaultdict
from collections.abc import Sequence

import msgspec
import numpy as np

from denialml.modeling.radar.answers import (
    LineAnswer,
    circumstances,
    without_repeats,
)
from denialml.modeling.radar.earlier_rates import ANY, EarlierRates, is_payer_rule
from denialml.modeling.radar.evidence import (
    Floats,
    Rows,
    Stakes,
    evidence_without_one,
    highest_evidence,
    hits_of,
    place_stakes,
)
from denialml.modeling.radar.groups import LEVELS
from denialml.modeling.radar.payer_book import PayerBook, Stream
from denialml.modeling.radar.settings import RadarSettings

_QUARTER_DAYS = 91.0
# Shares of a group's allowance: denials for any reason, for one reason that a payer's
# rule can have, and for one that lies with coverage or the practice.
_ANY_SHARE, _RULE_SHARE, _OTHER_SHARE = 0.003, 0.04, 0.0004

# A reason rose elsewhere when so many times more than usual are denied for it.
_ELSEWHERE = 1.5
# A change has ended when the rise is less than this share of what it was.
_STILL_RISEN = 0.4


class Change(msgspec.Struct, kw_only=True):
    """One alarm and what became of it. Days are ordinals, `ended_on` None while open.

    `streams` are all that the change raised an alarm in, the first one first;
    `added` the share of otherwise paid lines that are denied since.
    """

    payer: str
    streams: list[Stream]
    began_on: int
    detected_on: int
    added: float
    log_evidence: float
    log_evidence_needed: float
    ended_on: int | None = None
    resolved_on: int | None = None

    @property
    def stream(self) -> Stream:
        return self.streams[0]


class Watch:
    """A practice's answers as they arrive. `advance` moves it from day to day."""

    def __init__(self, answers: Sequence[LineAnswer], settings: RadarSettings) -> None:
        self.settings = settings
        self.rates = EarlierRates(settings)
        self.changes: list[Change] = []
        self.rises: Floats = np.array(settings.rise_sizes)
        trials = without_repeats(answers, days=settings.repeat_days)
        known = circumstances(answers)
        by_payer: dict[str, list[int]] = defaultdict(list)
        for row, answer in enumerate(answers):
            by_payer[answer.payer].append(row)
        self.books = {
            payer: PayerBook(
                payer,
                [answers[row] for row in rows],
                trials=[trials[row] for row in rows],
                circumstances=[known[row] for row in rows],
            )
            for payer, rows in sorted(by_payer.items())
        }
        self._to_learn: dict[int, list[tuple[str, int]]] = defaultdict(list)
        self._days = sorted({answer.received_on for answer in answers})

    def run(self) -> None:
        """Read everything."""
        learnt_to = self._days[0] if self._days else 0
        for day in self._days:
            while learnt_to < day:
                learnt_to += 1
                self._learn(learnt_to)
            self.rates.day = day
            for payer, book in self.books.items():
                rows = book.arrive(day, self.rates)
                if len(rows):
                    self._apply_open_changes(book, rows)
                    self._schedule(book, rows, day)
                    self._test(book, rows, day)
                    self._test_ends(payer, day)

    def coverage(self) -> tuple[int, tuple[str, ...]]:
        """How many groups are watched, and the payers of which none is."""
        count, unwatched = 0, []
        for payer, book in self.books.items():
            watched = sum(
                math.isfinite(self.log_threshold(book, Stream(level, number, ANY)))
                for level in range(len(LEVELS))
                for number in range(len(book.keys[level]))
            )
            count += watched
            if not watched:
                unwatched.append(payer)
        return count, tuple(unwatched)

    def _schedule(self, book: PayerBook, rows: Rows, day: int) -> None:
        """Rows are learnt when no change that is still looked for can be in them."""
        for row in rows[book.trial[rows]].tolist():
            ripe = int(book.submitted[row]) + self.settings.window_days
            self._to_learn[max(ripe, day + 1)].append((book.payer, row))

    def _learn(self, day: int) -> None:
        self.rates.day = day
        for payer, row in self._to_learn.pop(day, ()):
            book = self.books[payer]
            book.learnt_since = min(book.learnt_since, day)
            answer = book.answers[row]
            if self._is_explained(book, row):
                continue
            self.rates.learn(
                payer,
                book.line_keys[row],
                reason=answer.reason,
                circumstance=book.circumstances[row],
            )
            book.times.learn(
                answer.received_on - answer.submitted_on,
                denied=answer.denied,
                by_rule=bool(book.payer_rule[row]),
            )

    def _is_explained(self, book: PayerBook, row: int) -> bool:
        """Whether a change took place in the row: its rate is not the usual one."""
        day = book.submitted[row]
        return any(
            change.payer == book.payer
            and change.began_on <= day
            and (change.ended_on is None or day < change.ended_on)
            and any(book.group[row, one.level] == one.number for one in change.streams)
            for change in self.changes
        )

    def log_threshold(self, book: PayerBook, stream: Stream) -> float:
        """Log of the evidence at which a stream alarms; infinite if not watched."""
        key = book.keys[stream.level][stream.number]
        weight = self.rates.weight(book.payer, stream.level, key)
        warm = book.learnt_since + self.settings.warm_up_days <= self.rates.day
        if weight < self.settings.least_answers or not warm:
            return math.inf
        share = (
            _ANY_SHARE
            if stream.reason == ANY
            else _RULE_SHARE
            if is_payer_rule(stream.reason)
            else _OTHER_SHARE
        )
        part = LEVELS[stream.level].share * share * weight / self.rates.answers
        return math.log(_QUARTER_DAYS / (self.settings.nominal_alarms * part))

    def _stakes(
        self, book: PayerBook, stream: Stream, *, day: int, needed: float
    ) -> Stakes | None:
        """The stakes of a stream for starts in the window; None if far below."""
        level, reason, rises = stream.level, stream.reason, self.rises
        window = self.settings.window_days
        denials = book.denials_of(stream, submitted_after=day - window)
        if len(denials) < self.settings.least_patients:
            return None
        highest = highest_evidence(
            book, denials, level=level, reason=reason, rises=rises, starts=window + 1
        )
        if highest < needed:
            return None
        rows = book.rows_of(level, stream.number, submitted_after=day - window)
        return place_stakes(book, rows, level=level, reason=reason, rises=rises)

    def _test(self, book: PayerBook, rows: Rows, day: int) -> None:
        """Test each stream that a new denial speaks for; the strongest alarm counts."""
        streams = book.note_denials(rows[(book.reason[rows] >= 0) & book.trial[rows]])
        while True:
            found: list[tuple[float, Stream, Stakes]] = []
            for stream in streams:
                needed = self.log_threshold(book, stream)
                if not math.isfinite(needed):
                    continue
                stakes = self._stakes(book, stream, day=day, needed=needed)
                if stakes is None:
                    continue
                excess = stakes.log_evidence - needed
                if (
                    excess > 0
                    and self._is_widespread(book, stakes)
                    and not self._is_everywhere(book, stream, stakes)
                ):
                    found.append((excess, stream, stakes))
            if not found:
                return
            _, stream, stakes = max(found, key=lambda one: one[0])
            self._raise_alarm(book, stream, stakes, day)

    def _is_widespread(self, book: PayerBook, stakes: Stakes) -> bool:
        """Whether it is more than one clinician's, or a few patients', trouble."""
        start = stakes.starts[int(np.argmax(stakes.log_stake))]
        denied = stakes.rows[stakes.hits & (stakes.days >= start)]
        if len(np.unique(book.patient[denied])) < self.settings.least_patients:
            return False
        if len(np.unique(book.received[denied])) < self.settings.least_answer_days:
            return False
        least = self.settings.evidence_without_one
        return all(
            evidence_without_one(stakes, who[stakes.rows]) >= least
            for who in (book.clinician, book.patient)
        )

    def _is_everywhere(self, book: PayerBook, stream: Stream, stakes: Stakes) -> bool:
        """Whether a reason that lies with coverage or practice rose elsewhere too.

        January's lapses reach every payer. A reason that a payer's rule can have is
        not asked: several payers may well take up the same rule.
        """
        if stream.reason == ANY or is_payer_rule(stream.reason):
            return False
        start = int(stakes.starts[int(np.argmax(stakes.log_stake))])
        denied = expected = 0.0
        for other in self.books.values():
            if other is book or stream.reason not in other.reasons:
                continue
            rows = other.rows_of(0, 0, submitted_after=start - 1)
            if len(rows):
                keys = other.line_keys[int(rows[0])]
                rate = self.rates.rate(other.payer, keys, level=0, reason=stream.reason)
                denied += float(hits_of(other, rows, reason=stream.reason).sum())
                expected += len(rows) * rate
        least = self.settings.least_patients
        return denied >= least and denied > _ELSEWHERE * expected

    def _raise_alarm(
        self, book: PayerBook, stream: Stream, stakes: Stakes, day: int
    ) -> None:
        best = int(np.argmax(stakes.log_stake))
        began = int(stakes.starts[best])
        since = stakes.rows[stakes.days >= began]
        denied = hits_of(book, since, reason=stream.reason)
        rate = (float(denied.sum()) + 0.5) / (len(since) + 1.0)
        needed = self.log_threshold(book, stream)
        change = self._same_change(book, stream, began)
        if change is None:
            change = Change(
                payer=book.payer,
                streams=[stream],
                began_on=began,
                detected_on=day,
                added=rate,
                log_evidence=stakes.log_evidence,
                log_evidence_needed=needed,
            )
            self.changes.append(change)
        else:
            change.streams.append(stream)
            change.began_on = min(change.began_on, began)
            change.added = max(change.added, rate)
        known = np.arange(book.known)
        self._expect_change(book, known, change, stream)

    def _same_change(
        self, book: PayerBook, stream: Stream, began: int
    ) -> Change | None:
        """The open change that an alarm belongs to: same reason, or same time."""
        for change in reversed(self.changes):
            if change.payer != book.payer or change.ended_on is not None:
                continue
            reasons = {one.reason for one in change.streams}
            near = abs(began - change.began_on) <= self.settings.window_days
            if stream.reason in reasons or (near and ANY in {*reasons, stream.reason}):
                return change
        return None

    def _apply_open_changes(self, book: PayerBook, rows: Rows) -> None:
        for change in self.changes:
            if change.payer == book.payer and change.ended_on is None:
                for stream in change.streams:
                    self._expect_change(book, rows, change, stream)

    def _expect_change(
        self, book: PayerBook, rows: Rows, change: Change, stream: Stream
    ) -> None:
        """Expect what is known: the change is no news in any other group."""
        rows = rows[
            (book.submitted[rows] >= change.began_on)
            & (book.group[rows, stream.level] == stream.number)
            & (book.reason[rows] >= 0)
            & book.trial[rows]
        ]
        hit = rows[hits_of(book, rows, reason=stream.reason)]
        if not len(hit):
            return
        rate = min(0.95, 1.5 * change.added + 0.05)
        book.believed[hit] = np.fmax(book.believed[hit], rate)
        ruled = rows[book.payer_rule[rows]]
        book.believed_any[ruled] = np.fmax(book.believed_any[ruled], rate)

    def _test_ends(self, payer: str, day: int) -> None:
        """Close the changes after which the payer answers as before."""
        book = self.books[payer]
        for change in self.changes:
            if change.payer != payer or change.ended_on is not None:
                continue
            ended = self._end_of(book, change)
            if ended is not None:
                change.ended_on, change.resolved_on = ended, day

    def _end_of(self, book: PayerBook, change: Change) -> int | None:
        """The day from which submissions are answered as before, if that is sure."""
        stream = change.stream
        rows = book.rows_of(
            stream.level, stream.number, submitted_after=change.began_on - 1
        )
        if not len(rows):
            return None
        keys = book.line_keys[int(rows[-1])]
        usual = self.rates.rate(
            book.payer, keys, level=stream.level, reason=stream.reason
        )
        hits = hits_of(book, rows, reason=stream.reason).astype(np.float64)
        # A new cohort's first answers are payments: those say less than they seem to.
        others = (1.0 - hits) * np.minimum(
            book.odds_of(rows, reason=stream.reason), 1.0
        )
        days, position = np.unique(book.submitted[rows], return_inverse=True)
        denied = np.bincount(position, weights=hits)
        other = np.bincount(position, weights=others)
        denied_before = denied.cumsum() - denied
        other_before = other.cumsum() - other
        rate = (denied_before + 0.5) / (denied_before + other_before + 1.0)
        middle = np.clip(usual + _STILL_RISEN * (rate - usual), usual + 0.02, 0.97)
        denied_after = denied[::-1].cumsum()[::-1]
        other_after = other[::-1].cumsum()[::-1]
        evidence = denied_after * np.log(usual / middle)
        evidence += other_after * np.log((1 - usual) / (1 - middle))
        evidence[denied_before < self.settings.least_patients] = -math.inf
        best = int(np.argmax(evidence))
        if evidence[best] < self.settings.resolved_evidence:
            return None
        return int(days[best])
