"""The rules of `families.unit_limits`."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.domain.claim import Provider
from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import BILLING_NPI, DAY, case, earlier_claim, line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row, findings_of

ALWAYS_TELL: set[str] = set()
APPLIES = PayerPolicy(applies_medicare_unit_limits=True)
NOT_APPLIED = PayerPolicy(applies_medicare_unit_limits=False)
EARLIER = earlier_claim(line("96131", units=Decimal(4)), on=date(2026, 3, 3))


def billed(
    code: str,
    *units: int,
    to: PayerType = PayerType.MEDICARE,
    **fields: object,
) -> ClaimCase:
    """A claim with a line of so many units each."""
    lines = [line(code, place, units=Decimal(n)) for place, n in enumerate(units, 1)]
    return case(*lines, payer_type=to, **fields)  # type: ignore[arg-type]


SPEC = [
    # Indicator 2: the day, and nothing lifts it.
    Row(
        "BH-042",
        FOUND,
        lambda: billed("96136", 2),
        says="96136 counts 2 units on 2026-03-02; the limit is 1",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-042", FOUND, lambda: billed("96136", 1, 1), says="counts 2", lines=(1, 2)),
    Row("BH-042", CLEAN, lambda: billed("96136", 1)),
    # Lines without a date of service are none of one day.
    Row(
        "BH-042",
        CLEAN,
        lambda: case(
            line("96136", service_date=None),
            line("96136", 2, service_date=None),
            payer_type=PayerType.MEDICARE,
        ),
    ),
    Row(
        "BH-042",
        FOUND,
        lambda: case(
            line("96136", units=Decimal(2), service_date=None),
            payer_type=PayerType.MEDICARE,
        ),
        says="96136 counts 2 units; the limit is 1",
    ),
    Row(
        "BH-042",
        FOUND,
        lambda: case(
            line("96131", units=Decimal("9e30"), service_date_end=date(2026, 3, 3)),
            payer_type=PayerType.MEDICARE,
        ),
        says="the limit is 7",
    ),
    # The first hour of an evaluation is BH-045's, unless it was sent before.
    Row("BH-042", CLEAN, lambda: billed("96130", 2)),
    Row(
        "BH-042",
        FOUND,
        lambda: billed(
            "96130", 1, earlier=[earlier_claim(line("96130"), on=date(2026, 3, 3))]
        ),
        says="96130 counts 2 units",
    ),
    # Indicator 3: the day, records may lift it.
    Row("BH-042", FOUND, lambda: billed("96131", 8), says="the limit is 7"),
    Row("BH-042", FOUND, lambda: billed("96131", 5, 3), says="counts 8", lines=(1, 2)),
    Row("BH-042", CLEAN, lambda: billed("96131", 4, 3)),
    Row(
        "BH-042",
        CLEAN,
        lambda: case(
            line("96131", units=Decimal(7)),
            line("96131", 2, units=Decimal(7), service_date=date(2026, 3, 3)),
            payer_type=PayerType.MEDICARE,
        ),
    ),
    Row(
        "BH-042",
        CLEAN,
        lambda: case(
            line("96131", units=Decimal(7)),
            line(
                "96131",
                2,
                units=Decimal(7),
                rendering_provider=Provider(name="Other", npi="1999020013"),
            ),
            payer_type=PayerType.MEDICARE,
        ),
    ),
    # Indicator 1: each line by itself.
    Row("BH-042", FOUND, lambda: billed("99486", 5), says="the limit is 4"),
    Row("BH-042", CLEAN, lambda: billed("99486", 4, 4)),
    # Units sent before on another claim count, as the claim stands.
    Row(
        "BH-042",
        FOUND,
        lambda: billed("96131", 4, earlier=[EARLIER]),
        says="counts 8",
        lines=(1,),
    ),
    Row("BH-042", CLEAN, lambda: billed("96131", 3, earlier=[EARLIER])),
    Row(
        "BH-042",
        CLEAN,
        lambda: billed(
            "96131",
            4,
            earlier=[
                EARLIER,
                earlier_claim(
                    line("96131", units=Decimal(4)),
                    on=date(2026, 3, 4),
                    frequency_code="8",
                ),
            ],
        ),
    ),
    # A replacement may stand in the place of the claim sent before.
    Row(
        "BH-042",
        CLEAN,
        lambda: billed("96131", 4, earlier=[EARLIER], frequency_code="7"),
    ),
    # A line over several days counts with its share of a day.
    Row(
        "BH-042",
        CLEAN,
        lambda: case(
            line("96131", units=Decimal(14), service_date_end=date(2026, 3, 3)),
            payer_type=PayerType.MEDICARE,
        ),
    ),
    Row(
        "BH-042",
        FOUND,
        lambda: case(
            line("96131", units=Decimal(15), service_date_end=date(2026, 3, 3)),
            payer_type=PayerType.MEDICARE,
        ),
        says="counts 8",
    ),
    # A zero: Medicare never pays it; what others do is not said.
    Row("BH-042", FOUND, lambda: billed("99408", 1), says="99408 is 0 units"),
    Row("BH-042", CLEAN, lambda: billed("99408", 1, to=PayerType.MEDICAID)),
    Row(
        "BH-042",
        CLEAN,
        lambda: billed("99408", 1, to=PayerType.COMMERCIAL, policy=APPLIES),
    ),
    # Medicaid has its own table, known for 97151 only.
    Row("BH-042", FOUND, lambda: billed("97151", 9), says="the limit is 8"),
    Row("BH-042", CLEAN, lambda: billed("97151", 32, to=PayerType.MEDICAID)),
    Row(
        "BH-042",
        FOUND,
        lambda: billed("97151", 33, to=PayerType.MEDICAID_MANAGED_CARE),
        says="the limit is 32",
        severity=Severity.WARN,
        by_default=True,
    ),
    Row(
        "BH-042",
        FOUND,
        lambda: billed("96136", 2, to=PayerType.MEDICARE_ADVANTAGE),
        severity=Severity.WARN,
        by_default=True,
    ),
    Row(
        "BH-042",
        FOUND,
        lambda: billed("96136", 2, to=PayerType.MEDICAID, policy=APPLIES),
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-042",
        CLEAN,
        lambda: billed("96136", 2, to=PayerType.MEDICAID, policy=NOT_APPLIED),
    ),
    # Commercial payers by their own word only (review E21).
    Row(
        "BH-042",
        CANNOT_TELL,
        lambda: billed("97151", 32, to=PayerType.COMMERCIAL),
        says="applies_medicare_unit_limits",
    ),
    Row(
        "BH-042",
        CLEAN,
        lambda: billed("97151", 32, to=PayerType.COMMERCIAL, policy=NOT_APPLIED),
    ),
    Row(
        "BH-042",
        FOUND,
        lambda: billed("97151", 32, to=PayerType.COMMERCIAL, policy=APPLIES),
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-042",
        CANNOT_TELL,
        lambda: billed("96136", 2, no_payer=True),
        says="the payer's type",
    ),
    Row(
        "BH-042",
        CANNOT_TELL,
        lambda: billed(
            "96131",
            4,
            4,
            rendering_provider=Provider(name="Cedar and Sample", npi=BILLING_NPI),
        ),
        says="the clinician who delivered",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


@pytest.mark.parametrize(
    ("code", "units", "fix"),
    [
        ("96136", 2, "no appeal"),
        ("96131", 8, "appeal the denial"),
        ("99486", 5, "line"),
    ],
)
def test_the_fix_follows_how_the_limit_counts(code: str, units: int, fix: str) -> None:
    (found,) = findings_of(billed(code, units), "BH-042")
    assert fix in found.fix
    assert found.line_numbers == (1,)


def test_minutes_are_not_units() -> None:
    judged = case(
        line("96131", units=Decimal(90), unit_basis="MJ", service_date=DAY),
        payer_type=PayerType.MEDICARE,
    )
    assert findings_of(judged, "BH-042") == []
