"""What is on file about a denial, and about the lines that share its letter.

One reading of one patient's records serves every denied line of a claim.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from denialml.appeals.case_file import CaseFile
from denialml.appeals.catalog import Catalog
from denialml.appeals.drafting import draft_letter
from denialml.appeals.record_prints import acknowledgment_prints, is_print
from denialml.domain.appeal import AppealDraft
from denialml.domain.claim import Claim, ServiceLine, rendering_npi
from denialml.domain.document import Document
from denialml.domain.facts import PracticeRecords
from denialml.errors import DraftBlocked, UnknownRecord
from denialml.modeling.knowledge.facts import FactBook
from denialml.store.case_records import case_records
from denialml.store.claims import get_claim
from denialml.store.denials import StoredDenial, denials_of_answer, get_denial
from denialml.store.documents import documents_for, practice_documents
from denialml.store.drafts import list_drafts

# Notes of neighboring days are looked at so that a misfiled one is named, not missed.
NEARBY_DAYS = 7


def case_file(
    session: Session, organization_id: str, denial_id: str, *, now: datetime
) -> CaseFile:
    """Everything on file about one denial, as `draft_letter` reads it.

    Raises:
        UnknownRecord: no such denial, or its claim line is not on file.
        DraftBlocked: cause, route and deadline have not been worked out yet.
    """
    stored = get_denial(session, organization_id, denial_id)
    claim = get_claim(session, organization_id, stored.denial.claim_id).claim
    records = case_records(session, organization_id, claim)
    return _case(session, organization_id, stored, claim=claim, records=records, on=now)


def letter_cases(
    session: Session,
    organization_id: str,
    denial_id: str,
    *,
    now: datetime,
    catalog: Catalog | None = None,
) -> tuple[CaseFile, ...]:
    """The denied lines that the letter of this denial covers, in line order.

    Those of the same claim, answer, cause, route and clinician whose own letters would
    come out alike: either both can be written, or both wait for the same.

    Raises:
        UnknownRecord: no such denial, or its claim line is not on file.
        DraftBlocked: cause, route and deadline have not been worked out yet.
    """
    asked = get_denial(session, organization_id, denial_id)
    claim = get_claim(session, organization_id, asked.denial.claim_id).claim
    records = case_records(session, organization_id, claim)
    cases = [
        _case(session, organization_id, one, claim=claim, records=records, on=now)
        for one in _same_matter(session, organization_id, asked)
    ]
    if len(cases) == 1:
        return tuple(cases)
    outcomes = {
        case.denial.denial_id: _outcome(case, drafted_at=now, catalog=catalog)
        for case in cases
    }
    return tuple(
        case
        for case in cases
        if outcomes[case.denial.denial_id] == outcomes[asked.denial.denial_id]
    )


def drafts_covering(
    session: Session, organization_id: str, denial_id: str
) -> tuple[AppealDraft, ...]:
    """Every stored draft that covers this denial, newest first.

    Raises:
        UnknownRecord: this organization has no such denial.
    """
    asked = get_denial(session, organization_id, denial_id).denial
    of_answer = denials_of_answer(
        session,
        organization_id,
        claim_id=asked.claim_id,
        payment_id=asked.payment_id,
    )
    found = [
        draft
        for one in of_answer
        for draft in list_drafts(
            session, organization_id, denial_id=one.denial.denial_id
        )
        if denial_id in (draft.denial_id, *draft.denial_ids)
    ]
    return tuple(sorted(found, key=lambda draft: draft.drafted_at, reverse=True))


def prints_of(
    session: Session, organization_id: str, draft: AppealDraft
) -> dict[str, Document]:
    """The prints of records that the draft attaches, made again from those records."""
    if not any(is_print(exhibit.document_id) for exhibit in draft.exhibits):
        return {}
    denial = get_denial(session, organization_id, draft.denial_id).denial
    claim = get_claim(session, organization_id, denial.claim_id).claim
    records = case_records(session, organization_id, claim)
    prints = acknowledgment_prints(claim, records.acknowledgments)
    return {one.document_id: one for one in prints}


def _same_matter(
    session: Session, organization_id: str, asked: StoredDenial
) -> list[StoredDenial]:
    """The denials of one answer to one claim with one cause and route, asked first."""
    if asked.finding is None or asked.route is None:
        return [asked]
    alike = [
        one
        for one in denials_of_answer(
            session,
            organization_id,
            claim_id=asked.denial.claim_id,
            payment_id=asked.denial.payment_id,
        )
        if one.status == asked.status
        and one.finding is not None
        and one.finding.root_cause is asked.finding.root_cause
        and one.route is not None
        and one.route.route is asked.route.route
        and one.deadline is not None
    ]
    return sorted(alike, key=lambda one: one.denial.line_number) or [asked]


def _outcome(
    case: CaseFile, *, drafted_at: datetime, catalog: Catalog | None
) -> tuple[str, ...]:
    """What the line's own letter comes to: lines of one outcome share a letter."""
    draft = draft_letter(case, drafted_at=drafted_at, catalog=catalog)
    clinician = rendering_npi(case.claim, case.line)
    return clinician, draft.template, draft.status, *draft.blocked_reasons


def _case(
    session: Session,
    organization_id: str,
    stored: StoredDenial,
    *,
    claim: Claim,
    records: PracticeRecords,
    on: datetime,
) -> CaseFile:
    if stored.finding is None or stored.route is None or stored.deadline is None:
        raise DraftBlocked(
            f"denial {stored.denial.denial_id} has no cause, route and deadline yet; "
            "find denials first"
        )
    line = _denied_line(claim, stored)
    book = FactBook(records)
    return CaseFile(
        denial=stored.denial,
        finding=stored.finding,
        route=stored.route,
        deadline=stored.deadline,
        claim=claim,
        line=line,
        payer=book.payers.get(claim.payer.payer_id),
        facts=book.line_facts(claim, line, as_of=on.date()),
        documents=(
            *_documents(session, organization_id, claim, line),
            *acknowledgment_prints(claim, records.acknowledgments),
        ),
        encounters=records.encounters,
        authorizations=records.authorizations,
        eligibility_checks=records.eligibility_checks,
        enrollments=records.enrollments,
        clinicians=records.clinicians,
        acknowledgments=records.acknowledgments,
    )


def _denied_line(claim: Claim, stored: StoredDenial) -> ServiceLine:
    for line in claim.lines:
        if line.line_number == stored.denial.line_number:
            return line
    raise UnknownRecord(f"the line of denial {stored.denial.denial_id} is not on file")


def _documents(
    session: Session, organization_id: str, claim: Claim, line: ServiceLine
) -> tuple[Document, ...]:
    """The patient's documents around the day, and those about the clinician."""
    day = line.service_date
    days = (
        []
        if day is None
        else [day + timedelta(days=n) for n in range(-NEARBY_DAYS, NEARBY_DAYS + 1)]
    )
    of_patient = documents_for(
        session,
        organization_id,
        medical_record_number=claim.medical_record_number,
        member_id=claim.subscriber.member_id,
        patient_control_number=claim.patient_control_number,
        service_dates=days,
    )
    of_clinician = practice_documents(
        session,
        organization_id,
        clinician_npis=(rendering_npi(claim, line),),
    )
    return (*of_patient, *of_clinician)
