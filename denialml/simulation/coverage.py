"""Hidden states with an exact posterior: coverage, other coverage, payer loading.

Each state is a Markov process in time whose past value becomes known exactly from
evidence (a remittance received before the submission day: coverage edits precede all
others, so any answer reveals them). What is left unknown is the time since the last
evidence, and the probability follows in closed form.

An eligibility answer is weaker evidence: some payers' files learn late that coverage
ended. If it ended on day T and the file learns it D days after, an answer "active" on
day b says only that T + D > b. D is 0, or with probability `LATE_FILES` geometric, so
P(D > u) = LATE_FILES * FORGOTTEN**u, and the posterior of T is a sum over days that
`reported_law` prepares once per payer.
"""

from bisect import bisect_left
from math import exp, floor, log
from random import Random

import msgspec

from denialml.simulation.parameters import (
    CLINICIAN_DROPPED_PER_DAY,
    CLINICIAN_LOADED_PER_DAY,
    WRONG_PLAN_AT_INTAKE,
)
from denialml.simulation.timeline import NEVER

_TOTAL = CLINICIAN_DROPPED_PER_DAY + CLINICIAN_LOADED_PER_DAY
_LONG_RUN_OFF = CLINICIAN_DROPPED_PER_DAY / _TOTAL
LATE_FILES = 0.3
FORGOTTEN = exp(-1 / 12)
"""A late file learns within the day with probability 1 - FORGOTTEN: 12 days on mean."""
_RETROACTIVE = 0.12


class Coverage(msgspec.Struct):
    """One coverage of one patient with one payer.

    Hidden: `lapse_at` and `other_at`, the cumulative hazards at which coverage
    ends and another payer becomes primary; `late_days` until eligibility answers show
    the end; `retroactive_days` by which the payer then dates it back. Known from
    evidence: `active_hazard` (on `active_day`) and `clean_hazard`, hazards up to which
    they had not happened; `asked_on`, the last day of an answer "active"; `ended_on`,
    the day coverage ended, once an answer told; `other_known`, the hazard by which
    another payer was named. `first_hazard` is that of the day first billed: an end
    before it means that the plan was taken down wrongly.
    """

    policy: int
    member_id: str
    begins: int
    lapse_at: float
    other_at: float
    active_hazard: float
    clean_hazard: float
    ended_on: int = NEVER
    other_known: float = -1.0
    loaded_on: int = 0
    first_hazard: float = 0.0
    active_day: int = 0
    asked_on: int = -1
    late_days: int = 0
    retroactive_days: int = 0


def open_coverage(
    random: Random,
    *,
    policy: int,
    member_id: str,
    day: int,
    hazards: tuple[tuple[float, ...], tuple[float, ...]],
    unverified_intake: bool,
) -> Coverage:
    """Coverage first billed on `day`; a plan taken down wrongly ended before it."""
    lapse, other = hazards
    at = max(day, 0)
    wrong = -log(1 - WRONG_PLAN_AT_INTAKE) if unverified_intake else 0.0
    start = lapse[at] - wrong
    return Coverage(
        policy=policy,
        member_id=member_id,
        begins=day,
        lapse_at=start + random.expovariate(1.0),
        other_at=other[at] + random.expovariate(1.0),
        active_hazard=start,
        clean_hazard=other[at],
        loaded_on=day,
        first_hazard=lapse[at],
        active_day=at,
        late_days=_draw_late_days(random),
        retroactive_days=(
            random.randint(5, 40) if random.random() < _RETROACTIVE else 0
        ),
    )


def _draw_late_days(random: Random) -> int:
    if random.random() >= LATE_FILES:
        return 0
    return 1 + floor(log(1.0 - random.random()) / log(FORGOTTEN))


def reported_law(lapse: tuple[float, ...]) -> tuple[float, ...]:
    """Sums over days t of P(coverage ends on t) / FORGOTTEN**t, for `lapse_chance`.

    `lapse` is the cumulative hazard per day; one entry per day, the first 0.
    """
    total = 0.0
    sums = [0.0]
    for day in range(1, len(lapse)):
        ends = exp(-lapse[day - 1]) - exp(-lapse[day])
        total += ends / FORGOTTEN**day
        sums.append(total)
    return tuple(sums)


def lapsed(coverage: Coverage, lapse: tuple[float, ...], *, day: int) -> bool:
    """Whether coverage had truly ended by `day`.

    Once the end is known it may have been dated back; it counts from then on.
    """
    if coverage.ended_on < NEVER:
        return coverage.ended_on <= day
    return coverage.lapse_at <= lapse[day]


def shows_active(coverage: Coverage, lapse: tuple[float, ...], *, day: int) -> bool:
    """What an eligibility answer on `day` says: late files do not know the end yet.

    Wrong plans are never late: nobody of that number is covered there.
    """
    if coverage.ended_on < NEVER:
        return day < coverage.ended_on
    if coverage.lapse_at <= coverage.first_hazard:
        return False
    return day < lapse_day(coverage, lapse) + coverage.late_days


