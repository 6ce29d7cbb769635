"""Recent submissions against the baseline of the model that scores them.

Inputs are compared as soon as they are sent; denial rates once enough is answered,
with the answers that are still out taken into account. A distance is never judged by
itself: it must be beyond what the months before training show between themselves.
"""

from collections.abc import Callable
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.modeling.retraining.drift_baseline import (
    MONTH_DAYS,
    MONTH_LINES,
    DriftBaseline,
    PayerBaseline,
    Rows,
    submissions,
)
from denialml.modeling.retraining.spread import (
    Floats,
    Spread,
    cell_counts,
    distance,
)
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.slicing import pace_of

LEAST_DISTANCE = 0.1
"""A population stability index below this is not worth a look, by convention."""
TIMES_USUAL = 2.0
"""Apart by so many times what the farthest training month but one was. A month that
goes on as a year did before it lies 1.4 to 1.7 times as far; how often twice is passed
where nothing was changed is in docs/retraining.md."""
LEAST_SHARE = 0.10
"""Moved features that carry less than this of the model's contributions together do not
call for a retraining: of ninety features some always pass their bound."""
_STANDARD_ERRORS, _LEAST_POINTS = 3.0, 0.05
_LEAST_ANSWERED, _LEAST_PAYER_LINES = 0.5, 50


class SpreadDrift(msgspec.Struct, frozen=True, kw_only=True):
    """How far recent lines lie from the baseline: `distance` against `allowed`."""

    distance: float
    allowed: float
    moved: bool


class FeatureDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One feature. `share`: of the model's contributions; `missing_*`: shares of lines
    whose value is not known, in the baseline and now."""

    feature: str
    unit: str
    share: float
    drift: SpreadDrift
    missing_before: float
    missing_now: float


class PayerDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One payer's denial rate, corrected for what is not answered yet.

    `lines` are answered lines sent since the model was trained. `allowed`: three
    standard errors (over patients, and of its months before training), 5 points at
    least.
    """

    payer: str
    lines: int
    rate_before: float
    rate_now: float
    allowed: float
    moved: bool


class DriftReport(msgspec.Struct, frozen=True, kw_only=True):
    """Recent submissions against a model's baseline.

    `lines` are those of the last 30 days before `as_of`, none from before the model
    was trained. `not_assessed` says why nothing was compared, empty where it was.
    `features` are all, farthest beyond what is allowed first. `proposal` is a sentence;
    `retrain` whether it is to train anew.
    """

    as_of: date
    trained_as_of: date
    lines: int
    not_assessed: str
    features: tuple[FeatureDrift, ...]
    risk: SpreadDrift | None
    payers: tuple[PayerDrift, ...]
    payers_not_assessed: int
    retrain: bool
    proposal: str


def drift_report(
    frame: Frame,
    bundle: Bundle,
    baseline: DriftBaseline,
    *,
    as_of: date,
    pseudonym: Callable[[str], str],
) -> DriftReport:
    """Compare what was sent and answered before `as_of` with a bundle's baseline."""
    trained, end = baseline.trained_as_of.toordinal(), as_of.toordinal()
    rows = submissions(frame, max(trained, end - MONTH_DAYS), end)
    payers = _payers(frame, baseline, as_of=as_of, pseudonym=pseudonym)
    features: tuple[FeatureDrift, ...] = ()
    risk, why = None, ""
    if end < trained:
        why = (
            f"this day ({as_of}) is before the model's training day"
            f" ({baseline.trained_as_of}): nothing can be compared"
        )
    elif len(rows) < MONTH_LINES:
        why = (
            f"{len(rows)} lines were sent since the model was trained, in the last"
            f" {MONTH_DAYS} days; comparing takes {MONTH_LINES}"
        )
    else:
        features = _features(frame.matrix[rows], baseline)
        raw = bundle.raw_output(frame.matrix[rows])
        risk = _drift(baseline.risk, bundle.facts.calibration.line_probability(raw))
    retrain, proposal = _proposal(features, risk, payers, baseline.trained_as_of)
    return DriftReport(
        as_of=as_of,
        trained_as_of=baseline.trained_as_of,
        lines=len(rows),
        not_assessed=why,
        features=features,
        risk=risk,
        payers=payers,
        payers_not_assessed=len(baseline.payers) - len(payers),
        retrain=retrain,
        proposal=why if why and not retrain else proposal,
    )


