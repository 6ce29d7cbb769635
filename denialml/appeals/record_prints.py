"""Electronic records on file, printed as pages that a letter can attach.

A 277CA comes as a file that lists many patients, and that file never leaves. What it
says about one claim is on file as a record; this prints that record and nothing else,
so that a letter can show it (minimum necessary, 45 CFR 164.502(b)).
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from denialml.appeals.values import dollars_text, printable
from denialml.domain.acknowledgment import ClaimAcknowledgment, ClaimStatus
from denialml.domain.claim import Claim
from denialml.domain.document import Document, Sensitivity

ACKNOWLEDGMENT_PRINT = "Claim acknowledgment (277CA), print of the electronic record"
_PREFIX = "print_277ca_"
# Our own words for the categories of a 277CA (005010X214 STC01-1).
_CATEGORIES = {
    "A1": "claim received",
    "A2": "claim accepted for adjudication",
    "A3": "claim returned as unprocessable",
    "A6": "claim turned back, information missing",
    "A7": "claim turned back, information invalid",
    "A8": "claim turned back, related information inconsistent",
}


def acknowledgment_prints(
    claim: Claim, acknowledgments: Iterable[ClaimAcknowledgment]
) -> tuple[Document, ...]:
    """The print of the record that speaks about this claim: at most one.

    The earliest acceptance, because that is when the payer had the claim; where there
    is none, the latest rejection, so that a reader sees why nothing proves filing. An
    acknowledgment speaks about the claim if it carries its account number and neither
    its charge nor its date of service says otherwise, and if it says who answered.
    """
    about = [one for one in acknowledgments if _is_about(one, claim)]
    accepted = sorted((one for one in about if one.accepted), key=_day_of)
    rejected = sorted((one for one in about if one.accepted is False), key=_day_of)
    return tuple(_print(one, claim) for one in (*accepted[:1], *rejected[-1:])[:1])


def is_print(document_id: str) -> bool:
    """Whether an exhibit is a print of a record rather than a document on file."""
    return document_id.startswith(_PREFIX)


def _is_about(one: ClaimAcknowledgment, claim: Claim) -> bool:
    days = {line.service_date for line in claim.lines}
    stated = {day for day in (one.service_date, one.service_date_end) if day}
    return (
        _squeezed(one.patient_control_number) == _squeezed(claim.patient_control_number)
        and bool(one.payer_name or one.payer_id)
        and _day_of(one) != date.max
        and one.charge in (None, claim.total_charge)
        and stated <= days
    )


def _day_of(one: ClaimAcknowledgment) -> date:
    return one.status_date or one.received_on or date.max


def _squeezed(number: str) -> str:
    return "".join(number.split()).upper()


def _print(one: ClaimAcknowledgment, claim: Claim) -> Document:
    content = hashlib.sha256(msgspec.json.encode(one)).hexdigest()
    return Document(
        document_id=f"{_PREFIX}{content[:24]}",
        kind="277ca_acceptance",
        sensitivity=Sensitivity.PHI,
        # The store's link, by account number, to a claim of this patient.
        medical_record_number=claim.medical_record_number,
        member_id=claim.subscriber.member_id,
        payer_id=one.payer_id,
        patient_control_number=claim.patient_control_number,
        authored_on=_day_of(one),
        title=ACKNOWLEDGMENT_PRINT,
        text="\n".join(_lines(one)),
    )


def _lines(one: ClaimAcknowledgment) -> Sequence[str]:
    source = one.source
    last = one.service_date_end
    payer = ", payer id ".join(part for part in (one.payer_name, one.payer_id) if part)
    rows = (
        ("Answered by", payer),
        ("Account number", one.patient_control_number),
        ("Payer claim number", one.payer_claim_control_number),
        *(("Status category", _status(status)) for status in one.statuses),
        ("Accepted on" if one.accepted else "Status date", _iso(one.status_date)),
        ("Action code", one.action_code),
        ("First service on", _iso(one.service_date)),
        ("Last service on", _iso(last) if last != one.service_date else ""),
        ("Charge", dollars_text(one.charge) if one.charge is not None else ""),
        ("Taken into our records", _iso(one.received_on)),
        ("File", source.file if source is not None else ""),
        ("Segment in the file", str(source.segment) if source is not None else ""),
    )
    return (
        "CLAIM ACKNOWLEDGMENT (277CA)",
        "Print of the electronic record, made from the acknowledgment as received.",
        "It holds only what that record says about this claim; the file itself lists",
        "other patients and is not attached.",
        "",
        *(f"{name}: {printable(value)}" for name, value in rows if value),
    )


def _status(status: ClaimStatus) -> str:
    words = _CATEGORIES.get(status.category_code, "")
    entity = f", entity {status.entity_code}" if status.entity_code else ""
    meaning = f" ({words})" if words else ""
    code = f", status code {status.status_code}" if status.status_code else ""
    return f"{status.category_code}{meaning}{code}{entity}"


def _iso(day: date | None) -> str:
    return day.isoformat() if day is not None else ""
