"""The rules of `families.claim_data`."""

from datetime import date, time
from typing import Any

import pytest

from denialml.domain.adjudication import LineOutcome
from denialml.domain.claim import Subscriber
from denialml.domain.coverage import EligibilityCheck, EligibilityResult
from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import case, changed, check, claim, line, note
from tests.rules.earlier_payments import answered_before
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

SUBSCRIBER = claim().subscriber


def answer(**fields: Any) -> EligibilityCheck:
    """An answer with the patient's own data."""
    usual: dict[str, Any] = {
        "last_name": "CRAGBOTTOM",
        "first_name": "JUNIPER",
        "birth_date": date(1980, 5, 1),
        "gender": "F",
    }
    return check(**(usual | fields))


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


def across(code: str, other: str, policy: PayerPolicy) -> ClaimCase:
    """A line of the last day of January and one of the first of February."""
    return case(
        line(code, service_date=date(2026, 1, 31)),
        line(other, number=2, service_date=date(2026, 2, 1)),
        policy=policy,
    )


def malformed(code: str) -> Row:
    """That the code is said to have no form of a procedure code."""
    says = f"Procedure code {code} does not have the form"
    return Row("BH-134", FOUND, lambda: case(line(code)), says=says)


def formed(code: str) -> Row:
    """That the code passes."""
    return Row("BH-134", CLEAN, lambda: case(line(code)))


