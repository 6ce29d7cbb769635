"""Every route asks for a permission; one that forgets stops the service."""

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.app import (
    MONITOR_PATHS,
    PUBLIC_PATHS,
    UnguardedRoute,
    access_of,
    create_app,
    require_guards,
)
from api.dependencies import Purpose
from api.permissions import Permission
from denialml.settings import Settings
from tests.api.running import Running

PAGE = Path(__file__).resolve().parents[2] / "docs" / "access-and-audit.md"


def routes() -> list[APIRoute]:
    app = create_app(
        Settings(database_url="sqlite://", api_key_pepper="p" * 40, audit_key="k" * 40)  # type: ignore[arg-type]
    )
    return [route for route in app.routes if isinstance(route, APIRoute)]


ROUTES = routes()
# /metrics has a guard of its own: tests/api/test_metrics.py.
GUARDED = [route for route in ROUTES if route.path not in PUBLIC_PATHS | MONITOR_PATHS]
FOR_PROGRAMS = ("/v1/", "/cds-services/")
JSON_ROUTES = [route for route in GUARDED if route.path.startswith(FOR_PROGRAMS)]
PAGES = [route for route in GUARDED if not route.path.startswith(FOR_PROGRAMS)]


def names(found: list[APIRoute]) -> list[str]:
    return [f"{'/'.join(sorted(it.methods))} {it.path}" for it in found]


def sample(path: str) -> str:
    return re.sub(r"\{\w+\}", "den_x", path)


def test_the_walk_sees_the_whole_service() -> None:
    assert {"/v1/claims/score", "/v1/denials", "/v1/remittances"} <= {
        route.path for route in JSON_ROUTES
    }
    assert {"/denials", "/claims", "/appeals/{draft_id}"} <= {
        route.path for route in PAGES
    }


def test_public_paths_exist_and_are_few() -> None:
    assert {route.path for route in ROUTES} >= PUBLIC_PATHS
    assert len(PUBLIC_PATHS) == 9


def test_a_route_without_a_permission_stops_the_service() -> None:
    app = FastAPI()

    @app.get("/v1/everything")
    def leak() -> str:
        return ""

    with pytest.raises(UnguardedRoute, match="/v1/everything"):
        require_guards(app)


@pytest.mark.parametrize("route", GUARDED, ids=names(GUARDED))
def test_every_other_route_asks_for_a_permission(route: APIRoute) -> None:
    access = access_of(route.dependant)
    assert access is not None
    assert isinstance(access.permission, Permission)
    assert access.by_cookie is not route.path.startswith(FOR_PROGRAMS)


@pytest.mark.parametrize("route", JSON_ROUTES, ids=names(JSON_ROUTES))
def test_an_operation_without_a_key_is_401(route: APIRoute, running: Running) -> None:
    with running.client() as client:
        for method in route.methods:
            answer = client.request(method, sample(route.path), content=b"x")
            assert answer.status_code == 401


@pytest.mark.parametrize("route", JSON_ROUTES, ids=names(JSON_ROUTES))
def test_an_operation_with_every_permission_but_its_own_is_403(
    route: APIRoute, running: Running, harbor: str
) -> None:
    access = access_of(route.dependant)
    assert access is not None
    others = [it for it in Permission if it is not access.permission]
    with running.client(running.key(harbor, others)) as client:
        for method in route.methods:
            answer = client.request(method, sample(route.path), content=b"x")
            assert answer.status_code == 403


@pytest.mark.parametrize("route", PAGES, ids=names(PAGES))
def test_a_page_without_a_session_leads_to_the_entrance(
    route: APIRoute, running: Running
) -> None:
    with running.client() as client:
        for method in route.methods:
            answer = client.request(method, sample(route.path), content=b"x")
            assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("route", PAGES, ids=names(PAGES))
def test_a_page_with_every_permission_but_its_own_is_403(
    route: APIRoute, running: Running, harbor: str
) -> None:
    access = access_of(route.dependant)
    assert access is not None
    others = [it for it in Permission if it is not access.permission]
    with running.signed_in(running.key(harbor, others)) as client:
        for method in route.methods:
            answer = client.request(method, sample(route.path), content=b"x")
            assert answer.status_code == 403


def test_no_get_changes_anything_but_the_record_of_reading() -> None:
    changing = {
        route.path
        for route in GUARDED
        if "GET" in route.methods
        and (access := access_of(route.dependant)) is not None
        and access.purpose is Purpose.CHANGE
    }
    assert changing == set()


def test_head_and_options_and_unknown_methods_give_nothing(
    client: httpx.Client,
) -> None:
    for method in ("OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
        assert client.request(method, "/v1/denials").status_code in {404, 405}


def test_every_permission_is_documented() -> None:
    section = PAGE.read_text().split("## Permissions\n", 1)[1].split("\n## ", 1)[0]
    documented = re.findall(r"^\| `([a-z]+:[a-z]+)` \|", section, re.M)
    assert documented == [str(permission) for permission in Permission]
