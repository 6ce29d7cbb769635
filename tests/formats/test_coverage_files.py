"""271 and 278 responses: what payers said before the service."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.domain.coverage import (
    Authorization,
    AuthorizationDecision,
    EligibilityCheck,
    EligibilityResult,
)
from denialml.formats import read_bytes
from tests.formats.interchange import interchange

INQUIRY = """
    BHT*0022*11*1*20260210*0930
    HL*1**20*1
    NM1*PR*2*ACME HEALTH*****PI*ACME1
    HL*2*1*21*1
    NM1*1P*2*CALM PRACTICE*****XX*1234567893
    HL*3*2*22*0
    TRN*1*PAYERS*9ACME
    TRN*2*OURS*9CALM
    NM1*IL*1*DOE*ANA****MI*M1
    REF*EJ*MR1
    DTP*346*D8*20260101
    DTP*472*D8*20260211
"""


def check(body: str) -> EligibilityCheck:
    reading = read_bytes(interchange(INQUIRY + body, kind="271"), file="f")
    assert reading.problems == ()
    [record] = reading.records
    assert isinstance(record, EligibilityCheck)
    return record


def test_an_active_member_with_another_payer() -> None:
    found = check(
        """
        EB*1**30*HM*GOLD PLAN
        EB*1**MH^98^UC
        EB*F**MH***29***VS*12
        EB*F**A6***29***VS*8
        EB*C**30***23*500
        EB*R**30
        LS*2120
        NM1*PR*2*OTHER PLAN*****PI*OTHER1
        LE*2120
        """
    )
    assert found.checked_on == date(2026, 2, 10)
    assert (found.payer_id, found.member_id) == ("ACME1", "M1")
    assert found.medical_record_number == "MR1"
    assert found.result is EligibilityResult.ACTIVE
    assert found.plan_name == "GOLD PLAN"
    assert found.coverage_begin == date(2026, 1, 1)
    assert found.service_date == date(2026, 2, 11)
    assert found.mental_health_active is True
    assert found.visits_remaining == 8
    assert (found.other_payer_id, found.other_payer_name) == ("OTHER1", "OTHER PLAN")
    assert found.trace_number == "OURS"


@pytest.mark.parametrize(
    ("benefits", "result", "mental_health"),
    [
        ("EB*1**30", EligibilityResult.ACTIVE, None),
        ("EB*6**30", EligibilityResult.INACTIVE, None),
        ("EB*1**30\nEB*I**MH", EligibilityResult.ACTIVE, False),
        ("EB*6**30\nEB*1**88", EligibilityResult.INACTIVE, None),
        ("EB*1**MH", EligibilityResult.ACTIVE, True),
        ("EB*V**30", EligibilityResult.UNKNOWN, None),
        ("EB*C**30***23*500", EligibilityResult.UNKNOWN, None),
        ("AAA*N**72*C", EligibilityResult.UNKNOWN, None),
    ],
)
def test_what_the_benefits_amount_to(
    benefits: str, result: EligibilityResult, mental_health: bool | None
) -> None:
    found = check(benefits)
    assert (found.result, found.mental_health_active) == (result, mental_health)


def test_a_rejected_member_keeps_the_reason() -> None:
    assert check("AAA*N**75*C").reject_reason_code == "75"


def test_dates_of_different_spans_are_never_mixed() -> None:
    body = """
        EB*1**30
        DTP*348*D8*20260101
        EB*1**30**PRESENT
        DTP*291*RD8*20250101-20251231
        EB*6**30**PAST
        DTP*291*RD8*20200101-20201231
    """
    data = interchange(INQUIRY.replace("DTP*346*D8*20260101", "") + body, kind="271")
    [found] = read_bytes(data, file="f").records
    assert isinstance(found, EligibilityCheck)
    assert found.coverage_begin == date(2025, 1, 1)
    assert found.coverage_end == date(2025, 12, 31)


def test_a_dependent_is_a_check_of_its_own() -> None:
    body = """
        EB*1**30
        HL*4*3*23*0
        NM1*03*1*DOE*KID
        EB*6**30
    """
    reading = read_bytes(interchange(INQUIRY + body, kind="271"), file="f")
    results = [(r.result, r.member_id, r.trace_number) for r in reading.records]  # type: ignore[attr-defined]
    assert results == [
        (EligibilityResult.ACTIVE, "M1", "OURS"),
        (EligibilityResult.INACTIVE, "M1", "OURS"),
    ]


def test_who_the_answer_is_about() -> None:
    body = """
        DMG*D8*19800501*F
        EB*1**30
        HL*4*3*23*0
        NM1*03*1*ROE*KID
        REF*EJ*MR2
        DMG*D8*20140102*M
        EB*1**30
        HL*5*3*23*0
        NM1*03*1*POE
        EB*1**30
    """
    reading = read_bytes(interchange(INQUIRY + body, kind="271"), file="f")
    people = [
        (r.last_name, r.first_name, r.birth_date, r.gender, r.medical_record_number)  # type: ignore[attr-defined]
        for r in reading.records
    ]
    assert people == [
        ("DOE", "ANA", date(1980, 5, 1), "F", "MR1"),
        ("ROE", "KID", date(2014, 1, 2), "M", "MR2"),
        ("POE", "", None, "", ""),
    ]


@pytest.mark.parametrize(
    ("benefits", "payer"),
    [
        ("EB*1**MH\nLS*2120\nNM1*PR*2*MIND CARE*****PI*MIND1\nLE*2120", "MIND1"),
        ("EB*U**MH\nLS*2120\nNM1*PR*2*MIND CARE*****XV*MIND1\nLE*2120", "MIND1"),
        ("EB*1**MH^AI\nLS*2120\nNM1*PR*2*MIND CARE*****PI*MIND1\nLE*2120", "MIND1"),
        # The plan's own administrator, also of a list of benefits, another kind of
        # benefit, a clinician, a further payer, and a name without a number.
        ("EB*1**30\nLS*2120\nNM1*PR*2*PLAN*****PI*PLAN1\nLE*2120", ""),
        ("EB*1**1^33^MH\nLS*2120\nNM1*PR*2*PLAN*****PI*PLAN1\nLE*2120", ""),
        ("EB*1**88\nLS*2120\nNM1*PR*2*PILLS*****PI*PILLS1\nLE*2120", ""),
        ("EB*1**MH\nLS*2120\nNM1*1P*1*ROE*****XX*1234567893\nLE*2120", ""),
        ("EB*R**MH\nLS*2120\nNM1*PR*2*OTHER*****PI*OTHER1\nLE*2120", ""),
        ("EB*1**MH\nLS*2120\nNM1*PR*2*MIND CARE\nLE*2120", ""),
    ],
)
def test_who_pays_behavioral_health(benefits: str, payer: str) -> None:
    assert check(benefits).behavioral_payer_id == payer


@pytest.mark.parametrize(
    ("payer", "benefits", "advantage", "qualified"),
    [
        ("ACME", "EB*1**30*HM*GOLD PLAN", None, None),
        ("ACME", "EB*1**30*HN*GOLD PLAN", True, None),
        # As CMS lists it, with the days of the membership (asked for 2026-02-11).
        ("CMS", "EB*R**30*HM\nDTP*290*D8*20260101", True, None),
        ("CMS", "EB*R**30*HM\nDTP*290*RD8*20250101-20251231", None, None),
        ("CMS", "EB*R**30*HM\nDTP*290*D8*20260301", None, None),
        ("CMS", "EB*R**30*HM\nDTP*347*D8*20260210", None, None),
        ("CMS", "EB*R***QM*STATE PLAN\nDTP*290*D8*20170201", None, True),
        ("CMS", "EB*1**30*MB\nEB*R**88*OT", None, None),
        ("ACME", "EB*R**30*HM", None, None),
        # Amounts say who would owe what, not who is a member.
        ("CMS", "EB*C**30*QM*Medicare Part B*23*0", None, None),
        ("ACME", "EB*I**30*HN\nEB*I**30*QM", False, False),
        ("ACME", "EB*I**30*HN\nEB*R**30*HN", True, None),
        ("ACME", "EB*6**30*HN", None, None),
    ],
)
def test_what_the_answer_says_of_medicare(
    payer: str, benefits: str, advantage: bool | None, qualified: bool | None
) -> None:
    asked = INQUIRY.replace("*ACME1", f"*{payer}")
    reading = read_bytes(interchange(asked + benefits, kind="271"), file="f")
    [found] = reading.records
    assert isinstance(found, EligibilityCheck)
    assert found.is_medicare_advantage is advantage
    assert found.is_qualified_beneficiary is qualified


def test_an_inquiry_rejected_before_any_member() -> None:
    data = interchange(
        """
        BHT*0022*11*1*20260210*0930
        HL*1**20*1
        NM1*PR*2*ACME HEALTH*****PI*ACME1
        AAA*Y**42*R
        """,
        kind="271",
    )
    reading = read_bytes(data, file="f")
    assert [p.code for p in reading.problems] == ["inquiry-rejected"]
    assert reading.records == ()


REVIEW = """
    BHT*0007*11*1*20260210*0930*18
    HL*1**20*1
    NM1*X3*2*ACME HEALTH*****PI*ACME1
    HL*2*1*21*1
    NM1*1P*2*CALM PRACTICE*****XX*1234567893
    HL*3*2*22*1
    NM1*IL*1*DOE*ANA****MI*M1
    REF*EJ*MR1
    HL*4*3*EV*1
    TRN*2*1*9CALM
    UM*HS*I*A6