def _features(
    matrix: npt.NDArray[np.float64], baseline: DriftBaseline
) -> tuple[FeatureDrift, ...]:
    found = [
        FeatureDrift(
            feature=one.feature,
            unit=one.unit,
            share=one.share,
            drift=_drift(one.spread, matrix[:, at]),
            missing_before=one.spread.shares[-1],
            missing_now=float(np.isnan(matrix[:, at]).mean()),
        )
        for at, one in enumerate(baseline.features)
    ]
    return tuple(sorted(found, key=lambda one: -one.drift.distance / one.drift.allowed))


def _drift(spread: Spread, values: Floats) -> SpreadDrift:
    before = np.array(spread.shares) * spread.lines
    apart = distance(before, cell_counts(values, np.array(spread.edges)))
    # Fewer lines than a month had lie farther apart by chance alone.
    fewer = max(spread.usual_lines / len(values), 1.0)
    allowed = max(LEAST_DISTANCE, TIMES_USUAL * spread.usual * fewer)
    return SpreadDrift(distance=apart, allowed=allowed, moved=apart > allowed)


def _payers(
    frame: Frame,
    baseline: DriftBaseline,
    *,
    as_of: date,
    pseudonym: Callable[[str], str],
) -> tuple[PayerDrift, ...]:
    """Each answered line stands for those like it that are not answered yet."""
    rows = submissions(frame, baseline.trained_as_of.toordinal(), as_of.toordinal())
    labels = frame.labels(known_by=as_of)
    rows = rows[labels[rows] >= 0]
    if not len(rows):
        return ()
    payers = [frame.lines[row].view.payer for row in rows.tolist()]
    times = pace_of(frame, labels, known_by=as_of)
    age = (as_of.toordinal() - 1 - frame.submitted_on[rows]).astype(np.int32)
    every = np.ones(len(rows), dtype=np.bool_)
    paid = times.shares_answered(payers, age, denied=~every)
    denied = times.shares_answered(payers, age, denied=every)
    share = np.where(labels[rows] == 1, denied, paid)
    # Both are asked: a line's own outcome must not decide whether it takes part.
    known = np.minimum(paid, denied) >= _LEAST_ANSWERED
    positions: dict[str, list[int]] = {}
    for at in np.flatnonzero(known).tolist():
        positions.setdefault(payers[at], []).append(at)
    found = []
    for payer, each in sorted(positions.items()):
        before = baseline.payers.get(pseudonym(payer))
        if before is None or len(each) < _LEAST_PAYER_LINES:
            continue
        found.append(
            _payer(frame, rows[each], 1 / share[each], before, pseudonym(payer))
        )
    return tuple(sorted(found, key=lambda one: (not one.moved, one.payer)))


def _payer(
    frame: Frame, rows: Rows, weight: Floats, before: PayerBaseline, name: str
) -> PayerDrift:
    denied = (frame.denied[rows] > 0).astype(np.float64)
    rate = float(np.average(denied, weights=weight))
    members = [frame.lines[row].view.member for row in rows.tolist()]
    patients = np.unique(np.array(members, dtype=object), return_inverse=True)[1]
    residuals = np.bincount(patients, weights=weight * (denied - rate))
    own = float((residuals**2).sum()) / float(weight.sum()) ** 2
    earlier = before.denial_rate * (1 - before.denial_rate) / before.lines
    error = np.sqrt(own + earlier + before.month_deviation**2)
    allowed = max(_LEAST_POINTS, _STANDARD_ERRORS * float(error))
    return PayerDrift(
        payer=name,
        lines=len(rows),
        rate_before=before.denial_rate,
        rate_now=rate,
        allowed=allowed,
        moved=abs(rate - before.denial_rate) > allowed,
    )


def _proposal(
    features: tuple[FeatureDrift, ...],
    risk: SpreadDrift | None,
    payers: tuple[PayerDrift, ...],
    trained: date,
) -> tuple[bool, str]:
    reasons = []
    moved = [one for one in features if one.drift.moved]
    share = sum(one.share for one in moved)
    if share >= LEAST_SHARE:
        reasons.append(
            f"{len(moved)} features with {share:.0%} of its contributions have moved"
        )
    if risk is not None and risk.moved:
        reasons.append("the risks it states are spread otherwise")
    changed = [one for one in payers if one.moved]
    if changed:
        reasons.append(f"{len(changed)} payers deny at another rate")
    if not reasons:
        return False, f"Nothing calls for replacing the model of {trained}."
    return True, (
        f"Train anew: since the model of {trained}, {', '.join(reasons)}."
        " See `denialml radar` for what payers changed."
    )
