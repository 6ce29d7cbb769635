"""Posteriors of hidden states against the states themselves, drawn many times."""

from datetime import date
from math import exp, log
from random import Random

import pytest

from denialml.simulation.coverage import (
    Coverage,
    Loading,
    lapse_chance,
    lapse_day,
    lapsed,
    learn_active,
    learn_clean,
    learn_other,
    open_coverage,
    other_chance,
    other_is_primary,
    settle_other,
)
from denialml.simulation.payers import NEVER
from denialml.simulation.timeline import Timeline

TIMELINE = Timeline(date(2024, 1, 1), date(2025, 12, 31))
HAZARD = TIMELINE.cumulative_hazard(0.5, 0.3)
DRAWS = 4000


def draw(random: Random, *, unverified: bool = False) -> Coverage:
    return open_coverage(
        random,
        policy=0,
        member_id="ZZ1",
        day=20,
        hazards=(HAZARD, HAZARD),
        unverified_intake=unverified,
    )


def within(hits: int, trials: int, chance: float) -> bool:
    """Within four standard errors of a binomial."""
    return abs(hits / trials - chance) < 4 * (chance * (1 - chance) / trials) ** 0.5


@pytest.mark.parametrize("unverified", [False, True], ids=["verified", "unverified"])
def test_lapse_chance_before_any_evidence(unverified: bool) -> None:
    random = Random(1)
    coverages = [draw(random, unverified=unverified) for _ in range(DRAWS)]
    hits = sum(lapsed(coverage, HAZARD, day=300) for coverage in coverages)
    assert within(hits, DRAWS, lapse_chance(coverages[0], HAZARD, day=300))


def test_lapse_chance_after_an_active_answer() -> None:
    random = Random(2)
    coverages = [draw(random, unverified=True) for _ in range(DRAWS)]
    known = [one for one in coverages if not lapsed(one, HAZARD, day=200)]
    for coverage in known:
        learn_active(coverage, HAZARD, day=200)
    hits = sum(lapsed(coverage, HAZARD, day=400) for coverage in known)
    chance = lapse_chance(known[0], HAZARD, day=400)
    assert chance == pytest.approx(1 - exp(HAZARD[200] - HAZARD[400]))
    assert within(hits, len(known), chance)
    assert lapse_chance(known[0], HAZARD, day=150) == 0.0


def test_january_first_ends_coverage_more_often_than_other_days() -> None:
    january = TIMELINE.day(date(2025, 1, 1))
    assert HAZARD[january] - HAZARD[january - 1] > 100 * (
        HAZARD[january + 1] - HAZARD[january]
    )


def test_the_day_coverage_ended_is_the_first_day_without_it() -> None:
    coverage = draw(Random(3))
    ended = lapse_day(coverage, HAZARD)
    assert lapsed(coverage, HAZARD, day=ended)
    assert not lapsed(coverage, HAZARD, day=ended - 1)
    assert coverage.ended_on == NEVER
    coverage.ended_on = ended
    assert lapse_chance(coverage, HAZARD, day=ended) == 1.0
    assert lapse_chance(coverage, HAZARD, day=ended - 1) == 0.0


def test_a_plan_that_was_never_right_ended_before_the_first_visit() -> None:
    coverage = draw(Random(4), unverified=True)
    coverage.lapse_at = HAZARD[20]
    assert lapse_day(coverage, HAZARD) <= 20
    assert lapse_chance(draw(Random(4), unverified=True), HAZARD, day=20) == (
        pytest.approx(0.05)
    )


def test_other_payer_chance_between_clean_and_known() -> None:
    """Clean on day 100 and other coverage named on day 300: when did it begin?"""
    random = Random(5)
    coverages = [draw(random) for _ in range(20 * DRAWS)]
    known = [
        one
        for one in coverages
        if not other_is_primary(one, HAZARD, day=100)
        and other_is_primary(one, HAZARD, day=300)
    ]
    for coverage in known:
        learn_clean(coverage, HAZARD, day=100)
        learn_other(coverage, HAZARD, day=300)
    hits = sum(other_is_primary(coverage, HAZARD, day=200) for coverage in known)
    assert within(hits, len(known), other_chance(known[0], HAZARD, day=200))
    assert other_chance(known[0], HAZARD, day=300) == 1.0
    assert other_chance(known[0], HAZARD, day=100) == 0.0


def test_settling_starts_the_clock_again() -> None:
    coverage = draw(Random(6))
    learn_other(coverage, HAZARD, day=90)
    settle_other(Random(6), coverage, other=HAZARD, day=150)
    assert other_chance(coverage, HAZARD, day=120) == 0.0
    assert 0 < other_chance(coverage, HAZARD, day=160) < 0.05
    assert not other_is_primary(coverage, HAZARD, day=150)


def test_loading_chance_before_any_answer() -> None:
    """A new clinician lacks at first in half of the cases; 34 days later in e^-1."""
    states = [Loading(Random(f"{n}"), begins=0, off=0.5) for n in range(DRAWS)]
    hits = sum(state.is_off(34) for state in states)
    assert within(hits, DRAWS, states[0].off_chance(34))
    assert states[0].off_chance(0) == pytest.approx(0.5)
    assert states[0].off_chance(34) == pytest.approx(0.5 * exp(-1), abs=0.01)


def test_loading_chance_after_an_answer() -> None:
    states = [Loading(Random(f"{n}"), begins=0, off=0.5) for n in range(2 * DRAWS)]
    refused = [state for state in states if state.is_off(20)]
    for state in refused:
        state.learn(20, off=True)
        # An answer to an older claim that comes late changes nothing.
        state.learn(10, off=False)
    hits = sum(state.is_off(60) for state in refused)
    assert within(hits, len(refused), refused[0].off_chance(60))


def test_hazard_of_a_year_without_january() -> None:
    hazard = TIMELINE.cumulative_hazard(log(2), 0.0)
    assert hazard[400] - hazard[400 - 365] == pytest.approx(log(2), rel=0.001)


def test_surges_multiply_the_rate() -> None:
    surge = TIMELINE.cumulative_hazard(
        0.5, 0.0, surges=((date(2024, 3, 1), date(2024, 3, 31), 2.0),)
    )
    march, april = TIMELINE.day(date(2024, 3, 15)), TIMELINE.day(date(2024, 4, 15))
    assert surge[march] - surge[march - 1] == pytest.approx(
        2 * (surge[april] - surge[april - 1])
    )


def test_weekends_move_to_monday() -> None:
    saturday = TIMELINE.day(date(2024, 1, 6))
    assert TIMELINE.date(TIMELINE.workday(saturday)) == date(2024, 1, 8)
    assert TIMELINE.workday(saturday - 1) == saturday - 1
