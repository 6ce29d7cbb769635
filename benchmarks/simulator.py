"""Is the simulator's truth true, and how fast is it? All numbers are simulated.

Run ``python -m benchmarks.simulator`` (``--json`` also writes
benchmarks/results/simulator.json). Per seed: the mean true probability against the
observed denial rate in ten groups of equal size, with standard errors that are
robust to hidden states shared within clinician and payer; the log loss of the truth
against its own entropy; and the time to simulate and to write.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from denialml.journeys.simulate import write_practice
from denialml.simulation import SimulatedPractice, TruthRow, simulate_practice

SEEDS = (1, 2, 3)
CLAIMS = 100_000
SMALL_SEEDS = tuple(range(101, 121))
SMALL_CLAIMS = 12_000
WRITTEN_CLAIMS = 20_000
GROUPS = 10
RESULTS = Path(__file__).parent / "results" / "simulator.json"
Floats = npt.NDArray[np.float64]


def standard_error(errors: Floats, clusters: npt.NDArray[np.intp]) -> float:
    """Of the mean of `errors`, robust to correlation within clusters."""
    sums = np.bincount(clusters, weights=errors)
    return float(np.sqrt((sums**2).sum()) / len(errors))


def deciles(
    truth: Floats, denied: Floats, clusters: npt.NDArray[np.intp]
) -> list[dict[str, float]]:
    """One entry per tenth of the lines, by true probability."""
    groups = []
    for part in np.array_split(np.argsort(truth, kind="stable"), GROUPS):
        errors = denied[part] - truth[part]
        spread = standard_error(errors, clusters[part])
        groups.append(
            {
                "lines": len(part),
                "mean_truth": round(float(truth[part].mean()), 5),
                "denied": round(float(denied[part].mean()), 5),
                "standard_errors_off": round(float(errors.mean()) / spread, 2),
            }
        )
    return groups


def measure(practice: SimulatedPractice) -> dict[str, Any]:
    """Calibration and shape of one practice."""
    rows = [row for row in practice.truth if row.denied is not None]
    truth = np.array([row.p_true_line for row in rows])
    denied = np.array([float(bool(row.denied)) for row in rows])
    names = {name: n for n, name in enumerate(dict.fromkeys(r.cluster for r in rows))}
    clusters = np.array([names[row.cluster] for row in rows], dtype=np.intp)
    clipped = np.clip(truth, 1e-9, 1 - 1e-9)
    entropy = -(clipped * np.log(clipped) + (1 - clipped) * np.log(1 - clipped))
    loss = -np.log(np.where(denied == 1, clipped, 1 - clipped))
    errors = denied - truth
    return {
        "lines": len(rows),
        "line_denial_rate": round(float(denied.mean()), 4),
        "mean_truth": round(float(truth.mean()), 4),
        "standard_errors_off": round(
            float(errors.mean()) / standard_error(errors, clusters), 2
        ),
        "entropy": round(float(entropy.mean()), 4),
        "log_loss_of_truth": round(float(loss.mean()), 4),
        "loss_standard_error": round(standard_error(loss - entropy, clusters), 4),
        "payer_rates": payer_rates(rows),
        "causes": causes(rows),
        "deciles": deciles(truth, denied, clusters),
    }


def payer_rates(rows: list[TruthRow]) -> list[float]:
    """Line denial rate per payer, lowest first."""
    sent = Counter(row.payer_id for row in rows)
    denied = Counter(row.payer_id for row in rows if row.denied)
    return sorted(round(denied[payer] / sent[payer], 3) for payer in sent)


def causes(rows: list[TruthRow]) -> dict[str, float]:
    """Share of all lines denied for each cause."""
    found = Counter(
        "payer_error" if row.payer_error else row.root_cause.value
        for row in rows
        if row.root_cause is not None
    )
    return {name: round(count / len(rows), 4) for name, count in found.most_common()}


def simulate(seed: int, claims: int) -> tuple[SimulatedPractice, float]:
    """Three years of a medium practice, and the seconds it took."""
    began = time.perf_counter()
    practice = simulate_practice(
        seed=seed, claims=claims, starts_on=date(2023, 1, 1), ends_on=date(2025, 12, 31)
    )
    return practice, time.perf_counter() - began


def speed() -> dict[str, float]:
    """Seconds to simulate and write the demonstration's 20,000 claims."""
    practice, simulated = simulate(7, WRITTEN_CLAIMS)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        paths = write_practice(practice, Path(folder))
        written = time.perf_counter() - began
        size = sum(path.stat().st_size for path in paths)
    return {
        "claims": WRITTEN_CLAIMS,
        "simulate_seconds": round(simulated, 1),
        "write_seconds": round(written, 1),
        "files": len(paths),
        "megabytes": round(size / 1e6, 1),
    }


def beyond_two(found: list[dict[str, Any]]) -> dict[str, Any]:
    """How many groups lie beyond two standard errors, and how many should."""
    scores = [one["standard_errors_off"] for each in found for one in each["deciles"]]
    outside = [score for score in scores if abs(score) > 2]
    return {
        "groups": len(scores),
        "beyond_two_standard_errors": len(outside),
        "expected_of_a_true_truth": round(0.0455 * len(scores), 1),
        "largest": max(scores, key=abs),
        "root_mean_square": round(float(np.sqrt(np.mean(np.square(scores)))), 3),
    }


def main() -> None:
    """Measure, print, and with ``--json`` keep the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--claims", type=int, default=CLAIMS)
    chosen = arguments.parse_args()
    results: dict[str, Any] = {
        "what": "simulated data; medium difficulty, 2023-01-01 to 2025-12-31",
        "claims": chosen.claims,
        "speed": speed(),
        "seeds": {},
    }
    large = []
    for seed in SEEDS:
        practice, seconds = simulate(seed, chosen.claims)
        large.append(measure(practice))
        results["seeds"][str(seed)] = large[-1] | {
            "simulate_seconds": round(seconds, 1)
        }
    results["deciles_of_large_worlds"] = beyond_two(large)
    small = [measure(simulate(seed, SMALL_CLAIMS)[0]) for seed in SMALL_SEEDS]
    results["deciles_of_small_worlds"] = beyond_two(small)
    rates = [one["line_denial_rate"] for one in small]
    results["denial_rates_of_small_worlds"] = {
        "worlds": len(rates),
        "claims_each": SMALL_CLAIMS,
        "mean": round(float(np.mean(rates)), 4),
        "lowest": min(rates),
        "highest": max(rates),
    }
    print(json.dumps(results, indent=2))
    if chosen.json:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
