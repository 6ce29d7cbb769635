"""What the service logs: one JSON line per request, ids and codes only.

An allow-list decides which keys a line may have, so that a forgotten `log.info(...,
claim=claim)` cannot print PHI. Paths are logged as their route (`/v1/denials/{id}`),
never as sent; exceptions as their type and place, never with their message.
"""

import logging
import sys
from collections.abc import MutableMapping
from traceback import extract_tb
from typing import Any, TextIO

import structlog

ALLOWED_KEYS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "request_id",
        "trace_id",
        "method",
        "route",
        "status",
        "duration_milliseconds",
        "organization_id",
        "actor",
        "problem",
        "fault",
        "where",
        "job_id",
        "job_kind",
    }
)

LOGGER_NAME = "denialml.access"


def keep_allowed_keys(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """structlog processor: drop every key that is not on the list."""
    return {key: value for key, value in event.items() if key in ALLOWED_KEYS}


def configure_logging(level: str, *, stream: TextIO | None = None) -> None:
    """JSON lines on stderr from `level` up; called once by the process's door."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_allowed_keys,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def fault_fields(error: BaseException) -> dict[str, str]:
    """An exception as its type and the places it passed; its message may hold PHI."""
    frames = extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    places = [
        f"{_short_path(frame.filename)}:{frame.lineno}:{frame.name}"
        for frame in own[-8:]
    ]
    return {"fault": type(error).__name__, "where": " > ".join(places)}


def _short_path(file_name: str) -> str:
    return "/".join(file_name.replace("\\", "/").split("/")[-3:])
