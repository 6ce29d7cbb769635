"""What is on file, for who may read records: claims, and the practice's own records.

Lists give a page at a time; a single record has an ETag. Numbers that name a patient
never stand in an address: claims are searched for by POST.
"""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Generic, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.bodies import field_error, read_body, repeated_field
from api.cursors import MAXIMUM_CURSOR_LENGTH, MAXIMUM_LIMIT, Cursor, Cursors, Limit
from api.dependencies import Visit
from api.etags import IfNoneMatch, tagged
from api.examples import as_json
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import FieldError, ProblemType, RequestProblem
from api.record_examples import EXAMPLE_CLAIM_VIEW, EXAMPLE_SUMMARY, RECORD_EXAMPLES
from api.routes.answers import JSON, json_answer, record_id, visit_with
from api.routes.denials import PayerFilter
from denialml.domain.adjudication import LineAdjudication
from denialml.domain.facts import SubmittedClaim
from denialml.domain.record import Fact, Judgment
from denialml.store.audit import AuditAction
from denialml.store.claims import answers_to, get_claim
from denialml.store.feedback import ClaimFeedback, feedback_of
from denialml.store.identity import Identity
from denialml.store.organizations import get_organization
from denialml.store.record_lists import (
    ClaimFilter,
    ClaimSummary,
    RecordKind,
    StoredRecord,
    get_record,
    list_claims,
    list_records,
)

router = APIRouter(prefix="/v1", tags=["records"])
R = TypeVar("R", bound=Fact)


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of claims ended."""

    submitted_on: date
    claim_id: str


class ClaimPage(Judgment, frozen=True):
    """One page of submissions. `cursor` asks for the next one, None: the last."""

    claims: tuple[ClaimSummary, ...]
    cursor: str | None


class ClaimView(Judgment, frozen=True):
    """One submission, the payers' answers to its lines, and what callers told of it."""

    submitted: SubmittedClaim
    answers: tuple[LineAdjudication, ...]
    feedback: tuple[ClaimFeedback, ...]


class ClaimSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which claims to search for; days are included."""

    patient_control_number: (
        Annotated[str, msgspec.Meta(min_length=1, max_length=80)] | None
    ) = None
    payer_id: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] | None = None
    submitted_from: date | None = None
    submitted_until: date | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=MAXIMUM_CURSOR_LENGTH)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAXIMUM_LIMIT)] = 50


class RecordPage(Judgment, Generic[R], frozen=True):
    """One page of records of one kind, by id. `cursor` None: this was the last."""

    records: tuple[StoredRecord[R], ...]
    cursor: str | None


SHAPES = (
    ClaimPage,
    ClaimView,
    ClaimSearch,
    *(RecordPage[kind.record] for kind in RecordKind),  # type: ignore[name-defined]
)


@router.get(
    "/claims",
    **describe(
        Operation(
            summary="List claims",
            description=(
                "Submissions on file, newest first. To search by control number see "
                "POST /v1/claims/search. `cursor` of an answer asks for the next "
                "page; null: this was the last."
            ),
            permission=Permission.RECORDS_READ,
            answers=(
                Content(
                    JSON,
                    {"claims": [as_json(EXAMPLE_SUMMARY)], "cursor": None},
                    ClaimPage,
                ),
            ),
            problems=(ProblemType.INVALID_REQUEST,),
        )
    ),
)
def list_claims_of_practice(
    visit: Visit = visit_with(Permission.RECORDS_READ),
    payer_id: PayerFilter = None,
    submitted_from: Annotated[
        date | None, Query(description="Sent on this day or later.")
    ] = None,
    submitted_until: Annotated[
        date | None, Query(description="Sent on this day or earlier.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """One page of claims."""
    asked = ClaimFilter(
        payer_id=payer_id,
        submitted_from=submitted_from,
        submitted_until=submitted_until,
    )
    return _claims(visit, asked, cursor=cursor, limit=limit)


@router.post(
    "/claims/search",
    **describe(
        Operation(
            summary="Search claims",
            description=(
                "As the list of claims, with the control number too, which never "
                "stands in an address. Blanks and case do not matter. Changes nothing."
            ),
            permission=Permission.RECORDS_READ,
            body=(Content(JSON, {"patient_control_number": "A-1001"}, ClaimSearch),),
            answers=(
                Content(
                    JSON,
                    {"claims": [as_json(EXAMPLE_SUMMARY)], "cursor": None},
                    ClaimPage,
                ),
            ),
            problems=(ProblemType.UNREADABLE_BODY, ProblemType.INVALID_REQUEST),
        )
    ),
)
def search_claims(
    visit: Visit = visit_with(Permission.RECORDS_READ),
    body: bytes = Depends(read_body),
) -> Response:
    """One page of the claims that fit."""
    search = read_search(body)
    asked = ClaimFilter(
        patient_control_number=search.patient_control_number,
        payer_id=search.payer_id,
        submitted_from=search.submitted_from,
        submitted_until=search.submitted_until,
    )
    return _claims(visit, asked, cursor=search.cursor, limit=search.limit)


def read_search(body: bytes) -> ClaimSearch:
    """What a body asks for.

    Raises `RequestProblem` (unreadable-body, or invalid-request that names the field).
    """
    try:
        if repeated_field(body) is not None:
            message = "Expected each field once"
            fault = FieldError(pointer="", message=message)
            raise RequestProblem(ProblemType.INVALID_REQUEST, errors=(fault,))
        return msgspec.json.decode(body, type=ClaimSearch)
    except msgspec.ValidationError as error:
        raise RequestProblem(
            ProblemType.INVALID_REQUEST, errors=(field_error(str(error)),)
        ) from None
    except (ValueError, RecursionError):
        raise RequestProblem(ProblemType.UNREADABLE_BODY) from None


def _claims(
    visit: Visit, asked: ClaimFilter, *, cursor: str | None, limit: int
) -> Response:
    cursors = Cursors(visit, "claims", asked)
    found = list_claims(
        visit.session,
        visit.organization_id,
        asked,
        after=None if cursor is None else _after(cursors.open(cursor, Place)),
        limit=limit + 1,
    )
    shown, following = found[:limit], None
    visit.note(AuditAction.RECORDS_LISTED, "claims", "", record_count=len(shown))
    if len(found) > limit:
        following = cursors.seal(Place(shown[-1].submitted_on, shown[-1].claim_id))
    return json_answer(ClaimPage(claims=shown, cursor=following))


def _after(place: Place) -> tuple[date, str]:
    return place.submitted_on, place.claim_id


@router.get(
    "/claims/{claim_id}",
    **describe(
        Operation(
            summary="Read a claim",
            description=(
                "One submission as it was sent, every answer to its lines on file, "
                "and what callers told of it."
            ),
            permission=Permission.RECORDS_READ,
            answers=(Content(JSON, as_json(EXAMPLE_CLAIM_VIEW), ClaimView),),
            problems=(ProblemType.NOT_FOUND,),
            has_etag=True,
        )
    ),
)
def read_claim(
    claim_id: str,
    visit: Visit = visit_with(Permission.RECORDS_READ),
    if_none_match: IfNoneMatch = None,
) -> Response:
    """One claim."""
    session, organization_id = visit.session, visit.organization_id
    submitted = get_claim(session, organization_id, record_id(claim_id))
    view = ClaimView(
        submitted=submitted,
        answers=answers_to(session, organization_id, [submitted.claim_id]),
        feedback=feedback_of(session, organization_id, submitted.claim_id),
    )
    identity = Identity(get_organization(session, organization_id).fingerprint_key)
    visit.note(
        AuditAction.RECORD_READ,
        "claim",
        submitted.claim_id,
        patient_id=identity.of_patient(submitted.claim),
    )
    return tagged(visit, json_answer(view), if_none_match=if_none_match)


def _add_routes(kind: RecordKind) -> None:
    """The list of one kind of records, and one of them."""
    path = "/" + kind.label.replace("_", "-")
    words = kind.label.replace("_", " ")
    note = " Metadata only: no text and no bytes." if kind is _DOCUMENTS else ""
    shape = StoredRecord[kind.record]  # type: ignore[name-defined]
    page = RecordPage[kind.record]  # type: ignore[name-defined]
    example = as_json(RECORD_EXAMPLES[kind])
    router.get(
        path,
        **describe(
            Operation(
                summary=f"List {words}",
                description=(
                    f"The practice's {words} on file, in the order of their ids.{note} "
                    "`cursor` of an answer asks for the next page; null: this was "
                    "the last."
                ),
                permission=Permission.RECORDS_READ,
                answers=(Content(JSON, {"records": [example], "cursor": None}, page),),
                problems=(ProblemType.INVALID_REQUEST,),
            )
        ),
        name=f"list_{kind.label}",
    )(_lister(kind))
    router.get(
        f"{path}/{{record_id}}",
        **describe(
            Operation(
                summary=f"Read one of the {words}",
                description=f"One record as it was received.{note}",
                permission=Permission.RECORDS_READ,
                answers=(Content(JSON, example, shape),),
                problems=(ProblemType.NOT_FOUND,),
                has_etag=True,
            )
        ),
        name=f"read_{kind.label}",
    )(_reader(kind))


_DOCUMENTS = RecordKind.DOCUMENTS


def _lister(kind: RecordKind) -> Callable[..., Response]:
    def list_one_kind(
        visit: Visit = visit_with(Permission.RECORDS_READ),
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        cursors = Cursors(visit, kind.label)
        found = list_records(
            visit.session,
            visit.organization_id,
            kind,
            after="" if cursor is None else cursors.open(cursor, str),
            limit=limit + 1,
        )
        shown, following = found[:limit], None
        visit.note(AuditAction.RECORDS_LISTED, kind.label, "", record_count=len(shown))
        if len(found) > limit:
            following = cursors.seal(shown[-1].record_id)
        return json_answer(RecordPage(records=shown, cursor=following))

    return list_one_kind


def _reader(kind: RecordKind) -> Callable[..., Response]:
    def read_one(
        record_id: str,
        visit: Visit = visit_with(Permission.RECORDS_READ),
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        found = get_record(
            visit.session, visit.organization_id, kind, _known_id(record_id)
        )
        visit.note(AuditAction.RECORD_READ, kind.label, found.record_id)
        return tagged(visit, json_answer(found), if_none_match=if_none_match)

    return read_one


_known_id = record_id
for _kind in RecordKind:
    _add_routes(_kind)
