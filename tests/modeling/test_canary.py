"""With shuffled outcomes nothing can be learnt, and a leak would be seen."""

from collections import Counter

import msgspec
import numpy as np
import pytest

from denialml.domain.facts import PracticeRecords
from denialml.modeling.risk import canary, frames
from denialml.modeling.risk.canary import (
    Canary,
    chance_error,
    measure_canary,
    shuffle_outcomes,
)
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import TrainingSpecification
from tests.modeling.conftest import TRAINED_AS_OF


def _measure(records: PracticeRecords) -> Canary:
    return measure_canary(
        records, specification=TrainingSpecification(), known_by=TRAINED_AS_OF
    )


def test_shuffling_keeps_days_and_counts_and_changes_who_was_denied(
    small_records: PracticeRecords,
) -> None:
    shuffled = shuffle_outcomes(small_records, seed=1)
    before, after = small_records.adjudications, shuffled.adjudications
    assert [(one.claim_id, one.line_number, one.received_on) for one in before] == [
        (one.claim_id, one.line_number, one.received_on) for one in after
    ]
    assert Counter(one.outcome for one in before) == Counter(
        one.outcome for one in after
    )
    moved = sum(
        one.outcome != other.outcome for one, other in zip(before, after, strict=True)
    )
    assert moved > 0.2 * len(before)


def test_nothing_is_learnt_from_shuffled_outcomes(
    small_records: PracticeRecords,
) -> None:
    found = _measure(small_records)
    assert abs(found.auc - 0.5) < 4 * found.standard_error
    assert found.standard_error < 0.05


def test_a_leak_is_seen(
    small_records: PracticeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column that holds a noisy copy of the row's own outcome."""

    def leaking(*arguments: object, **settings: object) -> Frame:
        frame = frames.build_frame(*arguments, **settings)  # type: ignore[arg-type]
        matrix = frame.matrix.copy()
        noise = np.random.default_rng(1).normal(0, 1, len(matrix))
        matrix[:, 0] = frame.denied + noise
        return msgspec.structs.replace(frame, matrix=matrix)

    monkeypatch.setattr(canary, "build_frame", leaking)
    found = _measure(small_records)
    assert found.auc - 0.5 > 4 * found.standard_error


def test_the_error_of_chance_by_hand() -> None:
    assert chance_error(10, paid=10) == pytest.approx((21 / 1200) ** 0.5)
    assert chance_error(0, paid=10) == 0.5
