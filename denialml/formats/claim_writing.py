"""Writes 837P files (005010X222A1): originals, and corrected or void claims.

A claim with frequency code 7 or 8 carries REF*F8, the payer's number of the claim it
replaces. What is read back equals what was written, the source apart.
"""

from collections.abc import Iterable

from denialml.domain.claim import Claim, OtherPayer, Provider, ServiceLine
from denialml.formats.adjustment_writing import write_adjustments, write_procedure
from denialml.formats.envelope_writing import (
    Envelope,
    SegmentWriter,
    code,
    composite,
    day,
    money,
    text,
)
from denialml.formats.party_writing import (
    Add,
    write_billing_provider,
    write_patient,
    write_provider,
    write_subscriber,
)

VERSION = "005010X222A1"
MOST_CLAIMS = 5000
MOST_DIAGNOSES = 12


def write_claims(
    claims: Iterable[Claim], *, envelope: Envelope, max_claims: int = MOST_CLAIMS
) -> bytes:
    """Write claims as one interchange, in the order given.

    Neighbors that were submitted on the same day share a transaction (of at most
    `max_claims`, X222 section 1.3.2 recommends 5,000), those of the same billing
    provider and subscriber share their levels. A claim without `submitted_on` gets
    the day of `envelope.created_at`.

    Raises:
        InputError: an identifier holds an X12 separator.
    """
    writer = SegmentWriter(envelope, functional_id="HC", version=VERSION)
    transaction = _TransactionWriter(writer, envelope)
    for claim in claims:
        submitted_on = claim.submitted_on or envelope.created_at.date()
        transaction.write(claim, day(submitted_on), max_claims)
    transaction.close()
    return writer.to_bytes()


class _TransactionWriter:
    """Writes levels and claims, opening a transaction or level where one changes."""

    def __init__(self, writer: SegmentWriter, envelope: Envelope) -> None:
        self._add = writer.add
        self._writer = writer
        self._envelope = envelope
        self._submitted_on = ""
        self._claims = 0
        self._sets = 0
        self._level = 0
        self._billing: tuple[int, Provider] | None = None
        self._subscriber: tuple[int, Claim] | None = None

    def close(self) -> None:
        if self._submitted_on:
            self._writer.end()

    def write(self, claim: Claim, submitted_on: str, max_claims: int) -> None:
        if submitted_on != self._submitted_on or self._claims >= max_claims:
            self.close()
            self._open(submitted_on)
        self._claims += 1
        self._write_levels(claim)
        _write_claim(self._add, claim)

    def _open(self, submitted_on: str) -> None:
        envelope, add = self._envelope, self._add
        self._submitted_on = submitted_on
        self._sets += 1
        self._claims = self._level = 0
        self._billing = self._subscriber = None
        reference = f"{envelope.control_number}-{self._sets}"
        self._writer.start("837")
        clock = envelope.created_at.strftime("%H%M")
        add("BHT", "0019", "00", reference, submitted_on, clock, "CH")
        sender, receiver = text(envelope.sender_name), text(envelope.receiver_name)
        add("NM1", "41", "2", sender, *[""] * 4, "46", envelope.sender_id)
        phone = code(envelope.contact_phone, "contact_phone")
        add("PER", "IC", text(envelope.contact_name), "TE", phone)
        add("NM1", "40", "2", receiver, *[""] * 4, "46", envelope.receiver_id)

    def _write_levels(self, claim: Claim) -> None:
        add = self._add
        if self._billing is None or self._billing[1] != claim.billing_provider:
            self._level += 1
            self._billing = (self._level, claim.billing_provider)
            self._subscriber = None
            add("HL", str(self._level), "", "20", "1")
            write_billing_provider(add, claim.billing_provider)
        # A patient level needs a subscriber level of its own kind (HL04 1): the
        # levels are shared only by neighbors whose patient is the subscriber.
        own_level = claim.patient is not None
        if (
            own_level
            or self._subscriber is None
            or not _same_coverage(self._subscriber[1], claim)
        ):
            self._level += 1
            self._subscriber = (self._level, claim)
            parent = str(self._billing[0])
            add("HL", str(self._level), parent, "22", "1" if own_level else "0")
            write_subscriber(add, claim)
        if claim.patient is not None:
            parent = str(self._subscriber[0])
            self._level += 1
            self._subscriber = None
            add("HL", str(self._level), parent, "23", "0")
            write_patient(add, claim.patient)


def _same_coverage(left: Claim, right: Claim) -> bool:
    return left.subscriber == right.subscriber and left.payer == right.payer


