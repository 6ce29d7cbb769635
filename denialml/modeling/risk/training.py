"""Trains a bundle from what was answered before a day, cut in time."""

import hashlib
from datetime import date
from typing import Any

import lightgbm
import msgspec
import numpy as np
import numpy.typing as npt

from denialml.errors import NotEnoughHistory
from denialml.modeling.risk.bundle import FORMAT, Bundle, BundleFacts, TrainingFacts
from denialml.modeling.risk.calibration_fit import fit_calibration
from denialml.modeling.risk.evaluation import ranking_measures
from denialml.modeling.risk.features import FEATURES, vocabulary_hash
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import TrainingSpecification

_WEEK = 7
_LONG_PAST_DAYS = 120


class Slices(msgspec.Struct, frozen=True):
    """Row positions of one training run, in time order: each later than the last."""

    trees: npt.NDArray[np.intp]
    stopping: npt.NDArray[np.intp]
    calibration: npt.NDArray[np.intp]

    @property
    def everything(self) -> npt.NDArray[np.intp]:
        """All three, in time order."""
        return np.concatenate([self.trees, self.stopping, self.calibration])


def train_bundle(
    frame: Frame,
    *,
    specification: TrainingSpecification,
    known_by: date,
) -> Bundle:
    """Fit trees, choose their number, calibrate, then refit on every slice.

    The number of trees is chosen on the stopping slice. Trees on the first two slices
    are calibrated and measured on the third; the trees that ship are refitted on all
    three with the same number and keep that calibration.

    Parameters
    ----------
    frame : Frame
        May reach past `known_by`; later answers are not used.
    known_by : date
        Only answers received before this day are labels.

    Raises
    ------
    NotEnoughHistory
        If too few mature lines were answered or denied.
    """
    labels = frame.labels(known_by=known_by)
    slices = cut_slices(frame, labels, specification=specification, known_by=known_by)
    stopped = fit_trees(
        frame, labels, slices.trees, specification, stopping=slices.stopping
    )
    trees = max(20, stopped.best_iteration)
    early = np.concatenate([slices.trees, slices.stopping])
    measured = fit_trees(frame, labels, early, specification, trees=trees)
    rows = slices.calibration
    raw = np.asarray(measured.predict(frame.matrix[rows], raw_score=True))
    calibration = fit_calibration(raw, labels[rows], frame.claim[rows])
    measures = ranking_measures(labels[rows], calibration.line_probability(raw))
    final = fit_trees(frame, labels, slices.everything, specification, trees=trees)
    booster = _detached(final)
    return Bundle(
        booster,
        BundleFacts(
            format=FORMAT,
            version=_version(specification.name, known_by, booster),
            features=tuple(feature.name for feature in FEATURES),
            vocabulary=vocabulary_hash(),
            calibration=calibration,
            training=_training_facts(
                frame, labels, slices, trees, measures, specification, known_by
            ),
        ),
    )


def cut_slices(
    frame: Frame,
    labels: npt.NDArray[np.int8],
    *,
    specification: TrainingSpecification,
    known_by: date,
) -> Slices:
    """Rows for trees, for choosing their number and for calibration, by whole days.

    Raises
    ------
    NotEnoughHistory
        If too few mature lines were answered or denied, or on too few days.
    """
    cut = specification.slices
    last = last_mature_day(frame, mature_share=cut.mature_share, known_by=known_by)
    first = int(frame.submitted_on.min(initial=last)) + cut.warm_up_days
    usable = (
        (labels >= 0)
        & frame.original
        & (frame.submitted_on >= first)
        & (frame.submitted_on <= last)
    )
    rows = np.flatnonzero(usable)
    denied = int(labels[rows].sum())
    least = specification.minimum
    if len(rows) < least.answered_lines or denied < least.denied_lines:
        raise NotEnoughHistory(
            f"{len(rows)} answered lines with {denied} denials before {known_by};"
            f" training takes {least.answered_lines} with {least.denied_lines}"
        )
    days = frame.submitted_on[rows]
    kept = 1.0 - cut.stopping_share - cut.calibration_share
    stop_day = days[int(len(rows) * kept)]
    calibration_day = days[int(len(rows) * (kept + cut.stopping_share))]
    slices = Slices(
        rows[days < stop_day],
        rows[(days >= stop_day) & (days < calibration_day)],
        rows[days >= calibration_day],
    )
    for each in (slices.trees, slices.stopping, slices.calibration):
        if not 0 < labels[each].sum() < len(each):
            raise NotEnoughHistory(
                f"the {len(rows)} answered lines before {known_by} do not spread over"
                " enough days to train, stop and calibrate on both outcomes each"
            )
    return slices


