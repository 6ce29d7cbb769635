"""Whether a practice with little history is served at least as well as by a table.

    python -m benchmarks.small_practice --claims 2000 5000 --seeds 101 102 103

Simulated data with a known true probability. For each small practice: what
`train_bundle` chose and why, its skill_KL in the test year beside that of the smoothed
payer x code table trained on the same answers, and the gain with a 95% interval
(bootstrap over patients, paired). Writes results/small_practice.json.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.backtest import (
    ENDS_ON,
    SPLIT,
    STARTS_ON,
    Floats,
    World,
    gain_over,
    make_world,
)
from benchmarks.baselines import table_risk
from benchmarks.simulated_records import records_of
from denialml.modeling.risk.evaluation import skill
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.simulation import simulate_practice

RESULTS = Path(__file__).parent / "results" / "small_practice.json"


def run(seed: int, claims: int) -> dict[str, Any]:
    practice = simulate_practice(
        seed=seed, claims=claims, starts_on=STARTS_ON, ends_on=ENDS_ON
    )
    frame = build_frame(records_of(practice))
    world = make_world(practice, frame)
    bundle = train_bundle(frame, specification=TrainingSpecification(), known_by=SPLIT)
    ours = bundle.facts.calibration.line_probability(
        bundle.raw_output(frame.matrix[world.test])
    )
    table = table_risk(world)
    low, high = gain_over(world, ours, table)
    result = {
        "seed": seed,
        "claims": claims,
        "answered_lines": bundle.facts.training.answered_lines,
        "test_lines": len(world.test),
        "kind": bundle.facts.kind,
        "reason": bundle.facts.training.kind_reason,
        "skill_kl": _skill(world, ours),
        "skill_kl_of_table": _skill(world, table),
        "gain_interval": [low, high],
        "worse_than_table": high < 0,
    }
    print(
        f"{claims} claims, seed {seed}: {result['kind']} {result['skill_kl']:.3f},"
        f" table {result['skill_kl_of_table']:.3f}, gain [{low:+.3f}, {high:+.3f}]",
        flush=True,
    )
    return result


def _skill(world: World, risk: Floats) -> float:
    return skill(world.true_line[world.test], risk, base_rate=world.base_rate)


def summarize(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over the practices of one size."""
    kinds = [one["kind"] for one in results]
    return {
        "practices": len(results),
        "skill_kl": float(np.mean([one["skill_kl"] for one in results])),
        "skill_kl_of_table": float(
            np.mean([one["skill_kl_of_table"] for one in results])
        ),
        "worse_than_table": sum(one["worse_than_table"] for one in results),
        "kinds": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, nargs="+", default=[2000, 5000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[*range(401, 411)])
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    found = {
        claims: [run(seed, claims) for seed in arguments.seeds]
        for claims in arguments.claims
    }
    content = {
        "data": "simulated, medium difficulty; nothing is measured on real claims",
        "command": "python -m benchmarks.small_practice --claims"
        f" {' '.join(map(str, arguments.claims))}"
        f" --seeds {' '.join(map(str, arguments.seeds))}",
        "summary": {
            str(claims): summarize(results) for claims, results in found.items()
        },
        "results": [one for results in found.values() for one in results],
    }
    arguments.out.write_text(json.dumps(content, indent=1) + "\n")
    print(json.dumps(content["summary"], indent=1))


if __name__ == "__main__":
    main()
