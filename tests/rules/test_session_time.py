"""The rules of `families.session_time`."""

from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from denialml.domain.edit import Severity
from denialml.domain.encounter import Encounter
from denialml.rules.case import ClaimCase
from tests.rules.cases import case, changed, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row, findings_of

OTHER = "1245319599"


def hour(**fields: Any) -> Encounter:
    """A note of a whole hour by the clock."""
    return note(started_at=time(9), stopped_at=time(10), **({"minutes": None} | fields))


def visit_and(code: str, of_both: Encounter) -> ClaimCase:
    """A visit with psychotherapy and one note of both."""
    return case(line("99214", modifiers=("25",)), line(code, 2), notes=[of_both])


# These read nothing but the claim.
ALWAYS_TELL = {"BH-040"}
TWO = [note(minutes=45), note(encounter_id="E2", minutes=60)]
SPEC = [
    Row(
        "BH-036",
        FOUND,
        lambda: case(line("90837"), notes=[note(minutes=52)]),
        says="90837 takes 53 documented minutes; the note has 52",
        lines=(1,),
    ),
    Row("BH-036", CLEAN, lambda: case(line("90837"), notes=[note(minutes=53)])),
    Row("BH-036", CANNOT_TELL, lambda: case(line("90837")), says="documented minutes"),
    # Two notes of one clinician and day: which of them is the session billed?
    Row(
        "BH-036",
        CANNOT_TELL,
        lambda: case(line("90837"), notes=TWO),
        says="which of the day's notes documents 90837",
    ),
    Row(
        "BH-036",
        CANNOT_TELL,
        lambda: case(line("90837"), notes=[TWO[1], changed(TWO[0], minutes=None)]),
        says="which of the day's notes documents 90837",
    ),
    Row("BH-036", CLEAN, lambda: case(line("90834"), notes=TWO)),
    Row(
        "BH-036",
        FOUND,
        lambda: case(
            line("90837"), notes=[changed(TWO[0], procedure_code="90837"), TWO[1]]
        ),
        says="the note has 45",
    ),
    Row(
        "BH-036",
        CLEAN,
        lambda: case(
            line("90837"), notes=[TWO[0], changed(TWO[1], patient_control_number="C1")]
        ),
    ),
    Row(
        "BH-037",
        CANNOT_TELL,
        lambda: case(line("90834"), notes=TWO),
        says="which of the day's notes documents 90834",
    ),
    # A crisis in two parts: the minutes of the day count.
    Row(
        "BH-057",
        CLEAN,
        lambda: case(
            line("90839"),
            line("90840", 2),
            notes=[note(minutes=40), note(encounter_id="E2", minutes=35)],
        ),
    ),
    Row(
        "BH-057",
        FOUND,
        lambda: case(
            line("90839"),
            line("90840", 2),
            notes=[note(minutes=40), note(encounter_id="E2", minutes=34)],
        ),
        says="the note has 74",
    ),
    Row(
        "BH-057",
        CANNOT_TELL,
        lambda: case(
            line("90839"),
            notes=[note(minutes=20), note(encounter_id="E2", minutes=None)],
        ),
        says="documented minutes",
    ),
    Row(
        "BH-037",
        FOUND,
        lambda: case(line("90834"), notes=[note(minutes=53)]),
        says="90834 covers up to 52 minutes",
    ),
    Row("BH-037", CLEAN, lambda: case(line("90834"), notes=[note(minutes=52)])),
    Row(
        "BH-037",
        CLEAN,
        lambda: case(line("90839"), line("90840", 2), notes=[note(minutes=90)]),
    ),
    Row(
        "BH-037",
        CLEAN,
        lambda: case(line("G0017"), line("G0018", 2), notes=[note(minutes=90)]),
    ),
    Row("BH-037", FOUND, lambda: case(line("90839"), notes=[note(minutes=75)])),
    # A visit and its psychotherapy: the whole hour is not the psychotherapy's.
    Row("BH-037", CLEAN, lambda: visit_and("90833", hour())),
    Row("BH-037", CLEAN, lambda: visit_and("90833", note(minutes=60))),
    Row("BH-037", CLEAN, lambda: visit_and("90833", hour(minutes=37))),
    Row("BH-037", FOUND, lambda: visit_and("90833", hour(minutes=38))),
    Row("BH-037", CLEAN, lambda: visit_and("90833", hour(evaluation_minutes=23))),
    Row(
        "BH-037",
        FOUND,
        lambda: visit_and("90833", hour(evaluation_minutes=22)),
        says="90833 covers up to 37 minutes; the note has 38",
        lines=(2,),
    ),
    Row("BH-037", FOUND, lambda: visit_and("90833", hour(procedure_code="90833"))),
    Row("BH-036", FOUND, lambda: visit_and("90838", hour(minutes=52))),
    Row("BH-036", CLEAN, lambda: visit_and("90838", hour(minutes=53))),
    Row("BH-036", CLEAN, lambda: visit_and("90838", hour())),
    # Other services of the visit have no minutes of their own in its note.
    Row(
        "BH-037",
        CLEAN,
        lambda: case(line("99214"), line("99406", 2), notes=[note(minutes=30)]),
    ),
    Row("BH-037", FOUND, lambda: case(line("99406"), notes=[note(minutes=11)])),
    # No code is for a longer screening; a month of care has no note of one session.
    Row("BH-037", CLEAN, lambda: case(line("G0444"), notes=[note(minutes=20)])),
    Row("BH-037", CLEAN, lambda: case(line("99492"))),
    Row("BH-037", CLEAN, lambda: case(line("99492"), line("99494", 2))),
    # Two sessions of the day and one note that does not say of which it is.
    Row(
        "BH-037",
        CLEAN,
        lambda: case(line("90834"), line("90853", 2), notes=[note(minutes=90)]),
    ),
    Row(
        "BH-037",
        CLEAN,
        lambda: case(
            line("90834"),
            line("90834", 2, modifiers=("59",)),
            notes=[note(minutes=90)],
        ),
    ),
    Row(
        "BH-036",
        CANNOT_TELL,
        lambda: case(line("90837"), line("90853", 2), notes=[note(minutes=45)]),
        says="of each session",
    ),
    Row(
        "BH-036",
        FOUND,
        lambda: case(
            line("90837"),
            line("90853", 2),
            notes=[
                note(minutes=45, procedure_code="90837"),
                note(minutes=90, procedure_code="90853", encounter_id="E2"),
            ],
        ),
    ),
    Row("BH-037", FOUND, lambda: case(line("90834"), line("90785", 2), notes=[hour()])),
    Row(
        "BH-036",
        FOUND,
        lambda: case(line("90847"), notes=[note(minutes=25)]),
        says="90847 takes 26 documented minutes; the note has 25",
        severity=Severity.WARN,
    ),
    Row("BH-036", CLEAN, lambda: case(line("90846"), notes=[note(minutes=26)])),
    # What another clinician documented that day proves nothing of the line.
    Row(
        "BH-036",
        CANNOT_TELL,
        lambda: case(line("90837"), notes=[note(minutes=30, clinician_npi=OTHER)]),
    ),
    Row(
        "BH-037",
        CANNOT_TELL,
        lambda: case(line("90834"), notes=[note(minutes=90, clinician_npi=OTHER)]),
    ),
    Row(
        "BH-036",
        FOUND,
        lambda: case(
            line("90837"),
            notes=[note(minutes=30, clinician_npi=OTHER, patient_control_number="C1")],
        ),
        says="the note has 30",
    ),
    Row("BH-037", CANNOT_TELL, lambda: case(line("90834")), says="documented minutes"),
    Row(
        "BH-040",
        FOUND,
        lambda: case(line("90834", units=Decimal(2))),
        says="with 2 units",
    ),
    Row("BH-040", CLEAN, lambda: case(line("90834"), line("90834", 2))),
    Row(
        "BH-057",
        FOUND,
        lambda: case(line("90839"), notes=[note(minutes=29)]),
        says="90839 takes 30 documented minutes; the note has 29",
    ),
    Row("BH-057", CLEAN, lambda: case(line("90839"), notes=[note(minutes=30)])),
    Row("BH-057", FOUND, lambda: case(line("G0017"), notes=[note(minutes=29)])),
    Row(
        "BH-057",
        FOUND,
        lambda: case(line("90839"), line("90840", 2), notes=[note(minutes=74)]),
        says="1 of 90840 take 75 documented minutes together with 90839",
        lines=(2,),
    ),
    Row(
        "BH-057",
        CLEAN,
        lambda: case(line("90839"), line("90840", 2), notes=[note(minutes=75)]),
    ),
    Row(
        "BH-057",
        FOUND,
        lambda: case(
            line("90839"),
            line("90840", 2, units=Decimal(2)),
            notes=[note(minutes=104)],
        ),
        says="2 of 90840 take 105 documented minutes",
    ),
    Row(
        "BH-057",
        CLEAN,
        lambda: case(
            line("90839"),
            line("90840", 2, units=Decimal(2)),
            notes=[note(minutes=105)],
        ),
    ),
    Row(
        "BH-057",
        FOUND,
        lambda: case(
            line("90839"),
            line("90840", 2),
            line("90840", 3),
            notes=[note(minutes=104)],
        ),
        says="2 of 90840 take 105 documented minutes",
        lines=(2, 3),
    ),
    Row(
        "BH-057",
        CLEAN,
        lambda: case(
            line("90839"), line("90840", 2, units=Decimal(0)), notes=[note(minutes=40)]
        ),
    ),
    Row("BH-057", CANNOT_TELL, lambda: case(line("90839")), says="documented minutes"),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


@pytest.mark.parametrize(
    ("minutes", "fix"),
    [(29, "those of 90832"), (16, "90833"), (15, "no psychotherapy")],
)
def test_a_short_crisis_is_never_said_to_be_more_than_its_minutes(
    minutes: int, fix: str
) -> None:
    """Review E25: 16 to 29 minutes are 90832, fewer are nothing."""
    (found,) = findings_of(case(line("90839"), notes=[note(minutes=minutes)]), "BH-057")
    assert fix in found.fix
