"""Posteriors of hidden states against the states themselves, drawn many times."""

from datetime import date
from math import exp, log
from random import Random

import pytest

from denialml.simulation.coverage import (
    FORGOTTEN,
    LATE_FILES,
    Coverage,
    Loading,
    lapse_chance,
    lapse_day,
    lapsed,
    learn_active,
    learn_asked,
    learn_clean,
    learn_other,
    open_coverage,
    other_chance,
    other_is_primary,
    reported_law,
    settle_other,
    shows_active,
)
from denialml.simulation.timeline import NEVER, Timeline

TIMELINE = Timeline(date(2024, 1, 1), date(2025, 12, 31))
HAZARD = TIMELINE.cumulative_hazard(0.5, 0.3)
REPORTED = reported_law(HAZARD)
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


def chance_of_lapse(
    coverage: Coverage, hazard: tuple[float, ...], *, day: int
) -> float:
    assert hazard is HAZARD
    return lapse_chance(coverage, hazard, reported=REPORTED, day=day)


def within(hits: int, trials: int, chance: float) -> bool:
    """Within four standard errors of a binomial."""
    return abs(hits / trials - chance) < 4 * (chance * (1 - chance) / trials) ** 0.5


@pytest.mark.parametrize("unverified", [False, True], ids=["verified", "unverified"])
def test_lapse_chance_before_any_evidence(unverified: bool) -> None:
    random = Random(1)
    coverages = [draw(random, unverified=unverified) for _ in range(DRAWS)]
    hits = sum(lapsed(coverage, HAZARD, day=300) for coverage in coverages)
    assert within(hits, DRAWS, chance_of_lapse(coverages[0], HAZARD, day=300))


def test_lapse_chance_after_an_active_answer() -> None:
    random = Random(2)
    coverages = [draw(random, unverified=True) for _ in range(DRAWS)]
    known = [one for one in coverages if not lapsed(one, HAZARD, day=200)]
    for coverage in known:
        learn_active(coverage, HAZARD, day=200)
    hits = sum(lapsed(coverage, HAZARD, day=400) for coverage in known)
    chance = chance_of_lapse(known[0], HAZARD, day=400)
    assert chance == pytest.approx(1 - exp(HAZARD[200] - HAZARD[400]))
    assert within(hits, len(known), chance)
    assert chance_of_lapse(known[0], HAZARD, day=150) == 0.0


def test_lapse_chance_when_files_learn_late() -> None:
    """Paid for day 100, "active" on day 376, ten days after a January with many ends.

    A late file may not know an end yet; earlier days are less likely than later ones.
    """
    random = Random(7)
    known = [
        one
        for one in (draw(random, unverified=True) for _ in range(10 * DRAWS))
        if not lapsed(one, HAZARD, day=100) and shows_active(one, HAZARD, day=376)
    ]
    for coverage in known:
        learn_active(coverage, HAZARD, day=100)
        learn_asked(coverage, day=300)
        learn_asked(coverage, day=376)
    chances = []
    for day in (90, 300, 367, 376, 377, 450):
        hits = sum(lapsed(coverage, HAZARD, day=day) for coverage in known)
        chance = chance_of_lapse(known[0], HAZARD, day=day)
        assert abs(hits / len(known) - chance) < 4 * (
            (chance * (1 - chance) / len(known)) ** 0.5 + 1e-12
        )
        chances.append(chance)
    assert chances[0] == 0.0
    assert chances[3] > 0.01
    assert chances == sorted(chances)


def test_late_answers_follow_the_sum_over_days() -> None:
    """The closed form against the sum it stands for, written out."""
    coverage = draw(Random(8))
    learn_active(coverage, HAZARD, day=340)
    learn_asked(coverage, day=372)

    def weight(day: int) -> float:
        ends = exp(-HAZARD[day - 1]) - exp(-HAZARD[day])
        late = LATE_FILES * FORGOTTEN ** (372 - day) if day <= 372 else 1.0
        return ends * late

    whole = sum(map(weight, range(341, len(HAZARD)))) + exp(-HAZARD[-1])
    for day in (350, 372, 380):
        expected = sum(map(weight, range(341, day + 1))) / whole
        assert chance_of_lapse(coverage, HAZARD, day=day) == pytest.approx(expected)


def test_an_active_answer_proves_the_plan_right() -> None:
    """A number taken down wrongly is never shown as active, however late files are."""
    random = Random(9)
    coverages = [draw(random, unverified=True) for _ in range(DRAWS)]
    wrong = [one for one in coverages if one.lapse_at <= one.first_hazard]
    assert wrong
    assert not any(shows_active(one, HAZARD, day=20) for one in wrong)


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
    assert chance_of_lapse(coverage, HAZARD, day=ended) == 1.0
    assert chance_of_lapse(coverage, HAZARD, day=ended - 1) == 0.0


def test_a_plan_that_was_never_right_ended_before_the_first_visit() -> None:
    coverage = draw(Random(4), unverified=True)
    coverage.lapse_at = HAZARD[20]
    assert lapse_day(coverage, HAZARD) <= 20
    assert chance_of_lapse(draw(Random(4), unverified=True), HAZARD, day=20) == (
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
