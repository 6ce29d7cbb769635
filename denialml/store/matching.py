"""Which submission, and which of its lines, an answer is about. Pure; no database.

The whole group of submissions and answers that share a control number is matched
anew whenever one of them arrives, so that the order of arrival cannot matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from denialml.domain.adjudication import (
    LineAdjudication,
    answering_adjustments,
    line_outcome,
)
from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.facts import SubmittedClaim
from denialml.domain.remittance import ClaimPayment, ServicePayment
from denialml.store.line_matching import match_services

VOID = "8"
REVERSAL = "22"
DUPLICATE = "18"
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Answer:
    """A claim payment as stored."""

    payment_id: str
    received_on: date
    payment: ClaimPayment


@dataclass(frozen=True, slots=True)
class GroupMatch:
    """What belongs together in one group.

    `claim_ids` maps each payment id to the submission it answers. `unmatched_services`
    counts SVC that fit no line of their claim.
    """

    claim_ids: dict[str, str]
    adjudications: tuple[LineAdjudication, ...]
    unmatched_services: int


def match_group(
    submissions: Sequence[SubmittedClaim], answers: Sequence[Answer]
) -> GroupMatch:
    """Match every answer of one control number to a submission and its lines.

    Answers are taken in the order in which they were received; within a day a
    reversal comes before the corrected answer, and after the answer it takes back.
    """
    claim_ids: dict[str, str] = {}
    adjudications: list[LineAdjudication] = []
    unmatched = 0
    if not submissions:
        return GroupMatch(claim_ids, (), 0)
    answered: dict[str, list[Answer]] = defaultdict(list)
    sequences: dict[tuple[str, int], int] = defaultdict(int)
    for answer in in_order(answers):
        submission = (
            _submission_for(answer, submissions, answered)
            if len(submissions) > 1
            else submissions[0]
        )
        answered[submission.claim_id].append(answer)
        claim_ids[answer.payment_id] = submission.claim_id
        services, missed = match_services(submission.claim, answer.payment)
        unmatched += missed
        for line, service in services:
            place = (submission.claim_id, line.line_number)
            adjudications.append(
                _adjudicated(
                    answer,
                    claim=submission,
                    line=line,
                    service=service,
                    sequence=sequences[place],
                )
            )
            sequences[place] += 1
    return GroupMatch(claim_ids, tuple(adjudications), unmatched)


def in_order(answers: Iterable[Answer]) -> list[Answer]:
    """Answers as they happened: by day received, reversals after what they undo."""
    answers = list(answers)
    if len(answers) == 1:
        return answers
    by_day: dict[tuple[date, date], list[Answer]] = defaultdict(list)
    for answer in answers:
        paid_on = answer.payment.remittance.payment_date or answer.received_on
        by_day[answer.received_on, paid_on].append(answer)
    ordered: list[Answer] = []
    for day in sorted(by_day):
        ordered += _day_in_order(
            sorted(by_day[day], key=lambda answer: answer.payment_id), before=ordered
        )
    return ordered


def _day_in_order(answers: list[Answer], *, before: list[Answer]) -> list[Answer]:
    reversals = [each for each in answers if each.payment.status_code == REVERSAL]
    if not reversals or len(reversals) == len(answers):
        return answers
    others = [each for each in answers if each.payment.status_code != REVERSAL]
    undone: list[Answer] = []
    for reversal in reversals:
        if any(_undoes(reversal, earlier) for earlier in before):
            continue
        # Answered and taken back on one day: the answer came first.
        twin = next((each for each in others if _undoes(reversal, each)), None)
        if twin is not None:
            others.remove(twin)
            undone.append(twin)
    return undone + reversals + others


def _undoes(reversal: Answer, answer: Answer) -> bool:
    return (
        answer.payment.status_code != REVERSAL
        and abs(reversal.payment.charge) == abs(answer.payment.charge)
        and abs(reversal.payment.paid) == abs(answer.payment.paid)
    )


def _submission_for(
    answer: Answer,
    submissions: Sequence[SubmittedClaim],
    answered: dict[str, list[Answer]],
) -> SubmittedClaim:
    """The submission that an answer is most plausibly about.

    By the first of these that tells: sent by then and not rejected at the front end;
    no void; the payer control number of the answer that a reversal takes back; same
    day of service; same payer; the frequency the payer repeats (CLP09); same charge;
    sent last before the payer says it received the claim (DTM*050); same payer control
    number as an earlier answer; not answered yet. Then the earliest sent, but for an
    answer that calls the claim a duplicate, a reversal, or when all are answered the
    latest.
    """
    payment = answer.payment
    is_reversal = payment.status_code == REVERSAL
    days = {each.service_date for each in payment.service_payments} - {None}
    icn = payment.payer_claim_control_number
    is_duplicate = _calls_duplicate(payment)
    sent_on = max(
        (
            each.submitted_on
            for each in submissions
            if payment.received_by_payer_on is not None
            and each.submitted_on <= payment.received_by_payer_on
        ),
        default=None,
    )

    def preference(submission: SubmittedClaim) -> tuple[int | str, ...]:
        claim = submission.claim
        earlier = answered[submission.claim_id] if answered else []
        same_number = bool(icn) and any(
            each.payment.payer_claim_control_number == icn for each in earlier
        )
        wants_earliest = not is_reversal and not earlier and not is_duplicate
        day = submission.submitted_on.toordinal()
        return (
            submission.submitted_on <= answer.received_on,
            submission.accepted is not False,
            claim.frequency_code != VOID,
            is_reversal and same_number,
            not days or not days.isdisjoint(line.service_date for line in claim.lines),
            same_payer(claim, payment),
            bool(payment.frequency_code)
            and payment.frequency_code == claim.frequency_code,
            claim.total_charge == abs(payment.charge),
            submission.submitted_on == sent_on,
            same_number,
            bool(earlier) if is_reversal else not earlier,
            -day if wants_earliest else day,
            submission.claim_id,
        )

    return max(submissions, key=preference)


def _calls_duplicate(payment: ClaimPayment) -> bool:
    placed = [
        payment.adjustments,
        *(each.adjustments for each in payment.service_payments),
    ]
    return any(each.reason_code == DUPLICATE for group in placed for each in group)


def same_payer(claim: Claim, payment: ClaimPayment) -> bool:
    """Whether payer ids agree or, as ids of one payer differ by sender, names do."""
    remittance = payment.remittance
    if claim.payer.payer_id and claim.payer.payer_id == remittance.payer_id:
        return True
    return bool(claim.payer.name) and _same_name(
        claim.payer.name, remittance.payer_name
    )


def _same_name(first: str, second: str) -> bool:
    return "".join(first.split()).casefold() == "".join(second.split()).casefold()


def _adjudicated(
    answer: Answer,
    *,
    claim: SubmittedClaim,
    line: ServiceLine,
    service: ServicePayment | None,
    sequence: int,
) -> LineAdjudication:
    payment = answer.payment
    if service is None:
        charge, paid = _share_of_claim(claim.claim, line=line, payment=payment)
        remarks = payment.remark_codes
    else:
        charge, paid = service.charge, service.paid
        remarks = tuple(dict.fromkeys(service.remark_codes + payment.remark_codes))
    return LineAdjudication(
        claim_id=claim.claim_id,
        line_number=line.line_number,
        payment_id=answer.payment_id,
        received_on=answer.received_on,
        outcome=line_outcome(payment, service),
        charge=charge,
        paid=paid,
        allowed=service.allowed if service is not None else None,
        adjustments=answering_adjustments(payment, service),
        remark_codes=remarks,
        payer_claim_control_number=payment.payer_claim_control_number,
        sequence=sequence,
    )


def _share_of_claim(
    claim: Claim, *, line: ServiceLine, payment: ClaimPayment
) -> tuple[Decimal, Decimal]:
    """A line's part of a claim answered as a whole, in proportion to its charge.

    The last line takes the cents that rounding leaves, so that lines add up.
    """
    if len(claim.lines) == 1:
        return payment.charge, payment.paid
    total = sum((each.charge for each in claim.lines), Decimal(0))
    sign = -1 if payment.charge < 0 else 1
    if total == 0:
        return sign * line.charge, Decimal(0)
    shares = [
        (payment.paid * each.charge / total).quantize(CENT) for each in claim.lines
    ]
    shares[-1] = payment.paid - sum(shares[:-1], Decimal(0))
    return sign * line.charge, shares[claim.lines.index(line)]
