"""The rules of `families.documentation`."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import DAY, case, changed, line, note
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
]
SPEC = SIGNATURE_AND_TIME + CONTENT


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
