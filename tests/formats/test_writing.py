"""What is written is read back equal, and passes the implementation guides' rules."""

import io
from datetime import date, datetime
from decimal import Decimal

import pytest
import pyx12.params
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pyx12.x12n_document import x12n_document

from denialml.domain.acknowledgment import ClaimAcknowledgment, ClaimStatus
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
from denialml.domain.coverage import (
    Authorization,
    AuthorizationDecision,
    EligibilityCheck,
    EligibilityResult,
)
from denialml.domain.record import Fact
from denialml.domain.remittance import (
    ClaimAdjustment,
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
)
from denialml.errors import InputError
from denialml.formats import (
    Envelope,
    read_bytes,
    write_authorizations,
    write_claim_acknowledgments,
    write_claims,
    write_eligibility,
    write_remittances,
)
from tests.formats import strategies

ENVELOPE = Envelope(
    sender_id="SENDER",
    receiver_id="RECEIVER",
    control_number=7,
    created_at=datetime(2026, 3, 1, 9, 30),  # noqa: DTZ001 - X12 has no zones
)
RECEIVED = date(2026, 3, 1)
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def without_source(record: Fact) -> Fact:
    record = replace(record, source=None)
    if isinstance(record, ClaimPayment | ProviderAdjustment):
        return replace(record, remittance=replace(record.remittance, source=None))
    return record


def read_back(data: bytes) -> list[Fact]:
    return [without_source(r) for r in read_bytes(data, file="f").records]


def accepted_by_pyx12(data: bytes) -> bool:
    """pyx12's implementation-guide validation, external code lists left out."""
    parameters = pyx12.params.params()
    parameters.set("exclude_external_codes", "claim_adjustment_reason_code")
    return bool(x12n_document(parameters, io.StringIO(data.decode()), None, None, None))


NEW_YORK = Address(
    street="1 MAIN ST", city="ALBANY", state="NY", postal_code="122070001"
)
PRACTICE = Provider(
    name="CALM PRACTICE",
    npi="1234567893",
    taxonomy_code="101YM0800X",
    tax_id="123456789",
    address=NEW_YORK,
)
CLINICIAN = Provider(
    name="ROE", first_name="JO", npi="1234567893", taxonomy_code="103T00000X"
)
ANA = Subscriber(
    member_id="M1",
    last_name="DOE",
    first_name="ANA",
    birth_date=date(1980, 1, 2),
    gender="F",
    address=NEW_YORK,
    claim_filing_code="CI",
)
LINE = ServiceLine(
    line_number=1,
    procedure_code="90837",
    charge=Decimal("150.50"),
    service_date=date(2026, 2, 3),
    modifiers=("95",),
    line_control_number="L1",
    diagnosis_pointers=(1, 2),
)
ORIGINAL = Claim(
    patient_control_number="C1",
    total_charge=Decimal("150.50"),
    payer=ClaimPayer(payer_id="ACME1", name="ACME HEALTH"),
    subscriber=ANA,
    billing_provider=PRACTICE,
    lines=(LINE,),
    diagnoses=(
        Diagnosis(code="F411", qualifier="ABK"),
        Diagnosis(code="F331"),
    ),
    submitted_on=date(2026, 2, 4),
    place_of_service="10",
    medical_record_number="MR1",
    prior_authorization_number="AUTH1",
    rendering_provider=CLINICIAN,
)
CORRECTED = replace(
    ORIGINAL,
    patient_control_number="C2",
    frequency_code="7",
    original_payer_claim_control_number="ICN1",
    submitted_on=date(2026, 2, 20),
    note="CORRECTED MODIFIER",
)
VOID = replace(CORRECTED, patient_control_number="C3", frequency_code="8")
DEPENDENT = replace(
    ORIGINAL,
    patient_control_number="C4",
    subscriber=replace(ANA, relationship_code=""),
    patient=Patient(
        last_name="DOE",
        first_name="KID",
        birth_date=date(2015, 6, 7),
        gender="M",
        address=NEW_YORK,
        relationship_code="19",
    ),
)
SECONDARY = replace(
    ORIGINAL,
    patient_control_number="C5",
    subscriber=replace(ANA, payer_responsibility_code="S"),
    other_payers=(
        OtherPayer(
            payer_id="FIRST1",
            name="FIRST PLAN",
            payer_responsibility_code="P",
            claim_filing_code="CI",
            member_id="Z9",
            relationship_code="18",
            paid=Decimal(100),
            adjudicated_on=date(2026, 2, 10),
            adjustments=(
                ClaimAdjustment(
                    group_code="CO", reason_code="45", amount=Decimal("50.5")
                ),
            ),
        ),
    ),
)
CLAIMS = [ORIGINAL, CORRECTED, VOID, DEPENDENT, SECONDARY, ORIGINAL]


