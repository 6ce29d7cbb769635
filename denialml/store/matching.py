"""Which submission, and which of its lines, an answer is about. Pure; no database.

The whole group of submissions and answers that share a control number is matched
anew whenever one of them arrives, so that the order of arrival cannot matter.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import msgspec

from denialml.domain.adjudication import (
    LineAdjudication,
    answering_adjustments,
    line_outcome,
)
from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.facts import SubmittedClaim
from denialml.domain.remittance import ClaimPayment, ServicePayment

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


def normal_control_number(patient_control_number: str) -> str:
    """CLM01 or CLP01 as compared: payers change case and add blanks."""
    return "".join(patient_control_number.split()).upper()


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


def match_services(
    claim: Claim, payment: ClaimPayment
) -> tuple[list[tuple[ServiceLine, ServicePayment | None]], int]:
    """Pairs of line and answer in line order, and the number of SVC that fit none.

    A claim answered as a whole answers every line, with None. Lines are found by line
    control number, then by procedure code, modifiers, day and charge as far as the
    payer kept them, then by order. Several SVC for one line (a line the payer split)
    become one answer.
    """
    if not payment.service_payments:
        return [(line, None) for line in claim.lines], 0
    found: dict[int, list[ServicePayment]] = defaultdict(list)
    open_lines = list(range(len(claim.lines)))
    rest: list[ServicePayment] = []
    by_number = _lines_by_control_number(claim)
    for service in payment.service_payments:
        position = by_number.get(normal_control_number(service.line_control_number))
        if position is None:
            rest.append(service)
            continue
        found[position].append(service)
        if position in open_lines:
            open_lines.remove(position)
    for agrees in _AGREEMENTS:
        rest = _pair(claim, rest, open_lines=open_lines, agrees=agrees, found=found)
    if rest and len(rest) == len(open_lines):
        for position, service in zip(open_lines, rest, strict=True):
            found[position].append(service)
        rest = []
    if rest:
        rest = _join_split_lines(claim, rest, found=found)
    return [
        (claim.lines[position], _joined(found[position])) for position in sorted(found)
    ], len(rest)


def _lines_by_control_number(claim: Claim) -> dict[str, int]:
    """REF*6R of each line, or its LX number where none was sent; blanks excluded."""
    numbers: dict[str, int] = {}
    for position, line in enumerate(claim.lines):
        number = line.line_control_number or str(line.line_number)
        numbers.setdefault(normal_control_number(number), position)
    return numbers


def _pair(
    claim: Claim,
    services: list[ServicePayment],
    *,
    open_lines: list[int],
    agrees: Callable[[ServiceLine, ServicePayment], bool],
    found: dict[int, list[ServicePayment]],
) -> list[ServicePayment]:
    rest = []
    for service in services:
        position = next(
            (each for each in open_lines if agrees(claim.lines[each], service)), None
        )
        if position is None:
            rest.append(service)
        else:
            open_lines.remove(position)
            found[position].append(service)
    return rest


def _join_split_lines(
    claim: Claim,
    services: list[ServicePayment],
    *,
    found: dict[int, list[ServicePayment]],
) -> list[ServicePayment]:
    rest = []
    for service in services:
        position = next(
            (
                each
                for each in sorted(found)
                if _same_procedure(claim.lines[each], service)
                and _same_day(claim.lines[each], service)
            ),
            None,
        )
        if position is None:
            rest.append(service)
        else:
            found[position].append(service)
    return rest


def _same_procedure(line: ServiceLine, service: ServicePayment) -> bool:
    return line.procedure_code in (
        service.submitted_procedure_code,
        service.procedure_code,
    )


def _same_modifiers(line: ServiceLine, service: ServicePayment) -> bool:
    sent = set(line.modifiers)
    return sent in (set(service.modifiers), set(service.submitted_modifiers))


def _same_day(line: ServiceLine, service: ServicePayment) -> bool:
    return service.service_date is None or service.service_date == line.service_date


def _same_charge(line: ServiceLine, service: ServicePayment) -> bool:
    return abs(service.charge) == line.charge


_AGREEMENTS: tuple[Callable[[ServiceLine, ServicePayment], bool], ...] = (
    lambda line, service: (
        _same_procedure(line, service)
        and _same_modifiers(line, service)
        and _same_day(line, service)
        and _same_charge(line, service)
    ),
    lambda line, service: (
        _same_procedure(line, service)
        and _same_day(line, service)
        and _same_charge(line, service)
    ),
    lambda line, service: (
        _same_procedure(line, service)
        and _same_modifiers(line, service)
        and _same_day(line, service)
    ),
    lambda line, service: _same_procedure(line, service) and _same_day(line, service),
    lambda line, service: _same_day(line, service) and _same_charge(line, service),
    lambda line, service: _same_procedure(line, service),
)


def _joined(services: list[ServicePayment]) -> ServicePayment:
    first = services[0]
    if len(services) == 1:
        return first
    remarks = dict.fromkeys(code for each in services for code in each.remark_codes)
    allowed = [each.allowed for each in services if each.allowed is not None]
    return msgspec.structs.replace(
        first,
        charge=sum((each.charge for each in services), Decimal(0)),
        paid=sum((each.paid for each in services), Decimal(0)),
        allowed=sum(allowed, Decimal(0)) if allowed else None,
        adjustments=tuple(item for each in services for item in each.adjustments),
        remark_codes=tuple(remarks),
    )


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
