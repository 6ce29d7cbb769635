"""Writes claim payments as FHIR R4 ExplanationOfBenefit, one self-contained a line."""

from collections.abc import Iterable

from denialml.domain.claim import Patient, Provider
from denialml.domain.remittance import ClaimPayment, ServicePayment
from denialml.formats.fhir_codes import (
    CARE_TEAM_ROLE,
    CARIN_DISCRIMINATOR,
    CARIN_IDENTIFIER,
    CARIN_INFORMATION,
    CPT,
    FILING,
    FREQUENCY,
    HCPCS,
    NPI,
)
from denialml.formats.fhir_writing import (
    PROFESSIONAL,
    Contained,
    Information,
    Json,
    amount_of,
    concept,
    dollars,
    reasons_of,
    serviced,
    to_ndjson,
)


def write_fhir_answers(payments: Iterable[ClaimPayment]) -> bytes:
    """NDJSON of ExplanationOfBenefit resources that contain what they refer to.

    What is read back equals what was written, as far as docs/fhir.md says; the source
    and the number of the X12 transaction never do.
    """
    return to_ndjson(_AnswerWriter(payment).resource() for payment in payments)


class _AnswerWriter:
    """Builds one resource."""

    def __init__(self, payment: ClaimPayment) -> None:
        self._payment = payment
        self._contained = Contained()
        self._information = Information()
        self._added: list[Json] = []

    def resource(self) -> Json:
        payment, remittance = self._payment, self._payment.remittance
        patient = self._contained.person(
            Patient(
                last_name=payment.patient_last_name,
                first_name=payment.patient_first_name,
            ),
            medical_record_number=payment.medical_record_number,
        )
        payer = self._contained.payer(remittance.payer_id, remittance.payer_name)
        payee = Provider(
            name=remittance.payee_name,
            npi=remittance.payee_npi,
            tax_id=remittance.payee_tax_id,
        )
        self._add_information()
        number = payment.payer_claim_control_number
        body: Json = {
            "resourceType": "ExplanationOfBenefit",
            "contained": self._contained.resources,
            "identifier": [{"type": concept(CARIN_IDENTIFIER, "uc"), "value": number}]
            if number
            else [],
            "status": "active",
            "type": PROFESSIONAL,
            "use": "claim",
            "patient": patient,
            "billablePeriod": {
                "start": payment.statement_from,
                "end": payment.statement_to,
            },
            "created": remittance.received_on,
            "insurer": payer,
            "provider": self._contained.provider(payee),
            "outcome": "complete",
            "careTeam": self._care_team(),
            "insurance": [{"focal": True, "coverage": self._coverage(patient, payer)}],
            "item": [
                self._item(sequence, each)
                for sequence, each in enumerate(payment.service_payments, start=1)
            ],
            "addItem": self._added,
            "adjudication": reasons_of(payment.adjustments, payment.remark_codes),
            "total": [
                amount_of("submitted", payment.charge),
                amount_of("benefit", payment.paid),
                amount_of("memberliability", payment.patient_responsibility),
            ],
            "payment": {
                "date": remittance.payment_date,
                "amount": dollars(payment.paid),
                "identifier": {"value": remittance.trace_number},
            },
        }
        body["supportingInfo"] = self._information.entries
        return body

    def _add_information(self) -> None:
        payment, remittance = self._payment, self._payment.remittance
        information = self._information
        number = payment.patient_control_number
        if number:
            information.add("patientaccountnumber", number, system=CARIN_INFORMATION)
        if payment.received_by_payer_on is not None:
            information.add(
                "clmrecvddate",
                system=CARIN_INFORMATION,
                timingDate=payment.received_by_payer_on,
            )
        if remittance.received_on is not None:
            information.add("GS04", timingDate=remittance.received_on)
        information.add("BPR02", valueQuantity={"value": remittance.payment})
        if payment.frequency_code:
            code = concept(FREQUENCY, payment.frequency_code)
            information.add("CLM05-3", payment.frequency_code, code=code)
        credit = remittance.credit_or_debit
        information.add_all(
            {
                "BPR03": "" if credit == "C" else credit,
                "BPR04": remittance.payment_method,
                "TRN03": remittance.trace_payer_id,
                "CLP02": payment.status_code,
                "CLP08": payment.place_of_service,
                "NM1*74": payment.corrected_member_id,
                "NM1*TT": payment.crossover_payer_id,
                "NM103*TT": payment.crossover_payer_name,
            }
        )

    def _care_team(self) -> list[Json]:
        npi = self._payment.rendering_npi
        if not npi:
            return []
        return [
            {
                "sequence": 1,
                "provider": {"identifier": {"system": NPI, "value": npi}},
                "role": concept(CARE_TEAM_ROLE, "rendering"),
            }
        ]

    def _coverage(self, patient: Json, payer: Json) -> Json:
        coverage = {
            "status": "active",
            "type": concept(FILING, self._payment.claim_filing_code),
            "subscriberId": self._payment.member_id,
            "beneficiary": patient,
            "payor": [payer],
        }
        return self._contained.add("Coverage", coverage)

    def _item(self, sequence: int, service: ServicePayment) -> Json:
        """The item; a code that the payer changed stands in an added item beside it."""
        said = []
        if service.line_control_number:
            said.append(self._information.add("REF*6R", service.line_control_number))
        item: Json = {"sequence": sequence, "informationSequence": said}
        item["quantity"] = (
            None
            if service.units_submitted is None
            else {"value": service.units_submitted}
        )
        decided = {
            **_service(service.procedure_code, service.modifiers),
            **serviced(service.service_date, None),
        }
        adjudication = _adjudication(service)
        if not service.submitted_procedure_code:
            return item | decided | {"adjudication": adjudication}
        self._added.append(
            {"itemSequence": [sequence]} | decided | {"adjudication": adjudication}
        )
        return item | _service(
            service.submitted_procedure_code, service.submitted_modifiers
        )


def _service(code: str, modifiers: tuple[str, ...]) -> Json:
    system = CPT if code[:1].isdigit() else HCPCS
    return {
        "productOrService": concept(system, code),
        "modifier": [concept(system, each) for each in modifiers],
    }


def _adjudication(service: ServicePayment) -> list[Json | None]:
    units = service.units_paid
    return [
        amount_of("submitted", service.charge),
        amount_of("benefit", service.paid),
        amount_of("eligible", service.allowed),
        None
        if units is None
        else {"category": concept(CARIN_DISCRIMINATOR, "allowedunits"), "value": units},
        *reasons_of(service.adjustments, service.remark_codes),
    ]
