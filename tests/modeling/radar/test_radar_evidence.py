"""The bet is fair while nothing changes, and rates are learnt without the change."""

import numpy as np
import pytest

from denialml.domain.payer_change import (
    AnswerCount,
    ChangeClock,
    ChangedGroup,
    ChangeStatus,
    PayerChange,
)
from denialml.modeling.radar.answer_times import AnswerTimes
from denialml.modeling.radar.description import group_in_words
from denialml.modeling.radar.earlier_rates import ANY, EarlierRates, is_payer_rule
from denialml.modeling.radar.evidence import place_stakes
from denialml.modeling.radar.groups import LEVELS
from denialml.modeling.radar.payer_book import PayerBook
from denialml.modeling.radar.report import propose_retraining
from denialml.modeling.radar.settings import RadarSettings
from tests.modeling.radar.answered import FIRST, clinic, day_of

KEYS = ("", "90837", "90837 02/95", "02/95", "F41")


@pytest.mark.parametrize("odds", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("rise", [0.06, 0.35, 0.8])
@pytest.mark.parametrize("usual", [0.004, 0.2, 0.7])
def test_a_stake_is_expected_to_stay_what_it_is(
    usual: float, rise: float, odds: float
) -> None:
    answers = [one for one in clinic(seed=2, days=40, rate=0.5) if one.payer == "P1"]
    denied = next(row for row, one in enumerate(answers) if one.reason == "CO-50")
    paid = next(row for row, one in enumerate(answers) if not one.reason)
    book = PayerBook(
        "P1",
        answers,
        trials=[True] * len(answers),
        circumstances=["paid"] * len(answers),
    )
    book.known = len(answers)
    book.odds[:] = odds
    book.believed[:] = usual
    rows = np.array([denied, paid])
    stakes = place_stakes(book, rows, level=0, reason="CO-50", rises=np.array([rise]))
    if_denied, if_paid = np.exp(stakes.factors[:, 0])
    on_this_age = usual * odds / (1 - usual + usual * odds)
    assert on_this_age * if_denied + (1 - on_this_age) * if_paid == pytest.approx(1.0)
    assert if_denied > 1.0 > if_paid


def test_all_the_shares_of_the_allowance_add_up() -> None:
    assert sum(level.share for level in LEVELS) == pytest.approx(1.0)


def test_rates_are_drawn_to_the_wider_group_and_fade() -> None:
    rates = EarlierRates(RadarSettings(rate_margin=1.0, half_life_days=100.0))
    rates.day = 1000
    for number in range(400):
        rates.learn("P1", KEYS, reason="CO-50" if number % 10 == 0 else "")
    other = ("", "90834", "90834 11/", "11/", "F33")
    near = rates.rate("P1", KEYS, level=2, reason="CO-50")
    far = rates.rate("P1", other, level=2, reason="CO-50")
    assert near == pytest.approx(0.1, abs=0.01)
    assert far == pytest.approx(0.1, abs=0.01)
    assert rates.rate("P1", KEYS, level=2, reason="CO-4") == pytest.approx(
        0.004, abs=0.001
    )
    rates.day = 1100
    assert rates.weight("P1", 1, "90837") == pytest.approx(200.0)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("CO-4", True), ("CO-197", True), ("CO-16", True), ("?", True),
        ("CO-27", False), ("OA-22", False), ("CO-18", False), ("CO-29", False),
    ],
)  # fmt: skip
def test_which_reasons_can_be_a_rule_of_the_payer(reason: str, expected: bool) -> None:
    assert is_payer_rule(reason) is expected


def test_a_coverage_denial_does_not_count_among_any_rule() -> None:
    rates = EarlierRates(RadarSettings(rate_margin=1.0))
    rates.day = 10
    for _ in range(300):
        rates.learn("P1", KEYS, reason="PR-27")
    assert rates.rate("P1", KEYS, level=0, reason="PR-27") > 0.9
    assert rates.rate("P1", KEYS, level=0, reason=ANY) < 0.02


