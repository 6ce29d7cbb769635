"""Draft the letter for a denial, keep it, and draw it on request.

Drafts are versions: one is added when the record says something new, never changed.
Drafting and every later reading are audited in the transaction that does them.
"""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from denialml.appeals.case_file import CaseFile
from denialml.appeals.catalog import Catalog
from denialml.appeals.drafting import draft_letter
from denialml.appeals.drawing import draft_html
from denialml.appeals.packet import draft_pdf
from denialml.appeals.record_prints import is_print
from denialml.domain.appeal import AppealDraft
from denialml.domain.document import Document
from denialml.domain.record import Judgment
from denialml.journeys.case_files import letter_cases, prints_of
from denialml.store.audit import AuditAction, record_event
from denialml.store.documents import document_content, get_document
from denialml.store.drafts import find_draft, get_draft, latest_draft, save_draft
from denialml.store.organizations import get_organization

DraftFormat = Literal["json", "html", "pdf"]


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


def _draft_of(
    cases: tuple[CaseFile, ...], *, drafted_at: datetime, catalog: Catalog | None
) -> AppealDraft:
    return draft_letter(
        cases[0], others=cases[1:], drafted_at=drafted_at, catalog=catalog
    )


def _says_the_same(
    cases: tuple[CaseFile, ...],
    draft: AppealDraft,
    latest: AppealDraft,
    *,
    catalog: Catalog | None,
) -> bool:
    """Whether only the letter's own date would change.

    Drafting again as of the stored draft's day shows that the record is the same;
    comparing what depends on the day (consents, authorities, last days) shows that
    time alone changed nothing either.
    """
    again = _draft_of(cases, drafted_at=latest.drafted_at, catalog=catalog)
    return (
        again == latest
        and draft.status == latest.status
        and draft.exhibits == latest.exhibits
        and draft.withheld == latest.withheld
        and draft.citations == latest.citations
        and draft.blocked_reasons == latest.blocked_reasons
        and draft.missing == latest.missing
        and draft.route == latest.route
    )


def _exhibits(
    session: Session, organization_id: str, draft: AppealDraft
) -> tuple[dict[str, Document], dict[str, bytes]]:
    documents: dict[str, Document] = {}
    contents: dict[str, bytes] = {}
    prints = prints_of(session, organization_id, draft)
    for exhibit in draft.exhibits:
        if exhibit.document_id in prints:
            documents[exhibit.document_id] = prints[exhibit.document_id]
            continue
        if is_print(exhibit.document_id):
            continue  # its record changed: the packet says that the exhibit is absent
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
