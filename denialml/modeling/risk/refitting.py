"""Refits a trained model on what has been answered since, without choosing anew.

How many trees there are, their calibration and its spread stay those of the last full
training: they were chosen on slices that a refit would have to set aside again. Only
the trees are grown anew, on every answer known by the day. That takes a third of a full
training, and follows a payer that changed its rules last month.
"""

from datetime import date

import msgspec

from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.slicing import usable_rows
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.modeling.risk.tree_fitting import Grow, detached, fit_trees, grow_here

FULL_TRAINING_DAYS = 180
"""After so many days the number of trees and the calibration are chosen again."""


def refit_bundle(
    frame: Frame,
    bundle: Bundle,
    *,
    specification: TrainingSpecification,
    known_by: date,
    grow: Grow = grow_here,
) -> Bundle:
    """The bundle as of `known_by`: refitted, or trained in full where that is due.

    A model of a thin history is always trained in full: what serves it may change.
    The refitted trees keep the measures of the last full training, which they were not
    measured by: for walks through history, never for promotion.
    """
    training = bundle.facts.training
    age = (known_by - date.fromisoformat(training.trained_as_of)).days
    if bundle.facts.kind != "trees" or age >= FULL_TRAINING_DAYS:
        return train_bundle(
            frame, specification=specification, known_by=known_by, grow=grow
        )
    labels = frame.labels(known_by=known_by)
    usable = usable_rows(frame, labels, specification=specification, known_by=known_by)
    booster = detached(
        fit_trees(
            frame,
            labels,
            usable.rows,
            specification,
            weight=usable.weight,
            trees=training.trees,
            grow=grow,
        )
    )
    facts = msgspec.structs.replace(
        bundle.facts, version=f"{bundle.facts.version}+{known_by:%Y%m%d}"
    )
    return Bundle(booster, facts)
