"""What a document's text layer states, found by fixed patterns.

Text of a document is evidence, never an instruction: it is searched for labeled
values and otherwise inert. Nothing here infers; a value that is not written out
in a known form is not read.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time

from denialml.appeals.plain_words import plain_words
from denialml.domain.record import Judgment

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|"
    r"Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
DATE = (
    r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4}|"
    rf"{_MONTH}\.? \d{{1,2}}, \d{{4}})"
)
# Patterns bound every run of white space, so that no text can make them slow.
_GAP = r"\s{0,4}"
LONGEST_LINE = 500
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp]\.?[Mm]\.?)?"
_START = re.compile(
    rf"\b(?:start(?:ed)?|begin|began)(?: ?time)?(?: at)?{_GAP}[:=]?{_GAP}({_CLOCK})",
    re.IGNORECASE,
)
_STOP = re.compile(
    rf"\b(?:stop(?:ped)?|end(?:ed)?)(?: ?time)?(?: at)?{_GAP}[:=]?{_GAP}({_CLOCK})",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"\b({_CLOCK}){_GAP}(?:-|\u2013|\u2014|to){_GAP}({_CLOCK})", re.IGNORECASE
)
_MINUTES = re.compile(
    r"\b(?:total (?:session )?(?:time|minutes)|"
    r"(?:session )?(?:minutes|duration|length))(?: documented)?"
    rf"{_GAP}[:=]{_GAP}(\d{{1,3}})\b"
    r"|\b(\d{1,3}) ?(?:minutes|min)\b",
    re.IGNORECASE,
)
_BATCH = re.compile(
    r"(?:^|[\n~|\x1c\x1d'])\s{0,8}(?:ISA[^A-Za-z0-9\s]\d\d[^A-Za-z0-9\s]"
    r"|GS[^A-Za-z0-9\s](?:HP|HC|HN|FA|HB|HI)[^A-Za-z0-9\s]"
    r"|ST[^A-Za-z0-9\s](?:837|835|277|999|271|278)[^A-Za-z0-9\s])"
)
_IDENTIFIER_LABELS = {
    "member_id": (
        r"(?:member|subscriber|insured|policy)(?:'s)?[ _-]?"
        r"(?:id|i\.d\.|number|no\.?|#)(?: number)?"
    ),
    "medical_record_number": (
        r"(?:mrn|medical record (?:number|no\.?|#)|chart (?:number|no\.?|#))"
    ),
    "patient_control_number": (
        r"(?:patient control (?:number|no\.?)|claim account|account (?:number|no\.?))"
    ),
    "birth_date": r"(?:dob|d\.o\.b\.|date of birth|birth ?date|born)",
    "patient_name": r"(?:patient|client|member)(?: name)?|name of patient",
}
_LABELED = {
    name: re.compile(
        rf"(?:^|[\n;|,(]|[ \t]{{2}})[ \t]?(?:{label})[ \t]?[:#=][ \t]{{0,2}}"
        r"([^\n;|]{1,200})",
        re.IGNORECASE,
    )
    for name, label in _IDENTIFIER_LABELS.items()
}
# Looked for in plain words, without punctuation and line breaks.
_INSTRUCTIONS = re.compile(
    r"\b(?:ignore|disregard|forget|override) (?:all |any |of |the |your |these )*"
    r"(?:previous|prior|above|earlier|other|existing|preceding) "
    r"(?:instructions?|rules|prompts?|directions|guidelines)\b"
    r"|\bsystem (?:prompt|message)\b|\bapprove this (?:claim|appeal|draft)\b"
    r"|\byou are (?:now )?(?:an? |the )(?:helpful )?(?:assistant|language model|ai)\b"
    r"|\b(?:notes?|instructions?|message|attention) (?:to|for) (?:the |any |all )?"
    r"(?:ai|llm|model|assistant|chatbot|language model|program|software|system)\b"
    r"|\b(?:mark|treat|flag|label) (?:this |it |the )?(?:claim |appeal |draft )?"
    r"(?:as )?approved\b"
    r"|\breviewer (?:please |must |should )?(?:pay|approve|overturn) this\b"
)


class StatedTime(Judgment, frozen=True):
    """Session time as a note states it; `minutes` follows from the clock if both."""

    started_at: time | None
    stopped_at: time | None
    minutes: int | None


def stated_time(text: str) -> StatedTime:
    """Start, stop and minutes that the text states; None where it does not.

    Two different totals without a clock are contradictory and read as None.
    """
    start, stop = _clock_pair(text)
    if start is not None and stop is not None:
        minutes = (stop.hour - start.hour) * 60 + stop.minute - start.minute
        return StatedTime(
            started_at=start, stopped_at=stop, minutes=minutes % (24 * 60) or None
        )
    totals = {int(a or b) for a, b in _MINUTES.findall(text)}
    return StatedTime(
        started_at=None,
        stopped_at=None,
        minutes=totals.pop() if len(totals) == 1 else None,
    )


def _clock_pair(text: str) -> tuple[time | None, time | None]:
    start, stop = _START.search(text), _STOP.search(text)
    if start and stop:
        return read_clock(start.group(1)), read_clock(stop.group(1))
    both = _RANGE.search(text)
    if both:
        return read_clock(both.group(1)), read_clock(both.group(2))
    return None, None


def read_clock(text: str) -> time | None:
    """A time of day in 24-hour or a.m./p.m. form."""
    digits = re.match(r"(\d{1,2}):(\d{2})", text)
    if digits is None:
        return None
    hour, minute = int(digits.group(1)), int(digits.group(2))
    half = re.search(r"([AaPp])\.?[Mm]", text)
    if half is not None:
        hour = hour % 12 + (12 if half.group(1).lower() == "p" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def read_date(text: str) -> date | None:
    """A date in ISO, US numeric or long American form."""
    cleaned = text.strip().replace(".", "")
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%B %d, %Y", "%b %d, %Y"):
        try:
            return datetime.strptime(cleaned, form).date()  # noqa: DTZ007
        except ValueError:
            continue
    return None


def labeled_date(text: str, label: str) -> date | None:
    """The date after ``label:`` (a regular expression), None where not stated."""
    found = re.search(rf"\b(?:{label}){_GAP}[:=]?{_GAP}({DATE})", text, re.IGNORECASE)
    return read_date(found.group(1)) if found else None


def labeled_text(text: str, label: str) -> tuple[str, int] | None:
    """The rest of the line after ``label:`` and its offset; None where not stated."""
    pattern = re.compile(rf"[ \t]{{0,20}}(?:{label})[ \t]?:", re.IGNORECASE)
    for line, offset in short_lines(text):
        found = pattern.match(line)
        words = line[found.end() :] if found else ""
        if words.strip():
            start = len(line) - len(words.lstrip())
            return line[start:].rstrip(), offset + start
    return None


def short_lines(text: str) -> Iterator[tuple[str, int]]:
    """Each line of ordinary length with its offset; longer ones are not read."""
    for line in re.finditer(r"[^\n]+", text):
        if len(line.group()) <= LONGEST_LINE:
            yield line.group(), line.start()


def labeled_identifiers(text: str) -> dict[str, frozenset[str]]:
    """Every labeled patient identifier: name of the field to the values stated."""
    squeezed = re.sub(r"[ \t]{2,}", "  ", text)
    stated = {name: pattern.findall(squeezed) for name, pattern in _LABELED.items()}
    return {
        name: frozenset(value.strip() for value in values)
        for name, values in stated.items()
        if values
    }


def is_batch_content(text: str) -> bool:
    """True for raw X12: such files normally list other patients."""
    return _BATCH.search(text) is not None


def holds_instructions(text: str) -> bool:
    """True where the text tells a program or reviewer what to do."""
    return _INSTRUCTIONS.search(plain_words(text)) is not None
