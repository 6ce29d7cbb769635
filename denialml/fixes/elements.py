"""The elements of a claim that a data correction may change, and no others.

Each is read and written as the text that the 837P carries. What is not listed here
cannot be corrected by denialml at all: no diagnosis, no date of service and no
rendering or billing clinician is among them.
"""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from denialml.domain.claim import Claim, Provider, ServiceLine
from denialml.domain.fix import Edit

Read = Callable[[Any], str]
Write = Callable[[Any, str], Any]

MODIFIERS = "2400 SV101-3 to SV101-6"
PROCEDURE_CODE = "2400 SV101-2"
CHARGE = "2400 SV102"
UNITS = "2400 SV104"
LINE_PLACE = "2400 SV105"
LINE_AUTHORIZATION = "2400 REF*G1"
TOTAL_CHARGE = "2300 CLM02"
CLAIM_PLACE = "2300 CLM05-1"
FREQUENCY = "2300 CLM05-3"
AUTHORIZATION = "2300 REF*G1"
ORIGINAL_CLAIM = "2300 REF*F8"
MEMBER_NUMBER = "2010BA NM109"
SUBSCRIBER_LAST_NAME = "2010BA NM103"
SUBSCRIBER_BIRTH_DATE = "2010BA DMG02"
SUBSCRIBER_GENDER = "2010BA DMG03"
PATIENT_LAST_NAME = "2010CA NM103"
PATIENT_BIRTH_DATE = "2010CA DMG02"
PATIENT_GENDER = "2010CA DMG03"
RENDERING_TAXONOMY = "2310B PRV03"
LINE_RENDERING_TAXONOMY = "2420A PRV03"
SUPERVISOR_LAST_NAME = "2310D NM103"
SUPERVISOR_FIRST_NAME = "2310D NM104"
SUPERVISOR_NPI = "2310D NM109"


_AMOUNTS = frozenset({TOTAL_CHARGE, CHARGE, UNITS})


def corrected(claim: Claim, edits: Iterable[Edit]) -> Claim:
    """The claim with the edits made; its total (CLM02) goes with a line's charge.

    Raises
    ------
    ValueError
        If an edit's `before` is not what the claim says, or it names no element above:
        the claim is not the one that the edit was worked out for.
    """
    # The total goes with each charge: what it should have been comes before them.
    for edit in sorted(edits, key=lambda one: one.field != TOTAL_CHARGE):
        before = read_element(claim, edit.field, edit.line_number)
        if before != edit.before:
            raise ValueError(f"{edit.field} is not what the edit was worked out for")
        claim = _written(claim, edit)
    return claim


def edit_of(
    claim: Claim, field: str, after: str, *, line_number: int | None = None
) -> Edit:
    """The edit that makes an element say `after`."""
    before = read_element(claim, field, line_number)
    return Edit(field=field, line_number=line_number, before=before, after=after)


def makes_change(edit: Edit) -> bool:
    """Whether the element would say something else: 150 and 150.00 are the same."""
    if edit.field in _AMOUNTS:
        return Decimal(edit.before) != Decimal(edit.after)
    return edit.before != edit.after


def read_element(claim: Claim, field: str, line_number: int | None = None) -> str:
    """An element's text, empty where nothing stands there."""
    if line_number is None:
        return _OF_CLAIM[field][0](claim)
    return _OF_LINE[field][0](_line(claim, line_number))


def _written(claim: Claim, edit: Edit) -> Claim:
    if edit.line_number is None:
        changed: Claim = _OF_CLAIM[edit.field][1](claim, edit.after)
        return changed
    line = _line(claim, edit.line_number)
    new: ServiceLine = _OF_LINE[edit.field][1](line, edit.after)
    return msgspec.structs.replace(
        claim,
        lines=tuple(new if one is line else one for one in claim.lines),
        total_charge=claim.total_charge + new.charge - line.charge,
    )


