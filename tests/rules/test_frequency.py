"""The rules of `families.frequency`."""

from datetime import date, timedelta

import pytest

from denialml.domain.claim import Claim
from denialml.domain.edit import Severity
from tests.rules.cases import DAY, case, earlier_claim, line
from tests.rules.other_clinicians import nobody_named, others_line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

ALWAYS_TELL: set[str] = set()


def _earlier(code: str, days: int) -> Claim:
    """A claim for a service so many days before `DAY`."""
    day = DAY - timedelta(days=days)
    return earlier_claim(line(code, service_date=day), on=day)


SPEC = [
    Row(
        "BH-055",
        FOUND,
        lambda: case(line("90791"), earlier=[_earlier("90791", 180)]),
        says="90791 of 2026-03-02 follows 90791 of 2025-09-03 (the claim sent on",
        severity=Severity.WARN,
        lines=(1,),
    ),
    Row("BH-055", FOUND, lambda: case(line("90791"), earlier=[_earlier("90792", 30)])),
    Row("BH-055", CLEAN, lambda: case(line("90791"), earlier=[_earlier("90791", 181)])),
    # Review E69: the prescriber's intake after the therapist's.
    Row(
        "BH-055",
        CLEAN,
        lambda: case(
            line("90792"),
            earlier=[
                earlier_claim(
                    others_line("90791", service_date=date(2026, 2, 1)),
                    on=date(2026, 2, 2),
                )
            ],
        ),
    ),
    Row("BH-055", CLEAN, lambda: case(line("90791"))),
    Row("BH-055", CLEAN, lambda: case(line("90791", service_date=None))),
    Row(
        "BH-055",
        CANNOT_TELL,
        lambda: nobody_named(line("90791"), earlier=[_earlier("90791", 30)]),
        says="rendering NPI",
    ),
    Row(
        "BH-075",
        FOUND,
        lambda: case(line("90837"), earlier=[_earlier("90837", 6)]),
        says="90837 of 2026-03-02 follows 90837 of 2026-02-24",
        severity=Severity.WARN,
        by_default=True,
    ),
    Row(
        "BH-075",
        FOUND,
        lambda: case(
            line("90837"), line("90837", 2, service_date=DAY + timedelta(days=2))
        ),
        lines=(2,),
        by_default=True,
    ),
    Row("BH-075", CLEAN, lambda: case(line("90837"), earlier=[_earlier("90837", 7)])),
    Row("BH-075", CLEAN, lambda: case(line("90837"), earlier=[_earlier("90834", 3)])),
    # Twice in a day: BH-040 and the duplicate rules.
    Row("BH-075", CLEAN, lambda: case(line("90837"), line("90837", 2))),
    Row("BH-075", CLEAN, lambda: case(line("90837", service_date=None))),
    Row(
        "BH-075",
        CANNOT_TELL,
        lambda: nobody_named(line("90837"), earlier=[_earlier("90837", 3)]),
        says="rendering NPI",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
