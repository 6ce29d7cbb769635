"""How much one request may score, and as of which days."""

from dataclasses import dataclass
from datetime import date, timedelta

from api.problems import FieldError, ProblemType, RequestProblem
from denialml.settings import Settings

# X222 2400: one claim has at most 50 service lines, and LX01 counts them.
MAXIMUM_LINES = 50
# The service answers about claims of today; three years back is further than any
# payer's limit for filing, correcting or appealing.
PAST_DAYS = 3 * 366
FUTURE_DAYS = 366


@dataclass(frozen=True)
class ScoringLimits:
    """The most claims and service lines of one request, whatever its body is."""

    claims: int
    lines: int

    @classmethod
    def of(cls, settings: Settings) -> "ScoringLimits":
        """The limits that the settings state."""
        return cls(settings.max_claims_per_request, settings.max_lines_per_request)

    def require(self, *, claims: int, lines: int) -> None:
        """Refuse more than that.

        Raises `RequestProblem` (body-too-large) that names the setting.
        """
        if claims > self.claims:
            self._refuse(self.claims, "claims", "max_claims_per_request")
        if lines > self.lines:
            self._refuse(self.lines, "service lines", "max_lines_per_request")

    @staticmethod
    def _refuse(maximum: int, things: str, setting: str) -> None:
        raise RequestProblem(
            ProblemType.BODY_TOO_LARGE,
            f"At most {maximum} {things} in one request ({setting}).",
        )


@dataclass(frozen=True)
class DaySpan:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def __str__(self) -> str:
        return f"a day from {self.first} to {self.last}"


def days_around(today: date, *, past: int, future: int) -> DaySpan:
    """So many days before and after today."""
    return DaySpan(today - timedelta(days=past), today + timedelta(days=future))


def scoring_days(today: date) -> DaySpan:
    """The days as of which the service scores; `denialml backtest` goes further back.

    Each other day has a history of its own to work out, so they are bounded.
    """
    return days_around(today, past=PAST_DAYS, future=FUTURE_DAYS)


def require_scoring_day(as_of: date | None, *, today: date) -> None:
    """Refuse an `as_of` outside `scoring_days`.

    Raises `RequestProblem` (invalid-request) that names the first and the last one.
    """
    days = scoring_days(today)
    if as_of is not None and as_of not in days:
        raise RequestProblem(
            ProblemType.INVALID_REQUEST,
            errors=(FieldError(parameter="as_of", message=f"Expected {days}"),),
        )
