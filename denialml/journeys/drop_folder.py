"""A watched drop folder: files that others put there are taken in, each one once.

A file waits until two looks find it unchanged. Then it is moved into `.taking`, where
no sender writes, read, committed, and moved on to `done` or `error` with a report
beside it. Each step is one rename or one link, so that whatever interrupts the work,
the next run finds the file in exactly one place and goes on from there; a file that was
committed and not yet moved is read again, which adds nothing. Nothing is overwritten,
and nothing that was sent is deleted.
"""

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from denialml.domain.problem import Problem
from denialml.domain.record import Judgment
from denialml.errors import InputError
from denialml.journeys.file_kinds import known_kinds
from denialml.journeys.ingest import IngestReport

TAKING: Final = ".taking"
DONE: Final = "done"
ERROR: Final = "error"
LOCK: Final = ".denialml.lock"
REPORT_SUFFIX: Final = ".report.json"
_DRAFT_SUFFIX: Final = ".report.part"
# Names that senders give a file while they write it.
_UNFINISHED: Final = (".tmp", ".part", ".partial", ".filepart", ".crdownload")
_PLAIN_POINTER: Final = re.compile(r"(/([A-Za-z]{1,40}|\d{1,6})){0,12}\Z")
_PLAIN_COLUMN: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_NAME_BYTES: Final = 200
_NO_LINKS: Final = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.EMLINK)


class FolderBusy(InputError):
    """Another process watches this folder."""


class FileChanged(Exception):
    """The file was written to while it was read: nothing of it may be kept."""


class NotAPlainFile(Exception):
    """A link, a folder or a device stands where a file was."""


class Place(Judgment, frozen=True):
    """One problem of a file without the words that could repeat what the file says."""

    severity: str
    code: str
    expected: str = ""
    fix: str = ""
    segment: int | None = None
    loop: str | None = None
    element: str | None = None
    row: int | None = None
    column: str | None = None
    pointer: str | None = None


