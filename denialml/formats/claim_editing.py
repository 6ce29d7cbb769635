"""Changes single elements of a claim's own segments, and nothing else of them.

An element is changed where its segment stands; a missing segment is put in at the place
that X222 gives it, an emptied one is taken out. The other payers' loops (2320, 2330,
2430) and the other lines stay as they are.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from denialml.errors import InputError
from denialml.formats.claim_places import (
    ENDS,
    LOOPS,
    ORDER,
    PLACES,
    PROVIDERS,
    REFERENCES,
    Loop,
    Place,
)
from denialml.formats.claim_segments import ClaimSegments
from denialml.formats.envelope_writing import money

MOST_MODIFIERS = 4
_LEVELS = {"2000B": "22", "2000C": "23"}


class PlacedEdit(NamedTuple):
    """What an element shall say, as `Edit.after` does. `line` is the position of the
    line among the claim's lines, from 0; None for the claim."""

    field: str
    after: str
    line: int | None = None


def edit_claim(claim: ClaimSegments, edits: Iterable[PlacedEdit]) -> ClaimSegments:
    """The claim with the elements changed.

    Raises
    ------
    InputError
        A value holds one of the claim's separators, there is no such loop or line, or
        the claim says more than once what an edit changes.
    """
    editor = _Editor(claim)
    for edit in edits:
        editor.make(edit)
    return editor.result()


class _Span(NamedTuple):
    """The segments of one loop: a list and the positions in it."""

    segments: list[str]
    start: int
    stop: int


