"""Small pieces every route uses: a record as JSON, an id of a path, a visit."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from fastapi import Depends, Request
from starlette.responses import Response

from api.dependencies import Purpose, admitted
from api.gate import request_id_of
from api.permissions import Permission
from api.problems import (
    PROBLEM_MEDIA_TYPE,
    ProblemDocument,
    ProblemType,
    RequestProblem,
    problem_document,
)

JSON = "application/json"
_RECORD_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")


def json_answer(
    record: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A record as JSON: money as strings, days as ISO dates."""
    return Response(
        msgspec.json.encode(record),
        status_code=status,
        media_type=JSON,
        headers=headers,
    )


def incomplete_file(
    request: Request, document: Callable[..., ProblemDocument], report: object
) -> Response:
    """The problem `incomplete-file` with its report; what was read stays stored."""
    kind = ProblemType.INCOMPLETE_FILE
    problem = problem_document(RequestProblem(kind), request_id=request_id_of(request))
    request.state.problem = kind.slug
    return Response(
        msgspec.json.encode(document(**msgspec.structs.asdict(problem), report=report)),
        status_code=kind.status,
        media_type=PROBLEM_MEDIA_TYPE,
    )


def record_id(value: str) -> str:
    """An id as denialml makes them; anything else names no record.

    Raises `RequestProblem` (not-found).
    """
    if not _RECORD_ID.fullmatch(value):
        raise RequestProblem(ProblemType.NOT_FOUND)
    return value


def visit_with(permission: Permission, purpose: Purpose = Purpose.READ) -> Any:
    """The default of a route's `visit` parameter: an API key with `permission`."""
    return Depends(admitted(permission, purpose), scope="function")
