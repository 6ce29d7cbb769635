"""Idempotency-Key: a request sent again has its effect once and the same answer.

A route that changes something is decorated with `once`. The answer is kept in the
transaction of the effect, so that a service killed between effect and answer gives it
to the repeated request; what is refused or fails leaves nothing behind, its
transaction being rolled back, and may be sent again with the same key.

A kept answer that is given again was read again: the event names the request that was
answered first, whose own events say which records it showed.
"""

import functools
import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from starlette.responses import Response

from api.bodies import read_body
from api.dependencies import Visit
from api.problems import FieldError, ProblemType, RequestProblem
from denialml.store.audit import AuditAction
from denialml.store.idempotency import (
    KeptAnswer,
    KeyedRequest,
    Standing,
    keep_answer,
    kept_answer,
    sweep_answers,
)

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotent-Replayed"
MAXIMUM_KEY_LENGTH: Final = 255
RETRY_SECONDS: Final = "1"
# What an operation that takes a key may refuse besides its own problems.
KEY_PROBLEMS: Final = (
    ProblemType.REQUEST_IN_FLIGHT,
    ProblemType.INVALID_REQUEST,
    ProblemType.IDEMPOTENCY_KEY_REUSED,
)
# Headers that change what is asked for; a trace or a request id does not.
_TELLING: Final = ("content-type", "content-disposition", "accept")
_PARAMETER: Final = "sent_key"
# Said anew of the body that is sent.
_NOT_KEPT: Final = frozenset({"content-length"})

Endpoint = Callable[..., Response]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=KEY_HEADER,
        min_length=1,
        max_length=MAXIMUM_KEY_LENGTH,
        pattern=r"^[\x21-\x7e]+$",
        description=(
            "A name of your own for this request, such as a random UUID. Sent again "
            "with the same key, operation and content, it has no second effect and is "
            "answered the same, with `Idempotent-Replayed: true`."
        ),
    ),
]


@dataclass(frozen=True)
class SentKey:
    """The key of a request, its operation, and what tells it from another."""

    key: str
    operation: str
    sent: tuple[bytes, ...]


async def read_key(
    request: Request, key: IdempotencyKey = None, body: bytes = Depends(read_body)
) -> SentKey | None:
    """The request's key, None where it has none.

    Raises `RequestProblem` (invalid-request) for several keys.
    """
    if key is None:
        return None
    if len(request.headers.getlist(KEY_HEADER)) > 1:
        raise RequestProblem(
            ProblemType.INVALID_REQUEST,
            errors=(FieldError(parameter=KEY_HEADER, message="Expected one key"),),
        )
    return sent_key(request, key, digest=hashlib.sha256(body).digest())


def sent_key(request: Request, key: str, *, digest: bytes) -> SentKey:
    """A request's key, with what tells the request apart; `digest`: of its body."""
    headers = (request.headers.get(name, "") for name in _TELLING)
    return SentKey(
        key=key,
        operation=f"{request.method} {request.scope['route'].path}",
        sent=(
            request.url.path.encode(),
            request.url.query.encode(),
            *(header.encode() for header in headers),
            digest,
        ),
    )


def once(endpoint: Endpoint) -> Endpoint:
    """Let a route take an Idempotency-Key; it must have a `visit` to change something.

    Stands below the route's own decorator.
    """

    @functools.wraps(endpoint)
    def answer(**arguments: Any) -> Response:
        sent: SentKey | None = arguments.pop(_PARAMETER)
        if sent is None:
            return endpoint(**arguments)
        return answer_once(arguments["visit"], sent, lambda: endpoint(**arguments))

    signature = inspect.signature(endpoint)
    keyed = inspect.Parameter(
        _PARAMETER, inspect.Parameter.KEYWORD_ONLY, default=Depends(read_key)
    )
    answer.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), keyed]
    )
    return answer


def answer_once(
    visit: Visit, sent: SentKey, make_answer: Callable[[], Response]
) -> Response:
    """Make the answer, or give the one on file; for routes that read no whole body."""
    service = visit.service
    request = KeyedRequest(
        service.pepper,
        visit.organization_id,
        actor=visit.actor,
        operation=sent.operation,
        key=sent.key,
        sent=sent.sent,
    )
    since = visit.now - timedelta(hours=service.settings.idempotency_key_hours)
    with service.in_flight.alone(request.answer_id) as is_alone:
        if not is_alone:
            raise _in_flight()
        found = kept_answer(visit.session, request, since=since)
        if isinstance(found, KeptAnswer):
            visit.note(AuditAction.ANSWER_REPLAYED, "request", found.request_id)
            return _replayed(found)
        if found is Standing.IN_FLIGHT:
            raise _in_flight()
        if found is Standing.USED_OTHERWISE:
            raise RequestProblem(ProblemType.IDEMPOTENCY_KEY_REUSED)
        response = make_answer()
        keep_answer(
            visit.session, request, _kept(response, visit.request_id), now=visit.now
        )
        sweep_answers(visit.session, before=since)
    return response


def _kept(response: Response, request_id: str) -> KeptAnswer:
    headers = (
        (name, value)
        for name, value in response.headers.items()
        if name not in _NOT_KEPT
    )
    return KeptAnswer(
        status=response.status_code,
        headers=tuple(headers),
        body=bytes(response.body),
        request_id=request_id,
    )


def _replayed(answer: KeptAnswer) -> Response:
    return Response(
        answer.body,
        status_code=answer.status,
        headers=dict(answer.headers) | {REPLAYED_HEADER: "true"},
    )


def _in_flight() -> RequestProblem:
    return RequestProblem(
        ProblemType.REQUEST_IN_FLIGHT, headers={"Retry-After": RETRY_SECONDS}
    )
