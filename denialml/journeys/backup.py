"""One file that holds a whole installation, and back.

A tar archive: `manifest.json` first, with the size and SHA-256 of every other member,
then the database as it was at one moment, the models that serve and the rules. A backup
is never written over a file, nor restored over data; it is checked in full before the
first byte is put where it belongs.
"""

import hashlib
import io
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, Literal

import msgspec

from denialml.errors import InputError
from denialml.journeys.sealed_file import is_sealed, opened, seal

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SQLITE_MEMBER: Final = "denialml.db"
POSTGRESQL_MEMBER: Final = "denialml.pgdump"
MODELS: Final = "model"
RULES: Final = "rules"
_MANIFEST_BYTES: Final = 16 << 20
_READ_BYTES: Final = 1 << 20
_COPY_ATTEMPTS: Final = 5


class BackupRejected(InputError):
    """The file is no backup, or not what was written into it."""


class BackedUpFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member; its name is a relative path."""

    name: str
    byte_count: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a backup holds. `has_secrets`: with the keys of the installation."""

    format: int
    made_at: datetime
    denialml_version: str
    database: Literal["sqlite", "postgresql"]
    has_secrets: bool
    files: tuple[BackedUpFile, ...]


@dataclass(frozen=True)
class Installation:
    """What is backed up.

    `database` is a SQLite file, or for PostgreSQL libpq's variables (PGHOST, ...).
    `folders` and `files` are by their name in the backup; those that do not exist are
    left out. `secrets` are files too, and only go into a sealed backup.
    """

    database: Path | Mapping[str, str]
    folders: Mapping[str, Path]
    files: Mapping[str, Path]
    secrets: Mapping[str, Path]
    version: str


def make_backup(
    installation: Installation,
    target: Path,
    *,
    now: datetime,
    passphrase: bytes | None,
    with_secrets: bool,
) -> Manifest:
    """Write a backup while others go on reading and writing.

    Raises:
        InputError: the target exists, secrets were asked for without a passphrase, or
            pg_dump is not there or failed.
    """
    if with_secrets and passphrase is None:
        raise InputError("secrets are only written sealed: name a passphrase file")
    if os.path.lexists(target):
        raise InputError(f"{target} exists; a backup is never written over a file")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as name:
        room = Path(name)
        tree = room / "tree"
        tree.mkdir()
        kind = _copy_database(installation.database, tree)
        for folder, path in installation.folders.items():
            _copy_folder(path, tree / folder)
        chosen = dict(installation.files)
        if with_secrets:
            chosen |= installation.secrets
        for member, path in chosen.items():
            if path.is_file():
                shutil.copyfile(path, tree / member)
        manifest = Manifest(
            format=FORMAT,
            made_at=now,
            denialml_version=installation.version,
            database=kind,
            has_secrets=with_secrets,
            files=tuple(_described(tree)),
        )
        archive = room / "archive"
        _write_archive(archive, tree, manifest, passphrase=passphrase)
        try:
            os.link(archive, target)
        except FileExistsError:
            raise InputError(f"{target} exists") from None
    _sync_folder(target.parent)
    return manifest


def verify_backup(source: Path, *, passphrase: bytes | None) -> Manifest:
    """Read a backup to its end; its database is opened and checked.

    Raises:
        BackupRejected: a member is missing, changed or not in the manifest, or the
            database is damaged.
        WrongPassphrase: it does not open.
    """
    with tempfile.TemporaryDirectory(dir=source.parent, prefix=".verify-") as name:
        return _unpacked(source, Path(name), passphrase=passphrase)


def restore_backup(
    source: Path, directory: Path, *, passphrase: bytes | None
) -> Manifest:
    """Put a backup into a new data directory, all of it or nothing.

    Raises:
        InputError: something is at `directory` already.
        BackupRejected, WrongPassphrase: as `verify_backup`.
    """
    if os.path.lexists(directory):
        raise InputError(f"{directory} exists; name a directory that does not")
    directory.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".restore-"))
    try:
        manifest = _unpacked(source, room, passphrase=passphrase)
        os.rename(room, directory)  # fails where somebody has put files there
    except BaseException:
        shutil.rmtree(room, ignore_errors=True)
        raise
    _sync_folder(directory.parent)
    return manifest


