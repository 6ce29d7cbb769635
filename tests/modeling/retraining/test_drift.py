"""Drift: distances by hand, and what moves on a practice changed in one thing."""

from collections.abc import Callable
from datetime import date, timedelta

import msgspec
import numpy as np
import pytest

from denialml.cli.drift import show_drift
from denialml.modeling.retraining.drift import (
    DriftReport,
    FeatureDrift,
    SpreadDrift,
    drift_report,
)
from denialml.modeling.retraining.drift_baseline import (
    DriftBaseline,
    drift_baseline,
    month_numbers,
)
from denialml.modeling.retraining.feature_summary import FeatureWeight
from denialml.modeling.retraining.spread import (
    cell_counts,
    distance,
    spread_of,
)
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.frames import Frame

TRAINED = date(2023, 11, 1)
AS_OF = TRAINED + timedelta(days=30)
NAMES = [feature.name for feature in FEATURES]


def test_the_distance_of_two_halves_and_a_quarter_by_hand() -> None:
    """(0.25 - 0.5) ln(0.25 / 0.5) + (0.75 - 0.5) ln(0.75 / 0.5), but for half lines."""
    found = distance(np.array([5e5, 5e5, 0.0]), np.array([2.5e5, 7.5e5, 0.0]))
    assert found == pytest.approx(0.2747, abs=1e-3)
    assert distance(np.array([3.0, 4.0]), np.array([300.0, 400.0])) < 0.01


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([0.0] * 95 + [1.0] * 5, [0.0] * 70 + [1.0] * 30, id="few ones"),
        pytest.param([1.0] * 95 + [0.0] * 5, [1.0] * 70 + [0.0] * 30, id="few zeros"),
        pytest.param([2.0] * 90 + [np.nan] * 10, [2.0] * 50 + [np.nan] * 50, id="NaN"),
        pytest.param([np.nan] * 100, [1.0] * 50 + [np.nan] * 50, id="never known"),
    ],
)
def test_a_heap_of_equal_values_hides_nothing(
    before: list[float], after: list[float]
) -> None:
    spread = spread_of(np.array(before * 20), np.full(2000, -1))
    assert sum(spread.shares) == pytest.approx(1.0)
    edges = np.array(spread.edges)
    counts = np.array(spread.shares) * spread.lines
    assert distance(counts, cell_counts(np.array(before * 10), edges)) < 0.01
    assert distance(counts, cell_counts(np.array(after * 10), edges)) > 0.3


def test_what_is_usual_is_the_farthest_month_but_one() -> None:
    random = np.random.default_rng(3)
    months = np.repeat(np.arange(12), 500)
    quiet = random.normal(size=6000)
    odd = quiet + np.where(months == 4, 3.0, 0.0)
    assert spread_of(quiet, months).usual < 0.1
    assert spread_of(odd, months).usual < 0.3
    twice = quiet + np.where(months >= 10, 3.0, 0.0)
    assert spread_of(twice, months).usual > 1.0
    assert spread_of(quiet, months).usual_lines == 500


def test_a_month_of_few_lines_is_not_compared() -> None:
    first = TRAINED.toordinal()
    days = np.array([first - 1] * 150 + [first - 31] * 20, dtype=np.int32)
    assert set(month_numbers(days, TRAINED)[:150].tolist()) == {0}
    assert set(month_numbers(days, TRAINED)[150:].tolist()) == {-1}


@pytest.fixture(scope="module")
def baseline(small_frame: Frame, small_bundle: Bundle) -> DriftBaseline:
    weights = tuple(
        FeatureWeight(
            feature=name, mean_contribution=0.1, share=1 / len(NAMES), direction=1.0
        )
        for name in NAMES
    )
    return drift_baseline(
        small_frame,
        small_bundle,
        weights=weights,
        mature_share=0.95,
        known_by=TRAINED,
        pseudonym=lambda payer: f"payer-of-{payer}",
        smallest_cell=3,
    )


@pytest.fixture(scope="module")
def compared(
    small_frame: Frame, small_bundle: Bundle, baseline: DriftBaseline
) -> Callable[..., DriftReport]:
    def against(frame: Frame = small_frame, as_of: date = AS_OF) -> DriftReport:
        return drift_report(
            frame,
            small_bundle,
            baseline,
            as_of=as_of,
            pseudonym=lambda payer: f"payer-of-{payer}",
        )

    return against


def _changed(frame: Frame, name: str, value: float) -> Frame:
    matrix = frame.matrix.copy()
    recent = frame.submitted_on >= TRAINED.toordinal()
    matrix[recent, NAMES.index(name)] = value
    return msgspec.structs.replace(frame, matrix=matrix)