class DropReport(Judgment, frozen=True):
    """What is written beside a file that was taken in or refused.

    `outcome` is ``done``, or ``error``: something was lost or the file was refused;
    what could be read of it is stored all the same. `file_id` is empty where nothing
    was. `fault` names the kind of a fault of denialml itself. A file that had been
    taken in before has no new records.
    """

    outcome: str
    file_id: str = ""
    sha256: str = ""
    complete: bool = False
    transactions: dict[str, int] = msgspec.field(default_factory=dict)
    records_read: dict[str, int] = msgspec.field(default_factory=dict)
    records_new: dict[str, int] = msgspec.field(default_factory=dict)
    records_replaced: dict[str, int] = msgspec.field(default_factory=dict)
    records_known: dict[str, int] = msgspec.field(default_factory=dict)
    payments_matched: int = 0
    payments_unmatched: int = 0
    problems: tuple[Place, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class Arrival:
    """One file of the folder as a look found it; equal while nobody changes it."""

    name: str
    inode: int
    size: int
    modified_ns: int
    arrived_ns: int


class DropFolder:
    """One folder while this process holds its lock; see `open_drop_folder`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: dict[str, Arrival] = {}
        self._unsettled: dict[str, Arrival | None] = {}

    def look(self) -> list[Arrival]:
        """What lay here unchanged at the last look too, in the order of arrival.

        Passed over: folders, links, names that begin with a dot or end like a file
        that is being written, and what is no plain file.
        """
        found = {it.name: it for it in _arrivals(self.path)}
        stable = [it for it in found.values() if self._seen.get(it.name) == it]
        self._seen = found
        for name, known in list(self._unsettled.items()):
            now = _arrival(self.path / TAKING / name)
            if now == known:
                del self._unsettled[name]
            else:
                self._unsettled[name] = now
        return sorted(stable, key=lambda it: (it.arrived_ns, it.name))

    def claim(self, arrival: Arrival) -> Path | None:
        """Move a file to where no sender writes; None: it is gone or changed."""
        source = self.path / arrival.name
        target = _free_name(self.path / TAKING, arrival.name)
        if _arrival(source) != arrival:
            return None
        try:
            os.rename(source, target)
        except FileNotFoundError:
            return None
        moved = _arrival(target)
        if moved is None:  # no file any more: it is none of ours
            os.rename(target, _free_name(self.path, arrival.name))
            return None
        _sync_folder(self.path / TAKING)
        if _content(moved) != _content(arrival):
            self.wait_until_whole(target)
        return target

    def claimed(self) -> list[Path]:
        """Files that were claimed and not yet concluded, by an earlier run or this."""
        found = (self.path / TAKING).iterdir()
        return sorted(it for it in found if it.name not in self._unsettled)

    def wait_until_whole(self, claimed: Path) -> None:
        """Somebody still writes to it: left alone until two looks find it unchanged."""
        self._unsettled[claimed.name] = None

    @contextmanager
    def opened(self, claimed: Path) -> Iterator[BinaryIO]:
        """A claimed file for reading.

        Raises `NotAPlainFile`, `OSError` where it cannot be opened, and `FileChanged`
        at the end of the block where somebody has written to it: then nothing may be
        committed.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(claimed, flags)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise NotAPlainFile from None
            raise
        with os.fdopen(descriptor, "rb") as stream:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise NotAPlainFile
            yield stream
            after = os.fstat(descriptor)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise FileChanged

    def conclude(self, claimed: Path, report: DropReport) -> Path:
        """Move a file to `done` or `error` with its report; where it lies now.

        Raises `OSError` where the disk is full: the file then is still claimed.
        """
        folder = self.path / report.outcome
        target = _free_name(folder, claimed.name)
        draft = _draft_of(target)
        _write_through(
            draft, msgspec.json.format(msgspec.json.encode(report), indent=2)
        )
        _move(claimed, target)
        _publish(draft, target)
        return target

    def recover(self) -> None:
        """Finish the moves that an interruption left half done."""
        for folder in (self.path / DONE, self.path / ERROR):
            for draft in sorted(folder.glob(f".*{_DRAFT_SUFFIX}")):
                target = folder / draft.name.removesuffix(_DRAFT_SUFFIX)[1:]
                if not os.path.lexists(target):
                    draft.unlink()  # the file has not moved; it will be read again
                    continue
                for claimed in self.claimed():
                    if os.path.samestat(claimed.lstat(), target.lstat()):
                        claimed.unlink()
                _publish(draft, target)


@contextmanager
def open_drop_folder(path: Path) -> Iterator[DropFolder]:
    """The folder, locked against other watchers, with what was interrupted finished.

    Raises:
        InputError: there is no such folder.
        FolderBusy: another process watches it.
    """
    if not path.is_dir():
        raise InputError(f"no folder at {path}")
    for name in (TAKING, DONE, ERROR):
        (path / name).mkdir(mode=0o700, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(path / LOCK, flags, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderBusy("another process watches this folder") from None
        folder = DropFolder(path)
        folder.recover()
        yield folder
    finally:
        os.close(descriptor)


def report_of(report: IngestReport) -> DropReport:
    """What is told about a file that was read; nothing of what it says."""
    lost = not report.complete or any(it.severity == "error" for it in report.problems)
    return DropReport(
        outcome=ERROR if lost else DONE,
        file_id=report.file_id,
        sha256=report.sha256,
        complete=report.complete,
        transactions=known_kinds(report.transactions),
        records_read=report.records_read,
        records_new=report.records_new,
        records_replaced=report.records_replaced,
        records_known=report.records_known,
        payments_matched=report.payments_matched,
        payments_unmatched=report.payments_unmatched,
        problems=tuple(_place(it) for it in report.problems),
    )


def refused(code: str, fix: str) -> DropReport:
    """What is told about a file of which nothing was stored."""
    place = Place(severity="error", code=code, fix=fix)
    return DropReport(outcome=ERROR, problems=(place,))


def failed(error: Exception) -> DropReport:
    """What is told where denialml itself failed: its message might repeat the file."""
    return DropReport(outcome=ERROR, fault=type(error).__name__)


def _place(problem: Problem) -> Place:
    """Where and what; names that the sender chose are left out."""
    pointer, column = problem.pointer, problem.column
    return Place(
        severity=problem.severity,
        code=problem.code,
        expected=problem.expected,
        fix=problem.fix,
        segment=problem.segment,
        loop=problem.loop,
        element=problem.element,
        row=problem.row,
        column=column if column and _PLAIN_COLUMN.match(column) else None,
        pointer=pointer if pointer and _PLAIN_POINTER.match(pointer) else None,
    )


def _arrivals(folder: Path) -> Iterator[Arrival]:
    with os.scandir(folder) as entries:
        for entry in entries:
            found = _arrival(folder / entry.name) if _is_sent(entry.name) else None
            if found is not None:
                yield found


def _arrival(path: Path) -> Arrival | None:
    """The plain file that is there; None for anything else."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    # The change time is set by the file system when the name came or the content
    # ended; senders often keep the modification time of their own copy.
    return Arrival(
        path.name,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        arrived_ns=found.st_ctime_ns,
    )


def _content(arrival: Arrival) -> tuple[int, int, int]:
    return arrival.inode, arrival.size, arrival.modified_ns


def _is_sent(name: str) -> bool:
    return not name.startswith(".") and not name.lower().endswith(_UNFINISHED)


def _free_name(folder: Path, name: str) -> Path:
    """A name that neither a file nor a report has: ``a.edi``, then ``a-2.edi``."""
    stem, dot, ending = name.rpartition(".")
    if not dot or not stem:
        stem, dot, ending = name, "", ""
    while len(os.fsencode(stem + dot + ending)) > _NAME_BYTES:
        # Room for the report's ending.
        stem, ending = (stem[:-1], ending) if len(stem) > 1 else (stem, ending[:-1])
    number = 1
    while True:
        target = folder / (
            f"{stem}{dot}{ending}" if number == 1 else f"{stem}-{number}{dot}{ending}"
        )
        taken = (target, _report_of(target), _draft_of(target))
        if not any(os.path.lexists(it) for it in taken):
            return target
        number += 1


def _report_of(target: Path) -> Path:
    return target.with_name(target.name + REPORT_SUFFIX)


def _draft_of(target: Path) -> Path:
    return target.with_name(f".{target.name}{_DRAFT_SUFFIX}")


def _publish(draft: Path, target: Path) -> None:
    """Give a report its name, unless it has it already."""
    report = _report_of(target)
    if os.path.lexists(report):
        draft.unlink()
    else:
        _move(draft, report)


def _move(source: Path, target: Path) -> None:
    """Give a file a new name that nothing has; interrupted, it has both or one."""
    try:
        # Unlike a rename, a link never takes the place of what is there.
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # No links here, or not to files of another account; only we write there.
        os.rename(source, target)
        _sync_folder(target.parent)
        return
    _sync_folder(target.parent)
    source.unlink()


def _write_through(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content + b"\n")
            stream.flush()
            os.fsync(descriptor)
    except OSError:
        path.unlink()
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
