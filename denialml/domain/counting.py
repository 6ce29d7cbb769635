"""Calendar arithmetic of legal windows: years, months, business days, weekends.

Every count gives two days. `safe_on` is where the window ends by plain counting;
`statutory_on` is where the law lets it end, when a last day on a weekend or federal
holiday moves on. denialml shows the safe day: moving on is an argument, not a plan.
"""

from calendar import monthrange
from datetime import date, timedelta
from functools import cache

import holidays

from denialml.domain.record import Judgment
from denialml.reference import DeadlineRule

ONE_DAY = timedelta(days=1)


class CountedDays(Judgment, frozen=True):
    """The end of one window: by plain counting, and by law."""

    safe_on: date
    statutory_on: date


def count_window(rule: DeadlineRule, counted_from: date) -> CountedDays:
    """Where a window of `rule` ends that begins on `counted_from`.

    The receipt that the rule presumes is added first (a Medicare notice is presumed
    received five days after its date: 42 CFR 405.942).
    """
    start = counted_from + timedelta(days=rule.presumed_receipt_days)
    if rule.unit == "days":
        end = start + timedelta(days=rule.length)
    elif rule.unit == "business_days":
        end = add_business_days(start, rule.length)
    else:
        months = rule.length * 12 if rule.unit == "years" else rule.length
        end = add_months(start, months, forward=rule.missing_day_moves_forward)
    moved = next_business_day(end) if rule.rolls_to_business_day else end
    return CountedDays(safe_on=end, statutory_on=moved)


def add_months(start: date, months: int, *, forward: bool = False) -> date:
    """The same day so many calendar months later.

    Where that month lacks the day: its last day, or with `forward` the first of the
    next month (45 CFR 147.136: received October 30, due March 1). A year from
    February 29 ends on February 28.
    """
    month_index = start.year * 12 + start.month - 1 + months
    year, month = divmod(month_index, 12)
    last = monthrange(year, month + 1)[1]
    if start.day <= last:
        return date(year, month + 1, start.day)
    end = date(year, month + 1, last)
    return end + ONE_DAY if forward else end


def add_business_days(start: date, days: int) -> date:
    """The day so many business days later; the first day itself does not count."""
    day = start
    for _ in range(days):
        day = next_business_day(day + ONE_DAY)
    return day


def next_business_day(day: date) -> date:
    """The day itself, or the next that is no weekend and no federal holiday."""
    while not is_business_day(day):
        day += ONE_DAY
    return day


def last_business_day(day: date) -> date:
    """The day itself, or the one before that is no weekend and no federal holiday."""
    while not is_business_day(day):
        day -= ONE_DAY
    return day


def is_business_day(day: date) -> bool:
    """Neither a weekend nor a federal holiday, as observed."""
    return day.weekday() < 5 and day not in _federal_holidays(day.year)


@cache
def _federal_holidays(year: int) -> frozenset[date]:
    # The year after is included for New Year's Day observed on December 31.
    return frozenset(holidays.country_holidays("US", years=(year, year + 1)))
