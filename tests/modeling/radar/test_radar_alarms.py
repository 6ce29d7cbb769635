"""What raises an alarm, what must not, and what the alarm then says."""

from datetime import date
from random import Random

import msgspec
import pytest

from denialml.domain.payer_change import ChangeStatus
from denialml.modeling.radar.answers import LineAnswer
from denialml.modeling.radar.description import describe
from denialml.modeling.radar.groups import LEVELS
from tests.modeling.radar.answered import (
    FIRST,
    clinic,
    day_of,
    reasons_alarmed,
    watched,
)

BEGAN = day_of(380)


def telehealth_rule(one: LineAnswer, random: Random) -> str:
    """P1 denies most of 90837 with modifier 95 at place 02 from a service day on."""
    is_ruled = one.payer == "P1" and one.code == "90837" and one.session == "02/95"
    changed = is_ruled and one.served_on >= BEGAN
    return "CO-4" if changed and random.random() < 0.8 else ""


def fifteen_points(one: LineAnswer, random: Random) -> str:
    changed = one.payer == "P1" and one.code == "90837" and one.served_on >= BEGAN
    return "CO-197" if changed and random.random() < 0.16 else ""


def test_the_narrowest_group_is_named_with_its_day_and_counts() -> None:
    watch = watched(clinic(seed=3, deny=telehealth_rule))
    [alarm] = [one for one in watch.changes if one.stream.reason == "CO-4"]
    change = describe(watch, alarm, names={"P1": "Payer X"})
    assert change.sentence.startswith(
        "Payer X began denying 90837 with modifier 95 at place 02 on "
    )
    group = change.group
    assert (group.procedure_code, group.modifiers, group.place_of_service) == (
        "90837", ("95",), "02",
    )  # fmt: skip
    assert (change.reason, change.status) == ("CO-4", ChangeStatus.OPEN)
    assert abs(change.began_on.toordinal() - BEGAN) <= 3
    assert change.began_earliest.toordinal() - 1 <= BEGAN
    assert change.since.rate > 0.5 > 0.02 > change.before.rate
    assert change.rest.rate < 0.02
    assert change.log_evidence > change.log_evidence_needed
    assert f"(by service day; CO-4; {change.since.denied} of " in change.sentence


def test_fifteen_points_are_found_soon_after_the_first_denials() -> None:
    answers = clinic(seed=4, a_day=8, deny=fifteen_points)
    watch = watched(answers)
    change = next(one for one in watch.changes if one.stream.reason == "CO-197")
    first = min(
        one.received_on
        for one in answers
        if one.served_on >= BEGAN and one.reason == "CO-197"
    )
    assert 0 <= change.detected_on - first <= 15
    described = describe(watch, change, names={})
    assert described.group.procedure_code == "90837"
    assert described.group.modifiers is None
    assert described.added_points == pytest.approx(16, abs=6)


def test_unchanged_clinics_raise_less_than_one_alarm_a_quarter() -> None:
    # 500 days, of which the radar learns for the first 165: 3.7 quarters each.
    counts = [len(watched(clinic(seed=seed)).changes) for seed in (11, 12, 13, 14)]
    assert sum(counts) / (4 * 3.7) < 1.0


def test_one_patients_run_of_denials_is_no_payer_change() -> None:
    answers = [
        msgspec.structs.replace(one, patient="one", reason="CO-119")
        if one.payer == "P1" and one.served_on >= BEGAN and row % 5 == 0
        else one
        for row, one in enumerate(clinic(seed=5))
    ]
    assert sum(one.reason == "CO-119" for one in answers) > 20
    assert "CO-119" not in reasons_alarmed(watched(answers))


def test_one_clinicians_lost_enrollment_is_no_payer_change() -> None:
    def gap(one: LineAnswer, random: Random) -> str:
        is_theirs = one.payer == "P1" and one.clinician == "clinician-3"
        return "CO-B7" if is_theirs and one.served_on >= BEGAN else ""

    answers = clinic(seed=6, deny=gap)
    assert len({one.patient for one in answers if one.reason == "CO-B7"}) > 5
    assert "CO-B7" not in reasons_alarmed(watched(answers))


