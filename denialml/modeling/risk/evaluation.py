"""How good a risk is: against outcomes, and against the truth where it is simulated."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

Floats = npt.NDArray[np.float64]
Measure = Callable[[npt.NDArray[np.intp]], float]

_SMALLEST = 1e-6


def log_loss(denied: npt.NDArray[np.int8], risk: Floats) -> float:
    """Mean negative log-likelihood, natural log."""
    clipped = np.clip(risk, _SMALLEST, 1 - _SMALLEST)
    chosen = np.where(denied > 0, clipped, 1 - clipped)
    return -float(np.mean(np.log(chosen)))


def log_loss_of_rate(rate: float) -> float:
    """The log-loss of always saying the denial rate: what any model must beat."""
    clipped = min(max(rate, _SMALLEST), 1 - _SMALLEST)
    return -(
        clipped * float(np.log(clipped)) + (1 - clipped) * float(np.log(1 - clipped))
    )


def expected_calibration_error(
    denied: npt.NDArray[np.int8], risk: Floats, *, bins: int = 20
) -> float:
    """Mean absolute gap between risk and denial rate over equally filled bins."""
    order = np.argsort(risk, kind="stable")
    gaps = [
        abs(float(risk[part].mean() - denied[part].mean())) * len(part)
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return sum(gaps) / len(risk)


def ranking_measures(denied: npt.NDArray[np.int8], risk: Floats) -> dict[str, float]:
    """log_loss, brier, auc, average_precision, calibration_error, denial_rate, rows.

    AUC and average precision are left out where only one outcome occurs.
    """
    measures = {
        "rows": float(len(denied)),
        "denial_rate": float(denied.mean()),
        "log_loss": log_loss(denied, risk),
        "brier": float(np.mean((risk - denied) ** 2)),
        "calibration_error": expected_calibration_error(denied, risk),
    }
    if 0 < denied.sum() < len(denied):
        measures["auc"] = float(roc_auc_score(denied, risk))
        measures["average_precision"] = float(average_precision_score(denied, risk))
    return measures


def divergence(truth: Floats, risk: Floats) -> Floats:
    """Kullback-Leibler divergence of each row's risk from its true probability."""
    p = np.clip(truth, _SMALLEST, 1 - _SMALLEST)
    q = np.clip(risk, _SMALLEST, 1 - _SMALLEST)
    return p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))


def skill(truth: Floats, risk: Floats, *, base_rate: float) -> float:
    """1 - mean KL(truth, risk) / mean KL(truth, base rate): 1 is the truth itself.

    Label-free, so without the noise of outcomes. Only where the truth is simulated.
    """
    base = np.full_like(truth, base_rate)
    return 1.0 - float(divergence(truth, risk).mean() / divergence(truth, base).mean())


def bootstrap_interval(
    measure: Measure, groups: npt.NDArray[np.int64], *, rounds: int, seed: int
) -> tuple[float, float]:
    """A 95% interval of a measure over rows, drawing whole groups (patients).

    Parameters
    ----------
    measure : callable
        From row positions (with repeats) to a number.
    groups : ndarray of int, shape (rows,)
        Rows of one group are drawn together: they are not independent.
    """
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(groups[order]) != 0])
    members = np.split(order, starts[1:])
    random = np.random.default_rng(seed)
    drawn = [
        measure(
            np.concatenate(
                [members[at] for at in random.integers(0, len(members), len(members))]
            )
        )
        for _ in range(rounds)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)
