"""What is on file about one claim's patient: one letter needs no whole practice."""

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.adjudication import LineAdjudication
from denialml.domain.claim import Claim, patient_key
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    Enrollment,
    Payer,
)
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.store.line_matching import normal_control_number
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
    PatientRecordColumns,
    PayerRow,
    PracticeRecordColumns,
)
from denialml.store.writing import chunks

T = TypeVar("T")
Linked = TypeVar("Linked", Encounter, Authorization, EligibilityCheck)


def case_records(
    session: Session, organization_id: str, claim: Claim
) -> PracticeRecords:
    """The records of the claim's patient, with all payers and clinicians.

    A record belongs to the patient by the same medical record number or, where it
    carries none, by the member number. Ordered by record id, as `practice_records`.
    """

    def all_of(row: type[PracticeRecordColumns], kind: type[T]) -> tuple[T, ...]:
        decode = payload_decoder(kind).decode
        statement = select(row.payload).where(row.organization_id == organization_id)
        found = session.scalars(statement.order_by(row.record_id))
        return tuple(decode(payload) for payload in found)

    def patients(
        row: type[PatientRecordColumns], kind: type[Linked]
    ) -> tuple[Linked, ...]:
        return _patients(session, organization_id, claim, row=row, kind=kind)

    submitted = _submitted(session, organization_id, claim)
    return PracticeRecords(
        payers=all_of(PayerRow, Payer),
        clinicians=all_of(ClinicianRow, Clinician),
        enrollments=all_of(EnrollmentRow, Enrollment),
        eligibility_checks=patients(EligibilityCheckRow, EligibilityCheck),
        authorizations=patients(AuthorizationRow, Authorization),
        encounters=patients(EncounterRow, Encounter),
        submitted_claims=submitted,
        adjudications=_answers(session, organization_id, submitted),
        acknowledgments=_acknowledgments(session, organization_id, submitted),
    )


def _patients(
    session: Session,
    organization_id: str,
    claim: Claim,
    *,
    row: type[PatientRecordColumns],
    kind: type[Linked],
) -> tuple[Linked, ...]:
    """By the record number or, where claim or record carries none, the member's.

    Two questions, because for either-or SQLite reads the whole organization; and a
    member's numbered records are left out here, because an index on empty record
    numbers would lead to everybody's.
    """
    record_number = claim.medical_record_number
    member_id = claim.subscriber.member_id
    asked = (
        (row.medical_record_number, record_number),
        (row.member_id, member_id),
    )
    found: dict[str, str] = {}
    for column, number in asked:
        if not number:
            continue
        statement = select(row.record_id, row.medical_record_number, row.payload).where(
            row.organization_id == organization_id, column == number
        )
        found |= {
            record_id: payload
            for record_id, numbered, payload in session.execute(statement)
            if not record_number or numbered in ("", record_number)
        }
    decode = payload_decoder(kind).decode
    return tuple(decode(found[key]) for key in sorted(found))


def _submitted(
    session: Session, organization_id: str, claim: Claim
) -> tuple[SubmittedClaim, ...]:
    decode = payload_decoder(Claim).decode
    rows = session.execute(
        select(
            ClaimRow.claim_id,
            ClaimRow.submitted_on,
            ClaimRow.accepted,
            ClaimRow.payload,
        )
        .where(
            ClaimRow.organization_id == organization_id,
            ClaimRow.patient_key == patient_key(claim),
        )
        .order_by(ClaimRow.claim_id)
    )
    return tuple(
        SubmittedClaim(
            claim_id=claim_id,
            submitted_on=submitted_on,
            claim=decode(payload),
            accepted=accepted,
        )
        for claim_id, submitted_on, accepted, payload in rows
    )


def _answers(
    session: Session, organization_id: str, submitted: tuple[SubmittedClaim, ...]
) -> tuple[LineAdjudication, ...]:
    decode = payload_decoder(LineAdjudication).decode
    found: list[LineAdjudication] = []
    for chunk in chunks([one.claim_id for one in submitted]):
        statement = (
            select(LineAdjudicationRow.payload)
            .where(
                LineAdjudicationRow.organization_id == organization_id,
                LineAdjudicationRow.claim_id.in_(chunk),
            )
            .order_by(
                LineAdjudicationRow.claim_id,
                LineAdjudicationRow.line_number,
                LineAdjudicationRow.sequence,
            )
        )
        found += [decode(payload) for payload in session.scalars(statement)]
    return tuple(found)


def _acknowledgments(
    session: Session, organization_id: str, submitted: tuple[SubmittedClaim, ...]
) -> tuple[ClaimAcknowledgment, ...]:
    decode = payload_decoder(ClaimAcknowledgment).decode
    keys = {
        normal_control_number(one.claim.patient_control_number) for one in submitted
    }
    found: list[ClaimAcknowledgment] = []
    for chunk in chunks(sorted(keys)):
        statement = (
            select(ClaimAcknowledgmentRow.payload)
            .where(
                ClaimAcknowledgmentRow.organization_id == organization_id,
                ClaimAcknowledgmentRow.control_number_key.in_(chunk),
            )
            .order_by(ClaimAcknowledgmentRow.acknowledgment_id)
        )
        found += [decode(payload) for payload in session.scalars(statement)]
    return tuple(found)
