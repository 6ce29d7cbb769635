"""A FHIR R4 ClaimResponse or ExplanationOfBenefit as a payer's answer.

Both become a `Remittance` (who paid whom, when) and a `ClaimPayment`. A resource of
FHIR knows its own claim only: what a check or transfer paid for other claims is not in
it, and provider adjustments (PLB) have no place in either.
"""

from decimal import Decimal
from typing import Any, Final, NamedTuple

from denialml.domain.claim import ClaimPayer, Provider
from denialml.domain.record import Source
from denialml.domain.remittance import (
    ClaimAdjustment,
    ClaimPayment,
    Remittance,
    ServicePayment,
)
from denialml.formats.fhir_adjudication import (
    Adjudicated,
    adjustments_of,
    read_adjudications,
)
from denialml.formats.fhir_answer_lines import AnsweredLines, read_answered_lines
from denialml.formats.fhir_claim import claim_number, focal_of
from denialml.formats.fhir_claim_lines import first_day
from denialml.formats.fhir_claim_parts import is_professional
from denialml.formats.fhir_element import Element
from denialml.formats.fhir_information import Information, care_team, first_of_role
from denialml.formats.fhir_parties import (
    identifier_of,
    identifiers,
    insurance,
    logical_number,
    payer,
    person,
    provider,
)
from denialml.formats.fhir_resources import Surroundings
from denialml.formats.values import ZERO

IGNORED: Final = (
    *("status", "use", "subType", "priority", "enterer", "facility", "referral"),
    *("prescription", "originalPrescription", "related", "diagnosis", "procedure"),
    *("precedence", "requestor", "disposition", "formCode", "form", "fundsReserve"),
    *("fundsReserveRequested", "accident", "communicationRequest", "payeeType"),
)
REVERSAL: Final = "22"
DENIED: Final = "4"
FINAL: Final = frozenset({"complete", "partial"})
# CLP02 by SBR01 of the payer that answers.
_PROCESSED: Final = {"P": "1", "S": "2", "T": "3"}


class Totals(NamedTuple):
    """Charge and payment of the whole claim."""

    charge: Decimal
    paid: Decimal
    responsibility: Decimal


def read_answer(
    element: Element, around: Surroundings, *, file: str
) -> tuple[Remittance, ClaimPayment] | None:
    """The answer; None where it is none, or not yet one."""
    if not is_professional(element) or not _is_final(element):
        return None
    element.skip(*IGNORED)
    request = _request(element, around)
    items = element.children("item")
    information = Information(element, items)
    source = Source(file=file, segment=element.where.ordinal)
    policies = element.children("insurance")
    focal = focal_of(element, policies)
    insured = insurance(focal.child("coverage"), around)
    payment = element.child("payment")
    remittance = _remittance(
        element,
        payment,
        information,
        insured.payer,
        around=around,
        source=source,
    )
    whole = read_adjudications(element.children("total"))
    header = read_adjudications(element.children("adjudication"))
    lines = read_answered_lines(element, request, information, whole)
    totals = _totals(whole, header, lines.services, payment)
    values = _people(element, information, around)
    values |= _claim_values(element, information, request)
    values["member_id"] = insured.member_id or values["member_id"]
    values["claim_filing_code"] = insured.claim_filing_code
    status = information.text("CLP02") or _status(
        insured.payer_responsibility_code, totals, header, lines
    )
    for policy in policies:
        policy.skip("sequence", "preAuthRef", "businessArrangement", "claimResponse")
        policy.skip("coverage", "focal")
    if insured.element:
        insured.element.skip("beneficiary", "subscriber")
        insured.element.close()
    element.close()
    _question_lines(element, totals, lines)
    if element.where.spoiled or not _says_anything(element, whole, header, lines):
        return None
    return remittance, ClaimPayment(
        remittance=remittance,
        status_code=status,
        charge=totals.charge,
        paid=totals.paid,
        patient_responsibility=totals.responsibility,
        adjustments=_claim_adjustments(element, header, totals, lines.services),
        remark_codes=header.remark_codes,
        service_payments=lines.services,
        source=source,
        **values,
    )


