"""What an alarm means: the narrowest group, the first day, before and since, in words.

An alarm is raised in the first group that was sure enough, often a wide one; with the
answers that came since, the group is chosen again each time it is described.
"""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import date

import msgspec
import numpy as np

from denialml.domain.payer_change import (
    AnswerCount,
    ChangeClock,
    ChangedGroup,
    ChangeStatus,
    PayerChange,
)
from denialml.modeling.radar.earlier_rates import ANY
from denialml.modeling.radar.evidence import Ints, Rows, hits_of, place_stakes
from denialml.modeling.radar.groups import LEVELS
from denialml.modeling.radar.payer_book import PayerBook, Stream
from denialml.modeling.radar.watch import Change, Watch

_TAIL = 0.05
_YEAR_DAYS = 365
# Answers to submissions up to so long after the alarm still sharpen what it means.
_SHARPENED_DAYS = 45
# One reason stands for a rise under several if it has this share of it.
_MOST = 0.7
# Log-evidence by which another clock must be better: rules go by the service day.
_CLEARLY = 3.0


class _Start(msgspec.Struct, frozen=True):
    """The likeliest first day with the interval that holds 90%, and the clock."""

    clock: ChangeClock
    day: int
    earliest: int
    latest: int
    log_evidence: float


def describe(watch: Watch, change: Change, *, names: Mapping[str, str]) -> PayerChange:
    """One change as the radar reports it; `names` give payers' names by id."""
    book = watch.books[change.payer]
    reason = _one_reason(book, change)
    stream = _narrowest(watch, book, change, reason=reason)
    start = _start(watch, book, change, stream)
    days = _days(book, start.clock)
    known = np.arange(book.known)
    ended = change.ended_on if change.ended_on is not None else math.inf
    in_group = book.group[known, stream.level] == stream.number
    is_since = (days[known] >= start.day) & (book.submitted[known] < ended)
    is_before = (days[known] < start.day) & (days[known] >= start.day - _YEAR_DAYS)
    before = _count(book, known[in_group & is_before], reason=reason)
    since = _count(book, known[in_group & is_since], reason=reason)
    example = book.answers[int(known[in_group][0])]
    described = PayerChange(
        group=LEVELS[stream.level].group(example),
        reason=reason,
        status=ChangeStatus.OPEN if change.ended_on is None else ChangeStatus.RESOLVED,
        clock=start.clock,
        began_on=date.fromordinal(start.day),
        began_earliest=date.fromordinal(start.earliest),
        began_latest=date.fromordinal(start.latest),
        detected_on=date.fromordinal(change.detected_on),
        resolved_on=_date(change.resolved_on),
        before=before,
        since=since,
        rest=_count(book, known[~in_group & is_since], reason=reason),
        added_points=round(100.0 * (since.rate - before.rate), 1),
        log_evidence=round(start.log_evidence, 2),
        log_evidence_needed=round(change.log_evidence_needed, 2),
        sentence="",
    )
    return msgspec.structs.replace(
        described,
        sentence=sentence(
            described,
            payer=names.get(change.payer, change.payer),
            ended_on=_date(change.ended_on),
        ),
    )


def sentence(change: PayerChange, *, payer: str, ended_on: date | None) -> str:
    """The change in one sentence of billing words, without anything of a patient."""
    began = _in_words(change.began_on)
    reason = change.reason or "several reasons"
    since, before = change.since, change.before
    text = (
        f"{payer} began denying {group_in_words(change.group)} on {began}"
        f" (by {_CLOCKS[change.clock]}; {reason};"
        f" {since.denied} of {since.answers} answers since,"
        f" {before.denied} of {before.answers} before)"
    )
    if ended_on is not None:
        text += f" and answers as before on claims sent from {_in_words(ended_on)}"
    return f"{text}."


def group_in_words(group: ChangedGroup) -> str:
    """What is denied: ``90837 with modifier 95 at place 02``."""
    words = group.procedure_code
    if group.diagnosis_category:
        words += f" lines with a diagnosis of {group.diagnosis_category}"
    if group.modifiers is not None:
        plural = "s" if len(group.modifiers) > 1 else ""
        words += (
            f" with modifier{plural} {' '.join(group.modifiers)}"
            if group.modifiers
            else " without modifier"
        )
    if group.place_of_service:
        words += f" at place {group.place_of_service}"
    words = words.strip()
    if not words:
        return "more lines of every kind"
    return (
        words
        if group.procedure_code or group.diagnosis_category
        else (f"lines {words}")
    )


