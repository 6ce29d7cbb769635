"""The as-of replay: a row rebuilt from what existed that day must be the same row.

A leak that no contract can see, inside the facts or the history, changes a row when
the records after its submission day are taken away. So sampled rows of a frame are
made again, by the code that serves, from records cut off at their day, and compared
number by number.
"""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.modeling.knowledge.observation import ObservedLine
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.frames import Frame, build_frame

_DAYS = 3
_ROWS_A_DAY = 100

FrameBuilder = Callable[[PracticeRecords, date], Frame]


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What came of rebuilding sampled rows. Rows are claim lines.

    `changed` names the columns that differed in any row, most rows first, with the
    number of rows; empty is right.
    """

    days: tuple[date, ...]
    rows: int
    changed: tuple[tuple[str, int], ...]


def records_on(
    records: PracticeRecords,
    day: date,
    *,
    sent: Sequence[SubmittedClaim] = (),
) -> PracticeRecords:
    """What was on file on a day, before any answer of that day, and nothing later.

    Claims, remittances and acknowledgments dated before the day; eligibility checks,
    authorizations and enrollments of that day as well. A note signed later is a draft
    without its signature, as it was. `sent` are the claims of the day itself, which
    are being sent. Payer settings and clinicians have no day from which they were
    known and stay (docs/features.md, "What is known only as it is now").
    """
    return msgspec.structs.replace(
        records,
        enrollments=tuple(
            one
            for one in records.enrollments
            if (one.recorded_on or one.effective_on) <= day
        ),
        eligibility_checks=tuple(
            one for one in records.eligibility_checks if one.checked_on <= day
        ),
        authorizations=tuple(
            one for one in records.authorizations if one.issued_on <= day
        ),
        encounters=tuple(
            _as_on_file(one, day)
            for one in records.encounters
            if one.service_date <= day
        ),
        submitted_claims=(
            *(
                msgspec.structs.replace(one, accepted=None)
                for one in records.submitted_claims
                if one.submitted_on < day
            ),
            *sent,
        ),
        adjudications=tuple(
            one for one in records.adjudications if one.received_on < day
        ),
        acknowledgments=tuple(
            one
            for one in records.acknowledgments
            if one.received_on is not None and one.received_on < day
        ),
    )


def _as_on_file(encounter: Encounter, day: date) -> Encounter:
    if encounter.signed_on is None or encounter.signed_on <= day:
        return encounter
    return msgspec.structs.replace(encounter, signed_on=None)


def replay(
    records: PracticeRecords,
    frame: Frame,
    *,
    build: FrameBuilder | None = None,
    days: int = _DAYS,
    rows_a_day: int = _ROWS_A_DAY,
    seed: int = 1,
) -> Replay:
    """Rebuild sampled rows of a frame from the records of their day alone.

    Parameters
    ----------
    frame : Frame
        What `build` made of `records`.
    build : callable
        Makes the rows of a day's submissions from records; None: `build_frame`. All
        columns of its matrix are compared, also those that are no feature.
    days, rows_a_day : int
        So many submission days, spread over the frame, with so many rows each.
    """
    build = build or partial(_rows_of_day, with_rules=frame.with_rules)
    random = np.random.default_rng(seed)
    submitted = {one.claim_id: one for one in records.submitted_claims}
    differing = np.zeros(frame.matrix.shape[1], dtype=np.int64)
    compared = 0
    chosen = _spread(frame, days)
    for ordinal in chosen:
        rows = np.flatnonzero(frame.submitted_on == ordinal)
        if len(rows) > rows_a_day:
            rows = np.sort(random.choice(rows, rows_a_day, replace=False))
        day = date.fromordinal(ordinal)
        claims = sorted({frame.lines[row].claim_id for row in rows.tolist()})
        sent = [submitted[claim_id] for claim_id in claims]
        again = build(records_on(records, day, sent=sent), day)
        places = {_key(one): at for at, one in enumerate(again.lines)}
        then = frame.matrix[rows]
        now = again.matrix[[places[_key(frame.lines[row])] for row in rows.tolist()]]
        same = (then == now) | (np.isnan(then) & np.isnan(now))
        differing += (~same).sum(axis=0)
        compared += len(rows)
    return Replay(
        days=tuple(date.fromordinal(each) for each in chosen),
        rows=compared,
        changed=_named(differing),
    )


def _rows_of_day(records: PracticeRecords, day: date, *, with_rules: bool) -> Frame:
    return build_frame(
        records,
        from_day=day,
        to_day=day,
        originals_only=False,
        with_rules=with_rules,
    )


def _spread(frame: Frame, days: int) -> list[int]:
    """Submission days at even shares of the rows; later ones have more to leak."""
    if not len(frame.submitted_on):
        return []
    shares = (np.arange(days) + 1) / days
    at = np.minimum(shares * len(frame.submitted_on), len(frame.submitted_on) - 1)
    return sorted({int(frame.submitted_on[int(each)]) for each in at})


def _key(one: ObservedLine) -> tuple[str, int]:
    return one.claim_id, one.line.line_number


def _named(differing: npt.NDArray[np.int64]) -> tuple[tuple[str, int], ...]:
    names = [feature.name for feature in FEATURES]
    names += [f"column {at}" for at in range(len(names), len(differing))]
    found = [
        (name, int(count))
        for name, count in zip(names, differing.tolist(), strict=True)
        if count
    ]
    return tuple(sorted(found, key=lambda one: (-one[1], one[0])))
