"""Draw a draft as a standalone HTML page: escaped text in, nothing computed here.

Consecutive blocks of one kind are drawn as one list or table. The first address is
the letterhead, the second the addressee, the third the signer's.
"""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from denialml.appeals.values import day_text
from denialml.domain.appeal import AppealDraft, LetterBlock

SIMULATED = "Simulated practice: no real patient, clinician or payer"
_ADDRESSES = ("sender", "recipient", "signer")


def draft_html(draft: AppealDraft, *, simulated: bool = False) -> str:
    """The letter as one HTML page with its own print style and no outside resources.

    A blocked draft is drawn as a page that says why and what to do instead. A letter
    of a simulated practice says so on every page.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    package = files("denialml.appeals")
    template = environment.from_string(
        package.joinpath("letter_page.html.j2").read_text("utf-8")
    )
    style = package.joinpath("letter_page.css").read_text("utf-8")
    return template.render(
        draft=draft,
        parts=drawn_parts(draft),
        style=Markup(style),  # noqa: S704 - our own packaged file
        language="en-US",
        banner=SIMULATED if simulated else "",
        drafted_on=day_text(draft.drafted_at.date()),
    )


def drawn_parts(draft: AppealDraft) -> list[dict[str, Any]]:
    """The letter as plain parts for HTML and PDF alike, in reading order.

    Each part is a dict with `kind` and what that kind shows: heading (`text`,
    `level` 1 or 2), paragraph and notice (`text`), list (`items`), table (`columns`,
    `rows`), sender, recipient and signer (`lines`).
    """
    return list(_parts(draft.blocks))


def _parts(blocks: Sequence[LetterBlock]) -> Iterator[dict[str, Any]]:
    addresses = iter(_ADDRESSES)
    level = 1
    for (kind, columns), group in groupby(blocks, key=_run):
        run = list(group)
        if kind == "list":
            yield {"kind": "list", "items": [i for b in run for i in b.items]}
        elif kind == "table":
            rows = [list(row) for b in run for row in b.rows]
            yield {"kind": "table", "columns": list(columns), "rows": rows}
        elif kind == "address":
            for block in run:
                role = next(addresses, "recipient")
                yield {"kind": role, "lines": list(block.items)}
        elif kind == "heading":
            for block in run:
                yield {"kind": "heading", "text": block.text, "level": level}
                level = 2
        else:
            for block in run:
                yield {"kind": kind, "text": block.text}


def _run(block: LetterBlock) -> tuple[str, tuple[str, ...]]:
    return block.kind, block.items if block.kind == "table" else ()
