"""The audit trail for who may read it: newest first, a page at a time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from api.dependencies import Visit
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import FieldError, ProblemType, RequestProblem
from api.routes.answers import JSON, json_answer, visit_with
from denialml.store.audit import (
    MAXIMUM_PAGE,
    AuditAction,
    AuditEvent,
    AuditFilter,
    newest_events,
)

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class AuditPage(msgspec.Struct, frozen=True):
    """A page of events, newest first. `cursor` asks for the next; null: the last."""

    events: tuple[AuditEvent, ...]
    cursor: str | None


class _Cursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    before: Annotated[int, msgspec.Meta(ge=1, le=2**62)]


SHAPES = (AuditPage,)
_EXAMPLE = {
    "events": [
        {
            "sequence": 42,
            "occurred_at": "2026-11-02T15:00:00Z",
            "actor": "key_0f3d9a1c5b7e2468",
            "action": "denial.read",
            "record_kind": "denial",
            "record_id": "den_7d1f0c9b2a4e68530f1e2d3c",
            "record_count": None,
            "patient_id": "pat_1c2b3a4d5e6f708192a3b4c5",
            "request_id": "0b5d1f6e3c9a4d7f8a2b6c4d1e0f9a8b",
            "mac": "9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
        }
    ],
    "cursor": None,
}
_PLAIN_ID = r"^[A-Za-z0-9_.:@/+-]+$"

PlainId = Annotated[str | None, Query(max_length=120, pattern=_PLAIN_ID)]


@router.get(
    "",
    **describe(
        Operation(
            summary="Read the audit trail",
            description=(
                "Who did what to which record, newest first: ids and codes only. Each "
                "event is numbered and sealed (docs/audit.md). The reading is an event "
                "itself. `cursor` of an answer asks for the next page; null: this was "
                "the last."
            ),
            permission=Permission.AUDIT_READ,
            answers=(Content(JSON, _EXAMPLE, AuditPage),),
            problems=(ProblemType.INVALID_REQUEST,),
        )
    ),
)
def read_audit(
    visit: Visit = visit_with(Permission.AUDIT_READ),
    action: Annotated[
        AuditAction | None, Query(description="Only events of this kind.")
    ] = None,
    actor: PlainId = None,
    record_id: PlainId = None,
    patient_id: PlainId = None,
    request_id: PlainId = None,
    since: Annotated[date | None, Query(description="From this day on (UTC).")] = None,
    until: Annotated[
        date | None, Query(description="Up to and with this day (UTC).")
    ] = None,
    cursor: Annotated[
        str | None,
        Query(max_length=500, description="The `cursor` of the page before."),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MAXIMUM_PAGE, description="Events per page.")
    ] = 50,
) -> Response:
    """One page of events."""
    asked = AuditFilter(
        action="" if action is None else action.value,
        actor=actor or "",
        record_id=record_id or "",
        patient_id=patient_id or "",
        request_id=request_id or "",
        since=None if since is None else _midnight(since),
        until=None if until is None else _midnight(until) + timedelta(days=1),
    )
    found = newest_events(
        visit.session,
        visit.organization_id,
        asked,
        before_sequence=None if cursor is None else _place(cursor),
        limit=limit,
    )
    visit.note(AuditAction.AUDIT_READ, "audit_event", "", record_count=len(found))
    following = found[-1].sequence if len(found) == limit else 1
    return json_answer(AuditPage(found, _cursor(following) if following > 1 else None))


def _midnight(day: date) -> datetime:
    # A day of the year 1 or 9999 has no day before or after it to count to.
    if not 1900 <= day.year < 2200:
        raise _wrong("since", "Expected a day of the years 1900 to 2199")
    return datetime.combine(day, time(), UTC)


def _cursor(before: int) -> str:
    return msgspec.json.encode(_Cursor(before)).hex()


def _place(cursor: str) -> int:
    """The number before which the next page begins."""
    try:
        return msgspec.json.decode(bytes.fromhex(cursor), type=_Cursor).before
    except ValueError:
        raise _wrong("cursor", "This cursor was not made by this list") from None


def _wrong(parameter: str, message: str) -> RequestProblem:
    return RequestProblem(
        ProblemType.INVALID_REQUEST,
        errors=(FieldError(parameter=parameter, message=message),),
    )
