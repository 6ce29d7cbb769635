"""Is the simulator's truth true, and how fast is it? All numbers are simulated.

Run ``python -m benchmarks.simulator`` (``--json`` also writes
benchmarks/results/simulator.json). Three seeds at three difficulties: the mean true
probability against the observed denial rate in ten groups of equal size and per cause,
with standard errors that are robust to hidden states shared within clinician and
payer, and all of them together as a chi-square; the log loss of the truth against its
own entropy; and the time to simulate and to write.
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
from scipy.stats import chi2  # type: ignore[import-untyped]

from denialml.journeys.simulate import write_practice
from denialml.simulation import (
    TRUTH_CAUSES,
    SimulatedPractice,
    TruthRow,
    simulate_practice,
)
from denialml.simulation.parameters import DIFFICULTIES, Difficulty

SEEDS = (1, 2, 3)
CLAIMS = 100_000
# Ten more worlds, in which a small bias of a cause would add up.
MORE_SEEDS = tuple(range(131, 141))
MORE_CLAIMS = 60_000
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
    clusters = clusters_of(rows)
    clipped = np.clip(truth, 1e-9, 1 - 1e-9)
    entropy = -(clipped * np.log(clipped) + (1 - clipped) * np.log(1 - clipped))
    loss = -np.log(np.where(denied == 1, clipped, 1 - clipped))
    errors = denied - truth
    return {
        "difficulty": practice.difficulty,
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
        "causes": cause_calibration(rows, clusters),
        "deciles": deciles(truth, denied, clusters),
    }


def clusters_of(rows: list[TruthRow]) -> npt.NDArray[np.intp]:
    """Numbers of the clusters within which hidden states correlate rows."""
    names = {name: n for n, name in enumerate(dict.fromkeys(r.cluster for r in rows))}
    return np.array([names[row.cluster] for row in rows], dtype=np.intp)


def cause_calibration(
    rows: list[TruthRow], clusters: npt.NDArray[np.intp]
) -> list[dict[str, Any]]:
    """One entry per cause: its mean probability against the share of lines it denied.

    A payer's own errors are a cause of their own here, whatever cause they state.
    """
    chances = np.array([row.cause_probabilities for row in rows])
    found = np.array([cause_number(row) for row in rows])
    entries = []
    for number, cause in enumerate(TRUTH_CAUSES):
        hits = (found == number).astype(np.float64)
        errors = hits - chances[:, number]
        spread = standard_error(errors, clusters)
        entries.append(
            {
                "cause": cause,
                "mean_truth": round(float(chances[:, number].mean()), 5),
                "denied": round(float(hits.mean()), 5),
                "standard_errors_off": round(float(errors.mean()) / spread, 2)
                if spread > 0
                else 0.0,
                "excess_lines": round(float(errors.sum()), 1),
                "excess_deviation": round(spread * len(rows), 1),
            }
        )
    return entries


def pooled_causes(found: list[dict[str, Any]]) -> dict[str, float]:
    """Per cause the denials above the truth in all worlds together, in deviations.

    A small bias hides in each world and adds up over all of them; and the sums rest
    on so many clusters that their deviations are not too small.
    """
    totals: dict[str, tuple[float, float]] = {}
    for world in found:
        for one in world["causes"]:
            excess, square = totals.get(one["cause"], (0.0, 0.0))
            totals[one["cause"]] = (
                excess + one["excess_lines"],
                square + one["excess_deviation"] ** 2,
            )
    return {
        cause: round(excess / square**0.5, 2) if square else 0.0
        for cause, (excess, square) in totals.items()
    }


def cause_number(row: TruthRow) -> int:
    """Position of the line's cause in `TRUTH_CAUSES`, -1 where it was not denied."""
    if row.root_cause is None:
        return -1
    return TRUTH_CAUSES.index(
        "payer_error" if row.payer_error else row.root_cause.value
    )


def payer_rates(rows: list[TruthRow]) -> list[float]:
    """Line denial rate per payer, lowest first."""
    sent = Counter(row.payer_id for row in rows)
    denied = Counter(row.payer_id for row in rows if row.denied)
    return sorted(round(denied[payer] / sent[payer], 3) for payer in sent)