def test_the_baseline_holds_no_extreme_and_no_payer(baseline: DriftBaseline) -> None:
    assert baseline.trained_as_of == TRAINED
    assert set(baseline.payers) == {"payer-of-P1", "payer-of-P2"}
    for one in baseline.payers.values():
        assert 0 < one.denial_rate < 1
        assert one.month_deviation >= 0
    written = msgspec.json.encode(baseline)
    assert msgspec.json.decode(written, type=DriftBaseline) == baseline


def test_an_unchanged_practice_calls_for_nothing(
    compared: Callable[..., DriftReport],
) -> None:
    found = compared()
    assert found.not_assessed == ""
    assert found.lines >= 100
    assert not found.retrain, found.proposal
    assert found.proposal == f"Nothing calls for replacing the model of {TRAINED}."


@pytest.mark.parametrize("value", [np.nan, 1e6], ids=["not known", "far off"])
def test_a_feed_that_stops_is_the_first_feature_named(
    small_frame: Frame, compared: Callable[..., DriftReport], value: float
) -> None:
    found = compared(_changed(small_frame, "charge", value))
    first = found.features[0]
    assert first.feature == "charge"
    assert first.drift.moved
    assert first.drift.distance > first.drift.allowed >= 0.1
    assert first.missing_now == (1.0 if np.isnan(value) else 0.0)


def test_moved_features_of_little_weight_do_not_call_for_a_retraining(
    small_frame: Frame, compared: Callable[..., DriftReport]
) -> None:
    """One feature here carries a ninetieth; a tenth takes nine or more."""
    one = _changed(small_frame, "charge", np.nan)
    several = one
    for name in NAMES[:20]:
        several = _changed(several, name, np.nan)
    assert "features" not in compared(one).proposal
    found = compared(several)
    assert found.retrain
    assert "of its contributions have moved" in found.proposal


def test_a_payer_that_denies_more_is_found_once_it_has_answered(
    small_frame: Frame, compared: Callable[..., DriftReport]
) -> None:
    """Half of P1's lines sent after the training day are denied instead of paid."""
    payers = np.array([line.view.payer for line in small_frame.lines])
    later = (small_frame.submitted_on >= TRAINED.toordinal()) & (payers == "P1")
    denied = small_frame.denied.copy()
    denied[np.flatnonzero(later)[::2]] = 1
    worse = msgspec.structs.replace(small_frame, denied=denied)
    as_of = TRAINED + timedelta(days=75)
    before = {one.payer: one for one in compared(as_of=as_of).payers}
    after = {one.payer: one for one in compared(worse, as_of).payers}
    assert not any(one.moved for one in before.values())
    assert after["payer-of-P1"].moved
    assert not after["payer-of-P2"].moved
    assert after["payer-of-P1"].rate_now > 0.4
    assert "1 payers deny at another rate" in compared(worse, as_of).proposal


def test_too_few_lines_are_not_compared(compared: Callable[..., DriftReport]) -> None:
    found = compared(as_of=TRAINED + timedelta(days=2))
    assert found.features == ()
    assert found.risk is None
    assert "comparing takes 100" in found.not_assessed
    assert found.proposal == found.not_assessed


def test_a_day_before_the_training_is_said_to_be_one(
    compared: Callable[..., DriftReport],
) -> None:
    report = compared(as_of=TRAINED - timedelta(days=1))
    assert not report.retrain
    assert report.proposal == (
        "this day (2023-10-31) is before the model's training day (2023-11-01):"
        " nothing can be compared"
    )


def test_what_moved_and_counts_is_shown_first_and_what_counts_nothing_never(
    compared: Callable[..., DriftReport], capsys: pytest.CaptureFixture[str]
) -> None:
    def told(name: str, share: float, apart: float) -> FeatureDrift:
        return FeatureDrift(
            feature=name,
            unit="",
            share=share,
            drift=SpreadDrift(distance=apart, allowed=0.1, moved=apart > 0.1),
            missing_before=0.0,
            missing_now=0.0,
        )

    features = (
        told("unused", 0.0, 9.0),
        *(told(f"small{at}", 0.001, 5.0) for at in range(12)),
        told("weighty", 0.4, 0.2),
        told("still", 0.5, 0.05),
    )
    report = msgspec.structs.replace(compared(), features=features)
    show_drift(report)
    out = capsys.readouterr().out
    assert "unused" not in out
    assert "still" not in out
    assert out.index("weighty") < out.index("small0")
