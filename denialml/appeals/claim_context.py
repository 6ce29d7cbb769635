"""What a letter prints of a claim and of those whom it names.

The claim's line, its practice, payer and patient: as they were sent, or as the
practice's own set-up and an eligibility answer correct them.
"""

from denialml.appeals.case_file import CaseFile
from denialml.appeals.correction_facts import billed_diagnoses, corrected_member_number
from denialml.appeals.declared_context import (
    ClaimContext,
    PatientContext,
    PayerContext,
    PracticeContext,
)
from denialml.appeals.values import (
    Value,
    always,
    day,
    dollars,
    label_in_words,
    number_text,
    said,
)
from denialml.domain.claim import (
    Address,
    Provider,
    ServiceLine,
    line_place_of_service,
    person,
    rendering_npi,
)
from denialml.domain.denial import Route
from denialml.reference import procedure_codes


def practice_context(provider: Provider) -> PracticeContext:
    """The practice that billed, as the claim names it."""
    return PracticeContext(
        name=said(_name(provider.first_name, provider.name), "claim:2010AA NM103"),
        address_lines=_address_lines(provider.address, "claim:2010AA N3"),
        npi=said(provider.npi, "claim:2010AA NM109"),
        tax_id=said(provider.tax_id, "claim:2010AA REF02"),
    )


def payer_context(case: CaseFile) -> PayerContext:
    """The payer and where its appeals go, as the practice set it up."""
    configured = case.payer
    address = configured.appeal_address if configured else None
    name = (configured.name if configured else "") or case.claim.payer.name
    return PayerContext(
        name=Value(name or case.denial.payer_name, "payer:name"),
        address_lines=_address_lines(address, "payer:appeal_address"),
        fax=said(configured.appeal_fax if configured else "", "payer:appeal_fax"),
    )


def _address_lines(address: Address | None, source: str) -> tuple[Value, ...]:
    if address is None:
        return ()
    region = " ".join(part for part in (address.state, _postal_code(address)) if part)
    town = ", ".join(part for part in (address.city, region) if part)
    lines = (address.street, address.street_2, town)
    return tuple(Value(line, source) for line in lines if line)


def _postal_code(address: Address) -> str:
    """A nine-digit ZIP code with its hyphen; X12 sends it without."""
    code = address.postal_code
    return f"{code[:5]}-{code[5:]}" if len(code) == 9 and code.isdigit() else code


def patient_context(case: CaseFile) -> PatientContext:
    """The patient; the subscriber too where that is another person."""
    claim = case.claim
    patient = person(claim)
    subscriber = claim.subscriber
    sent = said(subscriber.member_id, "claim:2010BA NM109")
    corrected = said(corrected_member_number(case), "eligibility:member_id")
    return PatientContext(
        name=said(_name(patient.first_name, patient.last_name), "claim:2010 NM1"),
        member_id=corrected or sent,
        member_id_first_sent=sent if corrected else None,
        birth_date=day(patient.birth_date, "claim:2010 DMG02"),
        subscriber_name=said(
            _name(subscriber.first_name, subscriber.last_name), "claim:2010BA NM1"
        )
        if claim.patient is not None
        else None,
    )


def _name(first: str, last: str) -> str:
    return " ".join(part for part in (first, last) if part)


def claim_context(case: CaseFile) -> ClaimContext:
    """The claim and the one line of it that was denied."""
    claim, line, denial = case.claim, case.line, case.denial
    code = procedure_codes().get(line.procedure_code)
    number_on_claim = (
        line.prior_authorization_number or claim.prior_authorization_number
    )
    return ClaimContext(
        # A new claim refers to none: the payer's number would read as a replacement.
        number=None
        if case.route.route is Route.NEW_CLAIM
        else said(denial.payer_claim_control_number, "remittance:CLP07"),
        control_number=Value(claim.patient_control_number, "claim:CLM01"),
        service_date=day(line.service_date, "claim:DTP*472"),
        code=Value(line.procedure_code, "claim:SV101"),
        modifiers=tuple(Value(m, "claim:SV101") for m in line.modifiers),
        code_label=said(label_in_words(code.label), f"reference:{line.procedure_code}")
        if code
        else None,
        units=Value(_units(line), "claim:SV104"),
        charge=always(dollars(line.charge, "claim:SV102")),
        denied_amount=always(dollars(denial.denied_amount, "remittance:CAS")),
        paid=always(dollars(denial.paid, "remittance:SVC03")),
        place_of_service=said(line_place_of_service(claim, line), "claim:SV105"),
        authorization_number=said(number_on_claim, "claim:REF*G1"),
        diagnosis_codes=tuple(
            Value(code, "claim:HI") for code in billed_diagnoses(case)
        ),
        clinician_name=_clinician_name(case),
        clinician_npi=said(rendering_npi(claim, line), "claim:2310B NM109"),
        submitted_on=day(claim.submitted_on, "claim:BHT04"),
    )


def _units(line: ServiceLine) -> str:
    what = "minute" if line.unit_basis == "MJ" else "unit"
    return f"{number_text(line.units)} {what}{'' if line.units == 1 else 's'}"


def _clinician_name(case: CaseFile) -> Value | None:
    npi = rendering_npi(case.claim, case.line)
    for clinician in case.clinicians:
        if clinician.npi == npi:
            name = _name(clinician.first_name, clinician.last_name)
            full = f"{name}, {clinician.credential}" if clinician.credential else name
            return said(full, f"clinician:{npi}")
    for provider in (case.line.rendering_provider, case.claim.rendering_provider):
        if provider is not None and provider.npi == npi:
            return said(_name(provider.first_name, provider.name), "claim:2310B NM1")
    return None
