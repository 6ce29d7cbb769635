"""Re-read the finished letter and hold every figure in it against the record.

The check knows nothing of templates. It takes the letter's text apart into dates,
amounts, and every other token that contains a digit, and asks of each whether it
stands in the claim, the answer, a record on file, an exhibit, or a cited authority.
It also refuses blanks, unfinished markers and forbidden exhibits.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from denialml.appeals.case_file import CaseFile
from denialml.appeals.document_gate import never_leaves, reason_to_withhold
from denialml.appeals.document_reading import DATE, read_date
from denialml.appeals.evidence import EvidenceFile
from denialml.appeals.markup import block_texts
from denialml.appeals.record_facts import RecordFacts, record_facts
from denialml.domain.appeal import Citation, LetterBlock

_UNFINISHED = re.compile(
    r"\{\{|\}\}|\{%|\[\s*\]|\bNone\b|\bundefined\b|\bnan\b|_{3,}|\bTBD\b|\bXX+\b"
    r"|\(\s*\)|\s[,.;:](?:\s|$)|,\s*[,.]|\.\.",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"-?\$[\d,]+(?:\.\d+)?")
_TOKEN = re.compile(r"[A-Za-z0-9$][A-Za-z0-9$.:/()'&-]*")
_KNOWN = "\N{CURRENCY SIGN}"  # stands for what was found in the record
_QUOTED = re.compile(r"“([^”]*)”")


def check_letter(
    blocks: Sequence[LetterBlock],
    cases: Sequence[CaseFile],
    *,
    evidence: EvidenceFile,
    citations: Sequence[Citation],
    literals: Sequence[str],
    on: date,
) -> tuple[str, ...]:
    """What is wrong with the letter, without repeating its values; () if nothing.

    `cases` are the denied lines that the letter covers.
    """
    facts = record_facts(cases, citations=citations, literals=literals, on=on)
    exhibits = {e.label for e in evidence.exhibits}
    faults: list[str] = []
    if not blocks:
        faults.append("The letter has no text.")
    for place, block in enumerate(blocks, start=1):
        if not block.sources and block.kind != "heading":
            faults.append(f"Block {place} states something without a source.")
        for text in block_texts(block):
            faults += [
                f"Block {place} {fault}" for fault in _faults(text, facts, exhibits)
            ]
    faults += _exhibit_faults(cases, evidence, on=on)
    return tuple(dict.fromkeys(faults))


def _faults(text: str, facts: RecordFacts, exhibits: set[str]) -> list[str]:
    rest = _QUOTED.sub(_KNOWN, text)
    unknown = _without_phrases(rest, facts.phrases)
    undated = re.sub(DATE, _KNOWN, unknown)
    unpriced = _AMOUNT.sub(_KNOWN, undated)
    tokens = (token.strip(".,:;()'") for token in _TOKEN.findall(unpriced))
    found = {
        "holds a blank or an unfinished marker.": bool(_UNFINISHED.search(unknown)),
        "quotes words that no document on file holds.": any(
            not any(quoted in shown for shown in facts.exhibit_texts)
            for quoted in _QUOTED.findall(text)
        ),
        "cites an exhibit that is not attached.": any(
            label not in exhibits
            for label in re.findall(r"\bExhibit ([A-Z]{1,2})\b", rest)
        ),
        "states a date that is not in the record.": any(
            read_date(stated) not in facts.dates for stated in re.findall(DATE, unknown)
        ),
        "states an amount that is not in the record.": any(
            _amount(stated) not in facts.amounts for stated in _AMOUNT.findall(undated)
        ),
        "states a number or code that is not in the record.": any(
            any(c.isdigit() for c in token) and token.casefold() not in facts.tokens
            for token in tokens
        ),
    }
    return [fault for fault, is_there in found.items() if is_there]


def _without_phrases(text: str, phrases: Sequence[str]) -> str:
    """The text with whole phrases of the record marked as known, longest first."""
    for phrase in phrases:
        if phrase in text:
            text = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", _KNOWN, text)
    return text


def _amount(stated: str) -> Decimal | None:
    try:
        return Decimal(stated.replace("$", "").replace(",", ""))
    except InvalidOperation:
        return None


def _exhibit_faults(
    cases: Sequence[CaseFile], evidence: EvidenceFile, *, on: date
) -> list[str]:
    faults = []
    for exhibit in evidence.exhibits:
        holders = [
            (case, document)
            for case in cases
            for document in case.documents
            if document.document_id == exhibit.document_id
        ]
        if not holders:
            faults.append(f"Exhibit {exhibit.label} is not a document on file.")
        elif any(never_leaves(document) for _, document in holders) or all(
            reason_to_withhold(document, case, on=on) for case, document in holders
        ):
            faults.append(f"Exhibit {exhibit.label} may not leave the practice.")
    return faults
