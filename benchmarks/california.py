"""California's independent medical reviews: learnt to 2010, tested on 2011 to 2013.

    python -m benchmarks.california PATH [--out benchmarks/results/california.json]

PATH is the published file of decisions (CSV, or CSV in gzip), which is not part of
denialml; docs/root-causes.md says where it is to be had. These are real decisions. The
model's settings were looked at on decisions to 2010 only. The baseline is what reports
publish: the rate of each diagnosis category and treatment category together, the
overall rate for pairs never seen. Intervals are 95%, from 1,000 resamples of the test
decisions (both ways judged on the same resample).
"""

import argparse
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from denialml.modeling.appeal_outcome.category_rates import category_key
from denialml.modeling.appeal_outcome.decisions import ReviewDecision, read_decisions
from denialml.modeling.appeal_outcome.outcome_model import (
    GROUP,
    NINETY,
    OverturnChance,
    fit_outcome_model,
)

LAST_TRAINING_YEAR = 2010
LAST_TEST_YEAR = 2013
RESAMPLES = 1000
FEWEST_OF_GROUP = 25
FloatArray = NDArray[np.float64]


def load_decisions(path: Path) -> tuple[ReviewDecision, ...]:
    """The decisions of a published file; raises SystemExit where it cannot be read."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    reading = read_decisions(
        io.StringIO(content.decode("utf-8-sig"), newline=""), file=path.name
    )
    if not reading.records:
        raise SystemExit("; ".join(one.message for one in reading.problems))
    return reading.records


def judge(decisions: Sequence[ReviewDecision]) -> dict[str, object]:
    """Fit on the older decisions, and figures of the later ones."""
    older = [one for one in decisions if one.year <= LAST_TRAINING_YEAR]
    newer = [
        one for one in decisions if LAST_TRAINING_YEAR < one.year <= LAST_TEST_YEAR
    ]
    chances = fit_outcome_model(older).predict(newer)
    baseline = published_rates(older, newer)
    behavioral = np.array([one.is_behavioral for one in newer])
    return {
        "simulated": False,
        "source": "California DMHC independent medical reviews (public decisions)",
        "trained_on": f"{len(older)} decisions, {older_span(older)}",
        "tested_on": f"{len(newer)} decisions, {older_span(newer)}",
        "all": figures(newer, chances, baseline, rows=np.ones(len(newer), bool)),
        "behavioral": figures(newer, chances, baseline, rows=behavioral),
        "by_year": {
            str(year): figures(
                newer,
                chances,
                baseline,
                rows=np.array([one.year == year for one in newer]),
            )
            for year in sorted({one.year for one in newer})
        },
        "intervals": interval_figures(newer, chances),
    }


def older_span(decisions: Sequence[ReviewDecision]) -> str:
    """First and last year."""
    years = [one.year for one in decisions]
    return f"{min(years)}-{max(years)}"


def published_rates(
    older: Sequence[ReviewDecision], newer: Sequence[ReviewDecision]
) -> FloatArray:
    """The baseline: the rate of the diagnosis and treatment category to 2010."""
    told = defaultdict(list)
    for one in older:
        told[category_key(one, GROUP)].append(one.overturned)
    overall = float(np.mean([one.overturned for one in older]))
    return np.array(
        [float(np.mean(told.get(category_key(one, GROUP), overall))) for one in newer]
    )


def figures(
    cases: Sequence[ReviewDecision],
    chances: Sequence[OverturnChance],
    baseline: FloatArray,
    *,
    rows: NDArray[np.bool_],
) -> dict[str, object]:
    """Discrimination and calibration of both on the chosen rows."""
    truth = np.array([one.overturned for one in cases], float)[rows]
    model = np.array([one.probability for one in chances])[rows]
    base = baseline[rows]
    pairs = _resampled(truth, model, base)
    slope, shift = calibration_line(truth, model)
    return {
        "decisions": int(rows.sum()),
        "overturned": round(float(truth.mean()), 4),
        "mean_stated": round(float(model.mean()), 4),
        "auc": round(float(roc_auc_score(truth, model)), 4),
        "auc_interval": _interval(pairs[:, 0]),
        "auc_baseline": round(float(roc_auc_score(truth, base)), 4),
        "auc_baseline_interval": _interval(pairs[:, 1]),
        "auc_gain_interval": _interval(pairs[:, 0] - pairs[:, 1]),
        "log_loss": round(float(log_loss(truth, model)), 4),
        "log_loss_baseline": round(
            float(log_loss(truth, np.clip(base, 0.01, 0.99))), 4
        ),
        "brier": round(float(brier_score_loss(truth, model)), 4),
        "brier_baseline": round(float(brier_score_loss(truth, base)), 4),
        "calibration_error": round(calibration_error(truth, model), 4),
        "calibration_error_baseline": round(calibration_error(truth, base), 4),
        "calibration_slope": round(slope, 3),
        "calibration_shift": round(shift, 3),
    }


def calibration_error(truth: FloatArray, stated: FloatArray) -> float:
    """Mean distance of stated and observed rate over ten equal groups."""
    groups = np.array_split(np.argsort(stated, kind="stable"), 10)
    return float(
        sum(
            len(group) * abs(stated[group].mean() - truth[group].mean())
            for group in groups
            if len(group)
        )
        / len(truth)
    )


def calibration_line(truth: FloatArray, stated: FloatArray) -> tuple[float, float]:
    """Slope and shift of the outcome on the stated log-odds; 1 and 0 are perfect."""
    odds = np.log(stated / (1.0 - stated))[:, np.newaxis]
    fitted = LogisticRegression(C=1e6).fit(odds, truth)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def interval_figures(
    cases: Sequence[ReviewDecision], chances: Sequence[OverturnChance]
) -> dict[str, object]:
    """How often rates of like cases fall where the 90% intervals say.

    A group's observed rate scatters around its true rate by chance as well; the
    prediction adds that scatter to the interval's own.
    """
    groups = defaultdict(list)
    for one, chance in zip(cases, chances, strict=True):
        groups[category_key(one, GROUP)].append((one.overturned, chance))
    inside, plain = [], []
    for told in groups.values():
        if len(told) < FEWEST_OF_GROUP:
            continue
        rate = np.mean([overturned for overturned, _ in told])
        stated = np.array([chance.probability for _, chance in told])
        half = np.mean([(chance.high - chance.low) / 2 for _, chance in told])
        noise = (stated * (1 - stated)).sum() / len(told) ** 2
        reach = np.hypot(half, NINETY * np.sqrt(noise))
        inside.append(abs(rate - stated.mean()) <= reach)
        plain.append(abs(rate - stated.mean()) <= NINETY * np.sqrt(noise))
    widths = [one.high - one.low for one in chances]
    return {
        "stated_coverage": 0.9,
        "groups": len(inside),
        "rates_inside": round(float(np.mean(inside)), 4),
        "rates_inside_by_chance_alone": round(float(np.mean(plain)), 4),
        "mean_width": round(float(np.mean(widths)), 4),
    }


def _resampled(truth: FloatArray, model: FloatArray, base: FloatArray) -> FloatArray:
    """AUC of model and baseline on resamples of the same cases: shape (n, 2)."""
    random = np.random.default_rng(1)
    found = []
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(truth), len(truth))
        found.append(
            (
                roc_auc_score(truth[rows], model[rows]),
                roc_auc_score(truth[rows], base[rows]),
            )
        )
    return np.array(found)


def _interval(values: FloatArray) -> list[float]:
    return [round(float(one), 4) for one in np.quantile(values, [0.025, 0.975])]


def main() -> None:
    """Judge the file and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    result = judge(load_decisions(options.path))
    print(json.dumps(result, indent=2))
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
