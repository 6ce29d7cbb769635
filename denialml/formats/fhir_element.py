"""The objects of a FHIR resource, read member by member.

An `Element` hands out its members as what they must be and remembers which were asked
for; what nobody asked for is lost, and said so once per kind of element and file. Wrong
types never raise: the value is left out, and the record too where it cannot do without.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from denialml.formats.fhir_codes import Coding, coding_of
from denialml.formats.fhir_json import Number, Repeated
from denialml.formats.fhir_log import ResourceLog

MOST_CHARACTERS: Final = 4_000
MOST_DIGITS: Final = 15
DECIMALS_KEPT: Final = 6
# Members of one element that are told of; a hostile file may invent them.
MOST_UNREAD: Final = 50
# Entries of one list; no claim has a thousand lines.
MOST_CHILDREN: Final = 5_000
CENT: Final = Decimal("0.01")
# Members of every element and resource that hold nothing of ours.
_SILENT: Final = frozenset(
    {"id", "meta", "text", "language", "resourceType", "contained", "extension"}
)
# Resources that claims point to; their extensions say nothing that claims need.
_PARTIES: Final = frozenset(
    {
        *("Patient", "RelatedPerson", "Practitioner", "PractitionerRole"),
        *("Organization", "Location"),
    }
)
_OF_CONCEPT: Final = frozenset({"coding", "text", "id"})
_OF_CODING: Final = frozenset({"system", "code", "display", "version", "id"})
_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}\Z")
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?\Z", re.ASCII)
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T\S*)?\Z", re.ASCII)
_URL = re.compile(r"[!-~]{1,200}\Z")


class Element:
    """One object; empty (and false) where it was not sent.

    `path` is its kind (``Claim.item``), `pointer` its place in the file (RFC 6901).
    """

    __slots__ = ("_asked", "_children", "_value", "path", "pointer", "where")

    def __init__(
        self, value: dict[str, Any], *, path: str, pointer: str, where: ResourceLog
    ) -> None:
        self._value = value
        self._asked: set[str] = set()
        self._children: dict[int, Element] = {}
        self.path = path
        self.pointer = pointer
        self.where = where
        if isinstance(value, Repeated):
            self._refuse("repeated-member", "an object gives a member twice")
        if "modifierExtension" in value or "implicitRules" in value:
            self._refuse(
                "modifier-not-understood",
                "a modifier extension or implicit rules may change what is said",
            )

    def __bool__(self) -> bool:
        return bool(self._value)

    @property
    def value(self) -> dict[str, Any]:
        """The object as it was sent."""
        return self._value

    def skip(self, *names: str) -> None:
        """These members have no meaning here and are no loss."""
        self._asked.update(names)

    def close(self) -> None:
        """Tell of the members, of this element and those below, that nobody read."""
        unread = self._value.keys() - self._asked - _SILENT
        for name in sorted(unread)[:MOST_UNREAD]:
            if not name.startswith("_"):
                self._warn_unread(name)
        is_party = self.path.partition(".")[0] in _PARTIES
        for extension in () if is_party else self._list("extension"):
            url = extension.get("url") if isinstance(extension, dict) else None
            is_address = isinstance(url, str) and _URL.match(url) is not None
            if is_address and url not in self._asked:
                self._warn_unread(f"extension({url})")
        for child in self._children.values():
            child.close()

    def get(self, name: str) -> object:
        """A member as it was sent, None where it was not."""
        self._asked.add(name)
        return self._value.get(name)

    def text(self, name: str, *, essential: bool = False) -> str:
        """A string as it was sent; empty where it was not."""
        value = self.get(name)
        if isinstance(value, str) and not isinstance(value, Number):
            if _is_clean(value):
                return value
        elif value is None:
            return ""
        self.bad(name, "text without control characters", essential=essential)
        return ""

    def flag(self, name: str) -> bool | None:
        """true or false; None where it was not sent."""
        value = self.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.bad(name, "true or false")
        return None

    def day(self, name: str) -> date | None:
        """The day of a date, dateTime or instant, as written; None where not sent."""
        value = self.get(name)
        if value is None:
            return None
        match = _DAY.match(value) if isinstance(value, str) else None
        if match is not None:
            try:
                return date.fromisoformat(match[1])
            except ValueError:
                pass
        self.bad(name, "a whole day as YYYY-MM-DD, with or without a time")
        return None

    def decimal(self, name: str, *, essential: bool = False) -> Decimal | None:
        """A number; None where it was not sent or is none."""
        value = self.get(name)
        if value is None:
            return None
        number = _decimal(value) if isinstance(value, Number) else None
        if number is None:
            expected = f"a number of at most {MOST_DIGITS} digits"
            self.bad(name, expected, code="bad-amount", essential=essential)
            return None
        if -number.as_tuple().exponent > DECIMALS_KEPT:  # type: ignore[operator]
            self.where.warn_once(
                "amount-rounded",
                "a number has a binary fraction's digits; it was rounded to cents",
                kind=self.path,
                pointer=self._at(name),
                expected=f"at most {DECIMALS_KEPT} decimals",
                fix="send decimals as they are, not as floating-point numbers",
            )
            return number.quantize(CENT)
        return number

    def whole(self, name: str) -> int | None:
        """A whole number from 0 to 999,999."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, Number) and len(value) <= 6 and value.isdecimal():
            return int(value)
        self.bad(name, "a whole number")
        return None

    def money(self, name: str, *, essential: bool = False) -> Decimal | None:
        """A Money in dollars; None where it was not sent or is none."""
        holder = self.child(name)
        if not holder:
            return None
        if holder.text("currency") not in ("", "USD"):
            holder.bad(
                "currency", "an amount in USD", code="bad-amount", essential=essential
            )
            return None
        return holder.decimal("value", essential=essential)

    def child(self, name: str) -> "Element":
        """An object; an empty element where it was not sent."""
        value = self.get(name)
        if isinstance(value, dict):
            return self._keep(value, name, self._at(name))
        if value is not None:
            self.bad(name, "an object")
        return self.nothing()

    def nothing(self) -> "Element":
        """An empty element in this place."""
        return Element({}, path=self.path, pointer=self.pointer, where=self.where)

    def children(self, name: str) -> list["Element"]:
        """The objects of a list; what is no object is left out."""
        found = []
        for index, value in enumerate(self._list(name)):
            pointer = f"{self._at(name)}/{index}"
            if isinstance(value, dict):
                found.append(self._keep(value, name, pointer))
            else:
                self.bad(f"{name}/{index}", "an object")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """The strings of a list."""
        found = []
        for index, value in enumerate(self._list(name)):
            if (
                isinstance(value, str)
                and not isinstance(value, Number)
                and _is_clean(value)
            ):
                found.append(value)
            else:
                self.bad(f"{name}/{index}", "text without control characters")
        return tuple(found)

    def wholes(self, name: str) -> tuple[int, ...]:
        """The whole numbers of a list."""
        found = []
        for index, value in enumerate(self._list(name)):
            if isinstance(value, Number) and len(value) <= 6 and value.isdecimal():
                found.append(int(value))
            else:
                self.bad(f"{name}/{index}", "a whole number")
        return tuple(found)

    def codings(self, *names: str) -> tuple[Coding, ...]:
        """The codings of CodeableConcepts, one or lists of them, in order."""
        found: list[Coding] = []
        for name in names:
            value = self.get(name)
            if value is None:
                continue
            plain = _plain_codings(value if isinstance(value, list) else [value])
            if plain is not None:
                found.extend(plain)
                continue
            concepts = (
                self.children(name) if isinstance(value, list) else [self.child(name)]
            )
            for concept in concepts:
                concept.skip("text")
                found.extend(concept.coding("coding"))
        return tuple(found)

    def coding(self, name: str) -> Iterator[Coding]:
        """The codings of a list of Coding."""
        for each in self.children(name):
            each.skip("display", "version", "userSelected")
            code = each.text("code")
            if code:
                yield coding_of(each.text("system"), code)

    def extension(self, url: str) -> "Element":
        """The extension of that address; an empty element where there is none."""
        self._asked.add(url)
        for index, value in enumerate(self._list("extension")):
            if isinstance(value, dict) and value.get("url") == url:
                found = self._keep(
                    value, f"extension({url})", f"{self._at('extension')}/{index}"
                )
                found.skip("url")
                return found
        return self.nothing()

    def bad(
        self,
        name: str,
        expected: str,
        *,
        code: str = "bad-element",
        essential: bool = False,
    ) -> None:
        """Note a member that is not what it must be."""
        left_out = "the resource was left out" if essential else "it was left out"
        kind = re.sub(r"/\d+", "", name)
        self.where.fault(
            code,
            f"{self.path}.{kind} is not {expected}; {left_out}",
            pointer=self._at(name),
            expected=expected,
            fix=f"send {kind} as FHIR R4 defines it",
            spoils=essential,
        )

    def missing(self, name: str, *, fix: str) -> None:
        """Note a member without which the record cannot be built."""
        self.where.fault(
            "missing-element",
            f"{self.path}.{name} was not sent; the resource was left out",
            pointer=self.pointer,
            expected=f"{self.path}.{name}",
            fix=fix,
            spoils=True,
        )

    def _at(self, name: str) -> str:
        return f"{self.pointer}/{name}"

    def _list(self, name: str) -> Iterable[Any]:
        value = self.get(name)
        if isinstance(value, list):
            if len(value) <= MOST_CHILDREN:
                return value
            self.bad(name, f"a list of at most {MOST_CHILDREN:,}", essential=True)
        elif value is not None:
            self.bad(name, "a list")
        return ()

    def _keep(self, value: dict[str, Any], name: str, pointer: str) -> "Element":
        # The value lives as long as its parent, so that its identity names it.
        known = self._children.get(id(value))
        if known is None:
            known = self._children[id(value)] = Element(
                value, path=f"{self.path}.{name}", pointer=pointer, where=self.where
            )
        return known

    def _warn_unread(self, name: str) -> None:
        shown = name if _NAME.match(name) or name.startswith("extension(") else "other"
        self.where.warn_once(
            "element-not-read",
            f"{self.path}.{shown} is not read; what it says was lost",
            kind=f"{self.path}.{shown}",
            pointer=self.pointer,
            expected="the elements listed in docs/fhir.md",
            fix="nothing, where claims and answers do not need it",
        )

    def _refuse(self, code: str, why: str) -> None:
        self.where.fault(
            code,
            f"{self.path}: {why}; the resource was left out",
            pointer=self.pointer,
            expected="each member once, without modifiers",
            fix="send the resource without it",
            spoils=True,
        )