def _says_anything(
    element: Element, whole: Adjudicated, header: Adjudicated, lines: AnsweredLines
) -> bool:
    """Whether any amount or reason was given."""
    if lines.services or whole != Adjudicated() or header != Adjudicated():
        return True
    element.where.fault(
        "answer-without-amounts",
        f"{element.path} has neither items nor totals; it was left out",
        pointer=element.pointer,
        expected="item.adjudication, adjudication or total",
        fix="fetch the answer again when the payer has decided",
        spoils=True,
    )
    return False


def _is_final(element: Element) -> bool:
    """Whether the payer has decided; queued and failed answers are left out."""
    outcome = element.text("outcome")
    where = element.where
    if outcome == "error":
        element.where.fault(
            "answer-is-error",
            f"{element.path}.outcome is error: the claim was not adjudicated; the "
            "resource was left out",
            pointer=f"{element.pointer}/outcome",
            expected="outcome: complete",
            fix="mend the claim as the errors say and send it again",
            spoils=True,
        )
        return False
    if outcome and outcome not in FINAL:
        where.warn(
            "answer-not-final",
            f"{element.path} is no decision yet; it was left out",
            pointer=f"{element.pointer}/outcome",
            expected="outcome: complete",
            fix="fetch the answer again when the payer has decided",
        )
        return False
    return True


def _request(element: Element, around: Surroundings) -> Element:
    """The Claim that is answered, where the file holds it."""
    name = "request" if element.path == "ClaimResponse" else "claim"
    reference = element.child(name)
    element.skip("claim", "claimResponse", "request")
    if around.target(reference) is None:
        return element.nothing()
    return around.follow(reference, "Claim")


def _number(element: Element, information: Information, request: Element) -> str:
    """The practice's number of the claim that is answered."""
    said = information.text("patientaccountnumber")
    if said or request:
        return said or claim_number(request)
    name = "request" if element.path == "ClaimResponse" else "claim"
    number = logical_number(element.child(name))
    if not number:
        element.where.warn(
            "answer-without-number",
            f"{element.path} does not say which claim of the practice it answers",
            pointer=element.pointer,
            expected="supportingInfo patientaccountnumber, or the Claim in the file",
            fix="export the answers with the practice's claim number",
        )
    return number


def _remittance(
    element: Element,
    payment: Element,
    information: Information,
    covering: ClaimPayer,
    *,
    around: Surroundings,
    source: Source,
) -> Remittance:
    """Who paid whom; of an answer without payment, the payer's answers of that day."""
    payment.skip("type", "adjustment", "adjustmentReason")
    identifier = payment.child("identifier")
    identifier.skip("type", "system", "use", "period", "assigner")
    created, paid_on = element.day("created"), payment.day("date")
    days = [day for day in (created, paid_on) if day is not None]
    named = payer(element.child("insurer"), around) or covering
    payee = _payee(element, around)
    amount = information.amount("BPR02")
    paid = payment.money("amount")
    return Remittance(
        payer_id=named.payer_id,
        payer_name=named.name,
        trace_number=identifier.text("value"),
        payment=_first(amount, paid, ZERO),
        payment_date=first_day(paid_on, created),
        received_on=information.day("GS04") or (max(days) if days else None),
        payment_method=information.text("BPR04"),
        credit_or_debit=information.text("BPR03") or "C",
        payee_npi=payee.npi,
        payee_tax_id=payee.tax_id,
        payee_name=payee.name,
        trace_payer_id=information.text("TRN03"),
        source=source,
    )


def _payee(element: Element, around: Surroundings) -> Provider:
    """Who is paid: the payee where it is a provider, else the billing provider."""
    payee = element.child("payee")
    payee.skip("type")
    party = payee.child("party")
    billing = element.child("provider")
    address = party.text("reference")
    if party and not address.rpartition("/")[0].endswith(("Patient", "RelatedPerson")):
        billing.skip("reference", "identifier", "display", "type")
        return provider(party, around) or Provider()
    party.skip("reference", "identifier", "display", "type")
    return provider(billing, around) or Provider()


