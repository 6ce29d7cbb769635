"""No reading of patients' data without an event: every operation and every page.

Requests are the examples of the OpenAPI document and the forms of the pages, with the
ids of records that are there. What the service keeps in memory (scorers) was read by a
request that was watched like the others. The commands are walked in
`tests/cli/test_audit_complete.py`.
"""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.app import PUBLIC_PATHS, create_app
from api.examples import example_837p
from denialml.store.audit import AuditFilter, newest_events
from denialml.store.database import open_session
from tests.api.running import Running
from tests.api.serving import serving
from tests.security.watching import WatchedApp, connections_watched

METHODS_OF_FORMS = {"post"}


@dataclass
class Walk:
    """A service under watch, and what was asked of it: by operation, the answers."""

    running: Running
    app: FastAPI
    watched: WatchedApp
    organization_id: str
    ids: dict[str, str] = field(default_factory=dict)
    asked: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def send(self, client: httpx.Client, operation: str, **request: Any) -> Any:
        """Send one request and remember its id under the operation."""
        request_id = uuid.uuid4().hex
        method, path = operation.split(" ", 1)
        headers = {"X-Request-ID": request_id, **request.pop("headers", {})}
        answer = client.request(method, self.filled(path), headers=headers, **request)
        kept = self.asked.setdefault(operation, [])
        kept.append((answer.status_code, request_id))
        return answer

    def filled(self, path: str) -> str:
        """The path with the ids of records that are there."""
        return re.sub(r"{(\w+)}", lambda it: self.ids.get(it[1], "none_such"), path)

    def events(self, request_id: str) -> list[str]:
        """The actions that were recorded for a request."""
        with open_session(self.running.engine, read_only=True) as session:
            found = newest_events(
                session, self.organization_id, AuditFilter(request_id=request_id)
            )
        return [str(event.action) for event in found]


@pytest.fixture(scope="module")
def walk(running: Running) -> Iterator[Walk]:
    organization_id = running.organizations["Harbor Lane Counseling"]
    with connections_watched():
        app = create_app(running.settings, clock=running.clock)
        watched = WatchedApp(app)
        with serving(watched) as address:
            made = Walk(running, app, watched, organization_id)
            key = running.key(organization_id)
            bearer = {"Authorization": f"Bearer {key}"}
            with httpx.Client(
                base_url=address.url, headers=bearer, timeout=60
            ) as client:
                find_ids(made, client)
                ask_operations(made, client)
            with httpx.Client(base_url=address.url, timeout=60) as browser:
                answer = browser.post("/sign-in", data={"api_key": key})
                assert answer.status_code == 303
                ask_pages(made, browser)
            yield made


def find_ids(walk: Walk, client: httpx.Client) -> None:
    """Ids of records that the walk reads."""
    denials = walk.send(client, "GET /v1/denials").json()["denials"]
    for one in denials:
        walk.ids["denial_id"] = one["denial"]["denial_id"]
        walk.ids["claim_id"] = one["denial"]["claim_id"]
        drafted = walk.send(client, "POST /v1/denials/{denial_id}/appeal")
        if drafted.status_code in {200, 201}:
            walk.ids["draft_id"] = drafted.json()["draft_id"]
            return
    pytest.fail("no denial of the practice has a letter")


def ask_operations(walk: Walk, client: httpx.Client) -> None:
    """Every operation of the document, with each of its examples."""
    for path, methods in walk.app.openapi()["paths"].items():
        if path == "/metrics":
            continue
        for method, definition in methods.items():
            bodies = definition.get("requestBody", {}).get("content", {})
            for media_type, content in (bodies or {"": {}}).items():
                sent: dict[str, Any] = {}
                if media_type:
                    example = content["example"]
                    text = example if isinstance(example, str) else json.dumps(example)
                    sent = {
                        "content": text.encode(),
                        "headers": {"Content-Type": media_type},
                    }
                answer = walk.send(client, f"{method.upper()} {path}", **sent)
                remember_ids(walk, answer)


def remember_ids(walk: Walk, answer: httpx.Response) -> None:
    """The ids that an answer tells, for the operations that ask for one."""
    if "json" in answer.headers.get("content-type", "") and answer.is_success:
        for name, value in re.findall(r'"(\w+_id)":"(\w+)"', answer.text):
            walk.ids.setdefault(name, value)


def page_routes(app: FastAPI) -> list[APIRoute]:
    return [
        route
        for route in app.routes
        if isinstance(route, APIRoute)
        and not route.path.startswith("/v1/")
        and not route.include_in_schema
        and route.path not in PUBLIC_PATHS
    ]


class Forms(HTMLParser):
    """The forms of a page, with the values that a browser would send unchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "get").lower() in METHODS_OF_FORMS:
            self.found.append((given.get("action", ""), {}))
        elif tag == "form":
            self.found.append(("", {}))
        if not self.found:
            return
        fields = self.found[-1][1]
        name = given.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and given.get("value"):
            fields.setdefault(self._select, given["value"])
        elif tag == "textarea":
            fields[name] = example_837p()
        elif tag in {"input", "button"} and name and given.get("type") != "file":
            fields.setdefault(name, given.get("value", ""))


def ask_pages(walk: Walk, browser: httpx.Client) -> None:
    """Every page, then every form that they show."""
    templates = {
        method: [
            route.path
            for route in page_routes(walk.app)
            if method in (route.methods or ())
        ]
        for method in ("GET", "POST")
    }
    pages = [walk.send(browser, f"GET {path}") for path in templates["GET"]]
    sent: set[str] = set()
    while pages:
        forms = Forms()
        forms.feed(pages.pop().text)
        for action, fields in forms.found:
            template = template_of(action, templates["POST"])
            if template is None or template in sent:
                continue
            sent.add(template)
            pages.append(walk.send(browser, f"POST {template}", data=fields))


def template_of(action: str, templates: list[str]) -> str | None:
    for template in templates:
        if re.fullmatch(re.sub(r"{\w+}", r"[^/]+", template), action):
            return template
    return None


def test_every_operation_and_page_was_asked(walk: Walk) -> None:
    documented = {
        f"{method.upper()} {path}"
        for path, methods in walk.app.openapi()["paths"].items()
        for method in methods
        if path != "/metrics"
    }
    pages = {
        f"{method} {route.path}"
        for route in page_routes(walk.app)
        for method in route.methods or ()
    }
    assert documented | pages <= walk.asked.keys()


def test_the_watch_sees_what_is_read(walk: Walk) -> None:
    (_, request_id), *_ = walk.asked["GET /v1/denials"]
    assert "denials" in walk.watched.seen[request_id]
    (_, request_id), *_ = walk.asked["GET /v1/denials/{denial_id}"]
    assert {"denials", "claims"} <= walk.watched.seen[request_id]


def test_whoever_was_handed_a_patients_row_left_an_event(walk: Walk) -> None:
    unaudited = {
        operation: (status, sorted(walk.watched.seen[request_id]))
        for operation, answers in walk.asked.items()
        for status, request_id in answers
        if walk.watched.seen[request_id] and not walk.events(request_id)
    }
    assert unaudited == {}


def test_most_requests_of_the_walk_were_answered(walk: Walk) -> None:
    """A walk of refusals would prove nothing."""
    refused = {
        operation: [status for status, _ in answers]
        for operation, answers in walk.asked.items()
        if all(status >= 400 for status, _ in answers)
    }
    assert len(refused) <= len(walk.asked) // 3, refused