"""


def authorizations(body: str) -> list[Authorization]:
    reading = read_bytes(interchange(REVIEW + body, kind="278"), file="f")
    assert reading.problems == ()
    return [r for r in reading.records if isinstance(r, Authorization)]


def test_a_certified_event_with_two_services() -> None:
    [found] = authorizations(
        """
        HCR*A1*AUTH1
        DTP*007*RD8*20260201-20260731
        HSD*VS*12
        NM1*SJ*1*ROE*JO****XX*1234567893
        HL*5*4*SS*0
        SV1*HC:90837
        HL*6*4*SS*0
        SV1*HC:90834
        """
    )
    assert found.authorization_number == "AUTH1"
    assert found.decision is AuthorizationDecision.APPROVED
    assert (found.payer_id, found.member_id) == ("ACME1", "M1")
    assert found.medical_record_number == "MR1"
    assert found.procedure_codes == ("90837", "90834")
    assert found.units == 12
    assert found.begins_on == date(2026, 2, 1)
    assert found.ends_on == date(2026, 7, 31)
    assert found.issued_on == date(2026, 2, 10)
    assert found.clinician_npi == "1234567893"


def test_services_decided_apart_are_authorizations_of_their_own() -> None:
    approved, denied = authorizations(
        """
        HCR*A6*AUTH1
        DTP*102*D8*20260208
        HL*5*4*SS*0
        HCR*A1*AUTH1
        SV1*HC:90837**UN*6
        HL*6*4*SS*0
        HCR*A3*AUTH2
        SV1*HC:90834**UN*4
        """
    )
    assert approved.decision is AuthorizationDecision.APPROVED
    assert (approved.procedure_codes, approved.units) == (("90837",), Decimal(6))
    assert denied.decision is AuthorizationDecision.DENIED
    assert (denied.authorization_number, denied.units) == ("AUTH2", Decimal(4))
    assert {approved.issued_on, denied.issued_on} == {date(2026, 2, 8)}


@pytest.mark.parametrize(
    ("code", "decision"),
    [
        ("A1", "approved"),
        ("A2", "modified"),
        ("A6", "modified"),
        ("A3", "denied"),
        ("A4", "pended"),
        ("CT", "unknown"),
        ("NA", "unknown"),
    ],
)
def test_decisions(code: str, decision: str) -> None:
    [found] = authorizations(f"HCR*{code}*AUTH1")
    assert found.decision == decision


def test_a_request_is_named_and_skipped() -> None:
    data = interchange(REVIEW.replace("*11*1*2026", "*13*1*2026"), kind="278")
    reading = read_bytes(data, file="f")
    assert [p.code for p in reading.problems] == ["unsupported-transaction"]
    assert reading.records == ()


def test_a_request_that_was_not_reviewed() -> None:
    data = interchange(REVIEW.replace("HL*4*3*EV*1", "AAA*N**33*C"), kind="278")
    reading = read_bytes(data, file="f")
    codes = [problem.code for problem in reading.problems]
    assert codes == ["authorization-request-rejected"]
