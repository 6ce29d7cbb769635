"""The rules of `families.documentation`."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import DAY, case, changed, earlier_claim, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

# No payer asks for the repeated share.
ALWAYS_TELL = {"BH-120"}
TIMED_AND_NOT = [note(), note(encounter_id="E2", minutes=None)]
OWN_WITHOUT_MINUTES = note(encounter_id="E3", minutes=None, patient_control_number="C1")


def noted(code: str = "90834", **fields: Any) -> ClaimCase:
    """One line with its signed note."""
    return case(line(code), notes=[note(**fields)])


def signed_after(days: int, limit: int | None = None) -> ClaimCase:
    """A session whose note was signed so many days later, sent a month later."""
    return case(
        line(),
        notes=[note(signed_on=DAY + timedelta(days))],
        policy=PayerPolicy(signature_limit_days=limit),
        as_of=DAY + timedelta(30),
    )


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


SIGNATURE_AND_TIME = [
    Row(
        "BH-038",
        FOUND,
        lambda: noted(minutes=None),
        says="90834 is billed by time; its note has no minutes",
        lines=(1,),
    ),
    Row("BH-038", CLEAN, lambda: noted(minutes=45)),
    # Two notes of the day that both may be the line's, one of them without minutes.
    Row(
        "BH-038",
        CANNOT_TELL,
        lambda: case(line(), notes=TIMED_AND_NOT),
        says="which of the day's notes documents 90834",
    ),
    Row(
        "BH-038",
        CANNOT_TELL,
        lambda: case(line(), notes=[TIMED_AND_NOT[0], OWN_WITHOUT_MINUTES]),
        says="which of the day's notes documents 90834",
    ),
    # The one that names the claim is the line's.
    Row(
        "BH-038",
        CLEAN,
        lambda: case(
            line(),
            notes=[
                changed(TIMED_AND_NOT[0], patient_control_number="C1"),
                TIMED_AND_NOT[1],
            ],
        ),
    ),
    Row(
        "BH-038",
        FOUND,
        lambda: case(line(), notes=[OWN_WITHOUT_MINUTES, TIMED_AND_NOT[1]]),
        says="its note has no minutes",
    ),
    # BH-117 says that the note is missing.
    Row("BH-038", CLEAN, lambda: case(line())),
    Row("BH-038", CLEAN, lambda: noted("90791", minutes=None)),
    # A month's minutes stand in a log, a drug's in its observation.
    Row("BH-038", CLEAN, lambda: noted("99492", minutes=None)),
    Row("BH-038", CLEAN, lambda: noted("G2082", minutes=None)),
    Row(
        "BH-117",
        FOUND,
        lambda: noted(signed_on=None),
        says="not signed on the day the claim is sent",
        severity=Severity.HOLD,
    ),
    # One signed after the claim goes out is not signed yet.
    Row(
        "BH-117",
        FOUND,
        lambda: noted(signed_on=date(2026, 3, 6)),
        severity=Severity.HOLD,
    ),
    Row("BH-117", CLEAN, lambda: noted(signed_on=date(2026, 3, 5))),
    # The draft of another clinician's session says nothing of this one.
    Row(
        "BH-117",
        CANNOT_TELL,
        lambda: noted(signed_on=None, clinician_npi="1999010022"),
        says="a signed note of the session",
    ),
    Row("BH-117", CANNOT_TELL, lambda: case(line()), says="a signed note"),
    Row("BH-117", CLEAN, lambda: case(line("J0013"))),
    Row(
        "BH-117",
        FOUND,
        lambda: signed_after(4, limit=3),
        says="signed 4 days after the session; this payer allows 3",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-117", CLEAN, lambda: signed_after(3, limit=3)),
    Row(
        "BH-117",
        FOUND,
        lambda: signed_after(-1, limit=3),
        says="signed 1 day before the session",
        severity=Severity.WARN,
    ),
    Row("BH-117", CLEAN, lambda: signed_after(0, limit=0)),
    Row("BH-117", CLEAN, lambda: signed_after(20, limit=30)),
    Row("BH-117", CLEAN, lambda: signed_after(3)),
    Row("BH-117", CANNOT_TELL, lambda: signed_after(4), says="limit for signing"),
    Row("BH-117", CANNOT_TELL, lambda: signed_after(14), says="limit for signing"),
    Row(
        "BH-117",
        FOUND,
        lambda: signed_after(15),
        severity=Severity.WARN,
        by_default=True,
    ),
    Row(
        "BH-127",
        FOUND,
        lambda: noted(attendance="no_show"),
        says="the record says that the visit was missed",
        severity=Severity.HOLD,
    ),
    Row(
        "BH-127",
        FOUND,
        lambda: noted(attendance="cancelled", signed_on=None),
        says="the visit was canceled",
    ),
    Row("BH-127", CLEAN, lambda: noted(attendance="held")),
    Row("BH-127", CLEAN, lambda: noted()),
    Row(
        "BH-127",
        CANNOT_TELL,
        lambda: noted(attendance="no_show", clinician_npi="1999010022"),
        says="whether the visit was held",
    ),
    Row(
        "BH-127",
        CANNOT_TELL,
        lambda: noted(attendance="no_show", procedure_code="90791"),
        says="whether the visit was held",
    ),
    Row(
        "BH-127",
        FOUND,
        lambda: noted(
            attendance="no_show", clinician_npi="", patient_control_number="C1"
        ),
    ),
    Row("BH-127", FOUND, lambda: noted(attendance="No-Show"), says="was missed"),
    # Rule BH-117 speaks of a note that is missing or not signed.
    Row("BH-127", CLEAN, lambda: noted(signed_on=None)),
    Row("BH-127", CLEAN, lambda: case(line())),
    Row("BH-127", CLEAN, lambda: noted(clinician_npi="1999010022")),
    Row("BH-127", CLEAN, lambda: case(line("80305"))),
]
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
        "BH-120",
        FOUND,
        lambda: noted(repeated_text_share=Decimal("0.96")),
        says="96% of the note's text",
    ),
    Row("BH-120", CLEAN, lambda: noted(repeated_text_share=Decimal("0.95"))),
    Row("BH-120", CLEAN, lambda: noted()),
    Row("BH-120", CLEAN, lambda: noted("96130", repeated_text_share=Decimal("0.99"))),
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
SPEC = SIGNATURE_AND_TIME + PLAN + CONTENT


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
