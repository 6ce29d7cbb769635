"""Writes claims as FHIR R4 Claim resources, one self-contained resource a line."""

from collections.abc import Iterable
from typing import Any, Final

from denialml.domain.claim import Claim, Diagnosis, OtherPayer, Provider, ServiceLine
from denialml.errors import InputError
from denialml.formats.fhir_claim_parts import CODE_FIELDS
from denialml.formats.fhir_codes import (
    ACCIDENTS,
    ACT_CODE,
    CARE_TEAM_ROLE,
    COVERAGE_CLASS,
    CPT,
    DIAGNOSIS_TYPE,
    FILING,
    FREQUENCY,
    HCPCS,
    ICD_9_CM,
    ICD_10_CM,
    INSURANCE_TYPE,
    PLACE,
    PRIORITY,
    RELATED_CLAIM,
    RELATIONSHIP,
    RELATIONSHIPS,
    UNIT_BASIS,
    X12_RELATIONSHIP,
)
from denialml.formats.fhir_parties import RESPONSIBILITIES
from denialml.formats.fhir_writing import (
    PROFESSIONAL,
    Contained,
    Information,
    Json,
    amount_of,
    concept,
    dollars,
    number_of,
    reasons_of,
    serviced,
    to_ndjson,
)

_DEFAULTS: Final = {"CLM05-2": "B", "CLM06": "Y", "CLM07": "A", "CLM08": "Y"} | {
    "CLM09": "Y"
}
_INCIDENTS: Final = {cause: code for code, cause in ACCIDENTS.items()}
_RELATIONS: Final = {code: name for name, code in reversed(RELATIONSHIPS.items())}


def write_fhir_claims(claims: Iterable[Claim]) -> bytes:
    """NDJSON of Claim resources that contain what they refer to.

    What is read back equals what was written, as far as docs/fhir.md says; the source
    never does.

    Raises:
        InputError: a line is billed under another qualifier than HC.
    """
    return to_ndjson(_ClaimWriter(claim).resource() for claim in claims)


