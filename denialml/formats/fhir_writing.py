"""What the FHIR writers share: contained resources, codes, people, amounts."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec

from denialml.domain.claim import Address, Patient, Provider, Subscriber
from denialml.domain.remittance import ClaimAdjustment
from denialml.formats.fhir_codes import (
    ADJUDICATION,
    CARIN_ADJUDICATION,
    CARIN_DISCRIMINATOR,
    CLAIM_TYPE,
    EIN,
    GENDERS,
    GROUP,
    IDENTIFIER_TYPE,
    NPI,
    REASON,
    REMARK,
    TAXONOMY,
    X12_ELEMENT,
)

Json = dict[str, Any]

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_GENDERS: Final = {code: name for name, code in GENDERS.items()}
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})
_LIABILITY: Final = frozenset({"memberliability"})
PROFESSIONAL: Final = {"coding": [{"system": CLAIM_TYPE, "code": "professional"}]}


def to_ndjson(resources: Iterable[Json]) -> bytes:
    """One resource a line, what is empty left out."""
    return b"".join(_ENCODER.encode(_sent(each)) + b"\n" for each in resources)


def concept(system: str, code: str) -> Json | None:
    """A CodeableConcept; None where there is no code."""
    return {"coding": [{"system": system, "code": code}]} if code else None


def dollars(amount: Decimal | None) -> Json | None:
    """A Money."""
    return None if amount is None else {"value": amount, "currency": "USD"}


def number_of(kind: str, value: str, *, system: str = "") -> Json | None:
    """An Identifier of a type of table 0203; None where there is no value."""
    if not value:
        return None
    return {
        "type": concept(IDENTIFIER_TYPE, kind),
        "system": system,
        "value": value,
    }


class Contained:
    """Collects the resources that one resource contains."""

    def __init__(self) -> None:
        self.resources: list[Json] = []

    def add(self, kind: str, body: Json) -> Json:
        """Keep a resource and return the Reference to it."""
        identifier = f"r{len(self.resources) + 1}"
        self.resources.append({"resourceType": kind, "id": identifier} | body)
        return {"reference": f"#{identifier}"}

    def provider(self, provider: Provider) -> Json:
        """A Practitioner where there is a first name, else an Organization."""
        body: Json = {
            "identifier": [
                {"system": NPI, "value": provider.npi} if provider.npi else None,
                number_of("TAX", provider.tax_id, system=EIN),
            ],
            "address": [address_of(provider.address)],
        }
        taxonomy = concept(TAXONOMY, provider.taxonomy_code)
        if not provider.first_name:
            body |= {"name": provider.name, "type": [taxonomy]}
            return self.add("Organization", body)
        body["name"] = [_human_name(provider)]
        body["qualification"] = [{"code": taxonomy}] if taxonomy else []
        return self.add("Practitioner", body)

    def payer(self, payer_id: str, name: str, address: Address | None = None) -> Json:
        """An Organization."""
        body = {
            "identifier": [number_of("NIIP", payer_id)],
            "name": name,
            "address": [address_of(address)],
        }
        return self.add("Organization", body)

    def person(
        self, person: Subscriber | Patient, *, medical_record_number: str = ""
    ) -> Json:
        """A Patient."""
        body = {
            "identifier": [number_of("MR", medical_record_number)],
            "name": [_human_name(person)],
            "gender": _GENDERS.get(person.gender),
            "birthDate": person.birth_date,
            "address": [address_of(person.address)],
        }
        return self.add("Patient", body)


class Information:
    """Collects supportingInfo; each entry gets the next sequence."""

    def __init__(self) -> None:
        self.entries: list[Json] = []

    def add(
        self, key: str, value: str = "", *, system: str = X12_ELEMENT, **more: Any
    ) -> int:
        """Keep what is said under a key and return its sequence."""
        sequence = len(self.entries) + 1
        entry = {
            "sequence": sequence,
            "category": concept(system, key),
            "valueString": value,
        }
        self.entries.append(entry | more)
        return sequence

    def add_all(self, values: dict[str, str]) -> None:
        """Keep those that are not empty."""
        for key, value in values.items():
            if value:
                self.add(key, value)


def address_of(address: Address | None) -> Json | None:
    """An Address."""
    if address is None:
        return None
    return {
        "line": [address.street, address.street_2],
        "city": address.city,
        "state": address.state,
        "postalCode": address.postal_code,
        "country": address.country,
    }


def amount_of(category: str, amount: Decimal | None) -> Json | None:
    """One adjudication or total of a category; None where there is no amount."""
    if amount is None:
        return None
    system = CARIN_ADJUDICATION if category in _LIABILITY else ADJUDICATION
    return {"category": concept(system, category), "amount": dollars(amount)}


def reasons_of(
    adjustments: Iterable[ClaimAdjustment], remark_codes: Iterable[str] = ()
) -> list[Json]:
    """Adjudications of adjustments and remarks, as CARIN's slice for reasons has it."""
    category = concept(CARIN_DISCRIMINATOR, "adjustmentreason")
    stated: list[Json] = []
    for each in adjustments:
        codings = [{"system": REASON, "code": each.reason_code}]
        if each.group_code:
            codings.insert(0, {"system": GROUP, "code": each.group_code})
        stated.append(
            {
                "category": category,
                "reason": {"coding": codings},
                "amount": dollars(each.amount),
                "value": each.quantity,
            }
        )
    return stated + [
        {"category": category, "reason": concept(REMARK, code)} for code in remark_codes
    ]


def serviced(first: date | None, last: date | None) -> Json:
    """servicedDate or servicedPeriod."""
    if last is not None:
        return {"servicedPeriod": {"start": first, "end": last}}
    return {"servicedDate": first}


def _human_name(named: Provider | Subscriber | Patient) -> Json:
    last = named.name if isinstance(named, Provider) else named.last_name
    return {"family": last, "given": [named.first_name, named.middle_name]}


def _sent(value: Any) -> Any:
    """The value without members and items that are empty; FHIR allows none."""
    if isinstance(value, dict):
        sent = {name: _sent(each) for name, each in value.items()}
        return {name: each for name, each in sent.items() if each not in _EMPTY}
    if isinstance(value, list | tuple):
        return [each for each in map(_sent, value) if each not in _EMPTY]
    return value
