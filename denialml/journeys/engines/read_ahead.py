"""A file that was read elsewhere, handed on as if it were being read now."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from denialml.domain.problem import Problem
from denialml.domain.record import Fact
from denialml.formats import RecordReader, open_reader
from denialml.journeys.engines.tasks import ReadFile


class ReplayedFile:
    """The records of a file that has been read, with its problems as they came up.

    See `denialml.formats.RecordReader`: the intake adds its own problems while
    reading, so each of the reader's must appear when it did.
    """

    def __init__(self, read: ReadFile) -> None:
        self._read = read
        self._told = 0
        self._ended = False
        self._counts: Counter[str] = Counter()
        self.problems: list[Problem] = []

    @property
    def complete(self) -> bool:
        return self._read.complete

    @property
    def transactions(self) -> dict[str, int]:
        return self._read.transactions

    @property
    def counts(self) -> dict[str, int]:
        return dict(self._counts)

    def __iter__(self) -> Iterator[Fact]:
        read = self._read
        for record, problem_count in zip(
            read.records(), read.problem_counts, strict=True
        ):
            self._tell(problem_count)
            self._counts[type(record).__name__] += 1
            yield record
        self._tell(len(read.problems))

    def _tell(self, count: int) -> None:
        self.problems += self._read.problems[self._told : count]
        self._told = max(self._told, count)


def opener_of(result: Callable[[], ReadFile]) -> Callable[..., RecordReader]:
    """An opener that waits for a file read elsewhere.

    A file that has changed since is read here.
    """

    def opened(
        stream: BinaryIO, *, file: str, documents_directory: Path | None = None
    ) -> RecordReader:
        read = result()
        start = stream.tell()
        is_same = hashlib.sha256(stream.read()).hexdigest() == read.sha256
        stream.seek(start)
        if is_same:
            return ReplayedFile(read)
        return open_reader(stream, file=file, documents_directory=documents_directory)

    return opened
