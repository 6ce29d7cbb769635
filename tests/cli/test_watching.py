"""`denialml watch`: whole files only, each once, nothing lost whatever happens."""

import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import event, func, select

from api.examples import example_835, example_837p
from denialml.cli import watching
from denialml.cli.desk import Desk
from denialml.cli.watching import Watcher
from denialml.errors import InputError
from denialml.journeys.drop_folder import (
    DropFolder,
    FolderBusy,
    NotAPlainFile,
    open_drop_folder,
)
from denialml.settings import Settings
from denialml.store.audit import AuditAction
from denialml.store.office_tables import AuditEventRow, SourceFileRow
from denialml.store.tables import ClaimRow
from tests.cli.drop_child import ORGANIZATION, watch_once

CANARY = "ZQXCANARY7731"
MAIN = "from denialml.cli import main; main()"
GARBAGE = b"neither X12 nor an export\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    desk = Desk(Settings(data_directory=tmp_path / "data"))
    desk.organization_or_new(ORGANIZATION, is_simulated=True)
    desk.engine.dispose()
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "drop"
    made.mkdir()
    return made


@pytest.fixture
def desk(data: Path) -> Desk:
    return Desk(Settings(data_directory=data))


def run_once(desk: Desk, folder: Path) -> int:
    """The exit status of one `watch --once`."""
    practice = desk.organization(ORGANIZATION)
    with open_drop_folder(folder) as drop:
        try:
            Watcher(desk, practice, drop).run(interval=0.05, once=True)
        except typer.Exit as ended:
            return int(ended.exit_code)
    return 0


def names(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".denialml.lock"
    }


def count(desk: Desk, table: type) -> int:
    with desk.session(read_only=True) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def report(folder: Path, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / f"{name}.report.json").read_bytes())
    return found


def test_a_whole_file_is_taken_in_and_moved_with_its_report(
    desk: Desk, folder: Path
) -> None:
    (folder / "claims.edi").write_text(example_837p())
    assert run_once(desk, folder) == 0
    assert names(folder) == {"done/claims.edi", "done/claims.edi.report.json"}
    told = report(folder, "done/claims.edi")
    assert told["outcome"] == "done"
    assert told["transactions"] == {"837P": 1}
    assert told["records_new"] == {"Claim": 1}
    assert count(desk, ClaimRow) == 1
    with desk.session(read_only=True) as session:
        actions = session.scalars(select(AuditEventRow.action)).all()
    assert list(actions).count(AuditAction.FILE_INGESTED) == 1


def test_the_same_file_again_adds_nothing_and_overwrites_nothing(
    desk: Desk, folder: Path
) -> None:
    for _ in range(3):
        (folder / "claims.edi").write_text(example_837p())
        assert run_once(desk, folder) == 0
    files = {"claims.edi", "claims-2.edi", "claims-3.edi"}
    assert names(folder) == {f"done/{it}" for it in files} | {
        f"done/{it}.report.json" for it in files
    }
    assert count(desk, ClaimRow) == 1
    assert report(folder, "done/claims-3.edi")["records_new"] == {}


