"""The one error shape: RFC 9457 `application/problem+json`, one entry per type.

Every `type` has a page at `/docs/problems/...` and a heading in docs/api.md (a test
compares). Texts never repeat what the caller sent: a body may hold PHI.
"""

from enum import Enum
from http import HTTPStatus

import msgspec
from starlette.responses import Response

PROBLEM_MEDIA_TYPE = "application/problem+json"


class ProblemType(Enum):
    """A kind of failure: slug, HTTP status and what the caller can do about it."""

    UNREADABLE_BODY = ("unreadable-body", 400, "The body is not valid JSON in UTF-8.")
    NO_KEY = (
        "no-key",
        401,
        "Send `Authorization: Bearer dml_...` with a key that is known, not expired "
        "and not revoked.",
    )
    NOT_PERMITTED = (
        "not-permitted",
        403,
        "The key lacks the permission that this operation needs; issue a key with it.",
    )
    CROSS_SITE = (
        "cross-site",
        403,
        "A form was sent from another site or without its token; open the page again.",
    )
    NOT_FOUND = (
        "not-found",
        404,
        "No such address, or no such record in the organization of this key.",
    )
    METHOD_NOT_ALLOWED = (
        "method-not-allowed",
        405,
        "The address exists, with another method; see the Allow header.",
    )
    NOT_ACCEPTABLE = (
        "not-acceptable",
        406,
        "Ask for application/json, text/html or application/pdf.",
    )
    BODY_TOO_SLOW = (
        "body-too-slow",
        408,
        "The body did not arrive in time; send it faster or in parts, or raise "
        "request_body_seconds (docs/settings.md).",
    )
    DRAFT_BLOCKED = (
        "draft-blocked",
        409,
        "The letter cannot be drafted or shown as asked; `detail` says what blocks it.",
    )
    REQUEST_IN_FLIGHT = (
        "request-in-flight",
        409,
        "A request with this Idempotency-Key is being answered at this moment; send it "
        "again after the seconds of Retry-After to get its answer.",
    )
    JOB_STATE = (
        "job-state",
        409,
        "The job is not in a state that allows this; `detail` says in which it is.",
    )
    RECORD_CHANGED = (
        "record-changed",
        412,
        "What you read has changed since; nothing was done. Read it again (the ETag "
        "header is the one it has now) and decide anew.",
    )
    BODY_TOO_LARGE = (
        "body-too-large",
        413,
        "Send less in one request; see request_body_limit_megabytes, "
        "max_claims_per_request, max_lines_per_request and max_records_per_request in "
        "docs/settings.md.",
    )
    WRONG_HOST = (
        "wrong-host",
        421,
        "The Host header names another service; call it by its own name, or add the "
        "name to allowed_hosts (docs/settings.md).",
    )
    UNSUPPORTED_MEDIA_TYPE = (
        "unsupported-media-type",
        415,
        "Set Content-Type to one that this operation takes; `detail` lists them.",
    )
    INVALID_REQUEST = (
        "invalid-request",
        422,
        "The request was understood but not usable; `errors` names each place.",
    )
    IDEMPOTENCY_KEY_REUSED = (
        "idempotency-key-reused",
        422,
        "This Idempotency-Key came with another request before; use a new key for a "
        "new request.",
    )
    UNREADABLE_FILE = (
        "unreadable-file",
        422,
        "The file is not one that denialml reads; docs/formats.md lists them.",
    )
    INCOMPLETE_FILE = (
        "incomplete-file",
        422,
        "Something of the file may be missing: it is truncated or its counts do not "
        "add up. `report` holds what could be read and names each place; correct the "
        "file and send it again, nothing is stored twice.",
    )
    PRECONDITION_REQUIRED = (
        "precondition-required",
        428,
        "Send If-Match with the ETag of what you read, so that nobody's change is "
        "overwritten unseen; `If-Match: *` stands for whatever it is now.",
    )
    TOO_MANY_REQUESTS = (
        "too-many-requests",
        429,
        "Wait the seconds of Retry-After; see requests_per_minute_per_key and "
        "requests_per_minute_per_organization in docs/settings.md.",
    )
    INTERNAL_ERROR = (
        "internal-error",
        500,
        "A fault of denialml. Nothing was changed. Report the request id.",
    )
    MODEL_UNAVAILABLE = (
        "model-unavailable",
        503,
        "No model has been promoted, or its files failed their check; run "
        "`denialml train` and `denialml promote`. No score is ever made up.",
    )
    RULES_UNAVAILABLE = (
        "rules-unavailable",
        503,
        "The organization's rules file has a fault and was never read without one; "
        "`detail` names the line. Correct the file: the service reads it again.",
    )
    STOPPING = (
        "stopping",
        503,
        "The service is being stopped; the work was ended and nothing was stored. Try "
        "again when it is back.",
    )
    STORE_UNAVAILABLE = (
        "store-unavailable",
        503,
        "The database is busy, down or of another version; try again, or see /readyz.",
    )
    STORE_FULL = (
        "store-full",
        507,
        "The database has no room left; nothing of this was kept. Free some space, "
        "then send it again: the service goes on without a restart.",
    )

    def __init__(self, slug: str, status: int, remedy: str) -> None:
        self.slug = slug
        self.status = status
        self.remedy = remedy

    @property
    def title(self) -> str:
        """The slug in words."""
        return self.slug.replace("-", " ").capitalize()


class FieldError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place of the request: a JSON pointer into the body, or a parameter."""

    message: str
    pointer: str | None = None
    parameter: str | None = None


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457. `request_id` is the one of the response header and of the log."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str = ""
    errors: tuple[FieldError, ...] = ()


class RequestProblem(Exception):
    """Raised at the door to answer with one `ProblemDocument`."""

    def __init__(
        self,
        problem_type: ProblemType,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(problem_type.slug)
        self.problem_type = problem_type
        self.detail = detail or problem_type.remedy
        self.errors = errors
        self.headers = headers or {}


def problem_document(problem: RequestProblem, *, request_id: str) -> ProblemDocument:
    """The document for one problem."""
    kind = problem.problem_type
    return ProblemDocument(
        type=f"/docs/problems/{kind.slug}",
        title=kind.title,
        status=kind.status,
        detail=problem.detail,
        request_id=request_id,
        errors=problem.errors,
    )


def problem_response(problem: RequestProblem, *, request_id: str) -> Response:
    """The answer for one problem; 401 says which scheme is expected."""
    headers = dict(problem.headers)
    if problem.problem_type is ProblemType.NO_KEY:
        headers["WWW-Authenticate"] = 'Bearer realm="denialml"'
    return Response(
        msgspec.json.encode(problem_document(problem, request_id=request_id)),
        status_code=HTTPStatus(problem.problem_type.status),
        media_type=PROBLEM_MEDIA_TYPE,
        headers=headers,
    )
