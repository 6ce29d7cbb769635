"""The OpenAPI 3.1 document: routes from FastAPI, shapes from the domain records.

There is one definition of each shape: the `msgspec.Struct` that the reader, the store
and the API share. FastAPI supplies paths and parameters; `describe` adds to a route
what FastAPI cannot see, because bodies are decoded and encoded by msgspec.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.deprecation import Deprecation
from api.permissions import Permission
from api.problems import PROBLEM_MEDIA_TYPE, ProblemDocument, ProblemType
from denialml import __version__

REFERENCE = "#/components/schemas/{name}"
TITLE = "denialml"
SECURITY_SCHEME = "api_key"
REQUIRED_HEADERS = frozenset({"If-Match"})

DESCRIPTION = (
    "Denial risk, root causes and appeal drafts for US behavioral-health claims. "
    "Amounts are decimal strings in dollars, days are ISO dates, codes are strings "
    "exactly as sent. Unknown fields are refused in requests; answers may gain fields. "
    "Names and member numbers in the examples are invented."
)


@dataclass(frozen=True)
class Content:
    """One media type of a request or answer, with an example of it.

    `shape` is the record it encodes, or a tuple of alternatives; None for files and
    pages.
    """

    media_type: str
    example: Any
    shape: Any = None


@dataclass(frozen=True)
class Operation:
    """What a route takes, answers and may refuse, for its documentation.

    `has_etag`: it reads one record, and answers 304 where the caller has it.
    """

    summary: str
    description: str
    permission: Permission | None
    answers: tuple[Content, ...]
    status: int = 200
    body: tuple[Content, ...] = ()
    problems: tuple[ProblemType, ...] = field(default=())
    has_etag: bool = False
    deprecation: Deprecation | None = None


def describe(operation: Operation) -> dict[str, Any]:
    """Keyword arguments for a FastAPI route that document `operation`."""
    extra: dict[str, Any] = {"x-permission": operation.permission}
    if operation.permission is not None:
        extra["security"] = [{SECURITY_SCHEME: []}]
    if operation.deprecation is not None:
        extra |= operation.deprecation.documentation()
    if operation.body:
        extra["requestBody"] = {"required": True, "content": _content(operation.body)}
    responses: dict[int | str, dict[str, Any]] = {
        operation.status: {
            "description": operation.summary,
            "content": _content(operation.answers),
        }
    }
    if operation.has_etag:
        responses[operation.status]["headers"] = _ETAG_HEADER
        responses[304] = {
            "description": "What you have (`If-None-Match`) still stands.",
            "headers": _ETAG_HEADER,
        }
    for status, problems in _by_status(_all_problems(operation)).items():
        responses[status] = {
            "description": " ".join(f"`{it.slug}`: {it.remedy}" for it in problems),
            "content": _content(
                [
                    Content(
                        PROBLEM_MEDIA_TYPE,
                        _problem_example(problems[0]),
                        ProblemDocument,
                    )
                ]
            ),
        }
    return {
        "summary": operation.summary,
        "description": operation.description,
        "status_code": operation.status,
        "responses": responses,
        "openapi_extra": extra,
    }


_ETAG_HEADER = {
    "ETag": {
        "description": "Names this state of the record.",
        "schema": {"type": "string"},
    }
}


def _all_problems(operation: Operation) -> tuple[ProblemType, ...]:
    common: tuple[ProblemType, ...] = ()
    if operation.permission is not None:
        common = (
            ProblemType.NO_KEY,
            ProblemType.NOT_PERMITTED,
            ProblemType.TOO_MANY_REQUESTS,
            ProblemType.STORE_UNAVAILABLE,
        )
    return tuple(dict.fromkeys((*common, *operation.problems)))


def _by_status(problems: Iterable[ProblemType]) -> dict[int, list[ProblemType]]:
    found: dict[int, list[ProblemType]] = {}
    for problem in sorted(problems, key=lambda it: it.status):
        found.setdefault(problem.status, []).append(problem)
    return found


def _problem_example(problem: ProblemType) -> dict[str, Any]:
    return {
        "type": f"/docs/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.remedy,
        "request_id": "0b5d1f6e3c9a4d7f8a2b6c4d1e0f9a8b",
    }


def _content(contents: Iterable[Content]) -> dict[str, Any]:
    return {
        it.media_type: {"schema": _schema(it.shape), "example": it.example}
        for it in contents
    }


def _schema(shape: Any) -> dict[str, Any]:
    if shape is None:
        return {"type": "string"}
    if isinstance(shape, tuple):
        return {"anyOf": [_schema(one) for one in shape]}
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=REFERENCE)
    return schema


def openapi_builder(
    app: FastAPI, shapes: Iterable[Any]
) -> Callable[[], dict[str, Any]]:
    """A replacement for `app.openapi`: built once, with `shapes` as components."""
    known = tuple(shapes)

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app, known)
        return app.openapi_schema

    return build


def _build(app: FastAPI, shapes: tuple[Any, ...]) -> dict[str, Any]:
    document = get_openapi(
        title=TITLE, version=__version__, description=DESCRIPTION, routes=app.routes
    )
    _, components = msgspec.json.schema_components(
        [ProblemDocument, *shapes], ref_template=REFERENCE
    )
    # FastAPI describes the enumerations of parameters; its own problem shapes, which
    # this service never sends, are left out.
    parameters = document.get("components", {}).get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        parameters.pop(name, None)
    shapes_by_name = parameters | components
    document["components"] = {
        "schemas": {name: shapes_by_name[name] for name in sorted(shapes_by_name)},
        "securitySchemes": {
            SECURITY_SCHEME: {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key (`dml_...`) of one organization.",
            }
        },
    }
    for operation in operations(document):
        for parameter in operation.definition.get("parameters", ()):
            if parameter["name"] in REQUIRED_HEADERS:
                # Optional to FastAPI: a missing one is answered 428, not 422.
                parameter["required"] = True
        if _is_default_422(operation.definition):
            # FastAPI's own 422 describes a shape that this service never sends.
            del operation.definition["responses"]["422"]
    return document


def _is_default_422(definition: Mapping[str, Any]) -> bool:
    content = definition["responses"].get("422", {}).get("content", {})
    return "application/json" in content


@dataclass(frozen=True)
class DocumentedOperation:
    """One operation of the document, as the documentation page shows it."""

    method: str
    path: str
    definition: dict[str, Any]


def operations(document: Mapping[str, Any]) -> list[DocumentedOperation]:
    """Every operation of an OpenAPI document, in its order."""
    return [
        DocumentedOperation(method.upper(), path, definition)
        for path, methods in document["paths"].items()
        for method, definition in methods.items()
    ]
