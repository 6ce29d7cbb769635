"""The rules of `families.session_time`."""

from decimal import Decimal

import pytest

from tests.rules.cases import case, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

# These read nothing but the claim.
ALWAYS_TELL = {"BH-040"}
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
    Row("BH-037", CANNOT_TELL, lambda: case(line("90834")), says="documented minutes"),
    Row(
        "BH-040",
        FOUND,
        lambda: case(line("90834", units=Decimal(2))),
        says="with 2 units",
    ),
    Row("BH-040", CLEAN, lambda: case(line("90834"), line("90834", 2))),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
