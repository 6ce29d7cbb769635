"""The rules of `families.code_validity`."""

from datetime import date

import pytest

from denialml.domain.edit import Severity
from tests.rules.cases import case, line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

ALWAYS_TELL: set[str] = set()
_LAST_DAY = date(2026, 12, 31)
_NEXT_DAY = date(2027, 1, 1)
SPEC = [
    Row(
        "BH-133",
        FOUND,
        lambda: case(line("0362T", service_date=_NEXT_DAY), as_of=date(2027, 1, 5)),
        says="0362T ended on 2026-12-31; the service is of 2027-01-01",
        severity=Severity.DENY_LIKELY,
        lines=(1,),
    ),
    # Review E75: the day of service decides, not the day it is sent.
    Row(
        "BH-133",
        CLEAN,
        lambda: case(line("0373T", service_date=_LAST_DAY), as_of=date(2027, 1, 5)),
    ),
    Row(
        "BH-133",
        CLEAN,
        lambda: case(line("97153", service_date=_NEXT_DAY), as_of=date(2027, 1, 5)),
    ),
    Row(
        "BH-133",
        FOUND,
        lambda: case(line("G0568", service_date=date(2025, 12, 31))),
        says="G0568 begins on 2026-01-01",
    ),
    Row("BH-133", CLEAN, lambda: case(line("G0568", service_date=date(2026, 1, 1)))),
    Row("BH-133", CLEAN, lambda: case(line("90834"))),
    # BH-071's and BH-086's.
    Row("BH-133", CLEAN, lambda: case(line("S0013"))),
    Row("BH-133", CLEAN, lambda: case(line("99442"))),
    Row("BH-133", CANNOT_TELL, lambda: case(line("97999")), says="97999 is valid"),
    # Medicare's table of limits knows codes beyond those of behavioral health.
    Row("BH-133", CLEAN, lambda: case(line("99232"))),
    Row("BH-133", CLEAN, lambda: case(line("G0557"))),
    # A line without a code is another rule's.
    Row("BH-133", CLEAN, lambda: case(line(""))),
    Row(
        "BH-133",
        CANNOT_TELL,
        lambda: case(line("0362T", service_date=None)),
        says="date of service",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
