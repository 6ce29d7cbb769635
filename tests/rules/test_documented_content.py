"""The rules of `families.documented_content`."""

from typing import Any

import pytest

from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import case, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

# All of these read what a note may leave out.
ALWAYS_TELL: set[str] = set()


def noted(code: str, *, policy: PayerPolicy | None = None, **fields: Any) -> ClaimCase:
    """One line with its signed note."""
    return case(line(code), notes=[note(**fields)], policy=policy)


def group(code: str, size: int | None, most: int | None = None) -> ClaimCase:
    """A group of so many, to a payer that allows `most`."""
    return noted(code, group_size=size, policy=PayerPolicy(group_size_maximum=most))


def esketamine(
    minutes: int | None, *, enrolled: bool | None = True, code: str = "G2082"
) -> ClaimCase:
    """A treatment with so many minutes of observation."""
    return noted(code, observation_minutes=minutes, safety_program_enrolled=enrolled)


SPEC = [
    Row(
        "BH-046",
        FOUND,
        lambda: noted("96136", instruments=1),
        says="96136 takes two instruments; the note has 1",
        lines=(1,),
    ),
    Row("BH-046", CLEAN, lambda: noted("96138", instruments=2)),
    Row("BH-046", CANNOT_TELL, lambda: noted("96138"), says="test instruments"),
    # Of a missing note BH-117 speaks; and a longer battery is hardly one scale.
    Row("BH-046", CLEAN, lambda: case(line("96136"))),
    Row("BH-046", CLEAN, lambda: case(line("96136"), line("96137", 2), notes=[note()])),
    Row(
        "BH-046",
        FOUND,
        lambda: case(line("96136"), line("96137", 2), notes=[note(instruments=1)]),
    ),
    Row("BH-046", CLEAN, lambda: noted("96130", instruments=1)),
    Row(
        "BH-059",
        FOUND,
        lambda: noted("90785", complexity_factor="Interpreter"),
        says="an interpreter alone",
    ),
    Row("BH-059", CLEAN, lambda: noted("90785", complexity_factor="maladaptive")),
    Row(
        "BH-059",
        FOUND,
        lambda: noted("90785", complexity_factor=" Interpreter only"),
    ),
    # Asked only where an interpreter was there.
    Row(
        "BH-059",
        CANNOT_TELL,
        lambda: case(line("90785"), line("T1013", 2), notes=[note()]),
        says="communication complex",
    ),
    Row("BH-059", CLEAN, lambda: noted("90785")),
    Row(
        "BH-063",
        FOUND,
        lambda: group("90853", 1),
        says="90853 is a group; the note counts 1 in it",
    ),
    Row("BH-063", CLEAN, lambda: group("90853", 2)),
    Row("BH-063", FOUND, lambda: group("90853", 9, 8), says="this payer allows 8"),
    Row("BH-063", CLEAN, lambda: group("90853", 8, 8)),
    Row("BH-063", CLEAN, lambda: group("90853", 14, 15)),
    Row(
        "BH-063",
        FOUND,
        lambda: group("H0005", 13),
        says="payers commonly allow 12",
        by_default=True,
    ),
    Row("BH-063", CLEAN, lambda: group("H0005", 12)),
    Row("BH-063", FOUND, lambda: group("97154", 9), by_default=True),
    Row("BH-063", CLEAN, lambda: group("97154", 8)),
    Row("BH-063", FOUND, lambda: group("97158", 9), by_default=True),
    # Asked only of a payer that has a limit.
    Row("BH-063", CANNOT_TELL, lambda: group("90853", None, 8), says="in the group"),
    Row("BH-063", CLEAN, lambda: group("90853", None)),
    Row(
        "BH-069",
        FOUND,
        lambda: esketamine(119),
        says="G2082 takes 120 minutes of observation; the note has 119",
    ),
    Row("BH-069", CLEAN, lambda: esketamine(120)),
    Row(
        "BH-069",
        FOUND,
        lambda: esketamine(None, enrolled=False, code="J0013"),
        says="not in the safety program",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-069", FOUND, lambda: esketamine(60, enrolled=None)),
    Row("BH-069", CANNOT_TELL, lambda: esketamine(None), says="minutes of observation"),
    Row(
        "BH-069",
        CANNOT_TELL,
        lambda: esketamine(120, enrolled=None),
        says="whether the patient is in the drug's safety program",
    ),
    Row("BH-069", CANNOT_TELL, lambda: case(line("G2083"))),
    Row(
        "BH-130",
        FOUND,
        lambda: noted("90839", disposition_documented=False),
        says="The note behind 90839 lacks the plan or the disposition",
    ),
    Row("BH-130", CLEAN, lambda: noted("G0560", disposition_documented=True)),
    Row("BH-130", CANNOT_TELL, lambda: noted("G0560"), says="the disposition"),
    Row("BH-130", CLEAN, lambda: case(line("90839"))),
    Row("BH-130", CLEAN, lambda: noted("90837", disposition_documented=False)),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
