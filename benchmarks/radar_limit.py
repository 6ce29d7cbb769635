"""How soon the best possible test could see a planted change, for benchmarks.radar.

The oracle is told what the radar must find out: the group, the reason, how much is
denied under which codes, the group's usual rates over the whole record and how long the
payer takes. It is not told the day. It uses every line sent, those without an answer
too, in the exact likelihood ratio of "changed from service day c on" against
"unchanged", summed over c (Shiryaev-Roberts). Two oracles differ in what false alarms
they may raise: `told` watches this one group and may raise one alarm a quarter;
`searching` must share that one alarm with all the groups a radar watches.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.radar_planting import DENIALS_TAKE_LONGER, GENERIC, OPAQUE, Planted
from denialml.modeling.radar.answers import LineAnswer
from denialml.modeling.radar.groups import LEVELS

Floats = npt.NDArray[np.float64]

QUARTER_DAYS = 91
_WINDOW = 75
_LONGEST = 120


def oracle_days(
    before: Sequence[LineAnswer],
    after: Sequence[LineAnswer],
    planted: Planted,
    *,
    watched: Sequence[int],
) -> list[int | None]:
    """The day the oracle alarms, for each number of groups that share one alarm.

    `before` are the answers as simulated, `after` those with the change. None: not
    within 120 days.
    """
    level = LEVELS[planted.level]
    usual = [
        one
        for one in before
        if one.payer == planted.payer and level.key(one) == planted.key
    ]
    lines = [
        one
        for one in after
        if one.payer == planted.payer
        and level.key(one) == planted.key
        and one.served_on >= planted.began_on - _WINDOW
    ]
    factors = answered_factors(lines, usual, planted)
    waiting = waiting_factors(usual, planted.share)
    served = np.array([one.served_on for one in lines])
    submitted = np.array([one.submitted_on for one in lines])
    received = np.array([one.received_on for one in lines])
    found: list[int | None] = [None] * len(watched)
    last = min(planted.began_on + _LONGEST, int(received.max(initial=0)))
    for day in range(planted.first_answer, last + 1):
        sent = submitted <= day
        age = np.clip(day - submitted, 0, len(waiting) - 1)
        said = np.where(received <= day, factors, waiting[age])[sent]
        log_evidence = _log_sum_over_starts(served[sent], said)
        for at, groups in enumerate(watched):
            if found[at] is None and log_evidence >= math.log(QUARTER_DAYS * groups):
                found[at] = day
        if None not in found:
            break
    return found


def answered_factors(
    lines: Sequence[LineAnswer], usual: Sequence[LineAnswer], planted: Planted
) -> Floats:
    """Log-likelihood ratio of each answer, changed against unchanged."""
    counts = Counter(one.reason for one in usual)
    answers = len(usual) + 1.0
    paid = counts[""] / answers
    mixture = Counter({planted.reason: 1 - OPAQUE})
    for generic in GENERIC:
        mixture[generic] += OPAQUE / len(GENERIC)  # type: ignore[assignment]
    by_reason = {"": math.log(1.0 - planted.share)}
    for reason, share in mixture.items():
        rate = (counts[reason] + 0.5) / answers
        by_reason[reason] = math.log1p(paid * planted.share * share / rate)
    return np.array([by_reason.get(one.reason, 0.0) for one in lines])


def waiting_factors(usual: Sequence[LineAnswer], share: float) -> Floats:
    """Log-likelihood ratio of "no answer yet" by age in days, shape (ages,)."""
    paid = np.array(
        [one.received_on - one.submitted_on for one in usual if not one.reason]
    )
    denied = np.array(
        [one.received_on - one.submitted_on for one in usual if one.reason]
    )
    ages = np.arange(200)
    rate = len(denied) / max(len(usual), 1)
    paid_later = _share_later(paid, ages)
    slowly_later = _share_later(paid * DENIALS_TAKE_LONGER, ages)
    unchanged = (1 - rate) * paid_later + rate * _share_later(denied, ages) + 1e-6
    moved = (1 - rate) * share * (slowly_later - paid_later)
    factors: Floats = np.log1p(moved / unchanged)
    return factors


def _share_later(days: npt.NDArray[np.generic], ages: npt.NDArray[np.int64]) -> Floats:
    if not len(days):
        return np.ones(len(ages))
    ordered = np.sort(days)
    later: Floats = 1.0 - np.searchsorted(ordered, ages, side="right") / len(ordered)
    return later


def _log_sum_over_starts(days: npt.NDArray[np.int64], factors: Floats) -> float:
    if not len(days):
        return -math.inf
    starts, position = np.unique(days, return_inverse=True)
    by_day = np.bincount(position, weights=factors, minlength=len(starts))
    sums = by_day[::-1].cumsum()[::-1]
    highest = float(sums.max())
    return highest + math.log(float(np.exp(sums - highest).sum()))


def days_needed(
    *, answers_a_month: float, rate: float, points: float, groups: int
) -> float:
    """Days of full answers until the expected log-evidence passes the threshold.

    Answers at their usual pace, one reason that is denied at `rate` before and at
    `rate + points` after. The first alarm-worthy evidence cannot be had sooner on
    average by any test that raises one false alarm a quarter over `groups` groups.
    """
    risen = rate + points
    gain = risen * math.log(risen / rate) + (1 - risen) * math.log(
        (1 - risen) / (1 - rate)
    )
    return math.log(QUARTER_DAYS * groups) / (gain * answers_a_month / 30)