class _Editor:
    """One claim's segments while they are changed: its levels, CLM up to the first
    line, and the lines, each from its LX on."""

    def __init__(self, claim: ClaimSegments) -> None:
        self._claim = claim
        self._delimiters = claim.delimiters
        self._levels = [list(level) for level in claim.levels]
        self._parts: list[list[str]] = [[]]
        for text in claim.own:
            if self._name(text) == "LX":
                self._parts.append([])
            self._parts[-1].append(text)

    def result(self) -> ClaimSegments:
        return replace(
            self._claim,
            levels=tuple(map(tuple, self._levels)),
            own=tuple(text for part in self._parts for text in part),
        )

    def make(self, edit: PlacedEdit) -> None:
        place = PLACES[edit.field]
        value = self._value(edit.after, place)
        span = self._span(place, edit.line)
        if span is None:
            self._add_provider(place, value)
            return
        at = self._position(self._read_span(span, place), place)
        if at is not None:
            self._change(span.segments, at, place, value)
        elif value:
            self._insert(span, place, value)

    # Values

    def _value(self, after: str, place: Place) -> str:
        """The text as X12 writes it."""
        if place.form == "modifiers":
            for one in after.split():
                self._require_plain(one)
            return after
        if place.form == "amount":
            return money(Decimal(after))
        value = after.replace("-", "") if place.form == "day" else after
        self._require_plain(value)
        return value

    def _require_plain(self, value: str) -> None:
        is_plain = value == value.strip() and value.isprintable()
        if not is_plain or any(one in value for one in self._delimiters if one):
            raise InputError(
                "what a correction writes holds a separator of the claim's file or an"
                " outer blank; correct it in the billing system"
            )

    # Places

    def _span(self, place: Place, line: int | None) -> _Span | None:
        """The loop of a place; None where the claim has none."""
        loop = LOOPS.get(place.loop)
        if loop is None:
            segments = self._part(place.loop, line)
            stop = self._first(segments, ENDS[place.loop])
            return _Span(segments, 0, stop)
        segments = self._part(loop.part, line)
        found = self._parties(segments, loop)
        if not found:
            return None
        start = found[0] if loop.counts == "first" else found[-1]
        ends = ENDS.get(loop.part, frozenset({"NM1"}))
        return _Span(segments, start, self._first(segments, ends, after=start))

    def _read_span(self, span: _Span, place: Place) -> _Span:
        """Where the reader takes the segment from: a REF of the claim or of a line also
        behind the NM1 of a provider, where X222 has none of that kind."""
        if place.segment != "REF":
            return span
        stop = self._first(span.segments, frozenset({"SBR"}))
        return span._replace(stop=stop)

    def _parties(self, segments: Sequence[str], loop: Loop) -> list[int]:
        """Where the loops of this kind start; those of 2320 are another payer's."""
        stop = self._first(segments, frozenset({"SBR"}))
        if loop.part == "2000B":
            stop = len(segments)
        return [
            at
            for at, text in enumerate(segments[:stop])
            if self._elements(text)[:2] == ["NM1", loop.entity]
        ]

    def _part(self, name: str, line: int | None) -> list[str]:
        if name == "2300":
            return self._parts[0]
        if name == "2400":
            services = [
                part
                for part in self._parts[1:]
                if any(self._name(text) == "SV1" for text in part)
            ]
            if line is None or not 0 <= line < len(services):
                raise InputError("the claim's file has no such service line")
            return services[line]
        for level in self._levels:
            if (self._elements(level[0]) + [""] * 4)[3].strip() == _LEVELS[name]:
                return level
        raise InputError(f"the claim has no level {name}")

    def _first(
        self, segments: Sequence[str], names: frozenset[str], *, after: int = 0
    ) -> int:
        """The first of these segments behind a position; the end where none is."""
        for at in range(after + 1, len(segments)):
            if self._name(segments[at]) in names:
                return at
        return len(segments)

    def _position(self, span: _Span, place: Place) -> int | None:
        """Where the segment stands: the one that says something, else the first.

        Refused where several say something: the reader takes the first, so that the
        others would stay beside the corrected one unseen.
        """
        found = [
            at
            for at in range(span.start, span.stop)
            if self._is_of(span.segments[at], place)
        ]
        saying = [at for at in found if self._says(span.segments[at], place)]
        own = [at for at in saying if not self._is_anothers(span.segments[at], place)]
        if len(own) > 1:
            what = " ".join(filter(None, (place.segment, place.qualifier)))
            raise InputError(
                f"the claim says more than once ({what}) what a correction changes;"
                " correct it in the billing system"
            )
        if saying:
            return saying[0]
        return found[0] if found else None

    def _says(self, text: str, place: Place) -> bool:
        elements = self._elements(text)
        return len(elements) > place.element and bool(elements[place.element])

    def _is_anothers(self, text: str, place: Place) -> bool:
        """REF04 says whose number it is: another payer's."""
        return place.segment == "REF" and any(self._elements(text)[4:])

    def _is_of(self, text: str, place: Place) -> bool:
        elements = self._elements(text)
        if elements[0] != place.segment:
            return False
        if place.loop == "2400" and self._is_anothers(text, place):
            return False
        return not place.qualifier or elements[1:2] == [place.qualifier]

    # Changes

    def _change(self, segments: list[str], at: int, place: Place, value: str) -> None:
        text = segments[at]
        elements = text.split(self._delimiters.element)
        if self._is_anothers(text, place):
            raise InputError(
                "the number that a correction changes is said to be another's (REF04);"
                " correct it in the billing system"
            )
        _put(elements, place.element, self._new_element(elements, place, value))
        if place.beside is not None and value:
            other, codes = place.beside
            if len(elements) <= other or elements[other] not in codes:
                _put(elements, other, codes[0])
        if place.template is not None and not any(elements[len(place.template) :]):
            del segments[at]
            return
        segments[at] = self._joined(elements)

    def _new_element(self, elements: Sequence[str], place: Place, value: str) -> str:
        if not place.component:
            return value
        held = elements[place.element] if len(elements) > place.element else ""
        components = held.split(self._delimiters.component)
        if place.segment == "SV1" and len(components) == 1:
            # A code without its qualifier: the reader takes it for SV101-2.
            components.insert(0, "")
        if place.form == "modifiers":
            modifiers = value.split()
            if len(modifiers) > MOST_MODIFIERS:
                raise InputError("a service line has room for four modifiers")
            rest = components[6:]
            modifiers += [""] * (MOST_MODIFIERS - len(modifiers))
            components = [*[*components, "", ""][:2], *modifiers, *rest]
        else:
            _put(components, place.component - 1, value)
        return self._delimiters.component.join(components).rstrip(
            self._delimiters.component
        )

    def _insert(self, span: _Span, place: Place, value: str) -> None:
        if place.template is None:
            raise InputError(f"the claim has no {place.segment} in loop {place.loop}")
        rank = _rank(place.loop, place.segment, place.qualifier)
        at = span.start + 1
        while at < span.stop and self._rank(place.loop, span.segments[at]) <= rank:
            at += 1
        span.segments.insert(at, self._new(place, value))

    def _add_provider(self, place: Place, value: str) -> None:
        """A loop 2310 that the claim does not have, before those that follow it."""
        loop = LOOPS[place.loop]
        if loop.part != "2300" or place.segment != "NM1" or place.template is None:
            raise InputError(f"the claim has no loop {place.loop}")
        if not value:
            return
        segments = self._parts[0]
        later = PROVIDERS.partition(loop.entity)[2].split()
        at = self._first(segments, frozenset({"SBR"}))
        for position in range(1, at):
            elements = self._elements(segments[position])
            if elements[0] == "NM1" and elements[1:2] and elements[1] in later:
                at = position
                break
        segments.insert(at, self._new(place, value))

    def _new(self, place: Place, value: str) -> str:
        assert place.template is not None
        elements = list(place.template)
        _put(elements, place.element, value)
        if place.beside is not None:
            other, codes = place.beside
            _put(elements, other, codes[0])
        return self._joined(elements)

    # Segments

    def _rank(self, loop: str, text: str) -> tuple[int, int]:
        elements = self._elements(text)
        return _rank(loop, elements[0], "".join(elements[1:2]))

    def _elements(self, text: str) -> list[str]:
        """The elements, the identifier in capitals as the reader takes it."""
        elements = text.split(self._delimiters.element)
        elements[0] = elements[0].upper()
        return elements

    def _name(self, text: str) -> str:
        return text.partition(self._delimiters.element)[0].upper()

    def _joined(self, elements: Sequence[str]) -> str:
        separator = self._delimiters.element
        return separator.join(elements).rstrip(separator)


def _put(parts: list[str], position: int, value: str) -> None:
    parts += [""] * (position + 1 - len(parts))
    parts[position] = value


def _rank(loop: str, segment: str, qualifier: str) -> tuple[int, int]:
    """Where X222 lists a segment; one that it does not list stays where it is."""
    order = ORDER[loop].split()
    if segment not in order:
        return -1, 0
    references = REFERENCES.get(loop, "").split()
    if segment != "REF" or qualifier not in references:
        return order.index(segment), 0
    return order.index(segment), references.index(qualifier)
