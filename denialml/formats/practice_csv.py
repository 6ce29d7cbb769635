"""Reads and writes what the practice exports as CSV; columns in docs/formats.md.

UTF-8 with or without a byte-order mark, comma, semicolon or tab, any quoting and
line ends. A wrong value leaves out its row and names file, row, column, value and
what is accepted; the rows beside it are kept.
"""

import csv
import difflib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from denialml.domain.claim import Address
from denialml.domain.document import Document
from denialml.domain.problem import Problem
from denialml.domain.record import Fact, Source
from denialml.errors import InputError
from denialml.formats.csv_columns import (
    TABLES,
    Column,
    Table,
    is_record,
    table_of,
)
from denialml.formats.csv_rows import CsvRows, Fault
from denialml.formats.document_files import DocumentFolder
from denialml.formats.problems import ProblemLog

_DELIMITERS = ",;\t"
# Comparing spellings is slow; a file with more unknown columns is none of ours.
COLUMNS_NAMED = 20


class PracticeReader:
    """Reads the records of one CSV file; see `RecordReader`.

    `documents_directory` holds the files that documents.csv names; without it,
    documents have no text and no hash.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        file: str,
        documents_directory: Path | None = None,
    ) -> None:
        self._log = ProblemLog(file)
        self._file = file
        self._folder = DocumentFolder(documents_directory, log=self._log)
        # Bytes that are not UTF-8 survive as surrogates and are mended per row.
        self._stream = io.TextIOWrapper(
            stream, encoding="utf-8-sig", errors="surrogateescape", newline=""
        )
        self._counts: Counter[str] = Counter()
        self._transactions: dict[str, int] = {}
        self._documents: dict[str, int] = {}

    @property
    def problems(self) -> list[Problem]:
        return self._log.problems

    @property
    def complete(self) -> bool:
        return self._log.complete

    @property
    def transactions(self) -> dict[str, int]:
        return self._transactions

    @property
    def counts(self) -> dict[str, int]:
        return dict(self._counts)

    def __iter__(self) -> Iterator[Fact]:
        try:
            yield from self._records()
        finally:
            self._log.close()
            # The caller's stream stays open, as it does for X12.
            self._stream.detach()

    def _records(self) -> Iterator[Fact]:
        first = self._stream.readline()
        delimiter = _delimiter_of(first)
        header = _cells(first, delimiter)
        table = recognize_table(header, self._file)
        if table is None:
            self._unknown_table(header)
            return
        self._transactions[table.file_name.removesuffix(".csv")] = 1
        if not {column.name for column in table.columns} & set(header):
            self._missing_header(table)
            return
        columns = self._match_columns(header, table)
        rows = CsvRows(
            self._stream, delimiter=delimiter, is_record=partial(is_record, columns)
        )
        for number, row in enumerate(rows, start=2):
            if isinstance(row, Fault):
                self._fault(row, number)
            elif any(cell.strip() for cell in row):
                record = self._record(table, columns, row, number)
                if record is not None and not self._is_repeated(record, number):
                    self._counts[table.kind.__name__] += 1
                    yield record

    def _fault(self, fault: Fault, number: int) -> None:
        if fault is not Fault.UNCLOSED_QUOTE:
            self._bad_row(number, fault.value)
            return
        self._log.add(
            "unclosed-quote",
            f"row {number}: {fault.value}; the row was left out, the next lines were"
            " read as rows of their own",
            row=number,
            expected="a quotation mark at both ends of a cell, doubled inside it",
            fix="export the file again, or mend the quotation marks of the row",
            incomplete=True,
        )

    def _is_repeated(self, record: Fact, number: int) -> bool:
        """Whether another document had this id before; the same row again is no fault.

        The store keeps one document per id: the later one would replace the earlier.
        """
        if not isinstance(record, Document):
            return False
        content = hash(msgspec.structs.replace(record, source=None))
        if self._documents.setdefault(record.document_id, content) == content:
            return False
        self._log.add(
            "repeated-document",
            f"row {number}: another document has the same document_id; the row was"
            " left out",
            row=number,
            column="document_id",
            value=record.document_id,
            expected="a document_id for each document",
            fix="give each document an id of its own",
            incomplete=True,
        )
        return True

    def _unknown_table(self, header: Sequence[str]) -> None:
        self._log.add(
            "unknown-table",
            "the columns are not those of any file denialml reads",
            row=1,
            value=", ".join(header[:6]),
            expected=", ".join(table.file_name for table in TABLES),
            fix="name the file and its columns as in docs/formats.md",
            incomplete=True,
        )

    def _missing_header(self, table: Table) -> None:
        """The first row is data: its cells may be names and go into no message."""
        self._log.add(
            "missing-header",
            f"the first row names no column of {table.file_name}; nothing was read",
            row=1,
            expected=", ".join(column.name for column in table.columns),
            fix="write the column names into the first row",
            incomplete=True,
        )

    def _match_columns(
        self, header: Sequence[str], table: Table
    ) -> list[Column | None]:
        known = {column.name: column for column in table.columns}
        matched: list[Column | None] = []
        unknown = 0
        for name in header:
            column = known.pop(name, None)
            matched.append(column)
            if column is None and name:
                unknown += 1
                if unknown <= COLUMNS_NAMED:
                    self._unknown_column(name, known, table)
        if unknown > COLUMNS_NAMED:
            self._further_columns(unknown - COLUMNS_NAMED)
        for column in known.values():
            if column.required:
                self._log.add(
                    "missing-column",
                    f"the required column {column.name} is missing",
                    row=1,
                    column=column.name,
                    expected=column.accepts,
                    fix=f"add the column {column.name} to {table.file_name}",
                    incomplete=True,
                )
        return matched

    def _unknown_column(
        self, name: str, known: dict[str, Column], table: Table
    ) -> None:
        # A name of many thousand letters is like none of ours, and slow to compare.
        close = difflib.get_close_matches(name[:80], known, n=1, cutoff=0.6)
        hint = f"rename it to {close[0]}" if close else "leave the column out"
        self._log.warn(
            "unknown-column",
            "a column is not known; it was ignored"
            + (f" (did you mean {close[0]}?)" if close else ""),
            row=1,
            column=name,
            expected=", ".join(column.name for column in table.columns),
            fix=hint,
        )

    def _further_columns(self, count: int) -> None:
        self._log.warn(
            "unknown-column",
            f"{count} further columns are not known; they were ignored",
            row=1,
            expected=f"at most {COLUMNS_NAMED} columns beside those of the file",
            fix="leave these columns out",
        )

    def _record(
        self,
        table: Table,
        columns: Sequence[Column | None],
        row: Sequence[str],
        number: int,
    ) -> Fact | None:
        cells = self._decoded(row, number)
        if len(cells) > len(columns):
            self._bad_row(number, f"{len(cells)} cells under {len(columns)} columns")
            return None
        values: dict[str, Any] = {}
        addresses: dict[str, dict[str, str]] = {}
        good = True
        for column, cell in zip(columns, cells, strict=False):
            cell = cell.strip()
            if column is None or not cell:
                continue
            try:
                value = column.read(cell)
            except ValueError:
                self._bad_value(column, cell, number)
                good = False
                continue
            if column.address_field:
                part = column.name.removeprefix(column.address_field + "_")
                addresses.setdefault(column.address_field, {})[part] = value
            else:
                values[column.name] = value
        for column in table.columns:
            if column.required and column.name not in values and good:
                self._missing_value(column, number)
                good = False
        if not good:
            return None
        values |= {name: Address(**parts) for name, parts in addresses.items()}
        values["source"] = Source(file=self._file, segment=number)
        if table.kind is Document:
            values |= self._folder.read(values, row=number)
        return table.kind(**values)

    def _decoded(self, row: Sequence[str], number: int) -> Sequence[str]:
        """Cells whose bytes are not UTF-8 are read as Windows Latin-1, and said so."""
        if all(cell.isascii() or _is_unicode(cell) for cell in row):
            return row
        self._log.warn(
            "not-utf-8",
            "the row is not UTF-8; it was read as Latin-1",
            row=number,
            expected="UTF-8",
            fix="export the file as CSV UTF-8",
        )
        return [
            cell.encode("utf-8", "surrogateescape").decode("latin-1") for cell in row
        ]

    def _bad_value(self, column: Column, cell: str, number: int) -> None:
        self._log.add(
            "bad-value",
            f"row {number}, {column.name}: not {column.accepts}; the row was left out",
            row=number,
            column=column.name,
            value=cell,
            expected=column.accepts,
            fix=f"write {column.accepts}",
            incomplete=True,
        )

    def _missing_value(self, column: Column, number: int) -> None:
        self._log.add(
            "missing-value",
            f"row {number}, {column.name}: empty; the row was left out",
            row=number,
            column=column.name,
            value="",
            expected=column.accepts,
            fix=f"fill in {column.name}",
            incomplete=True,
        )

    def _bad_row(self, number: int, reason: str) -> None:
        self._log.add(
            "bad-row",
            f"row {number}: {reason}; the row was left out",
            row=number,
            expected="one cell for each column, quoted where it holds the delimiter",
            fix="export the file again",
            incomplete=True,
        )


def recognize_table(header: Sequence[str], file: str) -> Table | None:
    """The table that a file is: by its name, else by at least half its columns."""
    name = file.replace("\\", "/").rsplit("/", 1)[-1].lower()
    for table in TABLES:
        if name == table.file_name:
            return table
    present = {cell for cell in header if cell}
    best, shared = None, 0
    for table in TABLES:
        known = {column.name for column in table.columns}
        required = {column.name for column in table.columns if column.required}
        common = len(present & known)
        if required <= present and 2 * common >= len(present) and common > shared:
            best, shared = table, common
    return best


def looks_like_practice_csv(head: bytes, file: str) -> bool:
    """Whether the first line of a file is the header of a practice CSV."""
    line = head.decode("utf-8-sig", "replace").splitlines()[:1]
    if not line or "\0" in line[0]:
        return False
    return recognize_table(_cells(line[0], _delimiter_of(line[0])), file) is not None


def write_csv(records: Iterable[Fact], *, kind: type[Fact]) -> bytes:
    """Write records of one kind as the CSV file that reads back equal.

    Text that a spreadsheet would run as a formula is written with a leading
    apostrophe, which reading takes off again. Files of documents are not written
    here: put `Document.text` at `file_name` in the folder ``documents``.

    Raises:
        InputError: there is no CSV file for this kind of record.
    """
    try:
        table = table_of(kind)
    except KeyError:
        message = f"there is no CSV file for {kind.__name__}"
        raise InputError(message) from None
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    for record in records:
        writer.writerow([_cell(record, column) for column in table.columns])
    return written.getvalue().encode()


def csv_file_name(kind: type[Fact]) -> str:
    """The file name under which `open_reader` recognizes records of this kind."""
    return table_of(kind).file_name


def _cell(record: Fact, column: Column) -> str:
    if column.address_field:
        holder = getattr(record, column.address_field)
        part = column.name.removeprefix(column.address_field + "_")
        value = getattr(holder, part) if holder is not None else None
    else:
        value = getattr(record, column.name)
    return "" if value is None or value == "" else column.write(value)


def _delimiter_of(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _cells(line: str, delimiter: str) -> list[str]:
    row = next(csv.reader([line], delimiter=delimiter), [])
    return [cell.strip().lower().replace(" ", "_") for cell in row]


def _is_unicode(cell: str) -> bool:
    return not any("\udc80" <= character <= "\udcff" for character in cell)
