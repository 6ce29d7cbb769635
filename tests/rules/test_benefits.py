"""The rules of `families.benefits`."""

from datetime import date
from typing import Any

import pytest

from denialml.domain.claim import Diagnosis
from denialml.domain.coverage import EligibilityResult, PayerType
from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import authorization, case, check, line
from tests.rules.earlier_payments import answered_before
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

INACTIVE = EligibilityResult.INACTIVE
MEDICARE = PayerType.MEDICARE
# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()


def weekly(visits: int, **fields: Any) -> ClaimCase:
    """Two sessions on one claim, and an answer that left so many visits."""
    return case(
        line(service_date=date(2026, 3, 2)),
        line(number=2, service_date=date(2026, 3, 4)),
        checks=[check(visits_remaining=visits)],
        **fields,
    )


def with_social_factor(**fields: Any) -> ClaimCase:
    """A session for F41.1 and then Z63.0."""
    return case(
        line(diagnosis_pointers=(1, 2)),
        diagnoses=(
            Diagnosis(code="F411", qualifier="ABK"),
            Diagnosis(code="Z630", qualifier="ABF"),
        ),
        **fields,
    )


SPEC = [
    Row(
        "BH-031",
        FOUND,
        lambda: case(checks=[check(visits_remaining=0)]),
        says="no visit left for 90834",
    ),
    Row("BH-031", CLEAN, lambda: case(checks=[check(visits_remaining=1)])),
    Row("BH-031", CLEAN, lambda: case(checks=[check()])),
    Row("BH-031", CLEAN, lambda: case(line("96127"))),
    # BH-014 says that no answer is on file.
    Row("BH-031", CLEAN, lambda: case()),
    # The claim's own earlier session takes the last visit.
    Row("BH-031", FOUND, lambda: weekly(1), lines=(2,)),
    Row("BH-031", CLEAN, lambda: weekly(2)),
    # The visit of a corrected claim has been counted.
    Row("BH-031", CLEAN, lambda: weekly(0, frequency_code="7")),
    Row(
        "BH-031",
        CANNOT_TELL,
        lambda: case(
            checks=[check(checked_on=date(2025, 12, 30), visits_remaining=0)],
        ),
        says="in the year of the date of service",
    ),
    Row(
        "BH-032",
        FOUND,
        lambda: case(line("90845"), policy=PayerPolicy(excluded_codes=("90845",))),
        says="excludes 90845",
    ),
    Row(
        "BH-032",
        CLEAN,
        lambda: case(line("90845"), policy=PayerPolicy(excluded_codes=())),
    ),
    Row(
        "BH-032",
        FOUND,
        lambda: case(
            line("90847"),
            diagnoses=(Diagnosis(code="Z630", qualifier="ABK"),),
            policy=PayerPolicy(excluded_diagnoses=("Z63.0",)),
        ),
        says="excludes 90847 for Z630",
    ),
    Row("BH-032", CLEAN, lambda: case(line("90847"))),
    # A social factor beside the diagnosis that is treated.
    Row("BH-032", CLEAN, lambda: with_social_factor()),
    Row(
        "BH-032",
        FOUND,
        lambda: with_social_factor(policy=PayerPolicy(excluded_diagnoses=("Z63.0",))),
        severity=Severity.WARN,
    ),
    # The payer has authorized it, or paid it before.
    Row(
        "BH-032",
        CLEAN,
        lambda: case(
            line("97153"), authorizations=[authorization(procedure_codes=("97153",))]
        ),
    ),
    Row("BH-032", CLEAN, lambda: answered_before(case(line("97153")), "97153")),
    Row("BH-032", CANNOT_TELL, lambda: answered_before(case(line("97153")), "97155")),
    # The claim itself asks for the denial.
    Row(
        "BH-032",
        CLEAN,
        lambda: case(
            line("90845", modifiers=("GY",)),
            payer_type=MEDICARE,
            policy=PayerPolicy(excluded_codes=("90845",)),
        ),
    ),
    Row("BH-032", CANNOT_TELL, lambda: case(line("90880")), says="excluded_codes"),
    Row(
        "BH-032",
        CANNOT_TELL,
        lambda: case(diagnoses=(Diagnosis(code="Z630", qualifier="ABK"),)),
        says="excluded_diagnoses",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