def last_mature_day(frame: Frame, *, mature_share: float, known_by: date) -> int:
    """The last submission day (ordinal) whose week has been answered almost fully.

    Answers come late and denials later than payments: among claims sent lately, those
    answered are too often paid. Submissions that a 277CA rejected are not waited for.
    """
    asked = frame.original & (frame.rejected_on > known_by.toordinal())
    asked &= frame.submitted_on < known_by.toordinal()
    weeks = (known_by.toordinal() - 1 - frame.submitted_on[asked]) // _WEEK
    if not len(weeks):
        return known_by.toordinal()
    answered = frame.answered_on[asked] < known_by.toordinal()
    asked_count = np.bincount(weeks)
    answered_count = np.bincount(weeks, weights=answered)
    long_past = slice(_LONG_PAST_DAYS // _WEEK, None)
    asked_long_past = asked_count[long_past].sum()
    plateau = (
        answered_count[long_past].sum() / asked_long_past if asked_long_past else 1
    )
    for week, (count, known) in enumerate(
        zip(asked_count, answered_count, strict=True)
    ):
        if count and known / count >= mature_share * plateau:
            return known_by.toordinal() - 1 - week * _WEEK
    return int(frame.submitted_on.min()) - 1


def fit_trees(
    frame: Frame,
    labels: npt.NDArray[np.int8],
    rows: npt.NDArray[np.intp],
    specification: TrainingSpecification,
    *,
    stopping: npt.NDArray[np.intp] | None = None,
    trees: int | None = None,
) -> lightgbm.Booster:
    """Boosted trees on these rows: as many as `trees`, or stopped on `stopping`."""
    data = lightgbm.Dataset(frame.matrix[rows], label=labels[rows], free_raw_data=True)
    settings = _settings(specification)
    if stopping is None:
        return lightgbm.train(settings, data, num_boost_round=trees or 1)
    watched = data.create_valid(frame.matrix[stopping], label=labels[stopping])
    return lightgbm.train(
        settings,
        data,
        num_boost_round=specification.trees.maximum,
        valid_sets=[watched],
        callbacks=[
            lightgbm.early_stopping(
                specification.trees.early_stopping_rounds, verbose=False
            )
        ],
    )


def _settings(specification: TrainingSpecification) -> dict[str, Any]:
    trees = specification.trees
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "num_leaves": trees.leaves,
        "learning_rate": trees.learning_rate,
        "min_data_in_leaf": trees.minimum_rows_in_leaf,
        "feature_fraction": trees.feature_share,
        "bagging_fraction": trees.row_share,
        "bagging_freq": 1,
        "lambda_l2": trees.l2,
        "seed": specification.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": trees.threads,
        "verbosity": -1,
    }


def _detached(booster: lightgbm.Booster) -> lightgbm.Booster:
    """The booster as serving reads it back, without its training data."""
    return lightgbm.Booster(model_str=booster.model_to_string())


def _version(name: str, known_by: date, booster: lightgbm.Booster) -> str:
    """Name, day and eight digits of the trees' hash: equal only for equal trees."""
    digest = hashlib.sha256(booster.model_to_string().encode()).hexdigest()
    return f"{name}-{known_by:%Y%m%d}-{digest[:8]}"


def _training_facts(
    frame: Frame,
    labels: npt.NDArray[np.int8],
    slices: Slices,
    trees: int,
    measures: dict[str, float],
    specification: TrainingSpecification,
    known_by: date,
) -> TrainingFacts:
    rows = slices.everything
    days = frame.submitted_on[rows]
    return TrainingFacts(
        name=specification.name,
        trained_as_of=known_by.isoformat(),
        first_submission=date.fromordinal(int(days.min())).isoformat(),
        last_submission=date.fromordinal(int(days.max())).isoformat(),
        answered_lines=len(rows),
        denied_lines=int(labels[rows].sum()),
        trees=trees,
        seed=specification.seed,
        measures=measures,
        lightgbm_version=lightgbm.__version__,
    )
