"""One denial: what the payer said, why, what to do until when, and what is on file."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.dependencies import Purpose, Visit, admitted
from api.pages.denial_view import (
    CauseView,
    adjustment_views,
    cause_label,
    deadline_view,
    remark_views,
    service_text,
)
from api.pages.forms import Form, read_form, require_token
from api.pages.rendering import frame_of, render
from api.permissions import Permission
from api.problems import ProblemType, RequestProblem
from api.routes.answers import record_id
from denialml.domain.claim import Claim, person
from denialml.domain.denial import CauseConfirmation, RootCause, RootCauseFinding
from denialml.domain.document import PROTECTED_NOTES, Document, Sensitivity
from denialml.journeys.case_files import drafts_covering
from denialml.journeys.confirming import confirm_cause
from denialml.journeys.draft import draft_appeal
from denialml.journeys.worklist import view_denial
from denialml.reference import document_kinds, root_causes
from denialml.store.api_keys import list_keys
from denialml.store.audit import AuditAction
from denialml.store.claims import chain_for_claim, get_claim
from denialml.store.denials import StoredDenial
from denialml.store.documents import documents_for

router = APIRouter(prefix="/denials", include_in_schema=False)

TAKE_BACK = "take_back"


@dataclass(frozen=True)
class DocumentView:
    """One document on file. `remark` says what keeps it from serving as evidence."""

    kind: str
    title: str
    service_date: date | None
    remark: str


@dataclass(frozen=True)
class WantedView:
    """A kind of document that usually speaks to this cause, and whether it is here."""

    kind: str
    is_on_file: bool


@dataclass(frozen=True)
class StatementView:
    """What a person said of the cause; `said` is empty where it was taken back.

    `modeled` is the cause that the model had named, empty where it named none.
    """

    said: str
    said_by: str
    said_at: datetime
    modeled: str
    modeled_probability: float


@router.get("/{denial_id}")
def show_denial(
    denial_id: str,
    visit: Annotated[
        Visit,
        Depends(admitted(Permission.DENIALS_READ, by_cookie=True), scope="function"),
    ],
) -> HTMLResponse:
    """The page of one denial."""
    view = view_denial(
        visit.session,
        visit.organization_id,
        record_id(denial_id),
        as_of=visit.today,
    )
    stored = view.stored
    denial = stored.denial
    claim = get_claim(visit.session, visit.organization_id, denial.claim_id).claim
    documents = _documents_of(visit, claim, stored)
    visit.note(AuditAction.DENIAL_READ, "denial", denial.denial_id)
    cause = stored.finding.root_cause if stored.finding is not None else None
    return render(
        "denial.html.j2",
        frame=frame_of(visit),
        stored=stored,
        denial=denial,
        patient=person(claim),
        claim=claim,
        service=service_text(denial.procedure_code, denial.modifiers),
        causes=cause_views(stored.finding),
        named=view.cause_label,
        candidates=view.candidates,
        check=view.check,
        statements=_statements_of(visit, view.confirmations),
        choices=[(cause.value, cause_label(cause)) for cause in RootCause],
        chosen=cause.value if cause is not None else "",
        deadline=deadline_view(
            stored.deadline, today=visit.today, status=stored.status
        ),
        refiling=deadline_view(
            view.filing_deadline, today=visit.today, status=stored.status
        )
        if view.filing_deadline is not None
        else None,
        adjustments=adjustment_views(denial.adjustments),
        remarks=remark_views(denial.remark_codes),
        documents=[document_view(it, on=denial.service_date) for it in documents],
        wanted=wanted_views(cause, {document.kind for document in documents}),
        chain=chain_for_claim(visit.session, visit.organization_id, denial.claim_id),
        drafts=_drafts_of(visit, denial.denial_id),
    )


@router.post("/{denial_id}/cause")
def state_cause(
    denial_id: str,
    visit: Annotated[
        Visit,
        Depends(
            admitted(Permission.DENIALS_WRITE, Purpose.CHANGE, by_cookie=True),
            scope="function",
        ),
    ],
    form: Annotated[Form, Depends(read_form)],
) -> Response:
    """Confirm or correct the cause, or take that back, and show the denial again."""
    require_token(visit, form)
    confirm_cause(
        visit.session,
        visit.organization_id,
        record_id(denial_id),
        _chosen_cause(form.text("root_cause")),
        as_of=visit.today,
        now=visit.now,
        actor=visit.actor,
    )
    return RedirectResponse(f"/denials/{denial_id}", status_code=303)


@router.post("/{denial_id}/appeal")
def draft_letter(
    denial_id: str,
    visit: Annotated[
        Visit,
        Depends(
            admitted(Permission.APPEALS_WRITE, Purpose.CHANGE, by_cookie=True),
            scope="function",
        ),
    ],
    form: Annotated[Form, Depends(read_form)],
) -> Response:
    """Draft the letter and show it."""
    require_token(visit, form)
    draft = draft_appeal(
        visit.session,
        visit.organization_id,
        record_id(denial_id),
        now=visit.now,
        actor=visit.actor,
    )
    return RedirectResponse(f"/appeals/{draft.draft_id}", status_code=303)


def _documents_of(
    visit: Visit, claim: Claim, stored: StoredDenial
) -> tuple[Document, ...]:
    service_date = stored.denial.service_date
    return documents_for(
        visit.session,
        visit.organization_id,
        medical_record_number=claim.medical_record_number,
        member_id=claim.subscriber.member_id if claim.patient is None else "",
        patient_control_number=claim.patient_control_number,
        service_dates=(service_date,) if service_date is not None else (),
    )


def _drafts_of(visit: Visit, denial_id: str) -> list[tuple[str, datetime, str]]:
    """Drafted letters that cover this denial, newest first: id, when, status."""
    return [
        (draft.draft_id, draft.drafted_at, draft.status)
        for draft in drafts_covering(visit.session, visit.organization_id, denial_id)
    ]


def _chosen_cause(value: str) -> RootCause | None:
    """The cause a form sent; None where it takes back what was said.

    Raises `RequestProblem` (invalid-request) that names the causes there are.
    """
    if value == TAKE_BACK:
        return None
    if value in {cause.value for cause in RootCause}:
        return RootCause(value)
    allowed = ", ".join(cause.value for cause in RootCause)
    raise RequestProblem(
        ProblemType.INVALID_REQUEST,
        f"Choose a cause of the list: {allowed}.",
    )


def _statements_of(
    visit: Visit, confirmations: tuple[CauseConfirmation, ...]
) -> list[StatementView]:
    """What people said of the cause, newest first; keys by their labels."""
    if not confirmations:
        return []
    keys = list_keys(visit.session, visit.organization_id)
    labels = {key.key_id: key.label for key in keys}
    return [
        StatementView(
            said=cause_label(one.root_cause) if one.root_cause else "",
            said_by=labels.get(one.confirmed_by) or one.confirmed_by,
            said_at=one.confirmed_at,
            modeled=cause_label(one.before.root_cause) if one.before.root_cause else "",
            modeled_probability=one.before.probability,
        )
        for one in confirmations
    ]


def cause_views(finding: RootCauseFinding | None) -> list[CauseView]:
    """The causes to show, most probable first; empty where none can be told."""
    if finding is None or finding.root_cause is None:
        return []
    return [
        CauseView(cause_label(it.root_cause), it.probability)
        for it in finding.probabilities[:4]
    ]


def document_view(document: Document, *, on: date | None) -> DocumentView:
    """One document, with what a reader should know before relying on it."""
    entry = document_kinds().get(document.kind)
    remark = ""
    if document.sensitivity in PROTECTED_NOTES:
        remark = "Never leaves the practice"
    elif document.sensitivity is Sensitivity.PART_2:
        remark = "Part 2 record: leaves only with a consent on file"
    elif document.service_date is not None and document.service_date != on:
        remark = "Another date of service"
    return DocumentView(
        kind=entry.label if entry is not None else document.kind,
        # A title is free text: that of a protected note may say what the note says.
        title="" if document.sensitivity in PROTECTED_NOTES else document.title,
        service_date=document.service_date,
        remark=remark,
    )


def wanted_views(cause: RootCause | None, on_file: set[str]) -> list[WantedView]:
    """Which kinds of documents usually speak to a cause, and which are here."""
    if cause is None or cause.value not in root_causes():
        return []
    kinds = document_kinds()
    return [
        WantedView(kinds[kind].label if kind in kinds else kind, kind in on_file)
        for kind in root_causes()[cause.value].evidence_documents
    ]
