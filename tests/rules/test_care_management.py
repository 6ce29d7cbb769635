"""The rules of `families.care_management`."""

from datetime import date
from typing import Any

import pytest

from denialml.domain.claim import ServiceLine
from denialml.domain.coverage import PayerType
from denialml.rules.case import ClaimCase
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
_FEBRUARY = date(2026, 2, 28)
_FIRST = date(2026, 3, 1)


def _medicare(*lines: ServiceLine, **fields: Any) -> ClaimCase:
    return case(*lines, payer_type=PayerType.MEDICARE, **fields)


SPEC = [
    Row(
        "BH-073",
        FOUND,
        lambda: case(line("99484"), line("99492", 2)),
        says="99492 of 2026-03-02 is a further care management service of the month"
        " beside 99484 of 2026-03-02 (line 1)",
        lines=(1, 2),
    ),
    Row(
        "BH-073",
        FOUND,
        lambda: case(
            line("99493"),
            earlier=[earlier_claim(line("99484", service_date=_FIRST), on=_FIRST)],
        ),
        says="beside 99484 of 2026-03-01 (the claim sent on 2026-03-01)",
        lines=(1,),
    ),
    # The same code again on another day of the month.
    Row(
        "BH-073",
        FOUND,
        lambda: case(
            line("99484"),
            earlier=[earlier_claim(line("99484", service_date=_FIRST), on=_FIRST)],
        ),
    ),
    Row(
        "BH-073",
        CLEAN,
        lambda: case(
            line("99493"),
            earlier=[
                earlier_claim(line("99492", service_date=_FEBRUARY), on=_FEBRUARY)
            ],
        ),
    ),
    # For the same day it is a duplicate: other rules.
    Row(
        "BH-073",
        CLEAN,
        lambda: case(
            line("99484"), earlier=[earlier_claim(line("99484"), on=date(2026, 3, 3))]
        ),
    ),
    Row("BH-073", CLEAN, lambda: case(line("99492"), line("99494", 2))),
    # Review E45: each billing practitioner by itself.
    Row("BH-073", CLEAN, lambda: case(line("99492"), others_line("G0323"))),
    Row(
        "BH-073",
        CANNOT_TELL,
        lambda: nobody_named(line("99492"), line("G0323", 2)),
        says="rendering NPI",
    ),
    Row("BH-073", CANNOT_TELL, lambda: case(line("99492", service_date=None))),
    Row(
        "BH-074",
        FOUND,
        lambda: _medicare(
            line("G0568"),
            earlier=[
                earlier_claim(line("G0557", service_date=_FEBRUARY), on=_FEBRUARY)
            ],
        ),
        says="G0568 stands without G0556, G0557 or G0558 of 2026-03",
    ),
    Row(
        "BH-074",
        CLEAN,
        lambda: _medicare(line("G0568"), line("G0557", 2, service_date=_FIRST)),
    ),
    Row(
        "BH-074",
        CLEAN,
        lambda: _medicare(
            line("G0570"),
            earlier=[earlier_claim(line("G0558", service_date=_FIRST), on=_FIRST)],
        ),
    ),
    Row(
        "BH-074",
        FOUND,
        lambda: _medicare(line("G0568"), others_line("G0557")),
        says="which another practitioner bills",
        lines=(1, 2),
    ),
    Row(
        "BH-074",
        CANNOT_TELL,
        lambda: _medicare(line("G0568"), others_line("G0557"), rendering_provider=None),
        says="rendering NPI",
    ),
    # Nobody named on either: the payer sees one practitioner.
    Row(
        "BH-074",
        CLEAN,
        lambda: _medicare(line("G0568"), line("G0557", 2), rendering_provider=None),
    ),
    Row("BH-074", CANNOT_TELL, lambda: _medicare(line("G0568")), says="sent before"),
    Row("BH-074", CANNOT_TELL, lambda: _medicare(line("G0568", service_date=None))),
    # The codes begin in 2026: of an older day BH-133 speaks. The rule is Medicare's.
    Row(
        "BH-074",
        CLEAN,
        lambda: _medicare(
            line("G0568", service_date=date(2025, 12, 31)),
            earlier=[
                earlier_claim(line("G0557", service_date=_FEBRUARY), on=_FEBRUARY)
            ],
        ),
    ),
    Row("BH-074", CLEAN, lambda: case(line("G0568"))),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


def test_it_is_said_once_of_a_pair() -> None:
    judged = case(line("99484"), line("99492", 2))
    assert [one.line_numbers for one in findings_of(judged, "BH-073")] == [(1, 2)]