def _totals(
    said: Adjudicated,
    header: Adjudicated,
    services: tuple[ServicePayment, ...],
    payment: Element,
) -> Totals:
    """Of the whole claim, else of its lines."""
    charges = sum((each.charge for each in services), ZERO)
    payments = sum((each.paid for each in services), ZERO)
    charge = _first(said.submitted, header.submitted, charges)
    paid = _first(
        said.paid,
        header.paid,
        payments if services else payment.money("amount") or ZERO,
    )
    owed = sum(
        (
            adjustment.amount
            for each in services
            for adjustment in each.adjustments
            if adjustment.group_code == "PR"
        ),
        ZERO,
    )
    return Totals(charge, paid, _first(said.member_liability, owed))


def _status(
    responsibility: str, totals: Totals, header: Adjudicated, lines: AnsweredLines
) -> str:
    """CLP02: 4 only where the payer calls the whole claim denied."""
    if totals.charge < 0:
        return REVERSAL
    is_denied = header.is_denied or lines.all_denied
    if is_denied and not totals.paid and not totals.responsibility:
        return DENIED
    return _PROCESSED.get(responsibility, "1")


def _question_lines(element: Element, totals: Totals, lines: AnsweredLines) -> None:
    """Warn where the lines' charges do not add up to the claim's."""
    charged = sum((each.charge for each in lines.services), ZERO)
    if lines.services and charged != totals.charge:
        element.where.warn(
            "lines-do-not-add-up",
            f"the charges of {len(lines.services)} items add up to {charged}, total "
            f"states {totals.charge}",
            pointer=f"{element.pointer}/total",
            expected=str(charged),
            fix="ask the payer to explain the difference before posting",
        )


def _claim_adjustments(
    element: Element,
    header: Adjudicated,
    totals: Totals,
    services: tuple[ServicePayment, ...],
) -> tuple[ClaimAdjustment, ...]:
    """The adjustments of the claim apart from those of its lines.

    Amounts by category at the claim repeat those of the lines; reasons do not.
    """
    of_lines = [each for service in services for each in service.adjustments]
    said = header._replace(by_category=()) if of_lines else header
    explained = sum((each.amount for each in of_lines), ZERO)
    unpaid = totals.charge - totals.paid - explained
    return adjustments_of(said, unpaid=unpaid, place=element)


def _people(
    element: Element, information: Information, around: Surroundings
) -> dict[str, Any]:
    patient = person(around.follow(element.child("patient"), "Patient"))
    members = care_team(element, around)
    rendering = first_of_role(members, "rendering")
    return {
        "patient_last_name": patient.last_name,
        "patient_first_name": patient.first_name,
        "member_id": patient.member_id,
        "rendering_npi": rendering.npi if rendering is not None else "",
        "medical_record_number": information.text("medicalrecordnumber", "REF*EA")
        or patient.medical_record_number,
    }


def _claim_values(
    element: Element, information: Information, request: Element
) -> dict[str, Any]:
    numbers = identifiers(element)
    own = identifier_of(numbers, "uc", "FILL")
    period = element.child("billablePeriod")
    return {
        "patient_control_number": _number(element, information, request),
        "payer_claim_control_number": own or (numbers[0].value if numbers else ""),
        "place_of_service": information.text("CLP08"),
        "frequency_code": information.text("CLM05-3"),
        "corrected_member_id": information.text("NM1*74"),
        "crossover_payer_id": information.text("NM1*TT"),
        "crossover_payer_name": information.text("NM103*TT"),
        "received_by_payer_on": information.day("clmrecvddate"),
        "statement_from": period.day("start"),
        "statement_to": period.day("end"),
    }


def _first(*amounts: Decimal | None) -> Decimal:
    """The first amount that was said."""
    return next((amount for amount in amounts if amount is not None), ZERO)
