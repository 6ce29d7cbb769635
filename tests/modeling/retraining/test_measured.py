"""Measures with intervals, groups and the decision curve on the small practice."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from denialml.domain.claim import Patient
from denialml.errors import NotEnoughHistory
from denialml.modeling.retraining.comparison import Contestant, compare
from denialml.modeling.retraining.decision_curve import decision_curve
from denialml.modeling.retraining.feature_summary import (
    explain_sample,
    feature_weights,
)
from denialml.modeling.retraining.fingerprint import data_fingerprint
from denialml.modeling.retraining.holdout import (
    line_risk,
    newest_window,
    stand_in,
    table_risk,
)
from denialml.modeling.retraining.measured import (
    age_band,
    calibration_table,
    difference_interval,
    measure_with_intervals,
    payer_type,
    per_payer,
    per_subgroup,
)
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.evaluation import log_loss
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import (
    Evaluation,
    Gates,
    Slices,
    TrainingSpecification,
)
from denialml.modeling.risk.training import train_bundle
from tests.modeling.small_practice import make_claim

KNOWN_BY = date(2024, 2, 1)
QUICK = TrainingSpecification(evaluation=Evaluation(rounds=40, smallest_cell=3))


def test_the_window_is_newer_than_anything_its_judge_learnt_from(
    small_frame: Frame,
) -> None:
    window = newest_window(small_frame, specification=QUICK, known_by=KNOWN_BY)
    judge = stand_in(small_frame, specification=QUICK, known_by=window.first_day)
    assert judge.facts.training.trained_as_of == window.first_day.isoformat()
    days = small_frame.submitted_on[window.rows]
    assert days.min() == window.first_day.toordinal()
    assert set(window.denied.tolist()) == {0, 1}
    labels = small_frame.labels(known_by=KNOWN_BY)
    share = len(window.rows) / (labels >= 0).sum()
    assert 0.1 < share < 0.25
    risk, table = (
        line_risk(judge, small_frame, window),
        table_risk(small_frame, window),
    )
    assert log_loss(window.denied, risk) < log_loss(window.denied, table)


def test_the_window_reaches_back_for_enough_denials(small_frame: Frame) -> None:
    usual = newest_window(small_frame, specification=QUICK, known_by=KNOWN_BY)
    more = TrainingSpecification(
        gates=Gates(minimum_denied=int(usual.denied.sum()) * 2)
    )
    wider = newest_window(small_frame, specification=more, known_by=KNOWN_BY)
    assert wider.first_day < usual.first_day
    assert wider.denied.sum() >= more.gates.minimum_denied
    with pytest.raises(NotEnoughHistory, match="judging a model takes"):
        newest_window(
            small_frame,
            specification=TrainingSpecification(gates=Gates(minimum_lines=10**6)),
            known_by=KNOWN_BY,
        )


def test_an_outcome_that_came_later_is_not_in_the_window(small_frame: Frame) -> None:
    window = newest_window(small_frame, specification=QUICK, known_by=KNOWN_BY)
    assert (small_frame.answered_on[window.rows] < KNOWN_BY.toordinal()).all()


def test_intervals_hold_the_value_and_narrow_with_patients() -> None:
    random = np.random.default_rng(3)
    risk = random.uniform(0.05, 0.6, 4000)
    denied = (random.random(4000) < risk).astype(np.int8)
    few, many = np.arange(4000) // 200, np.arange(4000)

    def width(patients: np.ndarray) -> float:
        found = measure_with_intervals(denied, risk, patients, rounds=100, seed=1)
        assert found["auc"].low < found["auc"].value < found["auc"].high
        return found["log_loss"].high - found["log_loss"].low

    assert width(few) > 0
    assert 0 < width(many) < 0.1
    one_sided = measure_with_intervals(
        np.zeros(50, dtype=np.int8), risk[:50], many[:50], rounds=10, seed=1
    )
    assert "auc" not in one_sided


def test_a_paired_difference_of_a_risk_with_itself_is_nothing() -> None:
    denied = np.array([0, 1] * 50, dtype=np.int8)
    risk = np.linspace(0.1, 0.9, 100)
    same = difference_interval(denied, risk, risk, np.arange(100), rounds=20, seed=1)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    worse = difference_interval(
        denied, 1 - denied * 0.98 - 0.01, risk, np.arange(100), rounds=20, seed=1
    )
    assert worse.low > 0


def test_bins_are_equally_filled_and_rise() -> None:
    risk = np.linspace(0, 1, 1000)
    denied = (np.arange(1000) % 2).astype(np.int8)
    bins = calibration_table(denied, risk)
    assert [one.lines for one in bins] == [100] * 10
    assert all(one.denial_rate == 0.5 for one in bins)
    assert bins[0].mean_risk == pytest.approx(0.0495, abs=1e-3)
    assert bins[0].standard_error == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("born", "band"),
    [
        pytest.param(date(2006, 5, 2), "0 to 17", id="the day before 18"),
        pytest.param(date(2006, 5, 1), "18 to 34", id="18 today"),
        pytest.param(date(1989, 5, 1), "35 to 49", id="35 today"),
        pytest.param(date(1959, 5, 2), "50 to 64", id="64"),
        pytest.param(date(1959, 5, 1), "65 and older", id="65 today"),
        pytest.param(None, "not known", id="no birth date"),
    ],
)
def test_age_bands(born: date | None, band: str) -> None:
    claim = msgspec.structs.replace(
        make_claim("A1", day=date(2024, 4, 1)),
        patient=Patient(last_name="CANARYNAME", birth_date=born),
    )
    assert age_band(claim, date(2024, 5, 1)) == band


def test_groups_are_named_by_pseudonym_and_small_ones_left_out(
    small_frame: Frame, small_bundle: Bundle
) -> None:
    window = newest_window(small_frame, specification=QUICK, known_by=KNOWN_BY)
    risk = line_risk(small_bundle, small_frame, window)
    payers = {small_frame.lines[row].view.payer for row in window.rows.tolist()}

    def named(evaluation: Evaluation) -> set[str]:
        groups = per_payer(
            small_frame,
            window,
            risk,
            pseudonym=lambda payer: f"alias-{payer[::-1]}",
            evaluation=evaluation,
            seed=1,
        )
        assert sum(one.lines for one in groups) <= len(window.rows)
        return {one.group for one in groups}

    assert named(QUICK.evaluation) == {f"alias-{payer[::-1]}" for payer in payers}
    assert named(Evaluation(rounds=5, smallest_cell=10**6)) == set()
    subgroups = per_subgroup(
        small_frame, window, risk, evaluation=QUICK.evaluation, seed=1
    )
    assert list(subgroups) == ["age band", "sex", "payer type"]
    assert payer_type(small_frame.lines[0].claim) == "other or not known"


def test_the_curve_finds_dollars_between_chance_and_the_best(
    small_frame: Frame,
) -> None:
    window = newest_window(small_frame, specification=QUICK, known_by=KNOWN_BY)
    judge = stand_in(small_frame, specification=QUICK, known_by=window.first_day)
    risk, table = (
        line_risk(judge, small_frame, window),
        table_risk(small_frame, window),
    )
    points = decision_curve(
        small_frame, window, risk, table=table, evaluation=QUICK.evaluation
    )
    for one in points:
        assert one.found_dollars <= one.best_dollars + 0.01
    tenth = next(one for one in points if one.capacity == 0.10)
    assert tenth.found_dollars > 2 * tenth.random_dollars
    assert tenth.saved_dollars == pytest.approx(
        0.5 * tenth.found_dollars - 5.0 * tenth.claims, abs=1.0
    )
    for one in points:
        assert one.found_dollars == int(one.found_dollars)
    few = msgspec.structs.replace(QUICK.evaluation, smallest_cell=10**6)
    assert not decision_curve(small_frame, window, risk, table=table, evaluation=few)
    patients = len(set(window.patients.tolist()))
    some = msgspec.structs.replace(QUICK.evaluation, smallest_cell=patients // 4)
    kept = decision_curve(small_frame, window, risk, table=table, evaluation=some)
    assert 0 < len(kept) < len(points)
    assert all(one.claims >= patients // 4 for one in kept)
    first = small_frame.lines[int(window.rows[0])]
    assert first.line.charge > Decimal(0)


def test_the_fingerprint_changes_with_one_label_and_needs_the_key(
    small_frame: Frame,
) -> None:
    def digest(known_by: date, key: str) -> str:
        return data_fingerprint(
            small_frame, known_by=known_by, keyed=lambda text: f"{key}:{text}"
        ).digest

    assert digest(KNOWN_BY, "a") == digest(KNOWN_BY, "a")
    assert digest(KNOWN_BY, "a") != digest(KNOWN_BY, "b")
    assert digest(KNOWN_BY, "a") != digest(date(2024, 1, 1), "a")


def test_contributions_are_summed_up_per_feature(
    small_frame: Frame, small_bundle: Bundle
) -> None:
    window = newest_window(small_frame, specification=QUICK, known_by=KNOWN_BY)
    explained = explain_sample(small_bundle, small_frame, window, rows=100, seed=1)
    assert explained.shares.shape == (100, len(small_bundle.facts.features))
    weights = feature_weights(small_bundle, explained)
    assert {one.feature for one in weights} == set(small_bundle.facts.features)
    assert sum(one.share for one in weights) == pytest.approx(1.0)
    heaviest = [one.mean_contribution for one in weights]
    assert heaviest == sorted(heaviest, reverse=True)


def test_a_champion_is_judged_with_its_own_trees_on_what_it_has_not_seen(
    small_frame: Frame,
) -> None:
    """Trained long ago, it meets the challenger on the newest lines; trained today,
    both are judged by stand-ins."""
    quick = TrainingSpecification(
        evaluation=Evaluation(rounds=20), slices=Slices(warm_up_days=20)
    )
    window = newest_window(small_frame, specification=quick, known_by=KNOWN_BY)
    old = stand_in(small_frame, specification=quick, known_by=window.first_day)

    def against(champion: Contestant | None):
        return compare(
            small_frame,
            Contestant(None, quick),
            champion,
            known_by=KNOWN_BY,
            pseudonym=lambda payer: payer,
        )

    own = against(Contestant(old, quick))
    assert own.opponent == "champion, its own trees"
    assert own.window_first >= window.first_day
    assert own.difference.value == pytest.approx(own.log_loss - own.opponent_log_loss)
    alone = against(None)
    assert alone.opponent == "payer x code table"
    assert alone.opponent_log_loss == alone.table_log_loss
    twin = against(Contestant(None, quick))
    assert twin.opponent.startswith("champion's specification")
    assert twin.difference.value == 0.0


def test_of_one_specification_the_older_models_stand_in_is_older_too(
    small_frame: Frame,
) -> None:
    """What is measured is what training anew gains: no more equal by construction."""
    quick = TrainingSpecification(
        evaluation=Evaluation(rounds=20), slices=Slices(warm_up_days=20)
    )
    bundles = [
        train_bundle(small_frame, specification=quick, known_by=day)
        for day in (KNOWN_BY, KNOWN_BY - timedelta(days=30))
    ]
    challenger, champion = (Contestant(bundle, quick) for bundle in bundles)
    found = compare(
        small_frame,
        challenger,
        champion,
        known_by=KNOWN_BY,
        pseudonym=lambda payer: payer,
    )
    first = found.window_first
    assert found.judged == f"challenger's specification, trained as of {first}"
    older = first - timedelta(days=30)
    assert found.opponent == f"champion's specification, trained as of {older}"
    assert found.difference.value != 0.0
    assert found.difference.low <= found.difference.value <= found.difference.high
    turned = compare(
        small_frame,
        champion,
        challenger,
        known_by=KNOWN_BY,
        pseudonym=lambda payer: payer,
    )
    assert turned.judged == f"challenger's specification, trained as of {older}"
    assert turned.opponent == f"champion's specification, trained as of {first}"
    assert turned.difference.value == pytest.approx(-found.difference.value)
    same = compare(
        small_frame,
        challenger,
        challenger,
        known_by=KNOWN_BY,
        pseudonym=lambda payer: payer,
    )
    assert same.difference.value == 0.0


def test_calibration_intervals_are_drawn_over_patients() -> None:
    """All lines of a patient share an outcome: as wide as so few patients make it."""
    random = np.random.default_rng(5)
    patients = np.repeat(np.arange(50), 20).astype(np.int64)
    denied = np.repeat(random.random(50) < 0.3, 20).astype(np.int8)
    risk = np.full(1000, 0.3)
    (whole,) = calibration_table(
        denied, risk, patients=patients, rounds=300, seed=1, bins=1
    )
    assert whole.low is not None
    assert whole.high is not None
    assert whole.low < whole.denial_rate < whole.high
    expected = 2 * 1.96 * float(np.sqrt(whole.denial_rate * 0.7 / 50))
    assert whole.high - whole.low == pytest.approx(expected, rel=0.25)
    assert whole.high - whole.low > 3 * 2 * 1.96 * whole.standard_error
