"""The packet a person signs and sends: the letter, then its exhibits, as one PDF.

Typst draws letter and text exhibits from data in which every text is a string, so
nothing in a record can become markup or read a file. The result is tagged (PDF/UA-1),
archival (PDF/A-2a) and the same bytes for the same draft. Exhibits that are PDF files
themselves are merged and stamped behind their cover page (`filed_pages`); such a
packet stays tagged but claims no standard, because foreign pages may keep none.
"""

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Literal

import typst

from denialml.appeals.drawing import SIMULATED, drawn_parts
from denialml.appeals.evidence import document_fingerprint
from denialml.appeals.filed_pages import Stamp, insert_filed_pages, page_count
from denialml.domain.appeal import AppealDraft, Exhibit
from denialml.domain.document import Document, Sensitivity
from denialml.errors import DraftBlocked

PART_2_NOTICE = (
    "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
)
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
Standard = Literal["ua-1", "a-2a"]
# Outside Latin, Greek, Cyrillic and common punctuation: spelled as [U+6F22].
_UNCOMMON = re.compile(
    "[^\u0000-\u024f\u0370-\u052f\u2010-\u2027\u2030-\u205e\u20ac\u2122\ufffd]"
)
_STANDARDS: tuple[Standard, ...] = ("ua-1", "a-2a")


def draft_pdf(
    draft: AppealDraft,
    exhibits: Mapping[str, Document],
    *,
    contents: Mapping[str, bytes] | None = None,
    simulated: bool = False,
) -> bytes:
    """The packet as PDF bytes.

    `exhibits` holds the attached documents by id, `contents` the files of those that
    are PDF; a document without its file is shown by its text. `simulated` marks every
    page of a simulated practice as such. Raises DraftBlocked for
    a blocked draft, and where an exhibit is not handed in, cannot be opened, or is no
    longer what was checked when the letter was drafted.
    """
    if draft.status == "blocked":
        raise DraftBlocked(f"draft {draft.draft_id} is blocked: it has no letter")
    filed: dict[str, bytes] = {}
    drawn = []
    for exhibit in draft.exhibits:
        document = _unchanged(draft, exhibit, exhibits)
        content = (contents or {}).get(exhibit.document_id)
        pages = 0
        if content is not None and document.media_type == "application/pdf":
            filed[exhibit.label] = content
            pages = page_count(content, label=exhibit.label)
        drawn.append(_drawn(exhibit, document, filed_pages=pages))
    data = {
        "title": draft.subject,
        "author": _sender(draft),
        "banner": SIMULATED if simulated else "",
        "footer": "  ·  ".join((*_claim_number(draft), draft.subject, draft.draft_id)),
        "parts": drawn_parts(draft),
        "exhibits": drawn,
    }
    moment = int(draft.drafted_at.timestamp())
    if not filed:
        return _typeset("letter.typ", data, moment=moment, standards=_STANDARDS)
    packet = _typeset("letter.typ", data, moment=moment, standards=())

    def draw_stamps(stamps: Sequence[Stamp]) -> bytes:
        return _typeset("stamps.typ", stamps, moment=moment, standards=())

    return insert_filed_pages(packet, filed, draw_stamps=draw_stamps)


def _unchanged(
    draft: AppealDraft, exhibit: Exhibit, exhibits: Mapping[str, Document]
) -> Document:
    document = exhibits.get(exhibit.document_id)
    if document is None:
        raise DraftBlocked(f"exhibit {exhibit.label} of {draft.draft_id} is absent")
    if document_fingerprint(document) != exhibit.fingerprint:
        raise DraftBlocked(
            f"exhibit {exhibit.label} of {draft.draft_id} changed after it was "
            "checked; draft the letter again"
        )
    return document


def _typeset(
    program: str, data: Any, *, moment: int, standards: Sequence[Standard]
) -> bytes:
    """Compile a packaged program over the data; `moment` is the PDF's timestamp."""
    try:
        return _compile(program, json.dumps(data), moment=moment, standards=standards)
    except typst.TypstError:
        # An archival PDF may not hold a character that its fonts cannot draw.
        spelled = _UNCOMMON.sub(
            lambda c: f"[U+{ord(c[0]):04X}]", json.dumps(data, ensure_ascii=False)
        )
    try:
        return _compile(program, spelled, moment=moment, standards=standards)
    except typst.TypstError:
        raise DraftBlocked("the packet could not be typeset") from None


def _compile(
    program: str, data: str, *, moment: int, standards: Sequence[Standard]
) -> bytes:
    compiled = typst.compile(
        files("denialml.appeals").joinpath(program).read_bytes(),
        format="pdf",
        sys_inputs={"data": data},
        pdf_standards=list(standards),
        timestamp=moment,
        ignore_system_fonts=True,
    )
    assert isinstance(compiled, bytes)
    return compiled


def _claim_number(draft: AppealDraft) -> tuple[str, ...]:
    """The payer's claim number for the foot of each page: faxed pages get separated."""
    rows = [row for block in draft.blocks for row in block.rows]
    return tuple(f"Claim {row[1]}" for row in rows if row[0] == "Your claim number")


def _sender(draft: AppealDraft) -> str:
    addresses = [block for block in draft.blocks if block.kind == "address"]
    return addresses[0].items[0] if addresses else ""


def _drawn(exhibit: Exhibit, document: Document, *, filed_pages: int) -> dict[str, Any]:
    part_2 = document.sensitivity is Sensitivity.PART_2
    lines = [] if filed_pages else document.text.splitlines()
    return {
        "label": f"Exhibit {exhibit.label}",
        "title": legible(exhibit.title),
        "notices": [PART_2_NOTICE] if part_2 else [],
        "filed_pages": filed_pages,
        "lines": [legible(line) for line in lines],
    }


def legible(line: str) -> str:
    """One line for the PDF: tabs as spaces, what cannot be printed replaced."""
    kept = (c if c.isprintable() else _UNPRINTABLE for c in line.expandtabs(4).rstrip())
    return "".join(kept)
