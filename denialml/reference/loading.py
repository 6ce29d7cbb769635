"""Typed, cached loaders over the packaged tables.

Each table is read once, on first use, and handed out as a read-only mapping. A code
that no table knows is absent: there is no default class (an unknown code means
unknown, never a denial).
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TypeVar

import msgspec

from denialml.reference.entries import (
    AdjustmentReason,
    AllowedProvider,
    CauseSign,
    CodePairs,
    DeadlineRule,
    DocumentKind,
    Entry,
    PlaceOfService,
    ProcedureCode,
    RemarkCode,
    RootCauseClass,
    UnitLimit,
)

EntryT = TypeVar("EntryT", bound=Entry)

_YES_NO_COLUMNS = frozenset(
    {
        "is_alert",
        "is_add_on",
        "is_telehealth",
        "needs_evaluation_and_management",
        "missing_day_moves_forward",
        "rolls_to_business_day",
        "telehealth_medicare",
    }
)
_OPTIONAL_COLUMNS = frozenset(
    {
        "minutes_minimum",
        "minutes_maximum",
        "units_maximum_medicare",
        "telehealth_medicare",
        "valid_from",
        "valid_to",
    }
)


@cache
def adjustment_reasons() -> Mapping[str, AdjustmentReason]:
    """Claim adjustment reason codes (CARC) by code."""
    return _table("adjustment_reasons.csv", AdjustmentReason, key="code")


@cache
def remark_codes() -> Mapping[str, RemarkCode]:
    """Remittance advice remark codes (RARC) by code."""
    return _table("remark_codes.csv", RemarkCode, key="code")


@cache
def procedure_codes() -> Mapping[str, ProcedureCode]:
    """Procedure codes of behavioral health by code."""
    return _table("procedure_codes.csv", ProcedureCode, key="code")


@cache
def unit_limits() -> Mapping[str, UnitLimit]:
    """Medicare's limits of units (MUE) by code."""
    return _table("unit_limits.csv", UnitLimit, key="code")


@cache
def code_pairs() -> Mapping[str, tuple[CodePairs, ...]]:
    """Pairs of which Medicare pays one code (NCCI), by column 1, first ended first."""
    grouped: dict[str, list[CodePairs]] = {}
    for row in _rows("code_pairs.csv"):
        pairs = msgspec.convert(row, CodePairs, strict=False)
        grouped.setdefault(pairs.column_1, []).append(pairs)
    return MappingProxyType(
        {
            code: tuple(sorted(rows, key=lambda pairs: pairs.valid_to or date.max))
            for code, rows in grouped.items()
        }
    )


@cache
def places_of_service() -> Mapping[str, PlaceOfService]:
    """Place-of-service codes by code."""
    return _table("places_of_service.csv", PlaceOfService, key="code")


@cache
def deadline_rules() -> tuple[DeadlineRule, ...]:
    """Filing, dispute and appeal windows, in the table's order."""
    return tuple(_table("deadline_rules.csv", DeadlineRule, key="rule_id").values())


@cache
def root_causes() -> Mapping[str, RootCauseClass]:
    """The 17 root causes by id, in the order of `domain.denial.RootCause`."""
    rows = _yaml_rows("root_causes.yaml", "root_causes")
    return _keyed((msgspec.convert(row, RootCauseClass) for row in rows), key="id")


@cache
def document_kinds() -> Mapping[str, DocumentKind]:
    """Kinds of documents on file by id."""
    rows = _yaml_rows("document_kinds.yaml", "document_kinds")
    return _keyed((msgspec.convert(row, DocumentKind) for row in rows), key="id")


@cache
def allowed_providers() -> tuple[AllowedProvider, ...]:
    """Which types of providers payers pay for which codes, in the table's order."""
    rows = _rows("allowed_providers.csv")
    return tuple(msgspec.convert(row, AllowedProvider, strict=False) for row in rows)


@cache
def cause_signs() -> Mapping[str, tuple[CauseSign, ...]]:
    """What each sign on file says about the root causes, by sign."""
    grouped: dict[str, list[CauseSign]] = {}
    for row in _rows("cause_signs.csv"):
        sign = msgspec.convert(row, CauseSign, strict=False)
        grouped.setdefault(sign.sign, []).append(sign)
    return MappingProxyType({sign: tuple(rows) for sign, rows in grouped.items()})


def _table(name: str, kind: type[EntryT], *, key: str) -> Mapping[str, EntryT]:
    entries = (msgspec.convert(row, kind, strict=False) for row in _rows(name))
    return _keyed(entries, key=key)


def _rows(name: str) -> Iterator[dict[str, object]]:
    for row in csv.DictReader(io.StringIO(_text(name)), strict=True):
        yield {column: _cell(column, value) for column, value in row.items()}


def _keyed(entries: Iterator[EntryT], *, key: str) -> Mapping[str, EntryT]:
    table: dict[str, EntryT] = {}
    for entry in entries:
        identity = str(getattr(entry, key))
        if identity in table:
            raise ValueError(f"packaged table holds {identity} twice")
        table[identity] = entry
    return MappingProxyType(table)


def _yaml_rows(name: str, section: str) -> list[dict[str, object]]:
    # PyYAML takes 30 ms to import and only two tables need it.
    import yaml

    rows: list[dict[str, object]] = yaml.safe_load(_text(name))[section]
    return rows


def _text(name: str) -> str:
    return (files("denialml.reference") / "tables" / name).read_text(encoding="utf-8")


def _cell(column: str, value: str) -> object:
    if column in _OPTIONAL_COLUMNS and not value:
        return None
    if column in _YES_NO_COLUMNS:
        return value == "yes"
    parse = _PARSERS.get(column)
    return parse(value) if parse else value


def _alternatives(value: str) -> list[tuple[str, float]]:
    pairs = (part.split(":") for part in value.split("|") if part)
    return [(cause, float(share)) for cause, share in pairs]


def _code_ranges(value: str) -> list[str]:
    """``99202-99205;99211`` as single codes."""
    codes: list[str] = []
    for part in filter(None, value.split(";")):
        first, _, last = part.partition("-")
        if last:
            codes.extend(str(code) for code in range(int(first), int(last) + 1))
        else:
            codes.append(first)
    return codes


def _words(value: str) -> list[str]:
    return [word for word in value.split("|") if word]


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "alternatives": _alternatives,
    "column_2": _words,
    "codes": _code_ranges,
    "primary_codes": _code_ranges,
    "payer_names": _words,
    "payer_types": _words,
    "root_cause_probability": lambda value: float(value or 0),
}
