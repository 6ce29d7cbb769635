"""How right the claim rules are on simulated practices, and how fast.

    python -m benchmarks.claim_rules --claims 60000 --seeds 429 430

Simulated data (docs/simulation.md). Rules are measured on the year before the test
year, as `denialml rules --measure` does, and judge the claims of the test year as on
the day each was sent. A finding of severity reject or deny-likely is right where the
line was denied for the rule's own root cause, by the truth.

*Rules alone* score a line by the gravest finding's measured precision, the *model
alone* by its risk, *both* by a logistic regression of the two, fitted on the last four
months before the test year with a model and measures of the time before those. Rules
are written without looking at these seeds. Writes results/claim_rules.json.
"""

import argparse
import json
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from benchmarks.backtest import ENDS_ON, SPLIT, STARTS_ON, World, make_world
from benchmarks.comparison import RankedRisk
from benchmarks.simulated_records import records_of
from denialml.domain.edit import EditFinding, Severity
from denialml.domain.facts import PracticeRecords
from denialml.journeys.rule_measuring import measured_on
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.rule_outcomes import case_of, findings_of
from denialml.modeling.risk.evaluation import bootstrap_interval
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.rules.engine import Engine
from denialml.rules.organization_rules import OrganizationRules
from denialml.simulation import SimulatedPractice, simulate_practice

RESULTS = Path(__file__).parent / "results" / "claim_rules.json"
EARLIER = date(2024, 9, 1)
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
GRAVE = (Severity.REJECT, Severity.HOLD, Severity.DENY_LIKELY)
_LOOP = 3_000_000
Found = dict[tuple[str, int], list[EditFinding]]


def loop_seconds() -> float:
    """CPU seconds of a fixed loop, to compare machines by."""
    began = time.process_time()
    total = 0
    for step in range(_LOOP):
        total += step * step & 7
    return time.process_time() - began


def judged(
    world: World, rows: Rows, records: PracticeRecords, engine: Engine
) -> tuple[Found, int, float]:
    """What the rules found on these rows, by claim and line; claims and CPU seconds."""
    book = FactBook(records)
    claims = {}
    for row in rows.tolist():
        one = world.frame.lines[row]
        claims.setdefault(one.claim_id, (one.claim, one.submitted_on))
    for claim, day in list(claims.values())[:200]:
        findings_of(claim, book, engine, as_of=day)
    found: Found = defaultdict(list)
    began = time.process_time()
    for claim_id, (claim, day) in claims.items():
        for one in findings_of(claim, book, engine, as_of=day):
            if one.verdict == "found":
                for number in one.line_numbers or [
                    line.line_number for line in claim.lines
                ]:
                    found[claim_id, number].append(one)
    return found, len(claims), time.process_time() - began


def asking_seconds(
    world: World, rows: Rows, records: PracticeRecords, engine: Engine
) -> float:
    """CPU seconds for 100,000 claims of asking the rules alone: what is on file about
    each claim, which scoring gathers for the model too, is at hand."""
    book = FactBook(records)
    claims = {}
    for row in rows[:5_000].tolist():
        one = world.frame.lines[row]
        claims.setdefault(one.claim_id, (one.claim, one.submitted_on))
    cases = [case_of(claim, book, engine, as_of=day) for claim, day in claims.values()]
    for case in cases[:200]:
        engine.judge(case)
    began = time.process_time()
    for case in cases:
        engine.judge(case)
    return 100_000 * (time.process_time() - began) / len(cases)


def precision_of(
    world: World, practice: SimulatedPractice, found: Found
) -> dict[str, Any]:
    """How many grave findings are right, in all and by rule."""
    truth = {
        (row.patient_control_number, row.submitted_on, row.line_number): row
        for row in practice.truth
    }
    right: dict[str, list[bool]] = defaultdict(list)
    patients: dict[str, list[int]] = defaultdict(list)
    for row, patient in zip(world.test.tolist(), world.patients.tolist(), strict=True):
        one = world.frame.lines[row]
        key = (one.claim.patient_control_number, one.submitted_on)
        known = truth[*key, one.line.line_number]
        for finding in found.get((one.claim_id, one.line.line_number), ()):
            name = (
                finding.rule_id
                if finding.severity in GRAVE
                else f"{finding.rule_id} as a warning"
            )
            is_right = bool(known.denied) and known.root_cause == finding.root_cause
            right[name].append(is_right)
            patients[name].append(patient)
    grave = [name for name in right if " " not in name]
    answered = [name for name in grave if _is_answered(name, found)]
    every = np.array([hit for name in answered for hit in right[name]], dtype=float)
    people = np.array([one for name in answered for one in patients[name]])
    return {
        "findings": len(every),
        "precision": float(every.mean()) if len(every) else None,
        "precision_interval": bootstrap_interval(
            lambda rows: float(every[rows].mean()), people, rounds=200, seed=1
        )
        if len(every)
        else None,
        "by_rule": {
            name: {"findings": len(hits), "precision": sum(hits) / len(hits)}
            for name, hits in sorted(right.items())
        },
    }


