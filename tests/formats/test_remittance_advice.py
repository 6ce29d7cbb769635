"""835: loops in, records out; the sums a file states about itself."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.domain.remittance import (
    ClaimAdjustment,
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
)
from denialml.formats import read_bytes
from tests.formats.interchange import interchange, remittance


def payments(data: bytes) -> list[ClaimPayment]:
    records = read_bytes(data, file="f").records
    return [record for record in records if isinstance(record, ClaimPayment)]


def problems(data: bytes) -> list[tuple[str, str | None, str | None]]:
    return [(p.code, p.loop, p.element) for p in read_bytes(data, file="f").problems]


def adjustment(group: str, reason: str, amount: str) -> ClaimAdjustment:
    return ClaimAdjustment(group_code=group, reason_code=reason, amount=Decimal(amount))


def test_header() -> None:
    data = interchange(
        """
        BPR*I*100.5*C*ACH*CCP*01*999999992*DA*123456*1512345678**01*999988880*DA*98765*20260302
        TRN*1*EFT1*1123456789
        REF*EV*RECEIVER
        DTM*405*20260227
        N1*PR*ACME HEALTH
        N3*PO BOX 1
        N4*SPRINGFIELD*IL*62701
        REF*2U*ACME1
        PER*BL*DESK*TE*5550100000
        N1*PE*CALM PRACTICE*XX*1234567893
        REF*TJ*123456789
        LX*1
        CLP*C1*1*100.5*100.5**CI*ICN1
        """,
        kind="835",
    )
    header = read_bytes(data, file="remit.835").records[0]
    assert isinstance(header, Remittance)
    assert header.source is not None
    assert (header.source.file, header.source.segment) == ("remit.835", 3)
    assert (header.payer_id, header.payer_name) == ("ACME1", "ACME HEALTH")
    assert (header.trace_number, header.trace_payer_id) == ("EFT1", "1123456789")
    assert (header.payment, header.payment_method) == (Decimal("100.5"), "ACH")
    assert header.payment_date == date(2026, 3, 2)
    assert header.received_on == date(2026, 3, 1)
    assert (header.payee_npi, header.payee_tax_id) == ("1234567893", "123456789")
    assert header.payee_name == "CALM PRACTICE"


def test_a_claim_with_everything() -> None:
    [claim] = payments(
        remittance(
            """
            CLP*C1*1*270*145*25*12*ICN1*11*1
            CAS*OA*94*-5
            NM1*QC*1*DOE*ANA****MI*M1
            NM1*IL*1*DOE*PAT****MI*S1
            NM1*74*1******C*M2
            NM1*82*1*ROE*JO****XX*1234567893
            NM1*TT*2*NEXT PAYER*****PI*NEXT1
            MOA***MA01*N130
            REF*EA*MR1
            DTM*232*20260203
            DTM*233*20260204
            DTM*050*20260210
            SVC*HC:90837:95:GT*150*100**1*HC:90838:95*2
            DTM*472*20260203
            CAS*CO*45*25**97*0
            CAS*PR*3*25
            REF*6R*L1
            AMT*B6*125
            LQ*HE*N362
            LQ*HE*M15
            SVC*HC:90785*120*45**0
            CAS*CO*45*50*1*59*30
            """,
            payment="145",
        )
    )
    assert (claim.patient_control_number, claim.status_code) == ("C1", "1")
    assert (claim.charge, claim.paid) == (270, 145)
    assert claim.patient_responsibility == 25
    assert (claim.claim_filing_code, claim.place_of_service) == ("12", "11")
    assert (claim.payer_claim_control_number, claim.frequency_code) == ("ICN1", "1")
    assert claim.adjustments == (adjustment("OA", "94", "-5"),)
    assert claim.remark_codes == ("MA01", "N130")
    assert (claim.patient_last_name, claim.patient_first_name) == ("DOE", "ANA")
    assert (claim.member_id, claim.corrected_member_id) == ("M1", "M2")
    assert claim.rendering_npi == "1234567893"
    assert claim.crossover_payer_id == "NEXT1"
    assert claim.crossover_payer_name == "NEXT PAYER"
    assert claim.medical_record_number == "MR1"
    assert claim.statement_from == date(2026, 2, 3)
    assert claim.statement_to == date(2026, 2, 4)
    assert claim.received_by_payer_on == date(2026, 2, 10)
    assert claim.source is not None
    assert claim.source.line_segments == (22, 30)
    assert claim.service_payments == (
        ServicePayment(
            procedure_code="90837",
            modifiers=("95", "GT"),
            charge=Decimal(150),
            paid=Decimal(100),
            units_paid=Decimal(1),
            submitted_procedure_code="90838",
            submitted_modifiers=("95",),
            units_submitted=Decimal(2),
            service_date=date(2026, 2, 3),
            line_control_number="L1",
            adjustments=(
                adjustment("CO", "45", "25"),
                adjustment("CO", "97", "0"),
                adjustment("PR", "3", "25"),
            ),
            remark_codes=("N362", "M15"),
            allowed=Decimal(125),
        ),
        ServicePayment(
            procedure_code="90785",
            charge=Decimal(120),
            paid=Decimal(45),
            units_paid=Decimal(0),
            service_date=date(2026, 2, 3),
            adjustments=(
                ClaimAdjustment(
                    group_code="CO",
                    reason_code="45",
                    amount=Decimal(50),
                    quantity=Decimal(1),
                ),
                adjustment("CO", "59", "30"),
            ),
        ),
    )


CAS_FORMS = {
    "one triplet": ("CAS*CO*45*50", [("45", "50")]),
    "six triplets": (
        "CAS*CO*45*10**97*10**59*10**96*10**16*5**18*5",
        [
            ("45", "10"),
            ("97", "10"),
            ("59", "10"),
            ("96", "10"),
            ("16", "5"),
            ("18", "5"),
        ],
    ),
    "a gap": ("CAS*CO*45*20*****97*30", [("45", "20"), ("97", "30")]),
    "ragged": ("CAS*CO*45*20**97*30*", [("45", "20"), ("97", "30")]),
    "no leading zero": ("CAS*CO*45*49.5**97*.5", [("45", "49.5"), ("97", ".5")]),
    "an unknown reason": ("CAS*CO*ZZ9*50", [("ZZ9", "50")]),
    "negative": ("CAS*CO*45*60**94*-10", [("45", "60"), ("94", "-10")]),
}


@pytest.mark.parametrize("name", CAS_FORMS)
def test_adjustment_segments(name: str) -> None:
    segment, expected = CAS_FORMS[name]
    data = remittance(f"CLP*C1*1*150*100**CI*I\n{segment}", payment="100")
    [claim] = payments(data)
    assert claim.adjustments == tuple(adjustment("CO", *pair) for pair in expected)
    assert problems(data) == []


def test_a_claim_answered_without_lines() -> None:
    data = remittance("CLP*C1*4*150*0**CI*I\nCAS*CO*29*150")
    [claim] = payments(data)
    assert claim.service_payments == ()
    assert claim.adjustments == (adjustment("CO", "29", "150"),)
    assert problems(data) == []


def test_a_reversal_and_the_corrected_answer() -> None:
    data = remittance(
        """
        CLP*C1*22*-150*-100**CI*ICN1
        SVC*HC:90837*-150*-100
        CAS*CO*45*-50
        CLP*C1*1*150*90**CI*ICN2
        SVC*HC:90837*150*90
        CAS*CO*45*60
        """,
        payment="-10",
    )
    first, second = payments(data)
    assert (first.status_code, first.charge, first.paid) == ("22", -150, -100)
    assert first.service_payments[0].adjustments == (adjustment("CO", "45", "-50"),)
    assert (second.paid, second.payer_claim_control_number) == (90, "ICN2")
    assert problems(data) == []


def test_provider_adjustments_of_six_pairs() -> None:
    data = remittance(
        """
        CLP*C1*1*100*100**CI*I
        PLB*1234567893*20261231*WO:ICN0*50*L6*-2.5*FB:X*1*72:Y*1*CS*1*AP:Z*1
        PLB*1234567893*20261231*J1*3
        """,
        payment="45.5",
    )
    records = read_bytes(data, file="f").records
    found = [r for r in records if isinstance(r, ProviderAdjustment)]
    assert [(r.reason_code, r.reference, r.amount) for r in found] == [
        ("WO", "ICN0", 50),
        ("L6", "", Decimal("-2.5")),
        ("FB", "X", 1),
        ("72", "Y", 1),
        ("CS", "", 1),
        ("AP", "Z", 1),
        ("J1", "", 3),
    ]
    assert {r.fiscal_period_end for r in found} == {date(2026, 12, 31)}
    assert problems(data) == []


def test_claims_without_lx_and_with_payers_repeated_for_each_header_number() -> None:
    data = remittance(
        """
        CLP*C1*1*100*100**CI*I1
        LX*2
        N1*PR*ACME HEALTH
        N1*PE*CALM PRACTICE*XX*1234567893
        CLP*C2*1*50*50**CI*I2
        """,
        payment="150",
    ).replace(b"LX*1~", b"TS3*1~")
    assert [claim.patient_control_number for claim in payments(data)] == ["C1", "C2"]
    assert problems(data) == []


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ("", "2026-02-03"),
        ("DTM*472*20260205", "2026-02-05"),
        ("DTM*150*20260206", "2026-02-06"),
    ],
)
def test_the_service_date_of_a_line_falls_back_to_the_claims(
    segment: str, expected: str
) -> None:
    [claim] = payments(
        remittance(
            f"""
            CLP*C1*1*100*100**CI*I
            DTM*232*20260203
            SVC*HC:90837*100*100
            {segment}
            """
        )
    )
    assert str(claim.service_payments[0].service_date) == expected


BALANCE = {
    "line": (
        "CLP*C1*1*150*100**CI*I\nSVC*HC:90837*150*100\nCAS*CO*45*40\nCAS*CO*97*0",
        "100",
        [
            ("line-out-of-balance", "2110", "SVC03"),
            ("claim-out-of-balance", "2100", "CLP04"),
        ],
    ),
    "claim": (
        "CLP*C1*1*150*100**CI*I\nCAS*CO*45*49.99",
        "100",
        [("claim-out-of-balance", "2100", "CLP04")],
    ),
    "lines": (
        "CLP*C1*1*150*100**CI*I\nCAS*CO*45*30\nSVC*HC:90837*120*100\nCAS*CO*45*20",
        "100",
        [("lines-do-not-add-up", "2100", "CLP03")],
    ),
    "payment": (
        "CLP*C1*1*150*150**CI*I\nPLB*1*20261231*WO*25",
        "150",
        [("payment-out-of-balance", "ST", "BPR02")],
    ),
}


@pytest.mark.parametrize("name", BALANCE)
def test_sums_that_differ_are_warnings_and_lose_nothing(name: str) -> None:
    body, payment, expected = BALANCE[name]
    data = remittance(body, payment=payment)
    assert problems(data) == expected
    reading = read_bytes(data, file="f")
    assert {problem.severity for problem in reading.problems} == {"warning"}
    assert reading.complete
    assert len(payments(data)) == 1


def test_a_balance_warning_states_both_sums() -> None:
    reading = read_bytes(remittance(BALANCE["claim"][0], payment="100"), file="f")
    [problem] = reading.problems
    assert problem.message == "CLP03 150 less all CAS 49.99 is 100.01, CLP04 states 100"
    assert problem.segment == 10


BAD_CLAIMS = {
    "charge": ("CLP*C2*1*1O0*100**CI*I2", "CLP03", "bad-amount"),
    "payment": ("CLP*C2*1*100*1.2.3**CI*I2", "CLP04", "bad-amount"),
    "line charge": ("CLP*C2*1*100*0**CI*I2\nSVC*HC:90837*abc*0", "SVC02", "bad-amount"),
    "line payment": (
        "CLP*C2*1*100*0**CI*I2\nSVC*HC:90837*100*x",
        "SVC03",
        "bad-amount",
    ),
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_broken_middle_claim_loses_itself_only(name: str) -> None:
    body, element, code = BAD_CLAIMS[name]
    data = remittance(
        f"CLP*C1*1*100*100**CI*I1\n{body}\nCLP*C3*1*50*50**CI*I3", payment="150"
    )
    assert [c.patient_control_number for c in payments(data)] == ["C1", "C3"]
    reading = read_bytes(data, file="f")
    first = reading.problems[0]
    assert (first.code, first.element, first.severity) == (code, element, "error")
    assert not reading.complete


def test_a_bad_date_or_quantity_loses_that_value_only() -> None:
    data = remittance(
        """
        CLP*C1*1*100*100**CI*I1
        DTM*232*20261399
        SVC*HC:90837*100*100**one
        """,
        payment="100",
    )
    [claim] = payments(data)
    assert claim.statement_from is None
    assert claim.service_payments[0].units_paid is None
    assert problems(data) == [
        ("bad-date", "2100", "DTM02"),
        ("bad-amount", "2110", "SVC05"),
    ]


def test_a_service_outside_any_claim_is_reported() -> None:
    data = remittance("SVC*HC:90837*100*100\nCLP*C1*1*100*100**CI*I", payment="100")
    assert [problem[0] for problem in problems(data)] == ["segment-outside-claim"]
    assert len(payments(data)) == 1


def test_an_amount_equal_to_the_claim_number_does_not_empty_the_number() -> None:
    data = remittance("CLP*C1*1*100*100*C1*CI*I1", payment="100")
    [claim] = payments(data)
    assert claim.patient_control_number == "C1"
    assert problems(data) == [("bad-amount", "2100", "CLP05")]
