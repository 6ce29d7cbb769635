"""Usual payments, printed codes and recoveries, as of a day."""

from datetime import date, timedelta
from decimal import Decimal

from denialml.modeling.knowledge.outcomes import (
    RECOVERY_DAYS,
    Outcome,
    OutcomeBook,
    named_cause,
)

DAY = date(2024, 3, 1)


def paid(on: date, allowed: str) -> Outcome:
    return Outcome(
        received_on=on, payer="P", code="90837", denied=False, allowed=Decimal(allowed)
    )


def denied(on: date, code: str = "197", recovered_on: date | None = None) -> Outcome:
    return Outcome(
        received_on=on,
        payer="P",
        code="90837",
        denied=True,
        reason_code=code,
        cause="auth_missing",
        recovered_on=recovered_on,
    )


def test_the_usual_payment_is_the_mean_of_what_was_received_before_the_day() -> None:
    book = OutcomeBook([paid(DAY, "100"), paid(DAY + timedelta(days=1), "120")])
    book.advance(DAY)
    assert book.usual_payment("P", "90837") is None
    book.advance(DAY + timedelta(days=2))
    usual = book.usual_payment("P", "90837")
    assert usual is not None
    assert (usual.mean, usual.payments) == (Decimal(110), 2)


def test_a_payment_of_nothing_says_nothing_of_what_is_usual() -> None:
    book = OutcomeBook([paid(DAY, "0"), paid(DAY, "90")])
    book.advance(DAY + timedelta(days=1))
    usual = book.usual_payment("P", "90837")
    assert usual is not None
    assert usual.mean == Decimal(90)


def test_denials_count_as_unrecovered_once_the_time_to_recover_them_is_over() -> None:
    won = denied(DAY, recovered_on=DAY + timedelta(days=60))
    late = denied(DAY, recovered_on=DAY + timedelta(days=RECOVERY_DAYS + 1))
    book = OutcomeBook([won, late, denied(DAY), denied(DAY)])
    book.advance(DAY + timedelta(days=RECOVERY_DAYS))
    assert book.unrecovered("P").denials == 0
    assert book.unrecovered("P").share == Decimal("0.5")
    book.advance(DAY + timedelta(days=RECOVERY_DAYS + 1))
    found = book.unrecovered("P")
    assert found.denials == 4
    # Three of four lost, drawn to one half by four.
    assert found.share == Decimal(5) / 8


def test_the_code_printed_most_often_for_a_cause_is_the_likely_one() -> None:
    book = OutcomeBook([denied(DAY, "197"), denied(DAY, "16"), denied(DAY, "197")])
    book.advance(DAY + timedelta(days=1))
    assert book.reason_code("P", "auth_missing") == "197"
    assert book.reason_code("P", "timely_filing") == ""


def test_a_cause_is_named_by_more_than_half_of_the_shares() -> None:
    assert named_cause({"auth_missing": 0.6, "timely_filing": 0.4}) == "auth_missing"
    assert named_cause({"auth_missing": 0.5, "timely_filing": 0.5}) == ""
    assert named_cause({}) == ""
