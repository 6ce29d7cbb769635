"""How often the top fix takes a denial's true cause away, and what finding it costs.

    python -m benchmarks.fixes --claims 60000 --seeds 433 434

Simulated data (docs/simulation.md). The model and the rules' measures know the time
before the test year; fixes are found for the denied original claims of the test year
as on the day each was sent. What has a legal fix on file, and what it is to remove a
cause, is defined in `fix_causes`, from the records and the payers' hidden rules.

The *top fix* is what the page shows first: the smallest set of fixes that makes the
claim fit to send, else the first fix of the list, which is not to send it where one
stops it. *First alone* counts only the first of that set. *Any* asks whether some fix
of the list removes the cause. On paid claims every suggestion is work that was not
needed. Writes results/fixes.json.
"""

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import numpy as np

from benchmarks.backtest import ENDS_ON, SPLIT, STARTS_ON
from benchmarks.fix_causes import (
    CORRECTION,
    DeniedLine,
    OnFile,
    removes,
    tier_of,
)
from benchmarks.simulated_records import records_of
from denialml.domain.claim import Claim
from denialml.domain.fix import ClaimFixes, Fix, FixClass
from denialml.domain.risk import RiskScore
from denialml.fixes.elements import corrected
from denialml.journeys.rule_measuring import measured_on
from denialml.journeys.score import Scorer
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.rules.organization_rules import OrganizationRules, PracticeRules
from denialml.simulation import SimulatedPractice, simulate_practice

RESULTS = Path(__file__).parent / "results" / "fixes.json"
_TIMED = 400
_EXAMPLES = 4
Key = tuple[str, date]


def top_fix(found: ClaimFixes) -> list[Fix]:
    """What the page shows first; empty where nothing is suggested."""
    fixes = [one for one in found.fixes if one.fix_class != FixClass.NEVER_SUGGESTED]
    if not fixes:
        return []
    if found.smallest is None:
        return fixes[:1]
    by_id = {one.fix_id: one for one in fixes}
    return [by_id[fix_id] for fix_id in found.smallest.fix_ids]


def with_edits(claim: Claim, fixes: Sequence[Fix]) -> Claim:
    """The claim with the corrections among these fixes."""
    return corrected(claim, [edit for one in fixes for edit in one.edits])


def _seen_by_model(score: RiskScore, accepted: float) -> str:
    if score.abstains:
        return "the model abstains"
    if score.probability <= accepted:
        return "risk within what is accepted"
    return "risk above what is accepted"


class Judge:
    """Counts, over denied lines, whose cause was removed."""

    def __init__(self, on_file: OnFile) -> None:
        self._on_file = on_file
        self.counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.missed: dict[str, Counter[str]] = defaultdict(Counter)
        self.examples: dict[str, list[str]] = defaultdict(list)
        self.sizes: Counter[int] = Counter()
        self.unseen: Counter[str] = Counter()

    def look(self, lines: Sequence[DeniedLine], score: RiskScore) -> None:
        """Judge the fixes of one claim."""
        assert score.fixes is not None
        top = top_fix(score.fixes)
        self.sizes[len(top)] += 1
        named = [
            one
            for one in score.fixes.fixes
            if one.fix_class != FixClass.NEVER_SUGGESTED
        ]
        for denied in lines:
            tier = tier_of(denied, self._on_file) or "outside"
            rule = denied.rule.name.lower()
            count = self.counts[tier, rule]
            fixed = with_edits(denied.claim, top)
            is_removed = removes(top, denied, fixed, self._on_file)
            first = with_edits(denied.claim, top[:1])
            count["lines"] += 1
            count["top"] += is_removed
            count["first alone"] += removes(top[:1], denied, first, self._on_file)
            count["any"] += any(
                removes([one], denied, with_edits(denied.claim, [one]), self._on_file)
                for one in named
            )
            if not is_removed and tier != "outside":
                said = ", ".join(str(one.kind) for one in top) or "nothing"
                self.missed[f"{rule} ({tier})"][said] += 1
                self.unseen[_seen_by_model(score, score.fixes.accepted_risk)] += 1
                if len(self.examples[rule]) < _EXAMPLES:
                    self.examples[rule].append(
                        f"{denied.claim.patient_control_number} of {denied.day}, line"
                        f" {denied.line.line_number}, risk {score.probability:.3f}:"
                        f" {said}"
                    )

    def shares(self) -> dict[str, Any]:
        """By tier; the second tier holds the first."""
        corrections = [key for key in self.counts if key[0] == CORRECTION]
        fixable = [key for key in self.counts if key[0] != "outside"]
        return {
            "correction on file": self._share(corrections),
            "legal fix named by facts on file": self._share(fixable),
            "all denied lines": self._share(list(self.counts)),
            "by_cause": {
                f"{rule} ({tier})": dict(count)
                for (tier, rule), count in sorted(self.counts.items())
            },
            "missed_with": {
                name: dict(count.most_common(6))
                for name, count in sorted(self.missed.items())
            },
            "missed_by_risk": dict(self.unseen),
            "missed_examples": dict(sorted(self.examples.items())),
            "fixes_in_the_top_set": dict(sorted(self.sizes.items())),
        }

    def _share(self, keys: Sequence[tuple[str, str]]) -> dict[str, float | int | None]:
        total: Counter[str] = Counter()
        for key in keys:
            total.update(self.counts[key])
        lines = total["lines"]
        return {
            "lines": lines,
            **{
                name: round(total[name] / lines, 4) if lines else None
                for name in ("top", "first alone", "any")
            },
        }


