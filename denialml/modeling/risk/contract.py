"""Holds every feature to what it declared: it is handed that, and nothing else.

Three guards, none of them prose. Declaring a record that is only known after
submission is refused when features are registered. A feature that carries data of its
own (a closure over a table) is refused then, too. And while rows are built, a feature
gets a `LineInput` on which only the fields made of its declared records can be read;
reading any other raises `LeakRefused` with the feature's name and the kind of record.

What the facts and the history themselves may know of a day is decided in
`modeling.knowledge`; `replay` proves it on real rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from operator import attrgetter
from types import FunctionType
from typing import Any, cast

import msgspec
import numpy as np

from denialml.domain.facts import LineFacts, PracticeRecords
from denialml.errors import LeakRefused
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History, LineHistory
from denialml.modeling.knowledge.line_view import LineView
from denialml.modeling.risk.feature import Feature, LineInput
from denialml.modeling.risk.sources import (
    ADMITTED,
    FACT_KINDS,
    VIEW_KINDS,
    RecordKind,
)

_DATA = (list, set, dict, bytearray, np.ndarray, PracticeRecords, FactBook, History)


def register(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """The features, each checked.

    Raises
    ------
    LeakRefused
        If a feature declares no source, one that is known after submission only, one
        at another time than its kind becomes known, or carries data of its own.
    """
    checked = tuple(features)
    for feature in checked:
        _check(feature)
    return checked


def _check(feature: Feature) -> None:
    if not feature.sources:
        raise LeakRefused(f"feature {feature.name} declares no source")
    for source in feature.sources:
        admitted = ADMITTED.get(source.kind)
        if admitted is None:
            raise LeakRefused(
                f"feature {feature.name} declares {source.kind}, which is known after"
                " submission only"
            )
        if source.known is not admitted:
            raise LeakRefused(
                f"feature {feature.name} declares {source.kind} as known"
                f" {source.known}; they count {admitted}"
            )
    held = _data_held(feature.value, seen=set())
    if held:
        raise LeakRefused(
            f"feature {feature.name} reads {held}, which it was not handed: a feature"
            " reads its LineInput only (constants are tuples, frozen sets, enum-keyed"
            " tables or MappingProxyType)"
        )


def _data_held(function: object, *, seen: set[int]) -> str:
    """The first piece of data that a function carries along; empty if there is none."""
    if not isinstance(function, FunctionType) or id(function) in seen:
        return ""
    seen.add(id(function))
    held: dict[str, object] = {
        name: cell.cell_contents
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        )
    }
    held.update(
        (name, function.__globals__[name])
        for name in _names_of(function)
        if name in function.__globals__
    )
    held.update(_defaults(function))
    for name, value in held.items():
        if isinstance(value, _DATA) and not _is_table_of_words(value):
            return f"`{name}` ({type(value).__name__})"
        deeper = _data_held(value, seen=seen)
        if deeper:
            return deeper
    return ""


def _defaults(function: FunctionType) -> dict[str, object]:
    """The default values of a function's arguments, which it carries along as well."""
    found: dict[str, object] = dict(function.__kwdefaults__ or {})
    found.update(
        (f"default {at}", value) for at, value in enumerate(function.__defaults__ or ())
    )
    return found


def _names_of(function: FunctionType) -> Iterable[str]:
    """Global names that a function, or one written inside it, mentions."""
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        yield from code.co_names
        waiting.extend(each for each in code.co_consts if isinstance(each, type(code)))


def _is_table_of_words(value: object) -> bool:
    """A table keyed by an enum: closed words, which cannot name a claim."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(key, Enum) for key in value)
    )


class Handing:
    """Hands a row to its features; made once for a tuple of features."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self._features = tuple(features)
        kinds = [
            frozenset(source.kind for source in feature.sources) for feature in features
        ]
        distinct = list(dict.fromkeys(kinds))
        self._views = tuple(_RestrictedInput(each) for each in distinct)
        self._readers = tuple(
            (feature.value, distinct.index(each))
            for feature, each in zip(features, kinds, strict=True)
        )

    def values(self, row: LineInput) -> list[float]:
        """All features of a row.

        Raises
        ------
        LeakRefused
            If a feature reads what it did not declare.
        """
        handed = [view(row) for view in self._views]
        try:
            return [value(handed[at]) for value, at in self._readers]
        except _Undeclared as refused:
            raise self._named(handed) from refused

    def _named(self, handed: Sequence[LineInput]) -> LeakRefused:
        for feature, (value, at) in zip(self._features, self._readers, strict=True):
            try:
                value(handed[at])
            except _Undeclared as refused:
                return LeakRefused(f"feature {feature.name} {refused}")
        raise AssertionError("a feature that was refused once reads nothing now")


class _Undeclared(Exception):
    """A field was read whose record kind the feature had not declared."""


class _RestrictedInput:
    """Makes a `LineInput` on which only fields of certain record kinds can be read."""

    def __init__(self, allowed: frozenset[RecordKind]) -> None:
        self._facts = _restricted(LineFacts, FACT_KINDS, allowed)
        self._view = _restricted(LineView, VIEW_KINDS, allowed)
        self._history = (
            None
            if RecordKind.REMITTANCES in allowed
            else _restricted(
                LineHistory,
                dict.fromkeys(LineHistory.__struct_fields__, (RecordKind.REMITTANCES,)),
                allowed,
            )
        )

    def __call__(self, row: LineInput) -> LineInput:
        history = row.history if self._history is None else self._history(row.history)
        return LineInput(
            row.claim, row.line, self._facts(row.facts), self._view(row.view), history
        )


def _restricted(
    of: type[msgspec.Struct],
    kinds: Mapping[str, tuple[RecordKind, ...]],
    allowed: frozenset[RecordKind],
) -> Callable[[Any], Any]:
    """A type that wraps one of `of` and shows only what is made of allowed records."""
    shown = {
        field: property(
            _refusal(of, field, kinds.get(field), allowed)
            or attrgetter(f"told.{field}")
        )
        for field in of.__struct_fields__
    }
    return cast(
        Callable[[Any], Any],
        msgspec.defstruct(
            f"Handed{of.__name__}",
            [("told", Any)],
            namespace=shown,
            frozen=True,
            gc=False,
        ),
    )


def _refusal(
    of: type[msgspec.Struct],
    field: str,
    kinds: tuple[RecordKind, ...] | None,
    allowed: frozenset[RecordKind],
) -> Callable[[object], Any] | None:
    """What reading the field does instead of telling it; None where it is allowed."""
    if kinds is None:
        message = (
            f"reads {of.__name__}.{field}, of which `modeling.risk.sources` does not"
            " say what records it is made of"
        )
    else:
        undeclared = [kind for kind in kinds if kind not in allowed]
        if not undeclared:
            return None
        message = (
            f"reads {of.__name__}.{field}, which is made of {undeclared[0]}: it did"
            " not declare them"
        )

    def refuse(_: object) -> Any:
        raise _Undeclared(message)

    return refuse