def _write_claim(add: Add, claim: Claim) -> None:
    place = (
        code(claim.place_of_service, "place_of_service"),
        code(claim.facility_code_qualifier, "facility_code_qualifier"),
        code(claim.frequency_code, "frequency_code"),
    )
    add(
        "CLM",
        code(claim.patient_control_number, "patient_control_number"),
        money(claim.total_charge),
        "",
        "",
        composite(place),
        code(claim.provider_signature_code, "provider_signature_code"),
        code(claim.assignment_code, "assignment_code"),
        code(claim.benefits_assignment_code, "benefits_assignment_code"),
        code(claim.release_of_information_code, "release_of_information_code"),
        "",
        composite([code(c, "related_cause_codes") for c in claim.related_cause_codes]),
    )
    if claim.accident_date is not None:
        add("DTP", "439", "D8", day(claim.accident_date))
    if claim.patient_paid is not None:
        add("AMT", "F5", money(claim.patient_paid))
    for qualifier, value in (
        ("9F", claim.referral_number),
        ("G1", claim.prior_authorization_number),
        ("F8", claim.original_payer_claim_control_number),
        ("EA", claim.medical_record_number),
    ):
        if value:
            add("REF", qualifier, code(value, f"REF*{qualifier}"))
    if claim.note:
        add("NTE", "ADD", text(claim.note))
    _write_diagnoses(add, claim)
    for entity, provider in (
        ("DN", claim.referring_provider),
        ("82", claim.rendering_provider),
        ("77", claim.service_facility),
        ("DQ", claim.supervising_provider),
    ):
        if provider is not None:
            write_provider(add, entity, provider)
    for other in claim.other_payers:
        _write_other_payer(add, claim, other)
    for line in claim.lines:
        _write_line(add, line)


def _write_diagnoses(add: Add, claim: Claim) -> None:
    composites = [
        composite((code(d.qualifier, "diagnosis qualifier"), code(d.code, "diagnosis")))
        for d in claim.diagnoses
    ]
    for start in range(0, len(composites), MOST_DIAGNOSES):
        add("HI", *composites[start : start + MOST_DIAGNOSES])


def _write_other_payer(add: Add, claim: Claim, other: OtherPayer) -> None:
    """2320 and 2330. `OtherPayer` knows no insured's name: the subscriber's is sent."""
    add(
        "SBR",
        code(other.payer_responsibility_code, "payer_responsibility_code"),
        code(other.relationship_code, "relationship_code"),
        *[""] * 6,
        code(other.claim_filing_code, "claim_filing_code"),
    )
    write_adjustments(add, other.adjustments)
    if other.paid is not None:
        add("AMT", "D", money(other.paid))
    benefits, release = (
        claim.benefits_assignment_code,
        claim.release_of_information_code,
    )
    add("OI", "", "", benefits, "", "", release)
    name = text(claim.subscriber.last_name), text(claim.subscriber.first_name)
    member_id = code(other.member_id, "member_id")
    add("NM1", "IL", "1", *name, "", "", "", "MI" if member_id else "", member_id)
    payer_id = code(other.payer_id, "payer_id")
    add(
        "NM1",
        "PR",
        "2",
        text(other.name),
        *[""] * 4,
        "PI" if payer_id else "",
        payer_id,
    )
    if other.adjudicated_on is not None:
        add("DTP", "573", "D8", day(other.adjudicated_on))


def _write_line(add: Add, line: ServiceLine) -> None:
    add("LX", str(line.line_number))
    add(
        "SV1",
        write_procedure(
            line.procedure_qualifier,
            line.procedure_code,
            line.modifiers,
            text(line.description),
        ),
        money(line.charge),
        code(line.unit_basis, "unit_basis"),
        money(line.units),
        code(line.place_of_service, "place_of_service"),
        "",
        composite([str(pointer) for pointer in line.diagnosis_pointers]),
    )
    if line.service_date_end is not None:
        span = f"{day(line.service_date)}-{day(line.service_date_end)}"
        add("DTP", "472", "RD8", span)
    elif line.service_date is not None:
        add("DTP", "472", "D8", day(line.service_date))
    if line.prior_authorization_number:
        add("REF", "G1", code(line.prior_authorization_number, "REF*G1"))
    if line.line_control_number:
        add("REF", "6R", code(line.line_control_number, "line_control_number"))
    if line.note:
        add("NTE", "ADD", text(line.note))
    if line.rendering_provider is not None:
        write_provider(add, "82", line.rendering_provider)
