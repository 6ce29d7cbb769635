"""How often what was proved no longer holds, learnt per payer."""

import math
from datetime import date, timedelta

import pytest

from denialml.modeling.knowledge.loss_hazard import Hazard, Hazards

JULY = date(2024, 7, 1)


def learnt(refusals: int, stretches: int, *, proved: date, days: int) -> Hazards:
    hazards = Hazards()
    for number in range(stretches):
        hazards.learn(
            "P",
            received=JULY,
            proved=proved,
            answered=proved + timedelta(days=days),
            refused=number < refusals,
        )
    return hazards


def test_the_rate_per_day_is_refusals_over_days_at_risk() -> None:
    hazard = learnt(200, 4000, proved=date(2024, 3, 1), days=25).of("P")
    assert hazard.per_day == pytest.approx(200 / (4000 * 25), rel=0.02)


def test_january_first_has_its_own_risk() -> None:
    hazards = learnt(0, 4000, proved=date(2024, 3, 1), days=25)
    for number in range(1000):
        hazards.learn(
            "P",
            received=JULY,
            proved=date(2023, 12, 20),
            answered=date(2024, 1, 10),
            refused=number < 200,
        )
    hazard = hazards.of("P")
    assert hazard.new_year == pytest.approx(0.2, abs=0.01)
    spring = hazard.chance(proved=date(2025, 3, 1), day=date(2025, 3, 20))
    winter = hazard.chance(proved=date(2024, 12, 25), day=date(2025, 1, 13))
    assert spring is not None
    assert winter is not None
    assert spring < 0.01
    assert winter == pytest.approx(1 - math.exp(-hazard.new_year), abs=0.01)


def test_a_payer_without_answers_has_what_all_payers_have() -> None:
    hazards = learnt(200, 4000, proved=date(2024, 3, 1), days=25)
    assert hazards.of("Q").per_day == pytest.approx(hazards.of("P").per_day, rel=0.05)


def test_nothing_is_lost_by_the_day_it_was_proved_and_nothing_said_without_proof() -> (
    None
):
    hazard = Hazard(per_day=0.01, new_year=0.2)
    assert hazard.chance(proved=JULY, day=JULY) == 0.0
    assert hazard.chance(proved=None, day=JULY) is None
    assert hazard.chance(proved=JULY, day=None) is None


def test_answers_about_days_before_the_proof_teach_nothing() -> None:
    hazards = Hazards()
    hazards.learn("P", received=JULY, proved=JULY, answered=JULY, refused=True)
    hazards.learn("P", received=JULY, proved=None, answered=JULY, refused=True)
    assert hazards.of("P") == Hazards().of("P")
