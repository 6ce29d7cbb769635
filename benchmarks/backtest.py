"""How near the risk comes to the truth on simulated practices, beside baselines.

    python -m benchmarks.backtest --claims 150000 --seeds 401 402 --baselines --peers
    python -m benchmarks.backtest --claims 150000 --seeds 401 --baselines --peers \
        --part --out var/backtest-401.json
    python -m benchmarks.backtest --join var/backtest-401.json var/backtest-402.json

The first command runs worlds one after the other; the second one world of several that
run side by side, and the third joins their parts. `--only NAME` (may be repeated) runs
the baselines and peers whose names hold the word.

Simulated data with a known true probability (docs/simulation.md): skill_KL is the
share of the way from the base rate to the truth, without outcome noise. Models know
only answers received before the test year. Seeds 401 and up are for measuring;
features and settings were chosen on seeds 101 to 120. Writes results/backtest.json.
"""

import argparse
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.baselines import Risk, baselines
from benchmarks.comparison import (
    cut_off_kept,
    gain_draws,
    interval_coverage,
    recall_at,
    truth_calibration_error,
)
from benchmarks.peers import LEAKY, peers
from benchmarks.simulated_records import records_of
from benchmarks.world_results import joined, shortfalls, told, write
from denialml.domain.facts import PracticeRecords
from denialml.modeling.risk.canary import shuffle_outcomes
from denialml.modeling.risk.evaluation import (
    bootstrap_interval,
    divergence,
    ranking_measures,
    skill,
)
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import cut_slices, train_bundle
from denialml.modeling.risk.walking import Stretch, walk_forward
from denialml.simulation import SimulatedPractice, simulate_practice
from denialml.simulation.parameters import Difficulty

STARTS_ON, SPLIT, ENDS_ON = date(2023, 1, 1), date(2025, 1, 1), date(2025, 12, 31)
RESULTS = Path(__file__).parent / "results" / "backtest.json"
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class World(msgspec.Struct, frozen=True):
    """One simulated practice: its frame, the truth per row and the rows to test on."""

    frame: Frame
    true_line: Floats
    true_claim: Floats
    train: Rows
    test: Rows
    patients: npt.NDArray[np.int64]

    @property
    def base_rate(self) -> float:
        return float(self.frame.labels(known_by=SPLIT)[self.train].mean())

    @property
    def first_rows(self) -> npt.NDArray[np.bool_]:
        """Which test rows are the first of their claim."""
        claim = self.frame.claim[self.test]
        return np.r_[True, claim[1:] != claim[:-1]]


def make_world(practice: SimulatedPractice, frame: Frame) -> World:
    truth = {
        (row.patient_control_number, row.submitted_on, row.line_number): row
        for row in practice.truth
    }
    found = [
        truth.get(
            (
                one.claim.patient_control_number,
                one.submitted_on,
                one.line.line_number,
            )
        )
        for one in frame.lines
    ]
    line = np.array([row.p_true_line if row else np.nan for row in found])
    claim = np.array([row.p_true_claim if row else np.nan for row in found])
    slices = cut_slices(
        frame,
        frame.labels(known_by=SPLIT),
        specification=TrainingSpecification(),
        known_by=SPLIT,
    )
    test = np.flatnonzero(
        (frame.submitted_on >= SPLIT.toordinal())
        & (frame.denied >= 0)
        & frame.original
        & ~np.isnan(line)
    )
    numbers: dict[str, int] = {}
    patients = np.array(
        [
            numbers.setdefault(
                frame.lines[row].claim.medical_record_number, len(numbers)
            )
            for row in test
        ],
        dtype=np.int64,
    )
    return World(frame, line, claim, slices.everything, test, patients)


def measure(world: World, line: Floats, claim: Floats | None = None) -> dict[str, Any]:
    """Skill with a bootstrap interval over patients, and the usual measures."""
    truth, denied = world.true_line[world.test], world.frame.denied[world.test]
    base = np.full(len(truth), world.base_rate)
    ours, none = divergence(truth, line), divergence(truth, base)
    result: dict[str, Any] = {
        "skill_kl": skill(truth, line, base_rate=world.base_rate),
        "skill_kl_interval": bootstrap_interval(
            lambda rows: 1.0 - float(ours[rows].sum() / none[rows].sum()),
            world.patients,
            rounds=200,
            seed=1,
        ),
        **ranking_measures(denied, line),
        "truth_calibration_error": truth_calibration_error(truth, line),
        "recall_at_95_precision": recall_at(denied, line, precision=0.95),
    }
    if claim is not None:
        first = world.first_rows
        result["skill_kl_claim"] = skill(
            world.true_claim[world.test][first], claim[first], base_rate=world.base_rate
        )
    return result


