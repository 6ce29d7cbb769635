"""The small markup a template renders to, read strictly into letter blocks.

Tags: ``h1 h2 p ul li table tr th td address br aside data``. A sentence's sources are
those of the values printed in it, plus those of an explicit ``data-sources``. A
paragraph, list item, table row or notice without any source must say why by
``data-role``: ``request`` (asks and states no fact) or ``form`` (fixed wording of the
letter). Anything else is a fault of the template.
"""

from html.parser import HTMLParser

from denialml.domain.appeal import LetterBlock
from denialml.errors import DraftBlocked

ROLES = frozenset({"request", "form"})
TAGS = frozenset(
    {
        *("h1", "h2", "p", "ul", "li", "table", "tr", "th", "td"),
        *("address", "br", "aside", "data"),
    }
)
_BLOCK_TAGS = frozenset({"h1", "h2", "p", "li", "tr", "address", "aside"})
_KINDS = {"h1": "heading", "h2": "heading", "p": "paragraph", "aside": "notice"}


class TemplateFault(DraftBlocked):
    """A template breaks its contract; the message names the template's fault only."""


def parse_blocks(markup: str) -> tuple[LetterBlock, ...]:
    """Read rendered markup into blocks, one per sentence group, item or row.

    Raises TemplateFault on an unknown tag or attribute, text outside a block, or a
    statement without a source.
    """
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    if reader.open_tags:
        raise TemplateFault(f"unclosed <{reader.open_tags[-1]}> in the letter")
    return tuple(reader.blocks)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[LetterBlock] = []
        self.open_tags: list[str] = []
        self._sources: list[str] = []
        self._pieces: list[str] = []
        self._parts: list[str] = []
        self._columns: tuple[str, ...] = ()
        self._header_row = False
        self._block = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise TemplateFault(f"<{tag}> is not part of the letter markup")
        if tag == "br":
            self._end_part()
            return
        self.open_tags.append(tag)
        if tag in _BLOCK_TAGS:
            if self._block:
                raise TemplateFault(f"<{tag}> inside <{self._block}>")
            self._block = tag
            self._sources, self._pieces, self._parts = [], [], []
            self._header_row = False
        if tag == "table":
            self._columns = ()
        if tag == "th":
            self._header_row = True
        self._take_attributes(tag, attrs)

    def _take_attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if (tag, name) == ("data", "value") or (
                tag in _BLOCK_TAGS and name == "data-sources"
            ):
                self._add_sources((value or "").split())
            elif tag in _BLOCK_TAGS and name == "data-role" and value in ROLES:
                self._add_sources([value])
            else:
                raise TemplateFault(f"attribute {name} on <{tag}> has no meaning")

    def _add_sources(self, sources: list[str]) -> None:
        self._sources.extend(s for s in sources if s not in self._sources)

    def handle_data(self, data: str) -> None:
        if self._block:
            self._pieces.append(data)
        elif data.strip():
            raise TemplateFault("text outside a block of the letter")

    def handle_comment(self, data: str) -> None:
        raise TemplateFault(f"comments belong in {{# #}} ({len(data)} characters)")

    def handle_endtag(self, tag: str) -> None:
        if not self.open_tags or self.open_tags[-1] != tag:
            raise TemplateFault(f"</{tag}> closes nothing")
        self.open_tags.pop()
        if tag in ("td", "th"):
            self._end_part()
        if tag in _BLOCK_TAGS:
            self._end_block(tag)
            self._block = ""

    def _end_part(self) -> None:
        self._parts.append(_one_line(self._pieces))
        self._pieces = []

    def _end_block(self, tag: str) -> None:
        if tag == "tr" and self._header_row:
            self._columns = tuple(self._parts)
            return
        text = _one_line(self._pieces)
        if not self._sources and tag not in ("h1", "h2"):
            raise TemplateFault(f"a <{tag}> states something without a source")
        sources = tuple(self._sources)
        if tag == "address":
            lines = tuple(part for part in (*self._parts, text) if part)
            self.blocks.append(
                LetterBlock(kind="address", items=lines, sources=sources)
            )
        elif tag == "tr":
            self.blocks.append(
                LetterBlock(
                    kind="table",
                    items=self._columns,
                    rows=(tuple(self._parts),),
                    sources=sources,
                )
            )
        elif tag == "li":
            self.blocks.append(LetterBlock(kind="list", items=(text,), sources=sources))
        elif text:
            self.blocks.append(
                LetterBlock(kind=_KINDS[tag], text=text, sources=sources)  # type: ignore[arg-type]
            )


def _one_line(pieces: list[str]) -> str:
    return " ".join("".join(pieces).split())


def block_texts(block: LetterBlock) -> tuple[str, ...]:
    """Every text of a block, in reading order."""
    cells = tuple(cell for row in block.rows for cell in row)
    return tuple(t for t in (block.text, *block.items, *cells) if t)
