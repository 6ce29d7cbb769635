"""The packet a person signs and sends: the letter, then its exhibits, as one PDF.

Typst draws letter and text exhibits from data in which every text is a string, so
nothing in a record can become markup or read a file. The result is tagged (PDF/UA-1),
archival (PDF/A-2a) and the same bytes for the same draft.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import typst

from denialml.appeals.drawing import drawn_parts
from denialml.domain.appeal import AppealDraft, Exhibit
from denialml.domain.document import Document, Sensitivity
from denialml.errors import DraftBlocked

PART_2_NOTICE = (
    "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
)


def draft_pdf(draft: AppealDraft, exhibits: Mapping[str, Document]) -> bytes:
    """The packet as PDF bytes; `exhibits` holds the attached documents by id.

    Raises DraftBlocked for a blocked draft and where an exhibit's document is not
    handed in: a packet without what its letter cites must not leave.
    """
    if draft.status == "blocked":
        raise DraftBlocked(f"draft {draft.draft_id} is blocked: it has no letter")
    for exhibit in draft.exhibits:
        if exhibit.document_id not in exhibits:
            raise DraftBlocked(f"exhibit {exhibit.label} of {draft.draft_id} is absent")
    data = {
        "title": draft.subject,
        "author": _sender(draft),
        "footer": f"{draft.subject}  ·  {draft.draft_id}",
        "parts": drawn_parts(draft),
        "exhibits": [_drawn(e, exhibits[e.document_id]) for e in draft.exhibits],
    }
    return typeset(data, moment=int(draft.drafted_at.timestamp()))


def typeset(data: Mapping[str, Any], *, moment: int) -> bytes:
    """Compile the packaged program over the data; `moment` is the PDF's timestamp."""
    compiled = typst.compile(
        files("denialml.appeals").joinpath("letter.typ").read_bytes(),
        format="pdf",
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=["ua-1", "a-2a"],
        timestamp=moment,
        ignore_system_fonts=True,
    )
    assert isinstance(compiled, bytes)
    return compiled


def _sender(draft: AppealDraft) -> str:
    addresses = [block for block in draft.blocks if block.kind == "address"]
    return addresses[0].items[0] if addresses else ""


def _drawn(exhibit: Exhibit, document: Document) -> dict[str, Any]:
    part_2 = document.sensitivity is Sensitivity.PART_2
    return {
        "label": f"Exhibit {exhibit.label}",
        "title": exhibit.title,
        "notices": [PART_2_NOTICE] if part_2 else [],
        "lines": [_legible(line) for line in document.text.splitlines()],
    }


def _legible(line: str) -> str:
    """The line without control characters; tabs become spaces."""
    expanded = line.expandtabs(4).rstrip()
    return "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in expanded
    )
