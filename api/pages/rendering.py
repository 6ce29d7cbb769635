"""Drawing a page: a plain context in, escaped HTML out; templates decide nothing."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.dependencies import Visit
from api.permissions import Permission
from api.problems import RequestProblem, problem_document, problem_response
from denialml.store.organizations import get_organization

TEMPLATES_DIRECTORY = Path(__file__).parents[1] / "templates"


@dataclass(frozen=True)
class Frame:
    """What stands around every page of a signed-in person.

    `is_simulated` shows the banner; `csrf_token` goes into every form.
    """

    organization_name: str
    is_simulated: bool
    csrf_token: str
    key_label: str
    permissions: frozenset[str]
    today: date

    def may(self, permission: str) -> bool:
        """Whether to offer something; the route checks again."""
        return Permission(permission) in self.permissions


def frame_of(visit: Visit) -> Frame:
    """The frame for a visit by cookie."""
    if visit.sign_in is None:
        raise RuntimeError("a page was asked for without a session")
    organization = get_organization(visit.session, visit.organization_id)
    return Frame(
        organization_name=organization.name,
        is_simulated=organization.is_simulated,
        csrf_token=visit.sign_in.csrf_token,
        key_label=visit.grant.label,
        permissions=visit.grant.scopes,
        today=visit.today,
    )


def render(
    template: str, *, frame: Frame | None = None, status: int = 200, **context: Any
) -> HTMLResponse:
    """A page; without a frame it is one that anybody may see."""
    page = _environment.get_template(template)
    return HTMLResponse(page.render(frame=frame, **context), status_code=status)


def wants_page(request: Request) -> bool:
    """Whether a person's browser is asking for a page, rather than a program."""
    if request.url.path.startswith(("/v1/", "/healthz", "/readyz", "/openapi.json")):
        return False
    return "text/html" in request.headers.get("accept", "")


def problem_answer(request: Request, problem: RequestProblem) -> Response:
    """One problem: as JSON for a program, as a page for a person."""
    request_id = str(request.state.request_id)
    request.state.problem = problem.problem_type.slug
    if not wants_page(request):
        return problem_response(problem, request_id=request_id)
    document = problem_document(problem, request_id=request_id)
    return render("problem.html.j2", status=document.status, problem=document)


def money(value: Decimal) -> str:
    """Dollars with a thousands separator: $1,234.50."""
    sign = "-" if value < 0 else ""
    return f"{sign}${abs(value):,.2f}"


def day(value: date | None) -> str:
    """A date as people write it, kept on one line: Mar 5, 2026."""
    if value is None:
        return "unknown"
    return f"{value:%b}\N{NO-BREAK SPACE}{value.day},\N{NO-BREAK SPACE}{value.year}"


def percent(value: float) -> str:
    """A probability in whole percent, never a false certainty."""
    if value < 0.01:
        return "under 1%"
    if value > 0.99:
        return "over 99%"
    return f"{value * 100:.0f}%"


def words(value: str) -> str:
    """A code name in words: `coding_time_units` as Coding time units."""
    text = value.replace("_", " ").replace("-", " ")
    return text[:1].upper() + text[1:]


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_DIRECTORY),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": money,
        "day": day,
        "percent": percent,
        "words": words,
    }
    return environment


_environment = _make_environment()