def _line(claim: Claim, number: int) -> ServiceLine:
    for line in claim.lines:
        if line.line_number == number:
            return line
    raise ValueError(f"the claim has no line {number}")


def _text(name: str) -> tuple[Read, Write]:
    def read(record: Any) -> str:
        return str(getattr(record, name))

    def write(record: Any, text: str) -> Any:
        return msgspec.structs.replace(record, **{name: text})

    return read, write


def _number(name: str) -> tuple[Read, Write]:
    def read(record: Any) -> str:
        return f"{getattr(record, name):f}"

    def write(record: Any, text: str) -> Any:
        return msgspec.structs.replace(record, **{name: Decimal(text)})

    return read, write


def _day(name: str) -> tuple[Read, Write]:
    def read(record: Any) -> str:
        day: date | None = getattr(record, name)
        return day.isoformat() if day is not None else ""

    def write(record: Any, text: str) -> Any:
        day = date.fromisoformat(text) if text else None
        return msgspec.structs.replace(record, **{name: day})

    return read, write


def _within(
    part: str, element: tuple[Read, Write], new: Callable[[], Any] | None = None
) -> tuple[Read, Write]:
    """An element of a part of the record; `new` makes the part where it is missing."""
    read_part, write_part = element

    def read(record: Any) -> str:
        held = getattr(record, part)
        return "" if held is None else read_part(held)

    def write(record: Any, text: str) -> Any:
        held = getattr(record, part)
        if held is None:
            if new is None:
                raise ValueError(f"the claim has no {part.replace('_', ' ')}")
            held = new()
        return msgspec.structs.replace(record, **{part: write_part(held, text)})

    return read, write


def _modifiers() -> tuple[Read, Write]:
    def read(line: ServiceLine) -> str:
        return " ".join(line.modifiers)

    def write(line: ServiceLine, text: str) -> ServiceLine:
        return msgspec.structs.replace(line, modifiers=tuple(text.split()))

    return read, write


_OF_CLAIM: dict[str, tuple[Read, Write]] = {
    TOTAL_CHARGE: _number("total_charge"),
    CLAIM_PLACE: _text("place_of_service"),
    FREQUENCY: _text("frequency_code"),
    AUTHORIZATION: _text("prior_authorization_number"),
    ORIGINAL_CLAIM: _text("original_payer_claim_control_number"),
    MEMBER_NUMBER: _within("subscriber", _text("member_id")),
    SUBSCRIBER_LAST_NAME: _within("subscriber", _text("last_name")),
    SUBSCRIBER_BIRTH_DATE: _within("subscriber", _day("birth_date")),
    SUBSCRIBER_GENDER: _within("subscriber", _text("gender")),
    PATIENT_LAST_NAME: _within("patient", _text("last_name")),
    PATIENT_BIRTH_DATE: _within("patient", _day("birth_date")),
    PATIENT_GENDER: _within("patient", _text("gender")),
    RENDERING_TAXONOMY: _within("rendering_provider", _text("taxonomy_code")),
    SUPERVISOR_LAST_NAME: _within("supervising_provider", _text("name"), Provider),
    SUPERVISOR_FIRST_NAME: _within(
        "supervising_provider", _text("first_name"), Provider
    ),
    SUPERVISOR_NPI: _within("supervising_provider", _text("npi"), Provider),
}
_OF_LINE: dict[str, tuple[Read, Write]] = {
    MODIFIERS: _modifiers(),
    PROCEDURE_CODE: _text("procedure_code"),
    CHARGE: _number("charge"),
    UNITS: _number("units"),
    LINE_PLACE: _text("place_of_service"),
    LINE_AUTHORIZATION: _text("prior_authorization_number"),
    LINE_RENDERING_TAXONOMY: _within("rendering_provider", _text("taxonomy_code")),
}
EDITABLE = frozenset({*_OF_CLAIM, *_OF_LINE})
"""The places of all elements that a correction can change."""
