"""Which answers deny a line, and what later became of each: before any judgment."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from denialml.domain.adjudication import (
    LineAdjudication,
    LineOutcome,
    initial_determination,
)
from denialml.domain.chain import ClaimChain, resolve_chain
from denialml.domain.claim import ServiceLine
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.domain.record import Judgment
from denialml.journeys.settlement import Settlement, find_settlement
from denialml.reference import adjustment_reasons
from denialml.store.line_matching import normal_control_number

DENYING = frozenset({LineOutcome.DENIED, LineOutcome.PARTIAL})
ZERO = Decimal(0)


class DenyingAnswer(Judgment, frozen=True):
    """One denying answer with its line, and what later became of it."""

    adjudicated: LineAdjudication
    submitted: SubmittedClaim
    line: ServiceLine
    settlement: Settlement


def denying_answers(records: PracticeRecords) -> tuple[DenyingAnswer, ...]:
    """Every denying answer, in the order received."""
    claims = {one.claim_id: one for one in records.submitted_claims}
    by_line: dict[tuple[str, int], list[LineAdjudication]] = defaultdict(list)
    for adjudication in records.adjudications:
        by_line[adjudication.claim_id, adjudication.line_number].append(adjudication)
    touched = {
        normal_control_number(claims[claim_id].claim.patient_control_number)
        for (claim_id, _), group in by_line.items()
        if claim_id in claims and any(one.outcome in DENYING for one in group)
    }
    chains = _chains(records, touched)
    found: list[DenyingAnswer] = []
    for (claim_id, line_number), group in by_line.items():
        submitted = claims.get(claim_id)
        line = _line(submitted, line_number)
        if submitted is None or line is None:
            continue
        key = normal_control_number(submitted.claim.patient_control_number)
        if key not in chains:
            continue
        chain = chains[key]
        standing = {
            (one.claim_id, one.line_number, one.payment_id)
            for one in chain.open_denials
        }
        for adjudicated in _denials_of_line(group, standing):
            place = (claim_id, line_number, adjudicated.payment_id)
            settlement = find_settlement(
                chain,
                adjudicated,
                line=line,
                is_open=place in standing,
                claims=claims,
                answers=by_line,
            )
            found.append(
                DenyingAnswer(
                    adjudicated=adjudicated,
                    submitted=submitted,
                    line=line,
                    settlement=settlement,
                )
            )
    found.sort(
        key=lambda one: (
            one.adjudicated.received_on,
            one.adjudicated.claim_id,
            one.adjudicated.line_number,
            one.adjudicated.sequence,
        )
    )
    return tuple(found)


def unexplained_lines(records: PracticeRecords) -> tuple[LineAdjudication, ...]:
    """First answers that neither paid a line nor gave a known reason to deny it."""
    by_line = defaultdict(list)
    for adjudication in records.adjudications:
        by_line[adjudication.claim_id, adjudication.line_number].append(adjudication)
    first = (initial_determination(group) for group in by_line.values())
    return tuple(
        one
        for one in first
        if one is not None and one.outcome is LineOutcome.UNKNOWN and one.charge > 0
    )


def recovered_amount(answers: Iterable[DenyingAnswer]) -> Decimal:
    """Dollars paid after denials; a line denied twice and paid once counts once."""
    paid = {
        one.settlement.paid_by: one.settlement.recovered
        for one in answers
        if one.settlement.recovered > 0
    }
    return sum(paid.values(), ZERO)


def denied_amount(adjudicated: LineAdjudication) -> Decimal:
    """What denial reasons took from the line; without a known one, what is unpaid."""
    taken = sum(
        (
            one.amount
            for one in adjudicated.adjustments
            if (row := adjustment_reasons().get(one.reason_code)) is not None
            and row.adjustment_class == "denial"
        ),
        ZERO,
    )
    return taken if taken > 0 else max(ZERO, adjudicated.charge - adjudicated.paid)


def _denials_of_line(
    group: list[LineAdjudication], standing: set[tuple[str, int, str]]
) -> list[LineAdjudication]:
    """The initial determination and the standing answer, where they deny."""
    first = initial_determination(group)
    return [
        one
        for one in group
        if one.outcome in DENYING
        and (
            one is first or (one.claim_id, one.line_number, one.payment_id) in standing
        )
    ]


def _chains(records: PracticeRecords, touched: set[str]) -> dict[str, ClaimChain]:
    submissions: dict[str, list[SubmittedClaim]] = defaultdict(list)
    keys: dict[str, str] = {}
    for submitted in records.submitted_claims:
        key = normal_control_number(submitted.claim.patient_control_number)
        if key in touched:
            submissions[key].append(submitted)
            keys[submitted.claim_id] = key
    answers: dict[str, list[LineAdjudication]] = defaultdict(list)
    for adjudication in records.adjudications:
        if adjudication.claim_id in keys:
            answers[keys[adjudication.claim_id]].append(adjudication)
    acknowledgments = defaultdict(list)
    for acknowledgment in records.acknowledgments:
        key = normal_control_number(acknowledgment.patient_control_number)
        if key in touched:
            acknowledgments[key].append(acknowledgment)
    return {
        key: resolve_chain(sent, acknowledgments[key], answers[key])
        for key, sent in submissions.items()
    }


def _line(submitted: SubmittedClaim | None, line_number: int) -> ServiceLine | None:
    lines: Iterable[ServiceLine] = submitted.claim.lines if submitted else ()
    return next((line for line in lines if line.line_number == line_number), None)
