"""The rules of `families.session_units`."""

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.domain.encounter import Encounter
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import case, changed, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

ALWAYS_TELL: set[str] = set()
WHOLE = PayerPolicy(units_rounding="whole")
MIDPOINT = PayerPolicy(units_rounding="midpoint")


def quarters(units: int, minutes: int, code: str = "H2014", **fields: Any) -> ClaimCase:
    """So many 15-minute units on so many documented minutes."""
    return case(
        line(code, units=Decimal(units)), notes=[note(minutes=minutes)], **fields
    )


def twice(*notes: Encounter, units: int = 24, **fields: Any) -> ClaimCase:
    """97153 of a morning and an afternoon, on one line."""
    return case(line("97153", units=Decimal(units)), notes=notes, **fields)


def clock(start: time, stop: time, **fields: Any) -> Encounter:
    """A note with clock times."""
    return note(started_at=start, stopped_at=stop, **({"minutes": None} | fields))


def long_day(*notes: Encounter, **fields: Any) -> ClaimCase:
    """H2014 and H2017, 25 units each: twelve hours and a half."""
    return case(
        line("H2014", units=Decimal(25)),
        line("H2017", 2, units=Decimal(25)),
        notes=notes,
        **fields,
    )


def program_day(code: str, minutes: int | None, least: int | None) -> ClaimCase:
    return case(
        line(code),
        notes=[note(minutes=minutes)],
        policy=PayerPolicy(program_day_minutes=least),
    )


def visit(psychotherapy: str, *notes: Encounter) -> ClaimCase:
    """99214 with a psychotherapy add-on."""
    return case(line("99214"), line(psychotherapy, 2), notes=notes)


