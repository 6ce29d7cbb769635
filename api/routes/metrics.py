"""`/metrics` for Prometheus: on this machine, or with a token; never public."""

import hmac
from ipaddress import ip_address

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from api.openapi import Content, Operation, describe
from api.problems import ProblemType, RequestProblem
from api.resources import Service, service_of

router = APIRouter(tags=["health"])

PATH = "/metrics"
_BEARER = "bearer "
# What a proxy adds: then whoever is connected here is not who is asking.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_EXAMPLE = """\
# HELP denialml_http_requests_total Requests that were answered
# TYPE denialml_http_requests_total counter
denialml_http_requests_total{method="POST",route="/v1/claims/score",status_class="2xx"} 41.0
"""  # noqa: E501 (as Prometheus writes it)


_DESCRIBED = describe(
    Operation(
        summary="What the service counts of itself",
        description=(
            "Prometheus' text format. Labels are route templates, methods, classes "
            "of status and kinds of file, never anything that was sent. Open to "
            "this machine while the service listens on loopback; otherwise, and "
            "wherever the setting `metrics_token` is set, with that token as "
            "`Authorization: Bearer ...`. An API key opens nothing here."
        ),
        permission=None,
        answers=(Content("text/plain", _EXAMPLE),),
        problems=(ProblemType.NO_KEY, ProblemType.NOT_PERMITTED),
    )
)
# Not an API key's right: the documentation names the setting instead.
_DESCRIBED["openapi_extra"]["x-permission"] = "metrics_token"


@router.get(PATH, response_class=Response, **_DESCRIBED)
def read_metrics(request: Request) -> Response:
    """Everything that is counted, now."""
    service = service_of(request)
    require_monitor(request, service)
    return Response(
        generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST
    )


def require_monitor(request: Request, service: Service) -> None:
    """Let in who has the token or, where none is set, who is on this machine.

    Raises `RequestProblem`: no-key without the right token; not-permitted where no
    token is set and the request comes from elsewhere or through a proxy.
    """
    token = service.settings.metrics_token
    if token is not None:
        header = request.headers.get("authorization", "")
        sent = header[len(_BEARER) :].strip().encode("utf-8", "surrogateescape")
        is_bearer = header[: len(_BEARER)].lower() == _BEARER
        if not is_bearer or not hmac.compare_digest(
            sent, token.get_secret_value().encode()
        ):
            raise RequestProblem(
                ProblemType.NO_KEY,
                "Send `Authorization: Bearer ...` with the token of metrics_token.",
            )
    elif not _is_from_here(request, service):
        raise RequestProblem(
            ProblemType.NOT_PERMITTED,
            "Metrics are open to this machine only; set metrics_token to read them "
            "from elsewhere (docs/settings.md).",
        )


def _is_from_here(request: Request, service: Service) -> bool:
    settings = service.settings
    if settings.secure_cookies or not settings.is_on_loopback:
        return False  # behind a proxy everybody seems to be on this machine
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return (
            request.client is not None and ip_address(request.client.host).is_loopback
        )
    except ValueError:
        return False
