"""Whether the true cause of a denial is among the first reasons shown before sending.

    python -m benchmarks.reasons --seeds 41 42 --claims 12000

Everything is simulated, and so the figures say what the reasons do in the simulator's
world and nothing about a real practice. Per seed, a model is trained on the first 18
months; every original claim sent in the 6 months after is scored as of its own
submission day. Counted are lines that were then denied (payer errors apart, which have
no cause in the claim) and that the model called risky. Truth is read here only, after
the reasons are made. A cause's `fact` is a sentence on this claim and its file in the
cause's matter, a `matter` also the rate of claims like it. `likely` is the share whose
true cause was among the likely ones, and so could be led with. `thin_leads` counts
lines whose first reason was a rate of fewer than ten answers. Also: how the same model,
which learnt from originals only, does on corrected claims (frequency 7). Writes
results/reasons.json.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.simulated_records import records_of
from denialml.domain.claim import Claim
from denialml.domain.denial import RootCause
from denialml.domain.facts import PracticeRecords
from denialml.domain.risk import LineRisk
from denialml.journeys.score import Scorer
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.denial_risk import explained_scores, line_inputs
from denialml.modeling.risk.explanation import contributions_of
from denialml.modeling.risk.features import line_features
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.reasons import Reasons, reasons_of
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.simulation import SimulatedPractice, simulate_practice

RESULTS = Path(__file__).parent / "results" / "reasons.json"
STARTS_ON, CUT, ENDS_ON = date(2023, 1, 1), date(2024, 7, 1), date(2024, 12, 31)
RISKY = 0.25
FIRST = 3
TOPICS = {
    RootCause.AUTH_MISSING: {"authorization"},
    RootCause.AUTH_MISMATCH: {"authorization"},
    RootCause.ELIGIBILITY_COVERAGE: {"coverage"},
    RootCause.COB_WRONG_PAYER: {"other payer"},
    RootCause.PROVIDER_ELIGIBILITY: {"enrollment"},
    RootCause.NETWORK_REFERRAL: {"referral", "enrollment"},
    RootCause.MODIFIER_POS_TELEHEALTH: {"session"},
    RootCause.DIAGNOSIS_CODING: {"diagnosis"},
    RootCause.CODING_TIME_UNITS: {"time"},
    RootCause.DOCUMENTATION_INSUFFICIENT: {"time"},
    RootCause.BENEFIT_COVERAGE: {"benefit"},
    RootCause.BENEFIT_LIMIT: {"benefit"},
    RootCause.MEDICAL_NECESSITY: {"necessity"},
    RootCause.BUNDLING_SAME_DAY: {"same day"},
    RootCause.CLAIM_DATA_ERROR: {"claim"},
    RootCause.DUPLICATE_RESUBMISSION: {"duplicate"},
    RootCause.TIMELY_FILING: {"filing"},
}


class Told(msgspec.Struct, frozen=True):
    """One denied line called risky: its true cause and the topics of its reasons.

    `facts` and `matters` are topics among the first reasons; `first` is fact, history,
    general or none; `is_likely` says whether the cause was among the likely ones.
    """

    cause: RootCause
    facts: frozenset[str]
    matters: frozenset[str]
    first: str
    leads_with_thin_rate: bool
    is_likely: bool


class Reader:
    """The reasons of a practice's claims, each as of its own day, in order of days."""

    def __init__(self, records: PracticeRecords, bundle: Bundle) -> None:
        self._bundle, self._book = bundle, FactBook(records)
        observed = observe_lines(
            records, self._book, answered_only=True, with_rules=bundle.with_rules
        )
        self._history = History(answer_events(observed), with_rules=bundle.with_rules)

    def riskiest(self, claim: Claim, day: date) -> tuple[LineRisk, Reasons]:
        """The claim's riskiest line with its reasons."""
        self._history.advance(max(day, self._history.as_of))
        rows = line_inputs(
            claim, fact_book=self._book, history=self._history, as_of=day
        )
        matrix = np.vstack([line_features(row) for row in rows])
        [score] = explained_scores(
            [claim], rows, matrix, history=self._history, bundle=self._bundle
        )
        at = max(range(len(rows)), key=lambda place: score.lines[place].probability)
        shares = self._bundle.contributions(matrix)[at, :-1].tolist()
        values = matrix[at].tolist()
        told = contributions_of(rows[at], values, shares)
        reasons = reasons_of(rows[at], values, told)
        said = tuple(one.sentence for one in reasons.raising)[: len(score.reasons)]
        if said != score.reasons:
            raise RuntimeError("the score says other reasons")
        return score.lines[at], reasons


