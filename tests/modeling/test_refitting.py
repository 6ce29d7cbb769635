"""A refit grows the trees anew and keeps what the last full training chose."""

from datetime import timedelta

import numpy as np

from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.refitting import FULL_TRAINING_DAYS, refit_bundle
from tests.modeling.conftest import FULL, TRAINED_AS_OF


def test_it_keeps_calibration_and_number_of_trees_and_learns_the_new_answers(
    small_frame: Frame, small_bundle: Bundle
) -> None:
    refitted = refit_bundle(
        small_frame,
        small_bundle,
        specification=FULL,
        known_by=TRAINED_AS_OF + timedelta(days=30),
    )
    assert refitted.facts.calibration == small_bundle.facts.calibration
    assert refitted.booster.num_trees() == small_bundle.booster.num_trees()
    assert refitted.version != small_bundle.version
    rows = small_frame.matrix[-50:]
    assert not np.array_equal(refitted.raw_output(rows), small_bundle.raw_output(rows))


def test_after_half_a_year_it_is_trained_in_full(
    small_frame: Frame, small_bundle: Bundle
) -> None:
    later = TRAINED_AS_OF + timedelta(days=FULL_TRAINING_DAYS)
    refitted = refit_bundle(
        small_frame, small_bundle, specification=FULL, known_by=later
    )
    assert refitted.facts.training.trained_as_of == later.isoformat()
