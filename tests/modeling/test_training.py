"""Training: cuts in time, maturity, refusal of thin history, determinism, canary."""

from datetime import date, timedelta

import msgspec
import numpy as np
import pytest

from denialml.errors import InputError, NotEnoughHistory
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.frames import NEVER, Frame
from denialml.modeling.risk.specification import (
    Minimum,
    TrainingSpecification,
    Trees,
    load_specification,
)
from denialml.modeling.risk.training import (
    cut_slices,
    last_mature_day,
    train_bundle,
)
from tests.modeling.conftest import FULL, TRAINED_AS_OF

SPECIFICATION = FULL


def test_slices_follow_each_other_and_hold_only_known_answers(
    small_frame: Frame,
) -> None:
    labels = small_frame.labels(known_by=TRAINED_AS_OF)
    slices = cut_slices(
        small_frame, labels, specification=SPECIFICATION, known_by=TRAINED_AS_OF
    )
    days = small_frame.submitted_on
    assert days[slices.trees].max() < days[slices.stopping].min()
    assert days[slices.stopping].max() < days[slices.calibration].min()
    everything = slices.everything
    assert len(np.unique(everything)) == len(everything)
    assert small_frame.answered_on[everything].max() < TRAINED_AS_OF.toordinal()
    assert set(labels[everything].tolist()) == {0, 1}


def _frame(
    submitted: list[int], answered: list[int], rejected: list[int] | None = None
) -> Frame:
    rows = len(submitted)
    return Frame(
        matrix=np.zeros((rows, len(FEATURES))),
        denied=np.zeros(rows, dtype=np.int8),
        submitted_on=np.array(submitted, dtype=np.int32),
        answered_on=np.array(answered, dtype=np.int32),
        rejected_on=np.array(rejected or [NEVER] * rows, dtype=np.int32),
        original=np.ones(rows, dtype=np.bool_),
        claim=np.arange(rows, dtype=np.int32),
        lines=(),
    )


def test_weeks_not_yet_answered_are_left_out() -> None:
    known_by = date(2024, 6, 1)
    day = known_by.toordinal()
    submitted = list(range(day - 300, day))
    # Every claim takes 28 days: the last four weeks have no answer at all.
    frame = _frame(submitted, [each + 28 for each in submitted])
    last = last_mature_day(frame, mature_share=0.95, known_by=known_by)
    assert last == day - 1 - 28


def test_rejected_claims_do_not_hold_a_week_back() -> None:
    known_by = date(2024, 6, 1)
    day = known_by.toordinal()
    submitted = list(range(day - 300, day))
    answered = [each + 1 if each % 3 else NEVER for each in submitted]
    rejected = [NEVER if each % 3 else each + 1 for each in submitted]
    frame = _frame(submitted, answered, rejected)
    last = last_mature_day(frame, mature_share=0.95, known_by=known_by)
    assert last >= day - 1 - 7


def test_with_too_few_answers_for_trees_the_rates_serve_and_say_so(
    small_frame: Frame,
) -> None:
    strict = msgspec.structs.replace(
        TrainingSpecification(),
        minimum=Minimum(answered_lines=1500, denied_lines=150),
    )
    bundle = train_bundle(small_frame, specification=strict, known_by=date(2023, 5, 1))
    assert bundle.facts.kind == "cause-rates"
    assert bundle.facts.training.trees == 0
    assert "trees take 1500 with 150" in bundle.facts.training.kind_reason
    column = [feature.name for feature in FEATURES].index("rate_by_cause")
    rates = small_frame.matrix[:50, column]
    said = bundle.facts.calibration.line_probability(
        bundle.raw_output(small_frame.matrix[:50])
    )
    assert said == pytest.approx(rates, rel=1e-9)


def test_without_any_answer_nothing_is_trained(small_frame: Frame) -> None:
    first = date.fromordinal(int(small_frame.submitted_on.min()))
    with pytest.raises(NotEnoughHistory, match="no claim line was answered"):
        train_bundle(small_frame, specification=TrainingSpecification(), known_by=first)


