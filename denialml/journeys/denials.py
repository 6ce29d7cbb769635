"""Denials: every denied line gets its cause, its route and its deadline.

`find_denials` reads what is on file, judges each denying answer and stores the
result. Running it again adds nothing and changes only what new records changed: a
denial that a later answer settled is closed, never removed.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from denialml.appeals.deadlines import appeal_deadline
from denialml.appeals.routing import choose_route
from denialml.domain.denial import Denial, RootCauseFinding
from denialml.domain.facts import PracticeRecords
from denialml.domain.record import Judgment
from denialml.journeys.denying_answers import (
    DenyingAnswer,
    denied_amount,
    denying_answers,
    recovered_amount,
    unexplained_lines,
)
from denialml.modeling.root_cause_book import DeniedLine, RootCauseBook
from denialml.store.audit import AuditAction, record_event
from denialml.store.denials import StoredDenial, all_denials, save_denials
from denialml.store.identity import Identity
from denialml.store.organizations import get_organization
from denialml.store.records import practice_records

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
