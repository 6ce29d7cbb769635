"""The rules of `families.diagnosis`."""

from datetime import date

import pytest

from denialml.domain.claim import Diagnosis
from denialml.rules.case import ClaimCase
from tests.rules.cases import DAY, case, line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row


def diagnosed(*codes: str, day: date | None = DAY, qualifier: str = "") -> ClaimCase:
    """A claim with these diagnoses, the line pointing to the first."""
    return case(
        line(service_date=day),
        diagnoses=tuple(
            Diagnosis(code=code, qualifier=qualifier or ("ABF" if place else "ABK"))
            for place, code in enumerate(codes)
        ),
        as_of=date(2026, 3, 5) if day is None else max(day, date(2026, 3, 5)),
    )


def clean(rule_id: str, code: str) -> Row:
    """That the rule lets the code pass."""
    return Row(rule_id, CLEAN, lambda: diagnosed(code))


def heading(code: str) -> Row:
    """That the code is said to be a heading."""
    return Row("BH-088", FOUND, lambda: diagnosed(code), says=f"{code} is a heading")


# These read nothing but the claim.
ALWAYS_TELL = {"BH-087", "BH-090", "BH-092"}
SPEC = [
    Row("BH-087", FOUND, lambda: diagnosed("F41.1"), says="F41.1 does not have"),
    Row("BH-087", FOUND, lambda: diagnosed("29632"), says="29632 does not have"),
    Row("BH-087", FOUND, lambda: diagnosed("F411", "F4")),
    Row("BH-087", FOUND, lambda: diagnosed("F4110000")),
    Row("BH-087", FOUND, lambda: diagnosed("")),
    Row(
        "BH-087",
        FOUND,
        lambda: diagnosed("V6284", qualifier="BK"),
        says="sent as ICD-9",
    ),
    *(
        clean("BH-087", code)
        for code in ("F411", "F32A", "F99", "F03C0", "O9A211", "U071", "T1491XA")
    ),
    Row("BH-088", FOUND, lambda: diagnosed("F32"), says="F32 is a heading"),
    Row("BH-088", FOUND, lambda: diagnosed("F411", "F431"), says="F431 is a heading"),
    Row("BH-088", FOUND, lambda: diagnosed("F102")),
    # Codes of five signs that need a sixth.
    *map(heading, ("F1012", "F1323", "F1393", "F1928", "F1720", "F4021", "F01A1")),
    *map(heading, ("F02C", "F067", "F78A", "F1292", "F1618")),
    # E67: these are complete, specified or not.
    *(
        clean("BH-088", code)
        for code in ("F331", "F32A", "F419", "F4310", "F909", "F29", "F99", "Z630")
    ),
    # Complete beside headings of their own family.
    *(
        clean("BH-088", code)
        for code in ("F1020", "F1021", "F1123", "F1413", "F1027", "F17210", "F01A0")
    ),
    *(clean("BH-088", code) for code in ("F01511", "F50010", "F5000", "F0280")),
    # E65: by the day of service.
    Row("BH-088", CLEAN, lambda: diagnosed("F438", day=date(2022, 9, 30))),
    Row(
        "BH-088",
        FOUND,
        lambda: diagnosed("F438", day=date(2022, 10, 1)),
        says="F438 is a heading since 2022-10-01",
    ),
    Row("BH-088", CLEAN, lambda: diagnosed("F5001", day=date(2024, 9, 30))),
    Row("BH-088", FOUND, lambda: diagnosed("F5081", day=date(2024, 10, 1))),
    Row("BH-088", CLEAN, lambda: diagnosed("F0391", day=date(2022, 9, 30))),
    Row("BH-088", FOUND, lambda: diagnosed("F0391", day=date(2022, 10, 1))),
    Row("BH-088", CLEAN, lambda: diagnosed("F53", day=date(2018, 9, 30))),
    Row("BH-088", FOUND, lambda: diagnosed("F53")),
    Row(
        "BH-088",
        CANNOT_TELL,
        lambda: diagnosed("F438", day=None),
        says="the date of service, on which F438 may be a heading",
    ),
    Row(
        "BH-090",
        FOUND,
        lambda: case(line(diagnosis_pointers=(2,))),
        says="90834 points to diagnosis 2; the claim has 1",
        lines=(1,),
    ),
    Row("BH-090", FOUND, lambda: case(line(diagnosis_pointers=(0,)))),
    Row(
        "BH-090", FOUND, lambda: case(line(diagnosis_pointers=())), says="points to no"
    ),
    Row("BH-090", FOUND, lambda: case(diagnoses=()), says="The claim has no diagnosis"),
    Row(
        "BH-090",
        FOUND,
        lambda: case(
            line(diagnosis_pointers=(1, 2, 3, 4, 5)),
            diagnoses=tuple(Diagnosis(code=f"F4{one}1") for one in range(5)),
        ),
        says="5 diagnosis pointers",
    ),
    Row("BH-090", CLEAN, case),
    Row(
        "BH-090",
        CLEAN,
        lambda: case(
            line(diagnosis_pointers=(4, 1, 2, 3)),
            diagnoses=tuple(Diagnosis(code=f"F4{one}1") for one in range(4)),
        ),
    ),
    Row(
        "BH-092",
        FOUND,
        lambda: diagnosed("F411", "F331", "F411"),
        says="F411 is given more than once",
    ),
    Row(
        "BH-092",
        FOUND,
        lambda: diagnosed("F411", "F331", "F411", "F331"),
        says="F331 and F411 are given",
    ),
    Row("BH-092", CLEAN, lambda: diagnosed("F411", "F331")),
    # BH-087 says of them that they are empty.
    Row("BH-092", CLEAN, lambda: diagnosed("", "")),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
