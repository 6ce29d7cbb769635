"""The rules of `families.charges`."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from denialml.domain.edit import Severity
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import case, earlier_claim, line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

FEES = PayerPolicy(fee_schedule={"90834": 150.0, "97153": 20.1})


def charged(amount: str, code: str = "90834", number: int = 1, **fields: Any) -> Any:
    """A line with this charge."""
    return line(code, number, charge=Decimal(amount), **fields)


BEFORE = [
    earlier_claim(charged(amount, service_date=day), on=date(2026, 2, 20))
    for amount, day in (
        ("140.00", date(2026, 2, 2)),
        ("150.00", date(2026, 2, 9)),
        ("1.00", date(2026, 2, 16)),
    )
]
ALWAYS_TELL: set[str] = set()
SPEC = [
    Row(
        "BH-107",
        FOUND,
        lambda: case(line(), charged("-5.00", number=2)),
        says="A line is charged -$5.00",
        lines=(2,),
    ),
    Row(
        "BH-107",
        FOUND,
        lambda: case(total_charge=Decimal("150.01")),
        says="The claim's charge is $150.01; its lines add up to $150.00",
    ),
    Row("BH-107", CLEAN, lambda: case(line(), line("90785", 2))),
    # E38: a line without a charge is legal; whether it is paid depends on the payer.
    Row(
        "BH-107",
        FOUND,
        lambda: case(
            line(),
            charged("0", number=2),
            policy=PayerPolicy(accepts_zero_charge=False),
        ),
        says="90834 has no charge",
        lines=(2,),
        severity=Severity.WARN,
    ),
    Row(
        "BH-107",
        FOUND,
        lambda: case(
            charged("0"),
            charged("0", "90785", number=2),
            policy=PayerPolicy(accepts_zero_charge=False),
        ),
        says="90834 and 90785 have no charge",
        lines=(1, 2),
    ),
    Row(
        "BH-107",
        CLEAN,
        lambda: case(charged("0"), policy=PayerPolicy(accepts_zero_charge=True)),
    ),
    Row(
        "BH-107",
        CANNOT_TELL,
        lambda: case(charged("0")),
        says="whether the payer takes lines without a charge",
        # No worse than it would be to know.
        severity=Severity.WARN,
    ),
    Row(
        "BH-108",
        FOUND,
        lambda: case(charged("149.99"), policy=FEES),
        says="90834 is charged $149.99; the payer's fee is $150.00",
        lines=(1,),
    ),
    Row(
        "BH-108",
        FOUND,
        lambda: case(charged("60.29", "97153", units=Decimal(3)), policy=FEES),
        says="$60.30",
    ),
    Row(
        "BH-108",
        FOUND,
        lambda: case(
            charged("100.00"),
            charged("100.00", number=2),
            charged("20.00", "97153", 3),
            charged("150.00", number=4),
            policy=FEES,
        ),
        says="90834 is charged $100.00; the payer's fee is $150.00. 97153 is charged"
        " $20.00; the payer's fee is $20.10.",
        lines=(1, 2, 3),
    ),
    Row("BH-108", CLEAN, lambda: case(charged("150.00"), policy=FEES)),
    Row(
        "BH-108",
        CLEAN,
        lambda: case(charged("60.30", "97153", units=Decimal(3)), policy=FEES),
    ),
    Row("BH-108", CANNOT_TELL, case, says="the payer's fee schedule"),
    Row(
        "BH-108",
        CANNOT_TELL,
        lambda: case(line("90837"), policy=FEES),
        says="the payer's fee for 90837",
    ),
    Row(
        "BH-109",
        FOUND,
        lambda: case(charged("1400.01"), earlier=BEFORE),
        says="90834 is charged $1,400.01; usual is $140.00",
        lines=(1,),
    ),
    Row(
        "BH-109",
        FOUND,
        lambda: case(
            charged("1500.01"),
            charged("150.00", number=2),
            charged("1500.01", number=3),
            policy=FEES,
        ),
        lines=(1, 3),
    ),
    Row("BH-109", CLEAN, lambda: case(charged("1400.00"), earlier=BEFORE)),
    Row(
        "BH-109",
        CLEAN,
        lambda: case(charged("2800.00", units=Decimal(2)), earlier=BEFORE),
    ),
    Row("BH-109", FOUND, lambda: case(charged("1500.01"), policy=FEES)),
    Row("BH-109", CLEAN, lambda: case(charged("1500.00"), policy=FEES)),
    Row(
        "BH-109",
        CANNOT_TELL,
        lambda: case(line("90837"), earlier=BEFORE),
        says="an earlier charge of the patient's for 90837, or the payer's fee",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
