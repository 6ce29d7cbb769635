"""Recognizable words planted in a simulated practice, and how to look for them.

What a person or payer is called is replaced before anything is ingested; birth dates
and NPIs, which have a form of their own, are looked for as they are.
"""

import base64
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from denialml.domain.claim import Claim, person
from denialml.simulation import SimulatedPractice

LAST_NAME, FIRST_NAME, PAYER_NAME = "ZZQLASTNAME", "ZZQFIRSTNAME", "ZZQPAYERNAME"
PAYER_ID, MEMBER, RECORD, CONTROL = "ZZQPAYERID", "ZZQMEMBER", "ZZQRECORD", "ZZQCTRL"
PLANTED = (LAST_NAME, FIRST_NAME, PAYER_NAME, PAYER_ID, MEMBER, RECORD, CONTROL)

_NUMBERS = (
    (re.compile(r"\bSIM(\d\d)\b"), PAYER_ID),
    (re.compile(r"\bZZ(\d{9})\b"), MEMBER),
    (re.compile(r"\bM(\d{7})(?!\d)"), RECORD),
    (re.compile(r"\bC(\d{7})(?!\d)"), CONTROL),
)


class Planter:
    """Replaces what one practice's patients and payers are called."""

    def __init__(self, practice: SimulatedPractice) -> None:
        people = [person(claim) for claim in practice.claims]
        words = {payer.name: PAYER_NAME for payer in practice.payers}
        words |= {one.last_name: LAST_NAME for one in people}
        words |= {one.first_name: FIRST_NAME for one in people if one.first_name}
        self._words = words
        longest_first = sorted(map(re.escape, words), key=len, reverse=True)
        self._pattern = re.compile(rf"\b(?:{'|'.join(longest_first)})\b")

    def plant(self, text: str) -> str:
        """The text with every name and number replaced by a planted one."""
        text = self._pattern.sub(lambda found: self._words[found[0]], text)
        for pattern, word in _NUMBERS:
            text = pattern.sub(rf"{word}\1", text)
        return text

    def plant_files(self, paths: Iterable[Path]) -> None:
        """Rewrite files in place."""
        for path in paths:
            path.write_text(self.plant(path.read_text()))


def unplanted_numbers(claims: Iterable[Claim]) -> set[str]:
    """Birth dates (ISO, and X12 between separators) and NPIs of these claims."""
    found = set()
    for claim in claims:
        born = person(claim).birth_date
        if born is not None:
            found |= {born.isoformat(), f"*{born:%Y%m%d}*", f'"{born:%Y%m%d}"'}
        for provider in (claim.billing_provider, claim.rendering_provider):
            if provider is not None and provider.npi:
                found.add(provider.npi)
    return found


def forms(word: str) -> set[bytes]:
    """A word in plain, reversed, hex and base64 at each of its three alignments."""
    plain = word.encode()
    found = {plain, plain[::-1]}
    found |= {plain.hex().encode(), plain[::-1].hex().encode()}
    for skipped in range(3):
        encoded = base64.b64encode(b"\0" * skipped + plain)
        whole = (skipped + len(plain)) * 8 // 6
        found.add(encoded[-(-skipped * 8 // 6) : whole])
    return found


def find_words(words: Iterable[str], directory: Path) -> dict[str, set[str]]:
    """Which of these words are in which files, in any of their forms and any case.

    SQLite files are also read as SQL text, since a long value is split over pages.
    """
    looked_for = {
        form.lower(): word for word in words for form in forms(word) if len(form) > 5
    }
    found: dict[str, set[str]] = {}
    for path in directory.rglob("*"):
        if not path.is_file():
            continue
        for content in _contents(path):
            lower = content.lower()
            for form, word in looked_for.items():
                if form in lower:
                    found.setdefault(path.name, set()).add(word)
    return found


def _contents(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if content.startswith(b"SQLite format 3"):
        with sqlite3.connect(path) as connection:
            yield "\n".join(connection.iterdump()).encode()
