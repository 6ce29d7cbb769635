"""How soon planted payer changes are found, and how often the radar is wrong.

    python -m benchmarks.radar --seeds 401 402 403 404 405 --claims 100000 40000

Simulated data throughout. Practices are simulated without payer changes (difficulty
easy, three years) and changes are planted by rewriting answers: from a service day on,
a share of the lines of a group that would have been paid is denied instead, the answer
35% later, one in ten under a generic reason. A delay counts from the first answer,
paid or denied, to a line of the group served on that day or later. False alarms are
all that is raised in the practices as simulated, after the radar's warm-up. Settings
were chosen on seeds 101 to 108. Writes results/radar.json.
"""

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from benchmarks.simulated_records import records_of
from denialml.modeling.radar.answers import LineAnswer, line_answers
from denialml.modeling.radar.groups import LEVELS
from denialml.modeling.radar.settings import RadarSettings
from denialml.modeling.radar.watch import Change, Watch
from denialml.simulation import simulate_practice

STARTS_ON, ENDS_ON = date(2023, 1, 1), date(2025, 12, 31)
RESULTS = Path(__file__).parent / "results" / "radar.json"
DENIALS_TAKE_LONGER = 1.35
OPAQUE = 0.1
GENERIC = ("CO-16", "CO-96", "CO-252")
REASONS = ("CO-4", "CO-197", "CO-50", "CO-11", "PI-97", "CO-16")
FIRST_PLANT, LAST_PLANT = date(2024, 3, 1), date(2025, 9, 1)
TOLERANCE_DAYS = 60


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """One planted change. `volume` is the group's answers in the 30 days before;
    `first_answer` the first answer to a line of it, NEVER without."""

    payer: str
    level: int
    key: str
    began_on: int
    points: float
    reason: str
    volume: int
    first_answer: int
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
    """Deny `points` of a group's lines served from `began_on` on (to `last_day`)."""
    rewritten, received = [], []
    group = [
        one for one in answers if one.payer == payer and LEVELS[level].key(one) == key
    ]
    before = [one for one in group if one.served_on < began_on]
    rate = sum(one.denied for one in before) / len(before)
    share = min(1.0, points / (1.0 - rate))
    for one in answers:
        is_affected = (
            one.payer == payer
            and LEVELS[level].key(one) == key
            and one.served_on >= began_on
            and (not last_day or one.served_on <= last_day)
        )
        if is_affected and not one.denied and random.random() < share:
            late = (one.received_on - one.submitted_on) * (DENIALS_TAKE_LONGER - 1)
            opaque = random.random() < OPAQUE
            one = msgspec.structs.replace(
                one,
                reason=random.choice(GENERIC) if opaque else reason,
                received_on=one.received_on + round(late),
            )
        if is_affected:
            received.append(one.received_on)
        rewritten.append(one)
    # Answers after the last one simulated would not have been seen.
    newest = max(one.received_on for one in answers)
    rewritten = [one for one in rewritten if one.received_on <= newest]
    rewritten.sort(key=lambda one: (one.received_on, one.submitted_on))
    return rewritten, Planted(
        payer=payer,
        level=level,
        key=key,
        began_on=began_on,
        points=points,
        reason=reason,
        volume=sum(began_on - 30 <= one.received_on < began_on for one in group),
        first_answer=min(received, default=newest),
        last_day=last_day,
    )


def alarms(answers: Sequence[LineAnswer], settings: RadarSettings) -> Watch:
    watch = Watch(answers, settings)
    watch.run()
    return watch


def found(watch: Watch, planted: Planted) -> Change | None:
    """The first alarm at the planted payer after the change began that overlaps it."""
    for change in watch.changes:
        if (
            change.payer == planted.payer
            and change.detected_on >= planted.first_answer
            and abs(change.began_on - planted.began_on) <= TOLERANCE_DAYS
        ):
            return change
    return None
