"""From a practice's records in memory to the model's matrix: processor seconds.

    python -m benchmarks.features --claims 20000 50000 100000

Each size is a simulated practice of three years. `build_frame` is timed by the
processor time of this one process. Beside it stand a fixed loop and LightGBM's own
contribution call on 2,000 of the rows, so that another machine (or a busy one) can be
compared. `one line` is what a single claim line takes: what is on file, what history
says, and the features, medians. Writes results/features.json.
"""

import argparse
import gc
import json
import resource
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import lightgbm

from benchmarks.simulated_records import records_of
from denialml.domain.claim import patient_key
from denialml.domain.facts import PracticeRecords
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.line_view import view_line
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk.feature import LineInput
from denialml.modeling.risk.features import line_features
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.simulation import simulate_practice

RESULTS = Path(__file__).parent / "results" / "features.json"
STARTS_ON, ENDS_ON = date(2023, 1, 1), date(2025, 12, 31)
_STEPS = 3_000_000
_ROWS = 2_000
_TREES = {"objective": "binary", "num_leaves": 16, "num_threads": 1, "verbose": -1}


def seconds(call: Callable[[], object]) -> float:
    """Processor time of this process."""
    began = time.process_time()
    call()
    return time.process_time() - began


def loop() -> int:
    """A fixed amount of plain Python."""
    total = 0
    for step in range(_STEPS):
        total += step * step & 7
    return total


def contribution_rows_per_second(frame: Frame) -> int:
    """LightGBM's contribution call on 100 trees of 16 leaves."""
    known = frame.denied >= 0
    data = lightgbm.Dataset(frame.matrix[known], frame.denied[known])
    booster = lightgbm.train(_TREES, data, num_boost_round=100)
    rows = frame.matrix[:_ROWS]
    taken = seconds(lambda: booster.predict(rows, pred_contrib=True, num_threads=1))
    return int(len(rows) / taken)


def one_line(records: PracticeRecords, *, lines: int = 400) -> dict[str, float]:
    """Medians in microseconds over lines asked about one by one."""
    book = FactBook(records)
    history = History(answer_events(observe_lines(records, book, answered_only=True)))
    history.advance(ENDS_ON)
    asked = [(one.claim, one.claim.lines[0]) for one in records.submitted_claims]
    times: dict[str, list[float]] = {"on_file": [], "history": [], "features": []}
    for claim, line in asked[-lines:]:
        book.patient_file(claim)
        began = time.perf_counter()
        facts = book.line_facts(claim, line, as_of=ENDS_ON)
        view = view_line(claim, line, facts)
        filed = time.perf_counter()
        about = history.about(view, patient=patient_key(claim))
        told = time.perf_counter()
        line_features(LineInput(claim, line, facts, view, about))
        ended = time.perf_counter()
        times["on_file"].append(filed - began)
        times["history"].append(told - filed)
        times["features"].append(ended - told)
    return {
        f"{name}_us": round(statistics.median(found) * 1e6, 1)
        for name, found in times.items()
    }


def measured(claims: int, *, seed: int) -> dict[str, object]:
    """One simulated practice. `loop_seconds` is the mean of before and after."""
    records = records_of(
        simulate_practice(
            seed=seed, claims=claims, starts_on=STARTS_ON, ends_on=ENDS_ON
        )
    )
    gc.collect()
    before = seconds(loop)
    began = time.process_time()
    frame = build_frame(records)
    taken = time.process_time() - began
    reference = (before + seconds(loop)) / 2
    return {
        "claims": claims,
        "lines": len(frame.lines),
        "features": frame.matrix.shape[1],
        "build_frame_seconds": round(taken, 2),
        "loop_seconds": round(reference, 3),
        "build_frame_loops": round(taken / reference, 1),
        "pred_contrib_rows_per_second": contribution_rows_per_second(frame),
        "largest_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "one_line": one_line(records),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, nargs="+", default=[20_000, 50_000])
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    sizes = " ".join(map(str, arguments.claims))
    found = {
        "data": "simulated, medium difficulty, three years",
        "command": f"python -m benchmarks.features --claims {sizes}"
        f" --seed {arguments.seed}",
        "loop": f"{_STEPS:,} steps of `total += step * step & 7`",
        "sizes": [measured(claims, seed=arguments.seed) for claims in arguments.claims],
    }
    print(json.dumps(found, indent=1))
    arguments.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
