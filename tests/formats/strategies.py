"""Hypothesis strategies for records that X12 can hold."""

import string
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

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
from denialml.domain.remittance import (
    ClaimAdjustment,
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
)

LETTERS = string.ascii_uppercase + string.digits
identifiers = st.text(LETTERS, min_size=1, max_size=12)
optional_identifiers = st.just("") | identifiers
words = st.text(LETTERS + "ÄÑÉ&'.-", min_size=1, max_size=12)
optional_words = st.just("") | words
amounts = st.decimals(Decimal(-9999), Decimal(99999), places=2).map(
    lambda value: value + Decimal(0)
)
# A claim asks for nothing or something: readers leave out what is below zero.
charges = st.decimals(Decimal(0), Decimal(99999), places=2)
quantities = st.decimals(Decimal(0), Decimal(999), places=1)
days = st.dates(date(1900, 1, 1), date(2099, 12, 31))
optional_days = st.none() | days


def some(strategy: st.SearchStrategy, largest: int = 3) -> st.SearchStrategy:
    return st.lists(strategy, max_size=largest).map(tuple)


addresses = st.builds(
    Address,
    street=words,
    street_2=optional_words,
    city=optional_words,
    state=optional_identifiers,
    postal_code=optional_identifiers,
    country=optional_identifiers,
)
optional_addresses = st.none() | addresses
providers = st.builds(
    Provider,
    name=words,
    first_name=optional_words,
    middle_name=optional_words,
    npi=optional_identifiers,
    taxonomy_code=optional_identifiers,
    address=optional_addresses,
)
billing_providers = st.builds(
    Provider,
    name=words,
    first_name=optional_words,
    npi=optional_identifiers,
    taxonomy_code=optional_identifiers,
    tax_id=optional_identifiers,
    address=optional_addresses,
)
subscribers = st.builds(
    Subscriber,
    member_id=optional_identifiers,
    last_name=words,
    first_name=optional_words,
    middle_name=optional_words,
    birth_date=optional_days,
    gender=st.sampled_from(["", "F", "M", "U"]),
    address=optional_addresses,
    group_number=optional_identifiers,
    plan_name=optional_words,
    payer_responsibility_code=st.sampled_from("PST"),
    relationship_code=st.sampled_from(["18", ""]),
    claim_filing_code=optional_identifiers,
    insurance_type_code=optional_identifiers,
)
patients = st.builds(
    Patient,
    last_name=words,
    first_name=optional_words,
    middle_name=optional_words,
    birth_date=optional_days,
    gender=st.sampled_from(["", "F", "M", "U"]),
    address=optional_addresses,
    relationship_code=optional_identifiers,
)
adjustments = st.builds(
    ClaimAdjustment,
    group_code=st.sampled_from(["CO", "PR", "OA", "PI", "CR"]),
    reason_code=identifiers,
    amount=amounts,
    quantity=st.none() | quantities,
)
other_payers = st.builds(
    OtherPayer,
    payer_id=optional_identifiers,
    name=optional_words,
    payer_responsibility_code=st.sampled_from("PST"),
    claim_filing_code=optional_identifiers,
    member_id=optional_identifiers,
    relationship_code=optional_identifiers,
    paid=st.none() | amounts,
    adjudicated_on=optional_days,
    adjustments=some(adjustments, 8),
)
modifiers = some(identifiers, 4)


@st.composite
def service_lines(draw: st.DrawFn) -> ServiceLine:
    first, last = draw(optional_days), draw(optional_days)
    return ServiceLine(
        line_number=draw(st.integers(1, 999)),
        procedure_code=draw(identifiers),
        charge=draw(charges),
        service_date=first,
        service_date_end=last if first is not None else None,
        units=draw(quantities),
        unit_basis=draw(st.sampled_from(["UN", "MJ"])),
        procedure_qualifier=draw(st.sampled_from(["HC", "ER", ""])),
        modifiers=draw(modifiers),
        description=draw(optional_words),
        place_of_service=draw(optional_identifiers),
        diagnosis_pointers=draw(some(st.integers(1, 12), 4)),
        line_control_number=draw(optional_identifiers),
        prior_authorization_number=draw(optional_identifiers),
        rendering_provider=draw(st.none() | providers),
        note=draw(optional_words),
    )


