"""The short way for one JSON claim: scored on the event loop, without a thread.

Handing one claim to a thread, and FastAPI's general machinery, take about as long as
scoring it. A route of class `ShortRoute` first tries to answer at once. Where anything
could take time or is out of the ordinary (a batch, a file, a scorer that is not ready,
PostgreSQL, a fault in the request), it does nothing and the route goes its usual way,
so that what is refused is refused in one place. What it awaits is its audit event,
written with those of other requests.
"""

from collections.abc import Callable, Coroutine
from datetime import date
from typing import Any

import msgspec
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from api.bodies import JSON_MEDIA_TYPE, claim_faults, repeated_field
from api.dependencies import require_permission
from api.permissions import Permission
from api.resources import service_of
from api.scoring import scored_claims
from api.scoring_limits import scoring_days
from denialml.domain.claim import Claim

# A claim of 50 lines is about 15 KB; larger bodies are batches.
SHORT_BODY_BYTES = 20_000
_BEARER = "Bearer "
_claim_decoder = msgspec.json.Decoder(Claim)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ShortRoute(APIRoute):
    """A scoring route that answers at once where it can."""

    def get_route_handler(self) -> Handler:
        """The short way, then the usual one."""
        usual = super().get_route_handler()

        async def handle(request: Request) -> Response:
            answer = await answer_at_once(request)
            return answer if answer is not None else await usual(request)

        return handle


async def answer_at_once(request: Request) -> Response | None:
    """The answer for one claim; None: go the usual way.

    Raises `RequestProblem` (not-permitted) for a known key without the permission.
    """
    service = service_of(request)
    headers = request.headers
    authorization = headers.get("authorization", "")
    if (
        not service.desk.is_open
        or headers.get("content-type") != JSON_MEDIA_TYPE
        or not authorization.startswith(_BEARER)
    ):
        return None
    now = service.clock()
    known = service.desk.admit(authorization[len(_BEARER) :], now=now)
    if known is None:
        return None
    require_permission(request, known.grant, Permission.CLAIMS_SCORE)
    body = await request.body()
    today = now.astimezone(service.settings.zone).date()
    claim = _one_claim(body, today=today)
    if claim is None:
        return None
    day = _day_of(request, claim, today)
    if day is None or day not in scoring_days(today):
        return None
    score = service.scorers.score_at_once(
        known.grant.organization_id,
        claim,
        records_version=known.records_version,
        as_of=day,
        today=today,
    )
    if score is None:
        return None
    scored = scored_claims([score])
    audited = await service.desk.record(
        known, claim, request_id=request.state.request_id, now=now
    )
    if not audited:
        return None
    return Response(msgspec.json.encode(scored), media_type=JSON_MEDIA_TYPE)


def _one_claim(body: bytes, *, today: date) -> Claim | None:
    if len(body) > SHORT_BODY_BYTES:
        return None
    try:
        claim = _claim_decoder.decode(body)
        twice = repeated_field(body)
    except (ValueError, RecursionError):  # also what is no JSON or no UTF-8
        return None
    return None if twice is not None or claim_faults(claim, today=today) else claim


def _day_of(request: Request, claim: Claim, today: date) -> date | None:
    """As of which day to score; None for a query that is not understood."""
    query = request.query_params
    if not query:
        return claim.submitted_on or today
    if len(query.multi_items()) != 1:
        return None
    asked = query.get("as_of", "")
    try:
        return date.fromisoformat(asked) if len(asked) == len("2026-01-31") else None
    except ValueError:
        return None
