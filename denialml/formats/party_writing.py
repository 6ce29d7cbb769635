"""Writes the people and organizations of a claim: NM1, N3, N4, DMG, PRV, REF."""

from datetime import date
from typing import Protocol

from denialml.domain.claim import Address, Claim, Patient, Provider
from denialml.formats.envelope_writing import code, day, text


class Add(Protocol):
    """Appends one segment."""

    def __call__(self, *elements: str) -> None: ...


def write_address(add: Add, address: Address | None) -> None:
    """N3 where there is a street, N4 wherever there is an address at all."""
    if address is None:
        return
    if address.street or address.street_2:
        add("N3", text(address.street), text(address.street_2))
    add(
        "N4",
        text(address.city),
        code(address.state, "state"),
        code(address.postal_code, "postal_code"),
        code(address.country, "country"),
    )


def write_provider(add: Add, entity: str, provider: Provider) -> None:
    """NM1 of any provider or facility, with its taxonomy and address."""
    npi = code(provider.npi, "npi")
    add(
        "NM1",
        entity,
        "1" if provider.first_name else "2",
        text(provider.name),
        text(provider.first_name),
        text(provider.middle_name),
        "",
        "",
        "XX" if npi else "",
        npi,
    )
    if provider.taxonomy_code and entity != "85":
        taxonomy = code(provider.taxonomy_code, "taxonomy_code")
        add("PRV", "RF" if entity == "DN" else "PE", "PXC", taxonomy)
    write_address(add, provider.address)


def write_billing_provider(add: Add, provider: Provider) -> None:
    """2000A and 2010AA."""
    if provider.taxonomy_code:
        add("PRV", "BI", "PXC", code(provider.taxonomy_code, "taxonomy_code"))
    write_provider(add, "85", provider)
    if provider.tax_id:
        add("REF", "EI", code(provider.tax_id, "tax_id"))


def write_subscriber(add: Add, claim: Claim) -> None:
    """2000B, 2010BA and 2010BB."""
    subscriber, payer = claim.subscriber, claim.payer
    add(
        "SBR",
        code(subscriber.payer_responsibility_code, "payer_responsibility_code"),
        code(subscriber.relationship_code, "relationship_code"),
        code(subscriber.group_number, "group_number"),
        text(subscriber.plan_name),
        code(subscriber.insurance_type_code, "insurance_type_code"),
        "",
        "",
        "",
        code(subscriber.claim_filing_code, "claim_filing_code"),
    )
    member_id = code(subscriber.member_id, "member_id")
    add(
        "NM1",
        "IL",
        "1",
        text(subscriber.last_name),
        text(subscriber.first_name),
        text(subscriber.middle_name),
        "",
        "",
        "MI" if member_id else "",
        member_id,
    )
    write_address(add, subscriber.address)
    _write_demographics(add, subscriber.birth_date, subscriber.gender)
    payer_id = code(payer.payer_id, "payer_id")
    add("NM1", "PR", "2", text(payer.name), *[""] * 4, "PI", payer_id)
    write_address(add, payer.address)


def write_patient(add: Add, patient: Patient) -> None:
    """2000C and 2010CA."""
    add("PAT", code(patient.relationship_code, "relationship_code"))
    add(
        "NM1",
        "QC",
        "1",
        text(patient.last_name),
        text(patient.first_name),
        text(patient.middle_name),
    )
    write_address(add, patient.address)
    _write_demographics(add, patient.birth_date, patient.gender)


def _write_demographics(add: Add, birth_date: date | None, gender: str) -> None:
    if birth_date is not None or gender:
        add("DMG", "D8", day(birth_date), code(gender, "gender"))
