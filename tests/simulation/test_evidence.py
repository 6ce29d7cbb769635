"""The truth uses only what is on file: recomputed here from the records alone."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from math import exp
from random import Random

import pytest

from denialml.domain.claim import Claim
from denialml.domain.coverage import EligibilityCheck, EligibilityResult
from denialml.domain.denial import RootCause
from denialml.domain.remittance import ClaimPayment
from denialml.simulation import TRUTH_CAUSES, SimulatedPractice, TruthRow
from denialml.simulation.parameters import DIFFICULTIES
from denialml.simulation.payers import draw_policies
from denialml.simulation.timeline import Timeline
from tests.simulation.conftest import is_decision

ELIGIBILITY = TRUTH_CAUSES.index(RootCause.ELIGIBILITY_COVERAGE)
OTHER_PAYER = TRUTH_CAUSES.index(RootCause.COB_WRONG_PAYER)
Submission = tuple[str, date]


class File:
    """What a reader of the practice's files could know about one coverage."""

    def __init__(self) -> None:
        self.checks: list[EligibilityCheck] = []
        # (received on, service date, not denied for eligibility, nor for coverage)
        self.answers: list[tuple[date, date, bool, bool]] = []

    def inactive_check(self, as_of: date) -> EligibilityCheck | None:
        for check in self.checks:
            inactive = check.result is EligibilityResult.INACTIVE
            if inactive and check.checked_on <= as_of:
                return check
        return None

    def asked(self, as_of: date) -> date | None:
        """The last day of an answer that coverage was active."""
        days = [
            check.checked_on
            for check in self.checks
            if check.checked_on <= as_of and check.result is EligibilityResult.ACTIVE
        ]
        return max(days, default=None)

    def proved(self, as_of: date) -> date | None:
        """The last service for which a payer's answer shows that it was covered."""
        days = [
            served
            for received, served, active, _ in self.answers
            if received < as_of and active
        ]
        return max(days, default=None)

    def is_reinstated(self) -> bool:
        """Whether the payer took the member back under the same number."""
        results = [check.result for check in self.checks]
        if EligibilityResult.INACTIVE not in results:
            return False
        first = results.index(EligibilityResult.INACTIVE)
        return EligibilityResult.ACTIVE in results[first:]


def hazards(
    practice: SimulatedPractice,
) -> tuple[Timeline, dict[str, tuple[float, ...]]]:
    """Hidden laws of the world: known to the truth, and to this test."""
    timeline = Timeline(practice.starts_on, practice.ends_on)
    policies = draw_policies(
        Random(f"world {practice.world} {practice.difficulty}"),
        timeline=timeline,
        settings=DIFFICULTIES["medium"],
    )
    return timeline, {one.payer.payer_id: one.lapse_hazard for one in policies}


def ended_by(
    hazard: tuple[float, ...], *, proved: int, asked: int | None, served: int
) -> float:
    """P(T <= served | T > proved, T + D > asked), summed over the days of T.

    D is the delay with which a payer's file shows the end: P(D > u) = .3 exp(-u/12).
    """
    if served <= proved:
        return 0.0
    weights = {}
    for day in range(proved + 1, len(hazard)):
        shown = 1.0
        if asked is not None and day <= asked:
            shown = 0.3 * exp((day - asked) / 12)
        weights[day] = shown * (exp(-hazard[day - 1]) - exp(-hazard[day]))
    whole = sum(weights.values()) + exp(-hazard[-1])
    return sum(weight for day, weight in weights.items() if day <= served) / whole


def submissions(practice: SimulatedPractice) -> dict[Submission, Claim]:
    return {
        (claim.patient_control_number, claim.submitted_on): claim
        for claim in (*practice.claims, *practice.outgoing)
        if claim.frequency_code == "1" and claim.submitted_on is not None
    }


def first_answers(practice: SimulatedPractice) -> dict[Submission, ClaimPayment]:
    """The initial determination of each submission, told apart by DTM*050."""
    found: dict[Submission, ClaimPayment] = {}
    for advice in (*practice.remittances, *practice.newest):
        for payment in advice.payments:
            if payment.received_by_payer_on is None or not is_decision(payment):
                continue
            key = (payment.patient_control_number, payment.received_by_payer_on)
            found.setdefault(key, payment)
    return found


@pytest.fixture(scope="module")
def files(two_years: SimulatedPractice) -> dict[str, File]:
    """By member number."""
    found: dict[str, File] = defaultdict(File)
    for check in two_years.eligibility_checks:
        found[check.member_id].checks.append(check)
    claims, answers = submissions(two_years), first_answers(two_years)
    for row in two_years.truth:
        key = (row.patient_control_number, row.submitted_on)
        if row.status != "answered" or row.line_number != 1:
            continue
        received = answers[key].remittance.received_on
        served = claims[key].lines[0].service_date
        assert received is not None
        assert served is not None
        active = row.root_cause is not RootCause.ELIGIBILITY_COVERAGE
        clean = active and row.root_cause is not RootCause.COB_WRONG_PAYER
        member_id = claims[key].subscriber.member_id
        found[member_id].answers.append((received, served, active, clean))
    return found


def rows_of(practice: SimulatedPractice) -> Iterator[tuple[TruthRow, Claim, date]]:
    claims = submissions(practice)
    for row in practice.truth:
        claim = claims[row.patient_control_number, row.submitted_on]
        served = claim.lines[0].service_date
        assert served is not None
        yield row, claim, served


def test_coverage_chance_follows_from_the_files(
    two_years: SimulatedPractice, files: dict[str, File]
) -> None:
    timeline, hazard_of = hazards(two_years)
    compared = certain = late = 0
    for number, (row, claim, served) in enumerate(rows_of(two_years)):
        file = files[claim.subscriber.member_id]
        if row.line_number > 1 or number % 2 or file.is_reinstated():
            continue
        inactive = file.inactive_check(row.submitted_on)
        asked, proved = file.asked(row.submitted_on), file.proved(row.submitted_on)
        if inactive is not None:
            assert inactive.coverage_end is not None
            expected = float(inactive.coverage_end < served)
            certain += 1
        elif proved is not None:
            # Coverage that replaces another is on the day it is brought.
            if "P" in row.patient_control_number:
                proved = max(proved, file.checks[0].checked_on)
            expected = ended_by(
                hazard_of[claim.payer.payer_id],
                proved=timeline.day(proved),
                asked=timeline.day(asked) if asked else None,
                served=timeline.day(served),
            )
            compared += 1
            late += asked is not None and proved < asked
        else:
            continue
        assert row.cause_chances[ELIGIBILITY] == pytest.approx(expected, abs=1e-9)
    assert compared > 1500
    assert certain > 15
    assert late > 100


def test_some_members_are_reinstated(files: dict[str, File]) -> None:
    assert sum(file.is_reinstated() for file in files.values()) > 3


def test_other_coverage_is_certain_once_named_and_unsettled(
    two_years: SimulatedPractice, files: dict[str, File]
) -> None:
    """Named by the latest answer, nothing since: a later service is denied."""
    named = 0
    for row, claim, served in rows_of(two_years):
        known = [
            check
            for check in files[claim.subscriber.member_id].checks
            if check.checked_on <= row.submitted_on
        ]
        if known and known[-1].other_payer_id and served >= known[-1].checked_on:
            assert row.cause_chances[OTHER_PAYER] == 1.0
            named += 1
    assert named > 3
