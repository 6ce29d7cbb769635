"""What a feature's function reads and carries, found in its code without running it.

Every branch is seen, not only those that some row takes. `operator.attrgetter` and
`getattr` with a written name are understood; a name that is computed is not, which is
why rows are also handed under guard while a frame is built (`contract.Handing`).
"""

import dis
from collections.abc import Iterator
from enum import Enum
from operator import attrgetter
from types import CodeType, FunctionType

import numpy as np

from denialml.domain.facts import PracticeRecords
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History

_DATA = (list, set, dict, bytearray, np.ndarray, PracticeRecords, FactBook, History)
_ATTRIBUTE_READS = frozenset({"LOAD_ATTR", "LOAD_METHOD"})


def attributes_read(function: object) -> frozenset[str]:
    """Names of all attributes that a function reads, itself or by what it calls."""
    return frozenset(
        name for each in _reached(function) for name in _attributes_of(each)
    )


def data_carried(function: object) -> str:
    """The first piece of data that a function brings along; empty if there is none.

    A closure over a table of answers, a module's list, a default argument: none of
    them was cut at the submission day. Constants are tuples, frozen sets, tables
    keyed by an enum (closed words, which cannot name a claim) or mapping proxies.
    """
    for each in _reached(function):
        for name, value in _held_by(each):
            if isinstance(value, _DATA) and not _is_table_of_words(value):
                return f"`{name}` ({type(value).__name__})"
    return ""


def _reached(function: object) -> Iterator[object]:
    """The function, and every one it mentions, closes over or has as a default."""
    waiting, seen = [function], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen or not isinstance(one, (FunctionType, attrgetter)):
            continue
        seen.add(id(one))
        yield one
        waiting.extend(value for _, value in _held_by(one))


def _held_by(function: object) -> Iterator[tuple[str, object]]:
    """Names and values that a function reaches without being handed them."""
    if not isinstance(function, FunctionType):
        return
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents
    for name in _global_names(function):
        if name in function.__globals__:
            yield name, function.__globals__[name]
    for at, value in enumerate(function.__defaults__ or ()):
        yield f"default {at}", value
    yield from (function.__kwdefaults__ or {}).items()


def _global_names(function: FunctionType) -> Iterator[str]:
    for code in _codes(function):
        yield from code.co_names


def _attributes_of(function: object) -> Iterator[str]:
    if isinstance(function, attrgetter):
        for path in function.__reduce__()[1]:
            yield from str(path).split(".")
    if not isinstance(function, FunctionType):
        return
    for code in _codes(function):
        for instruction in dis.get_instructions(code):
            if instruction.opname in _ATTRIBUTE_READS:
                yield str(instruction.argval)
        if "getattr" in code.co_names:
            yield from (each for each in code.co_consts if isinstance(each, str))


def _codes(function: FunctionType) -> Iterator[CodeType]:
    """The function's code and that of the functions written inside it."""
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        yield code
        waiting.extend(each for each in code.co_consts if isinstance(each, type(code)))


def _is_table_of_words(value: object) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(key, Enum) for key in value)
    )