def _is_answered(rule_id: str, found: Found) -> bool:
    """Whether the rule's findings are of what payers answer: not an internal hold."""
    return any(
        one.rule_id == rule_id and one.severity is not Severity.HOLD
        for some in found.values()
        for one in some
    )


def compared(world: World, found: Found, records: PracticeRecords) -> dict[str, Any]:
    """Rules alone, the model alone and both, on the test lines."""
    raw, rules = _said(world, world.test, found, known_by=SPLIT)
    denied = world.frame.denied[world.test]
    both = _joiner(world, records).predict_proba(_columns(raw, rules))[:, 1]
    result = {}
    for name, risk in (("rules alone", rules), ("model alone", raw), ("both", both)):
        ranked = RankedRisk(denied, risk)
        _, precision, recall = ranked.measures(np.ones(len(denied)))
        result[name] = {
            "average_precision": float(precision),
            "recall_at_95_precision": float(recall),
            "recall_at_80_precision": ranked.recall(precision=0.8),
        }
    return result


def _said(
    world: World, rows: Rows, found: Found, *, known_by: date
) -> tuple[Floats, Floats]:
    """Log-odds of a model that knew answers before a day, and the rules' word."""
    bundle = train_bundle(
        world.frame, specification=TrainingSpecification(), known_by=known_by
    )
    lines = [world.frame.lines[row] for row in rows.tolist()]
    rules = [
        gravest(found.get((one.claim_id, one.line.line_number), ())) for one in lines
    ]
    return bundle.raw_output(world.frame.matrix[rows]), np.array(rules)


def _joiner(world: World, records: PracticeRecords) -> LogisticRegression:
    """Both together, learnt on the months before the test year."""
    labels = world.frame.labels(known_by=SPLIT)
    rows = np.flatnonzero(
        (world.frame.submitted_on >= EARLIER.toordinal())
        & (world.frame.submitted_on < SPLIT.toordinal())
        & (labels >= 0)
        & world.frame.original
    )
    measures = measured_on(records, rules=OrganizationRules(), as_of=EARLIER)
    found, _, _ = judged(world, rows, records, Engine(measures=measures))
    raw, rules = _said(world, rows, found, known_by=EARLIER)
    return LogisticRegression(C=1.0, max_iter=300).fit(
        _columns(raw, rules), labels[rows]
    )


def _columns(raw: Floats, rules: Floats) -> Floats:
    return np.column_stack([raw, rules, rules > 0])


def gravest(findings: Any) -> float:
    """The highest measured precision of what was found; a rule not measured: 0.5 where
    grave, the base rate else."""
    return max(
        (
            one.measured.precision
            if one.measured is not None
            else 0.5
            if one.severity in GRAVE
            else 0.15
            for one in findings
        ),
        default=0.0,
    )


def run(seed: int, claims: int) -> dict[str, Any]:
    practice = simulate_practice(
        seed=seed,
        claims=claims,
        starts_on=STARTS_ON,
        ends_on=ENDS_ON,
        difficulty="medium",
    )
    records = records_of(practice)
    world = make_world(practice, build_frame(records, with_rules=False))
    began = time.process_time()
    measures = measured_on(records, rules=OrganizationRules(), as_of=SPLIT)
    measuring = time.process_time() - began
    found, count, seconds = judged(
        world, world.test, records, Engine(measures=measures)
    )
    loop = min(loop_seconds() for _ in range(5))
    plain, _, _ = judged(world, world.test, records, Engine())
    asking = asking_seconds(world, world.test, records, Engine(measures=measures))
    result = {
        "seed": seed,
        "claims": len(practice.claims),
        "claims_judged": count,
        "judging_seconds": round(seconds, 2),
        "claims_per_second": round(count / seconds),
        "seconds_for_100_000_claims": round(100_000 * seconds / count, 1),
        "loops_for_100_000_claims": round(100_000 * seconds / count / loop, 1),
        "asking_loops_for_100_000_claims": round(asking / loop, 1),
        "measuring_seconds": round(measuring, 2),
        "measured": precision_of(world, practice, found),
        "not_measured": precision_of(world, practice, plain),
        "compared": compared(world, found, records),
    }
    print(json.dumps({k: v for k, v in result.items() if k != "by_rule"}, indent=1))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=60_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[429, 430])
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    command = (
        f"python -m benchmarks.claim_rules --claims {arguments.claims} --seeds"
        f" {' '.join(map(str, arguments.seeds))}"
    )
    results = [run(seed, arguments.claims) for seed in arguments.seeds]
    before = json.loads(arguments.out.read_text()) if arguments.out.is_file() else {}
    arguments.out.write_text(
        json.dumps(
            before  # `benchmarks.rule_outcomes` writes there too
            | {
                "data": "simulated, medium difficulty, three years",
                "command": command,
                "loop": f"{_LOOP:,} steps of `total += step * step & 7`",
                "results": results,
            },
            indent=1,
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
