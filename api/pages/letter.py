"""One drafted letter as it will be read, with what is missing and what was withheld."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, Response

from api.dependencies import Visit, admitted
from api.pages.denial_view import deadline_view
from api.pages.rendering import frame_of, render
from api.permissions import Permission
from api.routes.answers import record_id
from api.routes.appeals import LetterFormat, letter_file
from denialml.appeals.drawing import drawn_parts
from denialml.reference import document_kinds
from denialml.store.audit import AuditAction
from denialml.store.denials import get_denial
from denialml.store.drafts import get_draft

router = APIRouter(prefix="/appeals", include_in_schema=False)
Reading = Annotated[
    Visit, Depends(admitted(Permission.APPEALS_READ, by_cookie=True), scope="function")
]


@router.get("/{draft_id}")
def show_letter(draft_id: str, visit: Reading) -> HTMLResponse:
    """The letter with its evidence beside it."""
    draft = get_draft(visit.session, visit.organization_id, record_id(draft_id))
    stored = get_denial(visit.session, visit.organization_id, draft.denial_id)
    visit.note(AuditAction.DRAFT_READ, "appeal_draft", draft.draft_id)
    return render(
        "letter.html.j2",
        frame=frame_of(visit),
        draft=draft,
        denial=stored.denial,
        covered=[
            get_denial(visit.session, visit.organization_id, denial_id).denial
            for denial_id in draft.denial_ids
        ],
        parts=drawn_parts(draft),
        deadline=deadline_view(draft.deadline, today=visit.today, status=stored.status),
        kind_label=kind_label,
    )


@router.get("/{draft_id}/packet.pdf")
def show_packet(draft_id: str, visit: Reading) -> Response:
    """The packet as PDF, in the browser's own viewer."""
    return letter_file(visit, draft_id, LetterFormat.PDF)


def kind_label(kind: str) -> str:
    """A kind of document in words."""
    entry = document_kinds().get(kind)
    return entry.label if entry is not None else kind.replace("_", " ")
