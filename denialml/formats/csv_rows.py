"""The rows of a CSV file, such that a forgotten quotation mark costs one row only.

`csv.reader` lets an open quotation mark swallow line after line until the next mark, or
the file, without a word. Here a cell may hold line breaks, but a row that can only be
understood as several rows is a `Fault`, and its other lines are read again as rows.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Literal, TextIO

# More lines than any address or title; letters and notes are files of their own.
MOST_LINES_OF_A_ROW = 200


class Fault(Enum):
    """Why a row could not be divided into cells."""

    UNCLOSED_QUOTE = "a quotation mark is not closed"
    NUL = "it holds a NUL character"
    TOO_LONG = f"a cell is longer than {csv.field_size_limit():,} characters"


class CsvRows:
    """Rows of cells from text whose line ends are kept; a `Fault` for a bad one.

    `is_record` says whether cells, read with quotation marks as ordinary letters, are
    a whole row of the file.
    """

    def __init__(
        self,
        text: TextIO,
        *,
        delimiter: str,
        is_record: Callable[[Sequence[str]], bool],
    ) -> None:
        self._text = text
        self._delimiter = delimiter
        self._is_record = is_record
        self._again: deque[str] = deque()

    def __iter__(self) -> Iterator[list[str] | Fault]:
        while line := self._line():
            if "\0" in line:
                yield Fault.NUL
            elif '"' in line:
                yield self._quoted(line)
            else:
                yield self._cells(line)

    def _line(self) -> str:
        return self._again.popleft() if self._again else self._text.readline()

    def _cells(
        self, line: str, *, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL
    ) -> list[str] | Fault:
        try:
            rows = csv.reader((line,), delimiter=self._delimiter, quoting=quoting)
            return next(rows, [])
        except csv.Error:
            return Fault.TOO_LONG

    def _quoted(self, first: str) -> list[str] | Fault:
        """A row that starts with this line, with as many more as its quotes take."""
        taken = [first]
        goes_on = False

        def lines() -> Iterator[str]:
            nonlocal goes_on
            yield first
            goes_on = True
            while len(taken) < MOST_LINES_OF_A_ROW and (line := self._line()):
                taken.append(line)
                yield line

        try:
            row = next(csv.reader(lines(), delimiter=self._delimiter, strict=True), [])
        except csv.Error:
            if not goes_on:  # "Acme" Inc: closed, and more after it, which is tolerated
                return self._cells(first)
        else:
            if not self._are_rows(taken):
                return Fault.NUL if any("\0" in line for line in taken) else row
        self._again.extendleft(reversed(taken[1:]))
        return Fault.UNCLOSED_QUOTE

    def _are_rows(self, lines: Sequence[str]) -> bool:
        """Whether the first line and one of the others are whole rows by themselves."""
        return (
            len(lines) > 1
            and self._stands_alone(lines[0])
            and any(self._stands_alone(line) for line in lines[1:])
        )

    def _stands_alone(self, line: str) -> bool:
        cells = self._cells(line, quoting=csv.QUOTE_NONE)
        return not isinstance(cells, Fault) and self._is_record(cells)
