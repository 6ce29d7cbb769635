"""What planted leaks do to a model, and what catches each of them.

    python -m benchmarks.leaks --claims 20000 --seeds 101

Simulated data with a known true probability. The honest model and one model for each
planted leak are trained on what was answered before the test year and measured on it:
skill on outcomes beside skill_KL, AUC beside the truth's, the as-of replay and the
shuffled-outcome canary. Declared as what they are, all six are refused when features
are registered; here they come in by the back door. Writes results/leaks.json.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.backtest import ENDS_ON, SPLIT, STARTS_ON, World, make_world
from benchmarks.planted_leaks import LEAKS, leaking_builder, with_leak
from benchmarks.simulated_records import records_of
from denialml.domain.facts import PracticeRecords
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.modeling.risk.replay import FrameBuilder, replay
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.modeling.risk.truth_check import check_against_truth
from denialml.simulation import simulate_practice

RESULTS = Path(__file__).parent / "results" / "leaks.json"


def measure(world: World, frame: Frame) -> dict[str, Any]:
    """Train on the frame and compare with the truth in the test year."""
    bundle = train_bundle(frame, specification=TrainingSpecification(), known_by=SPLIT)
    risk = bundle.facts.calibration.line_probability(
        bundle.raw_output(frame.matrix[world.test])
    )
    found = check_against_truth(
        frame.denied[world.test],
        risk,
        world.true_line[world.test],
        base_rate=world.base_rate,
    )
    return dict(msgspec.to_builtins(found))


def replayed(
    records: PracticeRecords, frame: Frame, build: FrameBuilder | None
) -> dict[str, Any]:
    found = replay(records, frame, build=build)
    rows = max((rows for _, rows in found.changed), default=0)
    return {
        "rows": found.rows,
        "changed_rows": rows,
        "changed": [name for name, _ in found.changed],
    }


def pending_as_paid(frame: Frame) -> Frame:
    """Lines without an answer by the split called paid: the censoring mistake."""
    waiting = (frame.answered_on >= SPLIT.toordinal()) & (
        frame.submitted_on < SPLIT.toordinal()
    )
    return msgspec.structs.replace(
        frame,
        denied=np.where(waiting, 0, frame.denied).astype(np.int8),
        answered_on=np.where(waiting, frame.submitted_on, frame.answered_on).astype(
            np.int32
        ),
    )


def run(seed: int, claims: int) -> dict[str, Any]:
    practice = simulate_practice(
        seed=seed, claims=claims, starts_on=STARTS_ON, ends_on=ENDS_ON
    )
    records = records_of(practice)
    frame = build_frame(records)
    world = make_world(practice, frame)
    result: dict[str, Any] = {
        "honest": {**measure(world, frame), "replay": replayed(records, frame, None)},
        "claims still pending counted as paid": measure(world, pending_as_paid(frame)),
    }
    show(seed, "honest", result["honest"])
    name = "claims still pending counted as paid"
    show(seed, name, result[name])
    for name, leak in LEAKS.items():
        leaking = with_leak(frame, leak(records, frame))
        result[name] = {
            **measure(world, leaking),
            "replay": replayed(records, leaking, leaking_builder(leak)),
        }
        show(seed, name, result[name])
    return {
        "seed": seed,
        "claims": len(practice.claims),
        "test_lines": len(world.test),
        "results": result,
    }


def show(seed: int, name: str, found: dict[str, Any]) -> None:
    again = found.get("replay", {})
    print(
        f"seed {seed}: {name}: skill_KL {found['skill_kl']:.3f}, on outcomes"
        f" {found['skill_log_loss']:.3f}, gap {found['gap']:+.3f}, AUC"
        f" {found['auc']:.3f} of {found['auc_of_truth']:.3f}, replay changed"
        f" {again.get('changed_rows', '-')} of {again.get('rows', '-')},"
        f" alarms {len(found['alarms'])}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101])
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    worlds = [run(seed, arguments.claims) for seed in arguments.seeds]
    content = {
        "data": "simulated, medium difficulty; nothing is measured on real claims",
        "command": f"python -m benchmarks.leaks --claims {arguments.claims}"
        f" --seeds {' '.join(map(str, arguments.seeds))}",
        "worlds": worlds,
    }
    arguments.out.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
