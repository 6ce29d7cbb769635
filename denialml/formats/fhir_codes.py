"""Code systems of FHIR resources, whatever address their sender gives them.

What X12 says and FHIR has no element for is carried under `X12_ELEMENT`: a system of
our own whose codes are the places of the value in an 837P or 835 (``CLM05-3``).
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

X12_ELEMENT: Final = "urn:denialml:x12"

NPI: Final = "http://hl7.org/fhir/sid/us-npi"
EIN: Final = "urn:oid:2.16.840.1.113883.4.4"
NAIC: Final = "urn:oid:2.16.840.1.113883.6.300"
ICD_10_CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
ICD_9_CM: Final = "http://hl7.org/fhir/sid/icd-9-cm"
CPT: Final = "http://www.ama-assn.org/go/cpt"
HCPCS: Final = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
TAXONOMY: Final = "http://nucc.org/provider-taxonomy"
PLACE: Final = (
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/"
    "Place_of_Service_Code_Set"
)
REASON: Final = "https://x12.org/codes/claim-adjustment-reason-codes"
REMARK: Final = "https://x12.org/codes/remittance-advice-remark-codes"
GROUP: Final = "https://x12.org/codes/claim-adjustment-group-codes"
UCUM: Final = "http://unitsofmeasure.org"

_HL7 = "http://terminology.hl7.org/CodeSystem"
CLAIM_TYPE: Final = f"{_HL7}/claim-type"
ADJUDICATION: Final = f"{_HL7}/adjudication"
IDENTIFIER_TYPE: Final = f"{_HL7}/v2-0203"
COVERAGE_CLASS: Final = f"{_HL7}/coverage-class"
RELATIONSHIP: Final = f"{_HL7}/subscriber-relationship"
RELATED_CLAIM: Final = f"{_HL7}/ex-relatedclaimrelationship"
DIAGNOSIS_TYPE: Final = f"{_HL7}/ex-diagnosistype"
PAYEE_TYPE: Final = f"{_HL7}/payeetype"
PRIORITY: Final = f"{_HL7}/processpriority"
ACT_CODE: Final = f"{_HL7}/v3-ActCode"

_CARIN = "http://hl7.org/fhir/us/carin-bb/CodeSystem"
CARE_TEAM_ROLE: Final = f"{_CARIN}/C4BBClaimCareTeamRole"
CARIN_ADJUDICATION: Final = f"{_CARIN}/C4BBAdjudication"
CARIN_DISCRIMINATOR: Final = f"{_CARIN}/C4BBAdjudicationDiscriminator"
CARIN_INFORMATION: Final = f"{_CARIN}/C4BBSupportingInfoType"
CARIN_IDENTIFIER: Final = f"{_CARIN}/C4BBIdentifierType"
CARIN_COVERAGE: Final = (
    "http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Coverage"
)

_PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
PAS_TRACE_NUMBER: Final = f"{_PAS}/extension-itemTraceNumber"
PAS_AUTHORIZATION: Final = f"{_PAS}/extension-authorizationNumber"

FILING: Final = "https://codesystem.x12.org/005010/1032"
INSURANCE_TYPE: Final = "https://codesystem.x12.org/005010/1336"
X12_RELATIONSHIP: Final = "https://codesystem.x12.org/005010/1069"
FREQUENCY: Final = "https://codesystem.x12.org/005010/1325"
UNIT_BASIS: Final = "https://codesystem.x12.org/005010/355"
PROVIDER_ROLE: Final = "https://codesystem.x12.org/005010/98"
SERVICE_TYPE: Final = "https://codesystem.x12.org/005010/1365"
REJECT_REASON: Final = "https://codesystem.x12.org/005010/901"

# What senders write for one and the same code system, without scheme, www and case.
_ALIASES: Final = {
    "oid:2.16.840.1.113883.4.6": NPI,
    "hl7.org/fhir/sid/us-ein": EIN,
    "terminology.hl7.org/namingsystem/usein": EIN,
    "oid:2.16.840.1.113883.6.90": ICD_10_CM,
    "cms.gov/medicare/coding/icd10": ICD_10_CM,
    # Versions of BFD and Synthea give the WHO's address to codes of the US edition.
    "hl7.org/fhir/sid/icd-10": ICD_10_CM,
    "oid:2.16.840.1.113883.6.103": ICD_9_CM,
    "cms.gov/medicare/coding/icd9": ICD_9_CM,
    "oid:2.16.840.1.113883.6.12": CPT,
    "oid:2.16.840.1.113883.6.285": HCPCS,
    "oid:2.16.840.1.113883.6.14": HCPCS,
    "terminology.hl7.org/codesystem/hcpcs": HCPCS,
    "hl7.org/fhir/sid/hcpcs": HCPCS,
    "bluebutton.cms.gov/resources/codesystem/hcpcs": HCPCS,
    "codes.medicare.gov/hcpcs": HCPCS,
    "oid:2.16.840.1.113883.6.101": TAXONOMY,
    "oid:2.16.840.1.113883.6.50": PLACE,
    "terminology.hl7.org/codesystem/ex-serviceplace": PLACE,
    "hl7.org/fhir/ex-serviceplace": PLACE,
    "cms.gov/medicare/coding/place-of-service-codes": PLACE,
    "codesystem.x12.org/005010/1331": PLACE,
    "codesystem.x12.org/005010/1034": REASON,
    "codesystem.x12.org/external/139": REASON,
    "codesystem.x12.org/external/411": REMARK,
    "codesystem.x12.org/005010/1033": GROUP,
    "x12.org/codes/service-type-codes": SERVICE_TYPE,
    "x12.org/codes/insurance-type-codes": INSURANCE_TYPE,
    "hl7.org/fhir/claimcareteamrole": f"{_HL7}/claimcareteamrole",
    "hl7.org/fhir/ex-claimtype": CLAIM_TYPE,
    "hl7.org/fhir/adjudication": ADJUDICATION,
}
_KNOWN: Final = (
    *(NPI, EIN, NAIC, ICD_10_CM, ICD_9_CM, CPT, HCPCS, TAXONOMY, PLACE),
    *(REASON, REMARK, GROUP, UCUM, CLAIM_TYPE, ADJUDICATION, IDENTIFIER_TYPE),
    *(COVERAGE_CLASS, RELATIONSHIP, RELATED_CLAIM, DIAGNOSIS_TYPE, PAYEE_TYPE),
    *(ACT_CODE, CARE_TEAM_ROLE, CARIN_ADJUDICATION, CARIN_DISCRIMINATOR),
    *(CARIN_INFORMATION, CARIN_IDENTIFIER, FILING, INSURANCE_TYPE),
    *(X12_RELATIONSHIP, FREQUENCY, UNIT_BASIS, PROVIDER_ROLE, SERVICE_TYPE),
    *(REJECT_REASON, X12_ELEMENT),
)
_SCHEME = re.compile(r"(?:https?://|urn:)(?:www\.)?", re.IGNORECASE)

# X12 element 1069 by the subscriber-relationship of FHIR.
RELATIONSHIPS: Final = {
    "self": "18",
    "spouse": "01",
    "child": "19",
    "parent": "G8",
    "common": "53",
    "other": "G8",
    "injured": "41",
}
GENDERS: Final = {"female": "F", "male": "M", "other": "U", "unknown": "U"}
# CLM11 by the incident code of v3-ActCode; any other accident is OA.
ACCIDENTS: Final = {"MVA": "AA", "WPA": "EM"}
OTHER_ACCIDENT: Final = "OA"


class Coding(NamedTuple):
    """A code and the address of its system as this module spells it."""

    system: str
    code: str


def coding_of(system: str, code: str) -> Coding:
    """A coding with its system's address normalized; a version is cut off."""
    return Coding(_system(system), code)


def first_code(codings: tuple[Coding, ...], *systems: str) -> str:
    """The first code of one of these systems, in their order; empty without one."""
    for system in systems:
        for coding in codings:
            if coding.system == system:
                return coding.code
    return ""


def any_code(codings: tuple[Coding, ...]) -> str:
    """The first code of whatever system."""
    return codings[0].code if codings else ""


@lru_cache(maxsize=4096)
def _system(sent: str) -> str:
    bare = _bare(sent.partition("|")[0])
    return _BY_BARE.get(bare) or _ALIASES.get(bare) or sent


def _bare(system: str) -> str:
    return _SCHEME.sub("", system, count=1).rstrip("/").casefold()


_BY_BARE: Final = {_bare(system): system for system in _KNOWN}
