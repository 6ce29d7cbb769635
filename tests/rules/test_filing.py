"""The rules of `families.filing`."""

from datetime import date
from typing import Any

import pytest

from denialml.domain.adjudication import LineOutcome
from denialml.domain.claim import OtherPayer
from denialml.domain.coverage import Payer, PayerType
from denialml.domain.edit import Severity
from denialml.domain.facts import AnsweredLine
from denialml.reference import deadline_rules
from denialml.rules.case import ClaimCase
from denialml.rules.circumstances import SHORTEST_FILING_DAYS
from tests.rules.cases import case, changed, claim, line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

SECONDARY = changed(claim().subscriber, payer_responsibility_code="S")
MEDICARE, TRICARE = PayerType.MEDICARE, PayerType.TRICARE


def sent(served: date, on: date, **fields: Any) -> ClaimCase:
    """A claim of a service on one day, sent on another."""
    return case(line(service_date=served), as_of=on, submitted_on=on, **fields)


def limited(days: int | None, **fields: Any) -> Payer:
    """A payer with this filing limit."""
    usual: dict[str, Any] = {
        "payer_id": "P1",
        "name": "Plan",
        "payer_type": PayerType.COMMERCIAL,
        "filing_limit_days": days,
    }
    return Payer(**(usual | fields))


def replaced(
    on: date, *, after: int | None, answered_on: date, number: str = "ICN1"
) -> ClaimCase:
    """A replacement of ICN1, sent on a day, and the payer's answer to `number`.

    The payer takes originals for 90 days, corrections for `after` days.
    """
    sent_again = sent(
        date(2026, 1, 1),
        on,
        payer=limited(90, corrected_claim_limit_days=after),
        frequency_code="7",
        original_payer_claim_control_number="ICN1",
    )
    answer = AnsweredLine(
        received_on=answered_on,
        payer_id="P1",
        patient_control_number="C1",
        line_number=1,
        procedure_code="90834",
        service_date=date(2026, 1, 1),
        outcome=LineOutcome.DENIED,
        payer_claim_control_number=number,
    )
    return ClaimCase(
        sent_again.claim,
        as_of=on,
        payer=sent_again.payer,
        about_lines=[
            (one.facts, changed(one.records, answered=(answer,)))
            for one in sent_again.lines
        ],
    )


def answered(on: date | None) -> tuple[OtherPayer, ...]:
    """The primary payer and the day of its answer."""
    return (OtherPayer(payer_id="P9", adjudicated_on=on),)


