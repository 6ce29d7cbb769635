"""The rules of `families.add_ons`."""

from datetime import date

import pytest

from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from tests.rules.cases import case, earlier_claim, line
from tests.rules.other_clinicians import nobody_named, others_line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

ALWAYS_TELL: set[str] = set()
_SENT = date(2026, 3, 3)
_FEBRUARY = date(2026, 2, 26)
SPEC = [
    Row(
        "BH-049",
        FOUND,
        lambda: case(line("90840")),
        says="90840 of 2026-03-02 stands without a base service (90839)",
        lines=(1,),
        severity=Severity.HOLD,
    ),
    Row("BH-049", CLEAN, lambda: case(line("90840"), line("90839", 2))),
    Row(
        "BH-049",
        FOUND,
        lambda: case(line("90840"), line("90839", 2, service_date=date(2026, 3, 1))),
    ),
    # Review E19: on a split claim, or in the claim's own first submission.
    Row(
        "BH-049",
        CLEAN,
        lambda: case(line("90840"), earlier=[earlier_claim(line("90839"), on=_SENT)]),
    ),
    Row(
        "BH-049",
        CLEAN,
        lambda: case(
            line("90840"),
            earlier=[
                earlier_claim(line("90839"), on=_SENT, patient_control_number="C1")
            ],
        ),
    ),
    Row(
        "BH-049",
        FOUND,
        lambda: case(
            line("90840"),
            frequency_code="7",
            earlier=[
                earlier_claim(line("90839"), on=_SENT, patient_control_number="C1")
            ],
        ),
    ),
    # A base that was voided, or replaced by a claim without it, stands no more.
    *(
        Row(
            "BH-049",
            FOUND,
            lambda frequency=frequency, code=code: case(
                line("90840"),
                earlier=[
                    earlier_claim(line("90839"), on=_SENT),
                    earlier_claim(
                        line(code), on=date(2026, 3, 4), frequency_code=frequency
                    ),
                ],
            ),
        )
        for frequency, code in (("8", "90839"), ("7", "90834"))
    ),
    Row(
        "BH-049",
        CLEAN,
        lambda: case(
            line("90840"),
            earlier=[
                earlier_claim(line("90839"), on=_SENT),
                earlier_claim(line("90839"), on=date(2026, 3, 4), frequency_code="7"),
            ],
        ),
    ),
    Row(
        "BH-049",
        CANNOT_TELL,
        lambda: case(line("90840"), others_line("90839")),
        says="bill as one",
    ),
    Row(
        "BH-049",
        CANNOT_TELL,
        lambda: nobody_named(line("90840"), others_line("90839")),
        says="rendering NPI",
    ),
    # Nobody named on either: the payer sees one clinician.
    Row("BH-049", CLEAN, lambda: nobody_named(line("90840"), line("90839", 2))),
    Row("BH-050", CLEAN, lambda: nobody_named(line("90833"), line("99213", 2))),
    Row(
        "BH-049",
        CANNOT_TELL,
        lambda: case(line("90840", service_date=None)),
        says="date of service",
    ),
    # A month: the base may stand on another of its days.
    Row(
        "BH-049",
        CLEAN,
        lambda: case(line("99494"), line("99493", 2, service_date=date(2026, 3, 28))),
    ),
    Row(
        "BH-049",
        FOUND,
        lambda: case(
            line("99494"),
            earlier=[
                earlier_claim(line("99493", service_date=_FEBRUARY), on=_FEBRUARY)
            ],
        ),
        says="in the month (99492 and 99493)",
    ),
    Row("BH-049", CANNOT_TELL, lambda: case(line("G2088")), says="claims sent before"),
    # An episode of testing: the base once, on an earlier day.
    Row(
        "BH-049",
        CLEAN,
        lambda: case(
            line("96131"),
            earlier=[
                earlier_claim(line("96130", service_date=_FEBRUARY), on=_FEBRUARY)
            ],
        ),
    ),
    Row(
        "BH-049",
        FOUND,
        lambda: case(
            line("96131"),
            earlier=[
                earlier_claim(line("96136", service_date=_FEBRUARY), on=_FEBRUARY)
            ],
        ),
        says="of the testing episode (96130)",
    ),
    Row(
        "BH-049",
        CANNOT_TELL,
        lambda: case(
            line("96121"),
            earlier=[
                earlier_claim(
                    line("96116", service_date=date(2025, 9, 1)), on=date(2025, 9, 2)
                )
            ],
        ),
        says="same testing episode",
    ),
    Row(
        "BH-049",
        CLEAN,
        lambda: case(line("96131"), line("96130", 2, service_date=date(2026, 3, 4))),
    ),
    Row("BH-049", FOUND, lambda: case(line("99417"), line("99214", 2))),
    Row("BH-049", CLEAN, lambda: case(line("99417"), line("99350", 2))),
    Row("BH-049", FOUND, lambda: case(line("90863"), line("90833", 2))),
    Row("BH-049", CLEAN, lambda: case(line("90863"), line("90834", 2))),
    Row("BH-049", FOUND, lambda: case(line("G2211"), line("90834", 2))),
    Row("BH-049", CLEAN, lambda: case(line("G2211"), line("99214", 2))),
    Row("BH-049", FOUND, lambda: case(line("96168"), line("96158", 2))),
    Row(
        "BH-049",
        FOUND,
        lambda: case(line("90785")),
        says="90791, 90792, 90832, 90833, 90834, 90836 and 6 more",
    ),
    Row("BH-049", CLEAN, lambda: case(line("90785"), line("90847", 2))),
    Row("BH-049", FOUND, lambda: case(line("90785"), others_line("90847"))),
    # BH-050's.
    Row("BH-049", CLEAN, lambda: case(line("90833"))),
    Row(
        "BH-050",
        FOUND,
        lambda: case(line("90833")),
        says="90833 of 2026-03-02 stands without a visit",
        severity=Severity.HOLD,
    ),
    Row("BH-050", CLEAN, lambda: case(line("90833"), line("99213", 2))),
    Row(
        "BH-050",
        CLEAN,
        lambda: case(line("90836"), earlier=[earlier_claim(line("99213"), on=_SENT)]),
    ),
    Row(
        "BH-050",
        FOUND,
        lambda: case(line("90838"), line("90792", 2)),
        severity=Severity.HOLD,
    ),
    # Review E48.
    Row(
        "BH-050",
        FOUND,
        lambda: case(line("90833"), line("99211", 2)),
        says="has only 99211 (line 2) as its visit",
        severity=Severity.WARN,
        lines=(1, 2),
    ),
    Row(
        "BH-050",
        FOUND,
        lambda: case(line("90833"), line("99283", 2)),
        severity=Severity.WARN,
    ),
    # Medicare's pair of the two, which no modifier opens.
    Row(
        "BH-050",
        FOUND,
        lambda: case(line("90833"), line("99283", 2), payer_type=PayerType.MEDICARE),
        says="beside which it is never paid",
        severity=Severity.HOLD,
        lines=(1, 2),
    ),
    Row(
        "BH-050",
        CANNOT_TELL,
        lambda: case(line("90833"), line("98006", 2)),
        says="98006 as the visit of 90833",
    ),
    Row(
        "BH-050",
        CANNOT_TELL,
        lambda: case(line("90833"), others_line("99213")),
        says="bill as one",
    ),
    Row(
        "BH-050",
        CANNOT_TELL,
        lambda: case(line("90833", service_date=None)),
        says="date of service",
    ),
    Row(
        "BH-058",
        FOUND,
        lambda: case(line("90785"), line("90847", 2)),
        says="90785 of 2026-03-02 stands with 90847 (line 2)",
        lines=(1, 2),
    ),
    Row("BH-058", FOUND, lambda: case(line("90785"), line("90839", 2))),
    Row("BH-058", FOUND, lambda: case(line("90785"), line("99214", 2))),
    Row("BH-058", FOUND, lambda: case(line("90785"), line("97153", 2))),
    Row("BH-058", CLEAN, lambda: case(line("90785"), line("90834", 2))),
    Row(
        "BH-058",
        CLEAN,
        lambda: case(line("90785"), line("99214", 2), line("90833", 3)),
    ),
    Row("BH-058", CLEAN, lambda: case(line("90785"), others_line("90847"))),
    Row("BH-058", CLEAN, lambda: case(line("90785"))),
    Row(
        "BH-058",
        CANNOT_TELL,
        lambda: nobody_named(line("90785"), line("90847", 2)),
        says="rendering NPI",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
