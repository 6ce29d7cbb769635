"""supportingInfo and careTeam, which Claim and ExplanationOfBenefit share."""

from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from denialml.domain.claim import Provider
from denialml.formats.fhir_codes import (
    CARE_TEAM_ROLE,
    CARIN_INFORMATION,
    FREQUENCY,
    PROVIDER_ROLE,
    TAXONOMY,
    X12_ELEMENT,
    first_code,
)
from denialml.formats.fhir_element import Element
from denialml.formats.fhir_parties import provider
from denialml.formats.fhir_resources import Surroundings

_HL7_ROLE: Final = "http://terminology.hl7.org/CodeSystem/claimcareteamrole"
# What a member of the care team is to the claim, by code of any of the three systems.
ROLES: Final = {
    "rendering": "rendering",
    "primary": "rendering",
    "performing": "rendering",
    "82": "rendering",
    "referring": "referring",
    "DN": "referring",
    "P3": "referring",
    "supervising": "supervising",
    "supervisor": "supervising",
    "DQ": "supervising",
}
CARIN_KEPT: Final = frozenset(
    {"patientaccountnumber", "medicalrecordnumber", "clmrecvddate", "servicefacility"}
)


class Said(NamedTuple):
    """One supportingInfo: what it is about, its text or day."""

    key: str
    value: str = ""
    day: date | None = None
    holder: Element | None = None


class Information:
    """The supportingInfo of a claim, those of single lines told apart.

    A key is a place in an X12 file (``CLM05-3``) or a category of CARIN.
    """

    def __init__(self, element: Element, items: list[Element]) -> None:
        self._by_sequence: dict[int, Said] = {}
        self._of_lines: set[int] = set()
        for item in items:
            self._of_lines.update(item.wholes("informationSequence"))
        self._of_claim: dict[str, Said] = {}
        for position, each in enumerate(element.children("supportingInfo"), start=1):
            sequence = each.whole("sequence") or position
            said = _said(each)
            if said is None:
                continue
            self._by_sequence.setdefault(sequence, said)
            if sequence not in self._of_lines or said.key == "CLM05-1":
                self._of_claim.setdefault(said.key, said)

    def text(self, *keys: str) -> str:
        """What the claim says under the first of these keys that it has."""
        for key in keys:
            if key in self._of_claim:
                return self._of_claim[key].value
        return ""

    def has(self, key: str) -> bool:
        """Whether the claim says anything under this key."""
        return key in self._of_claim

    def amount(self, key: str) -> Decimal | None:
        """The amount that the claim gives under this key."""
        holder = self.holder(key)
        if holder is None:
            return None
        quantity = holder.child("valueQuantity")
        quantity.skip("unit", "system", "code")
        return quantity.decimal("value")

    def day(self, key: str) -> date | None:
        """The day that the claim gives under this key."""
        said = self._of_claim.get(key)
        return said.day if said is not None else None

    def holder(self, key: str) -> Element | None:
        """The supportingInfo of the claim under this key."""
        said = self._of_claim.get(key)
        return said.holder if said is not None else None

    def of_line(self, item: Element) -> dict[str, str]:
        """What the information that an item points to says."""
        found: dict[str, str] = {}
        for sequence in item.wholes("informationSequence"):
            said = self._by_sequence.get(sequence)
            if said is not None:
                found.setdefault(said.key, said.value)
        return found


class Member(NamedTuple):
    """One member of the care team."""

    role: str
    provider: Provider


def care_team(element: Element, around: Surroundings) -> dict[int, Member]:
    """The members whose part in the claim is known, by their sequence."""
    members: dict[int, Member] = {}
    sent = element.children("careTeam")
    for position, each in enumerate(sent, start=1):
        each.skip("responsible")
        codings = each.codings("role")
        code = first_code(codings, CARE_TEAM_ROLE, _HL7_ROLE, PROVIDER_ROLE)
        role = ROLES.get(code, "rendering" if not codings and len(sent) == 1 else "")
        named = provider(each.child("provider"), around)
        taxonomy = first_code(each.codings("qualification"), TAXONOMY)
        sequence = each.whole("sequence") or position
        if named is None:
            continue
        if not role:
            _warn_role(each)
            continue
        if taxonomy and not named.taxonomy_code:
            named = Provider(
                name=named.name,
                first_name=named.first_name,
                middle_name=named.middle_name,
                npi=named.npi,
                taxonomy_code=taxonomy,
                tax_id=named.tax_id,
                address=named.address,
            )
        members.setdefault(sequence, Member(role, named))
    return members


def first_of_role(members: dict[int, Member], role: str) -> Provider | None:
    """The provider of the lowest sequence in that role."""
    for sequence in sorted(members):
        if members[sequence].role == role:
            return members[sequence].provider
    return None


def _said(each: Element) -> Said | None:
    each.skip("timingPeriod", "reason")
    categories, codes = each.codings("category"), each.codings("code")
    key = first_code(categories, X12_ELEMENT)
    carin = first_code(categories, CARIN_INFORMATION)
    if not key and carin in CARIN_KEPT:
        key = carin
    value = each.text("valueString")
    if not key and (frequency := first_code(codes, FREQUENCY)):
        key, value = "CLM05-3", frequency
    if key:
        each.skip("valueReference", "valueQuantity")
        return Said(key, value, each.day("timingDate"), each)
    each.skip("timingDate", "valueQuantity", "valueBoolean", "valueReference")
    each.skip("valueAttachment")
    kind = categories[0].code if categories else "none"
    shown = kind if kind.isidentifier() and kind.isascii() else "other"
    each.where.warn_once(
        "element-not-read",
        f"{each.path} of the category {shown} is not read; what it says was lost",
        kind=f"{each.path} {shown}",
        pointer=each.pointer,
        expected="the categories listed in docs/fhir.md",
        fix="nothing, where claims and answers do not need it",
    )
    return None


def _warn_role(each: Element) -> None:
    each.where.warn_once(
        "element-not-read",
        f"{each.path} of a role that is not known is not read",
        kind=f"{each.path} role",
        pointer=each.pointer,
        expected="rendering, primary, referring, supervising or supervisor",
        fix="say the role by CARIN's or HL7's code",
    )
