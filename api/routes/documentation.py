"""The API described: `/openapi.json` for programs, `/docs` for people, both offline.

FastAPI's own documentation page loads its script from another host. Ours is a page of
this service, drawn from the same OpenAPI document, and needs no script at all.
"""

import json
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.openapi import operations
from api.pages.rendering import render
from api.problems import ProblemType, RequestProblem

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
def read_openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document."""
    return Response(
        msgspec.json.encode(request.app.openapi()), media_type="application/json"
    )


@router.get("/docs")
def show_documentation(request: Request) -> HTMLResponse:
    """Every operation, with its parameters, examples, problems and shapes."""
    document = request.app.openapi()
    base_url = str(request.base_url).rstrip("/")
    return render(
        "documentation.html.j2",
        document=document,
        operations=[
            _operation_context(it.method, it.path, it.definition, base_url)
            for it in operations(document)
        ],
        shapes=_shapes_context(document),
        problems=tuple(ProblemType),
    )


@router.get("/docs/problems/{slug}")
def show_problem(slug: str) -> HTMLResponse:
    """The page of one problem type; its address is the `type` of the problem."""
    for problem in ProblemType:
        if problem.slug == slug:
            return render("problem_type.html.j2", problem=problem)
    raise RequestProblem(ProblemType.NOT_FOUND)


def _operation_context(
    method: str, path: str, definition: dict[str, Any], base_url: str
) -> dict[str, Any]:
    body = definition.get("requestBody", {}).get("content", {})
    responses = definition["responses"]
    return {
        "anchor": f"{method}-{path}".lower().replace("/", "-").strip("-"),
        "method": method,
        "path": path,
        "summary": definition["summary"],
        "description": definition.get("description", ""),
        "permission": definition.get("x-permission"),
        "parameters": [_parameter_context(it) for it in _parameters(definition)],
        "requests": [
            (media_type, _as_text(content["example"]))
            for media_type, content in body.items()
        ],
        "command": _command(method, base_url + path, definition, body),
        "answers": [
            (status, media_type, _as_text(content["example"]))
            for status, answer in responses.items()
            if int(status) < 400
            for media_type, content in answer.get("content", {}).items()
        ],
        "refusals": [
            (status, answer["description"])
            for status, answer in responses.items()
            if int(status) >= 400
        ],
    }


def _parameters(definition: dict[str, Any]) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = definition.get("parameters", [])
    return parameters


def _parameter_context(parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "required": parameter.get("required", False),
        "type": _type_of(parameter["schema"]),
        "description": parameter.get("description", ""),
    }


def _command(
    method: str, url: str, definition: dict[str, Any], body: dict[str, Any]
) -> str:
    parts = ["curl"]
    if method != "GET":
        parts.append(f"-X {method}")
    if definition.get("security"):
        parts.append('-H "Authorization: Bearer $DENIALML_KEY"')
    if body:
        parts.append(f'-H "Content-Type: {next(iter(body))}" --data-binary @FILE')
    return " ".join([*parts, f'"{url}"'])


def _as_text(example: Any) -> str:
    if isinstance(example, str):
        return example
    return json.dumps(example, indent=2)


def _shapes_context(document: dict[str, Any]) -> list[dict[str, Any]]:
    shapes = []
    for name, schema in document["components"]["schemas"].items():
        required = set(schema.get("required", ()))
        shapes.append(
            {
                "name": name,
                "description": schema.get("description", ""),
                "values": schema.get("enum", ()),
                "fields": [
                    {
                        "name": field_name,
                        "type": _type_of(field_schema),
                        "required": field_name in required,
                    }
                    for field_name, field_schema in schema.get("properties", {}).items()
                ],
            }
        )
    return shapes


def _type_of(schema: dict[str, Any]) -> str:
    """A JSON schema in a few words: `list of ServiceLine`, `date or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type_of(it) for it in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "prefixItems" in schema:
        return "list of " + ", ".join(_type_of(it) for it in schema["prefixItems"])
    if schema.get("type") == "array":
        return f"list of {_type_of(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")