def denied_lines(
    practice: SimulatedPractice, *, since: date
) -> tuple[dict[Key, list[DeniedLine]], list[Claim]]:
    """Denied lines of answered original claims by claim, and the claims all paid."""
    answered = {
        (row.patient_control_number, row.submitted_on)
        for row in practice.truth
        if row.status == "answered"
    }
    denied: dict[Key, list[DeniedLine]] = {}
    paid = []
    for claim in practice.claims:
        day = claim.submitted_on
        assert day is not None
        key = (claim.patient_control_number, day)
        if day < since or claim.frequency_code != "1" or key not in answered:
            continue
        hidden = practice.hidden[key]
        lines = [
            DeniedLine(claim, day, position, hidden)
            for position, rule in enumerate(hidden.fired)
            if rule is not None
        ]
        if lines:
            denied[key] = lines
        else:
            paid.append(claim)
    return denied, paid


def work(scores: Sequence[RiskScore]) -> dict[str, Any]:
    """How often something is suggested at all, and what; on claims that were paid as
    they were, none of it was needed."""
    found = [one.fixes for one in scores if one.fixes is not None]
    top = [top_fix(one) for one in found]
    count = len(found)
    return {
        "claims": count,
        "share_with_any_suggestion": sum(map(bool, top)) / count,
        "share_with_a_smallest_set": sum(one.smallest is not None for one in found)
        / count,
        "share_with_a_data_correction": sum(
            any(fix.edits for fix in one.fixes) for one in found
        )
        / count,
        "share_with_more_than_a_rule's_advice": sum(
            any(fix.kind != "follow_rule" for fix in fixes) for fixes in top
        )
        / count,
        "share_above_the_accepted_risk": sum(
            not one.abstains and one.probability > one.fixes.accepted_risk
            for one in scores
            if one.fixes is not None
        )
        / count,
        "top_fixes": dict(
            Counter(
                ", ".join(str(fix.kind) for fix in fixes) or "nothing" for fixes in top
            ).most_common(12)
        ),
    }


def suggested(scores: Sequence[RiskScore]) -> float:
    """Fixes that are named per claim, those never suggested aside."""
    return sum(
        one.fix_class != FixClass.NEVER_SUGGESTED
        for score in scores
        if score.fixes is not None
        for one in score.fixes.fixes
    ) / len(scores)