def _plain_codings(concepts: list[Any]) -> list[Coding] | None:
    """The codings of concepts in the usual form; None: look at them one by one.

    Two thirds of a claim's objects are codings.
    """
    found: list[Coding] = []
    if len(concepts) > MOST_CHILDREN:
        return None
    for concept in concepts:
        # The exact types: a number is a str too, an object with a member twice a dict.
        if type(concept) is not dict or not concept.keys() <= _OF_CONCEPT:
            return None
        codings = concept.get("coding", [])
        if type(codings) is not list or len(codings) > MOST_CHILDREN:
            return None
        for coding in codings:
            if type(coding) is not dict or not coding.keys() <= _OF_CODING:
                return None
            system, code = coding.get("system", ""), coding.get("code")
            if type(code) is not str or type(system) is not str or not code:
                return None
            if not code.isprintable() or not code.isascii() or len(code) > 100:
                return None
            found.append(coding_of(system, code))
    return found


def _is_clean(value: str) -> bool:
    """Whether text can be stored: of some length, without NUL and half characters."""
    if len(value) > MOST_CHARACTERS or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)


def _decimal(raw: str) -> Decimal | None:
    if len(raw) > 60 or not _DECIMAL.match(raw):
        return None
    number = Decimal(raw)
    if number.adjusted() >= MOST_DIGITS:
        return None
    # 1E+2 is 100 and -0 is 0: equal amounts are stored alike.
    return Decimal(f"{number:f}") if number else abs(Decimal(f"{number:f}"))
