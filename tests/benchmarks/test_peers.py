"""Peer recipes: what their encodings do, and that none reads a test outcome."""

from datetime import date

import msgspec
import numpy as np
import pytest

from benchmarks.backtest import ENDS_ON, STARTS_ON, World, make_world
from benchmarks.peer_encodings import Counts, TargetMeans, at_most, recalibrated, smote
from benchmarks.peers import LEAKY, RECIPES, WITH_ON_FILE, peers
from benchmarks.raw_columns import NUMBERS, WORDS, RawColumns
from benchmarks.simulated_records import records_of
from denialml.modeling.risk.frames import build_frame
from denialml.simulation import simulate_practice


def test_target_means_draw_rare_words_to_the_overall_rate() -> None:
    column = np.array(["often"] * 100 + ["once"])
    denied = np.array([1] * 50 + [0] * 50 + [1])
    means = TargetMeans([column], denied).of([np.array(["often", "once", "never"])])
    overall = 51 / 101
    assert means[0, 0] == pytest.approx(0.5, abs=0.001)
    assert overall < means[1, 0] < overall + 0.1
    assert means[2, 0] == pytest.approx(overall)
    plain = TargetMeans([column], denied, half=0.0, scale=0.0)
    assert plain.of([np.array(["once"])])[0, 0] == 1.0


def test_smote_balances_with_points_between_denied_rows() -> None:
    random = np.random.default_rng(1)
    columns = random.normal(size=(60, 3))
    denied = np.array([1] * 10 + [0] * 50)
    more, outcomes = smote(columns, denied, seed=1)
    assert (outcomes == 1).sum() == (outcomes == 0).sum() == 50
    assert np.array_equal(more[:60], columns)
    low, high = columns[:10].min(axis=0), columns[:10].max(axis=0)
    assert ((more[60:] >= low) & (more[60:] <= high)).all()


def test_recalibration_keeps_ranks_and_mends_the_level() -> None:
    random = np.random.default_rng(2)
    truth = random.random(4000) * 0.3
    denied = (random.random(4000) < truth).astype(np.int64)
    inflated = truth**0.3
    mended = recalibrated(inflated, denied, inflated)
    assert np.array_equal(np.argsort(mended), np.argsort(inflated))
    assert mended.mean() == pytest.approx(denied.mean(), abs=1e-3)
    upside_down = recalibrated(1 - truth, denied, 1 - truth)
    assert (upside_down == denied.mean()).all()


def test_counts_and_the_commonest_words() -> None:
    column = np.array(["a", "a", "b", "c", "a", "b"])
    counts = Counts(column)
    assert counts.of(np.array(["a", "never"])).tolist() == [3.0, 0.0]
    assert at_most(column, counts.commonest(2)).tolist() == [
        *("a", "a", "b", "other", "a", "b")
    ]


@pytest.fixture(scope="module")
def world() -> World:
    practice = simulate_practice(
        seed=101,
        claims=1500,
        starts_on=STARTS_ON,
        ends_on=ENDS_ON,
        difficulty="medium",
    )
    return make_world(practice, build_frame(records_of(practice)))


def test_raw_columns_are_those_of_the_claim(world: World) -> None:
    raw = RawColumns(world, world.test[:50])
    one = world.frame.lines[world.test[0]]
    assert raw.words.shape == (50, len(WORDS))
    assert raw.numbers.shape == (50, len(NUMBERS))
    assert raw.word("payer")[0] == one.claim.payer.payer_id
    assert raw.number("charge")[0] == float(one.line.charge)
    assert 0 < raw.number("age_years")[0] < 110
    assert raw.number("year")[0] == (one.line.service_date or date.min).year
    assert raw.joined("payer", "code")[0] == f"{one.view.payer}_{one.view.code}"


@pytest.fixture(scope="module")
def turned(world: World) -> World:
    """The same world with the outcomes of the test year turned round."""
    denied = world.frame.denied.copy()
    denied[world.test] = 1 - denied[world.test]
    frame = msgspec.structs.replace(world.frame, denied=denied)
    return msgspec.structs.replace(world, frame=frame)


FOUND, FOUND_TURNED = peers(), peers()


def test_each_recipe_runs_with_and_without_what_is_on_file() -> None:
    assert set(FOUND) == {
        *RECIPES,
        *[name + WITH_ON_FILE for name in RECIPES],
        LEAKY,
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND)
def test_only_the_leaky_recipe_reads_outcomes_of_the_test_year(
    world: World, turned: World, name: str
) -> None:
    risk, other = FOUND[name](world), FOUND_TURNED[name](turned)
    assert risk.shape == world.test.shape
    assert ((risk > 0) & (risk < 1)).all()
    assert np.array_equal(risk, other) == (name != LEAKY)
