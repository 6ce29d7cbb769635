"""The rules of `families.public_coverage`."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.domain.claim import OtherPayer, Subscriber
from denialml.domain.coverage import PayerType
from tests.rules.cases import case, check, clinician, line
from tests.rules.earlier_payments import answered_before
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

MEDICARE, MEDICAID = PayerType.MEDICARE, PayerType.MEDICAID
SECOND = Subscriber(member_id="M1", payer_responsibility_code="S")
ANSWERED = OtherPayer(payer_id="P2", payer_responsibility_code="P", paid=Decimal(80))
UNANSWERED = OtherPayer(payer_id="P2", payer_responsibility_code="P")
# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()
SPEC = [
    Row(
        "BH-019",
        FOUND,
        lambda: case(payer_type=MEDICAID, checks=[check(other_payer_name="Mutual")]),
        says="Other coverage is on file (Mutual)",
    ),
    Row("BH-019", CLEAN, lambda: case(payer_type=MEDICAID, checks=[check()])),
    Row(
        "BH-019",
        CLEAN,
        lambda: case(payer_type=MEDICAID, subscriber=SECOND, other_payers=(ANSWERED,)),
    ),
    Row(
        "BH-019",
        FOUND,
        lambda: case(payer_type=MEDICAID, other_payers=(UNANSWERED,)),
        lines=(1,),
    ),
    # What Medicare never pays goes straight to Medicaid (E47).
    Row(
        "BH-019",
        CLEAN,
        lambda: case(
            line("H0038"),
            payer_type=MEDICAID,
            checks=[check(other_payer_name="Medicare Part B")],
        ),
    ),
    Row(
        "BH-019",
        FOUND,
        lambda: case(
            line("H0038"),
            line("90834", 2),
            payer_type=MEDICAID,
            checks=[check(other_payer_name="Medicare Part B")],
            clinicians=[clinician()],
        ),
        lines=(2,),
    ),
    Row(
        "BH-019",
        CLEAN,
        lambda: case(
            line("S9484"),
            payer_type=MEDICAID,
            checks=[check(other_payer_name="Medicare Part B")],
        ),
    ),
    # Medicare did not enroll counselors before 2024 (E18).
    Row(
        "BH-019",
        CLEAN,
        lambda: case(
            line(service_date=date(2023, 12, 31)),
            payer_type=MEDICAID,
            checks=[check(other_payer_name="Medicare Part B")],
            clinicians=[clinician(credential="LPC")],
        ),
    ),
    Row(
        "BH-019",
        FOUND,
        lambda: case(
            line(service_date=date(2024, 1, 1)),
            payer_type=MEDICAID,
            checks=[check(other_payer_name="Medicare Part B")],
            clinicians=[clinician(credential="LPC")],
        ),
    ),
    Row(
        "BH-019",
        CLEAN,
        lambda: case(
            payer_type=MEDICAID,
            checks=[check(other_payer_name="Ryan White Program")],
        ),
    ),
    Row(
        "BH-019",
        CANNOT_TELL,
        lambda: case(
            line("H0038"), payer_type=MEDICAID, checks=[check(other_payer_id="P2")]
        ),
        says="whether the other payer is Medicare",
    ),
    Row("BH-019", CLEAN, lambda: case(payer_type=MEDICAID)),
    # A managed plan's answer names the State's program.
    Row(
        "BH-019",
        CLEAN,
        lambda: case(
            payer_type=PayerType.MEDICAID_MANAGED_CARE,
            checks=[check(other_payer_name="Ohio Medicaid")],
        ),
    ),
    # One of the two pays after Medicaid, the other before.
    Row(
        "BH-019",
        FOUND,
        lambda: case(
            payer_type=MEDICAID,
            other_payers=(OtherPayer(name="IHS Clinic"), OtherPayer(name="Mutual")),
        ),
        says="Other coverage is on file (Mutual)",
    ),
    Row(
        "BH-019",
        CLEAN,
        lambda: case(
            payer_type=MEDICAID, other_payers=(OtherPayer(name="IHS Clinic"),)
        ),
    ),
    Row(
        "BH-020",
        FOUND,
        lambda: case(payer_type=MEDICARE, checks=[check(is_medicare_advantage=True)]),
        says="shows a Medicare Advantage plan",
        lines=(1,),
    ),
    Row(
        "BH-020",
        CLEAN,
        lambda: case(payer_type=MEDICARE, checks=[check(is_medicare_advantage=False)]),
    ),
    Row("BH-020", CLEAN, lambda: case(payer_type=MEDICARE)),
    # Original Medicare has paid for the patient this year.
    Row(
        "BH-020",
        CLEAN,
        lambda: answered_before(case(payer_type=MEDICARE, checks=[check()])),
    ),
    Row(
        "BH-020",
        CANNOT_TELL,
        lambda: answered_before(
            case(payer_type=MEDICARE, checks=[check()]), on=date(2025, 12, 1)
        ),
    ),
    Row(
        "BH-020",
        CANNOT_TELL,
        lambda: case(payer_type=MEDICARE, checks=[check()]),
        says="Medicare Advantage membership",
    ),
    Row(
        "BH-020",
        CANNOT_TELL,
        lambda: case(
            payer_type=MEDICARE,
            checks=[check(checked_on=date(2026, 2, 27), is_medicare_advantage=True)],
        ),
        says="for the month of service",
    ),
    Row(
        "BH-021",
        FOUND,
        lambda: case(
            payer_type=MEDICARE,
            patient_paid=Decimal(20),
            checks=[check(is_qualified_beneficiary=True)],
        ),
        says="the patient paid $20.00",
    ),
    Row(
        "BH-021",
        CLEAN,
        lambda: case(
            payer_type=MEDICARE,
            patient_paid=Decimal(0),
            checks=[check(is_qualified_beneficiary=True)],
        ),
    ),
    Row(
        "BH-021",
        CLEAN,
        lambda: case(
            payer_type=MEDICARE,
            patient_paid=Decimal(20),
            checks=[check(is_qualified_beneficiary=False)],
        ),
    ),
    Row(
        "BH-021",
        CANNOT_TELL,
        lambda: case(
            payer_type=MEDICARE,
            patient_paid=Decimal(20),
            checks=[check(other_payer_name="Ohio Medicaid")],
        ),
        says="QMB status",
    ),
    Row(
        "BH-021",
        CANNOT_TELL,
        lambda: case(
            payer_type=MEDICAID,
            patient_paid=Decimal(20),
            checks=[check()],
            other_payers=(OtherPayer(payer_id="P2", claim_filing_code="MB"),),
        ),
        says="QMB status",
    ),
    # Nothing names Medicaid beside Medicare.
    Row(
        "BH-021",
        CLEAN,
        lambda: case(payer_type=MEDICARE, patient_paid=Decimal(20), checks=[check()]),
    ),
    # Medicaid's own cost share of what Medicare never covers.
    Row(
        "BH-021",
        CLEAN,
        lambda: case(
            line("H0038"),
            payer_type=MEDICAID,
            patient_paid=Decimal(1),
            checks=[check(is_qualified_beneficiary=True)],
        ),
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