def lapse_chance(
    coverage: Coverage,
    lapse: tuple[float, ...],
    *,
    reported: tuple[float, ...],
    day: int,
) -> float:
    """Probability that coverage had ended by the service day, given the evidence.

    `lapse` is the cumulative hazard and `reported` its `reported_law`. With a the last
    day proved by a remittance, b that of the last answer "active" and s the service
    day, it is P(T <= s | T > a, T + D > b).
    """
    if coverage.ended_on < NEVER:
        return 1.0 if coverage.ended_on <= day else 0.0
    asked = coverage.asked_on
    if asked < 0 or lapse[asked] <= coverage.active_hazard:
        return max(0.0, 1.0 - exp(coverage.active_hazard - lapse[day]))
    proved = coverage.active_day
    if day <= proved:
        return 0.0
    unseen = LATE_FILES * FORGOTTEN**asked
    before = unseen * (reported[min(day, asked)] - reported[proved])
    all_before = unseen * (reported[asked] - reported[proved])
    after = max(0.0, exp(-lapse[asked]) - exp(-lapse[day]))
    return (before + after) / (all_before + exp(-lapse[asked]))


def lapse_day(coverage: Coverage, lapse: tuple[float, ...]) -> int:
    """First day without coverage; before `begins` for a plan that was never right."""
    position = bisect_left(lapse, coverage.lapse_at)
    return position if position > coverage.begins else coverage.begins - 1


def learn_active(coverage: Coverage, lapse: tuple[float, ...], *, day: int) -> None:
    """Proof by a remittance that coverage was active on `day`."""
    if lapse[day] > coverage.active_hazard:
        coverage.active_hazard = lapse[day]
        coverage.active_day = day


def learn_asked(coverage: Coverage, *, day: int) -> None:
    """An eligibility answer said "active" on `day`: the plan is right, at least."""
    coverage.asked_on = max(coverage.asked_on, day)
    coverage.active_hazard = max(coverage.active_hazard, coverage.first_hazard)


def learn_ended(coverage: Coverage, lapse: tuple[float, ...]) -> None:
    """An eligibility answer tells the end, which the payer may have dated back."""
    ended = lapse_day(coverage, lapse)
    coverage.ended_on = max(ended - coverage.retroactive_days, coverage.begins - 1)


def other_is_primary(coverage: Coverage, other: tuple[float, ...], *, day: int) -> bool:
    """Whether another payer was truly primary on `day`."""
    return coverage.other_at <= other[day]


def other_chance(coverage: Coverage, other: tuple[float, ...], *, day: int) -> float:
    """Probability that another payer was primary on the day, given the evidence."""
    at = other[day]
    clean = coverage.clean_hazard
    if at <= clean:
        return 0.0
    known = coverage.other_known
    if known < 0:
        return 1.0 - exp(clean - at)
    if at >= known:
        return 1.0
    return (1.0 - exp(clean - at)) / (1.0 - exp(clean - known))


def learn_clean(coverage: Coverage, other: tuple[float, ...], *, day: int) -> None:
    """Evidence that no other payer was primary on `day`."""
    coverage.clean_hazard = max(coverage.clean_hazard, other[day])


def learn_other(coverage: Coverage, other: tuple[float, ...], *, day: int) -> None:
    """Evidence that another payer was primary on `day`."""
    at = other[day]
    if coverage.other_known < 0 or at < coverage.other_known:
        coverage.other_known = at


def settle_other(
    random: Random, coverage: Coverage, *, other: tuple[float, ...], day: int
) -> None:
    """The patient told the payers who is primary; the clock starts again."""
    coverage.other_known = -1.0
    coverage.clean_hazard = other[day]
    coverage.other_at = other[day] + random.expovariate(1.0)


class Loading:
    """Whether one payer has one clinician loaded: a two-state Markov process.

    Until evidence comes, it lacks the clinician with probability `off`. `seen_day`
    and `seen_off` (a probability, 0 or 1 once answered) are the latest evidence.
    """

    __slots__ = ("_flips", "_off_first", "_random", "seen_day", "seen_off")

    def __init__(self, random: Random, *, begins: int, off: float) -> None:
        self._random = random
        self._off_first = random.random() < off
        self._flips: list[float] = [float(begins)]
        self.seen_day = begins
        self.seen_off = off

    def is_off(self, day: int) -> bool:
        """Whether the payer truly lacked the clinician on `day`."""
        flips = self._flips
        while flips[-1] <= day:
            off = self._off_first == (len(flips) % 2 == 1)
            rate = CLINICIAN_LOADED_PER_DAY if off else CLINICIAN_DROPPED_PER_DAY
            flips.append(flips[-1] + self._random.expovariate(rate))
        passed = sum(1 for flip in flips[1:] if flip <= day)
        return self._off_first == (passed % 2 == 0)

    def off_chance(self, day: int) -> float:
        """Probability of that, given the latest evidence."""
        distance = self.seen_off - _LONG_RUN_OFF
        return _LONG_RUN_OFF + distance * exp(-_TOTAL * max(0, day - self.seen_day))

    def learn(self, day: int, *, off: bool) -> None:
        """Evidence about `day`; only the latest day counts (Markov)."""
        if day >= self.seen_day:
            self.seen_day, self.seen_off = day, float(off)
