"""Holds every feature to what it declared: it may read that, and nothing else.

When features are registered, declaring a record that is known after submission only
is refused; so is a feature whose code, in any branch, reads a field made of records
that it did not declare, or that brings data of its own (a closure over a table).
While a frame is built, sampled rows are handed out under guard: a `LineInput` on
which only the declared fields can be read, for what no reading of code finds.
Either way the error names the feature and the kind of record.

What the facts and the history themselves may know of a day is decided in
`modeling.knowledge`; `replay` proves that on real rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

import msgspec

from denialml.domain.facts import LineFacts
from denialml.errors import LeakRefused
from denialml.modeling.knowledge.history import LineHistory
from denialml.modeling.knowledge.line_view import LineView
from denialml.modeling.risk.carried import (
    attributes_read,
    data_carried,
    unnamed_read,
)
from denialml.modeling.risk.feature import Feature, LineInput
from denialml.modeling.risk.sources import (
    ADMITTED,
    FACT_KINDS,
    HISTORY_KINDS,
    VIEW_KINDS,
    RecordKind,
)

Kinds = Mapping[str, tuple[RecordKind, ...]]
# History learns from remittances (`History.advance`); what else is in it is named.
_HISTORY_KINDS: Kinds = {
    **dict.fromkeys(LineHistory.__struct_fields__, (RecordKind.REMITTANCES,)),
    **HISTORY_KINDS,
}
_READS_OF_THE_WHOLE = (
    "__repr__",
    "__str__",
    "__format__",
    "__hash__",
    "__eq__",
    "__ne__",
    "__iter__",
    "__getattr__",
    "__reduce__",
    "__reduce_ex__",
)
_NOT_LISTED = "of which `modeling.risk.sources` does not say what it is made of"


def register(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """The features, each checked.

    Raises
    ------
    LeakRefused
        If a feature declares no source, one that is known after submission only, one
        at another time than its kind becomes known; if its code reads what it did not
        declare; or if it brings data of its own.
    """
    checked = tuple(features)
    for feature in checked:
        _check_declared(feature)
        _check_code(feature)
    return checked


def _check_declared(feature: Feature) -> None:
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


def _check_code(feature: Feature) -> None:
    brought = data_carried(feature.value)
    if brought:
        raise LeakRefused(
            f"feature {feature.name} reads {brought}, which it was not handed: nothing"
            " says that it was known on the submission day"
        )
    unnamed = unnamed_read(feature.value)
    if unnamed:
        raise LeakRefused(
            f"feature {feature.name} reads by {unnamed}, which does not say which"
            " records: name each field, as `row.facts.visit_number`"
        )
    allowed = _allowed(feature)
    read = attributes_read(feature.value)
    if "history" in read and RecordKind.REMITTANCES not in allowed:
        raise LeakRefused(
            f"feature {feature.name} reads the history of {RecordKind.REMITTANCES}: it"
            " did not declare them"
        )
    for field in sorted(read):
        for kinds in (FACT_KINDS, VIEW_KINDS, HISTORY_KINDS):
            for kind in kinds.get(field, ()):
                if kind not in allowed:
                    raise LeakRefused(
                        f"feature {feature.name} reads `{field}`, which is made of"
                        f" {kind}: it did not declare them"
                    )


def _allowed(feature: Feature) -> frozenset[RecordKind]:
    return frozenset(source.kind for source in feature.sources)


class Handing:
    """Hands rows to features under guard; made once for a tuple of features."""

    def __init__(self, features: Sequence[Feature]) -> None:
        together: dict[frozenset[RecordKind], list[tuple[int, Feature]]] = {}
        for position, feature in enumerate(features):
            together.setdefault(_allowed(feature), []).append((position, feature))
        self._readers = tuple(
            (_restricted_input(allowed), tuple(those))
            for allowed, those in together.items()
        )
        self._width = sum(len(those) for _, those in self._readers)

    def values(self, row: LineInput) -> list[float]:
        """All features of a row, the same numbers as without guard.

        Raises
        ------
        LeakRefused
            If a feature reads what it did not declare.
        """
        values = [0.0] * self._width
        for restricted, those in self._readers:
            shown = restricted(row)
            for position, feature in those:
                try:
                    values[position] = feature.value(shown)
                except _Undeclared as refused:
                    raise LeakRefused(f"feature {feature.name} {refused}") from refused
        return values


class _Undeclared(Exception):
    """A field was read whose record kind the feature had not declared."""


def _restricted_input(
    allowed: frozenset[RecordKind],
) -> Callable[[LineInput], LineInput]:
    """Makes a `LineInput` on which only fields of these record kinds can be read."""
    facts = _restricted(LineFacts, FACT_KINDS, allowed)
    view = _restricted(LineView, VIEW_KINDS, allowed)
    history = _restricted(LineHistory, _HISTORY_KINDS, allowed)

    def restricted(row: LineInput) -> LineInput:
        return LineInput(
            row.claim, row.line, facts(row.facts), view(row.view), history(row.history)
        )

    return restricted


def _restricted(
    of: type[msgspec.Struct], kinds: Kinds, allowed: frozenset[RecordKind]
) -> Callable[[Any], Any]:
    """A type that wraps one of `of` and shows only what is made of allowed records."""
    shown: dict[str, object] = {
        field: property(
            _refusal(of, field, kinds.get(field), allowed)
            or attrgetter(f"_guarded.{field}")
        )
        for field in of.__struct_fields__
    }
    whole = _raising(f"reads {of.__name__} as a whole, not by its fields")
    shown |= dict.fromkeys(_READS_OF_THE_WHOLE, whole)
    # `isinstance` and the patterns of `match` ask for it.
    shown["__class__"] = property(whole)
    return cast(
        Callable[[Any], Any],
        type(f"Restricted{of.__name__}", (_Guarded,), {"__slots__": (), **shown}),
    )


class _Guarded:
    """No `msgspec.Struct`, so that `astuple` and `asdict` cannot take it apart."""

    __slots__ = ("_guarded",)

    def __init__(self, guarded: object) -> None:
        self._guarded = guarded


def _refusal(
    of: type[msgspec.Struct],
    field: str,
    kinds: tuple[RecordKind, ...] | None,
    allowed: frozenset[RecordKind],
) -> Callable[[object], Any] | None:
    """What reading the field does instead of telling it; None where it is allowed."""
    message = f"reads {of.__name__}.{field}, {_NOT_LISTED}"
    if kinds is not None:
        undeclared = [kind for kind in kinds if kind not in allowed]
        if not undeclared:
            return None
        message = (
            f"reads {of.__name__}.{field}, which is made of {undeclared[0]}: it did"
            " not declare them"
        )

    return _raising(message)


def _raising(message: str) -> Callable[..., Any]:
    def refuse(*_: object) -> Any:
        raise _Undeclared(message)

    return refuse
