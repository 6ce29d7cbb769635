"""What could not be read, said so that a biller can mend it."""

from collections.abc import Iterator
from typing import Generic, Literal, TypeVar

from denialml.domain.record import Judgment

Severity = Literal["error", "warning"]

T = TypeVar("T")


class Problem(Judgment, frozen=True):
    """One fault in one place of one file.

    `code` is a stable slug such as ``segment-count-mismatch`` (listed in
    docs/formats.md). An ``error`` means that something was lost or cannot be
    trusted; a ``warning`` means that it was read by a stated tolerance. `segment`
    and `element` are for X12 (``SE01``, ``CLM02``, ``SVC01-2``), `row` and `column`
    for CSV, `pointer` (RFC 6901) for JSON; each is None where it does not apply.
    `value` is the offending value and may be PHI: it is shown to the person who
    sent the file and is never logged.
    """

    severity: Severity
    code: str
    file: str
    message: str
    expected: str
    fix: str
    segment: int | None = None
    loop: str | None = None
    element: str | None = None
    row: int | None = None
    column: str | None = None
    pointer: str | None = None
    value: str | None = None
    transaction: str | None = None


class Reading(Generic[T]):
    """A file read to its end: the records that could be read and the problems.

    Iterating yields the records in file order. `complete` is False when anything
    may be missing from `records`: a truncated file, a count that does not add up,
    transactions without a single claim.
    """

    __slots__ = ("complete", "problems", "records")

    def __init__(
        self, records: tuple[T, ...], problems: tuple[Problem, ...], *, complete: bool
    ) -> None:
        self.records = records
        self.problems = problems
        self.complete = complete

    def __iter__(self) -> Iterator[T]:
        return iter(self.records)
