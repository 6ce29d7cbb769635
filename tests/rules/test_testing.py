"""The rules of `families.testing`."""

from datetime import date, time
from decimal import Decimal

import pytest

from denialml.domain.claim import Provider
from denialml.domain.encounter import Encounter
from denialml.rules.case import ClaimCase
from tests.rules.cases import case, earlier_claim, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

ALWAYS_TELL: set[str] = set()
OTHER = Provider(name="Other", npi="1999020013")


def both(*notes: Encounter, hours: int = 0, halves: int = 0) -> ClaimCase:
    """96130 and 96136 of one day, with so many further hours and half hours."""
    lines = [line("96130"), line("96136", 2)]
    if hours:
        lines.append(line("96131", 3, units=Decimal(hours)))
    if halves:
        lines.append(line("96137", 4, units=Decimal(halves)))
    return case(*lines, notes=notes)


def apart(start: time, stop: time, code: str) -> Encounter:
    """A note of one code with clock times."""
    return note(
        encounter_id=code, procedure_code=code, started_at=start, stopped_at=stop
    )


SPEC = [
    Row(
        "BH-045",
        FOUND,
        lambda: case(line("96130"), line("96130", 2, service_date=date(2026, 3, 3))),
        says="96130 is billed 2 times on the claim",
        lines=(1, 2),
    ),
    Row("BH-045", FOUND, lambda: case(line("96132", units=Decimal(2))), lines=(1,)),
    # Further hours of a later day belong to the same episode (review E19).
    Row(
        "BH-045",
        CLEAN,
        lambda: case(line("96130"), line("96131", 2, service_date=date(2026, 3, 3))),
    ),
    Row(
        "BH-045",
        CLEAN,
        lambda: case(line("96130"), line("96130", 2, rendering_provider=OTHER)),
    ),
    Row("BH-045", CLEAN, lambda: case(line("96130"), line("96132", 2))),
    Row(
        "BH-045",
        CANNOT_TELL,
        lambda: case(
            line("96130"),
            earlier=[
                earlier_claim(
                    line("96130", service_date=date(2026, 2, 2)), on=date(2026, 2, 4)
                )
            ],
        ),
        says="one episode",
    ),
    Row(
        "BH-045",
        CLEAN,
        lambda: case(
            line("96130"),
            earlier=[
                earlier_claim(
                    line("96130", service_date=date(2025, 11, 1)), on=date(2025, 11, 4)
                )
            ],
        ),
    ),
    # Of the same day: a duplicate, BH-076's.
    Row(
        "BH-045",
        CLEAN,
        lambda: case(
            line("96130"), earlier=[earlier_claim(line("96130"), on=date(2026, 3, 3))]
        ),
    ),
    # One note of both: 31 minutes and 16.
    Row(
        "BH-045",
        FOUND,
        lambda: both(note(minutes=46)),
        says="96130 and 96136 take 47 minutes together; the one note of 2026-03-02 has"
        " 46",
        lines=(1, 2),
    ),
    Row("BH-045", CLEAN, lambda: both(note(minutes=47))),
    Row(
        "BH-045",
        FOUND,
        lambda: both(note(minutes=196), hours=1, halves=3),
        says="96130, 96131, 96136 and 96137 take 197 minutes",
    ),
    Row("BH-045", CLEAN, lambda: both(note(minutes=197), hours=1, halves=3)),
    Row(
        "BH-045",
        FOUND,
        lambda: both(
            apart(time(9), time(10), "96130"), apart(time(9, 59), time(11), "96136")
        ),
        says="overlap",
    ),
    Row(
        "BH-045",
        CLEAN,
        lambda: both(
            apart(time(9), time(10), "96130"), apart(time(10), time(11), "96136")
        ),
    ),
    # A note of the evaluation says nothing of the administration.
    Row(
        "BH-045",
        CANNOT_TELL,
        lambda: both(apart(time(9), time(10), "96130")),
        says="of the test administration",
    ),
    Row("BH-045", CANNOT_TELL, lambda: both(note(minutes=None)), says="evaluation"),
    Row("BH-045", CANNOT_TELL, lambda: both(), says="documented minutes"),
    Row(
        "BH-047",
        FOUND,
        lambda: case(line("96130"), notes=[note(minutes=30)]),
        says="96130 takes 31 documented minutes; the note has 30",
    ),
    Row("BH-047", CLEAN, lambda: case(line("96130"), notes=[note(minutes=31)])),
    Row("BH-047", FOUND, lambda: case(line("96116"), notes=[note(minutes=30)])),
    Row("BH-047", FOUND, lambda: case(line("96132"), notes=[note(minutes=30)])),
    Row("BH-047", FOUND, lambda: case(line("96136"), notes=[note(minutes=15)])),
    Row("BH-047", CLEAN, lambda: case(line("96136"), notes=[note(minutes=16)])),
    Row("BH-047", FOUND, lambda: case(line("96138"), notes=[note(minutes=15)])),
    Row("BH-047", CANNOT_TELL, lambda: case(line("96130")), says="documented minutes"),
    # Two sittings of a day: their minutes together.
    Row(
        "BH-047",
        CLEAN,
        lambda: case(
            line("96130"),
            notes=[note(minutes=20), note(encounter_id="E2", minutes=11)],
        ),
    ),
    Row(
        "BH-047",
        FOUND,
        lambda: case(
            line("96130"),
            notes=[note(minutes=20), note(encounter_id="E2", minutes=10)],
        ),
        says="the note has 30",
    ),
    Row(
        "BH-047",
        CANNOT_TELL,
        lambda: case(
            line("96130"),
            notes=[note(minutes=20), note(encounter_id="E2", minutes=None)],
        ),
    ),
    Row(
        "BH-045",
        CLEAN,
        lambda: both(note(minutes=20), note(encounter_id="E2", minutes=27)),
    ),
    Row(
        "BH-045",
        FOUND,
        lambda: both(note(minutes=20), note(encounter_id="E2", minutes=26)),
        says="take 47 minutes together",
    ),
    Row(
        "BH-045",
        CANNOT_TELL,
        lambda: both(note(minutes=20), note(encounter_id="E2", minutes=None)),
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
