"""Denials: every denied line gets its cause, its route and its deadline.

`find_denials` reads what is on file, judges each denying answer and stores the
result. Running it again adds nothing and changes only what new records changed: a
denial that a later answer settled is closed, never removed. `judge_denials` does the
same, and reads only the patients about whom something changed where it is handed what
the run before left.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy.orm import Session

from denialml.domain.denial import CauseConfirmation
from denialml.domain.record import Judgment
from denialml.journeys.cause_learning import model_on_file
from denialml.journeys.denying_answers import denying_answers, unexplained_lines
from denialml.journeys.judging import (
    Conclusions,
    FreshLine,
    conclude_all,
    recovered_of,
    weigh,
)
from denialml.journeys.judgments import Judgments, scope_of
from denialml.journeys.letters import note_letters_read, read_letters
from denialml.journeys.stored_denials import stored_denials
from denialml.modeling.root_cause.practice_learning import CauseModel
from denialml.modeling.root_cause.root_cause_book import RootCauseBook
from denialml.store.audit import AuditAction, latest_sequence, record_event
from denialml.store.cause_confirmations import standing_confirmations
from denialml.store.cause_models import cause_model_version
from denialml.store.denials import denials_by_id, save_denials
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
) -> tuple[DenialReport, Judgments]:
    """`find_denials`, reading only what changed since `last` where that still stands.

    `last` is what an earlier run left, brought up to date for every file since
    (`judgments.after_file`). The rows stored and the report are the same, whatever
    `last` is. Keep what is returned only once the transaction was committed.

    What was learnt of confirmed causes (`learn_causes`) judges where it is on file, and
    a cause that a person confirmed stands whatever is judged.
    """
    organization = get_organization(session, organization_id)
    version = cause_model_version(session, organization_id)
    scope = scope_of(session, organization_id, last, as_of=as_of, model_version=version)
    kept = last if scope is not None else None
    model = kept.model if kept else model_on_file(session, organization_id)
    asked = _Asked(
        session, organization_id, Identity(organization.fingerprint_key), as_of, model
    )
    work = _judged_work(asked, last, scope)
    note_letters_read(session, organization_id, work.letters_read, actor=actor, now=now)
    stored = denials_by_id(
        session, organization_id, [one.judged.denial_id for one in work.fresh]
    )
    judged = stored_denials(
        work.fresh,
        work.conclusions,
        stored,
        book=work.book,
        confirmed=_confirmed(asked, work),
        now=now,
    )
    changed = tuple(one for one in judged if stored.get(one.denial.denial_id) != one)
    save_denials(session, organization_id, changed)
    new = sum(one.denial.denial_id not in stored for one in changed)
    event_id = _note_run(
        session, organization_id, len(judged), as_of=as_of, now=now, actor=actor
    )
    found = Judgments(
        as_of=as_of,
        records_version=organization.records_version,
        event_id=event_id,
        lines=work.conclusions.lines,
        unexplained=work.unexplained,
        # Judging moves no answer: what stood before it stands.
        unsettled=kept.unsettled
        if kept
        else unsettled_payments(session, organization_id),
        model=model,
        model_version=version,
    )
    return _report(found, new=new, changed=len(changed) - new), found


def _note_run(
    session: Session,
    organization_id: str,
    count: int,
    *,
    as_of: date,
    now: datetime,
    actor: str,
) -> int:
    """Audit the run with the number of denials judged; returns the event's id."""
    record_event(
        session,
        organization_id,
        actor=actor,
        action=AuditAction.DENIALS_FOUND,
        record_kind="denial",
        record_id=as_of.isoformat(),
        now=now,
        record_count=count,
    )
    return latest_sequence(session, organization_id, AuditAction.DENIALS_FOUND) or 0


class _Asked(NamedTuple):
    """Whose denials are judged, as of when and with what."""

    session: Session
    organization_id: str
    identity: Identity
    as_of: date
    model: CauseModel | None


class _Work(Judgment, frozen=True):
    """One pass over some or all control numbers, nothing stored yet."""

    fresh: tuple[FreshLine, ...]
    conclusions: Conclusions
    book: RootCauseBook
    letters_read: int
    unexplained: dict[tuple[str, int], tuple[str, Decimal]]


def _judged_work(
    asked: _Asked, last: Judgments | None, scope: frozenset[str] | None
) -> _Work:
    """Judge the control numbers of `scope`, and those that turn out to hang on them."""
    for _ in range(_ROUNDS):
        if scope is None or last is None:
            break
        work = _some(asked, last, scope)
        if not work.conclusions.unsure - scope:
            return work
        scope |= work.conclusions.unsure
    return _everything(asked)


def _everything(asked: _Asked) -> _Work:
    session, organization_id, identity, as_of, model = asked
    records = practice_records(session, organization_id, until=as_of)
    letters = read_letters(session, organization_id, until=as_of)
    book = RootCauseBook(records, as_of=as_of)
    answers = denying_answers(records)
    fresh = tuple(weigh(answers, book, identity=identity, letters=letters))
    numbers = {
        one.claim_id: normal_control_number(one.claim.patient_control_number)
        for one in records.submitted_claims
    }
    return _Work(
        fresh=fresh,
        conclusions=conclude_all((), fresh, model=model),
        book=book,
        letters_read=len(letters),
        unexplained={
            (one.claim_id, one.line_number): (numbers.get(one.claim_id, ""), one.charge)
            for one in unexplained_lines(records)
        },
    )


def _some(asked: _Asked, last: Judgments, scope: frozenset[str]) -> _Work:
    session, organization_id, identity, as_of, model = asked
    around = records_around(session, organization_id, scope, until=as_of)
    letters = read_letters(session, organization_id, until=as_of, control_numbers=scope)
    book = RootCauseBook(around.records, as_of=as_of)
    answers = [
        one
        for one in denying_answers(around.records)
        if around.control_numbers[one.adjudicated.claim_id] in scope
    ]
    fresh = tuple(weigh(answers, book, identity=identity, letters=letters))
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
        conclusions=conclude_all(kept, fresh, model=model),
        book=book,
        letters_read=len(letters),
        unexplained=unexplained,
    )


def _confirmed(asked: _Asked, work: _Work) -> dict[str, CauseConfirmation]:
    """What people confirmed of the fresh denials and of those they only uphold."""
    services = {one.judged.service for one in work.fresh}
    wanted = [
        one.denial_id for one in work.conclusions.lines if one.service in services
    ]
    return standing_confirmations(asked.session, asked.organization_id, wanted)


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
