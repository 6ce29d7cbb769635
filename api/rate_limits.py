"""How often one API key, and one organization with all its keys, may ask in a minute.

Counted in this process: a service of several processes allows each of them as much.
Nobody is slowed down, and a request beyond the limit costs next to nothing: it is
answered 429 with the seconds to wait before anything is read.
"""

import math
import time
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.problems import ProblemType, RequestProblem

WINDOW_SECONDS: Final = 60


@dataclass(frozen=True)
class Standing:
    """Where a caller stands with one limit: what is left, until when (epoch)."""

    name: str
    quota: int
    remaining: int
    reset_at: float
    is_exceeded: bool

    @property
    def seconds(self) -> int:
        """Whole seconds until all of the quota is there again; at least one."""
        return max(1, math.ceil(self.reset_at - time.time()))


class RateLimits:
    """One per service. The names of the two limits stand in the headers."""

    def __init__(self, *, per_key: int, per_organization: int) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._limits = (
            ("key", RateLimitItemPerMinute(per_key)),
            ("organization", RateLimitItemPerMinute(per_organization)),
        )

    def take(self, actor: str, organization_id: str) -> tuple[Standing, ...]:
        """Count one request; where the caller stands with both limits then."""
        found = []
        for (name, limit), who in zip(
            self._limits, (actor, organization_id), strict=True
        ):
            is_within = self._limiter.hit(limit, name, who)
            reset_at, remaining = self._limiter.get_window_stats(limit, name, who)
            found.append(
                Standing(name, limit.amount, remaining, reset_at, not is_within)
            )
        return tuple(found)


def require_within(standings: tuple[Standing, ...]) -> None:
    """Refuse the request that is one too many.

    Raises `RequestProblem` (too-many-requests) with the seconds to wait.
    """
    exceeded = [it for it in standings if it.is_exceeded]
    if exceeded:
        names = " and of this ".join(it.name for it in exceeded)
        raise RequestProblem(
            ProblemType.TOO_MANY_REQUESTS,
            f"Too many requests of this {names} in a minute; wait the seconds of "
            "Retry-After.",
            headers={"Retry-After": str(max(it.seconds for it in exceeded))},
        )


def limit_headers(standings: tuple[Standing, ...]) -> dict[str, str]:
    """RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10)."""
    return {
        "RateLimit-Policy": ", ".join(
            f'"{it.name}";q={it.quota};w={WINDOW_SECONDS}' for it in standings
        ),
        "RateLimit": ", ".join(
            f'"{it.name}";r={it.remaining};t={it.seconds}' for it in standings
        ),
    }
