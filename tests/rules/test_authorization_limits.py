"""The rules of `families.authorization_limits`."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from denialml.domain.claim import ServiceLine
from denialml.domain.coverage import (
    Authorization,
    AuthorizationDecision,
    PayerType,
)
from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import DAY, authorization, case, earlier_claim, line
from tests.rules.earlier_payments import answered_before
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

MEDICARE = PayerType.MEDICARE
LISTED = PayerPolicy(authorization_codes=("90834", "90837", "H0015"))
PENDED = AuthorizationDecision.PENDED


def _weekly(*lines: ServiceLine, **fields: Any) -> ClaimCase:
    """A claim beside an authorization of two units, one of which C0 has used."""
    before = line(service_date=DAY)
    return case(
        *lines,
        authorizations=[authorization(units=Decimal(1))],
        earlier=[earlier_claim(before, on=date(2026, 3, 3))],
        **fields,
    )


def paid_after_the_end(*days: int, **fields: Any) -> ClaimCase:
    """The authorization ended with January; sessions of February were paid."""
    judged = case(authorizations=[authorization(ends_on=date(2026, 1, 31))], **fields)
    answered_before(judged, on=date(2026, 1, 31), number="C100")
    for day in days:
        answered_before(judged, on=date(2026, 2, day), number=f"C{day + 10}")
    return judged


def _two(units: int, number: str = "A2") -> Authorization:
    return authorization(authorization_number=number, units=Decimal(units))


# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()
# What the payer has paid before need not be asked of it.
SETTLED = [
    # An authorization ran out and the payer has paid later sessions all the same.
    Row("BH-024", CLEAN, lambda: paid_after_the_end(1, 8, 15)),
    Row("BH-024", FOUND, lambda: paid_after_the_end(1, 8), severity=Severity.WARN),
    Row("BH-024", FOUND, lambda: paid_after_the_end(), severity=Severity.DENY_LIKELY),
    Row(
        "BH-024",
        FOUND,
        lambda: paid_after_the_end(1, 8, 15, policy=LISTED),
        severity=Severity.DENY_LIKELY,
    ),
    # The extension keeps the number of what it extends.
    Row(
        "BH-024",
        CLEAN,
        lambda: case(
            line(service_date_end=date(2026, 3, 6)),
            authorizations=[
                authorization(ends_on=date(2026, 3, 4)),
                authorization(issued_on=DAY),
            ],
        ),
    ),
    Row(
        "BH-025",
        FOUND,
        lambda: case(
            line(units=Decimal(3)),
            authorizations=[
                authorization(units=Decimal(1), ends_on=DAY),
                authorization(units=Decimal(2), issued_on=DAY),
            ],
        ),
        says="takes 3 units; authorization A1 has",
    ),
    # A range of days that goes on after the authorization.
    Row(
        "BH-024",
        FOUND,
        lambda: case(
            line(service_date_end=date(2026, 3, 6)),
            authorizations=[authorization(ends_on=date(2026, 3, 5))],
        ),
        says="ended on 2026-03-05; 90834 goes on to 2026-03-06",
    ),
    Row(
        "BH-024",
        CLEAN,
        lambda: case(
            line(service_date_end=date(2026, 3, 5)),
            authorizations=[authorization(ends_on=date(2026, 3, 5))],
        ),
    ),
]
COUNTED = [
    # A visit beside the session uses up no unit of the session's authorization.
    Row(
        "BH-025",
        CLEAN,
        lambda: case(
            line("99214"),
            line("90834", 2),
            authorizations=[authorization(units=Decimal(1))],
        ),
    ),
    Row("BH-025", FOUND, lambda: _weekly()),
    Row(
        "BH-025",
        FOUND,
        lambda: case(
            authorizations=[authorization(authorization_number="", units=Decimal(0))]
        ),
        says="takes 1 unit; an authorization without a number has 0 left",
    ),
    # Sent as a correction of C0, or to void it.
    Row("BH-025", CLEAN, lambda: _weekly(frequency_code="7")),
    Row("BH-025", CLEAN, lambda: _weekly(frequency_code="8")),
    Row("BH-025", FOUND, lambda: _weekly(line(units=Decimal(2)), frequency_code="7")),
    # The second session may fall under the second authorization.
    Row(
        "BH-025",
        CANNOT_TELL,
        lambda: case(
            line(), line(number=2), authorizations=[_two(1, "A1"), _two(1, "A2")]
        ),
        says="units left under authorization",
    ),
]
SPEC = [
    Row(
        "BH-024",
        FOUND,
        lambda: case(authorizations=[authorization(ends_on=date(2026, 3, 1))]),
        says="Authorization A1 ended on 2026-03-01; 90834 is of 2026-03-02",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-024", CLEAN, lambda: case(authorizations=[authorization(ends_on=DAY)])),
    Row(
        "BH-024",
        FOUND,
        lambda: case(authorizations=[authorization(begins_on=date(2026, 3, 3))]),
        says="begins on 2026-03-03",
    ),
    Row("BH-024", CLEAN, lambda: case(authorizations=[authorization(begins_on=DAY)])),
    Row(
        "BH-024",
        FOUND,
        lambda: case(
            authorizations=[authorization(ends_on=date(2026, 3, 1), procedure_codes=())]
        ),
        severity=Severity.WARN,
    ),
    Row(
        "BH-024",
        CLEAN,
        lambda: case(
            policy=PayerPolicy(authorization_codes=("H0015",)),
            authorizations=[authorization(ends_on=date(2026, 3, 1))],
        ),
    ),
    Row(
        "BH-024",
        CANNOT_TELL,
        lambda: case(authorizations=[authorization(ends_on=None)]),
        says="last day",
    ),
    Row(
        "BH-025",
        FOUND,
        lambda: case(
            authorizations=[authorization(units=Decimal(1))],
            earlier=[
                earlier_claim(line(service_date=date(2026, 2, 2)), on=date(2026, 2, 3))
            ],
        ),
        says="takes 1 unit; authorization A1 has 0 left",
    ),
    Row(
        "BH-025",
        CLEAN,
        lambda: case(
            authorizations=[authorization(units=Decimal(2))],
            earlier=[
                earlier_claim(line(service_date=date(2026, 2, 2)), on=date(2026, 2, 3))
            ],
        ),
    ),
    # Each line fits by itself, the two together do not.
    Row(
        "BH-025",
        FOUND,
        lambda: case(
            line(), line(number=2), authorizations=[authorization(units=Decimal(1))]
        ),
        lines=(2,),
    ),
    Row("BH-025", CLEAN, lambda: case(authorizations=[authorization(units=None)])),
    Row(
        "BH-025",
        CANNOT_TELL,
        lambda: case(authorizations=[authorization(units=None, ends_on=None)]),
        says="units approved",
    ),
    *SETTLED,
    *COUNTED,
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
