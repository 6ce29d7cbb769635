"""Reads FHIR R4 files: a resource, a Bundle, or NDJSON with one of them a line."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from denialml.domain.problem import Problem
from denialml.domain.record import Fact
from denialml.errors import UnreadableFile
from denialml.formats.fhir_answer import read_answer
from denialml.formats.fhir_claim import read_claim
from denialml.formats.fhir_element import Element
from denialml.formats.fhir_eligibility import (
    is_published,
    read_coverage,
    read_eligibility,
)
from denialml.formats.fhir_json import (
    MOST_BYTES,
    TOO_LARGE,
    BadJson,
    JsonFault,
    parse_json,
)
from denialml.formats.fhir_log import ResourceLog
from denialml.formats.fhir_resources import REFERENCED, Resources, Surroundings
from denialml.formats.problems import ProblemLog

BUNDLES: Final = frozenset({"collection", "transaction", "batch", "searchset"})
MOST_ENTRIES: Final = 100_000
# The resources of R4 that are named in full in a problem.
_RESOURCE = re.compile(r"[A-Z][A-Za-z]{2,40}\Z")
_BLANK: Final = b"\xef\xbb\xbf \t\r\n\0\x1a"


class _Document:
    """One JSON text of a file: its value, or why there is none."""

    __slots__ = ("fault", "line", "row", "value")

    def __init__(
        self,
        value: object,
        *,
        row: int | None = None,
        line: bytes = b"",
        fault: JsonFault | None = None,
    ) -> None:
        self.value = value
        self.row = row
        self.line = line
        self.fault = fault


class FhirReader:
    """Reads the records of one FHIR file; see `RecordReader`.

    `transactions` counts the resources that were met by their type.

    Raises:
        UnreadableFile: the file is JSON, but its first value is no FHIR resource.
    """

    def __init__(self, stream: BinaryIO, *, file: str) -> None:
        self._log = ProblemLog(file)
        self._file = file
        self._resources = Resources()
        self._counts: Counter[str] = Counter()
        self._transactions: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._ordinal = 0
        self._documents = _documents(stream)
        self._first = next(self._documents, _Document(None))
        # Of lines, one of the first two is a resource.
        is_lines = self._first.row is not None
        is_unread = self._first.fault is not None
        if not is_lines and not is_unread and not _type_of(self._first.value):
            raise UnreadableFile(
                "the file is JSON; expected an X12 file (starting with ISA), one of "
                "the practice's CSV files or FHIR R4 resources"
            )

    @property
    def problems(self) -> list[Problem]:
        return self._log.problems

    @property
    def complete(self) -> bool:
        return self._log.complete

    @property
    def transactions(self) -> dict[str, int]:
        return dict(self._transactions)

    @property
    def counts(self) -> dict[str, int]:
        return dict(self._counts)

    def __iter__(self) -> Iterator[Fact]:
        for record in self._records():
            self._counts[type(record).__name__] += 1
            yield record
        if not self._counts and self._log.complete and "Coverage" in self._transactions:
            self._warn_coverage()
        elif not self._counts and self._log.complete and not self._met_any():
            self._log.add(
                "transaction-without-records",
                "the file holds no claim and no answer that could be read",
                expected="Claim, ClaimResponse, ExplanationOfBenefit, "
                "CoverageEligibilityResponse or a payer's Coverage",
                fix="export these resources, in force and of professional services",
                incomplete=True,
            )
        self._log.close()

    def _met_any(self) -> bool:
        """Whether there were claims or answers, left out for a reason that was said."""
        return bool(self._transactions.keys() & _READERS.keys())

    def _warn_coverage(self) -> None:
        self._log.warn(
            "coverage-not-an-answer",
            "a Coverage that no payer published says what somebody wrote down, not "
            "what the payer answers; it is read only for the claims that point to it",
            expected="a Coverage of CARIN's profile, or a CoverageEligibilityResponse",
            fix="send the payer's answer (271 or CoverageEligibilityResponse)",
        )

    def _records(self) -> Iterator[Fact]:
        yield from self._of_document(self._first)
        for document in self._documents:
            yield from self._of_document(document)

    def _of_document(self, document: _Document) -> Iterator[Fact]:
        if document.fault is not None:
            self._ordinal += 1
            self._fault(document.fault, row=document.row)
        elif not isinstance(document.value, dict) or not _type_of(document.value):
            self._ordinal += 1
            self._fault(_NOT_FHIR, row=document.row)
        elif _type_of(document.value) == "Bundle":
            yield from self._of_bundle(document.value, document.row)
        else:
            self._ordinal += 1
            where = self._place("", document.row)
            self._resources.add(document.value, line=document.line)
            yield from self._of_resource(document.value, where, self._resources)
            if self._resources.overflowed:
                self._warn_overflow(where)

    def _of_bundle(self, bundle: dict[str, Any], row: int | None) -> Iterator[Fact]:
        kind, entries = bundle.get("type"), bundle.get("entry")
        is_list = isinstance(kind, str) and kind in BUNDLES
        if not is_list or not isinstance(entries, list | None):
            self._ordinal += 1
            self._fault(_NO_COLLECTION, row=row, pointer="/type")
            return
        sent = entries or []
        if len(sent) > MOST_ENTRIES:
            self._fault(_TOO_MANY, row=row, pointer="/entry")
        resources = Resources()
        held: list[tuple[int, str, dict[str, Any]]] = []
        for index, entry in enumerate(sent[:MOST_ENTRIES]):
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if not isinstance(resource, dict) or not _type_of(resource):
                if not isinstance(entry, dict) or resource is not None:
                    self._fault(_NOT_FHIR, row=row, pointer=f"/entry/{index}")
                continue
            url = entry.get("fullUrl")
            full_url = url if isinstance(url, str) else ""
            resources.add(resource, full_url=full_url)
            held.append((index, full_url, resource))
        first = self._ordinal
        for index, full_url, resource in held:
            self._ordinal = first + index + 1
            where = self._place(f"/entry/{index}/resource", row)
            yield from self._of_resource(resource, where, resources, base=full_url)
        self._ordinal = first + max(1, len(sent))
        self._question_pages(bundle, row)

    def _of_resource(
        self,
        resource: dict[str, Any],
        where: ResourceLog,
        resources: Resources,
        *,
        base: str = "",
    ) -> Iterator[Fact]:
        kind = _type_of(resource)
        self._transactions[kind] += 1
        reader = _READERS.get(kind)
        if reader is None:
            if kind not in REFERENCED:
                _warn_unsupported(where, kind)
            return
        around = Surroundings(resource, resources, where=where, base=base)
        element = Element(resource, path=kind, pointer=where.pointer, where=where)
        yield from reader(element, around, self._file)

    def _place(self, pointer: str, row: int | None) -> ResourceLog:
        return ResourceLog(
            self._log, self._seen, ordinal=self._ordinal, pointer=pointer, row=row
        )

    def _fault(self, fault: JsonFault, *, row: int | None, pointer: str = "") -> None:
        self._log.add(
            fault.code,
            fault.message,
            expected=fault.expected,
            fix=fault.fix,
            incomplete=True,
            row=row,
            pointer=pointer,
        )

    def _question_pages(self, bundle: dict[str, Any], row: int | None) -> None:
        links = bundle.get("link")
        if isinstance(links, list) and any(
            isinstance(link, dict) and link.get("relation") == "next" for link in links
        ):
            self._place("/link", row).warn_once(
                "further-pages",
                "the Bundle is one page of a search; the next ones are not in it",
                kind="Bundle",
                pointer="/link",
                expected="every page of the search",
                fix="send the following pages too",
            )

    def _warn_overflow(self, where: ResourceLog) -> None:
        where.warn_once(
            "too-many-resources",
            "more patients, providers and coverages than are kept for later lines",
            kind="Resources",
            pointer="",
            expected="at most 64 MiB of resources that others point to",
            fix="split the export by patient",
        )


def looks_like_json(head: bytes) -> bool:
    """Whether a file starts as a JSON object does."""
    return head.lstrip(_BLANK).startswith(b"{")


def _claims(element: Element, around: Surroundings, file: str) -> Iterator[Fact]:
    claim = read_claim(element, around, file=file)
    if claim is not None:
        yield claim


def _answers(element: Element, around: Surroundings, file: str) -> Iterator[Fact]:
    answer = read_answer(element, around, file=file)
    if answer is not None:
        yield from answer


def _checks(element: Element, around: Surroundings, file: str) -> Iterator[Fact]:
    yield from read_eligibility(element, around, file=file)


def _coverages(element: Element, around: Surroundings, file: str) -> Iterator[Fact]:
    """A payer's own; any other is there for the claims that point to it."""
    if is_published(element):
        yield from read_coverage(element, around, file=file)


