"""Appeals: draft a letter for a denial, and read it as JSON, HTML or PDF."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.bodies import read_body, require_no_fields
from api.dependencies import Purpose, Visit
from api.etags import IfNoneMatch, tagged
from api.examples import EXAMPLE_DRAFT, as_json
from api.idempotency import KEY_PROBLEMS, once
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import ProblemType, RequestProblem
from api.routes.answers import JSON, json_answer, record_id, visit_with
from denialml.domain.appeal import AppealDraft
from denialml.journeys.draft import draft_appeal, draw, gather
from denialml.store.audit import AuditAction

router = APIRouter(prefix="/v1", tags=["appeals"])
SHAPES = (AppealDraft,)

HTML = "text/html"
PDF = "application/pdf"
# The letter is one page with its own style and nothing else; `sandbox` makes it inert
# even if something in it were taken for more than text.
LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)


class LetterFormat(StrEnum):
    """How to read a letter."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"


_MEDIA_TYPES = {
    JSON: LetterFormat.JSON,
    HTML: LetterFormat.HTML,
    PDF: LetterFormat.PDF,
    "*/*": LetterFormat.JSON,
    "application/*": LetterFormat.JSON,
    "text/*": LetterFormat.HTML,
}


@router.post(
    "/denials/{denial_id}/appeal",
    **describe(
        Operation(
            summary="Draft the appeal of a denial",
            description=(
                "Drafts the letter from what is on file now: 201 with a new draft, 200 "
                "with the one before where nothing has changed. A draft whose status "
                "is `blocked` has no letter and says why and what to do instead. "
                "One letter covers the lines of a claim that one answer denied for "
                "one cause: each of `denial_ids` gives the same draft, kept under "
                "`denial_id`, the first of them. Nothing is ever sent."
            ),
            permission=Permission.APPEALS_WRITE,
            status=201,
            answers=(Content(JSON, as_json(EXAMPLE_DRAFT), AppealDraft),),
            problems=(
                ProblemType.NOT_FOUND,
                ProblemType.DRAFT_BLOCKED,
                *KEY_PROBLEMS,
            ),
        )
    ),
)
@once
def make_appeal(
    denial_id: str,
    visit: Visit = visit_with(Permission.APPEALS_WRITE, Purpose.CHANGE),
    body: bytes = Depends(read_body),
) -> Response:
    """Draft, and store the draft."""
    require_no_fields(body)
    draft = draft_appeal(
        visit.session,
        visit.organization_id,
        record_id(denial_id),
        now=visit.now,
        actor=visit.actor,
    )
    return json_answer(
        draft,
        status=201 if draft.drafted_at == visit.now else 200,
        headers={"Location": f"/v1/appeals/{draft.draft_id}"},
    )


@router.get(
    "/appeals/{draft_id}",
    **describe(
        Operation(
            summary="Read a drafted letter",
            description=(
                "JSON names every block with its sources, the exhibits, what was "
                "withheld and what is missing. HTML is the letter, PDF the packet: "
                "letter and exhibits. Choose by the Accept header or by `format`. A "
                "blocked draft has no PDF."
            ),
            permission=Permission.APPEALS_READ,
            answers=(
                Content(JSON, as_json(EXAMPLE_DRAFT), AppealDraft),
                Content(HTML, "<!doctype html>..."),
                Content(PDF, "%PDF-1.7..."),
            ),
            problems=(
                ProblemType.NOT_FOUND,
                ProblemType.NOT_ACCEPTABLE,
                ProblemType.DRAFT_BLOCKED,
                ProblemType.INVALID_REQUEST,
            ),
            has_etag=True,
        )
    ),
)
def read_appeal(
    draft_id: str,
    request: Request,
    visit: Visit = visit_with(Permission.APPEALS_READ),
    chosen: Annotated[
        LetterFormat | None,
        Query(alias="format", description="Wins over the Accept header."),
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """One letter in the format asked for."""
    letter_format = chosen or accepted_format(request.headers.get("accept", ""))
    return tagged(
        visit,
        letter_file(visit, draft_id, letter_format),
        if_none_match=if_none_match,
    )


def letter_file(visit: Visit, draft_id: str, letter_format: LetterFormat) -> Response:
    """A letter as a file, for the API and for the page; the reading is audited.

    Nothing is held while a packet is typeset: the database connection goes back to the
    pool first, and the event is committed afterwards, before any byte leaves.

    Raises `DraftBlocked` for the PDF of a draft without a letter.
    """
    materials = gather(
        visit.session,
        visit.organization_id,
        record_id(draft_id),
        form=letter_format.value,
    )
    # Before drawing: a draft that cannot be drawn was read all the same.
    visit.note(AuditAction.DRAFT_READ, "appeal_draft", materials.draft.draft_id)
    visit.session.rollback()
    rendered = draw(materials)
    headers = {"Content-Disposition": f'inline; filename="{rendered.file_name}"'}
    if letter_format is LetterFormat.HTML:
        headers["Content-Security-Policy"] = LETTER_POLICY
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)


def accepted_format(accept: str) -> LetterFormat:
    """The format of an Accept header: the one weighed most, JSON where all are equal.

    Raises `RequestProblem` (not-acceptable).
    """
    offers: list[tuple[float, LetterFormat]] = []
    for part in accept.split(",") if accept.strip() else ["*/*"]:
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((it[2:] for it in parameters if it.startswith("q=")), "1")
        if media_type in _MEDIA_TYPES:
            offers.append((_weight(weight), _MEDIA_TYPES[media_type]))
    usable = [offer for offer in offers if offer[0] > 0]
    if not usable:
        raise RequestProblem(ProblemType.NOT_ACCEPTABLE)
    return max(usable, key=lambda offer: offer[0])[1]


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
