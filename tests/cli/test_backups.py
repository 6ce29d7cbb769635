"""Backup and restore: a committed prefix under load, whole or refused, keys sealed."""

import io
import json
import os
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner, Result

from denialml.cli.app import app
from denialml.cli.backups import SECRETS
from denialml.cli.desk import Desk
from denialml.errors import InputError
from denialml.journeys.backup import BackupRejected, restore_backup, verify_backup
from denialml.journeys.sealed_file import PIECE_BYTES, WrongPassphrase, opened, seal
from denialml.settings import Settings, audit_key
from denialml.store.audit import AuditAction
from denialml.store.audit_verifying import verify_trail
from denialml.store.database import check_schema, open_engine, open_session
from denialml.store.office_tables import AuditEventRow
from denialml.store.organizations import list_organizations
from tests.store.conftest import empty_postgresql_url  # noqa: F401 (a fixture)

PASSPHRASE = "correct horse battery staple"
CANARY = "ZQXCANARY7731"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DENIALML_DATA_DIRECTORY", str(tmp_path / "data"))
    desk = Desk(Settings())
    desk.organization_or_new(CANARY)
    desk.engine.dispose()
    model = tmp_path / "data/model/org_1"
    model.mkdir(parents=True)
    (model / "manifest.json").write_text("{}")
    (tmp_path / "data/rules").mkdir()
    (tmp_path / "data/rules/org_1.toml").write_text("# rules")
    (tmp_path / "data/bundle_private_key.pem").write_text(CANARY)
    return tmp_path / "data"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.touch(0o600)
    path.write_text(PASSPHRASE + "\n")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(it) for it in arguments])


def backed_up(target: Path, *options: object) -> Path:
    done = run("backup", "--out", target, *options)
    assert done.exit_code == 0, (done.output, done.exception)
    return target


def test_a_backup_restores_what_was_there(data: Path, tmp_path: Path) -> None:
    target = backed_up(tmp_path / "a.backup")
    assert target.stat().st_mode & 0o077 == 0
    assert run("backup", "verify", target).exit_code == 0
    assert run("restore", target, "--into", tmp_path / "new").exit_code == 0
    new = tmp_path / "new"
    assert (new / "model/org_1/manifest.json").read_text() == "{}"
    assert (new / "rules/org_1.toml").read_text() == "# rules"
    assert new.stat().st_mode & 0o077 == 0
    for name in SECRETS:
        assert not (new / name).exists()
    engine = open_engine(f"sqlite:///{new}/denialml.db")
    check_schema(engine)
    with open_session(engine, read_only=True) as session:
        assert [it.name for it in list_organizations(session)] == [CANARY]
        actions = session.scalars(select(AuditEventRow.action)).all()
    engine.dispose()
    assert AuditAction.BACKUP_MADE in actions
    assert {it.name for it in tmp_path.iterdir()} == {"data", "new", "a.backup"}


def test_under_writing_the_copy_is_a_committed_prefix(
    data: Path, tmp_path: Path
) -> None:
    """Each transaction makes a practice and its event: both or neither are restored."""
    desk = Desk(Settings())
    made, stop = [0], threading.Event()

    def write() -> None:
        while not stop.is_set():
            desk.organization_or_new(f"Practice {made[0]}")
            made[0] += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(4):
            at_least = made[0]
            backed_up(tmp_path / f"{number}.backup")
            at_most = made[0] + 1
            restore_backup(
                tmp_path / f"{number}.backup",
                tmp_path / f"new{number}",
                passphrase=None,
            )
            kept = restored_practices(tmp_path / f"new{number}")
            assert at_least <= kept <= at_most
    finally:
        stop.set()
        thread.join()
        desk.engine.dispose()


def restored_practices(directory: Path) -> int:
    """How many there are: numbered without a gap, each with its event, chain whole."""
    key = audit_key(Settings())
    engine = open_engine(f"sqlite:///{directory}/denialml.db", audit_key=key)
    with open_session(engine) as session:
        practices = [it for it in list_organizations(session) if it.name != CANARY]
        assert {it.name for it in practices} == {
            f"Practice {number}" for number in range(len(practices))
        }
        for practice in practices:
            verdict = verify_trail(session, practice.organization_id, key=key)
            assert verdict.fault is None
            assert verdict.events >= 1
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        created = session.scalar(
            select(func.count())
            .select_from(AuditEventRow)
            .where(AuditEventRow.action == AuditAction.ORGANIZATION_CREATED)
        )
    engine.dispose()
    assert created == len(practices) + 1
    return len(practices)


def test_secrets_are_sealed_or_refused(
    data: Path, tmp_path: Path, key_file: Path
) -> None:
    refused = run("backup", "--out", tmp_path / "a.backup", "--with-secrets")
    assert isinstance(refused.exception, InputError)
    assert not (tmp_path / "a.backup").exists()
    plain = backed_up(tmp_path / "plain.backup")
    with tarfile.open(plain) as tar:
        assert not set(tar.getnames()) & set(SECRETS)
    sealed = backed_up(
        tmp_path / "sealed.backup", "--with-secrets", "--passphrase-file", key_file
    )
    assert CANARY.encode() not in sealed.read_bytes()
    assert run("backup", "verify", sealed).exit_code != 0
    new = tmp_path / "new"
    restore_backup(sealed, new, passphrase=PASSPHRASE.encode())
    for name in SECRETS:
        if (data / name).exists():
            assert (new / name).read_bytes() == (data / name).read_bytes()
            assert (new / name).stat().st_mode & 0o077 == 0
    assert (new / "bundle_private_key.pem").read_text() == CANARY


