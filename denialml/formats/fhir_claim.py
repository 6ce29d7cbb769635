"""A FHIR R4 Claim as a professional claim; docs/fhir.md says what is kept and lost."""

from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from denialml.domain.claim import (
    Claim,
    OtherPayer,
    Patient,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.record import Source
from denialml.formats.fhir_adjudication import header_answer
from denialml.formats.fhir_claim_lines import (
    MOST_LINES,
    LineContext,
    read_lines,
    span_of,
)
from denialml.formats.fhir_claim_parts import (
    accident_of,
    codes_of,
    diagnoses_of,
    facility_of,
    is_professional,
    referral_of,
    replaced_by,
)
from denialml.formats.fhir_element import Element
from denialml.formats.fhir_information import (
    Information,
    care_team,
    first_of_role,
)
from denialml.formats.fhir_parties import (
    Insurance,
    Person,
    identifier_of,
    identifiers,
    insurance,
    payer,
    person,
    provider,
    responsibility,
)
from denialml.formats.fhir_resources import Surroundings
from denialml.formats.professional_claim import FREQUENCIES

IGNORED: Final = ("priority", "enterer", "prescription", "originalPrescription")


def read_claim(element: Element, around: Surroundings, *, file: str) -> Claim | None:
    """The claim; None where it is not one, or essential elements are missing."""
    if not is_professional(element):
        return None
    element.skip(*IGNORED, "status", "use")
    items = element.children("item")
    information = Information(element, items)
    number = claim_number(element, information)
    policies = element.children("insurance")
    focal = focal_of(element, policies)
    insured = insurance(focal.child("coverage"), around)
    members = care_team(element, around)
    patient = person(around.follow(element.child("patient"), "Patient"))
    diagnoses, positions = diagnoses_of(element, around)
    context = LineContext(
        information=information,
        members=members,
        positions=positions,
        default_span=span_of(element.child("billablePeriod")),
    )
    lines, claim_values = read_lines(items, context)
    billing = provider(element.child("provider"), around)
    subscriber, dependent = _insured(element, patient, insured, around)
    total = element.money("total", essential=True)
    payer_named = payer(element.child("insurer"), around) or insured.payer
    values = claim_values | _values(element, information, patient, around)
    values |= {
        "prior_authorization_number": next(iter(focal.texts("preAuthRef")), ""),
        "other_payers": _other_payers(policies, focal, around),
        "referring_provider": first_of_role(members, "referring"),
        "supervising_provider": first_of_role(members, "supervising"),
        "source": Source(file=file, segment=element.where.ordinal),
    }
    for policy in policies:
        policy.skip("sequence", "identifier", "businessArrangement", "focal")
    if insured.element:
        insured.element.close()
    element.close()
    charged = sum((line.charge for line in lines), Decimal(0))
    if not _can_be_read(element, number, lines):
        return None
    claim = Claim(
        patient_control_number=number,
        total_charge=charged if total is None else total,
        payer=payer_named,
        subscriber=subscriber,
        billing_provider=billing or Provider(),
        lines=lines,
        diagnoses=diagnoses,
        patient=dependent,
        **values,
    )
    _question(element, claim, charged)
    return claim


def _values(
    element: Element, information: Information, patient: Person, around: Surroundings
) -> dict[str, Any]:
    """What many claims leave at its default, by the fields of `Claim`."""
    values: dict[str, Any] = {
        "service_facility": facility_of(element, information, around),
        "referral_number": referral_of(element, information, around),
        "medical_record_number": information.text("REF*EA")
        or patient.medical_record_number,
        "patient_paid": information.amount("AMT*F5"),
        "note": information.text("NTE"),
        "submitted_on": element.day("created"),
    }
    values |= codes_of(element, information)
    values |= replaced_by(element, information)
    return values | accident_of(element, information)


def claim_number(element: Element, information: Information | None = None) -> str:
    """The practice's own number of a Claim, which every answer repeats."""
    numbers = identifiers(element)
    said = information.text("patientaccountnumber") if information else ""
    typed = identifier_of(numbers, "AN", "PLAC")
    return said or typed or (numbers[0].value if numbers else "")


def focal_of(element: Element, policies: list[Element]) -> Element:
    """The insurance that the claim is sent to: the focal one, else the first."""
    for policy in policies:
        if policy.flag("focal"):
            return policy
    if policies:
        return policies[0]
    return element.nothing()


def _insured(
    element: Element, patient: Person, insured: Insurance, around: Surroundings
) -> tuple[Subscriber, Patient | None]:
    """The subscriber, and the patient where that is somebody else."""
    found = insured.element
    beneficiary, holder = found.child("beneficiary"), found.child("subscriber")
    relationship = insured.relationship_code
    beneficiary.skip("reference", "identifier", "display", "type")
    inside = around.of(found) if found else around
    _question_beneficiary(element, beneficiary, inside, around)
    same = not holder or holder.text("reference") in (
        beneficiary.text("reference"),
        element.child("patient").text("reference"),
    )
    # A code beside a subscriber who is the patient is what a practice typed.
    is_self = relationship == "18" or (same and bool(holder or not relationship))
    if is_self:
        holder.skip("reference", "identifier", "display", "type")
        who, dependent = patient, None
    else:
        who = person(inside.follow(holder, "Patient", "RelatedPerson"))
        dependent = Patient(
            last_name=patient.last_name,
            first_name=patient.first_name,
            middle_name=patient.middle_name,
            birth_date=patient.birth_date,
            gender=patient.gender,
            address=patient.address,
            relationship_code=relationship,
        )
    subscriber = Subscriber(
        member_id=insured.member_id or who.member_id,
        last_name=who.last_name,
        first_name=who.first_name,
        middle_name=who.middle_name,
        birth_date=who.birth_date,
        gender=who.gender,
        address=who.address,
        group_number=insured.group_number,
        plan_name=insured.plan_name,
        payer_responsibility_code=insured.payer_responsibility_code or "P",
        relationship_code=(relationship or "18") if is_self else "",
        claim_filing_code=insured.claim_filing_code,
        insurance_type_code=insured.insurance_type_code,
    )
    return subscriber, dependent


def _question_beneficiary(
    element: Element, beneficiary: Element, inside: Surroundings, around: Surroundings
) -> None:
    """Warn where the coverage that the claim names is another patient's."""
    covered = inside.target(beneficiary)
    treated = around.target(element.child("patient"))
    if covered is not None and treated is not None and covered != treated:
        element.where.warn(
            "coverage-of-another",
            "Claim.insurance names the coverage of another than Claim.patient",
            pointer=f"{element.pointer}/insurance",
            expected="Coverage.beneficiary and Claim.patient to be the same",
            fix="correct the patient or the coverage before sending",
        )


def _other_payers(
    policies: list[Element], focal: Element, around: Surroundings
) -> tuple[OtherPayer, ...]:
    found = []
    for position, policy in enumerate(policies, start=1):
        if policy is focal:
            continue
        insured = insurance(policy.child("coverage"), around)
        order = policy.whole("sequence") or position
        other = OtherPayer(
            payer_id=insured.payer.payer_id,
            name=insured.payer.name,
            payer_responsibility_code=insured.payer_responsibility_code
            or responsibility(order),
            claim_filing_code=insured.claim_filing_code,
            member_id=insured.member_id,
            relationship_code=insured.relationship_code,
        )
        answer = policy.child("claimResponse")
        if answer:
            response = around.follow(answer, "ClaimResponse", "ExplanationOfBenefit")
            paid, day, adjustments = header_answer(response)
            other = replace(
                other, paid=paid, adjudicated_on=day, adjustments=adjustments
            )
        if insured.element:
            insured.element.skip("beneficiary", "subscriber")
            insured.element.close()
        found.append(other)
    return tuple(found)


def _can_be_read(element: Element, number: str, lines: tuple[ServiceLine, ...]) -> bool:
    """Whether the claim has a number and lines and nothing essential is missing."""
    where = element.where
    if not number.strip():
        where.fault(
            "claim-without-number",
            "Claim.identifier is empty: no answer could name this claim; it was left "
            "out",
            pointer=element.pointer,
            expected="the practice's number of the claim in Claim.identifier",
            fix="send the claim again with its number",
            spoils=True,
        )
    elif not lines and not where.spoiled:
        where.fault(
            "claim-without-lines",
            "the claim has no item; it was left out",
            pointer=element.pointer,
            expected="Claim.item for each service",
            fix="send the claim again with its service lines",
            spoils=True,
        )
    return not where.spoiled


def _question(
    element: Element,
    claim: Claim,
    charged: Decimal,
) -> None:
    """Warn of too many lines, a total that is not theirs, an unknown frequency."""
    where, lines = element.where, len(claim.lines)
    if lines > MOST_LINES:
        where.warn(
            "too-many-lines",
            f"the claim has {lines} service lines; it was read whole",
            pointer=f"{element.pointer}/item",
            expected=f"at most {MOST_LINES} service lines in one claim",
            fix="split the claim before sending; payers refuse more lines",
        )
    if claim.total_charge != charged:
        where.warn(
            "lines-do-not-add-up",
            f"net of {lines} items add up to {charged}, Claim.total states "
            f"{claim.total_charge}",
            pointer=f"{element.pointer}/total",
            expected=str(charged),
            fix="correct the total or the line charges before sending",
        )
    if claim.frequency_code not in FREQUENCIES:
        where.warn(
            "unknown-frequency",
            "the frequency says neither that the claim is new nor what it replaces",
            pointer=element.pointer,
            expected="1 (original), 7 (corrected) or 8 (void)",
            fix="correct the frequency; the claim was taken for an original",
        )