def costs(scorer: Scorer, frame: Frame, claims: Sequence[Claim]) -> dict[str, Any]:
    """Median CPU milliseconds of a full score against the bare `pred_contrib` call.

    Both are asked twice and the second is timed, so that what the practice's records
    say of a patient is at hand, as in a service that runs.
    """
    rows: dict[Key, list[int]] = defaultdict(list)
    for row, one in enumerate(frame.lines):
        rows[one.claim.patient_control_number, one.submitted_on].append(row)
    full: dict[bool, list[float]] = {True: [], False: []}
    bare: dict[bool, list[float]] = {True: [], False: []}
    for claim in claims:
        day = claim.submitted_on
        assert day is not None
        matrix = frame.matrix[np.array(rows[claim.patient_control_number, day])]
        [score] = scorer.score([claim])
        scorer.bundle.booster.predict(matrix, pred_contrib=True, num_threads=1)
        has_fixes = score.fixes is not None and bool(score.fixes.fixes)
        began = time.process_time_ns()
        scorer.bundle.booster.predict(matrix, pred_contrib=True, num_threads=1)
        between = time.process_time_ns()
        scorer.score([claim])
        ended = time.process_time_ns()
        bare[has_fixes].append((between - began) / 1e6)
        full[has_fixes].append((ended - between) / 1e6)
    result = {}
    for name, chosen in (
        ("all claims", (True, False)),
        ("claims with fixes", (True,)),
        ("claims without", (False,)),
    ):
        whole = [one for key in chosen for one in full[key]]
        alone = [one for key in chosen for one in bare[key]]
        if whole:
            result[name] = {
                "claims": len(whole),
                "full_score_ms": round(median(whole), 2),
                "contributions_ms": round(median(alone), 2),
                "ratio": round(median(whole) / median(alone), 2),
            }
    return result


def run(seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    practice = simulate_practice(
        seed=seed,
        claims=arguments.claims,
        starts_on=STARTS_ON,
        ends_on=ENDS_ON,
        difficulty="medium",
        keep_causes=True,
    )
    records = records_of(practice)
    frame = build_frame(records)
    bundle = train_bundle(frame, specification=TrainingSpecification(), known_by=SPLIT)
    rules = PracticeRules(
        measures=measured_on(records, rules=OrganizationRules(), as_of=SPLIT)
    )
    scorer = Scorer(records, bundle, rules=rules)
    denied, paid = denied_lines(practice, since=SPLIT)
    random = Random(f"fixes {seed}")
    chosen = sorted(denied)
    if len(chosen) > arguments.cap:
        chosen = sorted(random.sample(chosen, arguments.cap))
    chosen.sort(key=lambda key: key[1])
    judge = Judge(OnFile(records))
    claims = [denied[key][0].claim for key in chosen]
    began = time.process_time()
    scores = scorer.score(claims)
    seconds = time.process_time() - began
    for key, score in zip(chosen, scores, strict=True):
        judge.look(denied[key], score)
    of_paid = sorted(
        random.sample(paid, min(arguments.cap, len(paid))),
        key=lambda one: one.submitted_on or date.min,
    )
    paid_scores = scorer.score(of_paid)
    usual = sorted(
        random.sample([*claims, *of_paid], min(_TIMED, len(claims) + len(of_paid))),
        key=lambda one: one.submitted_on or date.min,
    )
    first = scores[0].fixes
    assert first is not None
    result = {
        "seed": seed,
        "claims": len(practice.claims),
        "denied_claims": len(denied),
        "judged_claims": len(claims),
        "accepted_risk": first.accepted_risk,
        "removed": judge.shares(),
        "suggestions_per_denied_claim": round(suggested(scores), 2),
        "suggestions_per_paid_claim": round(suggested(paid_scores), 2),
        "paid_claims": work(paid_scores),
        "denied_claims_suggested": work(scores),
        "scoring_ms_per_denied_claim": round(1000 * seconds / len(claims), 1),
        "cost": costs(scorer, frame, usual),
    }
    print(json.dumps(result, indent=1), flush=True)
    return result


def pooled(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The shares over all seeds, by their lines."""
    joined: dict[str, Any] = {}
    for tier in (
        "correction on file",
        "legal fix named by facts on file",
        "all denied lines",
    ):
        found = [
            one["removed"][tier] for one in results if one["removed"][tier]["lines"]
        ]
        lines = sum(one["lines"] for one in found)
        joined[tier] = {
            "lines": lines,
            **{
                name: round(sum(one[name] * one["lines"] for one in found) / lines, 4)
                for name in ("top", "first alone", "any")
            },
        }
    return joined


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=60_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[433, 434])
    parser.add_argument("--cap", type=int, default=3_000, help="claims judged per seed")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    command = (
        f"python -m benchmarks.fixes --claims {arguments.claims} --seeds"
        f" {' '.join(map(str, arguments.seeds))} --cap {arguments.cap}"
    )
    results = [run(seed, arguments) for seed in arguments.seeds]
    content = {
        "data": "simulated, medium difficulty, three years",
        "command": command,
        "removed": pooled(results),
        "results": results,
    }
    print(json.dumps(content["removed"], indent=1))
    arguments.out.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
