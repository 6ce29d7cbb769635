"""How often `denialml drift` proposes to train anew, with and without a planted change.

    python -m benchmarks.drift --seeds 101 103 104 105 --claims 8000

For each simulated practice, models of three days are compared with the lines one, two
and three months later: nothing changes there but what the simulated payers and seasons
bring. Then the last of these months is changed: the eligibility feed stops, history's
rates double, or half of the lines become like denied ones. Simulated data.
"""

import argparse
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.simulated_records import records_of
from denialml.modeling.retraining.drift import drift_report
from denialml.modeling.retraining.drift_baseline import DriftBaseline, drift_baseline
from denialml.modeling.retraining.feature_summary import FeatureWeight
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.modeling.risk.specification import TrainingSpecification, Trees
from denialml.modeling.risk.training import train_bundle
from denialml.simulation import simulate_practice

STARTS_ON, ENDS_ON = date(2023, 1, 2), date(2025, 6, 30)
TRAINED = (date(2024, 10, 1), date(2025, 1, 1), date(2025, 4, 1))
MONTH = timedelta(days=30)
SPECIFICATION = TrainingSpecification(trees=Trees(maximum=80))
RESULTS = Path(__file__).resolve().parent / "results" / "drift.json"

NAMES = [feature.name for feature in FEATURES]
Matrix = npt.NDArray[np.float64]


def feed_stops(matrix: Matrix, rows: npt.NDArray[np.intp], _: Frame) -> None:
    for at, name in enumerate(NAMES):
        if name.startswith(("eligibility", "coverage")):
            matrix[rows, at] = np.nan


def rates_double(matrix: Matrix, rows: npt.NDArray[np.intp], _: Frame) -> None:
    for at, name in enumerate(NAMES):
        if name.startswith("rate_"):
            matrix[rows, at] = np.minimum(matrix[rows, at] * 2, 1.0)


def half_like_denied(matrix: Matrix, rows: npt.NDArray[np.intp], frame: Frame) -> None:
    random = np.random.default_rng(1)
    chosen = rows[random.random(len(rows)) < 0.5]
    denied = np.flatnonzero(frame.denied == 1)
    matrix[chosen] = matrix[random.choice(denied, len(chosen))]


PLANTED: dict[str, Callable[[Matrix, npt.NDArray[np.intp], Frame], None]] = {
    "eligibility feed stops": feed_stops,
    "history's rates double": rates_double,
    "half of the lines like denied ones": half_like_denied,
}


def baseline_of(frame: Frame, bundle: Bundle, day: date) -> DriftBaseline:
    """As a training run makes it; weights are of its newest 1,500 lines."""
    rows = np.flatnonzero(frame.submitted_on < day.toordinal())[-1500:]
    share = np.abs(bundle.contributions(frame.matrix[rows])[:, :-1]).mean(axis=0)
    share /= share.sum()
    return drift_baseline(
        frame,
        bundle,
        weights=tuple(
            FeatureWeight(
                feature=name, mean_contribution=0.0, share=float(each), direction=0.0
            )
            for name, each in zip(NAMES, share, strict=True)
        ),
        mature_share=SPECIFICATION.slices.mature_share,
        known_by=day,
        pseudonym=str,
        smallest_cell=SPECIFICATION.evaluation.smallest_cell,
    )


def judge(frame: Frame, proposals: dict[str, list[bool]]) -> None:
    """Add what is proposed for one practice."""
    for day in TRAINED:
        bundle = train_bundle(frame, specification=SPECIFICATION, known_by=day)
        baseline = baseline_of(frame, bundle, day)

        def proposes(changed: Frame, as_of: date) -> bool:
            return drift_report(
                changed,
                bundle,  # noqa: B023 (used at once)
                baseline,  # noqa: B023 (used at once)
                as_of=as_of,
                pseudonym=str,
            ).retrain

        for months in (1, 2, 3):
            asked = proposes(frame, day + months * MONTH)
            proposals.setdefault("nothing", []).append(asked)
        as_of = day + 3 * MONTH
        rows = np.flatnonzero(frame.submitted_on >= (as_of - MONTH).toordinal())
        for name, change in PLANTED.items():
            matrix = frame.matrix.copy()
            change(matrix, rows, frame)
            changed = msgspec.structs.replace(frame, matrix=matrix)
            proposals.setdefault(name, []).append(proposes(changed, as_of))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 103, 104, 105])
    parser.add_argument("--claims", type=int, default=8000)
    arguments = parser.parse_args()
    proposals: dict[str, list[bool]] = {}
    for seed in arguments.seeds:
        practice = simulate_practice(
            seed=seed, claims=arguments.claims, starts_on=STARTS_ON, ends_on=ENDS_ON
        )
        judge(
            build_frame(records_of(practice), known_by=ENDS_ON + timedelta(days=1)),
            proposals,
        )
        told = {name: [sum(each), len(each)] for name, each in proposals.items()}
        print(seed, told, flush=True)
    content = {
        "data": "simulated, medium difficulty; nothing is measured on real claims",
        "seeds": arguments.seeds,
        "claims": arguments.claims,
        "proposed_of_checks": told,
    }
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
