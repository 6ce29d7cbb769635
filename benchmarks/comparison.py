"""Paired comparison of two risks on the same lines, and what a risk's extras hold.

Intervals draw whole patients, whose lines are not independent. Simulated data.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.calibration import Calibration
from denialml.modeling.risk.cut_offs import cut_off_for
from denialml.modeling.risk.evaluation import bootstrap_interval

Floats = npt.NDArray[np.float64]
Outcomes = npt.NDArray[np.int8]
Rows = npt.NDArray[np.intp]
ROUNDS = 200


def recall_at(denied: Outcomes, risk: Floats, *, precision: float) -> float:
    """The largest share of denials found while this share of the flagged is denied."""
    order = np.argsort(-risk, kind="stable")
    hits = np.cumsum(denied[order])
    reached = np.flatnonzero(hits >= precision * np.arange(1, len(hits) + 1))
    return float(hits[reached[-1]] / hits[-1]) if len(reached) else 0.0


def paired_gains(
    denied: Outcomes,
    risk: Floats,
    other: Floats,
    patients: npt.NDArray[np.int64],
) -> dict[str, tuple[float, float]]:
    """95% intervals of what `risk` gains over `other`; above zero is better."""
    ours, theirs = _losses(denied, risk), _losses(denied, other)

    def gain(rows: Rows, measure: Callable[[Outcomes, Floats], float]) -> float:
        return measure(denied[rows], risk[rows]) - measure(denied[rows], other[rows])

    measures: dict[str, Callable[[Rows], float]] = {
        "log_loss": lambda rows: float(theirs[rows].mean() - ours[rows].mean()),
        "average_precision": lambda rows: gain(rows, _average_precision),
        "recall_at_95_precision": lambda rows: gain(rows, _recall_at_95),
    }
    return {
        name: bootstrap_interval(measure, patients, rounds=ROUNDS, seed=3)
        for name, measure in measures.items()
    }


def _average_precision(denied: Outcomes, risk: Floats) -> float:
    return float(average_precision_score(denied, risk))


def _recall_at_95(denied: Outcomes, risk: Floats) -> float:
    return recall_at(denied, risk, precision=0.95)


def _losses(denied: Outcomes, risk: Floats) -> Floats:
    clipped = np.clip(risk, 1e-6, 1 - 1e-6)
    return -np.log(np.where(denied > 0, clipped, 1 - clipped))


def truth_calibration_error(truth: Floats, risk: Floats, *, bins: int = 20) -> float:
    """Mean gap between risk and true probability over equally filled bins of risk."""
    order = np.argsort(risk, kind="stable")
    gaps = [
        abs(float(risk[part].mean() - truth[part].mean())) * len(part)
        for part in np.array_split(order, bins)
    ]
    return sum(gaps) / len(risk)


def interval_coverage(bundle: Bundle, raw: Floats, truth: Floats) -> dict[str, Any]:
    """How often a line's interval holds its true probability, and how wide it is."""
    calibration = bundle.facts.calibration
    found = [calibration.interval(value) for value in raw.tolist()]
    known = [each for each in found if each is not None]
    if len(known) < len(found) or not known:
        return {"stated": None}
    low, high = np.array(known).T
    return {
        "stated": 0.8,
        "covered": float(((low <= truth) & (truth <= high)).mean()),
        "mean_width": float((high - low).mean()),
    }


def cut_off_kept(
    calibration: Calibration,
    claim_risk: Floats,
    denied: npt.NDArray[np.bool_],
    *,
    precision: float,
) -> dict[str, Any]:
    """What a learnt cut-off promised and what it gave on later claims."""
    wanted = [one for one in calibration.cut_offs if one.precision >= precision - 1e-9]
    if not wanted:
        return {"precision_asked": precision, "reached": False}
    cut_off = cut_off_for(calibration.cut_offs, precision)
    flagged = claim_risk >= cut_off.risk
    return {
        "precision_asked": precision,
        "reached": True,
        "promised": cut_off.denied / cut_off.flagged,
        "interval": (cut_off.low, cut_off.high),
        "recall_promised": cut_off.recall,
        "flagged": int(flagged.sum()),
        "precision": float(denied[flagged].mean()) if flagged.any() else None,
        "recall": float(denied[flagged].sum() / denied.sum()),
    }
