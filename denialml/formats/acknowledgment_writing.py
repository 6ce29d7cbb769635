"""Writes 277CA files (005010X214), as clearinghouses and payers send them."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

from denialml.domain.acknowledgment import ClaimAcknowledgment, ClaimStatus
from denialml.formats.envelope_writing import (
    Envelope,
    SegmentWriter,
    code,
    composite,
    day,
    money,
    text,
)
from denialml.formats.party_writing import Add

VERSION = "005010X214"
NO_NAMES: Mapping[str, tuple[str, str]] = {}


class _Payer(NamedTuple):
    payer_id: str
    name: str


def write_claim_acknowledgments(
    acknowledgments: Iterable[ClaimAcknowledgment],
    *,
    envelope: Envelope,
    patient_names: Mapping[str, tuple[str, str]] = NO_NAMES,
) -> bytes:
    """Write one transaction for each run of neighbors with the same payer.

    GS04, which a reader takes for `received_on`, is the day of
    `envelope.created_at`. An acknowledgment holds no names: `patient_names` gives
    last and first name by patient control number, for files that people look into.
    The provider addressed is the envelope's receiver.

    Raises:
        InputError: an identifier holds an X12 separator.
    """
    writer = SegmentWriter(envelope, functional_id="HN", version=VERSION)
    runs = groupby(acknowledgments, key=lambda a: _Payer(a.payer_id, a.payer_name))
    for position, (payer, members) in enumerate(runs, start=1):
        writer.start("277")
        _write_levels(writer.add, payer, envelope, position)
        for level, acknowledgment in enumerate(members, start=4):
            name = patient_names.get(acknowledgment.patient_control_number, ("", ""))
            _write_claim(writer.add, acknowledgment, level, name)
        writer.end()
    return writer.to_bytes()


def _write_levels(add: Add, payer: _Payer, envelope: Envelope, position: int) -> None:
    reference = f"{envelope.control_number}-{position}"
    made_on = day(envelope.created_at.date())
    clock = envelope.created_at.strftime("%H%M")
    add("BHT", "0085", "08", reference, made_on, clock, "TH")
    add("HL", "1", "", "20", "1")
    payer_id = code(payer.payer_id, "payer_id")
    add("NM1", "PR", "2", text(payer.name), *[""] * 4, "PI", payer_id)
    add("TRN", "1", reference)
    add("DTP", "050", "D8", made_on)
    add("DTP", "009", "D8", made_on)
    add("HL", "2", "1", "21", "1")
    receiver = text(envelope.receiver_name)
    add("NM1", "41", "2", receiver, *[""] * 4, "46", envelope.receiver_id)
    add("TRN", "2", reference)
    add("STC", "A1:19:PR", made_on, "WQ")
    add("HL", "3", "2", "19", "1")
    add("NM1", "85", "2", receiver)
    add("TRN", "1", reference)


def _write_claim(
    add: Add,
    acknowledgment: ClaimAcknowledgment,
    level: int,
    name: tuple[str, str],
) -> None:
    control_number = code(
        acknowledgment.patient_control_number, "patient_control_number"
    )
    add("HL", str(level), "3", "PT")
    add("NM1", "QC", "1", text(name[0]), text(name[1]))
    add("TRN", "2", control_number)
    charge = acknowledgment.charge
    for status in acknowledgment.statuses:
        add(
            "STC",
            _status(status),
            day(acknowledgment.status_date),
            code(acknowledgment.action_code, "action_code"),
            money(charge) if charge is not None else "",
        )
    if acknowledgment.payer_claim_control_number:
        number = acknowledgment.payer_claim_control_number
        add("REF", "1K", code(number, "payer_claim_control_number"))
    begins_on, ends_on = acknowledgment.service_date, acknowledgment.service_date_end
    if ends_on is not None:
        add("DTP", "472", "RD8", f"{day(begins_on)}-{day(ends_on)}")
    elif begins_on is not None:
        add("DTP", "472", "D8", day(begins_on))


def _status(status: ClaimStatus) -> str:
    return composite(
        (
            code(status.category_code, "category_code"),
            code(status.status_code, "status_code"),
            code(status.entity_code, "entity_code"),
        )
    )
