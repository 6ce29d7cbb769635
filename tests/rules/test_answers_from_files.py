"""The rules and fixes about a patient's identity, on eligibility answers from a 271."""

from datetime import date

import pytest

from denialml.domain.claim import Patient
from denialml.domain.coverage import EligibilityCheck
from denialml.fixes.candidate import FixKind
from denialml.fixes.catalog import candidates_of
from denialml.formats import read_bytes
from tests.formats.interchange import interchange
from tests.rules.cases import case
from tests.rules.spec import ENGINE

SUBSCRIBER = """
    BHT*0022*11*1*20260302*0930
    HL*1**20*1
    NM1*PR*2*SAMPLE PLAN*****PI*P1
    HL*2*1*21*1
    NM1*1P*2*CEDAR AND SAMPLE*****XX*1999000015
    HL*3*2*22*0
    NM1*IL*1*CRAGBOTTOM*JUNIPER****MI*M1
"""
DEPENDENT = """
    HL*4*3*23*0
    NM1*03*1*CRAGBOTTOM*ALDER
"""
COVERED = """
    DTP*346*D8*20260101
    EB*1**30
    EB*1**MH
"""
CHILD = Patient(
    last_name="Cragbottom",
    first_name="Alder",
    birth_date=date(2014, 1, 2),
    gender="M",
    relationship_code="19",
)
IDENTITY = {"BH-007", "BH-008"}
CORRECTIONS = {FixKind.CORRECT_MEMBER_NUMBER, FixKind.CORRECT_DEMOGRAPHICS}


def answers(body: str) -> list[EligibilityCheck]:
    reading = read_bytes(interchange(body, kind="271"), file="answers.271")
    assert reading.problems == ()
    return [one for one in reading.records if isinstance(one, EligibilityCheck)]


@pytest.mark.parametrize(
    ("demographics", "found"),
    [
        ("DMG*D8*19800501*F", {}),
        ("DMG*D8*19810501*F", {"BH-007": "The birth date on the claim differs"}),
        ("DMG*D8*19800501*M", {"BH-008": "The claim says F"}),
    ],
)
def test_what_a_271_says_of_the_subscriber(
    demographics: str, found: dict[str, str]
) -> None:
    judged = case(checks=answers(SUBSCRIBER + demographics + COVERED))
    told = {
        one.rule_id: one.statement
        for one in ENGINE.judge(judged)
        if one.rule_id in IDENTITY
    }
    assert told.keys() == found.keys()
    assert all(told[rule].startswith(found[rule]) for rule in found)
    named = {one.kind for one in candidates_of(judged)} & CORRECTIONS
    assert named == ({FixKind.CORRECT_DEMOGRAPHICS} if found else set())


def test_a_corrected_birth_date_is_that_of_the_271() -> None:
    judged = case(checks=answers(SUBSCRIBER + "DMG*D8*19810501*F" + COVERED))
    [fix] = [one for one in candidates_of(judged) if one.kind in CORRECTIONS]
    [edit] = fix.edits
    assert (edit.before, edit.after) == ("1980-05-01", "1981-05-01")


def test_a_dependent_is_compared_with_the_dependents_own_loop() -> None:
    """The subscriber's birth date stands beside it and is nobody's fault."""
    right, wrong = "DMG*D8*20140102*M", "DMG*D8*20140103*M"
    for demographics, expected in ((right, set()), (wrong, {"BH-007"})):
        body = SUBSCRIBER + "DMG*D8*19800501*F" + DEPENDENT + demographics + COVERED
        found = ENGINE.judge(case(checks=answers(body), patient=CHILD))
        assert {one.rule_id for one in found} & IDENTITY == expected


def test_another_member_number_in_the_271() -> None:
    """The answer is found by the medical record number that the inquiry carried."""
    body = SUBSCRIBER.replace("*M1", "*M2") + "REF*EJ*MRN1\n"
    judged = case(checks=answers(body + "DMG*D8*19800501*F" + COVERED))
    [told] = [one for one in ENGINE.judge(judged) if one.rule_id in IDENTITY]
    assert told.statement.startswith("The member number on the claim differs")
    [fix] = [one for one in candidates_of(judged) if one.kind in CORRECTIONS]
    assert fix.kind is FixKind.CORRECT_MEMBER_NUMBER
    assert [edit.after for edit in fix.edits] == ["M2"]