claims = st.builds(
    Claim,
    patient_control_number=identifiers,
    total_charge=charges,
    payer=st.builds(
        ClaimPayer, payer_id=identifiers, name=words, address=optional_addresses
    ),
    subscriber=subscribers,
    billing_provider=billing_providers,
    lines=st.lists(service_lines(), min_size=1, max_size=3).map(tuple),
    diagnoses=some(
        st.builds(
            Diagnosis,
            code=identifiers,
            qualifier=st.sampled_from(["ABK", "ABF", "BK", "BF"]),
        ),
        12,
    ),
    submitted_on=days,
    frequency_code=st.sampled_from(["1", "7", "8"]),
    place_of_service=optional_identifiers,
    facility_code_qualifier=st.sampled_from(["B", "A", ""]),
    patient=st.none() | patients,
    rendering_provider=st.none() | providers,
    referring_provider=st.none() | providers,
    supervising_provider=st.none() | providers,
    service_facility=st.none() | providers,
    other_payers=some(other_payers, 2),
    provider_signature_code=st.sampled_from(["Y", "N", ""]),
    assignment_code=st.sampled_from(["A", "B", "C"]),
    benefits_assignment_code=st.sampled_from(["Y", "N", "W"]),
    release_of_information_code=st.sampled_from(["Y", "I", ""]),
    related_cause_codes=some(st.sampled_from(["AA", "EM", "OA"]), 3),
    accident_date=optional_days,
    prior_authorization_number=optional_identifiers,
    referral_number=optional_identifiers,
    original_payer_claim_control_number=optional_identifiers,
    medical_record_number=optional_identifiers,
    patient_paid=st.none() | amounts,
    note=optional_words,
)


def service_payments(fallback: date | None) -> st.SearchStrategy:
    """Lines of one claim; without a day of their own they get the claim's."""
    own_days = days if fallback is None else days | st.just(fallback)
    return st.builds(
        _service_payment,
        submitted=st.just("") | identifiers,
        submitted_modifiers=modifiers,
        procedure_code=identifiers,
        charge=amounts,
        paid=amounts,
        modifiers=modifiers,
        units_paid=st.none() | quantities,
        units_submitted=st.none() | quantities,
        service_date=own_days,
        line_control_number=optional_identifiers,
        adjustments=some(adjustments, 8),
        remark_codes=some(identifiers, 3),
        allowed=st.none() | amounts,
    )


def _service_payment(
    submitted: str, submitted_modifiers: tuple[str, ...], **values: object
) -> ServicePayment:
    return ServicePayment(
        submitted_procedure_code=submitted,
        submitted_modifiers=submitted_modifiers if submitted else (),
        **values,  # type: ignore[arg-type]
    )


@st.composite
def remittance_groups(draw: st.DrawFn, received_on: date, position: int) -> tuple:
    remittance = draw(
        st.builds(
            Remittance,
            payer_id=identifiers,
            payer_name=optional_words,
            trace_number=identifiers,
            payment=amounts,
            payment_date=days,
            received_on=st.just(received_on),
            payment_method=st.sampled_from(["ACH", "CHK", "NON", ""]),
            credit_or_debit=st.sampled_from(["C", "D"]),
            payee_npi=optional_identifiers,
            payee_tax_id=optional_identifiers,
            payee_name=optional_words,
            trace_payer_id=optional_identifiers,
            transaction_control_number=st.just(f"{position:04d}"),
        )
    )
    payments = draw(st.lists(claim_payments(remittance), min_size=1, max_size=3))
    provider_adjustments = draw(
        st.lists(
            st.builds(
                ProviderAdjustment,
                remittance=st.just(remittance),
                provider_id=identifiers,
                reason_code=st.sampled_from(["WO", "FB", "L6", "72"]),
                amount=amounts,
                reference=optional_identifiers,
                fiscal_period_end=optional_days,
            ),
            max_size=8,
        )
    )
    return remittance, payments, provider_adjustments


@st.composite
def claim_payments(draw: st.DrawFn, remittance: Remittance) -> ClaimPayment:
    statement_from = draw(optional_days)
    return draw(
        st.builds(
            ClaimPayment,
            remittance=st.just(remittance),
            patient_control_number=identifiers,
            status_code=st.sampled_from(["1", "2", "4", "19", "22", "25"]),
            charge=amounts,
            paid=amounts,
            patient_responsibility=amounts,
            claim_filing_code=optional_identifiers,
            payer_claim_control_number=optional_identifiers,
            place_of_service=optional_identifiers,
            frequency_code=optional_identifiers,
            adjustments=some(adjustments, 8),
            remark_codes=some(identifiers, 7),
            service_payments=some(service_payments(statement_from), 3),
            patient_last_name=optional_words,
            patient_first_name=optional_words,
            member_id=optional_identifiers,
            corrected_member_id=optional_identifiers,
            rendering_npi=optional_identifiers,
            crossover_payer_id=optional_identifiers,
            crossover_payer_name=optional_words,
            medical_record_number=optional_identifiers,
            received_by_payer_on=optional_days,
            statement_from=st.just(statement_from),
            statement_to=optional_days,
        )
    )
