"""The rules of `families.diagnosis_pairing`."""

from datetime import date
from typing import Any

import pytest

from denialml.domain.claim import Diagnosis
from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import case, changed, claim, line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

SUBSCRIBER = claim().subscriber
MEDICARE, ADVANTAGE = PayerType.MEDICARE, PayerType.MEDICARE_ADVANTAGE


def billed(
    code: str, *diagnoses: str, pointing: tuple[int, ...] = (1,), **fields: Any
) -> ClaimCase:
    """A line of this code that points to these of the diagnoses."""
    return case(
        line(code, diagnosis_pointers=pointing),
        diagnoses=tuple(Diagnosis(code=one) for one in diagnoses),
        **fields,
    )


def born(day: date | None, code: str, diagnosis: str = "F331") -> ClaimCase:
    """A line of this code for a patient born on this day."""
    return billed(code, diagnosis, subscriber=changed(SUBSCRIBER, birth_date=day))


def clean(rule_id: str, code: str, *diagnoses: str, **fields: Any) -> Row:
    """That the rule lets the line with these diagnoses pass."""
    return Row(rule_id, CLEAN, lambda: billed(code, *diagnoses, **fields))


TAKES_Z63 = PayerPolicy(primary_z_diagnoses=("Z63.0",))
ALWAYS_TELL: set[str] = set()
SPEC = [
    Row(
        "BH-089",
        FOUND,
        lambda: billed("90834", "Z634", policy=TAKES_Z63),
        says="90834 points to Z634 first, which this payer refuses",
        severity=Severity.DENY_LIKELY,
    ),
    clean("BH-089", "90834", "Z630", policy=TAKES_Z63),
    clean("BH-089", "90834", "F411", "Z630"),
    Row(
        "BH-089",
        FOUND,
        lambda: billed("90847", "Z630"),
        says="payers rarely cover",
        severity=Severity.WARN,
        by_default=True,
    ),
    # What the line points to first counts, not what stands first on the claim.
    clean("BH-089", "90834", "Z630", "F411", pointing=(2, 1)),
    Row(
        "BH-089",
        FOUND,
        lambda: billed("90834", "F411", "Z630", pointing=(2, 1)),
        by_default=True,
    ),
    # E40: proper first codes.
    clean("BH-089", "96127", "Z1331"),
    clean("BH-089", "G0444", "Z1331"),
    clean("BH-089", "96161", "Z00129"),
    clean("BH-089", "99406", "Z720"),
    clean("BH-089", "96372", "Z79899"),
    clean("BH-089", "90791", "R4589"),
    clean("BH-089", "90791", "Z0389"),
    clean("BH-089", "90792", "Z046"),
    clean("BH-089", "90839", "R45851"),
    Row(
        "BH-089",
        CANNOT_TELL,
        lambda: billed("90837", "R45851"),
        says="the Z and R codes that the payer takes",
    ),
    Row("BH-089", CANNOT_TELL, lambda: billed("90791", "Z1331")),
    Row(
        "BH-091",
        FOUND,
        lambda: billed("96158", "F411", "E119", pointing=(1, 2)),
        says="96158 points to F411 first",
    ),
    clean("BH-091", "96158", "E119", "F411", pointing=(1, 2)),
    clean("BH-091", "96158", "F411", "E119", pointing=(2, 1)),
    Row(
        "BH-091",
        FOUND,
        lambda: billed("99406", "F411"),
        says="99406 points to none of the diagnoses that it is for (F17",
    ),
    clean("BH-091", "99406", "F411", "F17210", pointing=(1, 2)),
    clean("BH-091", "99407", "Z720"),
    clean("BH-091", "99406", "Z87891"),
    # E34: any substance, and a warning at most.
    Row("BH-091", FOUND, lambda: billed("G2086", "F411"), severity=Severity.WARN),
    clean("BH-091", "G2086", "F1020"),
    clean("BH-091", "G2088", "F1920"),
    Row(
        "BH-091",
        FOUND,
        lambda: billed("90867", "F331"),
        says="90867 points to F331; payers cover it for severe F32 and F33",
        severity=Severity.DENY_LIKELY,
    ),
    clean("BH-091", "90868", "F332"),
    clean("BH-091", "90867", "F322"),
    Row(
        "BH-091",
        CANNOT_TELL,
        lambda: billed("90867", "F422"),
        says="whether the payer covers 90867 to 90869 for F42",
    ),
    Row("BH-091", FOUND, lambda: billed("G2083", "F319")),
    clean("BH-091", "G2083", "F332"),
    clean("BH-091", "J0013", "F331"),
    clean("BH-091", "90834", "Z720"),
    Row(
        "BH-093",
        FOUND,
        lambda: billed("90834", "F411", "F03C0", payer_type=MEDICARE),
        says="90834 with F03C0",
        lines=(1,),
    ),
    Row("BH-093", FOUND, lambda: billed("90832", "F02C11", payer_type=ADVANTAGE)),
    clean("BH-093", "90834", "F03B0", payer_type=MEDICARE),
    clean("BH-093", "90834", "G309", "F02A0", payer_type=MEDICARE),
    clean("BH-093", "90834", "F411", payer_type=MEDICARE),
    clean("BH-093", "90834", "F03C0"),
    clean("BH-093", "90791", "F03C0", payer_type=MEDICARE),
    # E66: the codes from before October 2022 say nothing of severity.
    Row(
        "BH-093",
        CANNOT_TELL,
        lambda: billed("90834", "F0390", payer_type=MEDICARE),
        says="how severe F0390 is",
    ),
    Row("BH-093", CANNOT_TELL, lambda: billed("90834", "G309", payer_type=MEDICARE)),
    Row(
        "BH-094",
        FOUND,
        lambda: born(date(2008, 3, 3), "G2083"),
        says="G2083 is for ages 18 to 120; the patient was 17 on 2026-03-02",
    ),
    Row("BH-094", CLEAN, lambda: born(date(2008, 3, 2), "G2083")),
    Row(
        "BH-094",
        FOUND,
        lambda: born(date(2008, 3, 2), "96127", "Z00129"),
        says="Z00129 is for ages 0 to 17",
    ),
    Row("BH-094", CLEAN, lambda: born(date(2008, 3, 3), "96127", "Z00129")),
    Row("BH-094", FOUND, lambda: born(date(2005, 3, 2), "H2033")),
    Row("BH-094", CLEAN, lambda: born(date(2005, 3, 3), "H2033")),
    Row("BH-094", FOUND, lambda: born(date(1900, 1, 1), "90834"), says="126"),
    Row("BH-094", CLEAN, lambda: born(date(1906, 1, 1), "90834")),
    # The claim's first day counts, also where the first line has none.
    Row(
        "BH-094",
        FOUND,
        lambda: case(
            line(service_date=None),
            line(number=2),
            subscriber=changed(SUBSCRIBER, birth_date=date(1900, 1, 1)),
        ),
        says="the patient was 126 on 2026-03-02",
    ),
    Row("BH-094", CLEAN, lambda: born(None, "90834")),
    Row(
        "BH-094",
        CANNOT_TELL,
        lambda: born(None, "G2083"),
        says="the patient's birth date",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
