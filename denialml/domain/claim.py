"""A professional claim as it was or will be sent (X12 837P, 005010X222)."""

from datetime import date
from decimal import Decimal

from denialml.domain.record import Fact, Source
from denialml.domain.remittance import ClaimAdjustment


class Address(Fact, frozen=True):
    """N3 and N4."""

    street: str = ""
    street_2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


class Provider(Fact, frozen=True):
    """A billing, rendering, referring or supervising provider, or a facility (NM1).

    A person has `first_name`; an organization has only `name` (NM103). `npi` is
    NM109 where NM108 is XX. `tax_id` is REF*EI or REF*SY (billing provider).
    `taxonomy_code` is PRV03.
    """

    name: str = ""
    first_name: str = ""
    middle_name: str = ""
    npi: str = ""
    taxonomy_code: str = ""
    tax_id: str = ""
    address: Address | None = None


class Subscriber(Fact, frozen=True):
    """The insured person (2000B / 2010BA).

    `payer_responsibility_code` is SBR01 (P, S, T ...), `relationship_code` SBR02,
    `claim_filing_code` SBR09 (MB, MC, CI, BL, 16, HM, 12 ...), `insurance_type_code`
    SBR05 (Medicare secondary).
    """

    member_id: str = ""
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    birth_date: date | None = None
    gender: str = ""
    address: Address | None = None
    group_number: str = ""
    plan_name: str = ""
    payer_responsibility_code: str = "P"
    relationship_code: str = "18"
    claim_filing_code: str = ""
    insurance_type_code: str = ""


class Patient(Fact, frozen=True):
    """The patient where that is not the subscriber (2000C / 2010CA; PAT01)."""

    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    birth_date: date | None = None
    gender: str = ""
    address: Address | None = None
    relationship_code: str = ""


class ClaimPayer(Fact, frozen=True):
    """The payer a claim is addressed to (2010BB): NM103 and NM109."""

    payer_id: str
    name: str = ""
    address: Address | None = None


class OtherPayer(Fact, frozen=True):
    """Another payer on the claim (2320 / 2330): coordination of benefits.

    `paid` is AMT*D (None: that payer has not adjudicated). `adjudicated_on` is
    DTP*573.
    """

    payer_id: str = ""
    name: str = ""
    payer_responsibility_code: str = ""
    claim_filing_code: str = ""
    member_id: str = ""
    relationship_code: str = ""
    paid: Decimal | None = None
    adjudicated_on: date | None = None
    adjustments: tuple[ClaimAdjustment, ...] = ()


class Diagnosis(Fact, frozen=True):
    """One HI composite: qualifier (ABK principal, ABF other) and ICD-10-CM code.

    The code is as sent, without a dot (F411, not F41.1).
    """

    code: str
    qualifier: str = "ABF"


class ServiceLine(Fact, frozen=True):
    """One service line (2400): what payers adjudicate.

    `line_number` is LX01. `procedure_code` and `modifiers` come from SV101, `charge`
    SV102, `unit_basis` SV103 (UN units, MJ minutes), `units` SV104,
    `place_of_service` SV105 (empty: the claim's applies), `diagnosis_pointers`
    SV107 (1-based). `service_date` is DTP*472; `service_date_end` is set only for a
    range. `line_control_number` is REF*6R, which the remittance echoes.
    """

    line_number: int
    procedure_code: str
    charge: Decimal
    service_date: date | None
    units: Decimal = Decimal(1)
    unit_basis: str = "UN"
    procedure_qualifier: str = "HC"
    modifiers: tuple[str, ...] = ()
    description: str = ""
    place_of_service: str = ""
    diagnosis_pointers: tuple[int, ...] = (1,)
    service_date_end: date | None = None
    line_control_number: str = ""
    prior_authorization_number: str = ""
    rendering_provider: Provider | None = None
    note: str = ""


class Claim(Fact, frozen=True):
    """One claim in one submission (2300): grain is CLM01 x submission.

    `patient_control_number` is CLM01, the practice's own number, which every answer
    repeats. `frequency_code` is CLM05-3: 1 original, 7 corrected, 8 void.
    `original_payer_claim_control_number` is REF*F8, the payer's number of the claim
    that a 7 or 8 replaces. `submitted_on` is BHT04, the day the transaction was
    made, and the day as of which the claim is scored. `medical_record_number` is
    REF*EA, the practice's number for the patient, which links a claim to encounters
    and documents; empty when the billing system does not send it. `patient` is None
    when the patient is the subscriber.
    """

    patient_control_number: str
    total_charge: Decimal
    payer: ClaimPayer
    subscriber: Subscriber
    billing_provider: Provider
    lines: tuple[ServiceLine, ...]
    diagnoses: tuple[Diagnosis, ...] = ()
    submitted_on: date | None = None
    frequency_code: str = "1"
    place_of_service: str = ""
    facility_code_qualifier: str = "B"
    patient: Patient | None = None
    rendering_provider: Provider | None = None
    referring_provider: Provider | None = None
    supervising_provider: Provider | None = None
    service_facility: Provider | None = None
    other_payers: tuple[OtherPayer, ...] = ()
    provider_signature_code: str = "Y"
    assignment_code: str = "A"
    benefits_assignment_code: str = "Y"
    release_of_information_code: str = "Y"
    related_cause_codes: tuple[str, ...] = ()
    accident_date: date | None = None
    prior_authorization_number: str = ""
    referral_number: str = ""
    original_payer_claim_control_number: str = ""
    medical_record_number: str = ""
    patient_paid: Decimal | None = None
    note: str = ""
    source: Source | None = None


def is_possible_day(day: date | None) -> bool:
    """Whether a service can be of that day; None: not known, yes.

    Files hold days of the years 1 and 9999, from which nothing can be counted.
    """
    return day is None or 1900 <= day.year < 2200


def person(claim: Claim) -> Subscriber | Patient:
    """The patient of the claim: 2010CA where present, else the subscriber."""
    return claim.patient if claim.patient is not None else claim.subscriber


def line_place_of_service(claim: Claim, line: ServiceLine) -> str:
    """SV105 where sent, else CLM05-1 (X222: the claim's place applies to all lines)."""
    return line.place_of_service or claim.place_of_service


def rendering_npi(claim: Claim, line: ServiceLine) -> str:
    """NPI of who delivered the line: 2420A, else 2310B, else the billing provider."""
    provider = line.rendering_provider
    if provider is None or not provider.npi:
        provider = claim.rendering_provider
    if provider is None or not provider.npi:
        provider = claim.billing_provider
    return provider.npi


def patient_key(claim: Claim) -> str:
    """The key that links a claim to what the practice knows of its patient.

    The medical record number where the claim carries one, else the member number.
    A practice's exports use the same two columns, in the same order of preference.
    """
    return claim.medical_record_number or claim.subscriber.member_id
