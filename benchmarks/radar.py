"""How soon planted payer changes are found, and how often the radar is wrong.

    python -m benchmarks.radar --worlds 415:13000:900 416:33000:440 417:13000:900 \
        418:33000:440 419:13000:900 420:33000:440

A world is SEED:CLAIMS A YEAR:DAYS. Simulated data throughout: practices of ten payers
without payer changes (difficulty easy), into which changes of 15 points are planted by
rewriting answers (benchmarks.radar_planting), one at each payer. In the larger
practices a second run merges the ten payers into three, for groups of a thousand
answers a month. False alarms are all alarms in the practices as simulated, per quarter
in which the radar watched. Delays are given on three clocks
(`radar_planting.Planted`) and beside those of the best possible test
(benchmarks.radar_limit). Settings were chosen on seeds 101 to 103. Writes
results/radar.json after each world.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from scipy.stats import beta, chi2

from benchmarks.radar_limit import QUARTER_DAYS, days_needed, oracle_days
from benchmarks.radar_planting import SIZES, Planted, merged, plant_several
from benchmarks.simulated_records import records_of
from denialml.modeling.radar.answers import LineAnswer, line_answers
from denialml.modeling.radar.description import describe
from denialml.modeling.radar.groups import LEVELS
from denialml.modeling.radar.report import propose_retraining
from denialml.modeling.radar.settings import RadarSettings
from denialml.modeling.radar.watch import Change, Watch
from denialml.simulation import simulate_practice

STARTS_ON = date(2024, 1, 1)
RESULTS = Path(__file__).parent / "results" / "radar.json"
WORLDS = (
    "415:13000:900",
    "416:33000:440",
    "417:13000:900",
    "418:33000:440",
    "419:13000:900",
    "420:33000:440",
)
POINTS = 0.15
TOLERANCE_DAYS = 60
BAR_DAYS = 15
WARM_DAYS = 75 + 90
# Changes begin so many days after the first submission and before the last answer.
FIRST_PLANT, LAST_PLANT = 215, 110
LARGE = 20_000
CLOCKS = ("first_answer", "first_denial", "week_answered")


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


def judged(
    watch: Watch, planted: Planted, *, oracle: tuple[int | None, int | None]
) -> dict[str, Any]:
    """One row: what was planted, when radar and oracles saw it, what the radar said."""
    change = found(watch, planted)
    row: dict[str, Any] = {
        "level": LEVELS[planted.level].name,
        "reason": planted.reason,
        "answers_30_days_before": planted.volume,
        "radar": _days(planted, change.detected_on if change else None),
        "told": _days(planted, oracle[0]),
        "searching": _days(planted, oracle[1]),
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
    began = date.fromordinal(planted.began_on)
    row["start_error_days"] = (described.began_on - began).days
    row["start_in_interval"] = (
        described.began_earliest <= began <= described.began_latest
    )
    row["right_group"] = described.group == asked.group(example)
    row["right_reason"] = described.reason == planted.reason
    row["retraining_proposed"] = propose_retraining(
        [described], trained_as_of=began
    ).recommended
    return row


def _days(planted: Planted, day: int | None) -> dict[str, int | None]:
    return {
        clock: None if day is None else day - getattr(planted, clock)
        for clock in CLOCKS
    }


def run_planted(
    answers: Sequence[LineAnswer],
    *,
    sizes: Sequence[int],
    random: Random,
    settings: RadarSettings,
) -> list[dict[str, Any]]:
    """Plant one change at each payer, watch, and judge each."""
    between = (
        answers[0].submitted_on + FIRST_PLANT,
        answers[-1].received_on - LAST_PLANT,
    )
    rewritten, planted = plant_several(
        answers, points=POINTS, sizes=sizes, between=between, random=random
    )
    watch = alarms(rewritten, settings)
    groups = watch.coverage()[0]
    rows = []
    for one in planted:
        told, searching = oracle_days(answers, rewritten, one, watched=(1, groups))
        rows.append(judged(watch, one, oracle=(told, searching)))
    return rows


def run_world(world: str, settings: RadarSettings) -> dict[str, Any]:
    """False alarms in one practice as simulated, then the planted changes."""
    began = time.process_time()
    seed, claims_a_year, days = (int(part) for part in world.split(":"))
    practice = simulate_practice(
        seed=seed,
        claims=round(claims_a_year * days / 365),
        starts_on=STARTS_ON,
        ends_on=STARTS_ON + timedelta(days=days - 1),
        difficulty="easy",
    )
    answers = line_answers(records_of(practice), known_by=date.max)
    watch_began = time.process_time()
    quiet = alarms(answers, settings)
    seconds = time.process_time() - watch_began
    watched_days = answers[-1].received_on - answers[0].submitted_on - WARM_DAYS
    is_large = claims_a_year >= LARGE
    random = Random(f"radar {world}")
    rows = run_planted(
        answers,
        sizes=(50, 100, 300) if is_large else (20, 50, 100),
        random=random,
        settings=settings,
    )
    if is_large:
        rows += run_planted(
            merged(answers, payers=3), sizes=(1000,), random=random, settings=settings
        )
    print(f"world {world}: {time.process_time() - began:.0f} s of CPU", flush=True)
    return {
        "world": world,
        "claims_a_year": claims_a_year,
        "answers": len(answers),
        "groups_watched": quiet.coverage()[0],
        "cpu_seconds_to_watch": round(seconds, 1),
        "quarters": round(watched_days / QUARTER_DAYS, 2),
        "false_alarms": len(quiet.changes),
        "planted": rows,
    }


def summarized(worlds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """False alarms a quarter by practice size; delays by group size; the limit."""
    rows = [row for world in worlds for row in world["planted"]]
    hits = [row for row in rows if row["radar"]["first_answer"] is not None]
    cells = []
    for size, (low, high) in SIZES.items():
        cell = [row for row in rows if low <= row["answers_30_days_before"] < high]
        if cell:
            cells.append({"answers_a_month": size} | _cell(cell))
    groups = max(world["groups_watched"] for world in worlds)
    return {
        "false_alarms": {
            "all": _false_alarms(worlds),
            **{
                f"{size} claims a year": _false_alarms(
                    [world for world in worlds if world["claims_a_year"] == size]
                )
                for size in sorted({world["claims_a_year"] for world in worlds})
            },
        },
        "power": cells,
        "named": {
            "found": len(hits),
            **{
                what: sum(row[what] for row in hits)
                for what in (
                    "right_group",
                    "right_reason",
                    "start_in_interval",
                    "retraining_proposed",
                )
            },
            "median_start_error_days": (
                statistics.median(abs(row["start_error_days"]) for row in hits)
                if hits
                else None
            ),
        },
        "days_of_full_answers_that_any_test_needs": {
            f"from {rate:.0%}": {
                str(size): round(
                    days_needed(
                        answers_a_month=size, rate=rate, points=POINTS, groups=groups
                    ),
                    1,
                )
                for size in SIZES
            }
            for rate in (0.01, 0.03, 0.1)
        },
    }


def _false_alarms(worlds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Count and rate, with the exact 95% interval of a Poisson count."""
    quarters = sum(world["quarters"] for world in worlds)
    count = sum(world["false_alarms"] for world in worlds)
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    high = chi2.ppf(0.975, 2 * count + 2) / 2
    return {
        "quarters": round(quarters, 1),
        "false_alarms": count,
        "a_quarter": round(count / quarters, 2),
        "interval": [round(low / quarters, 2), round(high / quarters, 2)],
    }


def _cell(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    cell: dict[str, Any] = {"planted": len(rows)}
    for test in ("radar", "searching", "told"):
        said: dict[str, Any] = {
            "found": sum(row[test]["first_answer"] is not None for row in rows)
        }
        for clock in CLOCKS:
            delays = sorted(
                row[test][clock] for row in rows if row[test][clock] is not None
            )
            within = sum(delay <= BAR_DAYS for delay in delays)
            # Median over all, those not found last.
            middle = len(rows) // 2
            said[f"from_{clock}"] = {
                "within_15": within,
                "share": round(within / len(rows), 2),
                "interval": _share_interval(within, len(rows)),
                "median_days": delays[middle] if middle < len(delays) else None,
            }
        cell[test] = said
    return cell


def _share_interval(count: int, of: int) -> list[float]:
    """Exact 95% interval of a share (Clopper-Pearson)."""
    low = beta.ppf(0.025, count, of - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    return [round(float(low), 2), round(float(high), 2)]


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", nargs="+", default=list(WORLDS))
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    worlds: list[dict[str, Any]] = []
    for world in arguments.worlds:
        worlds.append(run_world(world, RadarSettings()))
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
