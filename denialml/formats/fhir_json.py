"""JSON as FHIR sends it: numbers kept as written, repeated members found, bounded.

A FHIR decimal is a decimal: 100.10 must not pass through a binary float, so numbers
stay text until an element says what they are. An object that gives a member twice is
marked, because nobody can say which of the two was meant.
"""

import json
from typing import Any, NamedTuple

# One JSON text: a resource, a Bundle, or a line of a bulk export.
MOST_BYTES = 32 << 20
# Objects, lists and members of one text; a FHIR file has some thirty bytes for each.
MOST_VALUES = 1_000_000


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


class Repeated(dict[str, Any]):
    """An object that gives some member more than once; the last one is kept."""


class JsonFault(NamedTuple):
    """Why a text could not be read as JSON; `message` repeats nothing of it."""

    code: str
    message: str
    expected: str
    fix: str


class BadJson(ValueError):
    """A text that is not JSON, or too much of it; never leaves this package."""

    def __init__(self, fault: JsonFault) -> None:
        super().__init__(fault.code)
        self.fault = fault


TOO_LARGE = JsonFault(
    "json-too-large",
    f"one JSON text has more than {MOST_BYTES >> 20} MiB; it was left out",
    f"at most {MOST_BYTES >> 20} MiB and {MOST_VALUES:,} values in one JSON text",
    "send large exports as NDJSON, one resource a line",
)


def parse_json(data: bytes) -> object:
    """The value of one JSON text: dict, list, str, `Number`, bool or None.

    Raises:
        BadJson: not JSON, not UTF-8, nested too deeply, or too large.
    """
    if len(data) > MOST_BYTES or _values_in(data) > MOST_VALUES:
        raise BadJson(TOO_LARGE)
    try:
        value: object = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as fault:
        raise BadJson(_fault(f"line {fault.lineno}, column {fault.colno}")) from None
    except UnicodeDecodeError as fault:
        raise BadJson(_fault(f"byte {fault.start} is not UTF-8")) from None
    except RecursionError:
        raise BadJson(_fault("its lists or objects are nested too deeply")) from None
    except ValueError:
        raise BadJson(_fault("NaN and Infinity are no JSON numbers")) from None
    return value


def _values_in(data: bytes) -> int:
    """An upper bound of the values, told before anything is built of them."""
    return sum(data.count(mark) for mark in (b",", b":", b"[", b"{"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else Repeated(members)


def _refuse_constant(_name: str) -> object:
    raise ValueError


def _fault(where: str) -> JsonFault:
    return JsonFault(
        "unreadable-json",
        f"the text is not JSON: {where}; it was left out",
        "JSON text in UTF-8",
        "export it again; the file may have been cut off or edited",
    )
