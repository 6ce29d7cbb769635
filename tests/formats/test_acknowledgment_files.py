"""277CA per claim, 999 per transaction set, TA1 per interchange."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.domain.acknowledgment import (
    ClaimAcknowledgment,
    ClaimStatus,
    FileAcknowledgment,
    FileFault,
)
from denialml.formats import read_bytes
from tests.formats.interchange import ISA, interchange

LEVELS = """
    BHT*0085*08*1*20260301*0930*TH
    HL*1**20*1
    NM1*PR*2*ACME HEALTH*****PI*ACME1
    TRN*1*1
    DTP*050*D8*20260301
    HL*2*1*21*1
    NM1*41*2*CALM PRACTICE*****46*RECEIVER
    TRN*2*1
    STC*A1:19:PR*20260301*WQ*250
    HL*3*2*19*1
    NM1*85*2*CALM PRACTICE*****XX*1234567893
"""


def acknowledgments(body: str) -> list[ClaimAcknowledgment]:
    reading = read_bytes(interchange(LEVELS + body, kind="277"), file="f")
    assert reading.complete
    return [r for r in reading.records if isinstance(r, ClaimAcknowledgment)]


def test_an_accepted_and_a_rejected_claim() -> None:
    accepted, rejected = acknowledgments(
        """
        HL*4*3*PT
        NM1*QC*1*DOE*ANA****MI*M1
        TRN*2*C1
        STC*A2:20:PR*20260302*WQ*150
        REF*1K*ICN1
        DTP*472*D8*20260203
        HL*5*3*PT
        NM1*QC*1*ROE*JO****MI*M2
        TRN*2*C2
        STC*A7:562:85*20260302*U*100******A8:500
        DTP*472*RD8*20260203-20260204
        SVC*HC:90837*100
        STC*A7:500*20260302*U
        """
    )
    assert accepted.accepted is True
    assert accepted.patient_control_number == "C1"
    assert accepted.payer_claim_control_number == "ICN1"
    assert accepted.status_date == date(2026, 3, 2)
    assert accepted.received_on == date(2026, 3, 1)
    assert (accepted.payer_id, accepted.payer_name) == ("ACME1", "ACME HEALTH")
    assert accepted.service_date == date(2026, 2, 3)
    assert rejected.accepted is False
    assert rejected.statuses == (
        ClaimStatus(category_code="A7", status_code="562", entity_code="85"),
        ClaimStatus(category_code="A8", status_code="500"),
    )
    assert (rejected.action_code, rejected.charge) == ("U", Decimal(100))
    assert rejected.service_date_end == date(2026, 2, 4)


@pytest.mark.parametrize(
    ("categories", "verdict"),
    [
        (["A1"], True),
        (["A2"], True),
        (["A3"], False),
        (["A6"], False),
        (["A7"], False),
        (["A8"], False),
        (["A0"], None),
        (["F1"], None),
        (["A2", "A7"], False),
    ],
)
def test_the_category_decides(categories: list[str], verdict: bool | None) -> None:
    statuses = "\n".join(f"STC*{category}:20*20260302*WQ" for category in categories)
    [found] = acknowledgments(f"HL*4*3*PT\nNM1*QC*1*DOE\nTRN*2*C1\n{statuses}")
    assert found.accepted is verdict


def test_a_batch_rejected_as_a_whole_is_reported() -> None:
    body = LEVELS.replace("STC*A1:19:PR*", "STC*A3:24:41*")
    reading = read_bytes(interchange(body, kind="277"), file="f")
    assert reading.records == ()
    assert [problem.code for problem in reading.problems] == ["batch-rejected"]


def test_an_accepted_batch_without_claims_is_told() -> None:
    reading = read_bytes(interchange(LEVELS, kind="277"), file="f")
    assert reading.records == ()
    assert [problem.code for problem in reading.problems] == ["batch-without-claims"]
    assert reading.complete


def test_a_status_that_says_nothing_is_no_answer() -> None:
    reading = read_bytes(interchange("STC", kind="277"), file="f")
    codes = [problem.code for problem in reading.problems]
    assert codes == ["transaction-without-records"]
    assert not reading.complete


def test_a_claim_status_response_is_not_an_acknowledgment() -> None:
    data = interchange("BHT*0010*08*1*20260301", kind="277", guide="005010X212")
    reading = read_bytes(data, file="f")
    assert [p.code for p in reading.problems] == ["unsupported-transaction"]


def test_a_999_answers_each_transaction_set() -> None:
    reading = read_bytes(
        interchange(
            """
            AK1*HC*17*005010X222A1
            AK2*837*0001
            IK5*A
            AK2*837*0002
            IK3*CLM*22*2300*8
            CTX*CLM01:123
            IK4*5:3*1331*7*9
            IK5*R*5*I5
            AK2*837*0003
            AK9*P*3*3*1
            """,
            kind="999",
        ),
        file="f",
    )
    first, second, third = reading.records
    assert isinstance(first, FileAcknowledgment)
    assert isinstance(second, FileAcknowledgment)
    assert isinstance(third, FileAcknowledgment)
    assert (first.group_control_number, first.verdict) == ("17", "A")
    assert first.faults == ()
    assert second.transaction_control_number == "0002"
    assert second.verdict == "R"
    assert second.fault_codes == ("5", "I5")
    assert second.faults == (
        FileFault(segment_id="CLM", segment_position=22, loop="2300", fault_code="8"),
        FileFault(
            segment_id="CLM",
            segment_position=22,
            loop="2300",
            element_position="5:3",
            fault_code="7",
            fault_value="9",
        ),
    )
    assert third.verdict == "P"
    assert reading.complete


def test_a_999_for_a_whole_group() -> None:
    data = interchange("AK1*HC*17*005010X222A1\nAK9*R*3*3*0*1", kind="999")
    [answer] = read_bytes(data, file="f").records
    assert isinstance(answer, FileAcknowledgment)
    assert (answer.verdict, answer.transaction_control_number) == ("R", "")
    assert answer.fault_codes == ("1",)


@pytest.mark.parametrize(
    ("verdict", "codes"), [("A", []), ("E", []), ("R", ["interchange-rejected"])]
)
def test_ta1(verdict: str, codes: list[str]) -> None:
    data = f"{ISA}TA1*000000005*260301*0930*{verdict}*006~IEA*0*000000001~".encode()
    reading = read_bytes(data, file="f")
    assert [problem.code for problem in reading.problems] == codes
    assert reading.complete
