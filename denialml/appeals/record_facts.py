"""Every date, amount and code that the record of a case holds, for the checker.

Collected by walking the records themselves, not the letter's context, so that a fault
of the context cannot vouch for itself.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, time
from decimal import Decimal

import msgspec

from denialml.appeals.case_file import CaseFile
from denialml.appeals.correction_facts import stated_diagnoses
from denialml.appeals.document_reading import DATE, read_date, stated_time
from denialml.appeals.filing import filing_limit_ends
from denialml.appeals.session_time import minutes_band
from denialml.appeals.values import clock_text, label_in_words, number_text, printable
from denialml.domain.appeal import Citation
from denialml.domain.encounter import documented_minutes
from denialml.domain.record import Judgment
from denialml.reference import (
    adjustment_reasons,
    document_kinds,
    procedure_codes,
    remark_codes,
)

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/&'-]*")


# Texts of more than one word; single words are tokens.
_COMPOUND = re.compile(r"[^\W_].*[^\w.]|[^\w.].*[^\W_]")


class RecordFacts(Judgment, frozen=True):
    """What a letter about this case may state.

    `tokens` are case-folded words; `phrases` are whole texts (citations, labels,
    literals, and texts of the record with more than one word), longest first;
    `exhibit_texts` are the documents'.
    """

    dates: frozenset[date]
    amounts: frozenset[Decimal]
    tokens: frozenset[str]
    phrases: tuple[str, ...]
    exhibit_texts: tuple[str, ...]


def record_facts(
    cases: Sequence[CaseFile],
    *,
    citations: Sequence[Citation],
    literals: Sequence[str],
    on: date,
) -> RecordFacts:
    """What the records of a letter's lines hold. `on` is the letter's own date."""
    of_lines = [_facts_of(case) for case in cases]
    phrases = {text for c in citations for text in (c.citation, c.statement)}
    phrases |= {*literals, *(text for one in of_lines for text in one.phrases)}
    totals = {
        sum((case.line.charge for case in cases), Decimal(0)),
        sum((case.denial.denied_amount for case in cases), Decimal(0)),
    }
    return RecordFacts(
        dates=frozenset({on}).union(*(one.dates for one in of_lines)),
        amounts=frozenset(totals).union(*(one.amounts for one in of_lines)),
        tokens=frozenset().union(*(one.tokens for one in of_lines)),
        phrases=tuple(sorted(filter(None, phrases), key=len, reverse=True)),
        exhibit_texts=tuple(
            dict.fromkeys(text for one in of_lines for text in one.exhibit_texts)
        ),
    )


def _facts_of(case: CaseFile) -> RecordFacts:
    """What the records of one denied line hold."""
    dates: set[date] = set()
    amounts: set[Decimal] = set()
    tokens: set[str] = set()
    texts: set[str] = set()
    for value in _leaves(_without_judgments(case)):
        _collect(value, dates, amounts, tokens)
        if isinstance(value, str):
            texts.add(printable(value))
    limit = filing_limit_ends(case)
    if limit is not None:
        dates.add(limit)
    for minutes in (*minutes_band(case), *map(documented_minutes, case.encounters)):
        if minutes is not None:
            tokens.add(str(minutes))
    for document in case.documents:
        dates |= {d for t in re.findall(DATE, document.text) if (d := read_date(t))}
        for code in stated_diagnoses(document.text):
            _collect(code, dates, amounts, tokens)
        stated = stated_time(document.text)
        for when in (stated.started_at, stated.stopped_at, stated.minutes):
            _collect(when, dates, amounts, tokens)
    phrases = {text for text in texts if _COMPOUND.search(text)}
    return RecordFacts(
        dates=frozenset(dates),
        amounts=frozenset(amounts),
        tokens=frozenset(tokens),
        phrases=(*phrases, *_labels(case)),
        exhibit_texts=tuple(document.text for document in case.documents),
    )


def _without_judgments(case: CaseFile) -> tuple[object, ...]:
    """The facts of the case: neither the finding, the route, nor document texts."""
    documents = (msgspec.structs.replace(d, text="") for d in case.documents)
    return (
        *(case.denial, case.claim, case.line, case.payer, case.facts),
        *(*documents, *case.encounters, *case.authorizations),
        *(*case.eligibility_checks, *case.enrollments, *case.clinicians),
        *case.acknowledgments,
    )


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _leaves(getattr(value, name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _collect(
    value: object, dates: set[date], amounts: set[Decimal], tokens: set[str]
) -> None:
    if isinstance(value, date):
        dates.add(value)
    elif isinstance(value, Decimal):
        amounts.add(value)
        tokens.add(number_text(value))
    elif isinstance(value, time):
        tokens.add(clock_text(value).split()[0])
    elif isinstance(value, int) and not isinstance(value, bool):
        tokens.add(str(value))
    elif isinstance(value, str):
        if len(value) == 9 and value.isdigit():
            tokens.add(f"{value[:5]}-{value[5:]}")  # ZIP+4
        tokens |= {word.strip(".:'").casefold() for word in _WORD.findall(value)}
        tokens.add(printable(value).casefold())


def _labels(case: CaseFile) -> Iterator[str]:
    """Texts that the context derives from codes: labels, CO-197, F41.1."""
    line = case.line
    code = procedure_codes().get(line.procedure_code)
    yield "-".join((line.procedure_code, *line.modifiers))
    if code is not None:
        yield label_in_words(code.label)
    for adjustment in case.denial.adjustments:
        yield f"{adjustment.group_code}-{adjustment.reason_code}"
        reason = adjustment_reasons().get(adjustment.reason_code)
        yield label_in_words(reason.label) if reason else ""
    for remark in case.denial.remark_codes:
        entry = remark_codes().get(remark)
        yield label_in_words(entry.label) if entry else ""
    for document in case.documents:
        kind = document_kinds().get(document.kind)
        yield kind.label if kind else ""
    for diagnosis in case.claim.diagnoses:
        yield f"{diagnosis.code[:3]}.{diagnosis.code[3:]}"
