"""The rules of `families.treatment_plans`."""

from datetime import date, timedelta
from typing import Any

import pytest

from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import DAY, case, earlier_claim, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()


def noted(code: str = "90834", **fields: Any) -> ClaimCase:
    """One line with its signed note."""
    return case(line(code), notes=[note(**fields)])


def planned(
    days: int | None,
    *,
    limit: int | None = None,
    payer_type: PayerType = PayerType.COMMERCIAL,
    code: str = "90834",
) -> ClaimCase:
    """A session under a plan that was so many days old; None: the note names none."""
    written = DAY - timedelta(days) if days is not None else None
    return case(
        line(code),
        payer_type=payer_type,
        notes=[note(treatment_plan_on=written)],
        policy=PayerPolicy(treatment_plan_days=limit),
    )


def planned_later(*, limit: int | None) -> ClaimCase:
    """A session without a note, and a later one under a plan of its own day."""
    day = date(2026, 3, 4)
    return case(
        line(),
        notes=[note(service_date=day, signed_on=day, treatment_plan_on=day)],
        policy=PayerPolicy(treatment_plan_days=limit),
    )


def measured(days: int | None, limit: int | None, **others: Any) -> ClaimCase:
    """A session with the last measurement so many days before."""
    day = DAY - timedelta(days) if days is not None else None
    return case(
        notes=[note(measured_on=day)],
        policy=PayerPolicy(measurement_days=limit),
        **others,
    )


PLAN = [
    Row(
        "BH-118",
        FOUND,
        lambda: planned(91, limit=90),
        says="91 days old; this payer allows 90",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-118", CLEAN, lambda: planned(90, limit=90)),
    Row("BH-118", CLEAN, lambda: planned(200, limit=365)),
    # No federal interval (E41): without the payer's own, Medicaid's usual one warns.
    Row(
        "BH-118",
        FOUND,
        lambda: planned(91, payer_type=PayerType.MEDICAID),
        severity=Severity.WARN,
        by_default=True,
    ),
    Row("BH-118", CLEAN, lambda: planned(90, payer_type=PayerType.MEDICAID)),
    Row(
        "BH-118",
        CANNOT_TELL,
        lambda: planned(91),
        says="interval for reviewing treatment plans",
    ),
    # Medicare has none for outpatient psychotherapy.
    Row("BH-118", CLEAN, lambda: planned(91, payer_type=PayerType.MEDICARE)),
    # Many practices keep no plan dates: asked only of a payer that reviews plans.
    Row(
        "BH-118",
        CANNOT_TELL,
        lambda: planned(None, limit=90),
        says="the treatment plan in force",
    ),
    Row("BH-118", CLEAN, lambda: planned(None)),
    Row("BH-118", CLEAN, lambda: planned(None, payer_type=PayerType.MEDICAID)),
    Row(
        "BH-118",
        FOUND,
        lambda: planned(-2),
        says="dated 2 days after the session",
        severity=Severity.WARN,
    ),
    Row("BH-118", FOUND, lambda: planned(-2, limit=90), severity=Severity.DENY_LIKELY),
    Row("BH-118", FOUND, lambda: planned(-1), says="dated 1 day after the session"),
    # A newer plan of a later session: which one was in force then is not on file.
    Row(
        "BH-118",
        CANNOT_TELL,
        lambda: planned_later(limit=90),
        says="the treatment plan in force",
    ),
    Row("BH-118", CLEAN, lambda: planned_later(limit=None)),
    # An evaluation comes before the plan.
    Row("BH-118", CLEAN, lambda: planned(400, limit=90, code="90791")),
    Row(
        "BH-119",
        FOUND,
        lambda: noted(plan_goal_linked=False),
        says="names no goal",
    ),
    Row("BH-119", CLEAN, lambda: noted(plan_goal_linked=True)),
    Row(
        "BH-119",
        CANNOT_TELL,
        lambda: planned(10, limit=90),
        says="names a goal of the plan",
    ),
    Row("BH-119", CLEAN, lambda: noted()),
    Row("BH-119", CLEAN, lambda: case(line())),
    Row("BH-119", CLEAN, lambda: noted("90791", plan_goal_linked=False)),
]
CONTENT = [
    Row(
        "BH-121",
        FOUND,
        lambda: measured(91, 90),
        says="91 days before the session; this payer expects one every 90",
    ),
    Row("BH-121", CLEAN, lambda: measured(90, 90)),
    Row("BH-121", CANNOT_TELL, lambda: measured(None, 90), says="the last PHQ-9"),
    # Nobody is known to expect it.
    Row("BH-121", CLEAN, lambda: measured(91, None)),
    Row("BH-121", CLEAN, lambda: measured(None, None)),
    Row("BH-121", CLEAN, lambda: measured(90, None)),
    # A scored scale that was billed is a measurement.
    Row(
        "BH-121",
        CLEAN,
        lambda: case(
            line(),
            line("96127", 2),
            notes=[note(measured_on=date(2025, 9, 1))],
            policy=PayerPolicy(measurement_days=90),
        ),
    ),
    Row(
        "BH-121",
        CLEAN,
        lambda: measured(
            None,
            90,
            earlier=[
                earlier_claim(
                    line("96127", service_date=DAY - timedelta(90)),
                    on=DAY - timedelta(80),
                )
            ],
        ),
    ),
    Row(
        "BH-121",
        FOUND,
        lambda: measured(
            120,
            90,
            earlier=[
                earlier_claim(
                    line("96127", service_date=DAY - timedelta(91)),
                    on=DAY - timedelta(80),
                )
            ],
        ),
    ),
]
SPEC = PLAN + CONTENT


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
