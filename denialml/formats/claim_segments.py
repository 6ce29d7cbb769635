"""Single claims of an 837P file as they stand there: every segment, read or not.

A `Claim` keeps what rules and features ask for; a payer may need the rest. Here are the
segments that make up one claim, with the levels that hold for it, in the separators of
its interchange. What they mean is not looked at beyond where a claim begins and ends.
"""

from collections.abc import Collection
from typing import BinaryIO

import msgspec

from denialml.errors import InputError
from denialml.formats.problems import ProblemLog
from denialml.formats.x12 import Delimiters, SegmentSource

# A claim of 50 lines with everything that X222 allows has some ten thousand. A level
# is copied to each of its claims, so that a long one would grow a file many times.
MOST_CHARACTERS, MOST_LEVEL_CHARACTERS = 500_000, 20_000
_BILLING, _SUBSCRIBER, _PATIENT = "20", "22", "23"
# What an HL of each code ends: itself and the levels below it.
_ENDS = {
    _BILLING: (_BILLING, _SUBSCRIBER, _PATIENT),
    _SUBSCRIBER: (_SUBSCRIBER, _PATIENT),
    _PATIENT: (_PATIENT,),
}
# BHT06 where a transaction says none: chargeable, neither an encounter (RP) nor a
# subrogation demand (31).
_CHARGEABLE = "CH"
_ENVELOPE = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})


class ClaimSegments(msgspec.Struct, frozen=True, kw_only=True):
    """One claim as it stands in its file. Grain: claim.

    `levels` are those in force, outermost first: 2000A, 2000B and, where the patient is
    not the subscriber, 2000C, each from its HL on. `own` are the segments from CLM on.
    All without terminators. `guide` is ST03, GS08 where that is empty;
    `transaction_kind` is BHT06, CH where that is no code of two characters.
    """

    levels: tuple[tuple[str, ...], ...]
    own: tuple[str, ...]
    delimiters: Delimiters
    guide: str
    transaction_kind: str = _CHARGEABLE


def claim_segments(
    stream: BinaryIO, ordinals: Collection[int]
) -> dict[int, ClaimSegments]:
    """The claims whose CLM stands at these ordinals (`Claim.source.segment`).

    Reads the file once, up to the last of them. An ordinal at which no CLM stands is
    not in the answer.

    Raises
    ------
    InputError
        One of the claims is longer than `MOST_CHARACTERS`, or a level of it than
        `MOST_LEVEL_CHARACTERS`.
    """
    walk = _walked(stream, ordinals)
    if walk.too_long:
        raise InputError(
            f"a claim is longer than {MOST_CHARACTERS:,} characters, or one of its"
            f" levels than {MOST_LEVEL_CHARACTERS:,}; no draft of it can be written"
        )
    return walk.found


def claim_segments_at_hand(
    stream: BinaryIO, ordinals: Collection[int]
) -> dict[int, ClaimSegments]:
    """As `claim_segments`, but the claims that are too long are left out."""
    return _walked(stream, ordinals).found


def _walked(stream: BinaryIO, ordinals: Collection[int]) -> "_Walk":
    wanted = set(ordinals)
    walk = _Walk(wanted)
    last = max(wanted, default=0)
    source = SegmentSource(stream, log=ProblemLog(""))
    for segments, delimiters, first in source.batches():
        walk.use(delimiters)
        for ordinal, text in enumerate(segments, start=first):
            walk.take(text, ordinal)
            if ordinal > last and not walk.is_inside:
                return walk
    walk.close()
    return walk


class _Collected:
    """The segments of a claim or level, as long as they are not too long."""

    def __init__(self, first: str, *, most: int) -> None:
        self._texts = [first]
        self._left = most - len(first)

    def add(self, text: str) -> None:
        if self._left >= 0:
            self._left -= len(text)
            self._texts.append(text)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out for its length."""
        return self._left >= 0

    def texts(self) -> tuple[str, ...]:
        return tuple(self._texts)


class _Walk:
    """Goes over the segments of a file and keeps the wanted claims."""

    def __init__(self, wanted: Collection[int]) -> None:
        self.found: dict[int, ClaimSegments] = {}
        self.too_long: set[int] = set()
        self._wanted = wanted
        self._delimiters: Delimiters | None = None
        self._guide = self._group_guide = ""
        self._kind = _CHARGEABLE
        self._levels: dict[str, _Collected] = {}
        self._level: _Collected | None = None
        self._in_claim = False
        self._own: _Collected | None = None
        self._at = 0

    @property
    def is_inside(self) -> bool:
        """Whether a wanted claim has begun and not ended."""
        return self._own is not None

    def use(self, delimiters: Delimiters) -> None:
        """The separators of what follows; other ones end whatever was open."""
        if delimiters != self._delimiters:
            self._leave()
            self._delimiters = delimiters

    def take(self, text: str, ordinal: int) -> None:
        assert self._delimiters is not None
        name = text.partition(self._delimiters.element)[0].upper()
        if name == "CLM":
            self.close()
            self._in_claim = True
            if ordinal in self._wanted:
                self._own = _Collected(text, most=MOST_CHARACTERS)
                self._at = ordinal
        elif name == "HL":
            self.close()
            self._open_level(text)
        elif name in _ENVELOPE:
            self._leave()
            self._note_guide(name, text)
        elif self._own is not None:
            self._own.add(text)
        elif self._level is not None and not self._in_claim:
            self._level.add(text)
        elif name == "BHT" and not self._in_claim:
            self._note_kind(text)

    def close(self) -> None:
        """The claim that was open is whole."""
        own, self._own = self._own, None
        self._in_claim = False
        if own is None:
            return
        assert self._delimiters is not None
        levels = [self._levels[code] for code in _ENDS if code in self._levels]
        if not all(part.is_whole for part in (*levels, own)):
            self.too_long.add(self._at)
            return
        self.found[self._at] = ClaimSegments(
            levels=tuple(level.texts() for level in levels),
            own=own.texts(),
            delimiters=self._delimiters,
            guide=self._guide or self._group_guide,
            transaction_kind=self._kind,
        )

    def _open_level(self, text: str) -> None:
        assert self._delimiters is not None
        elements = text.split(self._delimiters.element, 4)
        code = elements[3].strip() if len(elements) > 3 else ""
        # The reader takes an HL of any other code for the end of a patient level.
        for ended in _ENDS.get(code, (_PATIENT,)):
            self._levels.pop(ended, None)
        self._level = None
        if code in _ENDS:
            self._level = _Collected(text, most=MOST_LEVEL_CHARACTERS)
            self._levels[code] = self._level

    def _leave(self) -> None:
        self.close()
        self._levels.clear()
        self._level = None

    def _note_guide(self, name: str, text: str) -> None:
        assert self._delimiters is not None
        elements = text.split(self._delimiters.element)
        if name == "GS":
            self._group_guide = elements[8].strip() if len(elements) > 8 else ""
        elif name == "ST":
            self._guide = elements[3].strip() if len(elements) > 3 else ""
            self._kind = _CHARGEABLE

    def _note_kind(self, text: str) -> None:
        assert self._delimiters is not None
        kind = "".join(text.split(self._delimiters.element)[6:7]).strip()
        if len(kind) == 2 and kind.isalnum():
            self._kind = kind
