"""Draft the letter for a denial, keep it, and draw it on request.

Drafts are versions: one is added when the record says something new, never changed.
Drafting and every later reading are audited in the transaction that does them.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from denialml.appeals.case_file import CaseFile
from denialml.appeals.catalog import Catalog
from denialml.appeals.drafting import draft_letter
from denialml.appeals.drawing import draft_html
from denialml.appeals.packet import draft_pdf
from denialml.domain.appeal import AppealDraft
from denialml.domain.claim import Claim, ServiceLine, rendering_npi
from denialml.domain.document import Document
from denialml.domain.facts import PracticeRecords
from denialml.domain.record import Judgment
from denialml.errors import DraftBlocked, UnknownRecord
from denialml.modeling.facts import FactBook
from denialml.store.audit import AuditAction, record_event
from denialml.store.case_records import case_records
from denialml.store.claims import get_claim
from denialml.store.denials import StoredDenial, denials_of_answer, get_denial
from denialml.store.documents import (
    document_content,
    documents_for,
    get_document,
    practice_documents,
)
from denialml.store.drafts import (
    find_draft,
    get_draft,
    latest_draft,
    list_drafts,
    save_draft,
)
from denialml.store.organizations import get_organization

DraftFormat = Literal["json", "html", "pdf"]
# Notes of neighboring days are looked at so that a misfiled one is named, not missed.
NEARBY_DAYS = 7


class RenderedDraft(Judgment, frozen=True):
    """A draft drawn in one format, with its media type and a file name without PHI."""

    media_type: str
    file_name: str
    content: bytes


class DrawingMaterials(Judgment, frozen=True):
    """A stored draft with all that drawing it in one format needs.

    `exhibits` and `contents` are by document id, and filled for the PDF only.
    """

    draft: AppealDraft
    form: DraftFormat
    simulated: bool
    exhibits: dict[str, Document]
    contents: dict[str, bytes]


def draft_appeal(
    session: Session,
    organization_id: str,
    denial_id: str,
    *,
    now: datetime,
    actor: str,
    catalog: Catalog | None = None,
) -> AppealDraft:
    """Draft the letter of a denial from what is on file now, and store it.

    One letter covers the lines of a claim that one answer denied for one cause, with
    one outcome of drafting: asking for any of them gives the same draft. An unchanged
    record gives the draft that is already stored, under its own date.
    `catalog` holds the operator's own templates; None: denialml's. The caller commits.

    Raises:
        UnknownRecord: this organization has no such denial.
        DraftBlocked: cause, route and deadline have not been worked out yet.
    """
    cases = letter_cases(session, organization_id, denial_id, now=now, catalog=catalog)
    latest = latest_draft(session, organization_id, cases[0].denial.denial_id)
    draft = _draft_of(cases, drafted_at=now, catalog=catalog)
    if latest is not None and _says_the_same(cases, draft, latest, catalog=catalog):
        _audit(session, organization_id, latest, AuditAction.DRAFT_READ, now, actor)
        return latest
    stored = find_draft(session, organization_id, draft.draft_id)
    if stored is not None:  # the record went back to what it was earlier that day
        _audit(session, organization_id, stored, AuditAction.DRAFT_READ, now, actor)
        return stored
    save_draft(session, organization_id, draft)
    _audit(session, organization_id, draft, AuditAction.DRAFT_MADE, now, actor)
    return draft


def render(
    session: Session,
    organization_id: str,
    draft_id: str,
    *,
    form: DraftFormat,
    now: datetime,
    actor: str,
) -> RenderedDraft:
    """A stored draft as JSON, a standalone HTML page, or the PDF packet, audited.

    Raises:
        UnknownRecord: this organization has no such draft.
        DraftBlocked: a PDF of a blocked draft, or of one whose exhibits changed.
    """
    materials = gather(session, organization_id, draft_id, form=form)
    _audit(
        session, organization_id, materials.draft, AuditAction.DRAFT_READ, now, actor
    )
    return draw(materials)


def gather(
    session: Session, organization_id: str, draft_id: str, *, form: DraftFormat
) -> DrawingMaterials:
    """Read what drawing a stored draft needs; `draw` then needs no database.

    Typesetting a packet takes up to seconds. Whoever must not hold a transaction that
    long gathers, lets go, draws, and records the reading before handing it out.

    Raises:
        UnknownRecord: this organization has no such draft.
    """
    draft = get_draft(session, organization_id, draft_id)
    exhibits: dict[str, Document] = {}
    contents: dict[str, bytes] = {}
    if form == "pdf":
        exhibits, contents = _exhibits(session, organization_id, draft)
    return DrawingMaterials(
        draft=draft,
        form=form,
        simulated=get_organization(session, organization_id).is_simulated,
        exhibits=exhibits,
        contents=contents,
    )


def draw(materials: DrawingMaterials) -> RenderedDraft:
    """The draft in the format it was gathered for; reads and writes nothing.

    Raises:
        DraftBlocked: a PDF of a blocked draft, or of one whose exhibits changed.
    """
    draft = materials.draft
    name = f"appeal-{draft.draft_id}"
    if materials.form == "html":
        return RenderedDraft(
            media_type="text/html; charset=utf-8",
            file_name=f"{name}.html",
            content=draft_html(draft, simulated=materials.simulated).encode(),
        )
    if materials.form == "pdf":
        return RenderedDraft(
            media_type="application/pdf",
            file_name=f"{name}.pdf",
            content=draft_pdf(
                draft,
                materials.exhibits,
                contents=materials.contents,
                simulated=materials.simulated,
            ),
        )
    return RenderedDraft(
        media_type="application/json",
        file_name=f"{name}.json",
        content=msgspec.json.encode(draft),
    )


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


def _draft_of(
    cases: tuple[CaseFile, ...], *, drafted_at: datetime, catalog: Catalog | None
) -> AppealDraft:
    return draft_letter(
        cases[0], others=cases[1:], drafted_at=drafted_at, catalog=catalog
    )


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
        documents=_documents(session, organization_id, claim, line),
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


def _says_the_same(
    cases: tuple[CaseFile, ...],
    draft: AppealDraft,
    latest: AppealDraft,
    *,
    catalog: Catalog | None,
) -> bool:
    """Whether only the letter's own date would change.

    Drafting again as of the stored draft's day shows that the record is the same;
    comparing what depends on the day (consents, authorities) shows that time alone
    changed nothing either.
    """
    again = _draft_of(cases, drafted_at=latest.drafted_at, catalog=catalog)
    return (
        again == latest
        and draft.status == latest.status
        and draft.exhibits == latest.exhibits
        and draft.withheld == latest.withheld
        and draft.citations == latest.citations
        and draft.blocked_reasons == latest.blocked_reasons
    )


def _exhibits(
    session: Session, organization_id: str, draft: AppealDraft
) -> tuple[dict[str, Document], dict[str, bytes]]:
    documents: dict[str, Document] = {}
    contents: dict[str, bytes] = {}
    for exhibit in draft.exhibits:
        document = get_document(session, organization_id, exhibit.document_id)
        documents[exhibit.document_id] = document
        content = document_content(session, organization_id, exhibit.document_id)
        if content is not None:
            contents[exhibit.document_id] = content
    return documents, contents


def _audit(
    session: Session,
    organization_id: str,
    draft: AppealDraft,
    action: AuditAction,
    now: datetime,
    actor: str,
) -> None:
    record_event(
        session,
        organization_id,
        actor=actor,
        action=action,
        record_kind="appeal_draft",
        record_id=draft.draft_id,
        now=now,
    )