_READERS: Final = {
    "Claim": _claims,
    "ClaimResponse": _answers,
    "ExplanationOfBenefit": _answers,
    "CoverageEligibilityResponse": _checks,
    "Coverage": _coverages,
}
_NOT_FHIR: Final = JsonFault(
    "not-a-resource",
    "this is no FHIR resource; it was left out",
    "an object with a resourceType",
    "export FHIR R4 resources",
)
_NO_COLLECTION: Final = JsonFault(
    "unsupported-bundle",
    "the Bundle is of a kind that does not simply list resources; nothing was read",
    "type: " + ", ".join(sorted(BUNDLES)),
    "send the resources as a collection, or as NDJSON",
)
_TOO_MANY: Final = JsonFault(
    "json-too-large",
    f"the Bundle has more than {MOST_ENTRIES:,} entries; the others were left out",
    f"at most {MOST_ENTRIES:,} entries",
    "send large exports as NDJSON, one resource a line",
)


def _warn_unsupported(where: ResourceLog, kind: str) -> None:
    where.warn_once(
        "unsupported-resource",
        f"{kind} resources are not read",
        kind=kind,
        pointer=where.pointer,
        expected=", ".join(sorted(_READERS)),
        fix="nothing, where claims and answers do not need them",
    )


def _type_of(value: object) -> str:
    """resourceType where it is the name of one; else empty."""
    kind = value.get("resourceType") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) and _RESOURCE.match(kind) else ""


