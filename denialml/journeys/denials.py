"""Denials: every denied line gets its cause, its route and its deadline.

`find_denials` reads what is on file, judges each denying answer and stores the
result. Running it again adds nothing and changes only what new records changed: a
denial that a later answer settled is closed, never removed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from denialml.appeals.deadlines import appeal_deadline
from denialml.appeals.routing import choose_route
from denialml.domain.adjudication import (
    LineAdjudication,
    LineOutcome,
    initial_determination,
)
from denialml.domain.chain import ClaimChain, resolve_chain
from denialml.domain.claim import ServiceLine
from denialml.domain.denial import Denial, RootCauseFinding
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.domain.record import Judgment
from denialml.journeys.settlement import Settlement, find_settlement
from denialml.modeling.root_cause_book import DeniedLine, RootCauseBook
from denialml.reference import adjustment_reasons
from denialml.store.audit import AuditAction, record_event
from denialml.store.denials import StoredDenial, all_denials, save_denials
from denialml.store.identity import Identity
from denialml.store.line_matching import normal_control_number
from denialml.store.organizations import get_organization
from denialml.store.records import practice_records

DENYING = frozenset({LineOutcome.DENIED, LineOutcome.PARTIAL})
ZERO = Decimal(0)


class DenialReport(Judgment, frozen=True):
    """What one run found. Amounts are dollars.

    `new`, `changed` and `known` count the denials of this run (known: nothing new to
    say). `open_amount` is what open denials hold, `recovered_amount` what payers paid
    later on closed ones. `abstained` are denials whose cause could not be told.
    `unexplained` lines were not paid and no reason says that they were denied (the
    whole charge written down to contract): they are no denials, and they need a look
    at contract and rates before anybody writes them off.
    """

    as_of: date
    new: int
    changed: int
    known: int
    open: int
    closed: int
    abstained: int
    open_amount: Decimal
    recovered_amount: Decimal
    unexplained: int
    unexplained_amount: Decimal


class DenyingAnswer(Judgment, frozen=True):
    """One denying answer with its line, and what later became of it."""

    adjudicated: LineAdjudication
    submitted: SubmittedClaim
    line: ServiceLine
    settlement: Settlement


def find_denials(
    session: Session,
    organization_id: str,
    *,
    as_of: date,
    now: datetime,
    actor: str,
) -> DenialReport:
    """Judge every denied line known on `as_of`, and store what is new.

    One row per claim line and denying answer: the initial determinations that denied
    or cut a line, and later answers that stand as denials. The caller commits.
    """
    records = practice_records(session, organization_id, until=as_of)
    answers = denying_answers(records)
    stored = {
        one.denial.denial_id: one for one in all_denials(session, organization_id)
    }
    identity = Identity(get_organization(session, organization_id).fingerprint_key)
    judged = _judge(
        records, answers, identity=identity, stored=stored, as_of=as_of, now=now
    )
    fresh = tuple(one for one in judged if stored.get(one.denial.denial_id) != one)
    save_denials(session, organization_id, fresh)
    new = sum(one.denial.denial_id not in stored for one in fresh)
    record_event(
        session,
        organization_id,
        actor=actor,
        action=AuditAction.DENIALS_FOUND,
        record_kind="denial",
        record_id=as_of.isoformat(),
        now=now,
        record_count=len(judged),
    )
    unexplained = unexplained_lines(records)
    still_open = [one for one in judged if one.status == "open"]
    return DenialReport(
        as_of=as_of,
        new=new,
        changed=len(fresh) - new,
        known=len(judged) - len(fresh),
        open=len(still_open),
        closed=len(judged) - len(still_open),
        abstained=sum(
            one.finding is not None and one.finding.root_cause is None for one in judged
        ),
        open_amount=sum((one.denial.denied_amount for one in still_open), ZERO),
        recovered_amount=recovered_amount(answers),
        unexplained=len(unexplained),
        unexplained_amount=sum((one.charge for one in unexplained), ZERO),
    )


def recovered_amount(answers: Iterable[DenyingAnswer]) -> Decimal:
    """Dollars paid after denials; a line denied twice and paid once counts once."""
    paid = {
        one.settlement.paid_by: one.settlement.recovered
        for one in answers
        if one.settlement.recovered > 0
    }
    return sum(paid.values(), ZERO)


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


def _judge(
    records: PracticeRecords,
    answers: Sequence[DenyingAnswer],
    *,
    identity: Identity,
    stored: dict[str, StoredDenial],
    as_of: date,
    now: datetime,
) -> list[StoredDenial]:
    book = RootCauseBook(records, as_of=as_of)
    lines = [
        DeniedLine(
            adjudicated=one.adjudicated,
            claim=one.submitted.claim,
            line=one.line,
            submitted_on=one.submitted.submitted_on,
        )
        for one in answers
    ]
    judged = []
    for one, line, found in zip(answers, lines, book.find(lines), strict=True):
        denial = _denial(one, identity)
        payer = book.payers.get(line.claim.payer.payer_id)
        earlier = stored.get(denial.denial_id)
        finding = _settled_finding(found, earlier)
        judged.append(
            StoredDenial(
                denial=denial,
                status="closed" if one.settlement.reason else "open",
                found_at=earlier.found_at if earlier is not None else now,
                finding=finding,
                route=choose_route(
                    denial,
                    finding,
                    payer=payer,
                    claim=line.claim,
                    facts=book.facts_when_sent(
                        line.claim, line.line, sent_on=line.submitted_on
                    ),
                    later=book.facts_now(line),
                ),
                deadline=appeal_deadline(denial, payer=payer, claim=line.claim),
                closed_reason=one.settlement.reason,
            )
        )
    return judged


def _settled_finding(
    finding: RootCauseFinding, earlier: StoredDenial | None
) -> RootCauseFinding:
    """The earlier finding where the new one names the same cause.

    What other denials teach moves every probability a little with every file; a page
    or a letter should change only where the conclusion does.
    """
    known = earlier.finding if earlier is not None else None
    if known is not None and known.root_cause is finding.root_cause:
        return known
    return finding


def _denial(one: DenyingAnswer, identity: Identity) -> Denial:
    adjudicated, claim = one.adjudicated, one.submitted.claim
    return Denial(
        denial_id=identity.of_parts(
            "den",
            adjudicated.claim_id,
            str(adjudicated.line_number),
            adjudicated.payment_id,
        ),
        claim_id=adjudicated.claim_id,
        payment_id=adjudicated.payment_id,
        line_number=adjudicated.line_number,
        patient_control_number=claim.patient_control_number,
        payer_id=claim.payer.payer_id,
        payer_name=claim.payer.name,
        payer_claim_control_number=adjudicated.payer_claim_control_number,
        procedure_code=one.line.procedure_code,
        modifiers=one.line.modifiers,
        service_date=one.line.service_date,
        denied_on=adjudicated.received_on,
        charge=adjudicated.charge,
        paid=adjudicated.paid,
        denied_amount=denied_amount(adjudicated),
        adjustments=adjudicated.adjustments,
        remark_codes=adjudicated.remark_codes,
    )


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


def _line(submitted: SubmittedClaim | None, line_number: int) -> ServiceLine | None:
    lines: Iterable[ServiceLine] = submitted.claim.lines if submitted else ()
    return next((line for line in lines if line.line_number == line_number), None)
