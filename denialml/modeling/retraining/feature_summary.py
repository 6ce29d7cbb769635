"""What the model looks at, and how its inputs were spread: SHAP and drift baseline."""

from collections.abc import Callable

import msgspec
import numpy as np

from denialml.modeling.retraining.holdout import Floats, Rows, Window
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import CENSORED, Frame

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class FeatureWeight(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's mean absolute contribution, in log-odds, and its share of all.

    `direction` is the rank correlation's sign of value and contribution: above zero,
    higher values raise the risk; 0 where they do not vary.
    """

    feature: str
    mean_contribution: float
    share: float
    direction: float


class FeatureBaseline(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's spread over the training rows; `quantiles` at `QUANTILES`, empty
    where it was never known."""

    feature: str
    unit: str
    missing_share: float
    quantiles: tuple[float, ...]


class DriftBaseline(msgspec.Struct, frozen=True, kw_only=True):
    """What later practice is compared with. Quantiles at 5, 25, 50, 75 and 95%.

    No minimum or maximum: those are single lines. `denial_rates` are per payer under
    its pseudonym, of payers with enough patients.
    """

    lines: int
    features: tuple[FeatureBaseline, ...]
    risk_quantiles: tuple[float, ...]
    denial_rates: dict[str, float]


def feature_weights(
    bundle: Bundle, frame: Frame, window: Window, *, rows: int, seed: int
) -> tuple[FeatureWeight, ...]:
    """Mean |SHAP contribution| over sampled lines of the window, heaviest first."""
    chosen = window.rows
    if len(chosen) > rows:
        random = np.random.default_rng(seed)
        chosen = np.sort(random.choice(chosen, rows, replace=False))
    matrix = frame.matrix[chosen]
    shares = bundle.contributions(matrix)[:, :-1]
    weights = np.abs(shares).mean(axis=0)
    total = float(weights.sum()) or 1.0
    found = [
        FeatureWeight(
            feature=name,
            mean_contribution=float(weights[at]),
            share=float(weights[at]) / total,
            direction=_direction(matrix[:, at], shares[:, at]),
        )
        for at, name in enumerate(bundle.facts.features)
    ]
    return tuple(sorted(found, key=lambda one: (-one.mean_contribution, one.feature)))


def drift_baseline(
    frame: Frame,
    rows: Rows,
    *,
    units: dict[str, str],
    risk: Floats,
    pseudonym: Callable[[str], str],
    smallest_cell: int,
) -> DriftBaseline:
    """The spread of every feature over the rows a model was trained on.

    `units` names the columns in order. `risk` is the window's, of the stand-in.
    """
    features = []
    for at, (name, unit) in enumerate(units.items()):
        column = frame.matrix[rows, at]
        known = column[~np.isnan(column)]
        features.append(
            FeatureBaseline(
                feature=name,
                unit=unit,
                missing_share=1.0 - len(known) / max(len(column), 1),
                quantiles=_quantiles(known),
            )
        )
    return DriftBaseline(
        lines=len(rows),
        features=tuple(features),
        risk_quantiles=_quantiles(risk),
        denial_rates=_denial_rates(frame, rows, pseudonym, smallest_cell),
    )


def _denial_rates(
    frame: Frame, rows: Rows, pseudonym: Callable[[str], str], smallest_cell: int
) -> dict[str, float]:
    labels: dict[str, list[int]] = {}
    patients: dict[str, set[str]] = {}
    for row in rows.tolist():
        if frame.denied[row] == CENSORED:
            continue
        view = frame.lines[row].view
        labels.setdefault(view.payer, []).append(int(frame.denied[row]))
        patients.setdefault(view.payer, set()).add(view.member)
    return {
        pseudonym(payer): sum(each) / len(each)
        for payer, each in sorted(labels.items())
        if len(patients[payer]) >= smallest_cell
    }


def _quantiles(values: Floats) -> tuple[float, ...]:
    if not len(values):
        return ()
    return tuple(float(value) for value in np.quantile(values, QUANTILES))


def _direction(values: Floats, shares: Floats) -> float:
    known = ~np.isnan(values)
    if np.ptp(values[known]) == 0 if known.any() else True:
        return 0.0
    ranks = [np.argsort(np.argsort(each[known])) for each in (values, shares)]
    if np.ptp(shares[known]) == 0:
        return 0.0
    return float(np.sign(np.corrcoef(ranks[0], ranks[1])[0, 1]))
