"""W3C trace context: a caller's trace id goes into the log and into the answer.

Only what the specification allows is taken over: the id is logged, and hexadecimal
digits of a fixed length can hardly carry anything else. Without a valid `traceparent`
the request begins a trace of its own.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Final

HEADER: Final = "traceparent"
_VERSION: Final = "00"
# A later version may append fields; what comes first keeps its meaning.
_FORM = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)


@dataclass(frozen=True)
class Trace:
    """The trace a request belongs to, and the span that is this request."""

    trace_id: str
    span_id: str
    flags: str

    @property
    def header(self) -> str:
        """As `traceparent`."""
        return f"{_VERSION}-{self.trace_id}-{self.span_id}-{self.flags}"


def trace_of(sent: str) -> Trace:
    """The trace that a `traceparent` names, else a new one."""
    match = _FORM.fullmatch(sent) if len(sent) <= 200 else None
    if match is None or not _is_valid(match):
        return Trace(secrets.token_hex(16), secrets.token_hex(8), "00")
    # Of the flags only "sampled" is known to this version.
    flags = "01" if int(match["flags"], 16) & 1 else "00"
    return Trace(match["trace"], secrets.token_hex(8), flags)


def _is_valid(match: re.Match[str]) -> bool:
    if match["version"] == "ff" or (match["version"] == _VERSION and match["more"]):
        return False
    return match["trace"].strip("0") != "" and match["parent"].strip("0") != ""