BY_MONTH = PayerPolicy(splits_per_diem_months=True)
# These read nothing but the claim.
ALWAYS_TELL = {"BH-009", "BH-011", "BH-134"}
SPEC = [
    Row(
        "BH-009",
        FOUND,
        lambda: case(line(service_date=date(1, 1, 1))),
        says="dated 0001-01-01, which no service can be",
    ),
    Row(
        "BH-009",
        FOUND,
        lambda: case(line(), line(number=2, service_date_end=date(9999, 12, 31))),
        says="dated 9999-12-31, which no service can be",
        lines=(2,),
    ),
    Row(
        "BH-009",
        FOUND,
        lambda: case(line(service_date=date(2026, 3, 6))),
        says="90834 is dated 2026-03-06, after the day the claim is sent (2026-03-05)",
        lines=(1,),
    ),
    Row("BH-009", CLEAN, lambda: case(line(service_date=date(2026, 3, 5)))),
    Row(
        "BH-009",
        FOUND,
        lambda: case(line(service_date=None)),
        says="90834 has no date of service",
    ),
    Row(
        "BH-009",
        FOUND,
        lambda: case(line("", service_date=None)),
        says="A line without a procedure code has no date of service",
    ),
    Row(
        "BH-009",
        FOUND,
        lambda: case(line(service_date_end=date(2026, 3, 1))),
        says="before it begins",
    ),
    Row(
        "BH-009",
        FOUND,
        lambda: case(line("H0015", service_date_end=date(2026, 3, 6))),
        says="dated 2026-03-06",
    ),
    Row(
        "BH-009",
        FOUND,
        lambda: case(subscriber=insured(birth_date=date(2026, 3, 3))),
        says="before the patient's birth date",
    ),
    Row(
        "BH-009",
        CLEAN,
        lambda: case(subscriber=insured(birth_date=date(2026, 3, 2))),
    ),
    Row(
        "BH-010",
        FOUND,
        lambda: case(
            line(service_date=date(2025, 12, 31)),
            line(number=2, service_date=date(2026, 1, 2)),
        ),
        says="run from 2025-12-31 to 2026-01-02",
    ),
    Row(
        "BH-010",
        FOUND,
        lambda: case(
            line(service_date=date(2025, 12, 31), service_date_end=date(2026, 1, 1))
        ),
    ),
    Row(
        "BH-010",
        CLEAN,
        lambda: case(
            line(service_date=date(2026, 1, 1)),
            line(number=2, service_date=date(2026, 2, 28)),
        ),
    ),
    # E79: a session past midnight is dated on the day it began.
    Row(
        "BH-010",
        CLEAN,
        lambda: case(
            line(service_date=date(2025, 12, 31)),
            notes=[
                note(
                    service_date=date(2025, 12, 31),
                    started_at=time(23, 30),
                    stopped_at=time(0, 15),
                    minutes=None,
                )
            ],
        ),
    ),
    Row(
        "BH-010",
        FOUND,
        lambda: case(
            line("H0015", service_date=date(2026, 1, 31)),
            line("H0015", number=2, service_date=date(2026, 2, 1)),
            policy=PayerPolicy(splits_per_diem_months=True),
        ),
        says="H0015 on one claim from 2026-01-31 to 2026-02-01",
        lines=(1, 2),
        severity=Severity.DENY_LIKELY,
    ),
    # The months of the day rates count, not those of other lines.
    Row("BH-010", CLEAN, lambda: across("H0015", "90853", BY_MONTH)),
    Row("BH-010", CLEAN, lambda: across("H0015", "90853", PayerPolicy())),
    # H2012 is billed by the hour.
    Row("BH-010", CLEAN, lambda: across("H2012", "H2012", BY_MONTH)),
    Row(
        "BH-010",
        CLEAN,
        lambda: case(
            line("H0015", service_date=date(2026, 1, 31)),
            line("H0015", number=2, service_date=date(2026, 2, 1)),
            policy=PayerPolicy(splits_per_diem_months=False),
        ),
    ),
    Row(
        "BH-010",
        CANNOT_TELL,
        lambda: case(
            line("H0015", service_date=date(2026, 1, 31)),
            line("H0015", number=2, service_date=date(2026, 2, 1)),
        ),
        says="split by month",
    ),
    Row(
        "BH-011",
        FOUND,
        lambda: case(release_of_information_code=""),
        says="CLM09 is empty; it takes I and Y",
    ),
    Row(
        "BH-011",
        FOUND,
        lambda: case(assignment_code="P"),
        says="CLM07 is P",
    ),
    Row(
        "BH-011",
        FOUND,
        lambda: case(provider_signature_code="N"),
        says="signature is not on file",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-011", CLEAN, case),
    # E11: out of network, the patient is paid; I releases information too.
    Row(
        "BH-011",
        CLEAN,
        lambda: case(
            benefits_assignment_code="N",
            assignment_code="C",
            release_of_information_code="I",
        ),
    ),
    Row("BH-011", CLEAN, lambda: case(benefits_assignment_code="W")),
    Row(
        "BH-012",
        FOUND,
        lambda: case(related_cause_codes=("AA",)),
        says="CLM11 says AA",
    ),
    Row("BH-012", FOUND, lambda: case(related_cause_codes=("EM", "OA"))),
    Row(
        "BH-012",
        CLEAN,
        lambda: case(related_cause_codes=("AA",), accident_date=date(2026, 2, 1)),
    ),
    Row("BH-012", CLEAN, case),
    Row(
        "BH-012",
        CANNOT_TELL,
        lambda: case(related_cause_codes=("EM",)),
        says="whether the work-related condition comes from an accident",
    ),
    Row(
        "BH-013",
        FOUND,
        lambda: case(
            line(),
            line("H0015", 2),
            policy=PayerPolicy(institutional_codes=("H0015", "H0018")),
        ),
        says="takes H0015 on the institutional form",
        lines=(2,),
    ),
    Row(
        "BH-013",
        CLEAN,
        lambda: case(line("H0015"), policy=PayerPolicy(institutional_codes=())),
    ),
    Row("BH-013", CLEAN, case),
    Row(
        "BH-013",
        CANNOT_TELL,
        lambda: case(line("H0018")),
        says="codes for the institutional form",
    ),
    # It has paid the program on this form.
    Row("BH-013", CLEAN, lambda: answered_before(case(line("H0018")), "H0018")),
    # Another program is another question, and so is what it has not paid.
    Row(
        "BH-013",
        CANNOT_TELL,
        lambda: answered_before(case(line("H0018"), line("H0015", 2)), "H0018"),
    ),
    Row(
        "BH-013",
        CANNOT_TELL,
        lambda: answered_before(
            case(line("H0018")), "H0018", outcome=LineOutcome.DENIED
        ),
    ),
    Row(
        "BH-134",
        FOUND,
        lambda: case(line(""), line(number=2), line(" ", 3)),
        says="The line has no procedure code",
        lines=(1, 3),
        severity=Severity.REJECT,
    ),
    *map(malformed, ("9083", "908344", "90834-95", "F41.1", "HOO15")),
    *map(formed, ("90834", "T1015", "0362T", "3085F", "A9270", "h0015", "99999")),
    # Codes of other lists have forms of their own.
    Row("BH-134", CLEAN, lambda: case(line("12345A", procedure_qualifier="ER"))),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
