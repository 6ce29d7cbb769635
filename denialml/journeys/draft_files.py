"""Drafts of claims as 837P files of test data, read again before anybody gets them.

A draft names nobody as its sender and receiver: the billing system that takes it in
puts its own there. What is read of it must be the claims that were meant, and of claims
in their own segments every one of these; else the draft is refused.
"""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

import msgspec

from denialml.domain.claim import Claim
from denialml.errors import InputError
from denialml.formats import Envelope, read_bytes, write_claims
from denialml.formats.claim_segment_writing import (
    SubmittedClaim,
    write_claim_segments,
)
from denialml.formats.claim_segments import (
    ClaimSegments,
    claim_segments,
    claim_segments_at_hand,
)

_NOBODY = "DRAFT"
_NOT_AS_MEANT = (
    "the draft, read again, is not the claim that was meant; correct it in the billing"
    " system"
)


class FixRefused(InputError):
    """A fix that was asked for cannot be made: `reason`, and of which claim, by its
    position among those handed in."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"claim {position + 1}: {reason}")
        self.position = position
        self.reason = reason


def segments_of(stream: BinaryIO, claims: Sequence[Claim]) -> list[ClaimSegments]:
    """The segments of claims that were read from this X12 file.

    Raises
    ------
    InputError
        A claim is not where it was read, or has too many segments for a draft.
    """
    places = _places(claims)
    found = claim_segments(stream, places)
    if any(place not in found for place in places):
        raise InputError(
            "a claim was not found again in its file, which has to be X12 for a draft"
        )
    return [found[place] for place in places]


def segments_at_hand(
    stream: BinaryIO, claims: Sequence[Claim]
) -> list[ClaimSegments | None]:
    """As `segments_of`, None for a claim that is not there or is too long."""
    places = _places(claims)
    found = claim_segments_at_hand(stream, places)
    return [found.get(place) for place in places]


def _places(claims: Sequence[Claim]) -> list[int]:
    return [one.source.segment if one.source is not None else 0 for one in claims]


def claim_text(claim: Claim, segments: ClaimSegments, *, created_at: datetime) -> str:
    """A claim in its own segments as 837P text, from which it can be read again.

    Raises
    ------
    FixRefused
        As `write_segments`.
    """
    return write_segments([claim], [segments], created_at=created_at).decode()


def write_records(claims: Sequence[Claim], *, created_at: datetime) -> bytes:
    """The claims as one file, from what the records hold.

    Raises
    ------
    FixRefused
        X12 does not carry one of them as it is.
    """
    for position, claim in enumerate(claims):
        # One by one first, so that a refusal names the claim.
        try:
            _records_file([claim], created_at)
        except InputError as fault:
            raise FixRefused(position, str(fault)) from None
    return _records_file(claims, created_at)


def write_segments(
    claims: Sequence[Claim], segments: Sequence[ClaimSegments], *, created_at: datetime
) -> bytes:
    """The claims as one file in their own segments.

    Raises
    ------
    FixRefused
        One is not read again as this claim and these segments, or follows a guide that
        is not written.
    """
    for position, (claim, own) in enumerate(zip(claims, segments, strict=True)):
        try:
            _segments_file([claim], [own], created_at)
        except InputError as fault:
            raise FixRefused(position, str(fault)) from None
    return _segments_file(claims, segments, created_at)


def _records_file(claims: Sequence[Claim], created_at: datetime) -> bytes:
    written = write_claims(claims, envelope=_envelope(created_at))
    _require_same(claims, written, created_at)
    return written


def _segments_file(
    claims: Sequence[Claim], segments: Sequence[ClaimSegments], created_at: datetime
) -> bytes:
    submitted = [
        SubmittedClaim(own, claim.submitted_on or created_at.date())
        for claim, own in zip(claims, segments, strict=True)
    ]
    written = write_claim_segments(submitted, envelope=_envelope(created_at))
    read = _require_same(claims, written, created_at)
    again = segments_of(io.BytesIO(written), read)
    if list(map(_comparable, segments)) != list(map(_comparable, again)):
        raise InputError(_NOT_AS_MEANT)
    return written


def _require_same(
    claims: Sequence[Claim], written: bytes, created_at: datetime
) -> list[Claim]:
    """What is read of a draft, which must be the claims, their source and a day of
    submission that they do not state apart."""
    reading = read_bytes(written, file="draft")
    read = [one for one in reading.records if isinstance(one, Claim)]
    meant = [
        msgspec.structs.replace(
            one, submitted_on=one.submitted_on or created_at.date(), source=None
        )
        for one in claims
    ]
    found = [msgspec.structs.replace(one, source=None) for one in read]
    if found != meant or not reading.complete:
        raise InputError(_NOT_AS_MEANT)
    return read


def _comparable(
    claim: ClaimSegments,
) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...], str]:
    """What a draft must keep of a claim: all but the numbers of its levels (HL)."""
    levels = tuple(level[1:] for level in claim.levels)
    return levels, claim.own, claim.transaction_kind


def _envelope(created_at: datetime) -> Envelope:
    return Envelope(
        sender_id=_NOBODY,
        receiver_id=_NOBODY,
        control_number=1,
        created_at=created_at,
        usage="T",
        sender_name=_NOBODY,
        receiver_name=_NOBODY,
        contact_name=_NOBODY,
        contact_phone="0000000000",
    )