def test_what_is_no_file_of_a_sender_is_left_alone(
    desk: Desk, folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.edi"
    secret.write_text(example_837p())
    (folder / "link.edi").symlink_to(secret)
    (folder / "sub").mkdir()
    (folder / "sub/claims.edi").write_text(example_837p())
    os.mkfifo(folder / "pipe.edi")
    for name in (".hidden.edi", "claims.edi.tmp", "claims.part", "CLAIMS.TMP"):
        (folder / name).write_text(example_837p())
    before = names(folder)
    assert run_once(desk, folder) == 0
    assert names(folder) == before
    assert secret.read_text() == example_837p()
    assert count(desk, SourceFileRow) == 0


def test_a_refused_and_a_broken_file_go_to_error(desk: Desk, folder: Path) -> None:
    (folder / "letter.txt").write_bytes(GARBAGE)
    (folder / "broken.edi").write_text(example_837p()[:-60])
    assert run_once(desk, folder) == watching.INCOMPLETE
    assert names(folder) == {
        "error/letter.txt",
        "error/letter.txt.report.json",
        "error/broken.edi",
        "error/broken.edi.report.json",
    }
    (problem,) = report(folder, "error/letter.txt")["problems"]  # type: ignore[misc]
    assert problem["code"] == "unreadable-file"
    assert not report(folder, "error/broken.edi")["complete"]


def test_a_file_that_still_grows_waits(folder: Path) -> None:
    with open_drop_folder(folder) as drop:
        for size in (10, 20, 30):
            (folder / "growing.edi").write_bytes(b"x" * size)
            assert drop.look() == []
        assert [it.name for it in drop.look()] == ["growing.edi"]
        (folder / "growing.edi").unlink()
        assert drop.look() == []


def test_files_come_in_the_order_of_arrival(folder: Path) -> None:
    with open_drop_folder(folder) as drop:
        for name in ("c.edi", "a.edi", "b.edi"):
            (folder / name).write_bytes(b"x")
            # A copy that keeps an older day of its own arrives when it arrives.
            os.utime(folder / name, (1_600_000_000, 1_600_000_000))
            time.sleep(0.02)
        drop.look()
        assert [it.name for it in drop.look()] == ["c.edi", "a.edi", "b.edi"]


def test_a_file_replaced_between_look_and_claim_waits_again(folder: Path) -> None:
    with open_drop_folder(folder) as drop:
        (folder / "a.edi").write_bytes(b"first")
        drop.look()
        (arrival,) = drop.look()
        (folder / "a.edi").write_bytes(b"another one")
        assert drop.claim(arrival) is None
        (folder / "a.edi").unlink()
        assert drop.claim(arrival) is None
        (folder / "a.edi").mkdir()
        assert drop.claim(arrival) is None
        assert drop.claimed() == []


def test_a_file_written_to_while_it_is_read_is_not_kept(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "claims.edi"
    path.write_text(example_837p()[:-60])
    real = watching.ingest_file
    reads = 0

    def ingest_while_written(session, organization_id, stream, **named):
        nonlocal reads
        reads += 1
        found = real(session, organization_id, stream, **named)
        if reads == 1:
            (claimed,) = (folder / ".taking").iterdir()
            with claimed.open("a") as late:
                late.write(example_837p()[-60:])
        return found

    monkeypatch.setattr(watching, "ingest_file", ingest_while_written)
    assert run_once(desk, folder) == 0
    assert count(desk, SourceFileRow) == 0
    assert run_once(desk, folder) == 0
    assert count(desk, SourceFileRow) == count(desk, ClaimRow) == 1
    assert report(folder, "done/claims.edi")["complete"]


def test_a_link_put_in_the_place_of_a_claimed_file_is_not_followed(
    folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with open_drop_folder(folder) as drop:
        planted = folder / ".taking" / "a.edi"
        planted.symlink_to(secret)
        with pytest.raises(NotAPlainFile), drop.opened(planted):
            pass
        os.mkfifo(folder / ".taking" / "pipe")
        with pytest.raises(NotAPlainFile), drop.opened(folder / ".taking" / "pipe"):
            pass


def test_a_second_watcher_is_refused_and_does_no_harm(folder: Path) -> None:
    with (
        open_drop_folder(folder),
        pytest.raises(FolderBusy),
        open_drop_folder(folder),
    ):
        pass
    with open_drop_folder(folder):
        pass


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError), open_drop_folder(tmp_path / "none"):
        pass


def test_a_full_disk_keeps_the_file_and_the_order(
    data: Path, desk: Desk, folder: Path
) -> None:
    claims = (example_837p().replace("EXAMPLE-0001", f"E-{it}") for it in range(200))
    (folder / "claims.edi").write_text("".join(claims))
    time.sleep(0.02)
    (folder / "remittance.edi").write_text(example_835())
    tight = Desk(Settings(data_directory=data))
    tight.engine.dispose()

    @event.listens_for(tight.engine, "connect")
    def bound(connection: Any, _record: object) -> None:
        # SQLite then says "database or disk is full", as where the disk is.
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    assert run_once(tight, folder) == watching.UNAVAILABLE
    assert names(folder) == {".taking/claims.edi", "remittance.edi"}
    assert count(desk, SourceFileRow) == 0
    assert run_once(desk, folder) == 0
    assert count(desk, SourceFileRow) == 2
    assert count(desk, ClaimRow) == 200


def test_a_report_that_cannot_be_written_leaves_the_file_claimed(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "claims.edi").write_text(example_837p())
    real = os.fsync

    def full(descriptor: int) -> None:
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith(".part"):
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    assert run_once(desk, folder) == watching.UNAVAILABLE
    assert names(folder) == {".taking/claims.edi"}
    monkeypatch.undo()
    assert run_once(desk, folder) == 0
    assert names(folder) == {"done/claims.edi", "done/claims.edi.report.json"}
    assert count(desk, ClaimRow) == 1


def test_a_file_system_without_links_is_moved_by_name(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*parts: object, **named: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (folder / "claims.edi").write_text(example_837p())
    assert run_once(desk, folder) == 0
    assert names(folder) == {"done/claims.edi", "done/claims.edi.report.json"}


@pytest.mark.parametrize(
    "name",
    ["ü‮x.edi", "a" * 255, "x." + "y" * 250, b"\xff\xfe.edi", "-rf", "a\nb.edi"],
)
def test_odd_names_are_kept_within_the_folder(
    desk: Desk, folder: Path, name: str | bytes
) -> None:
    path = os.path.join(os.fsencode(folder), os.fsencode(name))
    with open(path, "wb") as stream:
        stream.write(example_837p().encode())
    assert run_once(desk, folder) == 0
    inside = [it for it in (folder / "done").iterdir() if it.suffix != ".json"]
    assert len(inside) == 1
    assert inside[0].read_text() == example_837p()
    assert len(names(folder)) == 2
    assert count(desk, ClaimRow) == 1


def test_a_report_repeats_nothing_of_the_file(desk: Desk, folder: Path) -> None:
    """Every element of a claim file and a remittance in turn is a name."""
    random.seed(5)
    for text_of, kind in ((example_837p(), "claim"), (example_835(), "remittance")):
        places = [it.span() for it in re.finditer(r"(?<=[*:])[A-Z0-9.]+", text_of)]
        for at, (begin, end) in enumerate(random.sample(places, 25)):
            changed = text_of[:begin] + CANARY + text_of[end:]
            (folder / f"{kind}{at}.edi").write_text(changed)
    (folder / "payers.csv").write_text(f"payer_id,{CANARY}\nP1,{CANARY}\n")
    (folder / "coverage.json").write_text(
        json.dumps({"resourceType": "Claim", CANARY: [{CANARY: CANARY}]})
    )
    run_once(desk, folder)
    reports = list(folder.rglob("*.report.json"))
    assert len(reports) == 52
    assert any(b'"error"' in it.read_bytes() for it in reports)
    for path in reports:
        assert CANARY not in path.read_text(), path.read_text()


def test_a_fault_of_ours_holds_no_other_file_up(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = watching.ingest_file

    def fail(session, organization_id, stream, **named):
        if named["file"] == "bad.edi":
            raise ValueError(CANARY)
        return real(session, organization_id, stream, **named)

    monkeypatch.setattr(watching, "ingest_file", fail)
    (folder / "bad.edi").write_text(example_837p())
    (folder / "good.edi").write_text(example_837p())
    assert run_once(desk, folder) == watching.INCOMPLETE
    assert {"error/bad.edi", "done/good.edi"} <= names(folder)
    assert report(folder, "error/bad.edi")["fault"] == "ValueError"
    assert CANARY not in (folder / "error/bad.edi.report.json").read_text()


@pytest.mark.slow
def test_killed_before_any_step_nothing_is_lost_or_doubled(
    data: Path, tmp_path: Path
) -> None:
    """Kill -9 before every rename, link, sync and commit in turn."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.cli.drop_child"])
    sent = {"claims.edi": example_837p().encode(), "letter.txt": GARBAGE}
    before, killed = data, 0
    for step in range(1, 200):
        folder, store = tmp_path / f"drop{step}", tmp_path / f"data{step}"
        folder.mkdir()
        subprocess.run(["cp", "-a", before, store], check=True)
        for name, content in sent.items():
            (folder / name).write_bytes(content)
        child = context.Process(target=watch_once, args=(store, folder, step))
        child.start()
        child.join(60)
        if child.exitcode != -9:
            break
        killed += 1
        contents = {it.read_bytes() for it in folder.rglob("*") if it.is_file()}
        assert contents >= set(sent.values()), step
        desk = Desk(Settings(data_directory=store))
        run_once(desk, folder)
        assert names(folder) == {
            "done/claims.edi",
            "done/claims.edi.report.json",
            "error/letter.txt",
            "error/letter.txt.report.json",
        }, step
        assert count(desk, ClaimRow) == count(desk, SourceFileRow) == 1, step
        desk.engine.dispose()
    else:
        pytest.fail("never came to its end")
    assert killed > 20


@pytest.mark.slow
def test_random_kills_of_the_command_while_files_arrive(
    data: Path, folder: Path
) -> None:
    """Files keep arriving under a command that is killed and started again."""
    random.seed(11)
    command = [sys.executable, "-c", MAIN, "watch", str(folder)]
    command += ["--organization", ORGANIZATION, "--interval", "0.05"]
    environment = {**os.environ, "DENIALML_DATA_DIRECTORY": str(data)}

    def started() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    sent = 0
    for _ in range(6):
        running = started()
        until = time.monotonic() + random.uniform(2.0, 5.0)
        while time.monotonic() < until:
            content = example_837p().replace("EXAMPLE-0001", f"EXAMPLE-{sent:04}")
            draft = folder / f"file{sent}.tmp"
            draft.write_text(content)
            draft.rename(folder / f"file{sent}.edi")
            sent += 1
            time.sleep(0.05)
        running.kill()
        running.wait()
    desk = Desk(Settings(data_directory=data))
    assert run_once(desk, folder) == 0
    done = {it.name for it in (folder / "done").glob("*.edi")}
    assert done == {f"file{it}.edi" for it in range(sent)}
    assert len(list((folder / "done").glob("*.report.json"))) == sent
    assert count(desk, ClaimRow) == count(desk, SourceFileRow) == sent


def test_two_commands_on_one_folder(data: Path, folder: Path) -> None:
    command = [sys.executable, "-c", MAIN, "watch", str(folder)]
    command += ["--organization", ORGANIZATION, "--interval", "0.2"]
    environment = {**os.environ, "DENIALML_DATA_DIRECTORY": str(data)}
    with open_drop_folder(folder):
        both: list[Callable[[], subprocess.CompletedProcess[str]]] = [
            lambda extra=extra: subprocess.run(  # type: ignore[misc]
                [*command, *extra],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            for extra in ((), ("--once",))
        ]
        refused, passed = (run() for run in both)
    assert refused.returncode == 1
    assert "watches this folder" in refused.stderr
    assert passed.returncode == 0


def test_recovering_an_empty_folder_does_nothing(folder: Path) -> None:
    with open_drop_folder(folder) as drop:
        assert isinstance(drop, DropFolder)
        drop.recover()
    assert names(folder) == set()
