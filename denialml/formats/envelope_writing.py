"""Writes interchanges: ISA to IEA, with counts and control numbers that add up."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from denialml.errors import InputError

ELEMENT, COMPONENT, REPETITION, TERMINATOR = "*", ":", "^", "~"
_UNSAFE = re.compile(r"[*:^~\x00-\x1f\x7f]+")


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends a file to whom, when, and under which control number.

    `usage` is ISA15: T for test data, P for production. Identifiers are at most 15
    characters (ISA06, ISA08). `control_number` (1 to 999,999,999) is ISA13 and
    GS06; `created_at` gives ISA09, GS04 and BHT04 where a record has no day itself.
    """

    sender_id: str
    receiver_id: str
    control_number: int
    created_at: datetime
    usage: Literal["T", "P"] = "T"
    sender_name: str = "SENDER"
    receiver_name: str = "RECEIVER"
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    contact_name: str = "BILLING OFFICE"
    contact_phone: str = "5550100000"


def text(value: str) -> str:
    """Free text without separators and control characters, which become a blank."""
    return _UNSAFE.sub(" ", value).strip()


def code(value: str, field: str) -> str:
    """An identifier as it is.

    Raises:
        InputError: it holds a separator; replacing one would name another record.
    """
    if value and (_UNSAFE.search(value) or value != value.strip()):
        message = (
            f"{field} holds a separator, a control character or an outer blank and "
            "cannot be written to X12; correct it in the billing system"
        )
        raise InputError(message)
    return value


def money(value: Decimal) -> str:
    """An X12 decimal: no exponent, no needless zeros (120, 87.5, -3.25)."""
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return plain if plain not in ("-0", "") else "0"


def day(value: date | None) -> str:
    """CCYYMMDD, empty for None."""
    return value.strftime("%Y%m%d").rjust(8, "0") if value is not None else ""


class SegmentWriter:
    """Collects the segments of one interchange and one functional group."""

    def __init__(self, envelope: Envelope, *, functional_id: str, version: str) -> None:
        self._envelope = envelope
        self._functional_id = functional_id
        self._version = version
        self._segments: list[str] = []
        self._set_start = 0
        self._sets = 0
        self._control = ""

    def add(self, *elements: str) -> None:
        """Append one segment; trailing empty elements are left out."""
        count = len(elements)
        while count > 1 and not elements[count - 1]:
            count -= 1
        self._segments.append(ELEMENT.join(elements[:count]))

    def start(self, kind: str, *, control_number: str = "") -> None:
        """ST; the control number is the set's position unless one is given."""
        self._set_start = len(self._segments)
        self._sets += 1
        self._control = control_number or f"{self._sets:04d}"
        # X221 leaves ST03 unused; the group's GS08 names the guide there.
        guide = "" if kind == "835" else self._version
        self.add("ST", kind, code(self._control, "ST02"), guide)

    def end(self) -> None:
        """SE, with the number of segments from ST."""
        count = len(self._segments) - self._set_start + 1
        self.add("SE", str(count), self._control)

    def to_bytes(self) -> bytes:
        """The interchange as UTF-8, one segment per line for people who look inside."""
        envelope = self._envelope
        created = envelope.created_at
        control = f"{envelope.control_number:09d}"
        isa = ELEMENT.join(
            (
                "ISA*00*          *00*          ",
                envelope.sender_qualifier,
                _fixed(envelope.sender_id, "sender_id"),
                envelope.receiver_qualifier,
                _fixed(envelope.receiver_id, "receiver_id"),
                created.strftime("%y%m%d"),
                created.strftime("%H%M"),
                REPETITION,
                "00501",
                control,
                "0",
                envelope.usage,
                COMPONENT,
            )
        )
        group = ELEMENT.join(
            (
                "GS",
                self._functional_id,
                envelope.sender_id,
                envelope.receiver_id,
                day(created.date()),
                created.strftime("%H%M"),
                str(envelope.control_number),
                "X",
                self._version,
            )
        )
        lines = [isa, group, *self._segments]
        lines.append(f"GE*{self._sets}*{envelope.control_number}")
        lines.append(f"IEA*1*{control}")
        return "".join(f"{line}{TERMINATOR}\n" for line in lines).encode()


def composite(parts: Sequence[str]) -> str:
    """Components of one element; trailing empty ones are left out."""
    return COMPONENT.join(parts).rstrip(COMPONENT)


def _fixed(value: str, field: str) -> str:
    if len(code(value, field)) > 15 or not value:
        message = f"{field} must have 1 to 15 characters (ISA06, ISA08)"
        raise InputError(message)
    return value.ljust(15)