def test_claims_are_read_back_equal() -> None:
    data = write_claims(CLAIMS, envelope=ENVELOPE)
    assert read_back(data) == CLAIMS
    reading = read_bytes(data, file="f")
    assert reading.problems == ()
    assert reading.complete


def test_a_corrected_claim_names_what_it_replaces() -> None:
    text = write_claims([CORRECTED], envelope=ENVELOPE).decode()
    assert "CLM*C2*150.5***10:B:7*Y*A*Y*Y~" in text
    assert "REF*F8*ICN1~" in text


@pytest.mark.parametrize("claim", CLAIMS[:-1], ids=lambda c: c.patient_control_number)
def test_each_kind_of_claim_passes_the_implementation_guide(claim: Claim) -> None:
    assert accepted_by_pyx12(write_claims([claim], envelope=ENVELOPE))


def test_claims_together_pass_the_implementation_guide() -> None:
    assert accepted_by_pyx12(write_claims(CLAIMS, envelope=ENVELOPE))


def test_the_guide_check_can_fail() -> None:
    data = write_claims([ORIGINAL], envelope=ENVELOPE)
    assert not accepted_by_pyx12(data.replace(b"CLM*C1*150.5*", b"CLM*C1*X*"))


def test_a_transaction_for_each_submission_day_and_size() -> None:
    data = write_claims([ORIGINAL] * 5, envelope=ENVELOPE, max_claims=2)
    assert data.count(b"\nST*837*") == 3
    data = write_claims([ORIGINAL, CORRECTED, ORIGINAL], envelope=ENVELOPE)
    assert data.count(b"\nST*837*") == 3


def test_neighbors_of_one_subscriber_share_their_levels() -> None:
    data = write_claims([ORIGINAL, replace(ORIGINAL, note="X")], envelope=ENVELOPE)
    assert data.count(b"\nHL*") == 2


REMITTANCE = Remittance(
    payer_id="ACME1",
    payer_name="ACME HEALTH",
    trace_number="EFT1",
    payment=Decimal("97.5"),
    payment_date=date(2026, 3, 2),
    received_on=RECEIVED,
    payment_method="ACH",
    payee_npi="1234567893",
    payee_tax_id="123456789",
    payee_name="CALM PRACTICE",
    trace_payer_id="1123456789",
    transaction_control_number="0001",
)
PAID = ClaimPayment(
    remittance=REMITTANCE,
    patient_control_number="C1",
    status_code="1",
    charge=Decimal(150),
    paid=Decimal(100),
    patient_responsibility=Decimal(20),
    claim_filing_code="12",
    payer_claim_control_number="ICN1",
    place_of_service="10",
    frequency_code="1",
    service_payments=(
        ServicePayment(
            procedure_code="90837",
            charge=Decimal(150),
            paid=Decimal(100),
            modifiers=("95",),
            units_paid=Decimal(1),
            service_date=date(2026, 2, 3),
            line_control_number="L1",
            adjustments=(
                ClaimAdjustment(group_code="CO", reason_code="45", amount=Decimal(30)),
                ClaimAdjustment(group_code="PR", reason_code="3", amount=Decimal(20)),
            ),
            remark_codes=("N362",),
            allowed=Decimal(120),
        ),
    ),
    patient_last_name="DOE",
    patient_first_name="ANA",
    member_id="M1",
    remark_codes=("MA01",),
    received_by_payer_on=date(2026, 2, 5),
    statement_from=date(2026, 2, 3),
)
DENIED = ClaimPayment(
    remittance=REMITTANCE,
    patient_control_number="C2",
    status_code="4",
    charge=Decimal(150),
    paid=Decimal(0),
    claim_filing_code="12",
    payer_claim_control_number="ICN2",
    adjustments=(
        ClaimAdjustment(group_code="CO", reason_code="29", amount=Decimal(150)),
    ),
    patient_last_name="DOE",
    patient_first_name="ANA",
    member_id="M1",
)
TAKEBACK = ProviderAdjustment(
    remittance=REMITTANCE,
    provider_id="1234567893",
    reason_code="WO",
    amount=Decimal("2.5"),
    reference="ICN0",
    fiscal_period_end=date(2026, 12, 31),
)


