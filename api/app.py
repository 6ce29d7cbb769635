"""`create_app`: the service as one ASGI application, from its settings.

routes/   JSON under /v1, for programs, with an API key
pages/    HTML, for people, with a session cookie; works without JavaScript
gate      request id, size limit, one error shape, security headers, access log
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from api.access_log import configure_logging
from api.dependencies import Access, SignInNeeded
from api.failures import as_problem
from api.gate import Gate
from api.judged_practices import JudgedPractices
from api.metrics import Measured, MeasuredAuditWriter, MeasuredScorers, Metrics
from api.openapi import TITLE, openapi_builder
from api.pages import denial, draft, entrance, letter, outgoing, worklist
from api.pages.rendering import problem_answer
from api.problems import RequestProblem
from api.rate_limits import RateLimits
from api.resources import Clock, Service, make_sign_ins, open_swift_engine, utc_now
from api.routes import (
    appeals,
    audit,
    cds_hooks,
    claims,
    corrections,
    denials,
    documentation,
    feedback,
    files,
    health,
    jobs,
    metrics,
    records,
)
from api.score_desk import ScoreDesk
from api.scoring_cache import RulesOfPractices, ServedModels
from api.service_state import ServiceState
from denialml import __version__
from denialml.errors import DenialmlError
from denialml.settings import Settings, api_key_pepper, audit_key
from denialml.signing_keys import bundle_public_key
from denialml.store.database import open_engine

STATIC_DIRECTORY = Path(__file__).parent / "static"
PUBLIC_PATHS = frozenset(
    {
        "/",
        "/sign-in",
        "/sign-out",
        "/healthz",
        "/readyz",
        "/docs",
        "/docs/problems/{slug}",
        "/openapi.json",
        cds_hooks.DISCOVERY_PATH,
    }
)
# Guarded by their own token or by who is on this machine, not by an API key.
MONITOR_PATHS = frozenset({metrics.PATH})
ROUTERS = (
    claims.router,
    corrections.router,
    files.router,
    denials.router,
    appeals.router,
    cds_hooks.router,
    feedback.router,
    records.router,
    audit.router,
    jobs.router,
    health.router,
    metrics.router,
    documentation.router,
    entrance.router,
    worklist.router,
    denial.router,
    letter.router,
    outgoing.router,
    draft.router,
)
SHAPES = (
    *claims.SHAPES,
    *corrections.SHAPES,
    *files.SHAPES,
    *denials.SHAPES,
    *appeals.SHAPES,
    *cds_hooks.SHAPES,
    *feedback.SHAPES,
    *records.SHAPES,
    *audit.SHAPES,
    *jobs.SHAPES,
    *health.SHAPES,
)
# What a request may run into; anything else is a fault of ours, answered by the gate.
EXPECTED_ERRORS: tuple[type[Exception], ...] = (
    RequestProblem,
    RequestValidationError,
    HTTPException,
    DenialmlError,
)


class UnguardedRoute(RuntimeError):
    """A route asks for no permission and is not on the public list."""


def create_app(settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    """The application: opens the database lazily, makes the key secret if needed.

    Sets up this process's logging: one JSON line per request on stderr.

    Migrates nothing: `/readyz` says when the schema is missing. Raises
    `UnguardedRoute` for a route that anybody could call by mistake.
    """
    configure_logging(settings.log_level)
    if not settings.database_url:
        settings.data_directory.mkdir(parents=True, exist_ok=True)
    engine = open_engine(settings.resolved_database_url, audit_key=audit_key(settings))
    app = FastAPI(
        title=TITLE,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=closing_service,
    )
    swift_engine = open_swift_engine(engine)
    counted = Metrics(route.path for router in ROUTERS for route in router.routes)  # type: ignore[attr-defined]
    audit = MeasuredAuditWriter(engine, metrics=counted)
    pepper = api_key_pepper(settings)
    app.state.service = Service(
        settings=settings,
        engine=engine,
        swift_engine=swift_engine,
        pepper=pepper,
        clock=clock,
        sign_ins=make_sign_ins(settings, engine=swift_engine, pepper=pepper),
        audit=audit,
        desk=ScoreDesk(engine, audit=audit, pepper=pepper),
        scorers=MeasuredScorers(
            ServedModels(
                settings.resolved_serving_bundle_directory,
                public_key=lambda: bundle_public_key(settings),
            ),
            RulesOfPractices(settings.rules_file_of),
            metrics=counted,
        ),
        judged=JudgedPractices(),
        metrics=counted,
        rate_limits=RateLimits(
            per_key=settings.requests_per_minute_per_key,
            per_organization=settings.requests_per_minute_per_organization,
        ),
    )
    counted.registry.register(ServiceState(app.state.service))
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    app.mount("/static", StaticFiles(directory=STATIC_DIRECTORY), name="static")
    app.add_middleware(
        Gate,
        body_limit_bytes=settings.request_body_limit_bytes,
        body_seconds=settings.request_body_seconds,
        hosts=settings.hosts,
        larger_bodies={jobs.router.prefix: settings.job_body_limit_bytes},
    )
    app.add_middleware(Measured, metrics=counted)
    for kind in EXPECTED_ERRORS:
        app.add_exception_handler(kind, answer_problem)
    app.add_exception_handler(SignInNeeded, send_to_entrance)
    app.openapi = openapi_builder(app, SHAPES)  # type: ignore[method-assign]
    require_guards(app)
    return app


@asynccontextmanager
async def closing_service(app: FastAPI) -> AsyncIterator[None]:
    """Give every database connection back when the server stops."""
    yield
    app.state.service.close()


async def answer_problem(request: Request, error: Exception) -> Response:
    """One problem as JSON for a program, as a page for a person."""
    return problem_answer(request, as_problem(error))


async def send_to_entrance(_request: Request, _error: Exception) -> Response:
    """Nobody is signed in: show the entrance."""
    return RedirectResponse("/", status_code=303)


def require_guards(app: FastAPI) -> None:
    """Refuse a route without a permission, unless it is public or a monitor's.

    Raises:
        UnguardedRoute: names the route.
    """
    open_paths = PUBLIC_PATHS | MONITOR_PATHS
    for route in app.routes:
        if not isinstance(route, APIRoute) or route.path in open_paths:
            continue
        if access_of(route.dependant) is None:
            raise UnguardedRoute(f"{route.path} asks for no permission")


def access_of(dependant: Dependant) -> Access | None:
    """The access that a route's dependencies ask for."""
    found = getattr(dependant.call, "access", None)
    if isinstance(found, Access):
        return found
    for part in dependant.dependencies:
        access = access_of(part)
        if access is not None:
            return access
    return None
