"""What claims the model abstains from, and how wrong it would have been about them.

    python -m benchmarks.abstention --claims 12000 --seeds 401 402

Simulated data with a known true probability. Each practice is scored from its fourth
month on with quarterly refits; lines that `modeling.risk.support` calls too unlike
the history are compared with the others by divergence (KL) from the truth. The share
of answers within the predicted 80% interval of days is measured beside it. Writes
results/abstention.json.
"""

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.backtest import ENDS_ON, STARTS_ON
from benchmarks.simulated_records import records_of
from denialml.domain.claim import patient_key
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk.answer_time import answer_times
from denialml.modeling.risk.evaluation import divergence
from denialml.modeling.risk.feature import LineInput
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.support import reason_to_abstain
from denialml.modeling.risk.walking import walk_forward
from denialml.simulation import SimulatedPractice, simulate_practice

FROM = date(2023, 4, 1)
RESULTS = Path(__file__).parent / "results" / "abstention.json"


def run(seed: int, claims: int) -> dict[str, Any]:
    practice = simulate_practice(
        seed=seed, claims=claims, starts_on=STARTS_ON, ends_on=ENDS_ON
    )
    records = records_of(practice)
    frame = build_frame(records)
    risk = np.full(len(frame.denied), np.nan)
    for stretch in walk_forward(
        frame,
        from_day=FROM,
        to_day=ENDS_ON,
        refit="quarterly",
        specification=TrainingSpecification(),
    ):
        risk[stretch.rows] = stretch.line_risk
    truth = true_lines(practice, frame)
    observed = observe_lines(records, FactBook(records), answered_only=True)
    history = History(answer_events(observed))
    abstained, inside, below = (np.full(len(risk), np.nan) for _ in range(3))
    for row, one in enumerate(frame.lines):
        history.advance(one.submitted_on)
        if np.isnan(risk[row]):
            continue
        about = history.about(one.view, patient=patient_key(one.claim))
        line = LineInput(one.claim, one.line, one.facts, one.view, about)
        abstained[row] = bool(reason_to_abstain(line))
        times = answer_times(history)
        if times is None or frame.denied[row] < 0:
            continue
        expected = times.expected(one.view.payer, denial_risk=float(risk[row]))
        took = int(frame.answered_on[row] - frame.submitted_on[row])
        inside[row] = expected.low <= took <= expected.high
        below[row] = (took < expected.median) + 0.5 * (took == expected.median)
    chosen = ~np.isnan(risk) & ~np.isnan(truth)
    loss = divergence(truth[chosen], risk[chosen])
    away = abstained[chosen] > 0
    # Late in the horizon only quick answers are there; judge the days before that.
    settled = frame.submitted_on < date(2025, 7, 1).toordinal()
    result = {
        "seed": seed,
        "claims": claims,
        "lines": len(loss),
        "abstained_share": float(away.mean()),
        "kl_abstained": float(loss[away].mean()),
        "kl_kept": float(loss[~away].mean()),
        "answered_within_interval": float(np.nanmean(inside[settled])),
        "answered_by_median": float(np.nanmean(below[settled])),
    }
    print(json.dumps(result), flush=True)
    return result


def true_lines(practice: SimulatedPractice, frame: Frame) -> "np.ndarray[Any, Any]":
    truth = {
        (row.patient_control_number, row.submitted_on, row.line_number): row
        for row in practice.truth
    }
    keys = [
        (one.claim.patient_control_number, one.submitted_on, one.line.line_number)
        for one in frame.lines
    ]
    return np.array(
        [truth[key].p_true_line if key in truth else np.nan for key in keys]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=12_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[401, 402])
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    content = {
        "data": "simulated, medium difficulty; nothing is measured on real claims",
        "command": f"python -m benchmarks.abstention --claims {arguments.claims}"
        f" --seeds {' '.join(map(str, arguments.seeds))}",
        "results": [run(seed, arguments.claims) for seed in arguments.seeds],
    }
    arguments.out.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