def _documents(stream: BinaryIO) -> Iterator[_Document]:
    """The JSON texts of a file: one a line where its first or second line is one.

    Memory is bounded by `MOST_BYTES`, whatever the file holds.
    """
    lines = _lines(stream)
    first = next(lines, (1, b""))
    second = next(lines, None)
    if second is None:
        yield _parsed(first[1])
        return
    if any(_is_resource(line) for _, line in (first, second)):
        for row, line in (first, second):
            yield _parsed(line, row=row)
        for row, line in lines:
            yield _parsed(line, row=row)
        return
    text = first[1] + second[1]
    text += stream.read(max(0, MOST_BYTES + 1 - len(text)))
    yield _parsed(text)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, by their numbers; a line too long is cut off."""
    row = 0
    while line := stream.readline(MOST_BYTES + 1):
        row += 1
        rest = line
        while len(rest) > MOST_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MOST_BYTES + 1)
            if not rest:
                break
        if line.strip(_BLANK):
            yield row, line


def _is_resource(line: bytes) -> bool:
    """Whether a line is a whole resource of its own."""
    if not line.lstrip(_BLANK).startswith(b"{"):
        return False
    try:
        return bool(_type_of(parse_json(line.strip(_BLANK))))
    except BadJson:
        return False


def _parsed(text: bytes, *, row: int | None = None) -> _Document:
    if len(text) > MOST_BYTES:
        return _Document(None, row=row, fault=TOO_LARGE)
    line = text.strip(_BLANK)
    try:
        value = parse_json(line)
    except BadJson as bad:
        return _Document(None, row=row, fault=bad.fault)
    return _Document(value, row=row, line=line if row is not None else b"")
