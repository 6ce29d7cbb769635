"""Are the causes that a score names, before any answer, the likely ones?

    python -m benchmarks.cause_chances --claims 20000 --seeds 401 402

On simulated practices, against the true probability of each cause: how often the first
named cause (and one of the first three) is the one a denial would have, the
cross-entropy of a denial's cause, and how often the likely code is the printed one.
Writes results/cause_chances.json. Simulated data.
"""

import argparse
import json
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks.backtest import ENDS_ON, SPLIT, STARTS_ON
from benchmarks.simulated_records import records_of
from denialml.domain.claim import patient_key
from denialml.domain.denial import RootCause
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import (
    ObservedLine,
    answer_events,
    observe_lines,
)
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.cause_chances import CAUSES as NAMED_CAUSES
from denialml.modeling.risk.cause_chances import cause_chances, matter_effects
from denialml.modeling.risk.feature import LineInput
from denialml.modeling.risk.features import line_features
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.simulation import simulate_practice
from denialml.simulation.practice import TRUTH_CAUSES, TruthRow

RESULTS = Path(__file__).parent / "results" / "cause_chances.json"
# Causes in the order of the truth's columns, payers' own errors aside.
CAUSES = tuple(RootCause(name) for name in TRUTH_CAUSES[:-1])
# Where each of them is among the causes that a score names.
IN_ORDER = [NAMED_CAUSES.index(cause) for cause in CAUSES]


def true_shares(row: TruthRow) -> np.ndarray:
    """Of a denial of this line, the share of each of `CAUSES`, by hazards."""
    chances = np.minimum(np.array(row.cause_chances[:-1]), 0.999)
    hazards = -np.log1p(-chances)
    return np.asarray(hazards / hazards.sum())


def named_shares(row: LineInput, bundle: Bundle) -> np.ndarray:
    """The same as a score names them."""
    shares = bundle.contributions(line_features(row).reshape(1, -1))
    effects = matter_effects(shares[:, :-1])[0].tolist()
    return np.array(cause_chances(row, effects, probability=1.0))[IN_ORDER]


def measure(seed: int, claims: int, *, every: int) -> dict[str, float]:
    practice = simulate_practice(
        seed=seed, claims=claims, starts_on=STARTS_ON, ends_on=ENDS_ON
    )
    records = records_of(practice)
    bundle = train_bundle(
        build_frame(records), specification=TrainingSpecification(), known_by=SPLIT
    )
    truth = {
        (row.patient_control_number, row.submitted_on, row.line_number): row
        for row in practice.truth
    }
    with_rules = bundle.with_rules
    observed = observe_lines(records, FactBook(records), with_rules=with_rules)
    history = History(answer_events(observed), with_rules=with_rules)
    sums = dict.fromkeys(("first", "three", "best", "loss", "weight"), 0.0)
    codes: list[bool] = []
    for number, one in enumerate(observed):
        if one.submitted_on < SPLIT or number % every or not one.is_original:
            continue
        history.advance(max(one.submitted_on, history.as_of))
        known = truth.get(_key(one))
        if known is None:
            continue
        row = LineInput(
            one.claim,
            one.line,
            one.facts,
            one.view,
            history.about(one.view, patient=patient_key(one.claim), broken=one.broken),
        )
        named, true = named_shares(row, bundle), true_shares(known)
        weight = known.p_true_line
        ranked = np.argsort(-named)
        sums["first"] += weight * true[ranked[0]]
        sums["three"] += weight * true[ranked[:3]].sum()
        sums["best"] += weight * true.max()
        sums["loss"] -= weight * float((true * np.log(np.maximum(named, 1e-4))).sum())
        sums["weight"] += weight
        if one.denied and one.answer is not None and known.root_cause is not None:
            likely = history.outcomes.reason_code(one.view.payer, known.root_cause)
            printed = {each.reason_code for each in one.answer.adjustments}
            codes.append(likely in printed)
    total = sums["weight"]
    return {
        "seed": seed,
        "first_named_is_the_cause": sums["first"] / total,
        "one_of_three_is_the_cause": sums["three"] / total,
        "best_possible_first": sums["best"] / total,
        "cross_entropy": sums["loss"] / total,
        "likely_code_printed_given_the_cause": float(np.mean(codes)),
        "denied_lines": len(codes),
    }


def _key(one: ObservedLine) -> tuple[str, date, int]:
    return (
        one.claim.patient_control_number,
        one.submitted_on,
        one.line.line_number,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[401])
    parser.add_argument("--every", type=int, default=3, help="every n-th line")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    results = [
        measure(seed, arguments.claims, every=arguments.every)
        for seed in arguments.seeds
    ]
    content = {
        "data": "simulated, medium difficulty",
        "command": f"python -m benchmarks.cause_chances --claims {arguments.claims}"
        f" --seeds {' '.join(map(str, arguments.seeds))} --every {arguments.every}",
        "results": results,
    }
    arguments.out.write_text(json.dumps(content, indent=1) + "\n")
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
