"""The rules of `families.medicare`."""

from typing import Any

import pytest

from denialml.domain.coverage import PayerType
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import authorization, case, line
from tests.rules.earlier_payments import answered_before
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

# All of these depend on the payer's type or settings.
ALWAYS_TELL: set[str] = set()
MEDICARE, ADVANTAGE = PayerType.MEDICARE, PayerType.MEDICARE_ADVANTAGE
NOT_COVERED = PayerPolicy(excluded_codes=("90880",))


def sent(
    code: str, *modifiers: str, to: PayerType = MEDICARE, **others: Any
) -> ClaimCase:
    """One line with these modifiers."""
    return case(line(code, modifiers=modifiers), payer_type=to, **others)


SPEC = [
    Row(
        "BH-033",
        FOUND,
        lambda: sent("H0004"),
        says="H0004 goes to original Medicare, which takes no such code",
        lines=(1,),
    ),
    Row("BH-033", FOUND, lambda: sent("S9480")),
    Row("BH-033", FOUND, lambda: sent("T1016")),
    Row("BH-033", CLEAN, lambda: sent("G0396")),
    # Its T is a category III code's last letter.
    Row("BH-033", CLEAN, lambda: sent("0373T")),
    # Advantage plans may contract for these (E35).
    Row("BH-033", CLEAN, lambda: sent("H0015", to=ADVANTAGE)),
    Row("BH-033", CLEAN, lambda: sent("H0004", "GY")),
    Row(
        "BH-033",
        CANNOT_TELL,
        lambda: case(line("H0004"), no_payer=True),
        says="the payer's type",
    ),
    Row(
        "BH-034",
        FOUND,
        lambda: sent(
            "H0004",
            to=PayerType.COMMERCIAL,
            policy=PayerPolicy(accepts_h_codes=False),
        ),
        says="H0004 goes to a payer that takes no H codes",
    ),
    Row(
        "BH-034",
        CLEAN,
        lambda: sent(
            "H0004", to=PayerType.COMMERCIAL, policy=PayerPolicy(accepts_h_codes=True)
        ),
    ),
    Row(
        "BH-034",
        CLEAN,
        lambda: sent(
            "90834", to=PayerType.COMMERCIAL, policy=PayerPolicy(accepts_h_codes=False)
        ),
    ),
    Row("BH-034", CLEAN, lambda: sent("H0004", to=PayerType.MEDICAID)),
    Row(
        "BH-034",
        CANNOT_TELL,
        lambda: sent("H0004", to=PayerType.MARKETPLACE),
        says="whether the payer takes H codes",
    ),
    # It has authorized the code, or paid it.
    Row(
        "BH-034",
        CLEAN,
        lambda: case(
            line("H0015"), authorizations=[authorization(procedure_codes=("H0015",))]
        ),
    ),
    Row(
        "BH-034",
        CLEAN,
        lambda: answered_before(sent("H0004", to=PayerType.COMMERCIAL), "H0004"),
    ),
    Row(
        "BH-126",
        FOUND,
        lambda: sent("90880", policy=NOT_COVERED),
        says="carries none of GA, GX, GY and GZ",
    ),
    # GY and GZ need no notice (E44).
    Row("BH-126", CLEAN, lambda: sent("90880", "GY", policy=NOT_COVERED)),
    Row("BH-126", CLEAN, lambda: sent("90880", "GZ", policy=NOT_COVERED)),
    Row("BH-126", CLEAN, lambda: sent("90834", policy=NOT_COVERED)),
    Row("BH-126", CLEAN, lambda: sent("90880")),
    # Signed notices are not among the records: the modifier is taken at its word.
    Row("BH-126", CLEAN, lambda: sent("90880", "GA", policy=NOT_COVERED)),
    Row("BH-126", CLEAN, lambda: sent("90834", "GX")),
    Row(
        "BH-126",
        CANNOT_TELL,
        lambda: case(line(modifiers=("GA", "GZ")), no_payer=True),
        says="the payer's type",
    ),
    Row(
        "BH-126",
        FOUND,
        lambda: sent("90834", "GA", "GZ"),
        says="GA for a notice that was given and GZ for none",
    ),
    Row(
        "BH-126",
        FOUND,
        lambda: sent("90834", "GA", to=ADVANTAGE),
        says="Medicare Advantage has none",
    ),
    Row("BH-126", CLEAN, lambda: sent("90880", to=ADVANTAGE, policy=NOT_COVERED)),
    Row("BH-126", CLEAN, lambda: sent("90834", "GA", to=PayerType.COMMERCIAL)),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
