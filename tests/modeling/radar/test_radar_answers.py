"""What the radar takes for an answer, and for a denial."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.domain.remittance import ClaimAdjustment
from denialml.modeling.radar.answers import (
    LineAnswer,
    circumstances,
    line_answers,
    without_repeats,
)
from tests.modeling.radar.answered import clinic
from tests.modeling.small_practice import make_claim

DAY = date(2024, 3, 4)


def adjudication(
    outcome: LineOutcome,
    *adjustments: tuple[str, str, int],
    received_on: date = date(2024, 3, 20),
    sequence: int = 0,
) -> LineAdjudication:
    return LineAdjudication(
        claim_id="c1",
        line_number=1,
        payment_id=f"p{sequence}",
        received_on=received_on,
        outcome=outcome,
        charge=Decimal(150),
        paid=Decimal(0),
        allowed=None,
        adjustments=tuple(
            ClaimAdjustment(
                group_code=group, reason_code=reason, amount=Decimal(amount)
            )
            for group, reason, amount in adjustments
        ),
        remark_codes=(),
        sequence=sequence,
    )


def records(*answers: LineAdjudication, frequency_code: str = "1") -> PracticeRecords:
    claim = make_claim(
        "A1", day=DAY, place="02", modifiers=("95",), frequency_code=frequency_code
    )
    assert claim.submitted_on is not None
    sent = SubmittedClaim(claim_id="c1", submitted_on=claim.submitted_on, claim=claim)
    return PracticeRecords(submitted_claims=(sent,), adjudications=answers)


def test_a_denied_line_in_the_payers_words() -> None:
    found = line_answers(
        records(adjudication(LineOutcome.DENIED, ("CO", "45", 20), ("CO", "4", 130))),
        known_by=date.max,
    )
    assert [
        (one.payer, one.code, one.session, one.diagnosis, one.reason) for one in found
    ] == [("P1", "90837", "02/95", "F41", "CO-4")]
    assert date.fromordinal(found[0].served_on) == DAY
    assert date.fromordinal(found[0].received_on) == date(2024, 3, 20)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(
            adjudication(LineOutcome.PAID, ("PR", "1", 150)), "", id="deductible"
        ),
        pytest.param(
            adjudication(LineOutcome.PARTIAL, ("CO", "50", 60)), "CO-50", id="cut"
        ),
        pytest.param(
            adjudication(LineOutcome.DENIED, ("CO", "9999", 150)), "?", id="unknown"
        ),
        pytest.param(
            adjudication(LineOutcome.DENIED, ("CO", "50", 10), ("PI", "97", 140)),
            "PI-97",
            id="largest",
        ),
    ],
)
def test_reason_of_one_answer(answer: LineAdjudication, reason: str) -> None:
    found = line_answers(records(answer), known_by=date.max)
    assert [one.reason for one in found] == [reason]


@pytest.mark.parametrize(
    "outcome", [LineOutcome.PENDING, LineOutcome.REVERSED, LineOutcome.UNKNOWN]
)
def test_no_decision_is_no_answer(outcome: LineOutcome) -> None:
    assert line_answers(records(adjudication(outcome)), known_by=date.max) == []


def test_a_corrected_claim_says_nothing_about_the_rules() -> None:
    answer = adjudication(LineOutcome.DENIED, ("CO", "4", 150))
    assert line_answers(records(answer, frequency_code="7"), known_by=date.max) == []


def test_only_what_was_received_before_the_day_counts() -> None:
    answer = adjudication(LineOutcome.DENIED, ("CO", "4", 150))
    assert line_answers(records(answer), known_by=date(2024, 3, 20)) == []
    assert len(line_answers(records(answer), known_by=date(2024, 3, 21))) == 1


def test_the_first_decision_counts_not_its_reversal() -> None:
    denied = adjudication(LineOutcome.DENIED, ("CO", "4", 150))
    paid = adjudication(LineOutcome.PAID, received_on=date(2024, 5, 1), sequence=1)
    found = line_answers(records(denied, paid), known_by=date.max)
    assert [one.reason for one in found] == ["CO-4"]


def test_a_patients_run_of_denials_is_one_event() -> None:
    answers = [one for one in clinic(seed=1, days=90, rate=0.0) if one.payer == "P1"][
        :6
    ]
    told = ["CO-50", "CO-50", "", "CO-4", "", "CO-4"]
    days = [1, 2, 3, 4, 70, 80]
    run = [
        msgspec.structs.replace(one, patient="same", reason=reason, received_on=day)
        for one, reason, day in zip(answers, told, days, strict=True)
    ]
    # Denied, still denied, paid after a denial; then anew; 66 days later; anew.
    assert without_repeats(run, days=60) == [True, False, False, True, True, True]


def test_the_circumstances_are_what_was_known_when_a_line_was_sent() -> None:
    def line(served: int, sent: int, received: int, reason: str = "") -> LineAnswer:
        return LineAnswer(
            served_on=served, submitted_on=sent, received_on=received, payer="P1",
            code="90837", session="11/", diagnosis="F41", clinician="c", patient="p",
            reason=reason,
        )  # fmt: skip

    answers = [
        line(1, 3, 20),
        line(8, 9, 21, "CO-50"),  # sent before the first answer came
        line(8, 15, 22, "CO-18"),  # the same service again
        line(10, 24, 30),  # after three answers, the newest a denial; 14 days late
        line(29, 31, 40),
    ]
    assert circumstances(answers) == [
        "unheard", "unheard", "again", "late denied", "paid",
    ]  # fmt: skip