OTHER_NPI = "1999010022"
MORNING = note(encounter_id="E1", minutes=180)
AFTERNOON = note(encounter_id="E2", minutes=180)
SPEC = [
    Row(
        "BH-041",
        FOUND,
        lambda: quarters(4, 52, policy=MIDPOINT),
        says="H2014 is billed with 4 units; the 52 documented minutes make 3",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-041", CLEAN, lambda: quarters(4, 53, policy=MIDPOINT)),
    Row("BH-041", CLEAN, lambda: quarters(4, 53)),
    Row("BH-041", FOUND, lambda: quarters(4, 59, policy=WHOLE), says="make 3"),
    Row("BH-041", CLEAN, lambda: quarters(4, 60, policy=WHOLE)),
    Row(
        "BH-041",
        FOUND,
        lambda: quarters(4, 52),
        severity=Severity.WARN,
        by_default=True,
    ),
    # A note of the morning and one of the afternoon: six hours make 24 units.
    Row("BH-041", CLEAN, lambda: twice(MORNING, AFTERNOON)),
    Row(
        "BH-041",
        FOUND,
        lambda: twice(MORNING, AFTERNOON, units=25),
        says="the 360 documented minutes make 24",
    ),
    Row(
        "BH-041",
        FOUND,
        lambda: twice(MORNING, changed(AFTERNOON, clinician_npi=OTHER_NPI)),
        says="the 180 documented minutes make 12",
    ),
    Row(
        "BH-041",
        FOUND,
        lambda: twice(MORNING, changed(AFTERNOON, signed_on=date(2026, 3, 6))),
        says="the 180 documented minutes make 12",
    ),
    # Whose claim, or whose code, a note is of.
    Row(
        "BH-041",
        FOUND,
        lambda: twice(
            changed(MORNING, patient_control_number="C1"),
            changed(AFTERNOON, patient_control_number="C0"),
        ),
        says="the 180 documented minutes make 12",
    ),
    Row(
        "BH-041",
        FOUND,
        lambda: twice(MORNING, changed(AFTERNOON, procedure_code="97155")),
        says="the 180 documented minutes make 12",
    ),
    Row(
        "BH-041",
        FOUND,
        lambda: case(
            line("97153", units=Decimal(24)),
            line("97155", 2, units=Decimal(4)),
            notes=[
                changed(MORNING, patient_control_number="C1"),
                changed(AFTERNOON, patient_control_number="C1", procedure_code="97155"),
            ],
        ),
        says="97153 is billed with 24 units; the 180 documented minutes make 12",
        lines=(1,),
    ),
    # Minutes that two notes share count once.
    Row(
        "BH-041",
        FOUND,
        lambda: twice(
            clock(time(9), time(12)),
            clock(time(10), time(13), encounter_id="E2"),
        ),
        says="the 240 documented minutes make 16",
    ),
    Row(
        "BH-041",
        CANNOT_TELL,
        lambda: twice(MORNING, changed(AFTERNOON, minutes=None)),
        says="documented minutes",
    ),
    Row(
        "BH-041",
        CLEAN,
        lambda: twice(MORNING, changed(AFTERNOON, minutes=None), units=12),
    ),
    # Both sessions on lines of their own: the day's units on the day's minutes.
    Row(
        "BH-041",
        CLEAN,
        lambda: case(
            line("97153", units=Decimal(12)),
            line("97153", 2, units=Decimal(12), modifiers=("76",)),
            notes=[MORNING, AFTERNOON],
        ),
    ),
    Row(
        "BH-041",
        FOUND,
        lambda: case(
            line("97153", units=Decimal(13)),
            line("97153", 2, units=Decimal(12), modifiers=("76",)),
            notes=[MORNING, AFTERNOON],
        ),
        says="25 units; the 360 documented minutes make 24",
        lines=(1, 2),
    ),
    # No way of rounding makes four units of 45 minutes.
    Row("BH-041", FOUND, lambda: quarters(4, 45), severity=Severity.DENY_LIKELY),
    Row(
        "BH-041",
        FOUND,
        lambda: quarters(4, 52, "97153", payer_type=PayerType.MEDICARE),
        severity=Severity.DENY_LIKELY,
    ),
    # An add-on begins after the base's thirty minutes.
    Row("BH-041", CLEAN, lambda: quarters(1, 38, "96159", policy=MIDPOINT)),
    Row(
        "BH-041",
        FOUND,
        lambda: quarters(1, 37, "96159", policy=MIDPOINT),
        says="96159 is billed with 1 unit; the 37 documented minutes make 0",
    ),
    # Lines that rest on one note share its minutes.
    Row(
        "BH-041",
        FOUND,
        lambda: case(
            line("H2014", units=Decimal(2)),
            line("H2014", 2, units=Decimal(2), modifiers=("76",)),
            notes=[note(minutes=45)],
            policy=MIDPOINT,
        ),
        says="with 4 units",
        lines=(1, 2),
    ),
    Row(
        "BH-041",
        CLEAN,
        lambda: case(
            line("H2014", units=Decimal(2)),
            line("H2014", 2, units=Decimal(1)),
            notes=[note(minutes=45)],
            policy=MIDPOINT,
        ),
    ),
    # Two services of the day: a note that names neither may be of the other.
    Row(
        "BH-041",
        CANNOT_TELL,
        lambda: case(
            line("H2014", units=Decimal(4)),
            line("H2017", 2, units=Decimal(8)),
            notes=[note(minutes=60)],
        ),
        says="of each service",
    ),
    Row(
        "BH-041",
        FOUND,
        lambda: case(
            line("H2014", units=Decimal(4)),
            line("H2017", 2, units=Decimal(8)),
            notes=[
                note(minutes=60, procedure_code="H2014"),
                note(minutes=60, procedure_code="H2017", encounter_id="E2"),
            ],
        ),
        lines=(2,),
    ),
    Row(
        "BH-041",
        FOUND,
        lambda: case(
            line("96158"), line("96159", 2, units=Decimal(2)), notes=[note(minutes=45)]
        ),
        says="96159 is billed with 2 units; the 45 documented minutes make 1",
    ),
    Row("BH-041", CLEAN, lambda: case(line("H2014", unit_basis="MJ"))),
    Row(
        "BH-041",
        CANNOT_TELL,
        lambda: case(line("H2014")),
        says="documented minutes",
    ),
    Row(
        "BH-041",
        CANNOT_TELL,
        lambda: case(
            line("H2014", units=Decimal(8), service_date_end=date(2026, 3, 3)),
            notes=[note(minutes=60)],
        ),
        says="of each day",
    ),
    Row(
        "BH-044",
        FOUND,
        lambda: long_day(
            clock(time(6), time(12, 30), procedure_code="H2014"),
            clock(time(13), time(19), procedure_code="H2017", encounter_id="E2"),
        ),
        says="750 minutes",
        lines=(1, 2),
    ),
    Row(
        "BH-044",
        CLEAN,
        lambda: long_day(
            clock(time(6), time(12), procedure_code="H2014"),
            clock(time(13), time(19), procedure_code="H2017", encounter_id="E2"),
        ),
    ),
    # Minutes that overlap, as of groups, count once (review E16).
    Row(
        "BH-044",
        CLEAN,
        lambda: long_day(
            clock(time(8), time(15), procedure_code="H2014"),
            clock(time(9), time(16), procedure_code="H2017", encounter_id="E2"),
        ),
    ),
    Row(
        "BH-044",
        FOUND,
        lambda: case(
            line("H0038", units=Decimal(1)), notes=[clock(time(8), time(20, 1))]
        ),
        says="721 minutes",
    ),
    Row(
        "BH-044",
        CLEAN,
        lambda: case(line("H0038"), notes=[clock(time(8), time(20))]),
    ),
    # Four lines of one note claim its hours once, a line over days no day's.
    Row(
        "BH-044",
        CLEAN,
        lambda: case(
            line("96130"),
            line("96131", 2, units=Decimal(2)),
            line("96136", 3),
            line("96137", 4, units=Decimal(5)),
            notes=[note(minutes=370)],
        ),
    ),
    Row(
        "BH-044",
        CLEAN,
        lambda: case(
            line("H2014", units=Decimal(60), service_date_end=date(2026, 3, 6))
        ),
    ),
    # Another clinician's note does not say when this one worked.
    Row(
        "BH-044",
        CANNOT_TELL,
        lambda: long_day(clock(time(6), time(19), clinician_npi="1999020013")),
        says="start and stop times",
    ),
    Row("BH-044", CANNOT_TELL, lambda: long_day(), says="start and stop times"),
    Row(
        "BH-044",
        CANNOT_TELL,
        lambda: case(
            line("97153", units=Decimal(30)), line("97155", 2, units=Decimal(20))
        ),
        says="who delivered",
    ),
    Row(
        "BH-048",
        FOUND,
        lambda: program_day("H0015", 179, 180),
        says="H0015 takes 180 attended minutes a day with this payer; the note has 179",
    ),
    Row("BH-048", CLEAN, lambda: program_day("H0015", 180, 180)),
    # Two hours a day may be what the payer asks for adolescents.
    Row("BH-048", CLEAN, lambda: program_day("H0015", 120, 120)),
    Row("BH-048", FOUND, lambda: program_day("S9480", 179, 180)),
    # The code itself asks for no attendance (review E26).
    Row("BH-048", CLEAN, lambda: program_day("H0015", 180, None)),
    Row("BH-048", CLEAN, lambda: program_day("S9480", 60, None)),
    Row(
        "BH-048",
        CANNOT_TELL,
        lambda: program_day("H0015", 179, None),
        says="program_day_minutes",
    ),
    Row(
        "BH-048",
        CANNOT_TELL,
        lambda: program_day("H0015", None, 180),
        says="documented minutes",
    ),
    Row(
        "BH-039",
        FOUND,
        lambda: visit(
            "90833", clock(time(9), time(9, 45), minutes=20, evaluation_minutes=30)
        ),
        says="The 30 minutes that 99214 rests on are counted again for 90833",
        lines=(1, 2),
        severity=Severity.DENY_LIKELY,
    ),
    # 45 minutes hold 30 of the visit and 15 of psychotherapy: 90833 takes 16.
    Row(
        "BH-039",
        FOUND,
        lambda: visit("90833", clock(time(9), time(9, 45), evaluation_minutes=30)),
        says="counted again",
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-039",
        FOUND,
        lambda: visit("90833", clock(time(9), time(9, 46), evaluation_minutes=30)),
        says="rests on the medical decision",
        severity=Severity.WARN,
    ),
    Row(
        "BH-039",
        FOUND,
        lambda: visit(
            "90833",
            clock(time(9), time(9, 30), procedure_code="99214", evaluation_minutes=30),
            clock(time(9, 20), time(9, 50), procedure_code="90833", encounter_id="E2"),
        ),
        says="counted again",
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-039",
        FOUND,
        lambda: visit(
            "90833",
            clock(time(9), time(9, 30), procedure_code="99214", evaluation_minutes=30),
            clock(time(9, 30), time(10), procedure_code="90833", encounter_id="E2"),
        ),
        severity=Severity.WARN,
    ),
    Row(
        "BH-039",
        FOUND,
        lambda: visit("90833", note(minutes=50, evaluation_minutes=30)),
        severity=Severity.WARN,
    ),
    Row("BH-039", CLEAN, lambda: visit("90833", note(minutes=20))),
    Row("BH-039", CLEAN, lambda: case(line("90833"), notes=[note()])),
    Row("BH-039", CANNOT_TELL, lambda: visit("90833"), says="signed note"),
    # Three groups of an hour are a day of three hours.
    Row(
        "BH-048",
        CLEAN,
        lambda: case(
            line("S9480"),
            notes=[note(encounter_id=f"E{place}", minutes=60) for place in (1, 2, 3)],
            policy=PayerPolicy(program_day_minutes=180),
        ),
    ),
    Row(
        "BH-048",
        FOUND,
        lambda: case(
            line("S9480"),
            notes=[note(encounter_id=f"E{place}", minutes=59) for place in (1, 2, 3)],
            policy=PayerPolicy(program_day_minutes=180),
        ),
        says="the note has 177",
    ),
    Row(
        "BH-048",
        CANNOT_TELL,
        lambda: case(
            line("S9480"),
            notes=[note(minutes=60), note(encounter_id="E2", minutes=None)],
            policy=PayerPolicy(program_day_minutes=180),
        ),
    ),
    # Two notes of one line by the clock, thirteen hours together.
    Row(
        "BH-044",
        FOUND,
        lambda: case(
            line("H2014", units=Decimal(52)),
            notes=[
                clock(time(6), time(13)),
                clock(time(14), time(20), encounter_id="E2"),
            ],
        ),
        says="at work for 780 minutes",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
