"""Trace context, Retry-After, Deprecation and Sunset."""

import json
import re
from collections.abc import Iterator
from datetime import date

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response

from api.deprecation import Deprecation
from api.gate import Gate
from api.openapi import Content, Operation, describe
from api.problems import ProblemType, RequestProblem
from api.tracing import trace_of
from tests.api.running import Running
from tests.api.serving import serving

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{PARENT}-01"


def test_a_valid_trace_is_taken_over_into_answer_and_log(
    running: Running, client: httpx.Client
) -> None:
    before = len(running.log.getvalue())
    answer = client.get("/v1/denials", headers={"traceparent": VALID})
    version, trace, span, flags = answer.headers["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != PARENT
    line = json.loads(running.log_lines(before, at_least=1)[-1])
    assert line["trace_id"] == TRACE


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nonsense",
        VALID.upper(),
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"{VALID}-more",
        f"00-{TRACE}-{PARENT}",
        f"01-{TRACE}-{PARENT}-01-{'x' * 500}",
    ],
)
def test_what_is_no_trace_begins_a_new_one(client: httpx.Client, sent: str) -> None:
    answer = client.get("/healthz", headers={"traceparent": sent})
    assert re.fullmatch(
        r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", answer.headers["traceparent"]
    )
    assert TRACE not in answer.headers["traceparent"]


def test_a_later_version_is_understood_as_far_as_it_goes() -> None:
    trace = trace_of(f"01-{TRACE}-{PARENT}-ff-later")
    assert (trace.trace_id, trace.flags) == (TRACE, "01")


@pytest.fixture(scope="module")
def fixture_url() -> Iterator[str]:
    """A service with one operation that will go, one that stays and one that is out."""
    app = FastAPI()

    def described(deprecation: Deprecation | None) -> dict:
        operation = Operation(
            summary="An operation",
            description="Of the test.",
            permission=None,
            answers=(Content("text/plain", "ok"),),
            deprecation=deprecation,
        )
        return describe(operation)

    going = Deprecation(
        since=date(2027, 1, 1), sunset=date(2028, 7, 1), page="/docs/changes"
    )

    @app.get("/going", **described(going))
    def go(fail: bool = False) -> Response:
        if fail:
            raise RequestProblem(ProblemType.NOT_FOUND)
        return Response("ok")

    @app.get("/old", **described(Deprecation(since=date(2027, 1, 1), page="/docs")))
    def old() -> Response:
        return Response("ok")

    @app.get("/staying", **described(None))
    def stay() -> Response:
        return Response("ok")

    @app.get("/out", **described(None))
    def out(named: bool = False) -> Response:
        headers = {"Retry-After": "60"} if named else {}
        raise RequestProblem(ProblemType.MODEL_UNAVAILABLE, headers=headers)

    app.add_middleware(Gate, body_limit_bytes=1000, body_seconds=10, hosts=None)
    with serving(app) as address:
        yield address.url


def test_an_operation_that_will_go_says_so_in_every_answer(fixture_url: str) -> None:
    for path in ("/going", "/going?fail=true"):
        headers = httpx.get(fixture_url + path).headers
        assert headers["Deprecation"] == "@1798761600"
        assert headers["Sunset"] == "Sat, 01 Jul 2028 00:00:00 GMT"
        assert headers["Link"] == '</docs/changes>; rel="deprecation"; type="text/html"'
    headers = httpx.get(f"{fixture_url}/old").headers
    assert headers["Deprecation"] == "@1798761600"
    assert "Sunset" not in headers
    headers = httpx.get(f"{fixture_url}/staying").headers
    assert "Deprecation" not in headers


def test_the_document_says_it_too(fixture_url: str) -> None:
    paths = httpx.get(f"{fixture_url}/openapi.json").json()["paths"]
    assert paths["/going"]["get"]["deprecated"] is True
    assert paths["/going"]["get"]["x-deprecation"]["sunset"] == "2028-07-01"
    assert "deprecated" not in paths["/staying"]["get"]


def test_an_operation_is_not_gone_before_it_is_deprecated() -> None:
    with pytest.raises(ValueError, match="gone before"):
        Deprecation(since=date(2027, 1, 2), sunset=date(2027, 1, 1), page="/docs")


def test_every_503_says_when_to_come_back(fixture_url: str) -> None:
    answer = httpx.get(f"{fixture_url}/out")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    named = httpx.get(f"{fixture_url}/out?named=true")
    assert named.headers["Retry-After"] == "60"
