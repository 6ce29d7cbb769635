"""Processes that append at once make one chain, and one that is killed breaks none."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from denialml.store.audit import list_events
from denialml.store.audit_verifying import verify_trail
from denialml.store.database import open_session
from denialml.store.organizations import create_organization
from tests.audit_key import AUDIT_KEY
from tests.store.samples import NOW

KILLS = 4
APPENDER = """
import sys
from datetime import UTC, datetime
from denialml.store.audit import AuditAction, record_event
from denialml.store.database import open_engine, open_session
from tests.audit_key import AUDIT_KEY

url, organization_id, name, count = sys.argv[1:]
engine = open_engine(url, audit_key=AUDIT_KEY)
for number in range(int(count)):
    with open_session(engine) as session:
        for part in ("a", "b"):
            record_event(
                session,
                organization_id,
                actor=name,
                action=AuditAction.DENIAL_READ,
                record_kind="denial",
                record_id=f"{number}{part}",
                now=datetime.now(UTC),
            )
        session.commit()
    print(number, flush=True)
"""


def begin(
    engine: Engine, organization_id: str, name: str, count: int, out: Path
) -> subprocess.Popen[bytes]:
    """A process that appends two events a transaction and says what it has done."""
    url = engine.url.render_as_string(hide_password=False)
    with out.open("wb") as stream:
        return subprocess.Popen(
            [sys.executable, "-c", APPENDER, url, organization_id, name, str(count)],
            stdout=stream,
            cwd=Path(__file__).resolve().parents[2],
        )


def practice(engine: Engine) -> str:
    with open_session(engine) as session:
        made = create_organization(session, "Practice", now=NOW).organization_id
        session.commit()
    return made


def told(engine: Engine, organization_id: str) -> dict[str, list[str]]:
    """By process, the records it read, after the trail was verified."""
    with open_session(engine, read_only=True) as session:
        verdict = verify_trail(session, organization_id, key=AUDIT_KEY)
        assert verdict.fault is None
        found: dict[str, list[str]] = {}
        for each in list_events(session, organization_id, limit=1_000_000):
            found.setdefault(each.actor, []).append(each.record_id)
    return found


def test_processes_that_append_at_once_make_one_chain(
    engine: Engine, tmp_path: Path
) -> None:
    organization_id = practice(engine)
    names = ("one", "two", "three")
    running = [
        begin(engine, organization_id, name, 15, tmp_path / name) for name in names
    ]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    expected = [f"{number}{part}" for number in range(15) for part in ("a", "b")]
    assert told(engine, organization_id) == dict.fromkeys(names, expected)


@pytest.mark.slow
def test_a_killed_process_leaves_a_chain_with_all_it_acknowledged(
    engine: Engine, tmp_path: Path
) -> None:
    organization_id = practice(engine)
    draw = random.Random(5)
    acknowledged: dict[str, int] = {}
    for kill in range(KILLS):
        out = tmp_path / f"{kill}"
        process = begin(engine, organization_id, f"p{kill}", 100_000, out)
        deadline = time.monotonic() + 60
        while not out.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(draw.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        acknowledged[f"p{kill}"] = len(out.read_text().splitlines())
    recorded = told(engine, organization_id)
    for name, transactions in acknowledged.items():
        events = recorded[name]
        # Both events of a transaction or neither, and all that were acknowledged.
        assert len(events) % 2 == 0
        assert transactions <= len(events) // 2 <= transactions + 1
