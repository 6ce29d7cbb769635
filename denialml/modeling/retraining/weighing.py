"""Bootstrap draws of whole patients as row weights, and measures under weights.

Drawing patients with replacement and counting how often each was drawn gives the same
measures as repeating their rows. Rows are sorted once, not once a draw.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from denialml.modeling.retraining.holdout import Floats

_SMALLEST = 1e-6


def patient_weights(
    patients: npt.NDArray[np.int64], *, rounds: int, seed: int
) -> Iterator[Floats]:
    """How often each row is drawn, float64 (rows,), once for every round."""
    _, numbered = np.unique(patients, return_inverse=True)
    count = int(numbered.max()) + 1
    random = np.random.default_rng(seed)
    for _ in range(rounds):
        drawn = np.bincount(random.integers(0, count, count), minlength=count)
        yield drawn[numbered].astype(np.float64)


def row_log_loss(denied: npt.NDArray[np.int8], risk: Floats) -> Floats:
    """Negative log-likelihood of each row, natural log, (rows,)."""
    clipped = np.clip(risk, _SMALLEST, 1 - _SMALLEST)
    losses: Floats = -np.log(np.where(denied > 0, clipped, 1 - clipped))
    return losses


class Weigher:
    """Measures of one risk under many weightings of its rows."""

    def __init__(self, denied: npt.NDArray[np.int8], risk: Floats) -> None:
        order = np.argsort(-risk, kind="stable")
        self._order = order
        self._denied = denied[order].astype(np.float64)
        self._risk = risk[order]
        self._losses = row_log_loss(denied, risk)[order]
        self._squares = (self._risk - self._denied) ** 2
        # Rows of equal risk are one threshold.
        self._starts = np.flatnonzero(np.r_[True, np.diff(self._risk) != 0])

    def measures(self, weights: Floats) -> dict[str, float]:
        """log_loss, brier, denial_rate, mean_risk and, where both outcomes have
        weight, auc and average_precision (each as scikit-learn weighs it)."""
        weight = weights[self._order]
        total = float(weight.sum())
        found = {
            "log_loss": float(weight @ self._losses) / total,
            "brier": float(weight @ self._squares) / total,
            "denial_rate": float(weight @ self._denied) / total,
            "mean_risk": float(weight @ self._risk) / total,
        }
        hits = np.add.reduceat(weight * self._denied, self._starts)
        misses = np.add.reduceat(weight * (1 - self._denied), self._starts)
        all_hits, all_misses = float(hits.sum()), float(misses.sum())
        if all_hits > 0 and all_misses > 0:
            hits_so_far, misses_so_far = np.cumsum(hits), np.cumsum(misses)
            below = all_misses - misses_so_far + 0.5 * misses
            found["auc"] = float(hits @ below) / (all_hits * all_misses)
            reached = hits_so_far + misses_so_far
            precision = np.divide(
                hits_so_far, reached, out=np.zeros_like(reached), where=reached > 0
            )
            found["average_precision"] = float(hits @ precision) / all_hits
        return found
