"""Where a filing window ends: years, months, days, and the roll over a weekend."""

from calendar import monthrange
from datetime import date, timedelta
from functools import cache

import holidays

from denialml.reference import DeadlineRule

_ONE_DAY = timedelta(days=1)


def window_end(rule: DeadlineRule, start: date) -> date:
    """The last day of a window by plain counting.

    A year from February 29 ends on February 28 (review E15).
    """
    if rule.unit == "days":
        return start + timedelta(days=rule.length)
    assert rule.unit in ("months", "years"), rule.unit
    months = rule.length * (12 if rule.unit == "years" else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def next_business_day(day: date) -> date:
    """The day itself, or the next that is no weekend and no federal holiday."""
    while day.weekday() >= 5 or day in _federal_holidays(day.year):
        day += _ONE_DAY
    return day


@cache
def _federal_holidays(year: int) -> frozenset[date]:
    # The year after is included for New Year's Day observed on December 31.
    return frozenset(holidays.country_holidays("US", years=(year, year + 1)))