def test_lines_of_a_single_day_cannot_be_cut_in_time(small_frame: Frame) -> None:
    day = int(small_frame.submitted_on[2000])
    rows = np.flatnonzero(
        (small_frame.submitted_on == day) | (np.arange(len(small_frame.denied)) == 0)
    )
    frame = msgspec.structs.replace(
        small_frame,
        **{
            name: getattr(small_frame, name)[rows]
            for name in (
                "matrix",
                "denied",
                "submitted_on",
                "answered_on",
                "rejected_on",
                "original",
                "claim",
            )
        },
        lines=tuple(small_frame.lines[row] for row in rows.tolist()),
    )
    few = msgspec.structs.replace(
        TrainingSpecification(), minimum=Minimum(answered_lines=1, denied_lines=0)
    )
    bundle = train_bundle(frame, specification=few, known_by=date(2025, 1, 1))
    assert bundle.facts.kind == "cause-rates"
    assert "do not spread over" in bundle.facts.training.kind_reason


def test_training_twice_gives_the_same_model(
    small_frame: Frame, small_bundle: Bundle
) -> None:
    again = train_bundle(
        small_frame, specification=SPECIFICATION, known_by=TRAINED_AS_OF
    )
    assert again.facts == small_bundle.facts
    assert again.booster.model_to_string() == small_bundle.booster.model_to_string()


def test_later_answers_do_not_change_the_model(
    small_frame: Frame, small_bundle: Bundle
) -> None:
    known = small_frame.answered_on < TRAINED_AS_OF.toordinal()
    flipped = msgspec.structs.replace(
        small_frame,
        denied=np.where(known, small_frame.denied, 1 - small_frame.denied).astype(
            np.int8
        ),
    )
    again = train_bundle(flipped, specification=SPECIFICATION, known_by=TRAINED_AS_OF)
    assert again.booster.model_to_string() == small_bundle.booster.model_to_string()


def test_the_model_ranks(small_bundle: Bundle) -> None:
    assert small_bundle.facts.training.measures["auc"] > 0.85


def test_trees_are_capped(small_frame: Frame) -> None:
    few = msgspec.structs.replace(SPECIFICATION, trees=Trees(maximum=25))
    bundle = train_bundle(small_frame, specification=few, known_by=TRAINED_AS_OF)
    assert bundle.booster.num_trees() <= 25


def test_probabilities_are_calibrated_on_what_follows(
    small_frame: Frame, small_bundle: Bundle
) -> None:
    rows = np.flatnonzero(
        (small_frame.submitted_on >= TRAINED_AS_OF.toordinal())
        & (small_frame.denied >= 0)
    )
    risk = small_bundle.facts.calibration.line_probability(
        small_bundle.raw_output(small_frame.matrix[rows])
    )
    assert risk.mean() == pytest.approx(small_frame.denied[rows].mean(), abs=0.05)


def test_the_packaged_specification_is_the_default(pytestconfig: pytest.Config) -> None:
    path = pytestconfig.rootpath / "models" / "denial_risk.toml"
    assert load_specification(path) == TrainingSpecification()


def test_an_unknown_setting_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("models") / "wrong.toml"
    path.write_text("seed = 1\n[trees]\nleafs = 3\n")
    with pytest.raises(InputError, match=r"wrong\.toml.*leafs"):
        load_specification(path)


def test_days_in_the_calibration_slice_are_after_the_warm_up(
    small_frame: Frame,
) -> None:
    labels = small_frame.labels(known_by=TRAINED_AS_OF)
    slices = cut_slices(
        small_frame, labels, specification=SPECIFICATION, known_by=TRAINED_AS_OF
    )
    first = small_frame.submitted_on.min() + SPECIFICATION.slices.warm_up_days
    assert small_frame.submitted_on[slices.trees].min() >= first
    assert timedelta(days=SPECIFICATION.slices.warm_up_days) > timedelta(0)
