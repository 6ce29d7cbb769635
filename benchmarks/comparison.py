"""Paired comparison of two risks on the same lines, and what a risk's extras hold.

Intervals draw whole patients, whose lines are not independent. Simulated data.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.calibration import Calibration
from denialml.modeling.risk.cut_offs import cut_off_for

Floats = npt.NDArray[np.float64]
Outcomes = npt.NDArray[np.int8]
Patients = npt.NDArray[np.int64]
ROUNDS = 500
MEASURES = ("log_loss", "average_precision", "recall_at_95_precision")
Draws = dict[str, list[float]]


class RankedRisk:
    """One risk on all lines, sorted once, so that a resample is only weights.

    Lines of equal risk are flagged together or not at all.
    """

    def __init__(self, denied: Outcomes, risk: Floats) -> None:
        self._order = np.argsort(-risk, kind="stable")
        sorted_risk = risk[self._order]
        self._ends = np.flatnonzero(np.r_[np.diff(sorted_risk) != 0, True])
        self._denied = denied[self._order].astype(np.float64)
        clipped = np.clip(risk, 1e-6, 1 - 1e-6)
        self._losses = -np.log(np.where(denied > 0, clipped, 1 - clipped))

    def measures(self, weights: Floats) -> Floats:
        """Log-loss, average precision and recall at 95% precision, shape (3,).

        `weights` counts how often each line is drawn.
        """
        flagged, hits = self._flagged(weights)
        precision = hits / np.maximum(flagged, 1e-12)
        steps = np.diff(np.r_[0.0, hits])
        return np.array(
            [
                np.average(self._losses, weights=weights),
                (precision * steps).sum() / hits[-1],
                self._recall(flagged, hits, precision=0.95),
            ]
        )

    def recall(self, *, precision: float) -> float:
        """The largest share of denials found at this precision, every line once."""
        return self._recall(
            *self._flagged(np.ones(len(self._losses))), precision=precision
        )

    def _flagged(self, weights: Floats) -> tuple[Floats, Floats]:
        drawn = weights[self._order]
        hits = np.cumsum(drawn * self._denied)[self._ends]
        return np.cumsum(drawn)[self._ends], hits

    @staticmethod
    def _recall(flagged: Floats, hits: Floats, *, precision: float) -> float:
        reached = np.flatnonzero((hits >= precision * flagged - 1e-9) & (hits > 0))
        return float(hits[reached[-1]] / hits[-1]) if len(reached) else 0.0


def recall_at(denied: Outcomes, risk: Floats, *, precision: float) -> float:
    """The largest share of denials found while this share of the flagged is denied."""
    return RankedRisk(denied, risk).recall(precision=precision)


def gain_draws(
    denied: Outcomes,
    risk: Floats,
    others: dict[str, Floats],
    patients: Patients,
    *,
    seed: int,
) -> dict[str, dict[str, list[float]]]:
    """What `risk` gains over each other in `ROUNDS` resamples of the patients.

    For each other and each of `MEASURES`: the gain in fact, then those of the resamples
    (the same patients for all); above zero is better. `seed` must differ between worlds
    that are pooled later.
    """
    random = np.random.default_rng([3, seed])
    ours = RankedRisk(denied, risk)
    theirs = {name: RankedRisk(denied, other) for name, other in others.items()}
    found: dict[str, list[Floats]] = {name: [] for name in others}
    size = int(patients.max()) + 1
    signs = np.array([-1.0, 1.0, 1.0])  # a smaller log-loss is better
    for draw in range(ROUNDS + 1):
        times = np.ones(size)
        if draw:
            times = np.bincount(random.integers(0, size, size), minlength=size)
        weights = times[patients].astype(np.float64)
        own = ours.measures(weights)
        for name, ranked in theirs.items():
            found[name].append(signs * (own - ranked.measures(weights)))
    return {
        name: {
            measured: np.round(np.array(gains)[:, at], 6).tolist()
            for at, measured in enumerate(MEASURES)
        }
        for name, gains in found.items()
    }


def gains_of(draws: list[Draws]) -> dict[str, dict[str, Any]]:
    """Mean gain over worlds with its 95% interval; one world: that world's.

    Worlds are resampled each on its own, so the mean of their first resamples is one
    resample of the mean, and so on.
    """
    found = {}
    for measured in MEASURES:
        mean = np.mean([world[measured] for world in draws], axis=0)
        low, high = np.percentile(mean[1:], [2.5, 97.5])
        found[measured] = {"gain": float(mean[0]), "interval": [low, high]}
    return found


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
