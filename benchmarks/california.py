"""California's independent medical reviews: learnt to 2010, tested on 2011 to 2013.

    python -m benchmarks.california PATH [--out benchmarks/results/california.json]

PATH is the published file of decisions (CSV, or CSV in gzip), which is not part of
denialml; docs/root-causes.md says where it is to be had. These are real decisions. The
model's settings were chosen on decisions to 2010 only. The baseline is what reports
publish: the rate of each diagnosis category and treatment category together, the
overall rate for pairs never seen. Intervals are 95%, from 1,000 resamples of the test
decisions (both ways judged on the same resample). Apart stands what a model would have
said that is fitted anew on the decisions before each test year.
"""

import argparse
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

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
    everything = np.ones(len(newer), bool)
    behavioral = np.array([one.is_behavioral for one in newer])
    years = np.array([one.year for one in newer])
    yearly, yearly_baseline = refitted_yearly(decisions, newer)
    return {
        "simulated": False,
        "source": "California DMHC independent medical reviews (public decisions)",
        "trained_on": f"{len(older)} decisions, {older_span(older)}",
        "tested_on": f"{len(newer)} decisions, {older_span(newer)}",
        "all": figures(newer, chances, baseline, rows=everything),
        "behavioral": figures(newer, chances, baseline, rows=behavioral),
        "by_year": {
            str(year): figures(newer, chances, baseline, rows=years == year)
            for year in sorted(set(years.tolist()))
        },
        "intervals": interval_figures(newer, chances),
        "refitted_each_year": figures(newer, yearly, yearly_baseline, rows=everything),
    }


def refitted_yearly(
    decisions: Sequence[ReviewDecision], newer: Sequence[ReviewDecision]
) -> tuple[list[OverturnChance], FloatArray]:
    """Model and baseline for each test decision, from all decisions before its year."""
    chances: dict[str, OverturnChance] = {}
    rates: dict[str, float] = {}
    for year in sorted({one.year for one in newer}):
        before = [one for one in decisions if one.year < year]
        cases = [one for one in newer if one.year == year]
        told = fit_outcome_model(before).predict(cases)
        published = published_rates(before, cases).tolist()
        for one, chance, rate in zip(cases, told, published, strict=True):
            chances[one.reference_id], rates[one.reference_id] = chance, rate
    return (
        [chances[one.reference_id] for one in newer],
        np.array([rates[one.reference_id] for one in newer]),
    )


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
    base = np.clip(baseline[rows], 0.01, 0.99)
    ours, theirs = resampled(truth, model, base)
    told: dict[str, object] = {
        "decisions": int(rows.sum()),
        "overturned": round(float(truth.mean()), 4),
        "mean_stated": round(float(model.mean()), 4),
    }
    for name, measure in MEASURES.items():
        gain = ours[name] - theirs[name]
        told[name] = round(measure(truth, model), 4)
        told[f"{name}_interval"] = _interval(ours[name])
        told[f"{name}_baseline"] = round(measure(truth, base), 4)
        told[f"{name}_baseline_interval"] = _interval(theirs[name])
        if name in ("auc", "log_loss", "brier"):
            better = gain if name == "auc" else -gain
            told[f"{name}_gain_interval"] = _interval(better)
    return told


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
    """Slope and shift of the outcome on the stated log-odds; 1 and 0 are perfect.

    Maximum likelihood by Newton's steps, from nothing told and none of them long.
    """
    odds = np.log(stated / (1.0 - stated))
    columns = np.column_stack([odds, np.ones(len(odds))])
    line = np.zeros(2)
    for _ in range(50):
        fitted = 1.0 / (1.0 + np.exp(-columns @ line))
        weight = fitted * (1.0 - fitted)
        step = np.linalg.solve(
            (columns * weight[:, np.newaxis]).T @ columns, columns.T @ (truth - fitted)
        )
        line = line + np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < 1e-8:
            break
    return float(line[0]), float(line[1])


def log_loss(truth: FloatArray, stated: FloatArray) -> float:
    """Mean negative log-likelihood."""
    return -float(np.mean(np.log(np.where(truth > 0, stated, 1.0 - stated))))


def brier(truth: FloatArray, stated: FloatArray) -> float:
    """Mean squared distance of stated chance and outcome."""
    return float(np.mean((stated - truth) ** 2))


MEASURES: dict[str, Callable[[FloatArray, FloatArray], float]] = {
    "auc": lambda truth, stated: float(roc_auc_score(truth, stated)),
    "log_loss": log_loss,
    "brier": brier,
    "calibration_error": calibration_error,
    "calibration_slope": lambda truth, stated: calibration_line(truth, stated)[0],
    "calibration_shift": lambda truth, stated: calibration_line(truth, stated)[1],
}


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


def resampled(
    truth: FloatArray, model: FloatArray, base: FloatArray
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Each measure of model and baseline on the same resamples of the cases."""
    random = np.random.default_rng(1)
    ours: dict[str, list[float]] = {name: [] for name in MEASURES}
    theirs: dict[str, list[float]] = {name: [] for name in MEASURES}
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(truth), len(truth))
        for name, measure in MEASURES.items():
            ours[name].append(measure(truth[rows], model[rows]))
            theirs[name].append(measure(truth[rows], base[rows]))
    return (
        {name: np.array(found) for name, found in ours.items()},
        {name: np.array(found) for name, found in theirs.items()},
    )


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
