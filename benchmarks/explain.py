"""What an explained claim costs beside the bare LightGBM contribution call.

    python -m benchmarks.explain --claims 20000

On one model in one process, by its own processor time, so that a busy machine counts
less; compare figures of one run only. `batch` is per second: bare contribution rows of
LightGBM, ours, plain scores, and whole explained claims given their features (record
with contributions grouped by matter, sentences, interval, likely causes, expected loss)
once with nothing remembered and once again. `one_claim` are medians in microseconds.
`POST /v1/claims/score` must stay within 3 times the bare call (benchmarks/api.py).
Simulated data. Writes results/explain.json.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.simulated_records import records_of
from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.domain.risk import RiskScore
from denialml.journeys.score import SLICE_LINES, Scorer
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.denial_risk import explained_scores, line_inputs
from denialml.modeling.risk.feature import LineInput
from denialml.modeling.risk.features import line_features
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.simulation import simulate_practice

Floats = npt.NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "explain.json"
ENDS_ON, AS_OF = date(2024, 12, 31), date(2025, 1, 1)
# Bar 6: whole explained claims and plain scores a second on one core.
EXPLAINED_BAR, SCORED_BAR = 3_000, 30_000
COMPARED = 2_000


class Prepared(msgspec.Struct, frozen=True):
    """A trained model and claims with their features, as of the day after history."""

    bundle: Bundle
    records: PracticeRecords
    history: History
    book: FactBook
    claims: list[Claim]
    rows: list[LineInput]
    matrix: Floats


def prepare(seed: int, *, claims: int, asked: int) -> Prepared:
    """Train on a simulated practice and take its last `asked` claims to explain.

    They are scored anew as of the day after the last one: what is measured is the
    work, not the risk.
    """
    practice = simulate_practice(
        seed=seed, claims=claims, starts_on=date(2023, 1, 1), ends_on=ENDS_ON
    )
    records = records_of(practice)
    bundle = train_bundle(
        build_frame(records), specification=TrainingSpecification(), known_by=AS_OF
    )
    book = FactBook(records)
    observed = observe_lines(
        records, book, answered_only=True, with_rules=bundle.with_rules
    )
    history = History(answer_events(observed), with_rules=bundle.with_rules)
    history.advance(AS_OF)
    last = [claim for claim in practice.claims if claim.lines][-asked:]
    rows = [
        row
        for claim in last
        for row in line_inputs(claim, fact_book=book, history=history, as_of=AS_OF)
    ]
    matrix = np.vstack([line_features(row) for row in rows])
    return Prepared(bundle, records, history, book, last, rows, matrix)


def median_microseconds(call: Callable[[], object], *, calls: int) -> float:
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return round(statistics.median(times) * 1e6, 1)


def a_second(call: Callable[[], object], *, of: int) -> int:
    """By the processor time of this one process."""
    began = time.process_time()
    call()
    return int(of / (time.process_time() - began))


def explain_all(prepared: Prepared, bundle: Bundle) -> list[RiskScore]:
    """Every claim, a slice at a time as the product does."""
    scores: list[RiskScore] = []
    some: list[Claim] = []
    start = end = 0
    for claim in prepared.claims:
        some.append(claim)
        end += len(claim.lines)
        if end - start >= SLICE_LINES or claim is prepared.claims[-1]:
            scores += explained_scores(
                some,
                prepared.rows[start:end],
                prepared.matrix[start:end],
                history=prepared.history,
                bundle=bundle,
            )
            some, start = [], end
    return scores


def batch_speeds(prepared: Prepared) -> dict[str, float | int]:
    """A batch explained and scored, beside LightGBM's own call on a part of it."""
    matrix, booster = prepared.matrix, prepared.bundle.booster
    part = matrix[:COMPARED]

    def bare() -> Floats:
        found = booster.predict(part, pred_contrib=True, num_threads=1)
        return np.asarray(found)

    ours, theirs = prepared.bundle.contributions(part), bare()
    count = len(prepared.claims)
    new, newer = (Bundle(booster, prepared.bundle.facts) for _ in range(2))
    new.contributions(matrix[:1])
    return {
        "claims": count,
        "rows": len(matrix),
        "pred_contrib_rows_per_second": a_second(bare, of=len(part)),
        "contribution_rows_per_second_first": a_second(
            lambda: new.contributions(matrix), of=len(matrix)
        ),
        "contribution_rows_per_second_again": a_second(
            lambda: new.contributions(matrix), of=len(matrix)
        ),
        "scored_rows_per_second": a_second(
            lambda: newer.raw_output(matrix), of=len(matrix)
        ),
        "explained_claims_per_second_first": a_second(
            lambda: explain_all(prepared, newer), of=count
        ),
        "explained_claims_per_second_again": a_second(
            lambda: explain_all(prepared, newer), of=count
        ),
        "largest_difference": float(np.abs(ours - theirs).max()),
    }


def one_claim(prepared: Prepared, *, calls: int) -> dict[str, float]:
    """One claim of one line, part by part."""
    bundle, book, history = prepared.bundle, prepared.book, prepared.history
    at = next(at for at, one in enumerate(prepared.claims) if len(one.lines) == 1)
    claim = prepared.claims[at]
    [row] = line_inputs(claim, fact_book=book, history=history, as_of=AS_OF)
    matrix = np.vstack([line_features(row)])
    scorer = Scorer(prepared.records, bundle)
    scorer.score([claim], as_of=AS_OF)

    def median(call: Callable[[], object]) -> float:
        return median_microseconds(call, calls=calls)

    return {
        "bare_contribution_call": median(
            lambda: bundle.booster.predict(matrix, pred_contrib=True, num_threads=1)
        ),
        "contribution_call": median(lambda: bundle.contributions(matrix)),
        "raw_output": median(lambda: bundle.raw_output(matrix)),
        "facts_and_history": median(
            lambda: line_inputs(claim, fact_book=book, history=history, as_of=AS_OF)
        ),
        "features": median(lambda: line_features(row)),
        "scored_claim": median(lambda: scorer.score([claim], as_of=AS_OF)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--asked", type=int, default=8_000, help="claims explained")
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--seed", type=int, default=201)
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args(arguments)
    prepared = prepare(chosen.seed, claims=chosen.claims, asked=chosen.asked)
    batch = batch_speeds(prepared)
    explained = min(
        batch["explained_claims_per_second_first"],
        batch["explained_claims_per_second_again"],
    )
    found = {
        "data": "simulated, medium difficulty",
        "command": f"python -m benchmarks.explain --claims {chosen.claims}"
        f" --asked {chosen.asked} --seed {chosen.seed}",
        "trees": prepared.bundle.booster.num_trees(),
        "features": prepared.matrix.shape[1],
        "batch": batch,
        "one_claim_microseconds": one_claim(prepared, calls=chosen.calls),
        "bars": {
            "explained_claims_per_second": EXPLAINED_BAR,
            "scored_rows_per_second": SCORED_BAR,
        },
        "met": explained >= EXPLAINED_BAR
        and batch["scored_rows_per_second"] >= SCORED_BAR,
    }
    print(json.dumps(found, indent=1))
    chosen.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
