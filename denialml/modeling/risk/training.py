"""Trains a bundle from what was answered before a day, cut in time."""

import hashlib
from datetime import date
from functools import partial

import lightgbm
import numpy as np
import numpy.typing as npt

from denialml.modeling.knowledge.rule_outcomes import rule_set_hash
from denialml.modeling.risk.bundle import FORMAT, Bundle, BundleFacts, TrainingFacts
from denialml.modeling.risk.calibration_fit import fit_calibration
from denialml.modeling.risk.evaluation import ranking_measures
from denialml.modeling.risk.features import FEATURES, vocabulary_hash
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.interval_fit import with_spread
from denialml.modeling.risk.slicing import (
    Slices,
    cut_slices,
    last_mature_day,
    usable_rows,
)
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.starting_rates import log_odds_of_rate, starting_position
from denialml.modeling.risk.thin_history import Fitted, fit_thin
from denialml.modeling.risk.tree_fitting import Grow, detached, fit_trees, grow_here

__all__ = ["Slices", "cut_slices", "fit_trees", "last_mature_day", "train_bundle"]


def train_bundle(
    frame: Frame,
    *,
    specification: TrainingSpecification,
    known_by: date,
    grow: Grow = grow_here,
) -> Bundle:
    """Fit a model on what had been answered before a day, and say how it was chosen.

    With few answered lines (`specification.thin`) what serves is chosen by
    `thin_history`; `TrainingFacts.kind` and `kind_reason` say which and why.

    Parameters
    ----------
    frame : Frame
        May reach past `known_by`; later answers are not used.
    known_by : date
        Only answers received before this day are labels.
    grow : callable
        Where trees of a fixed number are grown; a thin history's are grown here.

    Raises
    ------
    NotEnoughHistory
        If no line of an original claim was answered at all.
    """
    labels = frame.labels(known_by=known_by)
    usable = usable_rows(frame, labels, specification=specification, known_by=known_by)
    is_thin = len(usable.rows) < specification.thin.lines
    fit = fit_thin if is_thin else partial(_fit_full, grow=grow)
    fitted = fit(frame, labels, specification=specification, known_by=known_by)
    booster = detached(fitted.booster)
    position = starting_position(fitted.kind)
    start = 0.0
    if position is not None:
        start = float(log_odds_of_rate(frame.matrix[fitted.rows, position]).mean())
    return Bundle(
        booster,
        BundleFacts(
            format=FORMAT,
            version=_version(specification.name, known_by, booster),
            features=tuple(feature.name for feature in FEATURES),
            vocabulary=vocabulary_hash(),
            calibration=fitted.calibration,
            training=_training_facts(frame, labels, fitted, specification, known_by),
            kind=fitted.kind,
            mean_start=start,
            rules=rule_set_hash() if frame.with_rules else "",
        ),
    )


def _fit_full(
    frame: Frame,
    labels: npt.NDArray[np.int8],
    *,
    specification: TrainingSpecification,
    known_by: date,
    grow: Grow,
) -> Fitted:
    """Fit trees, choose their number, calibrate, then refit on every slice.

    The number of trees is chosen on the stopping slice. Trees on the first two slices
    are calibrated and measured on the third; the trees that ship are refitted on all
    three with the same number and keep that calibration.
    """
    slices = cut_slices(frame, labels, specification=specification, known_by=known_by)
    weight = slices.weight
    stopped = fit_trees(
        frame,
        labels,
        slices.trees,
        specification,
        weight=weight,
        stopping=slices.stopping,
    )
    trees = max(20, stopped.best_iteration)
    early = np.concatenate([slices.trees, slices.stopping])
    measured = fit_trees(
        frame, labels, early, specification, weight=weight, trees=trees, grow=grow
    )
    rows = slices.calibration
    raw = np.asarray(measured.predict(frame.matrix[rows], raw_score=True))
    calibration = fit_calibration(
        raw,
        labels[rows],
        frame.claim[rows],
        weight=weight[rows],
    )
    return Fitted(
        booster=fit_trees(
            frame,
            labels,
            slices.everything,
            specification,
            weight=weight,
            trees=trees,
            grow=grow,
        ),
        kind="trees",
        reason="",
        calibration=with_spread(
            calibration, frame, labels, slices, specification, trees=trees, grow=grow
        ),
        measures=ranking_measures(labels[rows], calibration.line_probability(raw)),
        rows=slices.everything,
        trees=trees,
    )


def _version(name: str, known_by: date, booster: lightgbm.Booster) -> str:
    """Name, day and eight digits of the trees' hash: equal only for equal trees."""
    digest = hashlib.sha256(booster.model_to_string().encode()).hexdigest()
    return f"{name}-{known_by:%Y%m%d}-{digest[:8]}"


def _training_facts(
    frame: Frame,
    labels: npt.NDArray[np.int8],
    fitted: Fitted,
    specification: TrainingSpecification,
    known_by: date,
) -> TrainingFacts:
    rows = fitted.rows
    days = frame.submitted_on[rows]
    return TrainingFacts(
        name=specification.name,
        trained_as_of=known_by.isoformat(),
        first_submission=date.fromordinal(int(days.min())).isoformat(),
        last_submission=date.fromordinal(int(days.max())).isoformat(),
        answered_lines=len(rows),
        denied_lines=int((labels[rows] > 0).sum()),
        trees=fitted.trees,
        seed=specification.seed,
        measures=fitted.measures,
        lightgbm_version=lightgbm.__version__,
        kind_reason=fitted.reason,
    )
