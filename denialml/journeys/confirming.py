"""A denial specialist says what a denial's root cause is; the desk follows.

The confirmation is kept with who, when and what the model had said; the denial, and
later answers that only upheld it, get the confirmed cause with its route at once.
"""

from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from denialml.domain.denial import CauseConfirmation, RootCause
from denialml.errors import InputError
from denialml.journeys.denying_answers import DenyingAnswer, denying_answers
from denialml.journeys.judging import denial_id_of
from denialml.journeys.stored_denials import (
    confirmed_finding,
    inherited_finding,
    model_finding,
    with_finding,
)
from denialml.modeling.root_cause.judgment import UPHELD
from denialml.modeling.root_cause.practice_learning import is_asked
from denialml.modeling.root_cause.root_cause_book import DeniedLine, RootCauseBook
from denialml.store.audit import AuditAction, record_event
from denialml.store.cause_confirmations import (
    confirmations_of,
    save_confirmation,
    standing_confirmations,
)
from denialml.store.database import lock_organization
from denialml.store.denials import (
    StoredDenial,
    denials_by_id,
    get_denial,
    save_denials,
)
from denialml.store.identity import Identity
from denialml.store.line_matching import normal_control_number
from denialml.store.organizations import get_organization
from denialml.store.touched import records_around

Service = tuple[str, str, date | None]


def confirm_cause(
    session: Session,
    organization_id: str,
    denial_id: str,
    root_cause: RootCause | None,
    *,
    as_of: date,
    now: datetime,
    actor: str,
) -> StoredDenial:
    """Confirm or correct the root cause of a denial; None takes that back.

    The denial is routed anew with what was known on `as_of`. The caller commits. What
    stands already, said again by anybody, adds nothing.

    Raises:
        UnknownRecord: this organization has no such denial.
        InputError: its cause has not been worked out yet, or nothing was confirmed
            that could be taken back.
    """
    lock_organization(session, organization_id)
    stored = get_denial(session, organization_id, denial_id)
    if stored.finding is None:
        raise InputError("the denial has no cause yet: find denials first")
    earlier = confirmations_of(session, organization_id, denial_id)
    if root_cause is None and not (earlier and earlier[0].root_cause):
        raise InputError("no confirmed cause of this denial stands: nothing to undo")
    if earlier and root_cause is not None and earlier[0].root_cause is root_cause:
        return stored
    identity = Identity(get_organization(session, organization_id).fingerprint_key)
    stands = bool(earlier) and earlier[0].root_cause is not None
    confirmation = CauseConfirmation(
        confirmation_id=identity.of_parts("cnf", denial_id, str(len(earlier) + 1)),
        denial_id=denial_id,
        root_cause=root_cause,
        confirmed_by=actor,
        confirmed_at=now,
        # The model's own finding: a stored one may be what was confirmed before, or
        # what an earlier denial of the service was confirmed to be.
        before=earlier[0].before if stands else model_finding(stored.finding),
        was_asked=is_asked(denial_id),
    )
    save_confirmation(session, organization_id, confirmation)
    changed = _followed(
        session, organization_id, stored, confirmation, identity, as_of=as_of
    )
    save_denials(session, organization_id, changed)
    record_event(
        session,
        organization_id,
        actor=actor,
        action=AuditAction.CAUSE_CONFIRMED
        if root_cause is not None
        else AuditAction.CAUSE_TAKEN_BACK,
        record_kind="denial",
        record_id=denial_id,
        now=now,
    )
    return get_denial(session, organization_id, denial_id)


def _followed(
    session: Session,
    organization_id: str,
    stored: StoredDenial,
    confirmation: CauseConfirmation,
    identity: Identity,
    *,
    as_of: date,
) -> tuple[StoredDenial, ...]:
    """The denial and the answers that uphold it, as they are now to be stored."""
    number = normal_control_number(stored.denial.patient_control_number)
    around = records_around(session, organization_id, {number}, until=as_of)
    book = RootCauseBook(around.records, as_of=as_of)
    answers = {
        denial_id_of(one, identity): one
        for one in denying_answers(around.records)
        if around.control_numbers[one.adjudicated.claim_id] == number
    }
    first: dict[Service, str] = {}
    for denial_id, answer in answers.items():
        first.setdefault(_service_of(answer), denial_id)
    asked = confirmation.denial_id
    standing = standing_confirmations(session, organization_id, {asked, *answers})
    changed = []
    on_file = denials_by_id(session, organization_id, {asked, *answers})
    for denial_id, known in sorted(on_file.items()):
        one = answers.get(denial_id)
        upheld = first[_service_of(one)] if one is not None and _upholds(one) else ""
        if denial_id in standing:
            finding = confirmed_finding(standing[denial_id])
        elif upheld != denial_id and upheld in standing:
            finding = inherited_finding(standing[upheld])
        elif denial_id == asked:
            finding = confirmation.before
        elif known.finding is not None and upheld == asked:
            finding = model_finding(known.finding)
        else:
            continue
        if one is None:  # later records took the answer's denial away
            changed.append(msgspec.structs.replace(known, finding=finding))
        elif finding != known.finding:
            changed.append(with_finding(known, finding, _denied(one), book=book))
    return tuple(changed)


def _service_of(one: DenyingAnswer) -> Service:
    return (
        one.submitted.claim.patient_control_number,
        one.line.procedure_code,
        one.line.service_date,
    )


def _upholds(one: DenyingAnswer) -> bool:
    return any(it.reason_code == UPHELD for it in one.adjudicated.adjustments)


def _denied(one: DenyingAnswer) -> DeniedLine:
    return DeniedLine(
        adjudicated=one.adjudicated,
        claim=one.submitted.claim,
        line=one.line,
        submitted_on=one.submitted.submitted_on,
    )