def _in_words(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _date(day: int | None) -> date | None:
    return None if day is None else date.fromordinal(day)


def _days(book: PayerBook, clock: ChangeClock) -> Ints:
    if clock is ChangeClock.SERVICE:
        return book.served
    return book.received if clock is ChangeClock.RECEIVED else book.submitted


def _rows(watch: Watch, book: PayerBook, change: Change, stream: Stream) -> Rows:
    """Trials of a group around a change, long enough before it to see it begin."""
    first = change.began_on - watch.settings.window_days
    last = min(
        change.detected_on + _SHARPENED_DAYS,
        change.ended_on - 1 if change.ended_on is not None else book.latest,
    )
    rows = book.rows_of(stream.level, stream.number, submitted_after=first)
    return rows[book.submitted[rows] <= max(last, change.began_on)]


def _one_reason(book: PayerBook, change: Change) -> str:
    """The reason that most denials since the start were given, if one has most."""
    stream = change.stream
    if stream.reason != ANY:
        return stream.reason
    rows = book.rows_of(
        stream.level, stream.number, submitted_after=change.began_on - 1
    )
    hits = rows[book.payer_rule[rows]]
    counts = Counter(book.reasons[number] for number in book.reason[hits].tolist())
    if not counts:
        return ANY
    reason, count = counts.most_common(1)[0]
    return reason if count >= _MOST * len(hits) else ANY


def _narrowest(watch: Watch, book: PayerBook, change: Change, *, reason: str) -> Stream:
    """The group whose answers speak most for the change, its size considered.

    A narrower group with all the denials and fewer paid lines says more than the
    wider; a group is as likely beforehand as it is large.
    """
    around = np.flatnonzero(
        (book.submitted[: book.known] >= change.began_on)
        & (book.submitted[: book.known] <= change.detected_on + _SHARPENED_DAYS)
        & book.trial[: book.known]
    )
    denied = around[hits_of(book, around, reason=reason)]
    best, highest = change.stream, -math.inf
    for level, shape in enumerate(LEVELS):
        for number in np.unique(book.group[denied, level]).tolist():
            stream = Stream(level, number, reason)
            weight = watch.rates.weight(book.payer, level, book.keys[level][number])
            if weight < watch.settings.least_answers:
                continue
            rows = _rows(watch, book, change, stream)
            if not len(rows):
                continue
            stakes = place_stakes(
                book, rows, level=level, reason=reason, rises=watch.rises, is_known=True
            )
            score = stakes.log_evidence + math.log(shape.share * weight)
            if score > highest:
                best, highest = stream, score
    return best


def _start(watch: Watch, book: PayerBook, change: Change, stream: Stream) -> _Start:
    """The first day, by service unless another clock divides clearly better."""
    rows = _rows(watch, book, change, stream)
    found = []
    for clock in (ChangeClock.SERVICE, ChangeClock.SUBMITTED, ChangeClock.RECEIVED):
        stakes = place_stakes(
            book,
            rows,
            level=stream.level,
            reason=stream.reason,
            rises=watch.rises,
            days=_days(book, clock)[rows],
            is_known=True,
        )
        weights = np.exp(stakes.log_stake - stakes.log_stake.max())
        below = weights.cumsum() / weights.sum()
        handicap = 0.0 if clock is ChangeClock.SERVICE else _CLEARLY
        start = _Start(
            clock,
            int(stakes.starts[int(np.argmax(weights))]),
            int(stakes.starts[int(np.searchsorted(below, _TAIL))]),
            int(stakes.starts[int(np.searchsorted(below, 1 - _TAIL))]),
            stakes.log_evidence,
        )
        found.append((float(stakes.log_stake.max()) - handicap, start))
    return max(found, key=lambda one: one[0])[1]


def _count(book: PayerBook, rows: Rows, *, reason: str) -> AnswerCount:
    denied = int(hits_of(book, rows, reason=reason).sum())
    return AnswerCount(
        answers=len(rows),
        denied=denied,
        denied_otherwise=int((book.reason[rows] >= 0).sum()) - denied,
    )


_CLOCKS = {
    ChangeClock.SERVICE: "service day",
    ChangeClock.SUBMITTED: "day sent",
    ChangeClock.RECEIVED: "day answered",
}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
