"""Exact quotations from exhibits: the only way a note's words enter a letter.

A quotation is one labeled line of an exhibit, character for character, and its source
names the document and the characters it came from. Lines that address a reader, look
like markup or run long are left where they are: the exhibit itself shows them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from denialml.appeals.document_reading import labeled_text, short_lines
from denialml.appeals.values import Value, printable
from denialml.domain.document import Document

LONGEST_QUOTATION = 240
MOST_QUOTATIONS = 3
MOST_SCORES = 1
_SCORE = re.compile(
    r"[ \t]{0,20}(?:PHQ-?9|GAD-?7|PCL-?5|AUDIT|DAST|LOCUS|CALOCUS|ASAM)\b.*\d"
)
_CONTACT = re.compile(r".*\b(?:reference|ref\.?|call id|ticket)\b", re.IGNORECASE)
_NOT_PROSE = re.compile(r"[<>{}#`$\\@|~^]|https?:|www\.|[*_]{2,}")
_ADDRESSES_A_READER = re.compile(
    r"\b(?:ignore|disregard|instruction|instructions|prompt|override|approve|assistant|"
    r"system message|reviewer|you are|you must|please)\b",
    re.IGNORECASE,
)


class QuoteContext(msgspec.Struct, frozen=True, kw_only=True):
    """One quotation: what it is about, the exact words, the exhibit it stands in."""

    label: Value
    text: Value
    exhibit: Value


def quotations(
    documents: Sequence[Document],
    *,
    references: Mapping[str, Value],
    labels: Sequence[str],
) -> tuple[QuoteContext, ...]:
    """Quote measured scores, then lines so labeled, then recorded contacts.

    In the order of the labels, within a label of the exhibits.
    """
    quotes: list[QuoteContext] = []
    for document in documents:
        for span in _lines_like(_SCORE, document):
            quotes += _quote(document, "Measured score", span, references)
    quotes = quotes[:MOST_SCORES]
    for label in labels:
        for document in documents:
            stated = labeled_text(document.text, re.escape(label))
            found = _quote(document, label.capitalize(), stated, references)
            quotes += found
            if found:
                break  # one exhibit is enough for one label
    for document in documents:
        if document.kind == "auth_request_log":
            for span in _lines_like(_CONTACT, document):
                quotes += _quote(document, "Recorded contact", span, references)
    return tuple(quotes[:MOST_QUOTATIONS])


def _lines_like(
    pattern: re.Pattern[str], document: Document
) -> Iterator[tuple[str, int]]:
    for line, offset in short_lines(document.text):
        if pattern.match(line):
            words = line.strip()
            yield words, offset + line.index(words)


def _quote(
    document: Document,
    label: str,
    span: tuple[str, int] | None,
    references: Mapping[str, Value],
) -> list[QuoteContext]:
    if span is None or not is_quotable(span[0]):
        return []
    words, start = span
    source = f"document:{document.document_id}#{start}-{start + len(words)}"
    return [
        QuoteContext(
            label=Value(label, source),
            text=Value(words, source),
            exhibit=references[document.document_id],
        )
    ]


def is_quotable(words: str) -> bool:
    """Whether a line is plain clinical prose that survives printing unchanged."""
    return (
        len(words) <= LONGEST_QUOTATION
        and printable(words) == words
        and _NOT_PROSE.search(words) is None
        and _ADDRESSES_A_READER.search(words) is None
    )
