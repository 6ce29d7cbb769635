"""Every line a practice sent, with what was on file the day it was sent.

From here come both what history learns (answers, with the line as it looked when it
was sent) and what a model is trained and tested on.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from denialml.domain.adjudication import (
    LineAdjudication,
    LineOutcome,
    initial_determination,
)
from denialml.domain.claim import Claim, ServiceLine, patient_key
from denialml.domain.coverage import EligibilityResult
from denialml.domain.facts import LineFacts, PracticeRecords, SubmittedClaim
from denialml.modeling.knowledge.answer_event import AnswerEvent
from denialml.modeling.knowledge.causes import cause_shares
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.line_view import LineView, view_line
from denialml.modeling.knowledge.rule_outcomes import Broken, broken_rules
from denialml.reference import adjustment_reasons

_REPLACEMENTS = frozenset({"7", "8"})
_DENIED = frozenset({LineOutcome.DENIED, LineOutcome.PARTIAL})
_DECIDED = _DENIED | {LineOutcome.PAID}
# An enum's member costs ten times a module's name, and every line asks.
_ACTIVE = EligibilityResult.ACTIVE


class ObservedLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of one submission as of the day it was sent. Grain: claim line x
    submission.

    `answer` is the initial determination, of whatever day; None: not answered yet.
    `paid_later_on` is the first later answer that paid the line, of whatever day.
    `broken` are the claim rules that the line breaks, empty where nobody asked.
    """

    claim_id: str
    claim: Claim
    line: ServiceLine
    submitted_on: date
    facts: LineFacts
    view: LineView
    answer: LineAdjudication | None
    paid_later_on: date | None = None
    broken: Broken = ()

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
    records: PracticeRecords,
    fact_book: FactBook,
    *,
    answered_only: bool = False,
    with_rules: bool = False,
) -> list[ObservedLine]:
    """All lines sent, by submission day, claim id and line number.

    `answered_only` leaves out what no payer has answered: enough for history.
    `with_rules`: each is judged by the claim rules, which takes about as long as all
    the rest.
    """
    by_line = _answers_by_line(records.adjudications)
    ordered = sorted(
        records.submitted_claims, key=lambda one: (one.submitted_on, one.claim_id)
    )
    # Patient by patient: a file is asked for all its lines while it is near at hand.
    # Day by day, each line would find its patient's file cold (a third slower).
    of_patient: dict[str, list[int]] = {}
    for position, submitted in enumerate(ordered):
        of_patient.setdefault(patient_key(submitted.claim), []).append(position)
    found: list[list[ObservedLine]] = [[]] * len(ordered)
    for positions in of_patient.values():
        for position in positions:
            found[position] = _observe(
                ordered[position],
                fact_book,
                by_line,
                answered_only=answered_only,
                with_rules=with_rules,
            )
    return [one for lines in found for one in lines]


def _observe(
    submitted: SubmittedClaim,
    fact_book: FactBook,
    by_line: "_Answers",
    *,
    answered_only: bool,
    with_rules: bool,
) -> list[ObservedLine]:
    claim, day, claim_id = submitted.claim, submitted.submitted_on, submitted.claim_id
    observed = []
    broken: dict[int, Broken] | None = None
    for line in claim.lines:
        answers = by_line.get((claim_id, line.line_number), ())
        answer = initial_determination(answers) if answers else None
        if answered_only and answer is None:
            continue
        if broken is None:
            broken = broken_rules(claim, fact_book, as_of=day) if with_rules else {}
        facts = fact_book.line_facts(claim, line, as_of=day)
        observed.append(
            ObservedLine(
                claim_id=claim_id,
                claim=claim,
                line=line,
                submitted_on=day,
                facts=facts,
                view=view_line(claim, line, facts),
                answer=answer,
                paid_later_on=_paid_after(answer, answers),
                broken=broken.get(line.line_number, ()),
            )
        )
    return observed


def answer_events(observed: Sequence[ObservedLine]) -> list[AnswerEvent]:
    """What history learns from the answers; undecided ones teach nothing."""
    events = []
    recovered = _recovery_days(observed)
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
                checked_on=_checked_on(one.facts),
                check_active=one.facts.eligibility_result is _ACTIVE,
                check_named_other=one.facts.other_payer_named,
                broken=one.broken,
                allowed=_allowed(answer),
                reason_code=_anchor(answer) if denied else "",
                recovered_on=_first_after(
                    recovered.get(_service(one), ()), answer.received_on
                ),
            )
        )
    return events


def _checked_on(facts: LineFacts) -> date | None:
    day, age = facts.service_date, facts.eligibility_age_days
    return None if day is None or age is None else day - timedelta(days=age)


def _service(one: ObservedLine) -> tuple[str, int]:
    """What a corrected claim shares with its original."""
    return one.claim.patient_control_number, one.line.line_number


def _recovery_days(
    observed: Sequence[ObservedLine],
) -> dict[tuple[str, int], list[date]]:
    """Days on which a service was paid by a later answer or on a corrected claim."""
    found: dict[tuple[str, int], list[date]] = {}
    for one in observed:
        days = [] if one.paid_later_on is None else [one.paid_later_on]
        if one.answer is not None and one.denied is False and not one.is_original:
            days.append(one.answer.received_on)
        if days:
            found.setdefault(_service(one), []).extend(days)
    return found


def _first_after(days: Iterable[date], day: date) -> date | None:
    return min((each for each in days if each > day), default=None)


def _paid_after(
    answer: LineAdjudication | None, answers: Sequence[LineAdjudication]
) -> date | None:
    if answer is None or len(answers) < 2:
        return None
    return _first_after(
        (each.received_on for each in answers if each.paid > 0), answer.received_on
    )


def _allowed(answer: LineAdjudication) -> Decimal:
    return answer.paid if answer.allowed is None else answer.allowed


def _anchor(answer: LineAdjudication) -> str:
    """The denying reason code that took the largest amount; empty: none."""
    reasons = adjustment_reasons()
    denying = [
        adjustment
        for adjustment in answer.adjustments
        if adjustment.reason_code in reasons
        and reasons[adjustment.reason_code].adjustment_class == "denial"
    ]
    largest = max(denying, key=lambda one: abs(one.amount), default=None)
    return "" if largest is None else largest.reason_code


_Answers = dict[tuple[str, int], list[LineAdjudication]]


def _answers_by_line(adjudications: Iterable[LineAdjudication]) -> _Answers:
    by_line: _Answers = {}
    for adjudication in adjudications:
        key = (adjudication.claim_id, adjudication.line_number)
        by_line.setdefault(key, []).append(adjudication)
    return by_line
