"""People and organizations of FHIR resources: patients, providers, payers, coverage."""

from datetime import date
from typing import Final, NamedTuple

from denialml.domain.claim import Address, ClaimPayer, Provider
from denialml.formats.fhir_codes import (
    COVERAGE_CLASS,
    EIN,
    FILING,
    GENDERS,
    INSURANCE_TYPE,
    NAIC,
    NPI,
    RELATIONSHIP,
    RELATIONSHIPS,
    TAXONOMY,
    X12_RELATIONSHIP,
    coding_of,
    first_code,
)
from denialml.formats.fhir_element import Element
from denialml.formats.fhir_resources import Surroundings

# Elements that neither claims nor answers need; docs/fhir.md lists them.
IGNORED: Final = {
    "Patient": (
        *("active", "telecom", "deceasedBoolean", "deceasedDateTime"),
        *("maritalStatus", "multipleBirthBoolean", "multipleBirthInteger", "photo"),
        *("contact", "communication", "generalPractitioner", "managingOrganization"),
        "link",
    ),
    "RelatedPerson": (
        *("active", "patient", "relationship", "telecom", "photo", "period"),
        "communication",
    ),
    "Practitioner": (
        *("active", "telecom", "gender", "birthDate", "photo", "communication"),
    ),
    "PractitionerRole": (
        *("active", "period", "code", "location", "healthcareService", "telecom"),
        *("availableTime", "notAvailable", "availabilityExceptions", "endpoint"),
    ),
    "Organization": ("active", "alias", "telecom", "partOf", "contact", "endpoint"),
    "Location": (
        *("status", "operationalStatus", "alias", "description", "mode", "type"),
        *("telecom", "physicalType", "position", "managingOrganization", "partOf"),
        *("hoursOfOperation", "availabilityExceptions", "endpoint"),
    ),
    "Coverage": (
        *("status", "policyHolder", "dependent", "network", "costToBeneficiary"),
        *("subrogation", "contract", "period"),
    ),
    "Address": ("use", "type", "text", "district", "period"),
    "HumanName": ("use", "text", "prefix", "suffix", "period"),
    "Identifier": ("use", "period", "assigner"),
}
PROVIDERS: Final = ("Organization", "Practitioner", "PractitionerRole")
# Coverage.order and Claim.insurance.sequence as SBR01 says it.
RESPONSIBILITIES: Final = ("P", "S", "T", "A", "B", "C", "D", "E", "F", "G", "H")


class Person(NamedTuple):
    """A Patient or RelatedPerson."""

    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    birth_date: date | None = None
    gender: str = ""
    address: Address | None = None
    member_id: str = ""
    medical_record_number: str = ""


class Insurance(NamedTuple):
    """A Coverage: who is insured, with whom, as what.

    `relationship_code` is X12 element 1069, `payer_responsibility_code` SBR01; both
    are empty where the resource does not say.
    """

    element: Element
    payer: ClaimPayer
    member_id: str = ""
    relationship_code: str = ""
    payer_responsibility_code: str = ""
    claim_filing_code: str = ""
    insurance_type_code: str = ""
    group_number: str = ""
    plan_name: str = ""


class Identified(NamedTuple):
    """One Identifier: the codes of its type, its system as codes spell it, its value"""

    types: tuple[str, ...]
    system: str
    value: str


def identifiers(element: Element, name: str = "identifier") -> list[Identified]:
    """The identifiers of a resource that have a value."""
    found = []
    for each in element.children(name):
        each.skip(*IGNORED["Identifier"])
        types = tuple(coding.code for coding in each.codings("type"))
        system = coding_of(each.text("system"), "").system
        value = each.text("value")
        if value:
            found.append(Identified(types, system, value))
    return found


def identifier_of(
    numbers: list[Identified], *types: str, systems: tuple[str, ...] = ()
) -> str:
    """The value of the first identifier of one of these types or systems."""
    for wanted in types:
        for number in numbers:
            if wanted in number.types:
                return number.value
    for number in numbers:
        if number.system in systems:
            return number.value
    return ""


def logical_number(reference: Element) -> str:
    """The value of a Reference.identifier."""
    identifier = reference.child("identifier")
    identifier.skip(*IGNORED["Identifier"], "type", "system")
    return identifier.text("value")


def person(element: Element) -> Person:
    """A Patient or RelatedPerson; an empty person of an empty element."""
    if not element:
        return Person()
    element.skip(*IGNORED.get(element.path, ()))
    last, first, middle = _name(element)
    numbers = identifiers(element)
    gender = element.text("gender")
    found = Person(
        last_name=last,
        first_name=first,
        middle_name=middle,
        birth_date=element.day("birthDate"),
        gender=GENDERS.get(gender, ""),
        address=address(element),
        member_id=identifier_of(numbers, "MB", "MC"),
        medical_record_number=identifier_of(numbers, "MR"),
    )
    element.close()
    return found


def provider(reference: Element, around: Surroundings) -> Provider | None:
    """Who a reference names; None where it was not sent or says nothing."""
    if not reference:
        return None
    found = around.follow(reference, *PROVIDERS, "Location")
    if not found:
        number, name = logical_number(reference), reference.text("display")
        return Provider(name=name, npi=number) if number or name else None
    if found.path == "PractitionerRole":
        return _role(found, around.of(found))
    return _provider(found)


