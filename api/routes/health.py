"""Is the process alive, and can it do its work? Public, and silent about data."""

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.openapi import Content, Operation, describe
from api.readiness import Readiness, check_readiness
from api.resources import service_of

router = APIRouter(tags=["health"])


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: str = "ok"


SHAPES = (Health, Readiness)


@router.get(
    "/healthz",
    **describe(
        Operation(
            summary="The process is alive",
            description="Says nothing of the database or the model: see /readyz.",
            permission=None,
            answers=(Content("application/json", {"status": "ok"}, Health),),
        )
    ),
)
async def read_health() -> Response:
    """Alive."""
    return Response(msgspec.json.encode(Health()), media_type="application/json")


@router.get(
    "/readyz",
    **describe(
        Operation(
            summary="The service can do its work",
            description=(
                "Checks the database schema and the serving bundle. Answers 503 with "
                "`ready: false` and says what is missing and which command mends it."
            ),
            permission=None,
            answers=(
                Content(
                    "application/json",
                    {
                        "ready": True,
                        "database": "ok",
                        "model": "ok",
                        "models": 1,
                        "missing": [],
                    },
                    Readiness,
                ),
            ),
        )
    ),
)
def read_readiness(request: Request) -> Response:
    """Ready, or what is missing."""
    readiness = check_readiness(service_of(request))
    return Response(
        msgspec.json.encode(readiness),
        status_code=200 if readiness.ready else 503,
        media_type="application/json",
    )
