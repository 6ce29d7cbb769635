"""The training table: one row per claim line of each original submission.

The label is the initial determination. A line without an answer received before the
day a model is trained is censored: it is neither paid nor denied and never trained on.
"""

import gc
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.domain.claim import patient_key
from denialml.domain.facts import PracticeRecords
from denialml.errors import LeakRefused
from denialml.modeling.knowledge.answer_event import AnswerEvent, in_order
from denialml.modeling.knowledge.evidence_book import EvidenceBook
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import LineHistory
from denialml.modeling.knowledge.observation import (
    ObservedLine,
    answer_events,
    observe_lines,
)
from denialml.modeling.knowledge.rate_columns import RateRow, rate_columns
from denialml.modeling.knowledge.rule_book import NOTHING_BROKEN, RuleBook, RuleRates
from denialml.modeling.risk.feature import LineInput
from denialml.modeling.risk.features import (
    FEATURES,
    RATES_FROM,
    guarded_values,
    values_before_rates,
)
from denialml.modeling.risk.rate_matrix import fill_rates, join_rules

NEVER = date.max.toordinal()
CENSORED = -1
# One row of so many is handed out under guard (`contract`).
_GUARDED_ONE_OF = 16
RULES_BELOW_ANSWERS = 30_000
"""With fewer answered lines the claim rules that lines break take part in the features.

On simulated practices what they add fell from 0.012 of log-loss at 6,000 claims (4,000
answered lines to learn from) and 0.002 at 20,000 (13,000) to nothing that could be
told at 60,000 (38,000), where judging every line would take as long as all features.
"""
# Rates are filled for all rows at once: a row without guard needs none of its own.
_NO_RATES: RateRow = ((), (), (), ())


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One row per claim line x submission, by submission day, claim and line.

    `matrix` is float64 (rows, len(FEATURES)). `denied` int8: 1, 0, or -1 where the
    payer's answer is missing or neither payment nor denial. Days are proleptic
    ordinals: `submitted_on`, `answered_on` (`NEVER` without answer) and `rejected_on`
    (277CA; `NEVER`). `original` is False for corrected and void claims. `claim`
    numbers the submissions from 0 in row order. `lines` are the rows' keys.
    `with_rules`: the claim rules that lines break took part.
    """

    matrix: npt.NDArray[np.float64]
    denied: npt.NDArray[np.int8]
    submitted_on: npt.NDArray[np.int32]
    answered_on: npt.NDArray[np.int32]
    rejected_on: npt.NDArray[np.int32]
    original: npt.NDArray[np.bool_]
    claim: npt.NDArray[np.int32]
    lines: tuple[ObservedLine, ...]
    with_rules: bool = False

    def labels(self, *, known_by: date) -> npt.NDArray[np.int8]:
        """The labels as they stood before `known_by`: -1 where not answered by then."""
        known = self.answered_on < known_by.toordinal()
        return np.where(known, self.denied, CENSORED).astype(np.int8)


def build_frame(
    records: PracticeRecords,
    *,
    from_day: date = date.min,
    to_day: date = date.max,
    known_by: date = date.max,
    originals_only: bool = True,
    with_rules: bool | None = None,
) -> Frame:
    """Rows for the submissions of these days (both included).

    Nothing received on or after `known_by` takes part, neither as label nor as
    history; each row's features use only what was known on its submission day.
    `with_rules`: whether the claim rules that lines break take part; None: where fewer
    than `RULES_BELOW_ANSWERS` lines were answered before `known_by`.

    Raises
    ------
    LeakRefused
        If a feature reads a record that it did not declare, or a row's facts or
        history stand at another day than its submission.
    """
    with _no_cycles_sought():
        return _build(
            records,
            days=(from_day, to_day),
            known_by=known_by,
            originals_only=originals_only,
            with_rules=_is_thin(records, known_by)
            if with_rules is None
            else with_rules,
        )


def _is_thin(records: PracticeRecords, known_by: date) -> bool:
    answered = {
        (one.claim_id, one.line_number)
        for one in records.adjudications
        if one.received_on < known_by
    }
    return len(answered) < RULES_BELOW_ANSWERS


@contextmanager
def _no_cycles_sought() -> Iterator[None]:
    """Rows are made of millions of records without cycles; seeking some takes a tenth
    of the time."""
    was_sought = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_sought:
            gc.enable()


def _build(
    records: PracticeRecords,
    *,
    days: tuple[date, date],
    known_by: date,
    originals_only: bool,
    with_rules: bool,
) -> Frame:
    fact_book = FactBook(records)
    observed = observe_lines(records, fact_book, with_rules=with_rules)
    events = [
        event for event in answer_events(observed) if event.received_on < known_by
    ]
    chosen = [
        one
        for one in observed
        if days[0] <= one.submitted_on <= days[1]
        and one.submitted_on < known_by
        and (one.is_original or not originals_only)
    ]
    ordered = in_order(events)
    told = rule_rates(chosen, ordered) if with_rules else ()
    matrix = _matrix(chosen, ordered, told)
    frame = _frame(chosen, matrix, _rejections(records), known_by)
    return msgspec.structs.replace(frame, with_rules=with_rules)


def rule_rates(
    chosen: Iterable[ObservedLine], events: Iterable[AnswerEvent]
) -> list[RuleRates]:
    """What history says, on the day each line is sent, of the rules that it breaks.

    The lines are by submission day, as in a frame.
    """
    book = RuleBook(events)
    told = []
    for one in chosen:
        book.advance(one.submitted_on)
        told.append(book.about(one.view.payer, one.broken))
    return told


def _matrix(
    chosen: Sequence[ObservedLine],
    events: Sequence[AnswerEvent],
    told: Sequence[RuleRates],
) -> npt.NDArray[np.float64]:
    """The features of each line as of the day it was sent; `told` of its broken rules,
    empty where those take no part."""
    known = rate_columns(
        events,
        [one.view for one in chosen],
        [one.submitted_on for one in chosen],
    )
    evidence = EvidenceBook(events)
    matrix = np.empty((len(chosen), len(FEATURES)), dtype=np.float64)
    fill_rates(matrix[:, RATES_FROM:], known)
    join_rules(matrix[:, RATES_FROM:], told)
    cells = matrix.reshape(-1).data
    for position, one in enumerate(chosen):
        if one.submitted_on > evidence.as_of:
            evidence.advance(one.submitted_on)
        if not one.facts.as_of == evidence.as_of == one.submitted_on:
            raise LeakRefused(
                f"a line sent on {one.submitted_on} was handed facts of"
                f" {one.facts.as_of} and a history of {evidence.as_of}"
            )
        proved = evidence.about(one.view, patient=patient_key(one.claim))
        guarded = position % _GUARDED_ONE_OF == 0
        rates, weights, answers, usual = known.row(position) if guarded else _NO_RATES
        of_rules = told[position] if told else NOTHING_BROKEN
        about = LineHistory(
            rates, weights, answers, usual, *proved, rule_rates=of_rules
        )
        row = LineInput(one.claim, one.line, one.facts, one.view, about)
        found = guarded_values(row) if guarded else values_before_rates(row)
        values = array("d", found)
        start = position * len(FEATURES)
        cells[start : start + len(values)] = values
    return matrix


def _frame(
    chosen: Sequence[ObservedLine],
    matrix: npt.NDArray[np.float64],
    rejections: dict[str, list[date]],
    known_by: date,
) -> Frame:
    numbers: dict[str, int] = {}
    denied, answered, rejected = [], [], []
    for one in chosen:
        numbers.setdefault(one.claim_id, len(numbers))
        answer = one.answer
        known = answer is not None and answer.received_on < known_by
        answered.append(answer.received_on.toordinal() if answer and known else NEVER)
        label = one.denied if known else None
        denied.append(CENSORED if label is None else int(label))
        number = one.claim.patient_control_number
        days = [day for day in rejections.get(number, ()) if day >= one.submitted_on]
        rejected.append(min(days).toordinal() if days and not known else NEVER)
    return Frame(
        matrix=matrix,
        denied=np.array(denied, dtype=np.int8),
        submitted_on=np.array(
            [one.submitted_on.toordinal() for one in chosen], dtype=np.int32
        ),
        answered_on=np.array(answered, dtype=np.int32),
        rejected_on=np.array(rejected, dtype=np.int32),
        original=np.array([one.is_original for one in chosen], dtype=np.bool_),
        claim=np.array([numbers[one.claim_id] for one in chosen], dtype=np.int32),
        lines=tuple(chosen),
    )


def _rejections(records: PracticeRecords) -> dict[str, list[date]]:
    found: dict[str, list[date]] = {}
    for acknowledgment in records.acknowledgments:
        if acknowledgment.accepted is False and acknowledgment.received_on is not None:
            number = acknowledgment.patient_control_number
            found.setdefault(number, []).append(acknowledgment.received_on)
    return found
