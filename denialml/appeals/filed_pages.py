"""Exhibits that are PDF files: their pages, stamped, behind their cover page.

Only page content is taken over. Annotations, actions and attached files stay behind:
a packet must not carry what a reader cannot see.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from denialml.errors import DraftBlocked

_ACTIVE = ("/Annots", "/AA", "/B", "/Metadata", "/PieceInfo")


class Stamp(TypedDict):
    """What is printed at the top of one filed page; sizes in points."""

    text: str
    width: float
    height: float


def page_count(content: bytes, *, label: str) -> int:
    """Pages of a filed PDF. Raises DraftBlocked where it cannot be opened."""
    return len(_open(content, label=label).pages)


def insert_filed_pages(
    packet: bytes,
    filed: Mapping[str, bytes],
    *,
    draw_stamps: Callable[[Sequence[Stamp]], bytes],
) -> bytes:
    """The packet with each filed PDF behind the cover page of its exhibit.

    `filed` maps exhibit labels to PDF files; `draw_stamps` draws one transparent page
    a stamp. The cover page is found by the packet's own outline.
    """
    try:
        return _insert(packet, filed, draw_stamps)
    except DraftBlocked:
        raise
    except Exception as error:
        # A foreign parser on filed bytes fails in more ways than its own error says
        # (unknown filters, missing codecs, deep nesting).
        labels = ", ".join(sorted(filed))
        raise DraftBlocked(
            f"one of exhibits {labels} cannot be taken into the packet as PDF "
            f"({type(error).__name__}); file it again as plain PDF"
        ) from None


def _insert(
    packet: bytes,
    filed: Mapping[str, bytes],
    draw_stamps: Callable[[Sequence[Stamp]], bytes],
) -> bytes:
    reader = PdfReader(io.BytesIO(packet))
    covers = _cover_pages(reader)
    writer = PdfWriter(clone_from=reader)
    for label in sorted(filed, key=lambda one: covers[one], reverse=True):
        pages = list(_open(filed[label], label=label).pages)
        stamps = [_stamp(page, label, n, len(pages)) for n, page in enumerate(pages)]
        drawn = PdfReader(io.BytesIO(draw_stamps(stamps))).pages
        for place, page in enumerate(pages):
            for key in _ACTIVE:
                page.pop(key, None)
            inserted = writer.insert_page(page, covers[label] + 1 + place)
            inserted.transfer_rotation_to_content()
            inserted.merge_page(drawn[place])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _open(content: bytes, *, label: str) -> PdfReader:
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted or not len(reader.pages):
            raise DraftBlocked(f"exhibit {label} is encrypted or has no pages")
    except PyPdfError:
        raise DraftBlocked(f"exhibit {label} cannot be opened as PDF") from None
    return reader


def _cover_pages(reader: PdfReader) -> dict[str, int]:
    """Exhibit label to the number of its first page, from the packet's outline."""
    covers: dict[str, int] = {}
    waiting: list[Any] = list(reader.outline)
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, list):
            waiting.extend(entry)
            continue
        title = str(entry.title or "")
        number = reader.get_destination_page_number(entry)
        if title.startswith("Exhibit ") and number is not None:
            covers[title.removeprefix("Exhibit ").split(".")[0]] = number
    return covers


def _stamp(page: PageObject, label: str, place: int, count: int) -> Stamp:
    box = page.mediabox
    width, height = float(box.width), float(box.height)
    if page.rotation % 180:
        width, height = height, width
    # The cover page is page 1 of the exhibit, its filed pages follow.
    text = f"Exhibit {label}, page {place + 2} of {count + 1}"
    return Stamp(text=text, width=width, height=height)