ALWAYS_TELL: set[str] = set()
SPEC = [
    # The practice's own setting, to the day.
    Row(
        "BH-110",
        FOUND,
        lambda: sent(date(2026, 1, 1), date(2026, 4, 2), payer=limited(90)),
        says="90834 of 2026-01-01 had to be filed by 2026-04-01 (90 days from the date"
        " of service)",
        lines=(1,),
    ),
    Row(
        "BH-110",
        CLEAN,
        lambda: sent(date(2026, 1, 1), date(2026, 4, 1), payer=limited(90)),
    ),
    Row(
        "BH-110",
        FOUND,
        lambda: sent(date(2026, 1, 1), date(2026, 2, 1), payer=limited(30)),
    ),
    # E15: Medicare has one calendar year; February 29 counts to February 28.
    Row(
        "BH-110",
        CLEAN,
        lambda: sent(date(2027, 6, 1), date(2028, 6, 1), payer_type=MEDICARE),
    ),
    Row(
        "BH-110",
        FOUND,
        lambda: sent(date(2027, 6, 1), date(2028, 6, 2), payer_type=MEDICARE),
        says="by 2028-06-01 (1 year from the date of service)",
    ),
    Row(
        "BH-110",
        FOUND,
        lambda: sent(date(2024, 2, 29), date(2025, 3, 1), payer_type=MEDICARE),
        says="by 2025-02-28",
    ),
    # E14: February 28, 2026 is a Saturday, so Monday, March 2 is in time.
    Row(
        "BH-110",
        CLEAN,
        lambda: sent(date(2025, 2, 28), date(2026, 3, 2), payer_type=MEDICARE),
    ),
    # January 1 is a federal holiday.
    Row(
        "BH-110",
        CLEAN,
        lambda: sent(date(2025, 1, 1), date(2026, 1, 2), payer_type=MEDICARE),
    ),
    Row(
        "BH-110",
        FOUND,
        lambda: sent(date(2025, 1, 1), date(2026, 1, 3), payer_type=MEDICARE),
        says="by 2026-01-02",
    ),
    # A setting that is longer than the law does not count, a shorter one does.
    Row(
        "BH-110",
        FOUND,
        lambda: sent(
            date(2025, 1, 6),
            date(2026, 1, 7),
            payer=limited(400, payer_type=MEDICARE),
        ),
    ),
    Row(
        "BH-110",
        FOUND,
        lambda: sent(
            date(2025, 1, 6),
            date(2025, 7, 7),
            payer=limited(180, payer_type=MEDICARE),
        ),
        says="180 days",
    ),
    # 365 days on file are the law's year, with its leap day and its weekends.
    Row(
        "BH-110",
        CLEAN,
        lambda: sent(
            date(2027, 6, 1),
            date(2028, 6, 1),
            payer=limited(365, payer_type=MEDICARE),
        ),
    ),
    Row(
        "BH-110",
        CLEAN,
        lambda: sent(
            date(2025, 2, 28),
            date(2026, 3, 2),
            payer=limited(365, payer_type=MEDICARE),
        ),
    ),
    # E02: Medicare as second payer has no new start.
    Row(
        "BH-110",
        FOUND,
        lambda: sent(
            date(2025, 1, 6),
            date(2026, 1, 7),
            payer_type=MEDICARE,
            subscriber=SECONDARY,
            other_payers=answered(date(2025, 12, 20)),
        ),
    ),
    # E02: TRICARE has the later of one year and 90 days from the other's answer.
    Row(
        "BH-110",
        CLEAN,
        lambda: sent(
            date(2025, 1, 6),
            date(2026, 3, 20),
            payer_type=TRICARE,
            subscriber=SECONDARY,
            other_payers=answered(date(2025, 12, 20)),
        ),
    ),
    Row(
        "BH-110",
        FOUND,
        lambda: sent(
            date(2025, 1, 6),
            date(2026, 3, 21),
            payer_type=TRICARE,
            subscriber=SECONDARY,
            other_payers=answered(date(2025, 12, 20)),
        ),
        says="by 2026-03-20 (90 days from the answer)",
    ),
    Row(
        "BH-110",
        CANNOT_TELL,
        lambda: sent(
            date(2025, 1, 6),
            date(2026, 1, 7),
            payer_type=TRICARE,
            subscriber=SECONDARY,
            other_payers=answered(None),
        ),
        says="the day of the primary payer's answer",
    ),
    Row(
        "BH-110",
        FOUND,
        lambda: sent(date(2025, 1, 6), date(2026, 1, 7), payer_type=TRICARE),
    ),
    # Not configured: the shortest window of the table is a default, not a finding.
    Row(
        "BH-110",
        FOUND,
        lambda: sent(date(2026, 1, 1), date(2026, 3, 3)),
        says="90834 of 2026-01-01 is sent on 2026-03-03, after 2026-03-02: the usual"
        " limit (60 days from the date of service) has passed; this payer's own is not"
        " on file, and may be longer.",
        severity=Severity.WARN,
        by_default=True,
    ),
    Row("BH-110", CLEAN, lambda: sent(date(2026, 1, 1), date(2026, 3, 2))),
    Row(
        "BH-110",
        CLEAN,
        lambda: sent(
            date(2026, 1, 1),
            date(2026, 5, 1),
            payer=limited(None, name="Aetna Better Life"),
        ),
    ),
    Row(
        "BH-110",
        FOUND,
        lambda: sent(
            date(2026, 1, 1),
            date(2026, 5, 2),
            payer=limited(None, name="Aetna Better Life"),
        ),
        by_default=True,
    ),
    # A written-down limit serves also where the payer's type is not set up.
    Row(
        "BH-110",
        FOUND,
        lambda: sent(
            date(2026, 1, 1),
            date(2026, 4, 2),
            payer=limited(90, payer_type=PayerType.UNKNOWN),
        ),
    ),
    # Medicare Advantage has its contract, not Medicare's year.
    Row(
        "BH-110",
        FOUND,
        lambda: sent(
            date(2026, 1, 1),
            date(2026, 4, 2),
            payer_type=PayerType.MEDICARE_ADVANTAGE,
        ),
        says="90 days",
        by_default=True,
    ),
    # No State pays past the federal ceiling of 12 months.
    Row(
        "BH-110",
        FOUND,
        lambda: sent(date(2025, 1, 6), date(2026, 1, 7), payer_type=PayerType.MEDICAID),
        says="12 months",
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-110",
        FOUND,
        lambda: sent(date(2025, 1, 6), date(2026, 1, 6), payer_type=PayerType.MEDICAID),
        says="90 days",
        severity=Severity.WARN,
        by_default=True,
    ),
    Row(
        "BH-110",
        CLEAN,
        lambda: sent(date(2026, 1, 1), date(2026, 3, 2), no_payer=True),
    ),
    Row(
        "BH-110",
        CANNOT_TELL,
        lambda: sent(date(2026, 1, 1), date(2026, 3, 3), no_payer=True),
        says="the payer's filing limit",
    ),
    Row(
        "BH-110",
        CANNOT_TELL,
        lambda: sent(
            date(2026, 1, 1),
            date(2026, 4, 2),
            payer=limited(90),
            subscriber=SECONDARY,
        ),
        says="counts a secondary claim from the primary payer's answer",
    ),
    Row(
        "BH-110",
        CANNOT_TELL,
        lambda: sent(
            date(2026, 1, 1), date(2026, 4, 2), payer=limited(90), frequency_code="7"
        ),
        says="the day of the original claim's remittance",
    ),
    # E79: a replacement counts from the payer's answer, by the payer's own number.
    Row(
        "BH-110",
        FOUND,
        lambda: replaced(date(2026, 4, 2), after=60, answered_on=date(2026, 1, 31)),
        says="The replacement of 90834 of 2026-01-01 had to be filed by 2026-04-01 (60"
        " days from the answer of 2026-01-31); it is sent on 2026-04-02",
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-110",
        CLEAN,
        lambda: replaced(date(2026, 4, 2), after=60, answered_on=date(2026, 2, 1)),
    ),
    # Within the first window nothing else is asked.
    Row(
        "BH-110",
        CLEAN,
        lambda: replaced(date(2026, 4, 1), after=10, answered_on=date(2026, 2, 1)),
    ),
    Row(
        "BH-110",
        CANNOT_TELL,
        lambda: replaced(date(2026, 4, 2), after=None, answered_on=date(2026, 2, 1)),
        says="the payer's limit for corrected claims",
    ),
    Row(
        "BH-110",
        CANNOT_TELL,
        lambda: replaced(
            date(2026, 4, 2), after=60, answered_on=date(2026, 2, 1), number="ICN9"
        ),
        says="the day of the original claim's remittance",
    ),
    Row(
        "BH-110",
        CLEAN,
        lambda: sent(
            date(2026, 1, 1), date(2026, 4, 2), payer=limited(90), frequency_code="8"
        ),
    ),
    Row(
        "BH-111",
        FOUND,
        lambda: sent(date(2026, 1, 1), date(2026, 3, 18), payer=limited(90)),
        says="must be filed by 2026-04-01 (90 days from the date of service): 14 days",
    ),
    Row(
        "BH-111",
        CLEAN,
        lambda: sent(date(2026, 1, 1), date(2026, 3, 17), payer=limited(90)),
    ),
    Row(
        "BH-111",
        CLEAN,
        lambda: sent(date(2026, 1, 1), date(2026, 4, 2), payer=limited(90)),
    ),
    Row(
        "BH-111",
        CLEAN,
        lambda: sent(
            date(2026, 1, 1), date(2026, 3, 18), payer=limited(90), frequency_code="7"
        ),
    ),
    Row(
        "BH-111",
        FOUND,
        lambda: sent(date(2025, 2, 28), date(2026, 3, 2), payer_type=MEDICARE),
        says="ended on 2026-02-28; only the weekend or holiday moves it to 2026-03-02",
    ),
    Row(
        "BH-111",
        FOUND,
        lambda: sent(date(2026, 1, 1), date(2026, 2, 16)),
        says="should be filed by 2026-03-02 (60 days from the date of service, the"
        " usual limit: this payer's own is not on file): 14 days are left.",
        by_default=True,
    ),
    Row("BH-111", CLEAN, lambda: sent(date(2026, 1, 1), date(2026, 2, 15))),
    Row(
        "BH-111",
        CANNOT_TELL,
        lambda: sent(date(2026, 1, 1), date(2026, 3, 3), no_payer=True),
        says="the payer's filing limit",
    ),
    # E03: Medicare Part B.
    Row(
        "BH-131",
        FOUND,
        lambda: case(payer_type=MEDICARE, frequency_code="7"),
        says="frequency 7; Medicare Part B takes 1 only",
    ),
    Row("BH-131", FOUND, lambda: case(payer_type=MEDICARE, frequency_code="8")),
    Row(
        "BH-131",
        FOUND,
        lambda: case(frequency_code=""),
        says="The claim's frequency code is empty",
        severity=Severity.REJECT,
    ),
    Row("BH-131", FOUND, lambda: case(frequency_code="2"), says="frequency code is 2"),
    Row("BH-131", CLEAN, lambda: case(payer_type=MEDICARE)),
    Row(
        "BH-131",
        CLEAN,
        lambda: case(
            payer=limited(None, payer_type=MEDICARE, accepts_frequency_7=True),
            frequency_code="7",
        ),
    ),
    Row(
        "BH-131",
        FOUND,
        lambda: case(
            payer=limited(None, accepts_frequency_7=False), frequency_code="7"
        ),
        says="this payer refuses",
    ),
    Row(
        "BH-131",
        CANNOT_TELL,
        lambda: case(frequency_code="7"),
        says="whether the payer takes replacement and void claims",
    ),
    Row("BH-131", CANNOT_TELL, lambda: case(no_payer=True, frequency_code="7")),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


def test_no_window_of_the_table_is_shorter_than_the_one_looked_past() -> None:
    """Lines younger than the shortest window are passed over unread."""
    days = {"days": 1, "months": 28, "years": 365}
    windows = [
        rule.length * days[rule.unit]
        for rule in deadline_rules()
        if rule.kind == "timely_filing" and rule.counted_from == "service_date"
    ]
    assert min(windows) == SHORTEST_FILING_DAYS
