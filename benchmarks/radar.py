"""How soon planted payer changes are found, and how often the radar is wrong.

    python -m benchmarks.radar --seeds 401 402 403 --claims-a-year 13000 33000

Simulated data throughout. Practices of ten payers are simulated without payer changes
(difficulty easy, two years) and changes are planted by rewriting answers: from a
service day on, a share of the lines of a group that would have been paid is denied
instead, the answer 35% later, one in ten under a generic reason. Each run plants one
change at each of six payers, at days and in groups drawn in proportion to their
answers. Two delays are given: from the first answer, paid or denied, to a line of the
group served on the first day or later, and from the first such denial, before which
nobody can see anything. False alarms are all alarms in the practices as simulated,
per quarter in which the radar watched. Settings were chosen on seeds 101 to 105.
Writes results/radar.json after each world.
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
from denialml.modeling.radar.description import describe
from denialml.modeling.radar.groups import LEVELS
from denialml.modeling.radar.settings import RadarSettings
from denialml.modeling.radar.watch import Change, Watch
from denialml.simulation import simulate_practice

STARTS_ON, ENDS_ON = date(2024, 1, 1), date(2025, 12, 31)
YEARS = 2
RESULTS = Path(__file__).parent / "results" / "radar.json"
DENIALS_TAKE_LONGER = 1.35
OPAQUE = 0.1
GENERIC = ("CO-16", "CO-96", "CO-252")
REASONS = ("CO-4", "CO-197", "CO-50", "CO-11", "PI-97", "CO-16")
FIRST_PLANT, LAST_PLANT = date(2024, 10, 1), date(2025, 9, 1)
TOLERANCE_DAYS = 60
PAYERS_CHANGED = 6
# Groups with fewer answers in the 90 days before are not drawn.
LEAST_ANSWERS = 45
POINTS = (0.15, 0.15, 0.30, 0.60)
BAR_DAYS = 15
VOLUMES = (0, 30, 60, 120, 300)
QUARTER_DAYS = 91
WARM_DAYS = 75 + 90


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """One planted change. Days are ordinals.

    `volume` is the group's answers in the 30 days before it began; `first_answer` the
    first answer to a line of it, `first_denial` the first that it denied (both the last
    day of the records where there is none). `last_day` 0: it lasts.
    """

    payer: str
    level: int
    key: str
    began_on: int
    points: float
    reason: str
    volume: int
    first_answer: int
    first_denial: int
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
    rewritten, received, denials = [], [], []
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
            denials.append(one.received_on)
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
        first_denial=min(denials, default=newest),
        last_day=last_day,
    )


def alarms(answers: Sequence[LineAnswer], settings: RadarSettings) -> Watch:
    """The radar after all answers."""
    watch = Watch(answers, settings)
    watch.run()
    return watch


def found(watch: Watch, planted: Planted) -> Change | None:
    """The first alarm at the payer, on an answer to the change, that dates it right."""
    for change in watch.changes:
        if (
            change.payer == planted.payer
            and change.detected_on >= planted.first_answer
            and abs(change.began_on - planted.began_on) <= TOLERANCE_DAYS
        ):
            return change
    return None


def plant_several(
    answers: Sequence[LineAnswer], *, points: float, random: Random
) -> tuple[list[LineAnswer], list[Planted]]:
    """One change at each of several payers, levels in turn."""
    payers = sorted({one.payer for one in answers})
    random.shuffle(payers)
    rewritten, planted = list(answers), list[Planted]()
    for payer in payers:
        level = len(planted) % 3
        day = random.randint(FIRST_PLANT.toordinal(), LAST_PLANT.toordinal())
        counts = Counter(
            LEVELS[level].key(one)
            for one in answers
            if one.payer == payer and day - 90 <= one.received_on < day
        )
        keys = [key for key, count in counts.items() if count >= LEAST_ANSWERS]
        if not keys or len(planted) == PAYERS_CHANGED:
            continue
        rewritten, one_planted = plant(
            rewritten,
            level=level,
            payer=payer,
            key=random.choices(keys, [counts[key] for key in keys])[0],
            began_on=day,
            points=points,
            reason=random.choice(REASONS),
            random=random,
        )
        planted.append(one_planted)
    return rewritten, planted


def judged(watch: Watch, planted: Planted) -> dict[str, Any]:
    """One row: what was planted, when it was found and whether it was named right."""
    change = found(watch, planted)
    row: dict[str, Any] = {
        "level": LEVELS[planted.level].name,
        "points": planted.points,
        "answers_30_days_before": planted.volume,
        "days_from_first_answer": None,
        "days_from_first_denial": None,
    }
    if change is None:
        return row
    described = describe(watch, change, names={})
    asked = LEVELS[planted.level]
    example = next(
        one
        for one in watch.books[planted.payer].answers
        if asked.key(one) == planted.key
    )
    row["days_from_first_answer"] = change.detected_on - planted.first_answer
    row["days_from_first_denial"] = change.detected_on - planted.first_denial
    row["start_error_days"] = described.began_on.toordinal() - planted.began_on
    row["right_group"] = described.group == asked.group(example)
    row["right_reason"] = described.reason == planted.reason
    row["still_open"] = change.ended_on is None
    return row


def run_world(seed: int, claims_a_year: int, settings: RadarSettings) -> dict[str, Any]:
    """False alarms in one practice as simulated, then the planted changes."""
    began = time.perf_counter()
    practice = simulate_practice(
        seed=seed,
        claims=claims_a_year * YEARS,
        starts_on=STARTS_ON,
        ends_on=ENDS_ON,
        difficulty="easy",
    )
    answers = line_answers(records_of(practice), known_by=date.max)
    watch_began = time.perf_counter()
    quiet = alarms(answers, settings)
    seconds = time.perf_counter() - watch_began
    days = answers[-1].received_on - answers[0].submitted_on - WARM_DAYS
    rows = []
    for run, points in enumerate(POINTS):
        random = Random(f"radar {seed} {run}")
        rewritten, planted = plant_several(answers, points=points, random=random)
        watch = alarms(rewritten, settings)
        rows += [judged(watch, one) for one in planted]
    print(f"seed {seed}: {time.perf_counter() - began:.0f} s", flush=True)
    return {
        "seed": seed,
        "claims_a_year": claims_a_year,
        "answers": len(answers),
        "seconds_to_watch": round(seconds, 1),
        "quarters": round(days / QUARTER_DAYS, 2),
        "false_alarms": len(quiet.changes),
        "planted": rows,
    }


def summarized(worlds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """False alarms a quarter by practice size; delays by rise and volume."""
    sizes = sorted({world["claims_a_year"] for world in worlds})
    false_alarms = {}
    for size in sizes:
        same = [world for world in worlds if world["claims_a_year"] == size]
        quarters = sum(world["quarters"] for world in same)
        count = sum(world["false_alarms"] for world in same)
        false_alarms[f"{size} claims a year"] = {
            "quarters": round(quarters, 1),
            "false_alarms": count,
            "a_quarter": round(count / quarters, 2),
        }
    rows = [row for world in worlds for row in world["planted"]]
    power = []
    for points in sorted(set(POINTS)):
        for low, high in zip(VOLUMES, (*VOLUMES[1:], None), strict=True):
            cell = [
                row
                for row in rows
                if row["points"] == points
                and row["answers_30_days_before"] >= low
                and (high is None or row["answers_30_days_before"] < high)
            ]
            if cell:
                power.append(_cell(cell, points=points, low=low, high=high))
    return {"false_alarms": false_alarms, "power": power}


def _cell(
    rows: Sequence[dict[str, Any]], *, points: float, low: int, high: int | None
) -> dict[str, Any]:
    hits = [row for row in rows if row["days_from_first_answer"] is not None]
    cell: dict[str, Any] = {
        "points": round(100 * points),
        "answers_a_month": f"{low} to {high}" if high else f"{low} and more",
        "planted": len(rows),
        "found": len(hits),
    }
    for clock in ("days_from_first_answer", "days_from_first_denial"):
        cell[f"within_{BAR_DAYS}_{clock}"] = sum(row[clock] <= BAR_DAYS for row in hits)
        # Median over all, those not found last.
        delays = sorted(row[clock] for row in hits)
        middle = len(rows) // 2
        cell[f"median_{clock}"] = delays[middle] if middle < len(delays) else None
    if hits:
        cell["right_group"] = sum(row["right_group"] for row in hits)
        cell["right_reason"] = sum(row["right_reason"] for row in hits)
        cell["median_start_error_days"] = statistics.median(
            abs(row["start_error_days"]) for row in hits
        )
    return cell


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[401, 402, 403])
    parser.add_argument("--claims-a-year", type=int, nargs="+", default=[13000, 33000])
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    worlds: list[dict[str, Any]] = []
    for seed in arguments.seeds:
        for size in arguments.claims_a_year:
            worlds.append(run_world(seed, size, RadarSettings()))
            result = {
                "data": "simulated; changes planted by rewriting answers",
                "settings": msgspec.to_builtins(RadarSettings()),
                **summarized(worlds),
                "worlds": worlds,
            }
            arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(summarized(worlds), indent=1))


if __name__ == "__main__":
    main()
