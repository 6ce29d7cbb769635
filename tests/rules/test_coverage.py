"""The rules of `families.coverage`."""

from datetime import date
from typing import Any

import pytest

from denialml.domain.coverage import EligibilityCheck, EligibilityResult, PayerType
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import DAY, case, check, clinician, line
from tests.rules.earlier_payments import answered_before
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

INACTIVE, UNSURE = EligibilityResult.INACTIVE, EligibilityResult.UNKNOWN
MEDICARE = PayerType.MEDICARE
# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()
APRIL = date(2026, 4, 20)
OF_ANOTHER_PATIENT = check(medical_record_number="MRN9", member_id="M9")


def in_may(*checks: EligibilityCheck) -> ClaimCase:
    """The claim of March sent in May, with answers of both months."""
    return case(checks=checks, as_of=date(2026, 5, 1))


def plan_only() -> ClaimCase:
    """The payer has answered for service type 30 only."""
    return case(checks=[check(mental_health_active=None)])


def of_child(**fields: Any) -> ClaimCase:
    """A claim without a medical record number, and an answer of another birth date."""
    return case(
        checks=[check(medical_record_number="", birth_date=date(1950, 1, 1), **fields)],
        medical_record_number="",
    )


def weekly(visits: int, **fields: Any) -> ClaimCase:
    """Two sessions on one claim, and an answer that left so many visits."""
    return case(
        line(service_date=date(2026, 3, 2)),
        line(number=2, service_date=date(2026, 3, 4)),
        checks=[check(visits_remaining=visits)],
        **fields,
    )


