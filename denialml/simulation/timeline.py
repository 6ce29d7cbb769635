"""Days as small integers, and the cumulative hazards that run along them.

Day 0 is the first simulated day. Everything inside the simulation counts in these
integers; `Timeline.date` turns them into dates when a record is made.
"""

import datetime
from datetime import timedelta

DAYS_PER_YEAR = 365.25
NEVER = 10**9
"""A day number after everything."""

_MARGIN = 900
"""Days on either side of the horizon for which dates are prepared."""


class Timeline:
    """The simulated span. `last` is the day number of `ends_on`, the snapshot."""

    def __init__(self, starts_on: datetime.date, ends_on: datetime.date) -> None:
        self.starts_on = starts_on
        self.ends_on = ends_on
        self.last = (ends_on - starts_on).days
        self._first_weekday = starts_on.weekday()
        self._dates = [
            starts_on + timedelta(days=offset)
            for offset in range(-_MARGIN, self.last + _MARGIN)
        ]
        years = range(self._dates[0].year, self._dates[-1].year + 1)
        self._holidays = frozenset(
            self.day(holiday) for year in years for holiday in holidays(year)
        )

    def date(self, day: int) -> datetime.date:
        """The date of day number `day`."""
        return self._dates[day + _MARGIN]

    def day(self, when: datetime.date) -> int:
        """The day number of `when`, negative before the simulated span."""
        return (when - self.starts_on).days

    def weekday(self, day: int) -> int:
        """0 Monday ... 6 Sunday."""
        return (self._first_weekday + day) % 7

    def is_holiday(self, day: int) -> bool:
        """Whether offices, banks and clearinghouses are closed for a holiday."""
        return day in self._holidays

    def workday(self, day: int) -> int:
        """`day` itself, or the first day after it that is no weekend or holiday."""
        while True:
            weekday = self.weekday(day)
            if weekday >= 5:
                day += 7 - weekday
            if day not in self._holidays:
                return day
            day += 1

    def cumulative_hazard(
        self,
        rate_per_year: float,
        january_mass: float,
        *,
        surges: tuple[tuple[datetime.date, datetime.date, float], ...] = (),
    ) -> tuple[float, ...]:
        """Cumulative hazard per day from day 0 to well past the snapshot.

        `january_mass` is added on every January 1 (plan-year changes); `surges` are
        (from, to, factor) spans that multiply the daily rate.
        """
        daily = rate_per_year / DAYS_PER_YEAR
        total = 0.0
        values = []
        for day in range(self.last + 200):
            when = self.date(day)
            step = daily
            for begins, ends, factor in surges:
                if begins <= when <= ends:
                    step *= factor
            if when.month == 1 and when.day == 1:
                step += january_mass
            total += step
            values.append(total)
        return tuple(values)


def holidays(year: int) -> tuple[datetime.date, ...]:
    """Federal holidays that offices keep, as observed, and the day after Thanksgiving.

    5 USC 6103: one on a Saturday is kept on Friday, one on a Sunday on Monday.
    """

    def nth(month: int, weekday: int, number: int) -> datetime.date:
        first = datetime.date(year, month, 1)
        offset = (weekday - first.weekday()) % 7 + 7 * (number - 1)
        return first + timedelta(days=offset)

    last_of_may = datetime.date(year, 5, 31)
    thanksgiving = nth(11, 3, 4)
    fixed = [
        datetime.date(year, month, day)
        for month, day in ((1, 1), (6, 19), (7, 4), (12, 25))
    ]
    observed = [
        day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0)) for day in fixed
    ]
    return (
        *observed,
        nth(1, 0, 3),
        last_of_may - timedelta(days=last_of_may.weekday()),
        nth(9, 0, 1),
        thanksgiving,
        thanksgiving + timedelta(days=1),
    )