class _ClaimWriter:
    """Builds one resource."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._contained = Contained()
        self._information = Information()
        self._care_team: list[Json] = []

    def resource(self) -> Json:
        claim = self._claim
        person = claim.patient or claim.subscriber
        patient = self._contained.person(
            person, medical_record_number=claim.medical_record_number
        )
        payer = self._contained.payer(
            claim.payer.payer_id, claim.payer.name, claim.payer.address
        )
        self._add_member("rendering", claim.rendering_provider)
        self._add_member("referring", claim.referring_provider)
        self._add_member("supervising", claim.supervising_provider)
        self._add_codes()
        body: Json = {
            "resourceType": "Claim",
            "contained": self._contained.resources,
            "identifier": [number_of("PLAC", claim.patient_control_number)],
            "status": "active",
            "type": PROFESSIONAL,
            "use": "claim",
            "patient": patient,
            "created": claim.submitted_on,
            "insurer": payer,
            "provider": self._contained.provider(claim.billing_provider),
            "priority": concept(PRIORITY, "normal"),
            "related": self._related(),
            "referral": {"identifier": {"value": claim.referral_number}},
            "diagnosis": [
                _diagnosis(sequence, each)
                for sequence, each in enumerate(claim.diagnoses, start=1)
            ],
            "accident": self._accident(),
            "total": dollars(claim.total_charge),
        }
        if claim.service_facility is not None:
            body["facility"] = self._contained.provider(claim.service_facility)
        body["insurance"] = self._insurance(patient, payer)
        place = self._place()
        body["item"] = [self._item(line, place) for line in claim.lines]
        body["careTeam"] = self._care_team
        body["supportingInfo"] = self._information.entries
        return body

    def _add_member(self, role: str, provider: Provider | None) -> int:
        if provider is None:
            return 0
        sequence = len(self._care_team) + 1
        self._care_team.append(
            {
                "sequence": sequence,
                "provider": self._contained.provider(provider),
                "role": concept(CARE_TEAM_ROLE, role),
            }
        )
        return sequence

    def _add_codes(self) -> None:
        """What X12 says and FHIR has no element for."""
        claim, information = self._claim, self._information
        for key, field in CODE_FIELDS.items():
            value = getattr(claim, field)
            if value != _DEFAULTS[key]:
                information.add(key, value)
        if claim.frequency_code != "1" or claim.original_payer_claim_control_number:
            code = concept(FREQUENCY, claim.frequency_code)
            information.add("CLM05-3", claim.frequency_code, code=code)
        if claim.patient_paid is not None:
            information.add("AMT*F5", valueQuantity={"value": claim.patient_paid})
        causes = ":".join(claim.related_cause_codes)
        information.add_all({"CLM11": causes, "NTE": claim.note})

    def _related(self) -> list[Json]:
        number = self._claim.original_payer_claim_control_number
        if not number:
            return []
        relationship = concept(RELATED_CLAIM, "prior")
        return [{"relationship": relationship, "reference": {"value": number}}]

    def _accident(self) -> Json | None:
        claim = self._claim
        if claim.accident_date is None:
            return None
        causes = claim.related_cause_codes
        incident = _INCIDENTS.get(causes[0], "") if causes else ""
        return {"date": claim.accident_date, "type": concept(ACT_CODE, incident)}

    def _insurance(self, patient: Json, payer: Json) -> list[Json]:
        claim, subscriber = self._claim, self._claim.subscriber
        holder, relationship = patient, subscriber.relationship_code
        if claim.patient is not None:
            holder = self._contained.person(subscriber)
            relationship = claim.patient.relationship_code
        kinds = [
            {"system": FILING, "code": subscriber.claim_filing_code},
            {"system": INSURANCE_TYPE, "code": subscriber.insurance_type_code},
        ]
        coverage = {
            "status": "active",
            "type": {"coding": [each for each in kinds if each["code"]]},
            "subscriber": holder,
            "subscriberId": subscriber.member_id,
            "beneficiary": patient,
            "relationship": _relationship(relationship),
            "payor": [payer],
            "class": [
                _class("group", subscriber.group_number),
                _class("plan", subscriber.plan_name),
            ],
            "order": _order(subscriber.payer_responsibility_code),
        }
        focal: Json = {
            "sequence": 1,
            "focal": True,
            "coverage": self._contained.add("Coverage", coverage),
            "preAuthRef": [claim.prior_authorization_number],
        }
        return [
            focal,
            *(
                self._other_insurance(sequence, other, patient)
                for sequence, other in enumerate(claim.other_payers, start=2)
            ),
        ]

    def _other_insurance(self, sequence: int, other: OtherPayer, patient: Json) -> Json:
        payer = self._contained.payer(other.payer_id, other.name)
        coverage = {
            "status": "active",
            "type": concept(FILING, other.claim_filing_code),
            "subscriberId": other.member_id,
            "beneficiary": patient,
            "relationship": _relationship(other.relationship_code),
            "payor": [payer],
            "order": _order(other.payer_responsibility_code),
        }
        entry: Json = {
            "sequence": sequence,
            "focal": False,
            "coverage": self._contained.add("Coverage", coverage),
        }
        if (other.paid, other.adjudicated_on, other.adjustments) != (None, None, ()):
            answer = {
                "status": "active",
                "type": PROFESSIONAL,
                "use": "claim",
                "patient": patient,
                "created": other.adjudicated_on,
                "insurer": payer,
                "outcome": "complete",
                "adjudication": reasons_of(other.adjustments),
                "total": [amount_of("benefit", other.paid)],
            }
            entry["claimResponse"] = self._contained.add("ClaimResponse", answer)
        return entry

    def _place(self) -> int:
        """The sequence of the information that holds the claim's own place."""
        return self._information.add("CLM05-1", self._claim.place_of_service)

    def _item(self, line: ServiceLine, place: int) -> Json:
        if line.procedure_qualifier != "HC":
            message = "only lines of the qualifier HC can be written as FHIR"
            raise InputError(message)
        carried = {
            "SV101-7": line.description,
            "REF*6R": line.line_control_number,
            "REF*G1": line.prior_authorization_number,
            "NTE": line.note,
        }
        said = [
            self._information.add(key, value) for key, value in carried.items() if value
        ]
        if not line.place_of_service:
            said.append(place)
        rendering = self._add_member("rendering", line.rendering_provider)
        system = CPT if line.procedure_code[:1].isdigit() else HCPCS
        where = line.place_of_service or self._claim.place_of_service
        item: Json = {
            "sequence": line.line_number,
            "careTeamSequence": [rendering] if rendering else [],
            "diagnosisSequence": line.diagnosis_pointers,
            "informationSequence": said,
            "productOrService": concept(system, line.procedure_code),
            "modifier": [concept(system, code) for code in line.modifiers],
            "locationCodeableConcept": concept(PLACE, where),
            "quantity": _quantity(line),
            "net": dollars(line.charge),
        }
        return item | serviced(line.service_date, line.service_date_end)


def _diagnosis(sequence: int, diagnosis: Diagnosis) -> Json:
    code = diagnosis.code
    is_old = diagnosis.qualifier in ("BK", "BF")
    if not is_old and len(code) > 3:
        code = f"{code[:3]}.{code[3:]}"
    is_principal = diagnosis.qualifier in ("ABK", "BK")
    return {
        "sequence": sequence,
        "diagnosisCodeableConcept": concept(ICD_9_CM if is_old else ICD_10_CM, code),
        "type": [concept(DIAGNOSIS_TYPE, "principal")] if is_principal else [],
    }


def _quantity(line: ServiceLine) -> dict[str, Any]:
    return {
        "value": line.units,
        "unit": line.unit_basis,
        "system": UNIT_BASIS,
        "code": line.unit_basis,
    }


def _class(kind: str, value: str) -> Json | None:
    return {"type": concept(COVERAGE_CLASS, kind), "value": value} if value else None


def _relationship(code: str) -> Json | None:
    """X12's code beside the one of FHIR that comes nearest."""
    if not code:
        return None
    codings = [{"system": X12_RELATIONSHIP, "code": code}]
    if code in _RELATIONS:
        codings.append({"system": RELATIONSHIP, "code": _RELATIONS[code]})
    return {"coding": codings}


def _order(responsibility_code: str) -> int | None:
    if responsibility_code not in RESPONSIBILITIES:
        return None
    return RESPONSIBILITIES.index(responsibility_code) + 1
