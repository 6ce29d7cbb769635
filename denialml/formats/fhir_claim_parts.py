"""The parts of a FHIR Claim that stand apart from its lines and people."""

from typing import Any, Final

from denialml.domain.claim import Diagnosis, Provider
from denialml.formats.fhir_codes import (
    ACCIDENTS,
    ACT_CODE,
    CLAIM_TYPE,
    DIAGNOSIS_TYPE,
    ICD_9_CM,
    ICD_10_CM,
    OTHER_ACCIDENT,
    PAYEE_TYPE,
    RELATED_CLAIM,
    any_code,
    first_code,
)
from denialml.formats.fhir_element import Element
from denialml.formats.fhir_information import Information
from denialml.formats.fhir_parties import identifiers, logical_number, provider
from denialml.formats.fhir_resources import Surroundings

CODE_FIELDS: Final = {
    "CLM05-2": "facility_code_qualifier",
    "CLM06": "provider_signature_code",
    "CLM07": "assignment_code",
    "CLM08": "benefits_assignment_code",
    "CLM09": "release_of_information_code",
}


def is_professional(element: Element) -> bool:
    """Whether the resource asks for payment of professional services, in force."""
    where = element.where
    status = element.text("status")
    if status not in ("active", ""):
        where.warn(
            "not-active",
            f"{element.path}.status says that the resource is not in force; it was "
            "left out",
            pointer=element.pointer,
            expected="active",
            fix="nothing, where it was withdrawn on purpose",
        )
        return False
    use = element.text("use")
    if use not in ("claim", ""):
        where.fault(
            "unsupported-claim-use",
            f"{element.path} asks for a {_use(use)}, not for payment; it was left out",
            pointer=f"{element.pointer}/use",
            expected="use: claim",
            fix="send authorizations as a 278 response or authorizations.csv",
            spoils=True,
        )
        return False
    kinds = element.codings("type")
    kind = first_code(kinds, CLAIM_TYPE)
    if kind == "professional":
        return True
    if kind:
        where.fault(
            "unsupported-claim-type",
            f"{element.path} is not of professional services; it was left out",
            pointer=f"{element.pointer}/type",
            expected="type: professional",
            fix="nothing; institutional, dental, vision and pharmacy are not read",
            spoils=True,
        )
        return False
    if any("revenue" in item.value for item in element.children("item")):
        where.fault(
            "unsupported-claim-type",
            f"{element.path} has revenue codes: it is institutional; it was left out",
            pointer=f"{element.pointer}/type",
            expected="type: professional",
            fix="nothing; institutional claims are not read",
            spoils=True,
        )
        return False
    where.warn_once(
        "claim-type-assumed",
        f"{element.path}.type is none of HL7's; it was read as professional",
        kind=element.path,
        pointer=element.pointer,
        expected="a code of http://terminology.hl7.org/CodeSystem/claim-type",
        fix="send the type",
    )
    return True


def _use(use: str) -> str:
    return use if use in ("preauthorization", "predetermination") else "something else"


def diagnoses_of(
    element: Element, around: Surroundings
) -> tuple[tuple[Diagnosis, ...], dict[int, int]]:
    """The diagnoses in order, and the place of each by its sequence."""
    sent: list[tuple[int, str, bool, bool]] = []
    for position, each in enumerate(element.children("diagnosis"), start=1):
        each.skip("onAdmission", "packageCode")
        codings = each.codings("diagnosisCodeableConcept")
        reference = each.child("diagnosisReference")
        if reference:
            condition = around.follow(reference, "Condition")
            codings = condition.codings("code")
        code = first_code(codings, ICD_10_CM, ICD_9_CM) or any_code(codings)
        is_old = not first_code(codings, ICD_10_CM) and bool(
            first_code(codings, ICD_9_CM)
        )
        kinds = each.codings("type")
        principal = first_code(kinds, DIAGNOSIS_TYPE) == "principal"
        if code:
            sequence = each.whole("sequence") or position
            sent.append((sequence, code.replace(".", "").upper(), principal, is_old))
    sent.sort(key=lambda each: each[0])
    is_said = any(principal for _, _, principal, _ in sent)
    found: list[Diagnosis] = []
    positions: dict[int, int] = {}
    for sequence, code, principal, is_old in sent:
        first = principal if is_said else not found
        qualifier = ("BK" if first else "BF") if is_old else ("ABK" if first else "ABF")
        found.append(Diagnosis(code=code, qualifier=qualifier))
        positions.setdefault(sequence, len(found))
    return tuple(found), positions


def facility_of(
    element: Element, information: Information, around: Surroundings
) -> Provider | None:
    named = provider(element.child("facility"), around)
    holder = information.holder("servicefacility")
    if named is None and holder is not None:
        named = provider(holder.child("valueReference"), around)
    return named


def referral_of(
    element: Element, information: Information, around: Surroundings
) -> str:
    carried = information.text("REF*9F")
    reference = element.child("referral")
    number = logical_number(reference)
    if carried or number or not reference:
        reference.skip("reference", "display", "type")
        return carried or number
    request = around.follow(reference, "ServiceRequest")
    numbers = identifiers(request)
    return numbers[0].value if numbers else ""


def codes_of(element: Element, information: Information) -> dict[str, str]:
    """CLM05-2 to CLM09 where the claim says them; its payee says CLM08 too."""
    values = {
        field: information.text(key)
        for key, field in CODE_FIELDS.items()
        if information.has(key)
    }
    payee = element.child("payee")
    payee.skip("party")
    kind = first_code(payee.codings("type"), PAYEE_TYPE)
    if kind in ("subscriber", "beneficiary"):
        values.setdefault("benefits_assignment_code", "N")
    return values


def replaced_by(element: Element, information: Information) -> dict[str, str]:
    """CLM05-3 and the payer's number of the claim that this one replaces."""
    values: dict[str, str] = {}
    for each in element.children("related"):
        kind = any_code(each.codings("relationship"))
        claim, reference = each.child("claim"), each.child("reference")
        reference.skip("type", "system", "use", "period", "assigner")
        number = reference.text("value") or logical_number(claim)
        claim.skip("reference", "display", "type")
        if kind in ("prior", "replaces") and not values:
            values["original_payer_claim_control_number"] = number
            values["frequency_code"] = "7"
        elif kind not in ("prior", "replaces"):
            each.where.warn_once(
                "element-not-read",
                f"{element.path}.related that replaces nothing is not read",
                kind=f"{element.path}.related",
                pointer=each.pointer,
                expected=f"prior, of {RELATED_CLAIM}",
                fix="nothing, where the claims only belong together",
            )
    if information.has("REF*F8"):
        values["original_payer_claim_control_number"] = information.text("REF*F8")
    if information.has("CLM05-3"):
        values["frequency_code"] = information.text("CLM05-3")
    return values


def accident_of(element: Element, information: Information) -> dict[str, Any]:
    accident = element.child("accident")
    accident.skip("locationAddress", "locationReference")
    kinds = accident.codings("type")
    causes: tuple[str, ...] = ()
    if information.has("CLM11"):
        causes = tuple(information.text("CLM11").split(":"))
    elif kinds:
        causes = (ACCIDENTS.get(first_code(kinds, ACT_CODE), OTHER_ACCIDENT),)
    return {
        "related_cause_codes": causes,
        "accident_date": accident.day("date"),
    }
