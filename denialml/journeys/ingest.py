"""Ingest: a practice's files go in, stored once however often they are sent."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, cast

from sqlalchemy.orm import Session

from denialml.domain.claim import Claim
from denialml.domain.document import Document
from denialml.domain.problem import Problem
from denialml.domain.record import Fact, Judgment
from denialml.domain.remittance import ClaimPayment
from denialml.errors import UnreadableFile
from denialml.formats import RecordReader, open_reader
from denialml.journeys.engines.engine import Engine, LocalEngine, Opener
from denialml.store.audit import AuditAction, record_event
from denialml.store.database import lock_organization
from denialml.store.identity import Identity
from denialml.store.intake import BATCH, Intake
from denialml.store.organizations import get_organization, records_changed
from denialml.store.source_files import begin_file, end_file

READ_BYTES: Final = 1 << 20
SPOOL_BYTES: Final = 16 << 20

Progress = Callable[[str, int], None]


class IngestReport(Judgment, frozen=True):
    """What one file brought.

    `transactions` counts ST segments (or CSV files) by kind. `records_read`,
    `records_new`, `records_replaced` and `records_known` count by record type: a
    record already on file is known, master data with a newer version is replaced.
    `complete` False: the file is quarantined, something in it may be missing, which
    is never a success even though what could be read was stored. Payments count as
    unmatched while the claim they answer is not on file; a claim that comes later
    picks them up. `lines_answered` are new line adjudications.
    """

    file: str
    file_id: str
    sha256: str
    complete: bool
    transactions: dict[str, int]
    records_read: dict[str, int]
    records_new: dict[str, int]
    records_replaced: dict[str, int]
    records_known: dict[str, int]
    payments_matched: int
    payments_unmatched: int
    lines_answered: int
    services_unmatched: int
    problems: tuple[Problem, ...]


def ingest_file(
    session: Session,
    organization_id: str,
    stream: BinaryIO,
    *,
    file: str,
    now: datetime,
    actor: str,
    documents_directory: Path | None = None,
    progress: Progress | None = None,
    opener: Opener = open_reader,
) -> IngestReport:
    """Read one file into the store; the caller commits.

    All of the file or, when this raises, nothing of it is in the transaction. Memory
    is bounded: records are stored in batches while reading. `documents_directory`
    holds the files that a documents.csv names. `opener` opens the file for reading.

    Raises:
        UnreadableFile: neither X12 nor one of the practice's CSV files.
        UnknownRecord: there is no such organization.
    """
    organization = get_organization(session, organization_id)
    lock_organization(session, organization_id)
    identity = Identity(organization.fingerprint_key)
    with _rewindable(stream) as rewindable, session.begin_nested():
        sha256, byte_count = _fingerprint(rewindable)
        file_id = identity.of_parts("fil", sha256)
        reader = opener(rewindable, file=file, documents_directory=documents_directory)
        begin_file(
            session,
            organization_id,
            file_id=file_id,
            sha256=sha256,
            name=file,
            byte_count=byte_count,
            now=now,
        )
        intake = Intake(
            session,
            organization_id,
            identity=identity,
            file_id=file_id,
            today=now.date(),
            content_of=partial(_content, documents_directory),
            problems=reader.problems,
        )
        _take(reader, intake, file=file, progress=progress)
        conclude(
            session,
            organization_id,
            reader,
            intake,
            file_id=file_id,
            actor=actor,
            now=now,
        )
    return report_of(reader, intake, file=file, file_id=file_id, sha256=sha256)


def records_to_store(record: Fact) -> int:
    """How much work storing a record is: as much as it has service lines, or one."""
    if isinstance(record, Claim):
        return max(1, len(record.lines))
    if isinstance(record, ClaimPayment):
        return max(1, len(record.service_payments))
    return 1


def _take(
    reader: RecordReader, intake: Intake, *, file: str, progress: Progress | None
) -> None:
    for count, record in enumerate(reader, start=1):
        intake.add(record)
        if progress is not None and count % BATCH == 0:
            progress(file, count)
    intake.flush()


def conclude(
    session: Session,
    organization_id: str,
    reader: RecordReader,
    intake: Intake,
    *,
    file_id: str,
    actor: str,
    now: datetime,
) -> None:
    """Note what the file held, that the records changed, and who sent it."""
    records_new = intake.new.total()
    end_file(
        session,
        organization_id,
        file_id=file_id,
        kinds=reader.transactions,
        records_read=intake.read.total(),
        records_new=records_new,
        problems=reader.problems,
        complete=reader.complete,
    )
    if records_new or intake.replaced or intake.links.lines_answered:
        records_changed(session, organization_id)
    record_event(
        session,
        organization_id,
        actor=actor,
        action=AuditAction.FILE_INGESTED,
        record_kind="source_file",
        record_id=file_id,
        record_count=records_new,
        now=now,
    )


def report_of(
    reader: RecordReader, intake: Intake, *, file: str, file_id: str, sha256: str
) -> IngestReport:
    """What the file brought, once all of it has been read and stored."""
    return IngestReport(
        file=file,
        file_id=file_id,
        sha256=sha256,
        complete=reader.complete,
        transactions=dict(reader.transactions),
        records_read=dict(intake.read),
        records_new=dict(+intake.new),
        records_replaced=dict(intake.replaced),
        records_known=dict(intake.known),
        payments_matched=intake.links.payments_matched,
        payments_unmatched=intake.links.payments_unmatched,
        lines_answered=intake.links.lines_answered,
        services_unmatched=intake.links.services_unmatched,
        problems=tuple(reader.problems),
    )


def ingest_files(
    session: Session,
    organization_id: str,
    paths: Sequence[Path],
    *,
    now: datetime,
    actor: str,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> Iterator[IngestReport]:
    """Read many files, yielding each one's report: commit before asking for the next.

    Master data and claims are read before what answers them, because that is faster;
    any order ends with the same records. A file that is no supported format yields a
    report that is not complete and holds the problem. `engine` reads the files; they
    are stored here, one after the other.
    """
    ordered = sorted(paths, key=lambda each: (_turn(each), each.name))
    openers = (engine or LocalEngine()).openers(ordered)
    for path, opener in zip(ordered, openers, strict=True):
        with path.open("rb") as stream:
            try:
                report = ingest_file(
                    session,
                    organization_id,
                    stream,
                    file=path.name,
                    now=now,
                    actor=actor,
                    documents_directory=path.parent / "documents",
                    progress=progress,
                    opener=opener,
                )
            except UnreadableFile as fault:
                report = _unreadable(path.name, str(fault))
        yield report


@contextmanager
def _rewindable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """The stream itself, or, for a pipe, what it held, spooled to disk."""
    if stream.seekable():
        yield stream
        return
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
        shutil.copyfileobj(stream, spool, READ_BYTES)
        spool.seek(0)
        yield cast(BinaryIO, spool)


def _fingerprint(stream: BinaryIO) -> tuple[str, int]:
    """SHA-256 and size of what is left in the stream, which is wound back."""
    start = stream.tell()
    found = fingerprint(stream)
    stream.seek(start)
    return found


def fingerprint(stream: BinaryIO) -> tuple[str, int]:
    """SHA-256 and size of what is left in the stream."""
    digest = hashlib.sha256()
    byte_count = 0
    while block := stream.read(READ_BYTES):
        digest.update(block)
        byte_count += len(block)
    return digest.hexdigest(), byte_count


def _content(directory: Path | None, document: Document) -> bytes | None:
    """The bytes that the reader hashed; None where it refused or found no file."""
    if directory is None or not document.content_sha256:
        return None
    folder = directory.resolve()
    path = (folder / document.file_name).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        return None
    content = path.read_bytes()
    same = hashlib.sha256(content).hexdigest() == document.content_sha256
    return content if same else None


# GS01 of the X12 kinds in the order of reading; CSV exports (no GS) come first.
_TURNS: Final = {b"HC": 1, b"HB": 2, b"HI": 2, b"FA": 3, b"HN": 3, b"HP": 4}
_GROUP = re.compile(rb"GS([^A-Za-z0-9\s])(H[CBINP]|FA)\1")


def _turn(path: Path) -> int:
    with path.open("rb") as stream:
        group = _GROUP.search(stream.read(1000))
    return _TURNS[group[2]] if group is not None else 0


def _unreadable(file: str, message: str) -> IngestReport:
    problem = Problem(
        severity="error",
        code="unreadable-file",
        file=file,
        message=message,
        expected="an X12 file or one of the practice's CSV exports",
        fix="Check that this is the file that was meant; nothing of it was stored.",
    )
    return IngestReport(
        file=file,
        file_id="",
        sha256="",
        complete=False,
        transactions={},
        records_read={},
        records_new={},
        records_replaced={},
        records_known={},
        payments_matched=0,
        payments_unmatched=0,
        lines_answered=0,
        services_unmatched=0,
        problems=(problem,),
    )
