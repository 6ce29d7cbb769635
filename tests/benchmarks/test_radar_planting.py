"""The planted changes are what they are called, and the oracle sees them."""

from random import Random

import pytest

from benchmarks.radar_limit import days_needed, oracle_days, waiting_factors
from benchmarks.radar_planting import Planted, merged, plant, plant_several
from denialml.modeling.radar.answers import LineAnswer
from tests.modeling.radar.answered import clinic, day_of

BEGAN = day_of(200)


def planted_clinic() -> tuple[list[LineAnswer], list[LineAnswer], Planted]:
    answers = clinic(seed=21, days=320, a_day=12)
    after, planted = plant(
        answers, level=1, payer="P1", key="90837", began_on=BEGAN, points=0.15,
        reason="CO-197", random=Random(1),
    )  # fmt: skip
    return answers, after, planted


def of_group(answers: list[LineAnswer]) -> list[LineAnswer]:
    return [one for one in answers if (one.payer, one.code) == ("P1", "90837")]


def others(answers: list[LineAnswer]) -> list[LineAnswer]:
    return [one for one in answers if (one.payer, one.code) != ("P1", "90837")]


def test_the_group_rises_by_the_points_asked_for_and_nothing_else_changes() -> None:
    answers, after, planted = planted_clinic()
    # Of the newest services only some have been answered, and those are payments.
    ripe = [one for one in of_group(after) if BEGAN <= one.served_on < BEGAN + 60]
    before = [one for one in of_group(after) if one.served_on < BEGAN]
    rise = sum(one.denied for one in ripe) / len(ripe)
    rise -= sum(one.denied for one in before) / len(before)
    assert rise == pytest.approx(0.15, abs=0.04)
    assert others(after) == others(answers)
    new = [one for one in ripe if one.reason == "CO-197"]
    assert min(one.received_on for one in new) == planted.first_denial
    assert planted.first_answer <= planted.first_denial
    assert planted.first_answer < planted.week_answered


def test_planted_denials_come_later_than_the_payments_would_have() -> None:
    answers, after, _ = planted_clinic()

    def mean_age(lines: list[LineAnswer]) -> float:
        ripe = [one for one in lines if BEGAN <= one.served_on < BEGAN + 60]
        return sum(one.received_on - one.submitted_on for one in ripe) / len(ripe)

    new = [one for one in of_group(after) if one.reason == "CO-197"]
    paid = [one for one in of_group(answers) if not one.denied]
    assert mean_age(new) / mean_age(paid) == pytest.approx(1.35, abs=0.12)


def test_an_oracle_with_more_groups_to_watch_is_slower_and_never_early() -> None:
    answers, after, planted = planted_clinic()
    told, searching = oracle_days(answers, after, planted, watched=(1, 300))
    assert told is not None
    assert searching is not None
    assert planted.first_answer <= told <= searching <= planted.first_denial + 20


def test_without_a_change_the_searching_oracle_is_silent() -> None:
    answers, _, planted = planted_clinic()
    assert oracle_days(answers, answers, planted, watched=(100_000,)) == [None]


def test_a_long_wait_speaks_for_a_change() -> None:
    factors = waiting_factors(of_group(clinic(seed=22, days=200)), 0.2)
    assert factors[0] == pytest.approx(0.0, abs=1e-3)
    assert factors[25] > factors[12] >= 0.0


def test_a_rise_from_a_low_rate_is_seen_in_fewer_days() -> None:
    few, many = (
        days_needed(answers_a_month=100, rate=rate, points=0.15, groups=200)
        for rate in (0.01, 0.15)
    )
    assert few < many / 3
    assert days_needed(
        answers_a_month=200, rate=0.01, points=0.15, groups=200
    ) == pytest.approx(few / 2)


def test_changes_are_planted_in_groups_of_the_size_asked_for() -> None:
    answers = clinic(seed=23, days=320, a_day=8)
    _, planted = plant_several(
        answers, points=0.15, sizes=(50, 100), between=(BEGAN, BEGAN), random=Random(2)
    )
    assert len({one.payer for one in planted}) == len(planted) == 3
    assert all(35 <= one.volume < 140 for one in planted)


def test_merged_payers_keep_every_answer() -> None:
    answers = clinic(seed=24, days=60)
    assert {one.payer for one in merged(answers, payers=2)} == {"MERGED0", "MERGED1"}
    assert len(merged(answers, payers=2)) == len(answers)
