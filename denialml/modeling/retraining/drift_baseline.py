"""What later practice is compared with: the last year before a model was trained."""

from collections.abc import Callable
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.modeling.retraining.feature_summary import FeatureWeight
from denialml.modeling.retraining.spread import Floats, Spread, spread_of
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.slicing import last_mature_day

BASELINE = "drift_baseline.json"
_YEAR_DAYS, MONTH_DAYS = 360, 30
MONTH_LINES = 100
"""Fewer lines than this, and a month is not compared."""

Rows = npt.NDArray[np.intp]


class FeatureBaseline(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's spread, its unit and its share of the model's contributions."""

    feature: str
    unit: str
    share: float
    spread: Spread


class PayerBaseline(msgspec.Struct, frozen=True, kw_only=True):
    """One payer's denial rate over its answered lines of weeks answered almost fully.

    `month_deviation`: by how much its monthly rates vary beyond chance, a standard
    deviation.
    """

    lines: int
    denial_rate: float
    month_deviation: float


class DriftBaseline(msgspec.Struct, frozen=True, kw_only=True):
    """The original submissions of the 360 days before a model was trained.

    A year, so that every season is in it; no more, so that a history which was still
    filling is not. `risk` is the model's own over the same lines. `payers` under their
    pseudonyms, those with enough patients.
    """

    trained_as_of: date
    lines: int
    features: tuple[FeatureBaseline, ...]
    risk: Spread
    payers: dict[str, PayerBaseline]


def drift_baseline(
    frame: Frame,
    bundle: Bundle,
    *,
    weights: tuple[FeatureWeight, ...],
    mature_share: float,
    known_by: date,
    pseudonym: Callable[[str], str],
    smallest_cell: int,
) -> DriftBaseline:
    """The baseline of a bundle trained on this frame.

    `weights` may be empty: then no feature has a share.
    """
    rows = submissions(frame, known_by.toordinal() - _YEAR_DAYS, known_by.toordinal())
    months = month_numbers(frame.submitted_on[rows], known_by)
    matrix = frame.matrix[rows]
    share = {one.feature: one.share for one in weights}
    raw = bundle.raw_output(matrix) if len(rows) else np.empty(0)
    last = last_mature_day(frame, mature_share=mature_share, known_by=known_by)
    return DriftBaseline(
        trained_as_of=known_by,
        lines=len(rows),
        features=tuple(
            FeatureBaseline(
                feature=feature.name,
                unit=feature.unit,
                share=share.get(feature.name, 0.0),
                spread=spread_of(matrix[:, at], months),
            )
            for at, feature in enumerate(FEATURES)
        ),
        risk=spread_of(bundle.facts.calibration.line_probability(raw), months),
        payers=_payers(
            frame,
            rows[frame.submitted_on[rows] <= last],
            frame.labels(known_by=known_by),
            known_by=known_by,
            pseudonym=pseudonym,
            smallest_cell=smallest_cell,
        ),
    )


def submissions(frame: Frame, first: int, end: int) -> Rows:
    """Original claims' lines sent on the days (ordinals) from `first` until `end`."""
    sent = (frame.submitted_on >= first) & (frame.submitted_on < end)
    return np.flatnonzero(sent & frame.original)


def month_numbers(
    submitted_on: npt.NDArray[np.int32], known_by: date
) -> npt.NDArray[np.intp]:
    """Months of 30 days counted back from a day, -1 for those of too few lines."""
    months = ((known_by.toordinal() - 1 - submitted_on) // MONTH_DAYS).astype(np.intp)
    if len(months):
        few = np.bincount(months) < MONTH_LINES
        months[few[months]] = -1
    return months


def _payers(
    frame: Frame,
    rows: Rows,
    labels: npt.NDArray[np.int8],
    *,
    known_by: date,
    pseudonym: Callable[[str], str],
    smallest_cell: int,
) -> dict[str, PayerBaseline]:
    answered = rows[labels[rows] >= 0]
    by_payer: dict[str, list[int]] = {}
    for row in answered.tolist():
        by_payer.setdefault(frame.lines[row].view.payer, []).append(row)
    found = {}
    for payer, each in sorted(by_payer.items()):
        patients = {frame.lines[row].view.member for row in each}
        if len(patients) < smallest_cell:
            continue
        denied = (labels[each] > 0).astype(np.float64)
        months = (known_by.toordinal() - 1 - frame.submitted_on[each]) // MONTH_DAYS
        found[pseudonym(payer)] = PayerBaseline(
            lines=len(each),
            denial_rate=float(denied.mean()),
            month_deviation=_deviation(denied, months),
        )
    return found


def _deviation(denied: Floats, months: npt.NDArray[np.int32]) -> float:
    """The variance of monthly rates less what so few lines bring about, its root."""
    lines = np.bincount(months)
    kept = lines > 0
    rates = np.bincount(months, weights=denied)[kept] / lines[kept]
    rate = float(denied.mean())
    by_chance = rate * (1 - rate) / lines[kept]
    beyond = np.average((rates - rate) ** 2 - by_chance, weights=lines[kept])
    return float(np.sqrt(max(beyond, 0.0)))
