"""837P: levels and loops in, claims out."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.domain.claim import (
    Address,
    Claim,
    ClaimPayer,
    Diagnosis,
    OtherPayer,
    Patient,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.record import Source
from denialml.domain.remittance import ClaimAdjustment
from denialml.formats import read_bytes
from tests.formats.interchange import CLAIM_HEADER, interchange, professional

PRACTICE = Provider(
    name="CALM PRACTICE",
    npi="1234567893",
    taxonomy_code="101YM0800X",
    tax_id="123456789",
    address=Address(street="1 MAIN ST", city="ALBANY", state="NY", postal_code="12207"),
)
ANA = Subscriber(
    member_id="M1",
    last_name="DOE",
    first_name="ANA",
    birth_date=date(1980, 1, 2),
    gender="F",
    address=Address(
        street="2 ELM ST",
        street_2="APT 3",
        city="ALBANY",
        state="NY",
        postal_code="12208",
    ),
    group_number="GRP1",
    claim_filing_code="CI",
)
ACME = ClaimPayer(payer_id="ACME1", name="ACME HEALTH")


def claims(data: bytes) -> list[Claim]:
    records = read_bytes(data, file="f").records
    return [record for record in records if isinstance(record, Claim)]


def codes(data: bytes) -> list[str]:
    return [problem.code for problem in read_bytes(data, file="f").problems]


def test_a_small_claim() -> None:
    data = professional(
        """
        CLM*C1*150***11:B:1*Y*A*Y*Y
        HI*ABK:F411*ABF:F331
        LX*1
        SV1*HC:90837:95*150*UN*1***1:2
        DTP*472*D8*20260203
        REF*6R*L1
        """
    )
    assert claims(data) == [
        Claim(
            patient_control_number="C1",
            total_charge=Decimal(150),
            payer=ACME,
            subscriber=ANA,
            billing_provider=PRACTICE,
            submitted_on=date(2026, 2, 4),
            place_of_service="11",
            diagnoses=(
                Diagnosis(code="F411", qualifier="ABK"),
                Diagnosis(code="F331", qualifier="ABF"),
            ),
            lines=(
                ServiceLine(
                    line_number=1,
                    procedure_code="90837",
                    modifiers=("95",),
                    charge=Decimal(150),
                    service_date=date(2026, 2, 3),
                    diagnosis_pointers=(1, 2),
                    line_control_number="L1",
                ),
            ),
            source=Source(file="f", segment=18, line_segments=(20,)),
        )
    ]
    assert codes(data) == []


def test_a_claim_with_everything() -> None:
    [claim] = claims(
        professional(
            """
            CLM*C1*300.5***02:B:7*N*B*W*I**AA:EM:OA
            DTP*439*D8*20260101
            AMT*F5*20
            REF*9F*REFERRAL1
            REF*G1*AUTH1
            REF*F8*ICN0
            REF*EA*MR1
            NTE*ADD*LATE START
            NTE*ADD*SEE RECORD
            HI*ABK:F411
            HI*BP:1234
            NM1*DN*1*GRAY*LEE****XX*1111111112
            NM1*82*1*ROE*JO*Q***XX*1234567893
            PRV*PE*PXC*103T00000X
            NM1*77*2*NORTH OFFICE*****XX*1222222220
            N3*9 OAK ST
            N4*TROY*NY*12180
            NM1*DQ*1*SUP*VI****XX*1333333338
            LX*7
            SV1*HC:90837:GT:95:HO:U1:LONG SESSION*150.5*MJ*60*10**1
            DTP*472*RD8*20260203-20260204
            REF*G1*AUTH2
            REF*6R*L7
            NTE*ADD*CRISIS
            NM1*82*1*POE*SAM****XX*1444444446
            PRV*PE*PXC*1041C0700X
            LX*8
            SV1*HC:90785*150*UN*1***1
            DTP*472*D8*20260203
            """
        )
    )
    assert (claim.frequency_code, claim.place_of_service) == ("7", "02")
    assert claim.provider_signature_code == "N"
    assert claim.assignment_code == "B"
    assert claim.benefits_assignment_code == "W"
    assert claim.release_of_information_code == "I"
    assert claim.related_cause_codes == ("AA", "EM", "OA")
    assert claim.accident_date == date(2026, 1, 1)
    assert claim.patient_paid == 20
    assert claim.referral_number == "REFERRAL1"
    assert claim.prior_authorization_number == "AUTH1"
    assert claim.original_payer_claim_control_number == "ICN0"
    assert claim.medical_record_number == "MR1"
    assert claim.note == "LATE START SEE RECORD"
    assert claim.diagnoses == (Diagnosis(code="F411", qualifier="ABK"),)
    assert claim.rendering_provider == Provider(
        name="ROE",
        first_name="JO",
        middle_name="Q",
        npi="1234567893",
        taxonomy_code="103T00000X",
    )
    assert claim.referring_provider is not None
    assert claim.referring_provider.npi == "1111111112"
    assert claim.supervising_provider is not None
    assert claim.supervising_provider.npi == "1333333338"
    assert claim.service_facility == Provider(
        name="NORTH OFFICE",
        npi="1222222220",
        address=Address(
            street="9 OAK ST", city="TROY", state="NY", postal_code="12180"
        ),
    )
    first, second = claim.lines
    assert first == ServiceLine(
        line_number=7,
        procedure_code="90837",
        modifiers=("GT", "95", "HO", "U1"),
        description="LONG SESSION",
        charge=Decimal("150.5"),
        unit_basis="MJ",
        units=Decimal(60),
        place_of_service="10",
        service_date=date(2026, 2, 3),
        service_date_end=date(2026, 2, 4),
        prior_authorization_number="AUTH2",
        line_control_number="L7",
        note="CRISIS",
        rendering_provider=Provider(
            name="POE", first_name="SAM", npi="1444444446", taxonomy_code="1041C0700X"
        ),
    )
    assert (second.line_number, second.rendering_provider) == (8, None)


ONE_LINE = """
    HI*ABK:F411
    LX*1
    SV1*HC:90834*100*UN*1***1
    DTP*472*D8*20260203
