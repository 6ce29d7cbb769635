"""What the claim rules' findings add to the risk of a small practice.

    python -m benchmarks.rule_outcomes --claims 6000 --seeds 435 436 437 438 439 440

Simulated data with a known true probability. *Rules alone* score a line of the test
year by the gravest finding's measured precision; *model without* and *model with* are
what `train_bundle` makes without the rules' findings among the features and with them.
Because the simulator's payers and the claim rules follow one rulebook, two more models
learn from findings that are wrong on purpose: those of a random half of the rules, or
of all, are dealt out anew among the lines of each payer. Gains are over the model
without, paired, with 95% intervals over patients, pooled over the worlds. Written to
results/claim_rules.json under "small_practices", by difficulty.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.backtest import ENDS_ON, SPLIT, STARTS_ON, World, make_world
from benchmarks.claim_rules import RESULTS, gravest, judged
from benchmarks.comparison import RankedRisk
from benchmarks.simulated_records import records_of
from denialml.journeys.rule_measuring import measured_on
from denialml.modeling.knowledge.observation import ObservedLine, answer_events
from denialml.modeling.risk.evaluation import divergence
from denialml.modeling.risk.features import RATES_FROM
from denialml.modeling.risk.frames import Frame, build_frame, rule_rates
from denialml.modeling.risk.rate_matrix import join_rules
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.rules.engine import Engine
from denialml.rules.organization_rules import OrganizationRules
from denialml.rules.registry import all_rules
from denialml.simulation import simulate_practice

Floats = npt.NDArray[np.float64]
ROUNDS = 400
WITHOUT, WITH = "model without", "model with"
RULES, HALF, ALL = "rules alone", "half of the findings dealt anew", "all dealt anew"
MEASURES = ("log_loss", "average_precision", "recall_at_95_precision", "skill_kl")
_IS_LOSS = np.array([True, False, False, False])


def risks_of(
    seed: int, claims: int, difficulty: str
) -> tuple[World, dict[str, Floats]]:
    """Each contestant's risk of the test lines of one simulated practice."""
    practice = simulate_practice(
        seed=seed,
        claims=claims,
        starts_on=STARTS_ON,
        ends_on=ENDS_ON,
        difficulty=difficulty,
    )
    records = records_of(practice)
    plain = build_frame(records, with_rules=False)
    frame = build_frame(records, with_rules=True)
    world = make_world(practice, plain)
    engine = Engine(
        measures=measured_on(records, rules=OrganizationRules(), as_of=SPLIT)
    )
    found, _, _ = judged(world, world.test, records, engine)
    lines = [plain.lines[row] for row in world.test.tolist()]
    random = np.random.default_rng(seed)
    rules = sorted(all_rules())
    half = frozenset(random.choice(rules, len(rules) // 2, replace=False).tolist())
    return world, {
        RULES: np.array(
            [
                gravest(found.get((one.claim_id, one.line.line_number), ()))
                for one in lines
            ]
        ),
        WITHOUT: _risk(plain, world),
        WITH: _risk(frame, world),
        HALF: _risk(_dealt(plain, frame, half, random), world),
        ALL: _risk(_dealt(plain, frame, frozenset(rules), random), world),
    }


def _risk(frame: Frame, world: World) -> Floats:
    bundle = train_bundle(frame, specification=TrainingSpecification(), known_by=SPLIT)
    raw = bundle.raw_output(frame.matrix[world.test])
    return bundle.facts.calibration.line_probability(raw)


def _dealt(
    plain: Frame, frame: Frame, rules: Collection[str], random: np.random.Generator
) -> Frame:
    """The frame as if what these rules find stood on other lines of the same payer."""
    of_payer: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(frame.lines):
        of_payer[one.view.payer].append(at)
    lines: list[ObservedLine] = list(frame.lines)
    for places in of_payer.values():
        for at, other in zip(places, random.permutation(places).tolist(), strict=True):
            kept = [one for one in frame.lines[at].broken if one.rule_id not in rules]
            came = [one for one in frame.lines[other].broken if one.rule_id in rules]
            lines[at] = msgspec.structs.replace(
                frame.lines[at], broken=tuple(kept + came)
            )
    matrix = plain.matrix.copy()
    join_rules(matrix[:, RATES_FROM:], rule_rates(lines, answer_events(lines)))
    return msgspec.structs.replace(frame, matrix=matrix)


class Measured:
    """One risk on the test lines, measured under weights of the lines."""

    def __init__(self, world: World, risk: Floats) -> None:
        truth = world.true_line[world.test]
        self._ranked = RankedRisk(world.frame.denied[world.test], risk)
        self._divergence = divergence(truth, risk)
        self._base = divergence(truth, np.full(len(truth), world.base_rate))

    def under(self, weights: Floats) -> Floats:
        """`MEASURES`, float64 (4,)."""
        lost = (weights * self._divergence).sum() / (weights * self._base).sum()
        return np.append(self._ranked.measures(weights), 1.0 - lost)


def draws_of(seed: int, claims: int, difficulty: str) -> tuple[dict[str, Floats], int]:
    """Each contestant's measures, float64 (1 + ROUNDS, 4): every patient once, then
    patients drawn; and the test lines."""
    world, risks = risks_of(seed, claims, difficulty)
    measured = {name: Measured(world, risk) for name, risk in risks.items()}
    random = np.random.default_rng([7, seed])
    patients = int(world.patients.max()) + 1
    drawn: dict[str, list[Floats]] = {name: [] for name in risks}
    for round_ in range(1 + ROUNDS):
        times = (
            np.bincount(random.integers(0, patients, patients), minlength=patients)
            if round_
            else np.ones(patients)
        )
        weights = times[world.patients].astype(np.float64)
        for name, one in measured.items():
            drawn[name].append(one.under(weights))
    print(
        f"{claims} claims, {difficulty}, seed {seed}:"
        + "".join(f" {name} {some[0].round(4)}" for name, some in drawn.items()),
        flush=True,
    )
    return {name: np.array(some) for name, some in drawn.items()}, len(world.test)


def pooled(seeds: Sequence[int], claims: int, difficulty: str) -> dict[str, Any]:
    """Means over the worlds, and the gains over the model without."""
    worlds = [draws_of(seed, claims, difficulty) for seed in seeds]
    result: dict[str, Any] = {
        "claims": claims,
        "seeds": list(seeds),
        "test_lines": sum(lines for _, lines in worlds),
        "contestants": {},
    }
    for name in (RULES, WITHOUT, WITH, HALF, ALL):
        own = np.mean([draws[name] for draws, _ in worlds], axis=0)
        # The rules' word is a precision, no probability: only its ranking is measured.
        shown = MEASURES[1:3] if name == RULES else MEASURES
        said = dict(zip(MEASURES, own[0].tolist(), strict=True))
        told: dict[str, Any] = {key: said[key] for key in shown}
        if name != WITHOUT:
            gains = np.mean(
                [draws[name] - draws[WITHOUT] for draws, _ in worlds], axis=0
            )
            gains = np.where(_IS_LOSS, -gains, gains)
            low, high = np.percentile(gains[1:], [2.5, 97.5], axis=0)
            told["gain"] = {
                key: {
                    "mean": float(gains[0, at]),
                    "interval": [float(low[at]), float(high[at])],
                    "worlds_better": int(
                        sum(
                            (draws[name] - draws[WITHOUT])[0, at]
                            * (1 - 2 * _IS_LOSS[at])
                            > 0
                            for draws, _ in worlds
                        )
                    ),
                }
                for at, key in enumerate(MEASURES)
                if key in shown
            }
        result["contestants"][name] = told
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=6_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[*range(435, 441)])
    parser.add_argument("--difficulties", nargs="+", default=["medium", "hard"])
    parser.add_argument("--show", action="store_true", help="do not write the results")
    arguments = parser.parse_args()
    found = {
        difficulty: pooled(arguments.seeds, arguments.claims, difficulty)
        for difficulty in arguments.difficulties
    }
    print(json.dumps(found, indent=1))
    if arguments.show:
        return
    content = json.loads(RESULTS.read_text())
    content["small_practices"] = {
        "data": "simulated, three years; payers and rules follow one rulebook",
        "command": "python -m benchmarks.rule_outcomes --claims"
        f" {arguments.claims} --seeds {' '.join(map(str, arguments.seeds))}"
        f" --difficulties {' '.join(arguments.difficulties)}",
        "by_difficulty": found,
    }
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