def test_nothing_is_written_over(data: Path, tmp_path: Path) -> None:
    target = backed_up(tmp_path / "a.backup")
    content = target.read_bytes()
    assert isinstance(run("backup", "--out", target).exception, InputError)
    assert target.read_bytes() == content
    for existing in (data, tmp_path / "empty"):
        existing.mkdir(exist_ok=True)
        with pytest.raises(InputError):
            restore_backup(target, existing, passphrase=None)
    assert list((tmp_path / "empty").iterdir()) == []


def test_any_changed_byte_is_found(data: Path, tmp_path: Path) -> None:
    target = backed_up(tmp_path / "a.backup")
    content = target.read_bytes()
    with tarfile.open(target) as tar:
        members = [(it.offset_data, it.size) for it in tar if it.size]
    spots = [
        offset + part * (size - 1) // 4 for offset, size in members for part in range(5)
    ]
    for spot in spots:
        target.write_bytes(
            content[:spot] + bytes([content[spot] ^ 1]) + content[spot + 1 :]
        )
        try:
            found = verify_backup(target, passphrase=None)
        except BackupRejected:
            continue
        # A change of the manifest's own words: then it says another time or version.
        assert spot < members[0][0] + members[0][1]
        assert found is not None
    for length in (0, 100, 511, 512, len(content) // 2):
        target.write_bytes(content[:length])
        with pytest.raises(BackupRejected):
            verify_backup(target, passphrase=None)
        with pytest.raises(BackupRejected):
            restore_backup(target, tmp_path / "new", passphrase=None)
        assert not (tmp_path / "new").exists()
    assert {it.name for it in tmp_path.iterdir()} == {"data", "a.backup"}


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil"])
def test_no_member_leaves_the_directory(tmp_path: Path, name: str) -> None:
    target = tmp_path / "evil.backup"
    manifest = {
        "format": 1,
        "made_at": "2026-11-22T00:00:00Z",
        "denialml_version": "1",
        "database": "sqlite",
        "has_secrets": False,
        "files": [{"name": name, "byte_count": 0, "sha256": "e3b0c4"}],
    }
    with tarfile.open(target, "w") as tar:
        for member, content in (("manifest.json", json.dumps(manifest)), (name, "")):
            header = tarfile.TarInfo(member)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content.encode()))
    with pytest.raises(BackupRejected, match="outside"):
        restore_backup(target, tmp_path / "new", passphrase=None)
    assert {it.name for it in tmp_path.iterdir()} == {"evil.backup"}


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_a_sealed_file_opens_whole_or_not_at_all(size: int) -> None:
    content = os.urandom(size)
    sealed = io.BytesIO()
    seal(io.BytesIO(content), sealed, passphrase=PASSPHRASE.encode())

    def pieces(changed: bytes, passphrase: str = PASSPHRASE) -> Iterator[bytes]:
        return opened(io.BytesIO(changed), passphrase=passphrase.encode())

    whole = sealed.getvalue()
    assert b"".join(pieces(whole)) == content
    with pytest.raises(WrongPassphrase):
        list(pieces(whole, "another passphrase"))
    with pytest.raises(WrongPassphrase):
        list(pieces(whole[:-1]))
    with pytest.raises(WrongPassphrase):
        list(pieces(whole[:-1] + bytes([whole[-1] ^ 1])))
    if size > PIECE_BYTES:
        # The last piece cut off: what is left ends with one that says "more follow".
        with pytest.raises(WrongPassphrase):
            list(pieces(whole[: 18 + 16 + PIECE_BYTES + 16]))


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(InputError):
        seal(io.BytesIO(b"x"), io.BytesIO(), passphrase=b"short")


@pytest.mark.postgresql
def test_postgresql_goes_out_by_pg_dump_and_back_by_pg_restore(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    empty_postgresql_url: str,  # noqa: F811
) -> None:
    monkeypatch.setenv("DENIALML_DATABASE_URL", empty_postgresql_url)
    desk = Desk(Settings())
    desk.organization_or_new(CANARY)
    desk.engine.dispose()
    target = backed_up(tmp_path / "a.backup")
    restore_backup(target, tmp_path / "new", passphrase=None)
    admin = create_engine(
        make_url(empty_postgresql_url).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
    )
    with admin.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    admin.dispose()
    url = make_url(empty_postgresql_url).set(drivername="postgresql")
    subprocess.run(
        [
            "pg_restore",
            "--no-owner",
            f"--dbname={url.render_as_string(hide_password=False)}",
            str(tmp_path / "new/denialml.pgdump"),
        ],
        check=True,
    )
    engine = open_engine(empty_postgresql_url)
    check_schema(engine)
    with open_session(engine, read_only=True) as session:
        assert [it.name for it in list_organizations(session)] == [CANARY]
    engine.dispose()
