"""Recognizes a file and reads it, record by record."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from denialml.domain.problem import Problem, Reading
from denialml.domain.record import Fact
from denialml.errors import UnreadableFile
from denialml.formats.envelope import InterchangeReader
from denialml.formats.fhir_reader import FhirReader, looks_like_json
from denialml.formats.practice_csv import PracticeReader, looks_like_practice_csv
from denialml.formats.problems import ProblemLog
from denialml.formats.transactions import open_transaction
from denialml.formats.x12 import CHUNK, HEADER_SPAN, SegmentSource, looks_like_x12

_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive or Office document, to be unpacked or exported first",
    b"\x1f\x8b": "a gzip archive, to be unpacked first",
    b"%PDF": "a PDF",
    b"<?xml": "XML",
}


class RecordReader(Protocol):
    """A file being read: iterate it once for its records, in file order.

    `problems` grows while reading. After the end, `complete` is False when a record
    may be missing, `transactions` counts the ST segments (or CSV files, or FHIR
    resources) by kind and `counts` the records by type name.
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
        self._counts: Counter[type[Fact]] = Counter()

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
        return {kind.__name__: count for kind, count in self._counts.items()}

    def __iter__(self) -> Iterator[Fact]:
        for records in self._interchange.batches():
            self._counts.update(map(type, records))
            yield from records
        self._log.close()


class _Replayed(io.RawIOBase):
    """A stream whose first bytes were already looked at."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
        else:
            data = self._stream.read(size)
        buffer[: len(data)] = data
        return len(data)


def open_reader(
    stream: BinaryIO, *, file: str, documents_directory: Path | None = None
) -> RecordReader:
    """Open a practice's file for reading, whatever supported kind it is.

    `file` is the name that records and problems carry. X12 files may hold several
    kinds of transactions. `documents_directory` is where the files that a
    documents.csv names are found; nothing outside it is read.

    Raises:
        UnreadableFile: the bytes are neither X12, nor one of the practice's CSV files,
            nor FHIR.
    """
    head = _first_bytes(stream)
    replayed = io.BufferedReader(_Replayed(head, stream), buffer_size=CHUNK)
    if looks_like_x12(head):
        return X12Reader(replayed, file=file)
    if looks_like_practice_csv(head, file):
        return PracticeReader(
            replayed, file=file, documents_directory=documents_directory
        )
    if looks_like_json(head):
        return FhirReader(replayed, file=file)
    raise UnreadableFile(_refusal(head))


def read_bytes(
    data: bytes, *, file: str, documents_directory: Path | None = None
) -> Reading[Fact]:
    """Read a whole file from memory; see `open_reader`."""
    reader = open_reader(
        io.BytesIO(data), file=file, documents_directory=documents_directory
    )
    records = tuple(reader)
    return Reading(records, tuple(reader.problems), complete=reader.complete)


def read_file(path: Path) -> Reading[Fact]:
    """Read a whole file from disk; records carry the file's name without folders.

    The files that a documents.csv names are looked for in ``documents`` beside it.
    """
    with path.open("rb") as stream:
        reader = open_reader(
            stream, file=path.name, documents_directory=path.parent / "documents"
        )
        records = tuple(reader)
    return Reading(records, tuple(reader.problems), complete=reader.complete)


def _first_bytes(stream: BinaryIO) -> bytes:
    """At least `HEADER_SPAN` bytes, or the whole file where it is shorter."""
    head = b""
    while len(head) < HEADER_SPAN:
        chunk = stream.read(HEADER_SPAN)
        if not chunk:
            break
        head += chunk
    return head


def _refusal(head: bytes) -> str:
    expected = (
        "an X12 file (starting with ISA), one of the practice's CSV files or FHIR R4 "
        "resources"
    )
    if not head.strip(b"\0 \t\r\n\x1a"):
        return f"the file is empty; expected {expected}"
    for start, name in _OTHER_FORMATS.items():
        if head.startswith(start):
            return f"the file is {name}; expected {expected}"
    return f"the file was not recognized; expected {expected}"