def gain_over(world: World, line: Floats, other: Floats) -> tuple[float, float]:
    """95% interval of the skill gained over another risk, paired by patient."""
    truth = world.true_line[world.test]
    base = divergence(truth, np.full(len(truth), world.base_rate))
    ours, theirs = divergence(truth, line), divergence(truth, other)
    return bootstrap_interval(
        lambda rows: float((theirs[rows].sum() - ours[rows].sum()) / base[rows].sum()),
        world.patients,
        rounds=200,
        seed=2,
    )


def walked(
    world: World, refit: str, specification: TrainingSpecification
) -> tuple[Floats, Floats]:
    """Line and claim risks of the test rows from a walk forward."""
    stretches: list[Stretch] = list(
        walk_forward(
            world.frame,
            from_day=SPLIT,
            to_day=ENDS_ON,
            refit=refit,  # type: ignore[arg-type]
            specification=specification,
        )
    )
    line, claim = (np.full(len(world.frame.denied), np.nan) for _ in range(2))
    for stretch in stretches:
        line[stretch.rows] = stretch.line_risk
        claim[stretch.rows] = stretch.claim_risk
    return line[world.test], claim[world.test]


def shuffled_auc(
    records: PracticeRecords, specification: TrainingSpecification
) -> float:
    """AUC in the test year of the whole pipeline on records with shuffled outcomes."""
    frame = build_frame(shuffle_outcomes(records, seed=1))
    bundle = train_bundle(frame, specification=specification, known_by=SPLIT)
    test = np.flatnonzero(
        (frame.submitted_on >= SPLIT.toordinal()) & (frame.denied >= 0) & frame.original
    )
    raw = bundle.raw_output(frame.matrix[test])
    return ranking_measures(frame.denied[test], 1.0 / (1.0 + np.exp(-raw)))["auc"]


def fitted_once(
    world: World, specification: TrainingSpecification
) -> tuple[Floats, Floats, dict[str, Any]]:
    """Line and claim risks of a model that is never refitted, and its extras."""
    bundle = train_bundle(world.frame, specification=specification, known_by=SPLIT)
    calibration = bundle.facts.calibration
    raw = bundle.raw_output(world.frame.matrix[world.test])
    line = calibration.line_probability(raw)
    numbers = world.frame.claim[world.test]
    claim = calibration.claim_probabilities(line, numbers)
    first = world.first_rows
    starts = np.flatnonzero(first)
    denied = np.maximum.reduceat(world.frame.denied[world.test], starts) > 0
    extras = {
        "trees": bundle.facts.training.trees,
        "interval": interval_coverage(bundle, raw, world.true_line[world.test]),
        "cut_offs": [
            cut_off_kept(calibration, claim[first], denied, precision=precision)
            for precision in (0.5, 0.7, 0.8, 0.9, 0.95)
        ],
    }
    return line, claim, extras


class Clock:
    """CPU seconds of each step of one world, told as they pass."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.cpu_seconds: dict[str, float] = {}

    def timed(self, name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        done = work()
        self.cpu_seconds[name] = round(time.process_time() - began, 1)
        print(f"seed {self.seed}: {name} {self.cpu_seconds[name]} CPU s", flush=True)
        return done


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured on each world."""

    claims: int
    difficulty: Difficulty
    refits: list[str]
    learners: dict[str, Risk]
    shuffled: bool
    specification: TrainingSpecification = TrainingSpecification()


