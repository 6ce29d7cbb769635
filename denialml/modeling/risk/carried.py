"""What a feature's function reads and carries, found in its code without running it.

Every branch is seen, not only those that some row takes. What is accepted is listed,
all else is refused: a table of answers can be held in more ways than can be forbidden.
A name put together while running is not understood, which is why `getattr` is refused
and rows are also handed under guard while a frame is built (`contract.Handing`).
"""

import builtins
import dis
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from operator import attrgetter, not_
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
)

import msgspec

_PACKAGE = "denialml."
# More than any list of codes that the product keeps; fewer than a practice's answers.
_MOST_ENTRIES = 512
_LONGEST_WORD = 200
_LARGEST_NUMBER = 10**12
_WORDS_AND_NUMBERS = frozenset(
    {type(None), bool, int, float, str, Decimal, date, timedelta}
)
_CALLED = (
    abs,
    all,
    any,
    bool,
    divmod,
    enumerate,
    float,
    frozenset,
    int,
    isinstance,
    len,
    list,
    max,
    min,
    next,
    pow,
    range,
    reversed,
    round,
    set,
    sorted,
    sum,
    tuple,
    zip,
    not_,
    date,
    datetime,
    timedelta,
    Decimal,
    *(value for value in vars(math).values() if isinstance(value, BuiltinFunctionType)),
)
_TYPE_PARTS = (
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    classmethod,
    property,
    staticmethod,
)
_ATTRIBUTE_READS = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
# Each reads fields, or something outside of the row, without a field's name.
_REFUSED_INSTRUCTIONS = {
    "MATCH_CLASS": "a pattern of `match`",
    "MATCH_KEYS": "a pattern of `match`",
    "FORMAT_VALUE": "an f-string",
    "IMPORT_NAME": "an import inside the function",
    "LOAD_BUILD_CLASS": "a class inside the function",
    "STORE_GLOBAL": "a `global` statement",
}
_REFUSED_ATTRIBUTES = frozenset({"format", "format_map"})


def attributes_read(function: object) -> frozenset[str]:
    """Names of all attributes that a function reads, itself or by what it calls."""
    return frozenset(
        name for each in _reached(function) for name in _attributes_of(each)
    )


def data_carried(function: object) -> str:
    """The first thing that a function brings along and may not; empty if there is none.

    A table held by a closure, a default, an object, a class, a module or
    `functools.partial`, or read from a file: none of them was cut at the submission
    day. Only a plain function (or `operator.attrgetter`) may be a feature. It may hold
    words, numbers, days and enums, functions of which the same is true, a few builtins
    that compute from what they are handed, types of the package, tables keyed by an
    enum, and bounded constants of the package's own modules, which are made before
    any practice's records are read.
    """
    if not isinstance(function, (FunctionType, attrgetter)):
        return f"`value` ({type(function).__name__})"
    for each in _reached(function):
        read = frozenset(_attributes_of(each))
        for name, value, of_package in _held_by(each):
            if not _may_be_held(value, read, of_package=of_package):
                return f"`{name}` ({type(value).__name__})"
    return ""


def unnamed_read(function: object) -> str:
    """The first way of reading without a field's name in the code; empty if none."""
    for each in _reached(function):
        for name in _attributes_of(each):
            if name.startswith("_") or name in _REFUSED_ATTRIBUTES:
                return f"`{name}`"
        for code in _codes(each):
            for instruction in dis.get_instructions(code):
                if instruction.opname in _REFUSED_INSTRUCTIONS:
                    return _REFUSED_INSTRUCTIONS[instruction.opname]
    return ""


def _reached(function: object) -> Iterator[object]:
    """The function, and every one it mentions, closes over or has as a default."""
    waiting, seen = [function], set[int]()
    while waiting:
        one = _unwrapped(waiting.pop())
        if id(one) in seen or not isinstance(one, (FunctionType, attrgetter)):
            continue
        seen.add(id(one))
        yield one
        waiting.extend(value for _, value, _ in _held_by(one))