"""


def test_dependents_and_subscribers_do_not_leak_into_each_other() -> None:
    data = professional(
        f"""
        CLM*ANA1*100***11:B:1*Y*A*Y*Y
        {ONE_LINE}
        HL*3*1*22*1
        SBR*S**GRP2******BL
        NM1*IL*1*POE*MAX****MI*M2
        NM1*PR*2*OTHER PLAN*****PI*OTHER1
        HL*4*3*23*0
        PAT*19
        NM1*QC*1*POE*KID
        N4*TROY*NY*12180
        DMG*D8*20150607*M
        CLM*KID1*100***11:B:1*Y*A*Y*Y
        {ONE_LINE}
        HL*5*3*23*0
        PAT*01
        NM1*QC*1*POE*SUE
        CLM*SUE1*100***11:B:1*Y*A*Y*Y
        {ONE_LINE}
        HL*6*1*22*0
        SBR*P*18*******CI
        NM1*IL*1*LAST*ONE****MI*M3
        NM1*PR*2*ACME HEALTH*****PI*ACME1
        CLM*LAST1*100***11:B:1*Y*A*Y*Y
        {ONE_LINE}
        """
    )
    first, kid, sue, last = claims(data)
    assert (first.subscriber, first.patient, first.payer) == (ANA, None, ACME)
    assert kid.patient == Patient(
        last_name="POE",
        first_name="KID",
        birth_date=date(2015, 6, 7),
        gender="M",
        address=Address(city="TROY", state="NY", postal_code="12180"),
        relationship_code="19",
    )
    assert kid.subscriber.member_id == sue.subscriber.member_id == "M2"
    assert kid.subscriber.payer_responsibility_code == "S"
    assert kid.payer == ClaimPayer(payer_id="OTHER1", name="OTHER PLAN")
    assert sue.patient == Patient(
        last_name="POE", first_name="SUE", relationship_code="01"
    )
    assert (last.patient, last.subscriber.member_id) == (None, "M3")
    assert last.subscriber.group_number == ""
    assert last.billing_provider == PRACTICE
    assert codes(data) == []


def test_a_lines_authorization_of_another_payer_is_not_its_own() -> None:
    [claim] = claims(
        professional(
            f"""
            CLM*C1*100***11:B:1*Y*A*Y*Y
            {ONE_LINE}
            REF*G1*THEIRS**2U:MED1
            REF*G1*MINE
            """
        )
    )
    assert claim.lines[0].prior_authorization_number == "MINE"


def test_other_payers_never_replace_the_claims_own() -> None:
    [claim] = claims(
        professional(
            f"""
            CLM*C1*100***11:B:1*Y*A*Y*Y
            REF*G1*MINE
            HI*ABK:F411
            SBR*S*18*G2******MB
            CAS*PR*1*20**2*5.5
            AMT*D*74.5
            OI***Y***Y
            NM1*IL*1*DOE*ANA****MI*MEDICARE1
            N3*ELSEWHERE
            NM1*PR*2*MEDICARE*****PI*MED1
            DTP*573*D8*20260115
            REF*G1*THEIRS
            REF*F8*THEIR ICN
            SBR*T*18*******CI
            NM1*IL*1*DOE*ANA****MI*THIRD1
            NM1*PR*2*THIRD*****PI*T1
            {ONE_LINE.replace("HI*ABK:F411", "")}
            SVD*MED1*74.5*HC:90834**1
            CAS*CO*45*25.5
            DTP*573*D8*20260116
            """
        )
    )
    assert (claim.payer, claim.subscriber) == (ACME, ANA)
    assert claim.prior_authorization_number == "MINE"
    assert claim.original_payer_claim_control_number == ""
    assert claim.other_payers == (
        OtherPayer(
            payer_id="MED1",
            name="MEDICARE",
            payer_responsibility_code="S",
            claim_filing_code="MB",
            member_id="MEDICARE1",
            relationship_code="18",
            paid=Decimal("74.5"),
            adjudicated_on=date(2026, 1, 15),
            adjustments=(
                ClaimAdjustment(group_code="PR", reason_code="1", amount=Decimal(20)),
                ClaimAdjustment(
                    group_code="PR", reason_code="2", amount=Decimal("5.5")
                ),
            ),
        ),
        OtherPayer(
            payer_id="T1",
            name="THIRD",
            payer_responsibility_code="T",
            claim_filing_code="CI",
            member_id="THIRD1",
            relationship_code="18",
        ),
    )
    assert claim.lines[0].service_date == date(2026, 2, 3)


@pytest.mark.parametrize(
    "guide", ["005010X222", "005010X222A1", "005010X222A2", "004010X098A1", ""]
)
def test_versions_are_matched_by_their_guide(guide: str) -> None:
    body = f"CLM*C1*100***11:B:1*Y*A*Y*Y\n{ONE_LINE}"
    data = interchange(CLAIM_HEADER + body, kind="837", guide=guide)
    assert len(claims(data)) == 1


@pytest.mark.parametrize(
    ("guide", "name"),
    [("005010X223A2", "837I"), ("005010X224A2", "837D"), ("004010X096A1", "837I")],
)
def test_other_claims_are_named_and_not_misread(guide: str, name: str) -> None:
    data = interchange(CLAIM_HEADER + "CLM*C1*1", kind="837", guide=guide)
    reading = read_bytes(data, file="f")
    assert reading.records == ()
    [problem] = reading.problems
    assert problem.code == "unsupported-transaction"
    assert problem.message.startswith(name)
    assert not reading.complete


def test_a_total_that_differs_from_its_lines_is_a_warning() -> None:
    data = professional(f"CLM*C1*175***11:B:1*Y*A*Y*Y\n{ONE_LINE}")
    reading = read_bytes(data, file="f")
    [problem] = reading.problems
    assert (problem.code, problem.element) == ("lines-do-not-add-up", "CLM02")
    assert problem.message == "SV102 of 1 lines add up to 100, CLM02 states 175"
    assert reading.complete
    assert len(reading.records) == 1


BROKEN = {
    "total": ("CLM*C2*ONE***11:B:1*Y*A*Y*Y", ONE_LINE, "bad-amount", "CLM02"),
    "charge": (
        "CLM*C2*100***11:B:1*Y*A*Y*Y",
        ONE_LINE.replace("*100*", "*1,00*"),
        "bad-amount",
        "SV102",
    ),
    "no lines": (
        "CLM*C2*100***11:B:1*Y*A*Y*Y",
        "HI*ABK:F411",
        "claim-without-lines",
        "CLM",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_middle_claim_is_named_and_the_others_are_read(name: str) -> None:
    head, lines, code, element = BROKEN[name]
    good = "CLM*{}*100***11:B:1*Y*A*Y*Y\n" + ONE_LINE
    body = f"{good.format('C1')}\n{head}\n{lines}\n{good.format('C3')}"
    reading = read_bytes(professional(body), file="f")
    found = [claim.patient_control_number for claim in claims(professional(body))]
    assert found == ["C1", "C3"]
    [problem] = reading.problems
    assert (problem.code, problem.element) == (code, element)
    assert problem.segment is not None
    assert not reading.complete


def test_a_bad_birth_date_loses_the_date_only() -> None:
    data = professional(f"CLM*C1*100***11:B:1*Y*A*Y*Y\n{ONE_LINE}").replace(
        b"19800102", b"19800199"
    )
    [claim] = claims(data)
    assert claim.subscriber.birth_date is None
    assert claim.subscriber.gender == "F"
    [problem] = read_bytes(data, file="f").problems
    assert (problem.code, problem.element, problem.value) == (
        "bad-date",
        "DMG02",
        "19800199",
    )
    assert "1980" not in problem.message
