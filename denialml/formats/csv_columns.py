"""The columns of the practice's CSV files, derived from the domain records.

A column is a field of the record, by the same name; the fields of an address are
columns of their own (``appeal_address_city``). What a field's type allows is what
its column accepts, so the files and the vocabulary cannot drift apart.
"""

import re
import types
import typing
from collections.abc import Callable, Sequence
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from denialml.domain.claim import Address
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    Enrollment,
    Payer,
)
from denialml.domain.document import Document
from denialml.domain.encounter import Encounter
from denialml.domain.record import Fact

LIST_SEPARATOR = "|"
# A spreadsheet would run a cell that starts so as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NOT_COLUMNS = {"source", "text", "content_sha256"}
# Python also reads 1_000 and other digits than 0 to 9.
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_DECIMAL = re.compile(r"-?(?:[0-9]{1,12}(?:\.[0-9]{0,6})?|\.[0-9]{1,6})")
_TRUE, _FALSE = ("true", "yes", "y", "1"), ("false", "no", "n", "0")


class Column(NamedTuple):
    """One column: how a cell is read and written, and what it accepts, in words."""

    name: str
    accepts: str
    required: bool
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    address_field: str = ""


class Table(NamedTuple):
    """One CSV file: its name, the record a row becomes and the columns in order."""

    file_name: str
    kind: type[Fact]
    columns: tuple[Column, ...]


def _is_formula(cell: str) -> bool:
    """Whether a cell is a formula, once apostrophes before it are taken off."""
    return cell.lstrip("'").startswith(FORMULA_STARTS)


def _read_text(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and _is_formula(cell) else cell


def spreadsheet_text(value: str) -> str:
    """A cell that no spreadsheet runs as a formula; reading takes the mark off."""
    return f"'{value}" if _is_formula(value) else value


def _read_decimal(cell: str) -> Decimal:
    if not _DECIMAL.fullmatch(cell):
        raise ValueError(cell)
    return Decimal(cell)


def _read_integer(cell: str) -> int:
    if not _INTEGER.fullmatch(cell):
        raise ValueError(cell)
    return int(cell)


def _read_day(cell: str) -> date:
    if len(cell) != 10:
        raise ValueError(cell)
    return date.fromisoformat(cell)


def _read_clock(cell: str) -> time:
    if len(cell) not in (5, 8) or cell[2] != ":":
        raise ValueError(cell)
    return time.fromisoformat(cell)


def _read_flag(cell: str) -> bool:
    word = cell.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(cell)


def _read_list(cell: str) -> tuple[str, ...]:
    parts = (part.strip() for part in _read_text(cell).split(LIST_SEPARATOR))
    return tuple(part for part in parts if part)


def _write_list(values: tuple[str, ...]) -> str:
    return spreadsheet_text(LIST_SEPARATOR.join(values))


def _write_isoformat(value: date | time) -> str:
    return value.isoformat()


def _write_flag(value: bool) -> str:
    return "true" if value else "false"


def _write_plain(value: Decimal) -> str:
    return format(value, "f")


_SCALARS: dict[Any, tuple[str, Callable[[str], Any], Callable[[Any], str]]] = {
    str: ("text", _read_text, spreadsheet_text),
    int: ("a whole number", _read_integer, str),
    Decimal: ("a number such as 12 or 1.5", _read_decimal, _write_plain),
    date: ("a day as YYYY-MM-DD", _read_day, _write_isoformat),
    time: ("a time as HH:MM, 24 hours", _read_clock, _write_isoformat),
    bool: ("true or false", _read_flag, _write_flag),
}


def _write_choice(value: Enum) -> str:
    return str(value.value)


def _column(name: str, hint: Any, *, required: bool) -> Column:
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if isinstance(hint, type) and issubclass(hint, Enum):
        accepts = "one of " + ", ".join(str(member.value) for member in hint)
        return Column(name, accepts, required, hint, _write_choice)
    if typing.get_origin(hint) is tuple:
        accepts = "values separated by vertical bars"
        return Column(name, accepts, required, _read_list, _write_list)
    accepts, read, write = _SCALARS[hint]
    return Column(name, accepts, required, read, write)


def _columns(kind: type[Fact]) -> tuple[Column, ...]:
    hints = typing.get_type_hints(kind)
    found: list[Column] = []
    for field in msgspec.structs.fields(kind):
        if field.name in _NOT_COLUMNS:
            continue
        hint = hints[field.name]
        if Address in typing.get_args(hint):
            for part in msgspec.structs.fields(Address):
                column = _column(f"{field.name}_{part.name}", str, required=False)
                found.append(column._replace(address_field=field.name))
        else:
            required = field.default is msgspec.NODEFAULT
            found.append(_column(field.name, hint, required=required))
    return tuple(found)


TABLES = tuple(
    Table(file_name, kind, _columns(kind))
    for file_name, kind in (
        ("payers.csv", Payer),
        ("clinicians.csv", Clinician),
        ("enrollments.csv", Enrollment),
        ("eligibility_checks.csv", EligibilityCheck),
        ("authorizations.csv", Authorization),
        ("encounters.csv", Encounter),
        ("documents.csv", Document),
    )
)


def table_of(kind: type[Fact]) -> Table:
    """The table whose rows are records of this kind.

    Raises:
        KeyError: there is no CSV file for them.
    """
    for table in TABLES:
        if table.kind is kind:
            return table
    raise KeyError(kind.__name__)


def is_record(columns: Sequence[Column | None], row: Sequence[str]) -> bool:
    """Whether cells fill a whole row: all there, and each what its column accepts."""
    if len(row) != len(columns):
        return False
    for column, cell in zip(columns, row, strict=True):
        cell = cell.strip().strip('"')
        if column is None:
            continue
        if not cell:
            if column.required:
                return False
            continue
        try:
            column.read(cell)
        except ValueError:
            return False
    return True