def _unwrapped(value: object) -> object:
    """The function behind `functools.lru_cache`, which keeps only its own results."""
    if hasattr(value, "cache_info") and hasattr(value, "__wrapped__"):
        return value.__wrapped__
    return value


def _held_by(function: object) -> Iterator[tuple[str, object, bool]]:
    """Names and values that a function reaches without being handed them.

    The third tells whether it is a constant of one of the package's modules.
    """
    if not isinstance(function, FunctionType):
        return
    code, known = function.__code__, function.__globals__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents, False
    of_package = str(known.get("__name__", "")).startswith(_PACKAGE)
    for name in _global_names(function):
        if name in known:
            yield name, known[name], of_package
        else:
            yield name, getattr(builtins, name, NotImplemented), False
    for at, value in enumerate(function.__defaults__ or ()):
        yield f"default {at}", value, False
    for name, value in {**(function.__kwdefaults__ or {}), **vars(function)}.items():
        yield name, value, False


def _may_be_held(value: object, read: frozenset[str], *, of_package: bool) -> bool:
    """Whether a feature may hold the value, of which it reads these attributes."""
    value = _unwrapped(value)
    if _is_word_or_number(value) or isinstance(value, (FunctionType, attrgetter)):
        return True
    if value is math or any(value is called for called in _CALLED):
        return True
    if isinstance(value, type):
        return _is_own_type(value) and all(
            _is_word_or_number(part) or isinstance(part, _TYPE_PARTS)
            for name, part in vars(value).items()
            if name in read
        )
    return _is_table(value, of_package=of_package)


def _is_word_or_number(value: object) -> bool:
    if isinstance(value, Enum):
        return type(value.value) in _WORDS_AND_NUMBERS
    if isinstance(value, str):
        return type(value) is str and len(value) <= _LONGEST_WORD
    if isinstance(value, int):
        return type(value) in (bool, int) and abs(value) < _LARGEST_NUMBER
    return type(value) in _WORDS_AND_NUMBERS


def _is_own_type(value: type) -> bool:
    return value.__module__.startswith(_PACKAGE) and issubclass(
        value, (Enum, msgspec.Struct)
    )


def _is_table(value: object, *, of_package: bool) -> bool:
    """A bounded table by closed words, or a bounded constant of the package."""
    if isinstance(value, (dict, MappingProxyType)):
        by_enum = all(isinstance(key, Enum) for key in value)
        frozen = isinstance(value, MappingProxyType)
        return (
            # An empty one is there to be filled.
            len(value) > 0
            and (by_enum or (frozen and of_package))
            and len(value) <= _MOST_ENTRIES
            and all(map(_is_word_or_number, _flat(value)))
        )
    return (
        of_package
        and type(value) in (tuple, frozenset)
        and len(value) <= _MOST_ENTRIES  # type: ignore[arg-type]
        and all(map(_is_word_or_number, value))  # type: ignore[call-overload]
    )


def _flat(table: Mapping[object, object]) -> Iterator[object]:
    yield from table.keys()
    yield from table.values()


def _global_names(function: FunctionType) -> Iterator[str]:
    for code in _codes(function):
        for instruction in dis.get_instructions(code):
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                yield str(instruction.argval)


def _attributes_of(function: object) -> Iterator[str]:
    if isinstance(function, attrgetter):
        for path in function.__reduce__()[1]:
            yield from str(path).split(".")
    for code in _codes(function):
        for instruction in dis.get_instructions(code):
            if instruction.opname in _ATTRIBUTE_READS:
                yield str(instruction.argval)


def _codes(function: object) -> Iterator[CodeType]:
    """The function's code and that of the functions written inside it."""
    waiting = [function.__code__] if isinstance(function, FunctionType) else []
    while waiting:
        code = waiting.pop()
        yield code
        waiting.extend(each for each in code.co_consts if isinstance(each, type(code)))
