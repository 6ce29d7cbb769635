"""The rules of `families.crisis`."""

from datetime import date

import pytest

from denialml.domain.edit import Severity
from tests.rules.cases import case, earlier_claim, line
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
SPEC = [
    Row(
        "BH-056",
        FOUND,
        lambda: case(line("90839"), line("90834", 2)),
        says="90839 and 90834 (line 2) of 2026-03-02",
        lines=(1, 2),
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-056", FOUND, lambda: case(line("90839"), line("90791", 2))),
    Row("BH-056", FOUND, lambda: case(line("90839"), line("90853", 2))),
    # It is said once, of 90839.
    Row(
        "BH-056",
        FOUND,
        lambda: case(line("90840"), line("90839", 2), line("90837", 3)),
        lines=(2, 3),
    ),
    Row(
        "BH-056",
        FOUND,
        lambda: case(
            line("90840"), earlier=[earlier_claim(line("90837"), on=date(2026, 3, 3))]
        ),
        severity=Severity.WARN,
    ),
    Row(
        "BH-056",
        FOUND,
        lambda: case(
            line("90837"), earlier=[earlier_claim(line("90839"), on=date(2026, 3, 3))]
        ),
        severity=Severity.WARN,
    ),
    # Another clinician's or another day's first hour does not speak for 90840.
    Row(
        "BH-056",
        FOUND,
        lambda: case(line("90840"), line("90837", 2), others_line("90839", 3)),
        lines=(1, 2),
    ),
    Row(
        "BH-056",
        FOUND,
        lambda: case(
            line("90840"),
            line("90837", 2),
            line("90839", 3, service_date=date(2026, 3, 1)),
        ),
        lines=(1, 2),
    ),
    Row("BH-056", CLEAN, lambda: case(line("90839"), line("90840", 2))),
    # Review E23.
    Row("BH-056", CLEAN, lambda: case(line("90839"), others_line("90853"))),
    Row("BH-056", CLEAN, lambda: case(line("90839"), line("99214", 2))),
    Row("BH-056", CLEAN, lambda: case(line("90839"), line("90785", 2))),
    Row(
        "BH-056",
        CANNOT_TELL,
        lambda: nobody_named(line("90839"), line("90853", 2)),
        says="rendering NPI",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


def test_it_is_said_once_of_a_pair() -> None:
    judged = case(line("90839"), line("90840", 2), line("90837", 3))
    assert [one.line_numbers for one in findings_of(judged, "BH-056")] == [(1, 3)]