def test_more_of_a_code_that_is_always_denied_is_no_change() -> None:
    def excluded(one: LineAnswer, random: Random) -> str:
        return "CO-96" if one.code == "99214" and random.random() < 0.5 else ""

    def mix(day: int, random: Random) -> str:
        share = 0.1 if day < 380 else 0.6
        return "99214" if random.random() < share else "90834"

    answers = clinic(seed=7, deny=excluded, code=mix)
    rates = [
        sum(one.reason == "CO-96" for one in part) / len(part)
        for part in (
            [one for one in answers if one.served_on < BEGAN],
            [one for one in answers if one.served_on >= BEGAN],
        )
    ]
    assert rates[1] > 3 * rates[0]
    assert "CO-96" not in reasons_alarmed(watched(answers))


def test_a_drop_in_claims_does_not_pass_late_denials_for_a_change() -> None:
    # While volume falls, the answers that still come are the slow ones: denials.
    def fewer(day: int) -> float:
        return 2.0 if day < 380 else 0.2

    def usual(one: LineAnswer, random: Random) -> str:
        return "CO-119" if random.random() < 0.1 else ""

    answers = clinic(seed=8, rate=0.0, denials_late=2.2, volume=fewer, deny=usual)
    after = [one for one in answers if 400 <= one.received_on - FIRST.toordinal() < 420]
    assert sum(one.denied for one in after) / len(after) > 0.15
    assert watched(answers).changes == []


def test_lapses_of_coverage_in_january_are_no_payer_change() -> None:
    # 8 in 100 lines of every payer are denied for ended coverage in January.
    def january(one: LineAnswer, random: Random) -> str:
        month = date.fromordinal(one.served_on)
        is_january = (month.year, month.month) == (2025, 1)
        return "PR-27" if is_january and random.random() < 0.08 else ""

    assert "PR-27" not in reasons_alarmed(watched(clinic(seed=9, deny=january)))


def test_a_glitch_is_resolved_when_the_payer_pays_again() -> None:
    def glitch(one: LineAnswer, random: Random) -> str:
        ends = BEGAN + 24
        on = one.payer == "P2" and one.code == "90837" and BEGAN <= one.served_on < ends
        return "CO-16" if on and random.random() < 0.7 else ""

    watch = watched(clinic(seed=10, deny=glitch))
    alarm = next(one for one in watch.changes if one.stream.reason == "CO-16")
    change = describe(watch, alarm, names={})
    assert change.status is ChangeStatus.RESOLVED
    assert change.resolved_on is not None
    assert change.group.payer_id == "P2"
    assert alarm.ended_on is not None
    assert abs(alarm.ended_on - (BEGAN + 24)) <= 8
    assert "answers as before on claims sent from" in change.sentence


def test_a_change_that_lasts_stays_open_and_is_reported_once() -> None:
    watch = watched(clinic(seed=4, a_day=8, deny=fifteen_points))
    named = [one for one in watch.changes if one.stream.reason == "CO-197"]
    assert [one.ended_on for one in named] == [None]


def test_an_alarm_is_the_same_whatever_came_later() -> None:
    answers = clinic(seed=3, deny=telehealth_rule)
    whole = watched(answers)
    assert whole.changes
    day = whole.changes[-1].detected_on
    then = watched([one for one in answers if one.received_on <= day])
    assert [one.detected_on for one in then.changes] == [
        one.detected_on for one in whole.changes
    ]
    assert [one.streams[0].reason for one in then.changes] == [
        one.streams[0].reason for one in whole.changes
    ]
    before = watched([one for one in answers if one.received_on < day])
    assert [one.detected_on for one in before.changes] == [
        one.detected_on for one in whole.changes if one.detected_on < day
    ]


def test_a_payer_without_history_is_not_watched() -> None:
    answers = clinic(seed=3, days=200, deny=telehealth_rule)
    newcomer = [
        msgspec.structs.replace(one, payer="NEW", reason="CO-50")
        for one in answers
        if one.payer == "P1" and one.served_on > day_of(150)
    ]
    both = sorted([*answers, *newcomer], key=lambda one: one.received_on)
    watch = watched(both)
    assert all(one.payer != "NEW" for one in watch.changes)
    count, unwatched = watch.coverage()
    assert unwatched == ("NEW",)
    assert count >= len(LEVELS)


def test_the_days_are_those_of_the_clinic() -> None:
    first = min(one.served_on for one in clinic(seed=1, days=30))
    assert date.fromordinal(first) == FIRST
