"""Deprecation and Sunset: an operation says itself when it will go.

Declared with the operation (`Operation.deprecation`), it stands in the OpenAPI
document and in the headers of every answer, refusals too (RFC 9745, RFC 8594).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, Final

EXTENSION: Final = "x-deprecation"


@dataclass(frozen=True)
class Deprecation:
    """Since when an operation is not to be used any more, and what to use instead.

    `sunset` is the day from which it may be gone, None: not decided. `page` explains.
    """

    since: date
    page: str
    sunset: date | None = None

    def __post_init__(self) -> None:
        if self.sunset is not None and self.sunset < self.since:
            raise ValueError("an operation cannot be gone before it is deprecated")

    def documentation(self) -> dict[str, Any]:
        """What the OpenAPI document says of the operation."""
        return {
            "deprecated": True,
            EXTENSION: {
                "since": self.since.isoformat(),
                "sunset": None if self.sunset is None else self.sunset.isoformat(),
                "page": self.page,
            },
        }

    def headers(self) -> dict[str, str]:
        """What every answer of the operation says."""
        found = {
            "Deprecation": f"@{int(_midnight(self.since).timestamp())}",
            "Link": f'<{self.page}>; rel="deprecation"; type="text/html"',
        }
        if self.sunset is not None:
            found["Sunset"] = format_datetime(_midnight(self.sunset), usegmt=True)
        return found


def deprecation_of(route: object) -> Deprecation | None:
    """What a route's documentation says of its end, None for one that stays."""
    extra = getattr(route, "openapi_extra", None) or {}
    said = extra.get(EXTENSION)
    if said is None:
        return None
    sunset = said["sunset"]
    return Deprecation(
        since=date.fromisoformat(said["since"]),
        page=said["page"],
        sunset=None if sunset is None else date.fromisoformat(sunset),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
