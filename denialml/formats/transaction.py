"""What a transaction reader is handed, what it must offer, and how segments find it."""

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import ClassVar, Protocol

from denialml.domain.record import Fact
from denialml.formats.problems import ProblemLog
from denialml.formats.syntax import Syntax

Handler = Callable[[str, int], None]
# Garbage could make up segment identifiers without end.
MOST_HANDLERS = 1000


class Transaction:
    """What a transaction reader is handed: where it is, and where records go."""

    __slots__ = (
        "control_number",
        "emit",
        "file",
        "kind",
        "log",
        "received_on",
        "segment",
        "syntax",
        "version",
    )

    def __init__(
        self,
        *,
        kind: str,
        version: str,
        control_number: str,
        segment: int,
        received_on: date | None,
        syntax: Syntax,
        log: ProblemLog,
        emit: Callable[[Fact], None],
    ) -> None:
        self.kind = kind
        self.version = version
        self.control_number = control_number
        self.segment = segment
        self.received_on = received_on
        self.syntax = syntax
        self.log = log
        self.emit = emit
        self.file = log.file


class TransactionReader(Protocol):
    """Turns the segments of one transaction into records.

    `handlers` maps segment identifiers to functions of segment text and ordinal; a
    handler must parse before it changes state, because it is called again with a
    bad element emptied. `essential` names the elements (``CLP04``) without which the
    current record is worth nothing; `spoil` then drops that record. `opens` names the
    loop that a segment starts, where that is not yet the `loop` being read. `finish`
    ends the transaction; `cut` when the file ended inside it.
    """

    essential: frozenset[str]
    opens: ClassVar[dict[str, str]]
    handlers: dict[str, Handler]

    def loop(self) -> str:
        """Name the loop being read, for the place of a problem."""
        ...

    def spoil(self) -> None:
        """Drop the record being read: one of its essential elements is bad."""
        ...

    def finish(self, *, cut: bool) -> int:
        """Close the last record; return how many claims or answers were met."""
        ...


Opener = Callable[[Transaction], TransactionReader | None]


class Handlers(dict[str, Handler]):
    """Handlers by the first three characters of a segment: ``CLP``, ``N1*``.

    A segment that nobody reads gets a handler that does nothing. Lower-case
    identifiers, which some senders write, are read as upper-case ones and noted.
    """

    def __init__(self, note_lower_case: Callable[[int], None]) -> None:
        super().__init__()
        self._note_lower_case = note_lower_case

    def replace(self, *groups: dict[str, Handler], separator: str) -> None:
        """Keep these handlers only; of one identifier, the last group's counts.

        Done for every ST, so by whole dictionaries: a file may be nothing but STs.
        """
        self.clear()
        for handlers in groups:
            self.update(handlers)
            for identifier in _short_names(tuple(handlers)):
                self[identifier + separator] = handlers[identifier]

    def __missing__(self, key: str) -> Handler:
        handler = self.get(key.upper())
        found = _ignore if handler is None else self._in_upper_case(handler)
        if len(self) < MOST_HANDLERS:
            self[key] = found
        return found

    def _in_upper_case(self, handler: Handler) -> Handler:
        def read(text: str, ordinal: int) -> None:
            self._note_lower_case(ordinal)
            length = 3 if text[:3].isalnum() else 2
            handler(text[:length].upper() + text[length:], ordinal)

        return read


@cache
def _short_names(identifiers: tuple[str, ...]) -> tuple[str, ...]:
    """Those of two letters, which are looked up with the separator behind them."""
    return tuple(each for each in identifiers if len(each) == 2)


def _ignore(_text: str, _ordinal: int) -> None:
    """A segment that holds nothing we keep."""