def told_of(practice: SimulatedPractice, reader: Reader) -> Iterator[Told]:
    """The denied lines of the months after the cut that were called risky."""
    truth = {
        (row.patient_control_number, row.submitted_on, row.line_number): row
        for row in practice.truth
        if row.frequency_code == "1"
    }
    for claim in sorted(practice.claims, key=lambda one: one.submitted_on or CUT):
        day = claim.submitted_on
        if day is None or day < CUT or claim.frequency_code != "1":
            continue
        rows = {
            line.line_number: truth.get(
                (claim.patient_control_number, day, line.line_number)
            )
            for line in claim.lines
        }
        if not any(row is not None and row.denied for row in rows.values()):
            continue
        riskiest, reasons = reader.riskiest(claim, day)
        row = rows[riskiest.line_number]
        if row is None or not row.denied or row.payer_error or row.root_cause is None:
            continue
        if riskiest.probability >= RISKY:
            yield _told(row.root_cause, riskiest, reasons)


def _told(cause: RootCause, line: LineRisk, reasons: Reasons) -> Told:
    first = reasons.raising[:FIRST]
    leads = first[0] if first else None
    return Told(
        cause,
        frozenset(one.topic for one in first if one.kind == "fact"),
        frozenset(one.topic for one in first),
        leads.kind if leads is not None else "none",
        leads is not None and leads.sentence.startswith("Too few answers"),
        cause in {one.root_cause for one in line.likely_causes},
    )


def summarize(found: Sequence[Told]) -> dict[str, object]:
    """Shares per cause and over all."""
    causes = {}
    for cause in RootCause:
        lines = [one for one in found if one.cause is cause]
        if lines:
            causes[cause.value] = _shares(lines)
    return {
        "all": _shares(found),
        "first_reason": dict(Counter(one.first for one in found)),
        "thin_leads": sum(one.leads_with_thin_rate for one in found),
        "causes": causes,
    }


def _shares(lines: Sequence[Told]) -> dict[str, float]:
    fact = sum(bool(one.facts & TOPICS[one.cause]) for one in lines)
    matter = sum(bool(one.matters & TOPICS[one.cause]) for one in lines)
    return {
        "lines": len(lines),
        "fact_in_first_three": round(fact / max(1, len(lines)), 3),
        "matter_in_first_three": round(matter / max(1, len(lines)), 3),
        "likely": round(sum(one.is_likely for one in lines) / max(1, len(lines)), 3),
    }


def corrected(practice: SimulatedPractice, scorer: Scorer) -> tuple[int, float, int]:
    """Answered lines of corrected claims after the cut: count, sum of risks, denied."""
    frame = build_frame(records_of(practice), from_day=CUT, originals_only=False)
    lines, risks, denied = 0, 0.0, 0
    for at, one in enumerate(frame.lines):
        if one.claim.frequency_code != "7" or frame.denied[at] < 0:
            continue
        [score] = scorer.score([one.claim], as_of=one.submitted_on)
        [risk] = [
            line.probability
            for line in score.lines
            if line.line_number == one.line.line_number
        ]
        lines, risks, denied = lines + 1, risks + risk, denied + int(frame.denied[at])
    return lines, risks, denied


def main() -> None:
    """Run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[41, 42])
    parser.add_argument("--claims", type=int, default=12_000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    found: list[Told] = []
    resent = [0, 0.0, 0]
    for seed in arguments.seeds:
        practice = simulate_practice(
            seed=seed, claims=arguments.claims, starts_on=STARTS_ON, ends_on=ENDS_ON
        )
        records = records_of(practice)
        bundle = train_bundle(
            build_frame(records, known_by=CUT),
            specification=TrainingSpecification(),
            known_by=CUT,
        )
        scorer = Scorer(records, bundle)
        found.extend(told_of(practice, Reader(records, bundle)))
        for at, value in enumerate(corrected(practice, scorer)):
            resent[at] += value
    lines = max(1, resent[0])
    result = {
        "data": "simulated, medium difficulty; says nothing of a real practice",
        "command": "python -m benchmarks.reasons --seeds"
        f" {' '.join(map(str, arguments.seeds))} --claims {arguments.claims}",
        "called_risky_from": RISKY,
        **summarize(found),
        "corrected_claims": {
            "answered_lines": resent[0],
            "mean_risk_given": round(resent[1] / lines, 3),
            "share_denied": round(resent[2] / lines, 3),
        },
    }
    print(json.dumps(result, indent=1))
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