def test_a_circumstance_in_which_lines_are_denied_more_raises_their_rate() -> None:
    rates = EarlierRates(RadarSettings())
    rates.day = 10
    for number in range(400):
        again = number % 4 == 0
        rates.learn(
            "P1",
            KEYS,
            reason="CO-50" if again and number % 8 == 0 else "",
            circumstance="again" if again else "paid",
        )
    # 50 of 100 and none of 300 where 50 of 400 were expected, four drawn to ANY.
    assert rates.relative_risk("again", reason="CO-50") == pytest.approx(4.0, abs=0.6)
    assert rates.relative_risk("paid", reason="CO-50") < 0.1
    assert rates.relative_risk("never seen", reason="CO-50") == 1.0


def test_denials_by_coverage_have_their_own_times() -> None:
    times = AnswerTimes()
    for number in range(300):
        times.learn(10 + number % 10, denied=False)
    for number in range(60):
        times.learn(20 + number % 10, denied=True, by_rule=True)
        times.learn(10 + number % 10, denied=True, by_rule=False)
    ages = np.array([11.0, 27.0])
    assert times.denial_odds(ages, by_rule=True)[0] < 0.5
    assert times.denial_odds(ages, by_rule=False) == pytest.approx(1.0, abs=0.05)


def test_an_early_answer_is_less_often_a_denial() -> None:
    times = AnswerTimes()
    for number in range(300):
        times.learn(10 + number % 10, denied=False)
    for number in range(60):
        times.learn(20 + number % 10, denied=True)
    early, late = times.denial_odds(np.array([11.0, 27.0]))
    assert early < 0.5 < 2.0 < late


def test_without_enough_answers_age_says_nothing() -> None:
    times = AnswerTimes()
    for _ in range(99):
        times.learn(10, denied=False)
    assert times.denial_odds(np.array([1.0, 90.0])).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({}, "more lines of every kind"),
        ({"procedure_code": "90837"}, "90837"),
        (
            {"procedure_code": "90837", "modifiers": ("95",), "place_of_service": "02"},
            "90837 with modifier 95 at place 02",
        ),
        (
            {"procedure_code": "90837", "modifiers": (), "place_of_service": "11"},
            "90837 without modifier at place 11",
        ),
        (
            {"modifiers": ("25", "95"), "place_of_service": "10"},
            "lines with modifiers 25 95 at place 10",
        ),
        ({"diagnosis_category": "F41"}, "lines with a diagnosis of F41"),
    ],
)
def test_groups_in_words(group: dict[str, object], words: str) -> None:
    made = ChangedGroup(payer_id="P1", **group)  # type: ignore[arg-type]
    assert group_in_words(made) == words


def change(*, since: int, status: ChangeStatus = ChangeStatus.OPEN) -> PayerChange:
    return PayerChange(
        group=ChangedGroup(payer_id="P1"),
        reason="CO-4",
        status=status,
        clock=ChangeClock.SERVICE,
        began_on=FIRST,
        began_earliest=FIRST,
        began_latest=FIRST,
        detected_on=FIRST.fromordinal(day_of(30)),
        resolved_on=None,
        before=AnswerCount(answers=200, denied=1, denied_otherwise=9),
        since=AnswerCount(answers=since, denied=since // 2, denied_otherwise=0),
        rest=AnswerCount(answers=90, denied=0, denied_otherwise=5),
        added_points=49.5,
        log_evidence=12.0,
        log_evidence_needed=6.0,
        sentence="",
    )


@pytest.mark.parametrize(
    ("since", "status", "trained_on_day", "recommended", "words"),
    [
        (40, ChangeStatus.OPEN, 10, True, "Retrain: 1 change(s) at P1"),
        (17, ChangeStatus.OPEN, 10, False, "Too early to retrain for P1: 17 answers"),
        (40, ChangeStatus.OPEN, 31, False, "No open change"),
        (40, ChangeStatus.RESOLVED, 10, False, "No open change"),
        (40, ChangeStatus.OPEN, None, True, "No model serves"),
    ],
)
def test_when_retraining_is_proposed(
    since: int,
    status: ChangeStatus,
    trained_on_day: int | None,
    recommended: bool,
    words: str,
) -> None:
    trained = None
    if trained_on_day is not None:
        trained = FIRST.fromordinal(day_of(trained_on_day))
    proposal = propose_retraining(
        [change(since=since, status=status)], trained_as_of=trained
    )
    assert proposal.recommended is recommended
    assert proposal.reason.startswith(words)
