"""The label contract, case by case: what a payer's answer amounts to."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.domain.adjudication import (
    LineAdjudication,
    LineOutcome,
    answering_adjustments,
    initial_determination,
    line_outcome,
)
from denialml.reference import adjustment_reasons
from tests.store.samples import adjustments, payment, service

PAID, DENIED, PARTIAL = LineOutcome.PAID, LineOutcome.DENIED, LineOutcome.PARTIAL
PENDING, REVERSED = LineOutcome.PENDING, LineOutcome.REVERSED
UNKNOWN = LineOutcome.UNKNOWN

# what it is, CLP02, charge, paid, CAS of the line, outcome
CASES = [
    ("paid in full", "1", "150", "150", "", PAID),
    ("paid with a contractual reduction", "1", "150", "110", "CO-45 40", PAID),
    ("paid with a copay", "1", "150", "90", "CO-45 40, PR-3 20", PAID),
    ("paid under sequestration", "1", "150", "98", "CO-45 50, CO-253 2", PAID),
    ("paid with a negotiated discount", "1", "150", "100", "CO-131 50", PAID),
    ("paid as secondary", "2", "150", "20", "OA-23 130", PAID),
    ("all of it deductible", "1", "150", "0", "CO-45 40, PR-1 110", PAID),
    ("all of it coinsurance", "1", "150", "0", "PR-2 150", PAID),
    ("deductible, yet called denied", "4", "150", "0", "CO-45 40, PR-1 110", PAID),
    ("paid in full by the primary", "2", "150", "0", "OA-23 150", PAID),
    ("paid to the patient", "1", "150", "0", "OA-100 150", PAID),
    ("capitated by a health plan", "1", "150", "0", "CO-24 150", PAID),
    ("authorization missing", "4", "150", "0", "CO-197 150", DENIED),
    ("denied in a claim called processed", "1", "150", "0", "CO-197 150", DENIED),
    ("denied beside a reduction", "1", "150", "0", "CO-45 40, CO-50 110", DENIED),
    ("denied to the patient", "1", "150", "0", "PR-27 150", DENIED),
    ("denied, then forwarded", "19", "150", "0", "CO-22 150", DENIED),
    ("two reasons", "4", "150", "0", "CO-16 100, CO-197 50", DENIED),
    ("cut as bundled, copay left", "1", "150", "0", "CO-97 100, PR-3 50", PARTIAL),
    ("down-coded", "1", "150", "80", "CO-45 20, CO-150 50", PARTIAL),
    ("units cut", "1", "150", "75", "CO-151 75", PARTIAL),
    ("processed as primary, forwarded", "19", "150", "110", "CO-45 40", PAID),
    ("premium grace period", "1", "150", "0", "OA-257 150", PENDING),
    ("pending further review", "1", "150", "0", "OA-133 150", PENDING),
    ("pended outweighs a reason", "1", "150", "0", "OA-133 50, CO-16 100", PENDING),
    ("sent on to the mental-health plan", "4", "150", "0", "OA-300 150", PENDING),
    ("transferred to the proper payer", "1", "150", "0", "OA-B11 150", PENDING),
    ("not our claim, forwarded", "23", "150", "0", "OA-109 150", PENDING),
    ("predetermination", "25", "150", "0", "OA-101 150", PENDING),
    ("pended (4010 status)", "5", "150", "0", "", PENDING),
    ("reversal", "22", "-150", "-110", "CO-45 -40", REVERSED),
    ("reversal of a denial", "22", "-150", "0", "CO-197 -150", REVERSED),
    ("reversal without its status", "1", "-150", "-110", "CO-45 -40", REVERSED),
    ("CO-45 takes the whole charge", "1", "150", "0", "CO-45 150", UNKNOWN),
    ("CO-45 takes all, called denied", "4", "150", "0", "CO-45 150", UNKNOWN),
    ("capitated, yet called denied", "4", "150", "0", "CO-24 150", UNKNOWN),
    ("unknown reason, not called denied", "1", "150", "0", "CO-ZZ9 150", UNKNOWN),
    ("unknown reason, called denied", "4", "150", "0", "CO-ZZ9 150", DENIED),
    ("unknown beside CO-45, called denied", "4", "150", "0", "CO-45 50, CO-ZZ9 100",
     DENIED),
    ("unknown beside CO-45", "1", "150", "0", "CO-45 50, CO-ZZ9 100", UNKNOWN),
    ("unknown reason on a paid line", "1", "150", "100", "CO-ZZ9 50", PAID),
    ("unknown beside a denial", "1", "150", "0", "CO-ZZ9 50, CO-197 100", DENIED),
    ("no reason, called denied", "4", "150", "0", "", DENIED),
    ("no reason, not called denied", "1", "150", "0", "", UNKNOWN),
    ("a reason that takes nothing", "1", "150", "110", "CO-45 40, CO-16 0", PAID),
    ("interest added", "1", "150", "155", "CO-94 -5", PAID),
    ("nothing charged", "1", "0", "0", "CO-246 0", UNKNOWN),
    ("nothing charged, called denied", "4", "0", "0", "CO-16 0", UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "charge", "paid", "cas", "outcome"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_label_of_a_line(
    status: str, charge: str, paid: str, cas: str, outcome: LineOutcome
) -> None:
    line = service(charge=charge, paid=paid, cas=cas)
    assert line_outcome(payment("A1", line, status=status), line) is outcome


@pytest.mark.parametrize(
    ("status", "charge", "paid", "cas", "outcome"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_label_of_a_claim_answered_as_a_whole(
    status: str, charge: str, paid: str, cas: str, outcome: LineOutcome
) -> None:
    whole = payment("A1", status=status, charge=charge, paid=paid, cas=cas)
    assert line_outcome(whole, None) is outcome


def test_capitation_from_original_medicare_is_a_denial() -> None:
    line = service(cas="CO-24 150")
    medicare = payment("A1", line, claim_filing_code="MB")
    advantage = payment("A1", line, claim_filing_code="16")
    assert line_outcome(medicare, line) is DENIED
    assert line_outcome(advantage, line) is PAID


def test_no_unknown_code_is_ever_a_denial_unless_the_payer_says_so() -> None:
    known = adjustment_reasons()
    strange = [code for code in ("ZZ9", "9999", "Q1", "") if code not in known]
    assert len(strange) == 4
    for code in strange:
        line = service(cas=f"CO-{code} 150")
        for status in ("1", "2", "3", "19", "20", "21"):
            assert line_outcome(payment("A1", line, status=status), line) is UNKNOWN


def test_adjustments_at_the_claim_level_explain_a_line_that_has_none() -> None:
    line = service(paid="0")
    whole = payment("A1", line, status="4", cas="CO-197 150")
    assert answering_adjustments(whole, line) == adjustments("CO-197 150")
    assert line_outcome(whole, line) is DENIED


def test_adjustments_at_the_claim_level_leave_a_line_alone_that_adds_up() -> None:
    paid = service(paid="110", cas="CO-45 40")
    denied = service("90785", charge="20", paid="0")
    whole = payment("A1", paid, denied, cas="CO-97 20")
    assert line_outcome(whole, paid) is PAID
    assert line_outcome(whole, denied) is DENIED


def test_the_initial_determination_is_the_first_decision() -> None:
    pended, denied, taken_back, paid = (
        _answer(PENDING, 0),
        _answer(DENIED, 1),
        _answer(REVERSED, 2),
        _answer(PAID, 3),
    )
    assert initial_determination([paid, taken_back, denied, pended]) is denied
    assert initial_determination([taken_back, paid]) is paid
    assert initial_determination([pended]) is None
    assert initial_determination([]) is None


def _answer(outcome: LineOutcome, sequence: int) -> LineAdjudication:
    return LineAdjudication(
        claim_id="clm_1",
        line_number=1,
        payment_id=f"pay_{sequence}",
        received_on=date(2026, 3, 20 + sequence),
        outcome=outcome,
        charge=Decimal(150),
        paid=Decimal(0),
        allowed=None,
        adjustments=(),
        remark_codes=(),
        sequence=sequence,
    )
