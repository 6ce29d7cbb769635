"""X12 as segments: a byte stream in, batches of segment text out.

This module knows characters and nothing of meaning. It re-reads the delimiters at
every ISA, because each interchange brings its own, and it tolerates what senders do
to files on the way: byte-order marks, blank lines and indentation, hard line breaks
every 80 columns, padding after the last segment, an ISA that is not padded to its
106 characters, a newline as the terminator. Each tolerance that could hide a fault
is reported. Memory stays bounded: a segment longer than `LONGEST_SEGMENT` is dropped
with an error instead of being collected.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from denialml.formats.problems import ProblemLog

CHUNK = 1 << 16
LONGEST_SEGMENT = 1 << 18
HEADER_SPAN = 1 << 12
ISA_LENGTH = 106
ISA_ELEMENTS = 16
PADDING = " \t\r\n\0\x1a"
_BYTE_ORDER_MARKS = ("\xef\xbb\xbf", "\xff\xfe", "\xfe\xff")
_INTERCHANGE = re.compile(r"ISA[^0-9A-Za-z]", re.IGNORECASE)
_HEADERLESS = re.compile(r"(GS|ST)([^0-9A-Za-z\s])[^~\r\n]{2,}", re.IGNORECASE)


class Delimiters(NamedTuple):
    """The four separators of one interchange; `repetition` is empty before 00402."""

    element: str
    component: str
    repetition: str
    terminator: str


class Batch(NamedTuple):
    """Whole segments in file order, without terminators and surrounding padding.

    `first` is the ordinal of the first one, counted from 1 over the whole file.
    """

    segments: list[str]
    delimiters: Delimiters
    first: int


class SegmentSource:
    """Reads batches of segments from a byte stream, one chunk at a time.

    After the end, `ended_inside_segment` tells whether the last segment was cut.
    """

    def __init__(self, stream: BinaryIO, *, log: ProblemLog) -> None:
        self._stream = stream
        self._log = log
        self._text = ""
        self._at_end = False
        self._next = 1
        self._wrap_checked = False
        self._padding = PADDING
        self._rare_padding = ""
        self.ended_inside_segment = False
        self.recognized = False

    def batches(self) -> Iterator[Batch]:
        """Yield the segments of every interchange; nothing for a file without any."""
        self._fill(HEADER_SPAN)
        self._drop_byte_order_mark()
        delimiters: Delimiters | None = None
        while True:
            self._text = self._text.lstrip(self._padding)
            if not self._text and self._at_end:
                return
            if delimiters is None or self._starts_interchange(self._text):
                self._fill(HEADER_SPAN)
                delimiters = self._read_header(delimiters)
                if delimiters is None:
                    return
                self.recognized = True
                self._use(delimiters)
            yield from self._interchange(delimiters)

    def _fill(self, size: int) -> None:
        while len(self._text) < size and not self._at_end:
            self._read_chunk()

    def _read_chunk(self) -> None:
        chunk = self._stream.read(CHUNK)
        if chunk:
            self._text += chunk.decode("latin-1")
        else:
            self._at_end = True

    def _drop_byte_order_mark(self) -> None:
        self._text = self._text.lstrip(PADDING)
        for mark in _BYTE_ORDER_MARKS:
            if self._text.startswith(mark):
                self._text = self._text[len(mark) :]
                if mark != _BYTE_ORDER_MARKS[0]:
                    # UTF-16: every second byte of an X12 file is NUL.
                    self._text = self._text.replace("\0", "")

    def _use(self, delimiters: Delimiters) -> None:
        self._wrap_checked = False
        # A delimiter that is itself a blank or control character is never padding.
        self._padding = "".join(c for c in PADDING if c not in delimiters)
        self._rare_padding = "".join(c for c in self._padding if c not in " \r\n")

    @staticmethod
    def _starts_interchange(text: str) -> bool:
        return text[:3].upper() == "ISA" and len(text) > 3 and not text[3].isalnum()

    def _read_header(self, current: Delimiters | None) -> Delimiters | None:
        if self._starts_interchange(self._text):
            found = read_isa(self._text)
            if found is None:
                self._unreadable_header()
                return None
            if not found.padded:
                self._log.warn(
                    "interchange-header-not-padded",
                    "the ISA segment is not 106 characters long; its delimiters were "
                    "found by counting elements",
                    segment=self._next,
                    expected="ISA elements padded to their fixed lengths",
                    fix="nothing to do; tell the sender if other systems refuse it",
                )
            return found.delimiters
        if current is not None:
            return current
        guessed = _guess_delimiters(self._text)
        if guessed is None:
            self._unreadable_header()
        else:
            self._log.add(
                "missing-interchange-header",
                "the file has no ISA segment; its delimiters were guessed",
                segment=1,
                expected="ISA as the first segment",
                fix="ask the sender for the complete interchange",
                incomplete=True,
            )
        return guessed

    def _unreadable_header(self) -> None:
        self._log.add(
            "unreadable-interchange-header",
            "the ISA segment does not have sixteen elements",
            segment=self._next,
            expected="ISA with 16 elements, 106 characters long",
            fix="ask the sender for the file again",
            incomplete=True,
        )

    def _interchange(self, delimiters: Delimiters) -> Iterator[Batch]:
        """Yield batches until another ISA starts or the stream ends."""
        terminator = delimiters.terminator
        header_passed = not self._starts_interchange(self._text)
        while True:
            next_isa = self._find_next_isa(terminator, 0 if header_passed else 1)
            end = next_isa if next_isa >= 0 else self._text.rfind(terminator)
            if end > 0:
                text, self._text = self._text[:end], self._text[end:]
                if next_isa < 0:
                    self._text = self._text[1:]
                yield from self._divide(text, delimiters)
                header_passed = True
            elif end == 0 and next_isa < 0:
                self._text = self._text[1:]
            if next_isa >= 0:
                return
            if self._at_end:
                yield from self._last_segment(delimiters)
                return
            self._drop_endless_segment(terminator)
            self._read_chunk()

    def _find_next_isa(self, terminator: str, start: int) -> int:
        """Return where a further ISA starts, or -1.

        Only at a segment start: "ISA" is also a surname. A segment start follows a
        terminator, or an IEA that was concatenated without its last terminator.
        """
        text = self._text
        position = text.find("ISA", start)
        while position >= 0:
            if len(text) > position + 3 and not text[position + 3].isalnum():
                before = text[max(0, position - 200) : position].rstrip(self._padding)
                if not before or before[-1] == terminator:
                    return position
                last = before.rsplit(terminator, 1)[-1].lstrip(self._padding)
                if last.startswith("IEA"):
                    return position
            position = text.find("ISA", position + 3)
        return -1

    def _divide(self, text: str, delimiters: Delimiters) -> Iterator[Batch]:
        ending, parts = delimiters.terminator, None
        if "\n" in text or "\r" in text:
            text, ending, parts = self._without_line_breaks(text, ending)
        if parts is None:
            parts = text.split(ending)
        if text[:1] in self._padding or self._may_be_padded(text, ending):
            parts = [part.strip(self._padding) for part in parts]
        if not text.isascii():
            parts = [mended(part) for part in parts]
        if not all(parts):
            parts = [part for part in parts if part]
        if parts:
            first, self._next = self._next, self._next + len(parts)
            yield Batch(parts, delimiters, first)

    def _may_be_padded(self, text: str, ending: str) -> bool:
        """Whether a segment may start with a blank or control character."""
        if ending + " " in text:
            return True
        return any(character in text for character in self._rare_padding)

    def _without_line_breaks(
        self, text: str, terminator: str
    ) -> tuple[str, str, list[str] | None]:
        """The text without line breaks, what its segments end with, and the segments.

        Most files break the line after every terminator and nowhere else; there the
        break is a part of the ending, and the segments come out at once.
        """
        if terminator not in "\r\n":
            text = text.lstrip("\r\n")
            ending = terminator + ("\r\n" if "\r" in text else "\n")
            parts = text.split(ending)
            rest = "".join(parts)
            if not (terminator in rest or "\n" in rest or "\r" in rest):
                return text, ending, parts
            self._check_for_wraps(text, terminator)
        if terminator != "\r":
            text = text.replace("\r", "")
        if terminator != "\n":
            text = text.replace("\n", "")
        return text, terminator, None

    def _check_for_wraps(self, text: str, terminator: str) -> None:
        if self._wrap_checked:
            return
        self._wrap_checked = True
        if re.search(rf"[^\s{re.escape(terminator)}][\r\n]+[^\s]", text):
            self._log.warn(
                "wrapped-lines",
                "segments are broken over several lines; they were joined",
                segment=self._next,
                expected="no line break inside a segment",
                fix="nothing to do",
            )

    def _last_segment(self, delimiters: Delimiters) -> Iterator[Batch]:
        """The text after the last terminator: an IEA without one, or a cut."""
        rest = self._text.strip(self._padding)
        self._text = ""
        if not rest:
            return
        identifier = rest.split(delimiters.element, 1)[0].upper()
        if identifier in ("IEA", "SE", "GE"):
            self._log.warn(
                "missing-final-terminator",
                "the last segment has no terminator",
                segment=self._next,
                expected="a segment terminator after the last segment",
                fix="nothing to do",
            )
            yield from self._divide(rest, delimiters)
            return
        if not identifier.isalnum() or len(identifier) > 3:
            self._log.warn(
                "trailing-text",
                "there is text after the last segment; it was ignored",
                segment=self._next,
                expected="nothing after the last segment",
                fix="nothing to do unless a segment is missing",
            )
            return
        self.ended_inside_segment = True
        self._log.add(
            "file-cut-off",
            f"the file ends in the middle of a {identifier} segment",
            segment=self._next,
            expected="a file that ends with IEA",
            fix="transfer the file again",
            incomplete=True,
        )

    def _drop_endless_segment(self, terminator: str) -> None:
        """Skip to the next terminator where a segment outgrows any legal size."""
        if len(self._text) <= LONGEST_SEGMENT:
            return
        self._log.add(
            "segment-too-long",
            f"a segment is longer than {LONGEST_SEGMENT} characters; it was dropped",
            segment=self._next,
            expected=f"the terminator {terminator!r} at the end of each segment",
            fix="check that the file is X12 and was transferred as binary",
            incomplete=True,
        )
        self._next += 1
        self._text = ""
        while not self._at_end:
            self._read_chunk()
            position = self._text.find(terminator)
            if position >= 0:
                self._text = self._text[position + 1 :]
                return
            self._text = ""


def mended(segment: str) -> str:
    """A segment with accents: UTF-8 where its bytes are that, Latin-1 otherwise.

    Interchanges do not say their character set; bytes were decoded as Latin-1, which
    loses nothing, and a Latin-1 accent is almost never valid UTF-8.
    """
    try:
        return segment.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return segment


class Header(NamedTuple):
    """What an ISA says about the characters of its interchange."""

    delimiters: Delimiters
    padded: bool


def read_isa(text: str) -> Header | None:
    """Read the delimiters from text that starts with ISA; None if it cannot be one.

    The fixed positions of a padded ISA and the sixteenth separator of an unpadded
    one are the same place, so counting covers both; line breaks of a wrapped ISA
    are skipped.
    """
    element = text[3:4]
    position = -1
    for _ in range(ISA_ELEMENTS):
        position = text.find(element, position + 1)
        if position < 0 or position > 2 * ISA_LENGTH:
            return None
    body = text[:position]
    wrapped = "\n" in body or "\r" in body
    rest = text[position + 1 : position + 8]
    if wrapped:
        body = body.replace("\r", "").replace("\n", "")
        unbroken = rest.replace("\r", "").replace("\n", "")
        # Where a segment name follows at once, the line break is the terminator.
        rest = rest if unbroken[1:2].isalnum() else unbroken
    if len(rest) < 2 or element in rest[:2]:
        return None
    elements = body.split(element)
    # ISA11 was "U" (a standards identifier) before 00402, and still is in files made
    # by old habit: a letter or digit is not a repetition separator.
    repetition = elements[11] if len(elements) > 11 else ""
    if len(repetition) != 1 or repetition.isalnum() or repetition == " ":
        repetition = ""
    delimiters = Delimiters(element, rest[0], repetition, rest[1])
    if delimiters.terminator.isalnum() or rest[0] == rest[1]:
        return None
    return Header(delimiters, padded=len(body) == ISA_LENGTH - 3)


def looks_like_x12(head: bytes) -> bool:
    """Whether a file's first bytes can be X12: ISA, or GS or ST where that is lost."""
    text = head[:HEADER_SPAN].decode("latin-1").lstrip(PADDING)
    for mark in _BYTE_ORDER_MARKS:
        text = text.removeprefix(mark)
    text = text.replace("\0", "").lstrip(PADDING)
    return bool(_INTERCHANGE.match(text) or _HEADERLESS.match(text))


def _guess_delimiters(text: str) -> Delimiters | None:
    """Delimiters of a file that starts at GS or ST; None if it is not X12."""
    match = _HEADERLESS.match(text)
    if match is None:
        return None
    element = match.group(2)
    head = text[:HEADER_SPAN]
    if "~" in head:
        terminator = "~"
    elif "\n" in head or "\r" in head:
        terminator = "\r" if "\r" in head and "\r\n" not in head else "\n"
    else:
        return None
    component = next((c for c in ":><|^" if c in head and c != element), ":")
    return Delimiters(element, component, "", terminator)
