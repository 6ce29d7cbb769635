"""X12 values: money, days, procedures and adjustments, read once and remembered.

Remittances repeat the same few thousand amounts, dates and adjustment segments, so
each is parsed once per file and looked up after that; the tables are emptied when
they grow beyond `MOST_REMEMBERED`. A value that is not what its element must be
raises `BadValue`, which the envelope turns into a `Problem` with its place.
"""

import re
from datetime import date
from decimal import Decimal
from typing import ClassVar, Generic, NamedTuple, TypeVar

from denialml.domain.remittance import ClaimAdjustment

MOST_REMEMBERED = 1 << 13
ZERO = Decimal(0)
BLANK = [""] * 24
# Enough for the segments that occur by the thousand; extending costs per element.
SHORT = [""] * 10
# ASCII: Python would read the digits of every script as numbers.
_DECIMAL = re.compile(r"\s*[+-]?(?:\d{1,15}\.?\d{0,6}|\.\d{1,6})\s*\Z", re.ASCII)
CAS_TRIPLETS = 6
MOST_DIGITS = 9

V = TypeVar("V")
Span = tuple[date | None, date | None]


class BadValue(ValueError):
    """An element that is not what it must be; never leaves this package."""

    def __init__(self, raw: str, code: str, expected: str) -> None:
        super().__init__(code)
        self.raw = raw
        self.code = code
        self.expected = expected


class Procedure(NamedTuple):
    """A composite medical procedure identifier (SV101, SVC01, SVC06)."""

    qualifier: str
    code: str
    modifiers: tuple[str, ...]
    description: str


class Adjustments(NamedTuple):
    """One CAS segment: its triplets and their sum."""

    triplets: tuple[ClaimAdjustment, ...]
    total: Decimal


class Remembered(dict[str, V], Generic[V]):
    """A bounded memory of parsed values by their text."""

    def _read(self, raw: str) -> V:
        raise NotImplementedError

    def __missing__(self, raw: str) -> V:
        value = self._read(raw)
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[raw] = value
        return value


class MoneyTable(Remembered[Decimal]):
    """Amounts; an element that was not sent is zero."""

    def _read(self, raw: str) -> Decimal:
        if not raw or raw.isspace():
            return ZERO
        if not _DECIMAL.match(raw):
            raise BadValue(raw, "bad-amount", "a decimal number such as 120.00")
        return Decimal(raw.strip())


class BilledMoneyTable(MoneyTable):
    """What a claim asks for; payers reject a negative charge or number of units."""

    def _read(self, raw: str) -> Decimal:
        value = super()._read(raw)
        if value < ZERO:
            raise BadValue(raw, "negative-amount", "an amount that is not negative")
        return value


class DayTable(Remembered[date | None]):
    """Days as CCYYMMDD (YYMMDD in 4010 files); None where not sent."""

    def _read(self, raw: str) -> date | None:
        if not raw or raw.isspace():
            return None
        digits = raw.strip()
        if len(digits) == 6:
            digits = ("19" if digits[:2] > "69" else "20") + digits
        # fromisoformat knows weeks too (2026W051): eight digits only.
        if len(digits) == 8 and is_number(digits):
            try:
                return date.fromisoformat(digits)
            except ValueError:
                pass
        raise BadValue(raw, "bad-date", "a day as CCYYMMDD")


class ProcedureTable(Remembered[Procedure]):
    """Procedure composites such as ``HC:90837:95``."""

    def __init__(self, component: str) -> None:
        super().__init__()
        self._component = component

    def _read(self, raw: str) -> Procedure:
        parts = raw.split(self._component)
        if len(parts) == 1:
            return Procedure("", raw.strip(), (), "")
        parts += BLANK
        modifiers = tuple(part.strip() for part in parts[2:6] if part.strip())
        return Procedure(parts[0], parts[1].strip(), modifiers, parts[6])


class AdjustmentTable(Remembered[Adjustments]):
    """CAS segments by their whole text: up to six triplets, ragged, with gaps."""

    def __init__(self, element: str, money: MoneyTable) -> None:
        super().__init__()
        self._element = element
        self._money = money

    def _read(self, raw: str) -> Adjustments:
        elements = raw.split(self._element)
        elements += BLANK
        triplets = []
        total = ZERO
        for start in range(2, 2 + 3 * CAS_TRIPLETS, 3):
            reason, amount, quantity = elements[start : start + 3]
            if not reason and not amount:
                continue
            value = self._money[amount]
            total += value
            triplets.append(
                ClaimAdjustment(
                    group_code=elements[1],
                    reason_code=reason,
                    amount=value,
                    quantity=self._money[quantity] if quantity else None,
                )
            )
        return Adjustments(tuple(triplets), total)


class DatedTable(Remembered[tuple[str, Span]]):
    """DTP segments by their whole text: the qualifier, and the day or span of days."""

    def __init__(self, element: str, days: DayTable) -> None:
        super().__init__()
        self._element = element
        self._days = days

    def _read(self, raw: str) -> tuple[str, Span]:
        _, qualifier, form, value, *_ = raw.split(self._element) + BLANK
        return qualifier, read_span(self._days, form, value)


class RemittanceDay(NamedTuple):
    """One DTM of an 835: a line's service date, or the day of a claim's field."""

    of_line: bool
    claim_field: str
    day: date | None


class RemittanceDayTable(Remembered[RemittanceDay]):
    """DTM segments by their whole text."""

    LINE_QUALIFIERS = ("472", "150")
    CLAIM_FIELDS: ClassVar = {
        "050": "received_by_payer_on",
        "232": "statement_from",
        "233": "statement_to",
    }

    def __init__(self, element: str, days: DayTable) -> None:
        super().__init__()
        self._element = element
        self._days = days

    def _read(self, raw: str) -> RemittanceDay:
        _, qualifier, value, *_ = raw.split(self._element) + BLANK
        return RemittanceDay(
            of_line=qualifier in self.LINE_QUALIFIERS,
            claim_field=self.CLAIM_FIELDS.get(qualifier, ""),
            day=self._days[value],
        )


class SplitTable(Remembered[tuple[str, ...]]):
    """What a separator divides: at least ten parts, empty where not sent."""

    def __init__(self, separator: str) -> None:
        super().__init__()
        self._separator = separator

    def _read(self, raw: str) -> tuple[str, ...]:
        return tuple(raw.split(self._separator) + SHORT)


class PointerTable(Remembered[tuple[int, ...]]):
    """SV107 composites: positions in the claim's diagnoses, counted from 1."""

    def __init__(self, component: str) -> None:
        super().__init__()
        self._component = component

    def _read(self, raw: str) -> tuple[int, ...]:
        parts = [part.strip() for part in raw.split(self._component)]
        return tuple(int(part) for part in parts if is_number(part))


def is_number(text: str) -> bool:
    """Whether a text is digits from 0 to 9 and nothing else, few enough to count."""
    return text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS


def read_span(days: DayTable, qualifier: str, raw: str) -> Span:
    """Days of a D8, DT or RD8 value."""
    if qualifier == "RD8" or (len(raw) == 17 and raw[8] == "-"):
        first, _, last = raw.partition("-")
        return days[first], days[last]
    if qualifier in ("DT", "RDT") or len(raw) > 8:
        return days[raw[:8]], None
    return days[raw], None
