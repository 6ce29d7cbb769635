"""Everything on file of one practice, for scoring, training and root cause."""

from collections.abc import Iterator
from datetime import date
from typing import TypeVar

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.adjudication import LineAdjudication
from denialml.domain.claim import Claim
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    Enrollment,
    Payer,
)
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.store.payloads import payload_decoder
from denialml.store.tables import (
    AuthorizationRow,
    ClaimAcknowledgmentRow,
    ClaimRow,
    ClinicianRow,
    EligibilityCheckRow,
    EncounterRow,
    EnrollmentRow,
    LineAdjudicationRow,
    PayerRow,
    PracticeRecordColumns,
)

T = TypeVar("T")
FETCH_ROWS = 5000


def practice_records(
    session: Session, organization_id: str, *, until: date | None = None
) -> PracticeRecords:
    """All records of a practice, or those known on `until` or before.

    Every tuple is ordered by record id, so that two reads of the same store agree.
    """

    def practice(row: type[PracticeRecordColumns], kind: type[T]) -> tuple[T, ...]:
        return _practice(session, organization_id, row=row, kind=kind, until=until)

    return PracticeRecords(
        payers=practice(PayerRow, Payer),
        clinicians=practice(ClinicianRow, Clinician),
        enrollments=practice(EnrollmentRow, Enrollment),
        eligibility_checks=practice(EligibilityCheckRow, EligibilityCheck),
        authorizations=practice(AuthorizationRow, Authorization),
        encounters=practice(EncounterRow, Encounter),
        submitted_claims=tuple(submitted_claims(session, organization_id, until=until)),
        adjudications=tuple(adjudications(session, organization_id, until=until)),
        acknowledgments=_acknowledgments(session, organization_id, until=until),
    )


def submitted_claims(
    session: Session,
    organization_id: str,
    *,
    since: date | None = None,
    until: date | None = None,
) -> Iterator[SubmittedClaim]:
    """Submissions of these days (both included), by claim id; streamed."""
    statement = select(
        ClaimRow.claim_id, ClaimRow.submitted_on, ClaimRow.accepted, ClaimRow.payload
    ).where(ClaimRow.organization_id == organization_id)
    if since is not None:
        statement = statement.where(ClaimRow.submitted_on >= since)
    if until is not None:
        statement = statement.where(ClaimRow.submitted_on <= until)
    return _submitted(session, statement.order_by(ClaimRow.claim_id))


def claims_awaiting(
    session: Session, organization_id: str, *, submitted_since: date | None = None
) -> Iterator[SubmittedClaim]:
    """Submissions that no payer has answered and no front end rejected.

    By claim id; voids (frequency 8) ask for no payment and are left out.
    """
    answered = exists().where(
        LineAdjudicationRow.claim_id == ClaimRow.claim_id,
        LineAdjudicationRow.organization_id == organization_id,
    )
    statement = select(
        ClaimRow.claim_id, ClaimRow.submitted_on, ClaimRow.accepted, ClaimRow.payload
    ).where(
        ClaimRow.organization_id == organization_id,
        ClaimRow.frequency_code != "8",
        or_(ClaimRow.accepted.is_(None), ClaimRow.accepted.is_(True)),
        ~answered,
    )
    if submitted_since is not None:
        statement = statement.where(ClaimRow.submitted_on >= submitted_since)
    return _submitted(session, statement.order_by(ClaimRow.claim_id))


def adjudications(
    session: Session, organization_id: str, *, until: date | None = None
) -> Iterator[LineAdjudication]:
    """Answers to lines received on `until` or before; by claim, line and sequence."""
    decode = payload_decoder(LineAdjudication).decode
    statement = select(LineAdjudicationRow.payload).where(
        LineAdjudicationRow.organization_id == organization_id
    )
    if until is not None:
        statement = statement.where(LineAdjudicationRow.received_on <= until)
    statement = statement.order_by(
        LineAdjudicationRow.claim_id,
        LineAdjudicationRow.line_number,
        LineAdjudicationRow.sequence,
    ).execution_options(yield_per=FETCH_ROWS)
    for (payload,) in session.execute(statement):
        yield decode(payload)


def _acknowledgments(
    session: Session, organization_id: str, *, until: date | None
) -> tuple[ClaimAcknowledgment, ...]:
    decode = payload_decoder(ClaimAcknowledgment).decode
    statement = select(ClaimAcknowledgmentRow.payload).where(
        ClaimAcknowledgmentRow.organization_id == organization_id
    )
    if until is not None:
        statement = statement.where(ClaimAcknowledgmentRow.received_on <= until)
    statement = statement.order_by(ClaimAcknowledgmentRow.acknowledgment_id)
    return tuple(decode(payload) for (payload,) in session.execute(statement))


def _practice(
    session: Session,
    organization_id: str,
    *,
    row: type[PracticeRecordColumns],
    kind: type[T],
    until: date | None,
) -> tuple[T, ...]:
    decode = payload_decoder(kind).decode
    statement = select(row.payload).where(row.organization_id == organization_id)
    if until is not None:
        statement = statement.where(or_(row.known_on.is_(None), row.known_on <= until))
    found = session.execute(statement.order_by(row.record_id))
    return tuple(decode(payload) for (payload,) in found)


def _submitted(
    session: Session, statement: Select[str, date, bool | None, str]
) -> Iterator[SubmittedClaim]:
    decode = payload_decoder(Claim).decode
    rows = session.execute(statement.execution_options(yield_per=FETCH_ROWS))
    for claim_id, submitted_on, accepted, payload in rows:
        yield SubmittedClaim(
            claim_id=claim_id,
            submitted_on=submitted_on,
            claim=decode(payload),
            accepted=accepted,
        )
