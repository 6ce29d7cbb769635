"""A text as plain words, so that layout and typography hide nothing from a rule.

Full-width letters, no-break and zero-width spaces, soft hyphens, Markdown, list marks
and letter-spaced headings all read as the same words.
"""

import re
import unicodedata

_BREAK = re.compile(r"[^a-z0-9:.;,]+")
_STOP = re.compile(r" ?([:.;,])[:.;, ]*")
_SPACED_OUT = re.compile(r"(?<![^ ])(?:[a-z] ){4,}[a-z](?![^ ])")


def plain_lines(text: str) -> list[str]:
    """The lines that hold words: lower case, single spaces, `: . ; ,` kept."""
    lines = (_plain(line) for line in _unformatted(text).splitlines())
    return [line for line in lines if line.strip(":.;, ")]


def plain_words(text: str) -> str:
    """The whole text as words with single spaces, without any punctuation."""
    return " ".join(re.findall(r"[a-z0-9]+", _unformatted(text)))


def _unformatted(text: str) -> str:
    """Compatibility forms and accents undone, invisible characters taken out."""
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    spread = unicodedata.normalize("NFKD", visible)
    return "".join(c for c in spread if not unicodedata.combining(c)).casefold()


def _plain(line: str) -> str:
    words = _BREAK.sub(" ", line)
    stopped = _STOP.sub(r"\1 ", words).strip(" ")
    return _SPACED_OUT.sub(lambda m: m.group().replace(" ", ""), stopped)
