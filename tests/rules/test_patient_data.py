"""The rules of `families.patient_data`."""

from datetime import date
from typing import Any

import pytest

from denialml.domain.claim import Patient, Subscriber
from denialml.domain.coverage import EligibilityCheck, EligibilityResult
from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from tests.rules.cases import case, changed, check, claim
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

SUBSCRIBER = claim().subscriber
CHILD = Patient(
    last_name="Cragbottom", first_name="Fern", birth_date=date(2016, 4, 4), gender="M"
)


def answer(**fields: Any) -> EligibilityCheck:
    """An answer with the patient's own data."""
    usual: dict[str, Any] = {
        "last_name": "CRAGBOTTOM",
        "first_name": "JUNIPER",
        "birth_date": date(1980, 5, 1),
        "gender": "F",
    }
    return check(**(usual | fields))


def answered(**fields: Any) -> ClaimCase:
    """The clean claim with an answer that says this."""
    return case(checks=[answer(**fields)])


def refused(code: str, **fields: Any) -> ClaimCase:
    """The clean claim after an inquiry that the payer refused (AAA03)."""
    return case(
        checks=[
            check(
                result=EligibilityResult.UNKNOWN,
                mental_health_active=None,
                reject_reason_code=code,
                **fields,
            )
        ]
    )


def insured(**fields: Any) -> Subscriber:
    """The subscriber with other data."""
    changed_subscriber: Subscriber = changed(SUBSCRIBER, **fields)
    return changed_subscriber


# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()
SPEC = [
    Row(
        "BH-007",
        FOUND,
        lambda: answered(member_id="M2"),
        says="The member number on the claim differs from the payer's answer of"
        " 2026-03-01",
    ),
    Row("BH-007", FOUND, lambda: answered(last_name="Cragtop"), says="The last name"),
    Row(
        "BH-007",
        FOUND,
        lambda: answered(last_name="Cragtop", birth_date=date(1980, 1, 5)),
        says="The last name and birth date on the claim differ",
    ),
    Row(
        "BH-007",
        FOUND,
        lambda: answered(first_name="Linden"),
        says="The first name",
        severity=Severity.WARN,
    ),
    Row(
        "BH-007",
        FOUND,
        lambda: case(subscriber=insured(birth_date=None, last_name="")),
        says="The claim has no last name and birth date",
    ),
    Row("BH-007", CLEAN, answered),
    Row("BH-007", CLEAN, lambda: answered(last_name="Crag-Bottom Jr.")),
    Row("BH-007", CLEAN, lambda: answered(member_id="m1-01")),
    Row("BH-007", CLEAN, lambda: answered(first_name="Juniper A")),
    # E70: the patient is compared where that is not the subscriber.
    Row(
        "BH-007",
        CLEAN,
        lambda: case(
            patient=CHILD,
            checks=[answer(first_name="Fern", birth_date=date(2016, 4, 4))],
        ),
    ),
    Row("BH-007", FOUND, lambda: case(patient=CHILD, checks=[answer()]), says="birth"),
    # Both loops have a name where the patient is not the subscriber.
    Row(
        "BH-007",
        FOUND,
        lambda: case(patient=CHILD, subscriber=insured(last_name="")),
        says="no last name of the subscriber",
    ),
    Row("BH-007", CANNOT_TELL, case, says="an eligibility answer"),
    # A refused inquiry repeats what was asked.
    Row(
        "BH-007",
        FOUND,
        lambda: refused("72", member_id="M1"),
        says="did not find the patient under this member number on 2026-03-01 (271 AAA"
        " 72)",
    ),
    Row("BH-007", CANNOT_TELL, lambda: refused("72", member_id="M9")),
    Row("BH-007", CANNOT_TELL, lambda: refused("42", member_id="M1")),
    # A family's answers under one member number, without record numbers.
    Row(
        "BH-007",
        CANNOT_TELL,
        lambda: case(
            patient=CHILD,
            medical_record_number="",
            checks=[answer(medical_record_number="")],
        ),
        says="an eligibility answer of this payer (271) for the patient",
    ),
    Row(
        "BH-007",
        FOUND,
        lambda: case(
            medical_record_number="",
            checks=[answer(medical_record_number="", birth_date=date(1980, 1, 5))],
        ),
        says="The birth date on the claim differs",
    ),
    Row(
        "BH-007",
        CANNOT_TELL,
        lambda: answered(birth_date=None),
        says="the birth date in the payer's eligibility answer",
    ),
    Row(
        "BH-008",
        FOUND,
        lambda: answered(gender="M"),
        says="The claim says F, the payer's answer of 2026-03-01 says M",
    ),
    Row(
        "BH-008",
        FOUND,
        lambda: case(subscriber=insured(gender="")),
        says="no gender code",
        severity=Severity.REJECT,
    ),
    Row("BH-008", CANNOT_TELL, lambda: answered(gender=" ")),
    Row("BH-008", CLEAN, lambda: answered(gender="female")),
    Row(
        "BH-008",
        CLEAN,
        lambda: case(subscriber=insured(gender="U"), checks=[answer(gender="X")]),
    ),
    Row(
        "BH-008",
        CLEAN,
        lambda: case(patient=CHILD, checks=[answer(gender="M")]),
    ),
    Row("BH-008", CANNOT_TELL, lambda: answered(gender=""), says="the gender"),
    # Without any answer, or one that names nobody, BH-007 says what is missing.
    Row("BH-008", CLEAN, case),
    Row("BH-008", CLEAN, lambda: case(checks=[check()])),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
