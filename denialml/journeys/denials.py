"""Denials: every denied line gets its cause, its route and its deadline.

`find_denials` reads what is on file, judges each denying answer and stores the
result. Running it again adds nothing and changes only what new records changed: a
denial that a later answer settled is closed, never removed. `judge_denials` does the
same, and reads only the patients about whom something changed where it is handed what
the run before left.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from denialml.appeals.deadlines import appeal_deadline
from denialml.appeals.routing import choose_route
from denialml.domain.denial import Denial, RootCauseFinding
from denialml.domain.record import Judgment
from denialml.journeys.denying_answers import (
    DenyingAnswer,
    denied_amount,
    denying_answers,
    unexplained_lines,
)
from denialml.journeys.judging import (
    Conclusions,
    FreshLine,
    conclude_all,
    denial_id_of,
    recovered_of,
    weigh,
)
from denialml.journeys.judgments import Judgments, scope_of
from denialml.modeling.root_cause.learnt_causes import LearntCauses
from denialml.modeling.root_cause.root_cause_book import RootCauseBook
from denialml.store.audit import AuditAction, latest_event_id, record_event
from denialml.store.denials import StoredDenial, denials_by_id, save_denials
from denialml.store.identity import Identity
from denialml.store.line_matching import normal_control_number
from denialml.store.organizations import get_organization
from denialml.store.records import practice_records
from denialml.store.touched import records_around, unsettled_payments

# After so many passes that still name more to read, everything is read.
_ROUNDS = 3
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
    report, _ = judge_denials(
        session, organization_id, as_of=as_of, now=now, actor=actor
    )
    return report


def judge_denials(
    session: Session,
    organization_id: str,
    *,
    as_of: date,
    now: datetime,
    actor: str,
    last: Judgments | None = None,
    learnt: LearntCauses | None = None,
) -> tuple[DenialReport, Judgments]:
    """`find_denials`, reading only what changed since `last` where that still stands.

    `last` is what an earlier run left, brought up to date for every file since
    (`judgments.after_file`). The rows stored and the report are the same, whatever
    `last` is. Keep what is returned only once the transaction was committed. `learnt`
    (`learn_root_causes`) must be the one that `last` was judged with.
    """
    organization = get_organization(session, organization_id)
    identity = Identity(organization.fingerprint_key)
    scope = scope_of(session, organization_id, last, as_of=as_of)
    for _ in range(_ROUNDS):
        if scope is None or last is None:
            break
        work = _some(
            session, organization_id, last, scope, identity, as_of, learnt=learnt
        )
        if not work.conclusions.unsure - scope:
            break
        scope |= work.conclusions.unsure
    else:
        scope = None
    if scope is None or last is None:
        work = _everything(session, organization_id, identity, as_of, learnt=learnt)
    fresh = [one.judged.denial_id for one in work.fresh]
    stored = denials_by_id(session, organization_id, fresh)
    judged = _stored_denials(work, stored, now=now)
    changed = tuple(one for one in judged if stored.get(one.denial.denial_id) != one)
    save_denials(session, organization_id, changed)
    new = sum(one.denial.denial_id not in stored for one in changed)
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
    found = Judgments(
        as_of=as_of,
        records_version=organization.records_version,
        event_id=latest_event_id(session, organization_id, AuditAction.DENIALS_FOUND)
        or 0,
        lines=work.conclusions.lines,
        unexplained=work.unexplained,
        unsettled=unsettled_payments(session, organization_id),
    )
    return _report(found, new=new, changed=len(changed) - new), found


class _Work(Judgment, frozen=True):
    """One pass over some or all control numbers, nothing stored yet."""

    fresh: tuple[FreshLine, ...]
    conclusions: Conclusions
    book: RootCauseBook
    identity: Identity
    unexplained: dict[tuple[str, int], tuple[str, Decimal]]


def _everything(
    session: Session,
    organization_id: str,
    identity: Identity,
    as_of: date,
    *,
    learnt: LearntCauses | None,
) -> _Work:
    records = practice_records(session, organization_id, until=as_of)
    book = RootCauseBook(records, as_of=as_of)
    fresh = tuple(weigh(denying_answers(records), book, identity=identity))
    numbers = {
        one.claim_id: normal_control_number(one.claim.patient_control_number)
        for one in records.submitted_claims
    }
    return _Work(
        fresh=fresh,
        conclusions=conclude_all((), fresh, learnt=learnt),
        book=book,
        identity=identity,
        unexplained={
            (one.claim_id, one.line_number): (numbers.get(one.claim_id, ""), one.charge)
            for one in unexplained_lines(records)
        },
    )


def _some(
    session: Session,
    organization_id: str,
    last: Judgments,
    scope: frozenset[str],
    identity: Identity,
    as_of: date,
    *,
    learnt: LearntCauses | None,
) -> _Work:
    around = records_around(session, organization_id, scope, until=as_of)
    book = RootCauseBook(around.records, as_of=as_of)
    answers = [
        one
        for one in denying_answers(around.records)
        if around.control_numbers[one.adjudicated.claim_id] in scope
    ]
    fresh = tuple(weigh(answers, book, identity=identity))
    kept = [one for one in last.lines if one.control_number not in scope]
    unexplained = {
        place: told
        for place, told in last.unexplained.items()
        if around.control_numbers.get(place[0], told[0]) not in scope
    }
    for one in unexplained_lines(around.records):
        number = around.control_numbers[one.claim_id]
        if number in scope:
            unexplained[one.claim_id, one.line_number] = (number, one.charge)
    return _Work(
        fresh=fresh,
        conclusions=conclude_all(kept, fresh, learnt=learnt),
        book=book,
        identity=identity,
        unexplained=unexplained,
    )


def _report(found: Judgments, *, new: int, changed: int) -> DenialReport:
    still_open = [one for one in found.lines if one.is_open]
    return DenialReport(
        as_of=found.as_of,
        new=new,
        changed=changed,
        known=len(found.lines) - new - changed,
        open=len(still_open),
        closed=len(found.lines) - len(still_open),
        abstained=sum(one.cause is None for one in found.lines),
        open_amount=sum((one.denied_amount for one in still_open), ZERO),
        recovered_amount=sum(recovered_of(found.lines).values(), ZERO),
        unexplained=len(found.unexplained),
        unexplained_amount=sum((it[1] for it in found.unexplained.values()), ZERO),
    )


def _stored_denials(
    work: _Work, stored: Mapping[str, StoredDenial], *, now: datetime
) -> list[StoredDenial]:
    """The fresh lines as they are to be stored, in the order of receipt."""
    judged = []
    for one in work.fresh:
        denial = _denial(one.answer, work.identity)
        claim, line = one.denied.claim, one.denied.line
        payer = work.book.payers.get(claim.payer.payer_id)
        earlier = stored.get(denial.denial_id)
        finding = _settled_finding(work.conclusions.findings[denial.denial_id], earlier)
        reason = one.answer.settlement.reason
        judged.append(
            StoredDenial(
                denial=denial,
                status="closed" if reason else "open",
                found_at=earlier.found_at if earlier is not None else now,
                finding=finding,
                route=choose_route(
                    denial,
                    finding,
                    payer=payer,
                    claim=claim,
                    facts=work.book.facts_when_sent(
                        claim, line, sent_on=one.denied.submitted_on
                    ),
                    later=work.book.facts_now(one.denied),
                ),
                deadline=appeal_deadline(denial, payer=payer, claim=claim),
                closed_reason=reason,
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
        denial_id=denial_id_of(one, identity),
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
