"""What one explained claim costs beside the bare LightGBM contribution call.

    python -m benchmarks.explain --claims 20000

Medians of many calls in one process, on the same model. `POST /v1/claims/score` must
stay within 3 times the bare call (benchmarks/api.py); this is the part of it below
the API. `batch` is how many lines or claims a second one core explains and scores at
once. Simulated data. Writes results/explain.json.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.simulated_records import records_of
from denialml.domain.claim import Claim
from denialml.journeys.score import Scorer
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.denial_risk import line_inputs
from denialml.modeling.risk.features import line_features
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.simulation import simulate_practice

Floats = npt.NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "explain.json"
ENDS_ON, AS_OF = date(2024, 12, 31), date(2025, 1, 1)


def median_microseconds(call: Callable[[], object], *, calls: int) -> float:
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return round(statistics.median(times) * 1e6, 1)


def rows_per_second(call: Callable[[], object], *, rows: int) -> int:
    """By the processor time of this one process, so that a busy machine counts less."""
    began = time.process_time()
    call()
    return int(rows / (time.process_time() - began))


def batch_speeds(
    bundle: Bundle, matrix: Floats, claims: Sequence[Claim], scorer: Scorer
) -> dict[str, float | int]:
    """A batch explained and scored, beside LightGBM's own call on a part of it."""
    part = matrix[:2000]
    bundle.contributions(matrix[:1000])
    ours = bundle.contributions(matrix)
    theirs = np.asarray(bundle.booster.predict(part, pred_contrib=True, num_threads=1))
    asked = [claim for claim in claims if claim.lines] * 20
    return {
        "rows": len(matrix),
        "pred_contrib_rows_per_second": rows_per_second(
            lambda: bundle.booster.predict(part, pred_contrib=True, num_threads=1),
            rows=len(part),
        ),
        "explained_rows_per_second": rows_per_second(
            lambda: bundle.contributions(matrix), rows=len(matrix)
        ),
        "scored_rows_per_second": rows_per_second(
            lambda: bundle.raw_output(matrix), rows=len(matrix)
        ),
        "largest_difference": float(np.abs(ours[: len(part)] - theirs).max()),
        "claims_with_sentences_per_second": rows_per_second(
            lambda: scorer.score(asked, as_of=AS_OF), rows=len(asked)
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--seed", type=int, default=201)
    parser.add_argument("--rows", type=int, default=10_000, help="lines of the batch")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    practice = simulate_practice(
        seed=arguments.seed,
        claims=arguments.claims,
        starts_on=date(2023, 1, 1),
        ends_on=ENDS_ON,
    )
    records = records_of(practice)
    frame = build_frame(records)
    bundle = train_bundle(frame, specification=TrainingSpecification(), known_by=AS_OF)
    began = time.perf_counter()
    scorer = Scorer(records, bundle)
    opening = time.perf_counter() - began
    claim = next(one for one in practice.outgoing if len(one.lines) == 1)
    book = FactBook(records)
    history = History(answer_events(observe_lines(records, book, answered_only=True)))
    history.advance(AS_OF)
    [row] = line_inputs(claim, fact_book=book, history=history, as_of=AS_OF)
    matrix = np.vstack([line_features(row)])
    scorer.score([claim], as_of=AS_OF)
    calls = arguments.calls
    found = {
        "data": "simulated, medium difficulty",
        "command": f"python -m benchmarks.explain --claims {arguments.claims}"
        f" --seed {arguments.seed}",
        "trees": bundle.booster.num_trees(),
        "features": matrix.shape[1],
        "bare_contribution_call_us": median_microseconds(
            lambda: bundle.booster.predict(matrix, pred_contrib=True, num_threads=1),
            calls=calls,
        ),
        "contribution_call_us": median_microseconds(
            lambda: bundle.contributions(matrix), calls=calls
        ),
        "raw_output_us": median_microseconds(
            lambda: bundle.raw_output(matrix), calls=calls
        ),
        "facts_and_history_us": median_microseconds(
            lambda: line_inputs(claim, fact_book=book, history=history, as_of=AS_OF),
            calls=calls,
        ),
        "features_us": median_microseconds(lambda: line_features(row), calls=calls),
        "scored_claim_us": median_microseconds(
            lambda: scorer.score([claim], as_of=AS_OF), calls=calls
        ),
        "scorer_opening_seconds": round(opening, 2),
    }
    found["batch"] = batch_speeds(
        bundle, frame.matrix[-arguments.rows :], practice.outgoing, scorer
    )
    found["ratio"] = round(
        found["scored_claim_us"] / found["bare_contribution_call_us"], 3
    )
    print(json.dumps(found, indent=1))
    arguments.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