def run(seed: int, plan: Plan) -> dict[str, Any]:
    """Everything measured on one world; `gain_draws` are what worlds are joined by."""
    clock = Clock(seed)
    practice = clock.timed(
        "simulate",
        lambda: simulate_practice(
            seed=seed,
            claims=plan.claims,
            starts_on=STARTS_ON,
            ends_on=ENDS_ON,
            difficulty=plan.difficulty,
        ),
    )
    records = clock.timed("match", lambda: records_of(practice))
    frame = clock.timed("frame", lambda: build_frame(records))
    world = make_world(practice, frame)
    result = {
        "seed": seed,
        "claims": len(practice.claims),
        "train_lines": len(world.train),
        "test_lines": len(world.test),
        **measured_risks(world, plan, clock),
    }
    if plan.shuffled:
        result["shuffled_labels_auc"] = clock.timed(
            "shuffled", lambda: shuffled_auc(records, plan.specification)
        )
    return {**result, "cpu_seconds": clock.cpu_seconds}


def measured_risks(world: World, plan: Plan, clock: Clock) -> dict[str, Any]:
    """denialml, the baselines and the peers on one world."""
    line, claim, extras = clock.timed(
        "fit and score once", lambda: fitted_once(world, plan.specification)
    )
    refitted = {
        refit: clock.timed(refit, partial(walked, world, refit, plan.specification))
        for refit in plan.refits
    }
    others = {
        name: clock.timed(name, partial(learner, world))
        for name, learner in plan.learners.items()
    }
    denied = world.frame.denied[world.test]
    truth = world.true_line[world.test]
    fair = {name: risk for name, risk in others.items() if name != LEAKY}
    draws = clock.timed(
        "paired gains",
        lambda: gain_draws(denied, line, fair, world.patients, seed=clock.seed),
    )
    leaky = {LEAKY: measure(world, others[LEAKY])} if LEAKY in others else {}
    return {
        "denialml, fitted once": measure(world, line, claim),
        **{
            f"denialml, refitted {refit}": measure(world, *risks)
            for refit, risks in refitted.items()
        },
        **{name: measure(world, risk) for name, risk in fair.items()},
        **extras,
        "leaky": leaky,
        "truth": ranking_measures(denied, truth),
        "gain_interval": {
            name: gain_over(world, line, risk) for name, risk in fair.items()
        },
        "gain_draws": draws,
    }


def chosen_learners(arguments: argparse.Namespace) -> dict[str, Risk]:
    """The baselines and peers asked for, by name."""
    found: dict[str, Risk] = {}
    if arguments.baselines:
        found |= baselines()
    if arguments.peers:
        found |= peers()
    words = [word.lower() for word in arguments.only]
    return {
        name: learner
        for name, learner in found.items()
        if not words or any(word in name.lower() for word in words)
    }


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[201])
    parser.add_argument("--difficulty", default="medium")
    parser.add_argument("--refits", nargs="*", default=["quarterly", "monthly"])
    parser.add_argument("--baselines", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--part", action="store_true", help="to be joined later")
    parser.add_argument("--join", type=Path, nargs="+", metavar="PART")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def command_of(arguments: argparse.Namespace) -> str:
    """The command that runs all worlds of these arguments in one process."""
    flags = [name for name in ("baselines", "peers") if getattr(arguments, name)]
    words = [f'--only "{word}"' for word in arguments.only]
    return " ".join(
        [
            f"python -m benchmarks.backtest --claims {arguments.claims} --seeds",
            *map(str, arguments.seeds),
            f"--difficulty {arguments.difficulty} --refits",
            *arguments.refits,
            *[f"--{flag}" for flag in flags],
            *words,
        ]
    )


def main() -> None:
    arguments = parsed()
    if arguments.join:
        content = joined(arguments.join)
        write(content, arguments.out, part=False)
        print(f"shortfalls over all worlds: {content['shortfalls'] or 'none'}")
        return
    plan = Plan(
        claims=arguments.claims,
        difficulty=arguments.difficulty,
        refits=arguments.refits,
        learners=chosen_learners(arguments),
        shuffled=arguments.baselines,
    )
    content: dict[str, Any] = {
        "data": f"simulated, {arguments.difficulty} difficulty; nothing is measured on"
        " real claims",
        "command": command_of(arguments),
        "split": SPLIT.isoformat(),
        "results": [],
    }
    for seed in arguments.seeds:
        result = run(seed, plan)
        result["shortfalls"] = shortfalls([result])
        content["results"].append(result)
        print(told(result), flush=True)
        write(content, arguments.out, part=arguments.part)


if __name__ == "__main__":
    main()
