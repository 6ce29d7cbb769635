"""Recognizes a file and reads it, record by record."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from denialml.domain.problem import Problem, Reading
from denialml.domain.record import Fact
from denialml.formats.envelope import InterchangeReader
from denialml.formats.problems import ProblemLog
from denialml.formats.transactions import open_transaction
from denialml.formats.x12 import SegmentSource


class RecordReader(Protocol):
    """A file being read: iterate it once for its records, in file order.

    `problems` grows while reading. After the end, `complete` is False when a record
    may be missing, `transactions` counts the ST segments (or CSV files) by kind and
    `counts` the records by type name.
    """

    @property
    def problems(self) -> list[Problem]: ...

    @property
    def complete(self) -> bool: ...

    @property
    def transactions(self) -> dict[str, int]: ...

    @property
    def counts(self) -> dict[str, int]: ...

    def __iter__(self) -> Iterator[Fact]: ...


class X12Reader:
    """Reads the records of one X12 file; see `RecordReader`."""

    def __init__(self, stream: BinaryIO, *, file: str) -> None:
        self._log = ProblemLog(file)
        self._source = SegmentSource(stream, log=self._log)
        self._interchange = InterchangeReader(
            self._source, log=self._log, opener=open_transaction
        )
        self._counts: Counter[str] = Counter()

    @property
    def problems(self) -> list[Problem]:
        return self._log.problems

    @property
    def complete(self) -> bool:
        return self._log.complete

    @property
    def transactions(self) -> dict[str, int]:
        return dict(self._interchange.transactions)

    @property
    def counts(self) -> dict[str, int]:
        return dict(self._counts)

    def __iter__(self) -> Iterator[Fact]:
        counts = self._counts
        for record in self._interchange:
            counts[type(record).__name__] += 1
            yield record
        self._log.close()


def open_reader(stream: BinaryIO, *, file: str) -> RecordReader:
    """Open a practice's file for reading, whatever supported kind it is.

    `file` is the name that records and problems carry. X12 files may hold several
    kinds of transactions.

    Raises:
        UnreadableFile: the bytes are neither X12 nor one of the practice's CSV files.
    """
    return X12Reader(stream, file=file)


def read_bytes(data: bytes, *, file: str) -> Reading[Fact]:
    """Read a whole file from memory; see `open_reader`."""
    reader = open_reader(io.BytesIO(data), file=file)
    records = tuple(reader)
    return Reading(records, tuple(reader.problems), complete=reader.complete)


def read_file(path: Path) -> Reading[Fact]:
    """Read a whole file from disk; records carry the file's name without folders."""
    with path.open("rb") as stream:
        reader = open_reader(stream, file=path.name)
        records = tuple(reader)
    return Reading(records, tuple(reader.problems), complete=reader.complete)