def _copy_database(
    database: Path | Mapping[str, str], tree: Path
) -> Literal["sqlite", "postgresql"]:
    if isinstance(database, Path):
        _copy_sqlite(database, tree / SQLITE_MEMBER)
        return "sqlite"
    command = shutil.which("pg_dump")
    if command is None:
        raise InputError("pg_dump is not installed; PostgreSQL is backed up with it")
    target = tree / POSTGRESQL_MEMBER
    # The password goes into the environment, not where `ps` shows it.
    done = subprocess.run(  # noqa: S603
        [command, "--format=custom", "--no-owner", f"--file={target}"],
        env={**os.environ, **database},
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise InputError(f"pg_dump failed with status {done.returncode}")
    return "postgresql"


def _copy_sqlite(database: Path, target: Path) -> None:
    """SQLite's own online backup in one step: a snapshot, writers are not held up."""
    if not database.is_file():
        raise InputError("there is no database yet")
    with (
        closing(sqlite3.connect(_read_only(database), uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")


def _read_only(database: Path) -> str:
    return f"{database.absolute().as_uri()}?mode=ro"


def _copy_folder(source: Path, target: Path) -> None:
    """A folder as it was at one moment: copied again where it changed meanwhile."""
    for _ in range(_COPY_ATTEMPTS):
        shutil.rmtree(target, ignore_errors=True)
        before = _stamps(source)
        try:
            for path in before:
                place = target / path.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place, follow_symlinks=False)
        except FileNotFoundError:
            continue
        if _stamps(source) == before:
            return
    raise InputError("a model or a rules file keeps changing; try again")


def _stamps(folder: Path) -> dict[Path, tuple[int, int, int]]:
    found: dict[Path, tuple[int, int, int]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            stat = path.stat()
            found[path] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


def _described(tree: Path) -> Iterator[BackedUpFile]:
    for path in sorted(it for it in tree.rglob("*") if it.is_file()):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        yield BackedUpFile(
            path.relative_to(tree).as_posix(), path.stat().st_size, digest
        )


def _write_archive(
    archive: Path, tree: Path, manifest: Manifest, *, passphrase: bytes | None
) -> None:
    plain = archive if passphrase is None else archive.with_suffix(".plain")
    with _created(plain) as stream, tarfile.open(fileobj=stream, mode="w") as tar:
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        header = tarfile.TarInfo(MANIFEST)
        header.size = len(content)
        tar.addfile(header, io.BytesIO(content))
        for file in manifest.files:
            header = tarfile.TarInfo(file.name)
            header.size = file.byte_count
            with (tree / file.name).open("rb") as member:
                tar.addfile(header, member)
    if passphrase is not None:
        with plain.open("rb") as source, _created(archive) as target:
            seal(source, target, passphrase=passphrase)


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        yield stream
        stream.flush()
        os.fsync(descriptor)


def _unpacked(source: Path, room: Path, *, passphrase: bytes | None) -> Manifest:
    """Every member in `room`, each as the manifest says."""
    with source.open("rb") as stream:
        if not is_sealed(stream):
            return _members(stream, room)
        if passphrase is None:
            raise InputError("this backup is sealed: name its passphrase file")
        with tempfile.TemporaryFile(dir=room) as plain:
            for piece in opened(stream, passphrase=passphrase):
                plain.write(piece)
            plain.seek(0)
            return _members(plain, room)


def _members(stream: BinaryIO, room: Path) -> Manifest:
    try:
        with tarfile.open(fileobj=stream, mode="r:") as tar:
            manifest = _manifest(tar)
            wanted = {it.name: it for it in manifest.files}
            if len(wanted) != len(manifest.files):
                raise BackupRejected("the manifest names a file twice")
            while (header := tar.next()) is not None:
                file = wanted.pop(header.name, None)
                if file is None or not header.isreg():
                    raise BackupRejected("a member is not in the manifest")
                _extract(tar, header, file, room)
    except (tarfile.TarError, EOFError) as error:
        raise BackupRejected("this is no backup, or it was cut off") from error
    if wanted:
        raise BackupRejected(f"missing in the backup: {', '.join(sorted(wanted))}")
    if manifest.database == "sqlite":
        _check_sqlite(room / SQLITE_MEMBER)
    elif not (room / POSTGRESQL_MEMBER).is_file():
        raise BackupRejected("the backup holds no database")
    return manifest


def _manifest(tar: tarfile.TarFile) -> Manifest:
    header = tar.next()
    if header is None or header.name != MANIFEST or header.size > _MANIFEST_BYTES:
        raise BackupRejected("this is no backup: it does not begin with a manifest")
    member = tar.extractfile(header)
    try:
        found = msgspec.json.decode(member.read() if member else b"", type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupRejected("the manifest cannot be read") from error
    if found.format != FORMAT:
        raise BackupRejected(f"format {found.format} is of another version of denialml")
    return found


def _extract(
    tar: tarfile.TarFile, header: tarfile.TarInfo, file: BackedUpFile, room: Path
) -> None:
    parts = PurePosixPath(file.name).parts
    if not parts or ".." in parts or file.name.startswith("/"):
        raise BackupRejected("a member would lie outside the directory")
    member = tar.extractfile(header)
    place = room.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    with _created(place) as target:
        while member is not None and (block := member.read(_READ_BYTES)):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != file.sha256 or place.stat().st_size != file.byte_count:
        raise BackupRejected(f"{file.name} is not what was backed up")


def _check_sqlite(path: Path) -> None:
    if not path.is_file():
        raise BackupRejected("the backup holds no database")
    try:
        with closing(sqlite3.connect(_read_only(path), uri=True)) as database:
            (said,) = database.execute("PRAGMA integrity_check").fetchone()
            broken = database.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupRejected("the database in the backup cannot be opened") from error
    if said != "ok" or broken is not None:
        raise BackupRejected("the database in the backup is damaged")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
