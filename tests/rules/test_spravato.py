"""The rules of `families.spravato`."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from tests.rules.cases import case, earlier_claim, line, note
from tests.rules.other_clinicians import nobody_named, others_line
from tests.rules.spec import (
    CANNOT_TELL,
    CLEAN,
    FOUND,
    Row,
    check_row,
    findings_of,
)

ALWAYS_TELL: set[str] = set()
_LAST_YEAR = date(2025, 12, 31)
SPEC = [
    Row(
        "BH-067",
        FOUND,
        lambda: case(line("G2083"), line("99214", 2), payer_type=PayerType.MEDICARE),
        says="G2083 of 2026-03-02 includes 99214 (line 2)",
        lines=(1, 2),
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-067",
        FOUND,
        lambda: case(line("G2082"), line("J0013", 2, units=Decimal(56))),
        severity=Severity.WARN,
    ),
    Row(
        "BH-067",
        FOUND,
        lambda: case(line("G2082"), line("99417", 2), payer_type=PayerType.MEDICARE),
    ),
    Row(
        "BH-067",
        CLEAN,
        lambda: case(
            line("G2083"), others_line("99214"), payer_type=PayerType.MEDICARE
        ),
    ),
    Row(
        "BH-067",
        CLEAN,
        lambda: case(line("99214"), line("J0013", 2, units=Decimal(56))),
    ),
    Row(
        "BH-067",
        FOUND,
        lambda: case(
            line("99214"),
            earlier=[earlier_claim(line("G2083"), on=date(2026, 3, 3))],
            payer_type=PayerType.MEDICARE,
        ),
        says="99214 of 2026-03-02 is included in G2083 (the claim sent on 2026-03-03)",
        severity=Severity.WARN,
    ),
    Row("BH-067", CANNOT_TELL, lambda: nobody_named(line("G2083"), line("99214", 2))),
    Row(
        "BH-068",
        FOUND,
        lambda: case(line("G2083"), notes=[note(dose_milligrams=56)]),
        says="The note documents 56 mg, which is not G2083",
    ),
    Row(
        "BH-068",
        FOUND,
        lambda: case(line("G2082"), notes=[note(dose_milligrams=57)]),
    ),
    Row("BH-068", CLEAN, lambda: case(line("G2082"), notes=[note(dose_milligrams=56)])),
    # No drug was given.
    Row("BH-068", FOUND, lambda: case(line("G2082"), notes=[note(dose_milligrams=0)])),
    Row("BH-068", CLEAN, lambda: case(line("G2083"), notes=[note(dose_milligrams=84)])),
    Row(
        "BH-068",
        FOUND,
        lambda: case(
            line("J0013", units=Decimal(84)), notes=[note(dose_milligrams=56)]
        ),
        says="J0013 is billed with 84 units; the note documents 56 mg",
    ),
    Row(
        "BH-068",
        CLEAN,
        lambda: case(
            line("J0013", units=Decimal(84)), notes=[note(dose_milligrams=84)]
        ),
    ),
    # The dose over two lines, and what was thrown away on a third.
    Row(
        "BH-068",
        CLEAN,
        lambda: case(
            line("J0013", units=Decimal(56)),
            line("J0013", 2, units=Decimal(28)),
            line("J0013", 3, units=Decimal(28), modifiers=("JW",)),
            notes=[note(dose_milligrams=84)],
        ),
    ),
    Row(
        "BH-068",
        CLEAN,
        lambda: case(
            line("J0013", units=Decimal(28), modifiers=("JW",)),
            notes=[note(dose_milligrams=84)],
        ),
    ),
    Row("BH-068", CANNOT_TELL, lambda: case(line("G2083")), says="dose given"),
    Row("BH-068", CANNOT_TELL, lambda: case(line("J0013"), notes=[note()])),
    Row(
        "BH-070",
        FOUND,
        lambda: case(
            line("G2082"),
            notes=[note(is_new_patient=True)],
            payer_type=PayerType.MEDICARE_ADVANTAGE,
        ),
        says="G2082 of 2026-03-02 is for an established patient",
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-070",
        FOUND,
        lambda: case(line("G2082"), notes=[note(is_new_patient=True)]),
        severity=Severity.WARN,
    ),
    Row(
        "BH-070", CLEAN, lambda: case(line("G2082"), notes=[note(is_new_patient=False)])
    ),
    # A service by the clinician within three years.
    Row(
        "BH-070",
        CLEAN,
        lambda: case(
            line("G2082"),
            earlier=[
                earlier_claim(line("99205", service_date=_LAST_YEAR), on=_LAST_YEAR)
            ],
        ),
    ),
    Row(
        "BH-070",
        CANNOT_TELL,
        lambda: case(
            line("G2082"),
            earlier=[
                earlier_claim(
                    line("99205", service_date=date(2022, 12, 31)),
                    on=date(2023, 1, 5),
                )
            ],
        ),
        says="new to the clinician",
    ),
    Row("BH-070", CANNOT_TELL, lambda: case(line("G2083"), notes=[note()])),
    Row(
        "BH-070",
        CANNOT_TELL,
        lambda: case(line("G2083", service_date=None)),
        says="date of service",
    ),
    Row(
        "BH-071",
        FOUND,
        lambda: case(line("S0013", service_date=date(2026, 1, 1))),
        says="S0013 is not valid on 2026-01-01; J0013 is",
    ),
    Row("BH-071", CLEAN, lambda: case(line("S0013", service_date=_LAST_YEAR))),
    Row(
        "BH-071",
        FOUND,
        lambda: case(line("J0013", service_date=_LAST_YEAR)),
        says="J0013 is not valid on 2025-12-31; S0013 is",
    ),
    Row("BH-071", CLEAN, lambda: case(line("J0013", service_date=date(2026, 1, 1)))),
    Row("BH-071", CANNOT_TELL, lambda: case(line("J0013", service_date=None))),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


def test_it_is_said_once_of_a_pair() -> None:
    judged = case(
        line("J0013", units=Decimal(28)),
        line("J0013", 2, units=Decimal(28)),
        notes=[note(dose_milligrams=84)],
    )
    assert [one.line_numbers for one in findings_of(judged, "BH-068")] == [(1,)]