def test_remittances_are_read_back_equal_and_pass_the_guide() -> None:
    group = (REMITTANCE, [PAID, DENIED], [TAKEBACK])
    data = write_remittances([group], envelope=ENVELOPE)
    assert read_back(data) == [REMITTANCE, PAID, DENIED, TAKEBACK]
    assert read_bytes(data, file="f").problems == ()
    assert accepted_by_pyx12(data)


@given(claims=st.lists(strategies.claims, min_size=1, max_size=4))
@QUICK
def test_any_claims_survive_writing_and_reading(claims: list[Claim]) -> None:
    assert read_back(write_claims(claims, envelope=ENVELOPE)) == claims


@given(
    groups=st.tuples(
        strategies.remittance_groups(RECEIVED, 1),
        strategies.remittance_groups(RECEIVED, 2),
    )
)
@QUICK
def test_any_remittances_survive_writing_and_reading(groups: tuple) -> None:
    expected = []
    for remittance, payments, adjustments in groups:
        expected += [remittance, *payments, *adjustments]
    assert read_back(write_remittances(groups, envelope=ENVELOPE)) == expected


ACKNOWLEDGMENT = ClaimAcknowledgment(
    patient_control_number="C1",
    accepted=False,
    statuses=(
        ClaimStatus(category_code="A7", status_code="562", entity_code="85"),
        ClaimStatus(category_code="A7", status_code="500"),
    ),
    status_date=date(2026, 2, 6),
    action_code="U",
    charge=Decimal("150.5"),
    payer_claim_control_number="ICN1",
    payer_id="ACME1",
    payer_name="ACME HEALTH",
    service_date=date(2026, 2, 3),
    service_date_end=date(2026, 2, 4),
    received_on=RECEIVED,
)


def test_acknowledgments_are_read_back_equal() -> None:
    accepted = replace(
        ACKNOWLEDGMENT,
        patient_control_number="C2",
        accepted=True,
        statuses=(ClaimStatus(category_code="A2", status_code="20"),),
        charge=None,
        payer_id="OTHER1",
        service_date_end=None,
    )
    records = [ACKNOWLEDGMENT, accepted, accepted]
    data = write_claim_acknowledgments(records, envelope=ENVELOPE)
    assert read_back(data) == records
    assert read_bytes(data, file="f").problems == ()


@pytest.mark.parametrize("result", EligibilityResult)
@pytest.mark.parametrize("mental_health", [None, True, False])
def test_eligibility_is_read_back_equal(
    result: EligibilityResult, mental_health: bool | None
) -> None:
    known = result is not EligibilityResult.UNKNOWN
    check = EligibilityCheck(
        checked_on=date(2026, 2, 1),
        payer_id="ACME1",
        member_id="M1",
        result=result,
        medical_record_number="MR1",
        service_date=date(2026, 2, 3),
        plan_name="GOLD PLAN" if known else "",
        coverage_begin=date(2026, 1, 1),
        coverage_end=date(2026, 6, 30),
        mental_health_active=mental_health,
        other_payer_id="OTHER1",
        other_payer_name="OTHER PLAN",
        visits_remaining=0,
        trace_number="T1",
        reject_reason_code="" if known else "75",
    )
    data = write_eligibility([check, check], envelope=ENVELOPE)
    assert read_back(data) == [check, check]
    assert read_bytes(data, file="f").problems == ()


