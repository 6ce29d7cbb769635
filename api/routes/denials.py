"""Denials: the worklist a page at a time, and one denial with all that is known."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.bodies import read_body, repeated_field
from api.cursors import Cursor, Cursors, Limit
from api.dependencies import Purpose, Visit
from api.etags import (
    CHANGE_PROBLEMS,
    IfMatch,
    IfNoneMatch,
    require_unchanged,
    tagged,
)
from api.examples import EXAMPLE_DENIAL, EXAMPLE_DENIAL_VIEW, as_json
from api.idempotency import KEY_PROBLEMS, once
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import FieldError, ProblemType, RequestProblem
from api.routes.answers import JSON, json_answer, record_id, visit_with
from denialml.domain.denial import RootCause, Route
from denialml.journeys.confirming import confirm_cause
from denialml.journeys.worklist import DenialView, view_denial
from denialml.store.audit import AuditAction
from denialml.store.denials import (
    DenialPage,
    DenialSort,
    DenialStatus,
    list_denials,
)

router = APIRouter(prefix="/v1/denials", tags=["denials"])


class CauseStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person says the cause is; null takes back what was said before."""

    root_cause: RootCause | None


class StatedCause(msgspec.Struct, frozen=True):
    """That a statement was kept, for who may write denials and not read them."""

    denial_id: str
    root_cause: RootCause | None


SHAPES = (DenialPage, DenialView, CauseStatement, StatedCause)
_CAUSES = ", ".join(cause.value for cause in RootCause)

PayerFilter = Annotated[
    str | None,
    Query(
        max_length=80,
        pattern=r"^[\x20-\x7e]+$",
        description="Only this payer: the id of the claims and remittances.",
    ),
]


@router.get(
    "",
    **describe(
        Operation(
            summary="List denials",
            description=(
                "Denied or down-coded claim lines with cause, route and deadline. "
                "`cursor` of an answer asks for the next page; null: this was the last."
            ),
            permission=Permission.DENIALS_READ,
            answers=(
                Content(
                    JSON,
                    {"denials": [as_json(EXAMPLE_DENIAL)], "cursor": None},
                    DenialPage,
                ),
            ),
            problems=(ProblemType.INVALID_REQUEST,),
        )
    ),
)
def list_denials_of_practice(
    visit: Visit = visit_with(Permission.DENIALS_READ),
    status: Annotated[
        DenialStatus | None, Query(description="Open, or closed by a later answer.")
    ] = None,
    payer_id: PayerFilter = None,
    root_cause: Annotated[
        RootCause | None, Query(description="Only this most probable cause.")
    ] = None,
    route: Annotated[Route | None, Query(description="Only this next step.")] = None,
    sort: Annotated[
        DenialSort, Query(description="Order; a minus is largest or newest first.")
    ] = DenialSort.DEADLINE,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """One page of the worklist."""
    cursors = Cursors(visit, "denials", status, payer_id, root_cause, route, sort)
    page = list_denials(
        visit.session,
        visit.organization_id,
        status=status,
        payer_id=payer_id,
        root_cause=root_cause,
        route=route,
        sort=sort,
        cursor=None if cursor is None else cursors.open(cursor, str),
        limit=limit,
    )
    if page.cursor is not None:
        page = msgspec.structs.replace(page, cursor=cursors.seal(page.cursor))
    visit.note(
        AuditAction.DENIALS_LISTED, "denials", "", record_count=len(page.denials)
    )
    return json_answer(page)


@router.get(
    "/{denial_id}",
    **describe(
        Operation(
            summary="Read a denial",
            description=(
                "One denied line: the payer's codes, the cause with its runner-up and "
                "what spoke for it, the route and the deadline with its basis."
            ),
            permission=Permission.DENIALS_READ,
            answers=(Content(JSON, as_json(EXAMPLE_DENIAL_VIEW), DenialView),),
            problems=(ProblemType.NOT_FOUND,),
            has_etag=True,
        )
    ),
)
def read_denial(
    denial_id: str,
    visit: Visit = visit_with(Permission.DENIALS_READ),
    if_none_match: IfNoneMatch = None,
) -> Response:
    """One denial."""
    known_as = record_id(denial_id)
    answer = _view(visit, known_as)
    visit.note(AuditAction.DENIAL_READ, "denial", known_as)
    return tagged(visit, answer, if_none_match=if_none_match)


def _view(visit: Visit, denial_id: str) -> Response:
    return json_answer(
        view_denial(visit.session, visit.organization_id, denial_id, as_of=visit.today)
    )


@router.post(
    "/{denial_id}/cause",
    **describe(
        Operation(
            summary="Confirm or correct the cause of a denial",
            description=(
                "What a denial specialist found the cause to be. It wins over the "
                "model's in what is shown, routed and drafted, and is kept with who, "
                "when and what the model had said. A newer statement takes the place "
                "of the one before; null takes it back. Answers with the denial where "
                "the key has denials:read as well, else with denial_id and root_cause. "
                "`If-Match` says which state of the denial the statement is about."
            ),
            permission=Permission.DENIALS_WRITE,
            body=(Content(JSON, {"root_cause": "auth_missing"}, CauseStatement),),
            answers=(Content(JSON, as_json(EXAMPLE_DENIAL_VIEW), DenialView),),
            problems=(
                ProblemType.NOT_FOUND,
                ProblemType.UNREADABLE_BODY,
                *CHANGE_PROBLEMS,
                *KEY_PROBLEMS,
            ),
        )
    ),
)
@once
def state_cause(
    denial_id: str,
    visit: Visit = visit_with(Permission.DENIALS_WRITE, Purpose.CHANGE),
    body: bytes = Depends(read_body),
    if_match: IfMatch = None,
) -> Response:
    """Confirm, correct or take back; the denial as it then stands, to who may read."""
    statement = read_statement(body)
    known_as = record_id(denial_id)
    require_unchanged(visit, if_match, lambda: _view(visit, known_as))
    confirm_cause(
        visit.session,
        visit.organization_id,
        known_as,
        statement.root_cause,
        as_of=visit.today,
        now=visit.now,
        actor=visit.actor,
    )
    if Permission.DENIALS_READ not in visit.grant.scopes:
        return json_answer(StatedCause(known_as, statement.root_cause))
    visit.note(AuditAction.DENIAL_READ, "denial", known_as)
    return tagged(visit, _view(visit, known_as))


def read_statement(body: bytes) -> CauseStatement:
    """The cause of a request's body.

    Raises `RequestProblem` (unreadable-body, or invalid-request that names the causes).
    """
    try:
        if repeated_field(body) is None:
            return msgspec.json.decode(body, type=CauseStatement)
    except msgspec.ValidationError:
        pass
    except (ValueError, RecursionError):
        raise RequestProblem(ProblemType.UNREADABLE_BODY) from None
    raise RequestProblem(
        ProblemType.INVALID_REQUEST,
        errors=(
            FieldError(
                pointer="/root_cause",
                message=f"Expected `root_cause` alone, null or one of {_CAUSES}",
            ),
        ),
    )
