"""Leaks as a careless colleague would write them, to see what catches each.

Each is a column made from a practice's records with no thought of when they became
known, beside the features of the frame. Used by `benchmarks.leaks` and by the tests.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.domain.adjudication import LineAdjudication
from denialml.domain.facts import PracticeRecords
from denialml.modeling.knowledge.observation import ObservedLine
from denialml.modeling.risk.frames import Frame, build_frame

Column = npt.NDArray[np.float64]
Leak = Callable[[PracticeRecords, Frame], Column]
_SMOOTHING = 5.0
_BASE = 0.15


def paid_amount(records: PracticeRecords, frame: Frame) -> Column:
    """What the payer paid on the line."""
    first = _first_answers(records)
    return _column(
        float(answer.paid) if (answer := first.get(_key(one))) else np.nan
        for one in frame.lines
    )


def answer_delay(records: PracticeRecords, frame: Frame) -> Column:
    """Days from submission to the line's answer: denials take longer."""
    first = _first_answers(records)
    return _column(
        (answer.received_on - one.submitted_on).days
        if (answer := first.get(_key(one)))
        else np.nan
        for one in frame.lines
    )


def lifetime_patient_rate(_: PracticeRecords, frame: Frame) -> Column:
    """The patient's share of denials over the whole table, this line included."""
    return _means(frame, lambda one: (one.claim.medical_record_number,))


def whole_table_mean(_: PracticeRecords, frame: Frame) -> Column:
    """Target encoding of payer, code, clinician and week, over the whole table."""
    return _means(
        frame,
        lambda one: (
            one.view.payer,
            one.view.code,
            one.view.clinician,
            str(one.submitted_on.toordinal() // 7),
        ),
    )


def authorization_balance_now(records: PracticeRecords, frame: Frame) -> Column:
    """Units left on the patient's authorization after everything ever sent."""
    used: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for sent in records.submitted_claims:
        for line in sent.claim.lines:
            key = (sent.claim.subscriber.member_id, sent.claim.payer.payer_id)
            used[key] += line.units
    approved: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for authorization in records.authorizations:
        if authorization.units is not None:
            key = (authorization.member_id, authorization.payer_id)
            approved[key] += authorization.units
    keys = [
        (one.claim.subscriber.member_id, one.claim.payer.payer_id)
        for one in frame.lines
    ]
    return _column(
        float(approved[key] - used[key]) if key in approved else np.nan for key in keys
    )


def corrected_later(records: PracticeRecords, frame: Frame) -> Column:
    """Whether a corrected claim of the same number is on file, and what it added."""
    corrected: dict[str, int] = defaultdict(int)
    for sent in records.submitted_claims:
        if sent.claim.frequency_code == "7":
            corrected[sent.claim.patient_control_number] += 1
    return _column(corrected[one.claim.patient_control_number] for one in frame.lines)


LEAKS: Mapping[str, Leak] = MappingProxyType(
    {
        "paid amount": paid_amount,
        "adjudication lag": answer_delay,
        "lifetime patient rate": lifetime_patient_rate,
        "whole-table target means": whole_table_mean,
        "authorization balance as of now": authorization_balance_now,
        "corrected-claim fields": corrected_later,
    }
)


def with_leak(frame: Frame, column: Column) -> Frame:
    """The frame with one more column."""
    return msgspec.structs.replace(
        frame, matrix=np.column_stack([frame.matrix, column])
    )


def leaking_builder(leak: Leak) -> Callable[[PracticeRecords, date], Frame]:
    """Makes the rows of a day with the leak among them, for the as-of replay.

    The leak sees the whole frame of the records it is handed, as it did when the
    training frame was made.
    """

    def build(records: PracticeRecords, day: date) -> Frame:
        whole = build_frame(records, originals_only=False)
        leaking = with_leak(whole, leak(records, whole))
        return rows_from(leaking, day)

    return build


def rows_from(frame: Frame, day: date) -> Frame:
    """The rows submitted on or after a day."""
    rows = np.flatnonzero(frame.submitted_on >= day.toordinal())
    return msgspec.structs.replace(
        frame,
        matrix=frame.matrix[rows],
        denied=frame.denied[rows],
        submitted_on=frame.submitted_on[rows],
        answered_on=frame.answered_on[rows],
        rejected_on=frame.rejected_on[rows],
        original=frame.original[rows],
        claim=frame.claim[rows],
        lines=tuple(frame.lines[row] for row in rows.tolist()),
    )


def _first_answers(
    records: PracticeRecords,
) -> dict[tuple[str, int], LineAdjudication]:
    first: dict[tuple[str, int], LineAdjudication] = {}
    for answer in sorted(records.adjudications, key=lambda one: one.received_on):
        first.setdefault((answer.claim_id, answer.line_number), answer)
    return first


def _means(frame: Frame, key: Callable[[ObservedLine], tuple[str, ...]]) -> Column:
    sums: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
    keys = [key(one) for one in frame.lines]
    for each, denied in zip(keys, frame.denied.tolist(), strict=True):
        if denied >= 0:
            sums[each][0] += 1
            sums[each][1] += denied
    return _column(
        (sums[each][1] + _BASE * _SMOOTHING) / (sums[each][0] + _SMOOTHING)
        for each in keys
    )


def _key(one: ObservedLine) -> tuple[str, int]:
    return one.claim_id, one.line.line_number


def _column(values: object) -> Column:
    return np.array(list(values), dtype=np.float64)  # type: ignore[call-overload]