SPEC = [
    Row(
        "BH-014",
        FOUND,
        lambda: case(checks=[check(coverage_end=date(2026, 3, 1))]),
        says="coverage ended on 2026-03-01",
        lines=(1,),
    ),
    Row("BH-014", CLEAN, lambda: case(checks=[check(coverage_end=date(2026, 3, 2))])),
    # A range of days of which the last are not covered.
    Row(
        "BH-014",
        FOUND,
        lambda: case(
            line(service_date_end=date(2026, 3, 6)),
            checks=[check(coverage_end=date(2026, 3, 5))],
        ),
        says="The dates of service are 2026-03-02 to 2026-03-06; the eligibility",
    ),
    Row(
        "BH-014",
        CLEAN,
        lambda: case(
            line(service_date_end=date(2026, 3, 5)),
            checks=[check(coverage_end=date(2026, 3, 5))],
        ),
    ),
    Row(
        "BH-014",
        FOUND,
        lambda: case(checks=[check(coverage_begin=date(2026, 3, 3))]),
        says="coverage began on 2026-03-03",
    ),
    Row("BH-014", CLEAN, lambda: case(checks=[check(coverage_begin=date(2026, 3, 2))])),
    Row(
        "BH-014",
        FOUND,
        lambda: case(checks=[check(result=INACTIVE)]),
        says="inactive on 2026-03-01",
    ),
    # Inactive in another month says nothing of this one.
    Row(
        "BH-014",
        CANNOT_TELL,
        lambda: case(checks=[check(result=INACTIVE, checked_on=date(2026, 2, 27))]),
        says="an eligibility answer for the date of service",
    ),
    # Covered that day, ended since.
    Row(
        "BH-014",
        CLEAN,
        lambda: case(
            checks=[check(result=INACTIVE, coverage_end=date(2026, 3, 31))],
        ),
    ),
    Row(
        "BH-014",
        FOUND,
        lambda: case(checks=[check(mental_health_active=False)]),
        says="no active mental-health benefit",
    ),
    # Health-behavior codes are of the medical benefit (E28).
    Row(
        "BH-014",
        CLEAN,
        lambda: case(line("96158"), checks=[check(mental_health_active=False)]),
    ),
    # The payer answered for service type 30 only (E27).
    Row(
        "BH-014",
        CANNOT_TELL,
        lambda: case(checks=[check(mental_health_active=None)]),
        says="the mental-health benefit",
    ),
    # It has paid a session of this year; a year before or a medical code says nothing.
    Row("BH-014", CLEAN, lambda: answered_before(plan_only())),
    Row(
        "BH-014",
        CANNOT_TELL,
        lambda: answered_before(plan_only(), on=date(2025, 12, 30)),
    ),
    Row("BH-014", CANNOT_TELL, lambda: answered_before(plan_only(), "96158")),
    # The answer is about a parent with the same member number.
    Row(
        "BH-014",
        CANNOT_TELL,
        lambda: of_child(result=INACTIVE, first_name="Bracken"),
        says="eligibility answer of this payer (271)",
    ),
    Row("BH-014", FOUND, lambda: of_child(result=INACTIVE, first_name="Juniper")),
    # The payer's word about the day stands, whatever the next plan year says.
    Row(
        "BH-014",
        CLEAN,
        lambda: in_may(
            check(checked_on=DAY), check(checked_on=APRIL, coverage_begin=APRIL)
        ),
    ),
    Row(
        "BH-014",
        CANNOT_TELL,
        lambda: in_may(check(checked_on=APRIL, coverage_begin=APRIL)),
        says="an eligibility answer for the date of service",
    ),
    # Taken back later: the newest answer that places the day counts.
    Row(
        "BH-014",
        FOUND,
        lambda: in_may(
            check(checked_on=DAY),
            check(checked_on=APRIL, coverage_end=date(2026, 2, 28)),
        ),
        says="coverage ended on 2026-02-28",
        lines=(1,),
    ),
    # An answer from before does not know of the coverage that came after it.
    Row(
        "BH-014",
        CLEAN,
        lambda: in_may(
            check(checked_on=date(2026, 1, 5), coverage_end=date(2025, 12, 31)),
            check(checked_on=date(2026, 2, 20), coverage_begin=date(2026, 2, 1)),
        ),
    ),
    Row("BH-014", CANNOT_TELL, lambda: case(checks=[check(result=UNSURE)])),
    Row(
        "BH-014",
        CANNOT_TELL,
        lambda: case(),
        says="eligibility answer of this payer (271)",
    ),
    # The practice asks payers; of this patient there is no answer.
    Row(
        "BH-015",
        FOUND,
        lambda: case(checks=[OF_ANOTHER_PATIENT]),
        says="No eligibility answer",
    ),
    # A practice that files no answers at all is told once what it would gain.
    Row(
        "BH-015",
        CANNOT_TELL,
        lambda: case(),
        says="eligibility answer of this payer (271)",
    ),
    Row(
        "BH-015",
        FOUND,
        lambda: case(checks=[check(checked_on=date(2026, 1, 29))]),
        says="the date of service is 2026-03-02 (32 days apart)",
        by_default=True,
    ),
    Row("BH-015", CLEAN, lambda: case(checks=[check(checked_on=date(2026, 1, 30))])),
    # The nearest answer counts, not the last.
    Row("BH-015", CLEAN, lambda: in_may(check(), check(checked_on=APRIL))),
    Row(
        "BH-015",
        FOUND,
        lambda: in_may(check(checked_on=APRIL)),
        says="49 days apart",
        by_default=True,
        lines=(1,),
    ),
    Row(
        "BH-015",
        CLEAN,
        lambda: in_may(check(checked_on=APRIL, coverage_begin=date(2025, 6, 1))),
    ),
    # Medicaid's coverage goes by months.
    Row(
        "BH-015",
        FOUND,
        lambda: case(
            payer_type=PayerType.MEDICAID,
            checks=[check(checked_on=date(2026, 2, 28))],
        ),
        by_default=True,
    ),
    # A weekly patient is checked once a month (E74).
    Row(
        "BH-015",
        CLEAN,
        lambda: case(
            line(service_date=date(2026, 3, 30)),
            checks=[check()],
            as_of=date(2026, 4, 1),
        ),
    ),
    Row(
        "BH-015",
        FOUND,
        lambda: case(checks=[check()], policy=PayerPolicy(eligibility_check_days=0)),
        says="(1 day apart)",
    ),
    Row(
        "BH-015",
        CLEAN,
        lambda: case(checks=[check()], policy=PayerPolicy(eligibility_check_days=1)),
    ),
    Row(
        "BH-015",
        CANNOT_TELL,
        lambda: case(line(service_date=None), checks=[check()]),
        says="date of service",
    ),
    # A line without a date hides neither the other line nor the missing answer.
    Row(
        "BH-015",
        FOUND,
        lambda: case(line(service_date=None), checks=[OF_ANOTHER_PATIENT]),
        says="No eligibility",
    ),
    Row(
        "BH-015",
        FOUND,
        lambda: case(
            line(service_date=None),
            line(number=2),
            checks=[check(checked_on=date(2026, 1, 29))],
        ),
        lines=(2,),
        by_default=True,
    ),
    Row(
        "BH-128",
        FOUND,
        lambda: case(
            line(place_of_service="31"), payer_type=MEDICARE, clinicians=[clinician()]
        ),
        says="by a clinical social worker",
    ),
    # Counselors and family therapists are paid beside the stay (E42).
    Row(
        "BH-128",
        CLEAN,
        lambda: case(
            line(place_of_service="31"),
            payer_type=MEDICARE,
            clinicians=[clinician(credential="LMFT")],
        ),
    ),
    Row(
        "BH-128",
        CLEAN,
        lambda: case(
            line(place_of_service="32"), payer_type=MEDICARE, clinicians=[clinician()]
        ),
    ),
    Row(
        "BH-128",
        CANNOT_TELL,
        lambda: case(
            line(place_of_service="31"), payer_type=MEDICARE, rendering_provider=None
        ),
        says="credential",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