def payer(reference: Element, around: Surroundings) -> ClaimPayer | None:
    """The payer that a reference names; None where it was not sent."""
    if not reference:
        return None
    found = around.follow(reference, "Organization", "Patient", "RelatedPerson")
    if found.path != "Organization":
        name = reference.text("display")
        return ClaimPayer(payer_id=logical_number(reference), name=name)
    found.skip(*IGNORED["Organization"], "type")
    numbers = identifiers(found)
    payer_id = identifier_of(numbers, "payerid", "NIIP", systems=(NAIC,))
    if not payer_id and numbers:
        payer_id = numbers[0].value
    named = ClaimPayer(
        payer_id=payer_id, name=found.text("name"), address=address(found)
    )
    found.close()
    return named


def insurance(reference: Element, around: Surroundings) -> Insurance:
    """What the Coverage that a reference names says; empty where it is not there."""
    found = around.follow(reference, "Coverage") if reference else reference
    nobody = ClaimPayer(payer_id="")
    if not found:
        return Insurance(element=found, payer=nobody)
    return coverage(found, around.of(found))


def coverage(found: Element, around: Surroundings) -> Insurance:
    """What a Coverage says; the caller closes it."""
    found.skip(*IGNORED["Coverage"])
    kinds = found.codings("type")
    order = found.whole("order")
    payors = [payer(each, around) for each in found.children("payor")[:1]]
    classes = _classes(found)
    named = payors[0] if payors and payors[0] is not None else ClaimPayer(payer_id="")
    number, numbers = found.text("subscriberId"), identifiers(found)
    return Insurance(
        element=found,
        payer=named,
        member_id=number or identifier_of(numbers, "MB", "MC"),
        relationship_code=relationship(found),
        payer_responsibility_code=responsibility(order),
        claim_filing_code=first_code(kinds, FILING),
        insurance_type_code=first_code(kinds, INSURANCE_TYPE),
        group_number=classes.get("group", ("", ""))[0],
        plan_name=classes.get("plan", ("", ""))[1],
    )


def relationship(element: Element) -> str:
    """The member's relationship to the subscriber as X12 element 1069."""
    codings = element.codings("relationship")
    own = first_code(codings, X12_RELATIONSHIP)
    return own or RELATIONSHIPS.get(first_code(codings, RELATIONSHIP), "")


def responsibility(order: int | None) -> str:
    """SBR01 of the first, second ... payer; empty where the order is not known."""
    if order is None or not 1 <= order <= len(RESPONSIBILITIES):
        return ""
    return RESPONSIBILITIES[order - 1]


def address(element: Element) -> Address | None:
    """The first address of a resource (the only one of a Location)."""
    given = element.get("address")
    found = (
        element.children("address")
        if isinstance(given, list)
        else [element.child("address")]
    )
    for each in found[:1]:
        if not each:
            return None
        each.skip(*IGNORED["Address"])
        lines = each.texts("line")
        return Address(
            street=lines[0] if lines else "",
            street_2=" ".join(lines[1:]),
            city=each.text("city"),
            state=each.text("state"),
            postal_code=each.text("postalCode"),
            country=each.text("country"),
        )
    return None


def _name(element: Element) -> tuple[str, str, str]:
    """Last, first and middle name: the official one, else the first."""
    names = element.children("name")
    for each in names:
        each.skip(*IGNORED["HumanName"], "family", "given")
    official = [each for each in names if each.get("use") == "official"]
    for each in (official or names)[:1]:
        given = each.texts("given")
        return each.text("family"), given[0] if given else "", " ".join(given[1:])
    return "", "", ""


def _classes(found: Element) -> dict[str, tuple[str, str]]:
    """Value and name of the classes of a Coverage, by the code of their type."""
    classes: dict[str, tuple[str, str]] = {}
    for each in found.children("class"):
        kind = first_code(each.codings("type"), COVERAGE_CLASS)
        value, name = each.text("value"), each.text("name")
        classes.setdefault(kind, (value, name or value))
    return classes


def _provider(found: Element) -> Provider:
    """An Organization, Practitioner or Location."""
    found.skip(*IGNORED[found.path])
    numbers = identifiers(found)
    name, first, middle = "", "", ""
    taxonomy = ""
    if found.path == "Practitioner":
        name, first, middle = _name(found)
        for qualification in found.children("qualification"):
            qualification.skip("identifier", "period", "issuer")
            code = first_code(qualification.codings("code"), TAXONOMY)
            taxonomy = taxonomy or code
    else:
        name = found.text("name")
    if found.path == "Organization":
        taxonomy = first_code(found.codings("type"), TAXONOMY)
    named = Provider(
        name=name,
        first_name=first,
        middle_name=middle,
        npi=identifier_of(numbers, "NPI", "npi", systems=(NPI,)),
        taxonomy_code=taxonomy,
        tax_id=identifier_of(numbers, "TAX", "EI", systems=(EIN,)),
        address=address(found),
    )
    found.close()
    return named


def _role(found: Element, around: Surroundings) -> Provider | None:
    """A PractitionerRole: its practitioner with the specialty of the role."""
    found.skip(*IGNORED["PractitionerRole"])
    numbers = identifiers(found)
    specialty = first_code(found.codings("specialty"), TAXONOMY)
    holder = found.child("practitioner")
    other = found.child("organization")
    if holder:
        other.skip("reference", "identifier", "display", "type")
    target = around.follow(holder or other, "Practitioner", "Organization")
    named = _provider(target) if target else Provider()
    if not target:
        name = (holder or other).text("display")
        named = Provider(name=name, npi=logical_number(holder or other))
    found.close()
    return Provider(
        name=named.name,
        first_name=named.first_name,
        middle_name=named.middle_name,
        npi=named.npi or identifier_of(numbers, "NPI", "npi", systems=(NPI,)),
        taxonomy_code=specialty or named.taxonomy_code,
        tax_id=named.tax_id,
        address=named.address,
    )
