"""The outermost ring of the service: every request passes here first and last.

It gives the request its id, bounds its body in bytes and in time, turns whatever went
wrong into one problem document, sets the security headers and writes the one log line.
"""

import asyncio
import re
import time
import uuid
from collections.abc import Iterator, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access_log import LOGGER_NAME, fault_fields
from api.deprecation import deprecation_of
from api.failures import as_problem
from api.pages.rendering import problem_answer
from api.problems import ProblemType, RequestProblem
from api.rate_limits import limit_headers
from api.tracing import HEADER as TRACE_HEADER
from api.tracing import Trace, trace_of

REQUEST_ID_HEADER = "X-Request-ID"
# Only hexadecimal ids are taken over from the caller: the id is logged, and any
# wider alphabet could carry a member number into the log.
_ACCEPTED_REQUEST_ID = re.compile(r"[0-9a-f]{8}[0-9a-f-]{8,56}")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_SECURITY_HEADERS = tuple(
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
)
_RETRY = b"retry-after"
# What a 503 says that does not know itself when it is worth trying again.
RETRY_SECONDS = b"5"
# What the log says of a caller that hung up before an answer could begin. No answer has
# this status: it is the custom of proxies, and no fault of the service.
CLIENT_LEFT_STATUS = 499
CLIENT_LEFT = "client-left"


class Gate:
    """ASGI middleware.

    `body_limit_bytes` bounds what any request may send (`larger_bodies`: more, by
    path), `body_seconds` how long it may take to arrive once somebody reads it. `hosts`
    are the names by which the service may be called, None: any.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit_bytes: int,
        body_seconds: float,
        hosts: frozenset[str] | None,
        larger_bodies: Mapping[str, int] | None = None,
    ) -> None:
        self.app = app
        self.larger_bodies = larger_bodies or {}
        self.hosts = hosts
        self.body_limit_bytes = body_limit_bytes
        self.body_seconds = body_seconds
        self.log = structlog.get_logger(LOGGER_NAME)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; never raises for an HTTP request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        trace = trace_of(headers.get(TRACE_HEADER, ""))
        outgoing = _Outgoing(send, scope, trace=trace)
        fault: dict[str, str] = {}
        try:
            self._require_own_host(scope)
            bounded = _bounded(
                scope,
                receive,
                limit=self.larger_bodies.get(scope["path"], self.body_limit_bytes),
                seconds=self.body_seconds,
            )
            await self.app(scope, bounded, outgoing)
        except ClientDisconnect:
            state["problem"] = CLIENT_LEFT
        except Exception as error:
            problem = as_problem(error)
            state["problem"] = problem.problem_type.slug
            if problem.problem_type is ProblemType.INTERNAL_ERROR:
                fault = fault_fields(error)
            if not outgoing.started:
                response = problem_answer(Request(scope), problem)
                await response(scope, receive, outgoing)
        elapsed = (time.perf_counter() - started) * 1000
        route = scope.get("route")
        self.log.info(
            "request",
            request_id=request_id,
            trace_id=trace.trace_id,
            method=scope["method"] if scope["method"] in _METHODS else "other",
            route=getattr(route, "path", "unmatched"),
            status=outgoing.status or CLIENT_LEFT_STATUS,
            duration_milliseconds=round(elapsed, 1),
            organization_id=state.get("organization_id", ""),
            actor=state.get("actor", ""),
            problem=state.get("problem", ""),
            **fault,
        )

    def _require_own_host(self, scope: Scope) -> None:
        if self.hosts is None:
            return
        named = [value for name, value in scope["headers"] if name == b"host"]
        if len(named) != 1 or host_name(named[0].decode("latin-1")) not in self.hosts:
            raise RequestProblem(ProblemType.WRONG_HOST)


def host_name(header: str) -> str:
    """The name in a Host header, lower case, without port, brackets or last dot."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0].removesuffix(".")


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Outgoing:
    """`send`, with the headers of every answer and a note of its status."""

    def __init__(self, send: Send, scope: Scope, *, trace: Trace) -> None:
        self._send = send
        self._scope = scope
        self._trace = trace
        self._is_static = scope["path"].startswith("/static/")
        self.status = 0

    @property
    def started(self) -> bool:
        return self.status != 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"] = list(message.get("headers", ()))
            headers.extend(self._own_headers())
            if self._is_static:
                headers.append((b"cache-control", b"no-cache"))
            own = {name for name, _ in headers}
            headers.extend(it for it in _SECURITY_HEADERS if it[0] not in own)
            if self.status == HTTPStatus.SERVICE_UNAVAILABLE and _RETRY not in own:
                headers.append((_RETRY, RETRY_SECONDS))
        await self._send(message)

    def _own_headers(self) -> Iterator[tuple[bytes, bytes]]:
        """What this request is called, how often its caller may ask, what will go."""
        state = self._scope["state"]
        yield b"x-request-id", state["request_id"].encode()
        yield TRACE_HEADER.encode(), self._trace.header.encode()
        found: dict[str, str] = {}
        if "rate_limits" in state:
            found |= limit_headers(state["rate_limits"])
        deprecation = deprecation_of(self._scope.get("route"))
        if deprecation is not None:
            found |= deprecation.headers()
        for name, value in found.items():
            yield name.lower().encode(), value.encode()


def _bounded(scope: Scope, receive: Receive, *, limit: int, seconds: float) -> Receive:
    """`receive` that refuses more than `limit` bytes, announced or not.

    And a body that has not arrived `seconds` after somebody began to read it: a caller
    that sends a byte a minute would otherwise be waited for without end.
    """
    announced = Headers(scope=scope).get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise RequestProblem(ProblemType.BODY_TOO_LARGE)
    total = 0
    has_arrived = False
    deadline: float | None = None

    async def receive_bounded() -> Message:
        nonlocal total, has_arrived, deadline
        if has_arrived:  # what comes now is the end of the connection, at any time
            return await receive()
        if deadline is None:
            deadline = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise RequestProblem(
                ProblemType.BODY_TOO_SLOW, headers={"Connection": "close"}
            ) from None
        if message["type"] == "http.request":
            total += len(message.get("body", b""))
            if total > limit:
                raise RequestProblem(ProblemType.BODY_TOO_LARGE)
            has_arrived = not message.get("more_body", False)
        return message

    return receive_bounded


def _request_id(headers: Headers) -> str:
    sent = headers.get(REQUEST_ID_HEADER, "")
    return sent if _ACCEPTED_REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex


def request_id_of(request: Request) -> str:
    """The id of this request, as in the response header and the log."""
    return str(request.state.request_id)
