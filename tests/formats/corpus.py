"""The corpus in ../shared/x12 and a tokenizer that shares no code with the product.

Public sample files of many senders, with a manifest that says whether each file's
envelope adds up. Nothing of it is copied into the project.
"""

import csv
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2] / ".." / "shared" / "x12"
WHITESPACE = " \t\r\n\0\x1a"


class Sample(NamedTuple):
    """One file: its path below the corpus, consistency and expected claims."""

    name: str
    path: Path
    kind: str
    consistent: bool
    expected_claims: int | None


def samples(*kinds: str) -> list[Sample]:
    """The samples of these kinds that are there, derived variants included."""
    if not ROOT.is_dir():
        return []
    found = []
    with (ROOT / "MANIFEST.tsv").open(encoding="utf-8") as manifest:
        for row in csv.DictReader(manifest, delimiter="\t"):
            kind = row["kind"].removesuffix("-derived")
            path = ROOT / row["file"]
            if kind not in kinds or not path.is_file():
                continue
            note = re.search(r"expect claims=(\d+)", row["notes"])
            found.append(
                Sample(
                    row["file"],
                    path,
                    kind,
                    row["envelope_consistent"] == "y",
                    int(note.group(1)) if note else None,
                )
            )
    return found


def segment_counts(data: bytes) -> Counter[str]:
    """How often each segment identifier occurs, by the plainest reading there is."""
    text = data.decode("latin-1").removeprefix("\xef\xbb\xbf")
    counts: Counter[str] = Counter()
    for chunk in re.split(r"(?=(?<![0-9A-Za-z*|])ISA[^0-9A-Za-z])", text):
        counts += _counts_of_interchange(chunk.strip(WHITESPACE))
    return counts


def _counts_of_interchange(text: str) -> Counter[str]:
    if not text:
        return Counter()
    if text.upper().startswith("ISA"):
        separator = text[3]
        if text[103:104] == separator:
            terminator = text[105]
        else:
            position = -1
            for _ in range(16):
                position = text.find(separator, position + 1)
            after = text[position + 2 : position + 6]
            joined = re.sub(r"[\r\n]", "", after)
            # A line break before the next segment's name is the terminator itself.
            terminator = after[0] if joined[:1].isalnum() else joined[0]
    else:
        separator = "*"
        terminator = "~" if "~" in text else "\n"
    if terminator not in "\r\n":
        text = text.replace("\r", "").replace("\n", "")
    pieces = (piece.strip(WHITESPACE) for piece in text.split(terminator))
    return Counter(piece.split(separator)[0].upper() for piece in pieces if piece)
