"""Writes claims from their own segments: an 837P file that keeps all of them.

Each claim gets a copy of its levels with fresh HL numbers and stands in the separators
of the file it came from, so that no text has to be changed to fit others: claims of
files with different separators, or of different guides, become several interchanges.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

from msgspec.structs import replace

from denialml.errors import InputError
from denialml.formats.claim_segments import ClaimSegments
from denialml.formats.claim_writing import MOST_CLAIMS
from denialml.formats.envelope_writing import (
    COMPONENT,
    ELEMENT,
    REPETITION,
    TERMINATOR,
    Envelope,
    SegmentWriter,
    day,
)
from denialml.formats.x12 import Delimiters

_GUIDE = re.compile(r"005010X222(A[12])?")
# For ISA11 of a file from before there was a repetition separator.
_SPARE_REPETITIONS = "^!|`\\"
_NO_REPETITION = "U"


class SubmittedClaim(NamedTuple):
    """A claim's own segments, and the day for BHT04."""

    segments: ClaimSegments
    submitted_on: date


def write_claim_segments(
    claims: Iterable[SubmittedClaim], *, envelope: Envelope
) -> bytes:
    """Write claims in the order given; control numbers count up from the envelope's.

    Neighbors with the same separators and guide share an interchange, those of one day
    and kind (BHT06) a transaction of at most `MOST_CLAIMS`.

    Raises
    ------
    InputError
        A claim follows another guide than 005010X222, or its separators are not ASCII.
    """
    written = []
    number = envelope.control_number
    for (delimiters, guide), some in groupby(
        claims, key=lambda one: (one.segments.delimiters, one.segments.guide)
    ):
        _require_writable(delimiters, guide)
        header = replace(envelope, control_number=number)
        written.append(_interchange(list(some), header, delimiters, guide))
        number += 1
    return "".join(written).encode()


def _require_writable(delimiters: Delimiters, guide: str) -> None:
    if not _GUIDE.fullmatch(guide):
        raise InputError(
            "the claim's file does not say that it follows 005010X222 (ST03, GS08); a"
            " draft is written of no other"
        )
    if not "".join(delimiters).isascii():
        raise InputError(
            "the separators of the claim's file are not ASCII; have the billing system"
            " write it with others"
        )


def _interchange(
    claims: Sequence[SubmittedClaim],
    envelope: Envelope,
    delimiters: Delimiters,
    guide: str,
) -> str:
    isa, group = _headers(envelope, guide)
    separators = _separators(claims, delimiters)
    element = delimiters.element
    lines = [isa.translate(separators), group.translate(separators)]
    sets = 0
    for _, alike in groupby(
        claims, key=lambda one: (one.submitted_on, one.segments.transaction_kind)
    ):
        some = list(alike)
        for start in range(0, len(some), MOST_CLAIMS):
            sets += 1
            lines += _transaction(
                some[start : start + MOST_CLAIMS], envelope, guide, sets
            )
    lines.append(element.join(("GE", str(sets), str(envelope.control_number))))
    lines.append(element.join(("IEA", "1", f"{envelope.control_number:09d}")))
    ending = delimiters.terminator
    # One segment per line for people who look inside, unless that means something.
    if not {"\r", "\n"} & set("".join(delimiters)):
        ending += "\n"
    return "".join(line + ending for line in lines)


def _headers(envelope: Envelope, guide: str) -> tuple[str, str]:
    """ISA and GS, in the separators of our own files."""
    empty = SegmentWriter(envelope, functional_id="HC", version=guide).to_bytes()
    isa, group, *_ = empty.decode().split(f"{TERMINATOR}\n")
    return isa, group


def _separators(
    claims: Sequence[SubmittedClaim], delimiters: Delimiters
) -> dict[int, str]:
    """From the separators of our own files to these."""
    repetition = delimiters.repetition or _spare_repetition(claims, delimiters)
    return str.maketrans(
        {
            ELEMENT: delimiters.element,
            COMPONENT: delimiters.component,
            REPETITION: repetition,
        }
    )


def _spare_repetition(claims: Sequence[SubmittedClaim], delimiters: Delimiters) -> str:
    for character in _SPARE_REPETITIONS:
        if character not in delimiters and not any(
            character in text
            for one in claims
            for part in (*one.segments.levels, one.segments.own)
            for text in part
        ):
            return character
    return _NO_REPETITION


def _transaction(
    claims: Sequence[SubmittedClaim],
    envelope: Envelope,
    guide: str,
    position: int,
) -> list[str]:
    """ST to SE of claims of one day and kind; the submitter and receiver are the
    envelope's."""
    first, submitted_on = claims[0]
    element, kind = first.delimiters.element, first.transaction_kind
    control = f"{position:04d}"
    clock = envelope.created_at.strftime("%H%M")
    reference = f"{envelope.control_number}-{position}"
    blank = ("",) * 4
    header = (
        ("ST", "837", control, guide),
        ("BHT", "0019", "00", reference, day(submitted_on), clock, kind),
        ("NM1", "41", "2", envelope.sender_name, *blank, "46", envelope.sender_id),
        ("PER", "IC", envelope.contact_name, "TE", envelope.contact_phone),
        ("NM1", "40", "2", envelope.receiver_name, *blank, "46", envelope.receiver_id),
    )
    lines = [element.join(one) for one in header]
    level = 0
    for one in claims:
        levels = _renumbered(one.segments, after=level)
        level += len(levels)
        lines += [text for part in levels for text in part]
        lines += one.segments.own
    lines.append(element.join(("SE", str(len(lines) + 1), control)))
    return lines


def _renumbered(claim: ClaimSegments, *, after: int) -> list[list[str]]:
    """The claim's levels, one below the other, with HL01, HL02 and HL04 anew."""
    element = claim.delimiters.element
    levels = []
    for depth, level in enumerate(claim.levels):
        hl = level[0].split(element)
        number = after + depth + 1
        parent = str(number - 1) if depth else ""
        child = "1" if depth + 1 < len(claim.levels) else "0"
        hl[1:] = [str(number), parent, hl[3].strip(), child]
        levels.append([element.join(hl), *level[1:]])
    return levels