@pytest.mark.parametrize("result", EligibilityResult)
@pytest.mark.parametrize("mental_health", [None, True, False])
@pytest.mark.parametrize("is_member", [None, True, False])
def test_the_person_and_the_programs_of_an_answer_are_read_back_equal(
    result: EligibilityResult, mental_health: bool | None, is_member: bool | None
) -> None:
    check = EligibilityCheck(
        checked_on=date(2026, 2, 1),
        payer_id="ACME1",
        member_id="M1",
        result=result,
        mental_health_active=mental_health,
        last_name="DOE",
        first_name="ANA",
        birth_date=date(1990, 1, 2),
        gender="F",
        behavioral_payer_id="MIND1",
        is_medicare_advantage=is_member,
        is_qualified_beneficiary=is_member,
    )
    beside_another = replace(check, other_payer_id="OTHER1", birth_date=None)
    checks = [check, beside_another, replace(check, gender="", first_name="")]
    data = write_eligibility(
        checks, envelope=ENVELOPE, subscriber_names={"M1": ("ROE", "IDA")}
    )
    assert read_back(data) == checks
    assert read_bytes(data, file="f").problems == ()


@pytest.mark.parametrize("decision", AuthorizationDecision)
@pytest.mark.parametrize("codes", [(), ("90837",), ("90837", "90834")])
def test_authorizations_are_read_back_equal(
    decision: AuthorizationDecision, codes: tuple[str, ...]
) -> None:
    authorization = Authorization(
        authorization_number="AUTH1",
        payer_id="ACME1",
        member_id="M1",
        issued_on=date(2026, 2, 1),
        decision=decision,
        medical_record_number="MR1",
        procedure_codes=codes,
        units=Decimal(12),
        begins_on=date(2026, 2, 1),
        ends_on=date(2026, 7, 31),
        clinician_npi="1234567893",
    )
    open_ended = replace(authorization, units=None, begins_on=None)
    records = [authorization, open_ended]
    data = write_authorizations(records, envelope=ENVELOPE)
    assert read_back(data) == records
    assert read_bytes(data, file="f").problems == ()


def test_separators_in_text_become_blanks_and_cannot_forge_segments() -> None:
    forged = replace(ORIGINAL, note="ok~CLM*FORGED*1~\r\nIEA*1*1:^")
    [read] = read_back(write_claims([forged], envelope=ENVELOPE))
    assert isinstance(read, Claim)
    assert read.note == "ok CLM FORGED 1 IEA 1 1"
    assert replace(read, note="") == ORIGINAL


@pytest.mark.parametrize("value", ["A*B", "A~", "A:1", "A^B", "A\nB", "\x1f", " A"])
def test_separators_in_identifiers_are_refused_without_repeating_them(
    value: str,
) -> None:
    claim = replace(ORIGINAL, patient_control_number=value)
    with pytest.raises(InputError, match="patient_control_number") as caught:
        write_claims([claim], envelope=ENVELOPE)
    assert value not in str(caught.value)


def test_five_modifiers_do_not_fit() -> None:
    line = replace(LINE, modifiers=("1", "2", "3", "4", "5"))
    with pytest.raises(InputError, match="5 modifiers"):
        write_claims([replace(ORIGINAL, lines=(line,))], envelope=ENVELOPE)


@pytest.mark.parametrize("sender", ["", "LONGER THAN FIFTEEN"])
def test_an_envelope_needs_identifiers_that_fit(sender: str) -> None:
    with pytest.raises(InputError, match="sender_id"):
        write_claims([ORIGINAL], envelope=replace(ENVELOPE, sender_id=sender))


def test_the_same_records_give_the_same_bytes() -> None:
    first = write_claims(CLAIMS, envelope=ENVELOPE)
    assert write_claims(list(CLAIMS), envelope=ENVELOPE) == first