def simulate(
    seed: int, claims: int, *, difficulty: Difficulty = "medium"
) -> tuple[SimulatedPractice, float]:
    """Three years of a practice, and the seconds it took."""
    began = time.perf_counter()
    practice = simulate_practice(
        seed=seed,
        claims=claims,
        starts_on=date(2023, 1, 1),
        ends_on=date(2025, 12, 31),
        difficulty=difficulty,
    )
    return practice, time.perf_counter() - began


def speed(claims: int) -> dict[str, float]:
    """Processor seconds to simulate and to write, which others' work does not slow.

    The fitting of the payers' strictness is part of the simulation.
    """
    began = time.process_time()
    practice, _ = simulate(7, claims)
    simulated = time.process_time() - began
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        paths = write_practice(practice, Path(folder))
        written = time.process_time() - began
        size = sum(path.stat().st_size for path in paths)
    return {
        "claims": claims,
        "simulate_cpu_seconds": round(simulated, 1),
        "simulated_claims_per_cpu_minute": round(60 * claims / simulated),
        "write_cpu_seconds": round(written, 1),
        "files": len(paths),
        "megabytes": round(size / 1e6, 1),
    }


def joint(found: list[dict[str, Any]], what: str) -> dict[str, Any]:
    """All groups of some worlds together, against what a true truth would show.

    Even a true truth lies beyond two standard errors in 4.55% of groups: "all within
    two" fails by chance where there are many. The chi-square sums the squares; its p
    is the chance of a larger sum if the truth is true. Standard errors come from few
    clusters where a cause is rare, which makes p too small: `pooled_causes` has no such
    doubt.
    """
    scores = np.array(
        [one["standard_errors_off"] for each in found for one in each[what]]
    )
    square = float((scores**2).sum())
    return {
        "groups": len(scores),
        "beyond_two_standard_errors": int((np.abs(scores) > 2).sum()),
        "expected_of_a_true_truth": round(0.0455 * len(scores), 1),
        "largest": float(max(scores, key=abs)),
        "root_mean_square": round(float(np.sqrt(np.mean(scores**2))), 3),
        "mean": round(float(scores.mean()), 3),
        "chi_square": round(square, 1),
        "p": round(float(chi2.sf(square, len(scores))), 4),
    }


def shape_of(worlds: list[dict[str, Any]]) -> dict[str, Any]:
    """Denial rates of the practices and of their mildest and strictest payers."""
    rates = [one["line_denial_rate"] for one in worlds]
    return {
        "worlds": len(worlds),
        "mean": round(float(np.mean(rates)), 4),
        "lowest": min(rates),
        "highest": max(rates),
        "mildest_payers": sorted(one["payer_rates"][0] for one in worlds),
        "strictest_payers": sorted(one["payer_rates"][-1] for one in worlds),
    }


def main() -> None:
    """Measure, print, and with ``--json`` keep the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--claims", type=int, default=CLAIMS)
    arguments.add_argument("--more-worlds", type=int, default=len(MORE_SEEDS))
    chosen = arguments.parse_args()
    results: dict[str, Any] = {
        "what": "simulated data; 2023-01-01 to 2025-12-31",
        "claims": chosen.claims,
        "speed": speed(chosen.claims),
        "worlds": {},
    }
    large = []
    for difficulty in DIFFICULTIES:
        for seed in SEEDS:
            practice, seconds = simulate(seed, chosen.claims, difficulty=difficulty)
            large.append(measure(practice))
            del practice
            results["worlds"][f"{seed} {difficulty}"] = large[-1] | {
                "simulate_seconds": round(seconds, 1)
            }
    results["large_worlds"] = {
        "deciles": joint(large, "deciles"),
        "causes": joint(large, "causes"),
        "pooled_causes": pooled_causes(large),
        "denial_rates": shape_of(large),
    }
    more = [
        measure(simulate(seed, MORE_CLAIMS)[0])
        for seed in MORE_SEEDS[: chosen.more_worlds]
    ]
    if more:
        results["more_worlds"] = {
            "seeds": list(MORE_SEEDS[: chosen.more_worlds]),
            "claims_each": MORE_CLAIMS,
            "deciles": joint(more, "deciles"),
            "causes": joint(more, "causes"),
            "pooled_causes": pooled_causes(more),
            "denial_rates": shape_of(more),
        }
    print(json.dumps(results, indent=2))
    if chosen.json:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
