"""Planting payer changes of known size into simulated answers, for benchmarks.radar.

From a service day on, a share of a group's lines that would have been paid is denied
instead, so that the group's denial rate rises by exactly the points asked for. Such a
denial comes 35% later than the payment would have come, one in ten under a generic
reason. Groups are drawn by size: answers in the 30 days before the change.
"""

from collections import Counter
from collections.abc import Sequence
from random import Random

import msgspec

from denialml.modeling.radar.answers import LineAnswer
from denialml.modeling.radar.groups import LEVELS

DENIALS_TAKE_LONGER = 1.35
OPAQUE = 0.1
GENERIC = ("CO-16", "CO-96", "CO-252")
REASONS = ("CO-4", "CO-197", "CO-50", "CO-11", "PI-97", "CO-16")
# Answers a month, from and below, of the groups that changes are planted in.
SIZES = {
    20: (14, 30),
    50: (35, 70),
    100: (75, 140),
    300: (200, 450),
    1000: (700, 1600),
}
_PLANTED_LEVELS = (0, 1, 2)
_WEEK = 7


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """One planted change. Days are ordinals.

    `volume` is the group's answers in the 30 days before it began. Three clocks:
    `first_answer`, the first answer of any kind to a line served under the new rule;
    `first_denial`, the first such line that the rule denied; `week_answered`, the day
    by which half of the lines served in the rule's first week have been answered. Each
    is the last day of the records where there is none. `share` is the part of the
    otherwise paid lines that is denied. `last_day` 0: it lasts.
    """

    payer: str
    level: int
    key: str
    began_on: int
    points: float
    share: float
    reason: str
    volume: int
    first_answer: int
    first_denial: int
    week_answered: int
    last_day: int = 0


def plant(
    answers: Sequence[LineAnswer],
    *,
    level: int,
    payer: str,
    key: str,
    began_on: int,
    points: float,
    reason: str,
    random: Random,
    last_day: int = 0,
) -> tuple[list[LineAnswer], Planted]:
    """Deny `points` more of a group's lines served from `began_on` on (to `last_day`).

    Answers that would now come after the newest one on file are left out.
    """
    group = [
        one for one in answers if one.payer == payer and LEVELS[level].key(one) == key
    ]
    before = [one for one in group if one.served_on < began_on]
    rate = sum(one.denied for one in before) / len(before)
    share = min(1.0, points / (1.0 - rate))
    under_rule = {
        id(one): _under_rule(one, share=share, reason=reason, random=random)
        for one in group
        if one.served_on >= began_on and (not last_day or one.served_on <= last_day)
    }
    newest = max(one.received_on for one in answers)
    rewritten = [under_rule.get(id(one), one) for one in answers]
    rewritten = [one for one in rewritten if one.received_on <= newest]
    rewritten.sort(key=lambda one: (one.received_on, one.submitted_on))
    received = [one.received_on for one in under_rule.values()]
    denials = [
        under_rule[id(one)].received_on
        for one in group
        if id(one) in under_rule and under_rule[id(one)] is not one
    ]
    first_week = sorted(
        one.received_on
        for one in under_rule.values()
        if one.served_on < began_on + _WEEK
    )
    middle = (len(first_week) - 1) // 2
    return rewritten, Planted(
        payer=payer,
        level=level,
        key=key,
        began_on=began_on,
        points=points,
        share=share,
        reason=reason,
        volume=sum(began_on - 30 <= one.received_on < began_on for one in group),
        first_answer=min(received, default=newest),
        first_denial=min(denials, default=newest),
        week_answered=first_week[middle] if first_week else newest,
        last_day=last_day,
    )


def _under_rule(
    one: LineAnswer, *, share: float, reason: str, random: Random
) -> LineAnswer:
    """The answer as the new rule gives it; the very same where it changes nothing."""
    if one.denied or random.random() >= share:
        return one
    return _denied(one, reason=reason, random=random)


def _denied(one: LineAnswer, *, reason: str, random: Random) -> LineAnswer:
    late = (one.received_on - one.submitted_on) * (DENIALS_TAKE_LONGER - 1)
    opaque = random.random() < OPAQUE
    return msgspec.structs.replace(
        one,
        reason=random.choice(GENERIC) if opaque else reason,
        received_on=one.received_on + round(late),
    )


def plant_several(
    answers: Sequence[LineAnswer],
    *,
    points: float,
    sizes: Sequence[int],
    between: tuple[int, int],
    random: Random,
) -> tuple[list[LineAnswer], list[Planted]]:
    """One change at each payer that has a group of a size asked for, sizes in turn.

    Days are drawn from `between` (ordinals); among a payer's groups of the size each
    is as likely as it is large.
    """
    payers = sorted({one.payer for one in answers})
    random.shuffle(payers)
    rewritten, planted = list(answers), list[Planted]()
    for payer in payers:
        day = random.randint(*between)
        volumes = Counter(
            (level, LEVELS[level].key(one))
            for one in answers
            if one.payer == payer and day - 30 <= one.received_on < day
            for level in _PLANTED_LEVELS
        )
        for turn in range(len(sizes)):
            low, high = SIZES[sizes[(len(planted) + turn) % len(sizes)]]
            fitting = sorted(one for one, n in volumes.items() if low <= n < high)
            if not fitting:
                continue
            level, key = random.choices(fitting, [volumes[one] for one in fitting])[0]
            rewritten, one_planted = plant(
                rewritten,
                level=level,
                payer=payer,
                key=key,
                began_on=day,
                points=points,
                reason=random.choice(REASONS),
                random=random,
            )
            planted.append(one_planted)
            break
    return rewritten, planted


def merged(answers: Sequence[LineAnswer], *, payers: int) -> list[LineAnswer]:
    """The same answers as of so many large payers, each with several plans' rules."""
    names = sorted({one.payer for one in answers})
    into = {name: f"MERGED{at % payers}" for at, name in enumerate(names)}
    return [msgspec.structs.replace(one, payer=into[one.payer]) for one in answers]
