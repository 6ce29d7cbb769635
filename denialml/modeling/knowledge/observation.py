"""Every line a practice sent, with what was on file the day it was sent.

From here come both what history learns (answers, with the line as it looked when it
was sent) and what a model is trained and tested on.
"""

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from denialml.domain.adjudication import (
    LineAdjudication,
    LineOutcome,
    initial_determination,
)
from denialml.domain.claim import Claim, ServiceLine, patient_key
from denialml.domain.facts import LineFacts, PracticeRecords
from denialml.modeling.knowledge.causes import cause_shares
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import AnswerEvent
from denialml.modeling.knowledge.line_view import LineView, view_line

_REPLACEMENTS = frozenset({"7", "8"})
_DENIED = frozenset({LineOutcome.DENIED, LineOutcome.PARTIAL})
_DECIDED = _DENIED | {LineOutcome.PAID}


class ObservedLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of one submission as of the day it was sent. Grain: claim line x
    submission.

    `answer` is the initial determination, of whatever day; None: not answered yet.
    """

    claim_id: str
    claim: Claim
    line: ServiceLine
    submitted_on: date
    facts: LineFacts
    view: LineView
    answer: LineAdjudication | None

    @property
    def is_original(self) -> bool:
        """Whether CLM05-3 says neither corrected (7) nor void (8)."""
        return self.claim.frequency_code not in _REPLACEMENTS

    @property
    def denied(self) -> bool | None:
        """The label: True denied or partly, False paid, None not decided or unknown."""
        if self.answer is None or self.answer.outcome not in _DECIDED:
            return None
        return self.answer.outcome in _DENIED


def observe_lines(
    records: PracticeRecords, fact_book: FactBook, *, answered_only: bool = False
) -> list[ObservedLine]:
    """All lines sent, by submission day, claim id and line number.

    `answered_only` leaves out what no payer has answered: enough for history.
    """
    answers = _initial_answers(records.adjudications)
    observed = []
    ordered = sorted(
        records.submitted_claims, key=lambda one: (one.submitted_on, one.claim_id)
    )
    for submitted in ordered:
        claim, day = submitted.claim, submitted.submitted_on
        for line in claim.lines:
            answer = answers.get((submitted.claim_id, line.line_number))
            if answered_only and answer is None:
                continue
            facts = fact_book.line_facts(claim, line, as_of=day)
            observed.append(
                ObservedLine(
                    claim_id=submitted.claim_id,
                    claim=claim,
                    line=line,
                    submitted_on=day,
                    facts=facts,
                    view=view_line(claim, line, facts),
                    answer=answer,
                )
            )
    return observed


def answer_events(observed: Sequence[ObservedLine]) -> list[AnswerEvent]:
    """What history learns from the answers; undecided ones teach nothing."""
    events = []
    for one in observed:
        answer, denied, day = one.answer, one.denied, one.line.service_date
        if answer is None or denied is None or day is None:
            continue
        shares = cause_shares(answer.adjustments, answer.remark_codes) if denied else {}
        events.append(
            AnswerEvent(
                received_on=answer.received_on,
                claim_id=one.claim_id,
                line_number=one.line.line_number,
                submitted_on=one.submitted_on,
                service_date=day,
                patient=patient_key(one.claim),
                view=one.view,
                denied=denied,
                shares=tuple(shares.items()),
                counts=one.is_original,
            )
        )
    return events


def _initial_answers(
    adjudications: Iterable[LineAdjudication],
) -> dict[tuple[str, int], LineAdjudication]:
    by_line: dict[tuple[str, int], list[LineAdjudication]] = {}
    for adjudication in adjudications:
        key = (adjudication.claim_id, adjudication.line_number)
        by_line.setdefault(key, []).append(adjudication)
    initial = {}
    for key, answers in by_line.items():
        first = initial_determination(answers)
        if first is not None:
            initial[key] = first
    return initial
