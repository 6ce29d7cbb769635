"""The one audit writer: many requests in one commit, and nothing leaves without it."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

import api.audit_writer
from api.audit_writer import AuditNote, AuditWriter, Ticket
from api.problems import ProblemType, RequestProblem
from denialml.store.audit import AuditAction, list_events
from denialml.store.audit_verifying import verify_trail
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from tests.api.running import START, Running
from tests.audit_key import AUDIT_KEY

NOTE = AuditNote(AuditAction.DENIAL_READ, "denial", "", 1)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def organization_id(engine: Engine) -> str:
    with open_session(engine) as session:
        made = create_organization(session, "Practice", now=START).organization_id
        session.commit()
    return made


@pytest.fixture
def writer(engine: Engine) -> Iterator[AuditWriter]:
    made = AuditWriter(engine)
    yield made
    made.close()


def ticket(
    organization_id: str, note: AuditNote = NOTE, *, epoch: int | None = None
) -> Ticket:
    request_id = "0123456789abcdef"
    return Ticket(organization_id, "key_1", request_id, START, (note,), epoch)


def sequences(engine: Engine, organization_id: str) -> list[int]:
    with open_session(engine, read_only=True) as session:
        found = list_events(session, organization_id, limit=10_000)
        verdict = verify_trail(session, organization_id, key=AUDIT_KEY)
    assert verdict.fault is None
    return [each.sequence for each in found]


def test_requests_that_wait_together_share_a_commit(
    engine: Engine, writer: AuditWriter, organization_id: str
) -> None:
    commits: list[int] = []
    event.listen(engine, "commit", lambda _: commits.append(1))
    with closing(sqlite3.connect(engine.url.database or "")) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [writer.submit(ticket(organization_id)) for _ in range(200)]
        time.sleep(0.2)
        assert not any(one.done() for one in waiting)
        other.rollback()
    assert all(one.result(20) for one in waiting)
    assert len(sequences(engine, organization_id)) == 200
    assert len(commits) <= 3


def test_what_cannot_be_written_is_not_answered(
    engine: Engine,
    writer: AuditWriter,
    organization_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api.audit_writer, "WAIT_SECONDS", 0.3)
    with closing(sqlite3.connect(engine.url.database or "")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RequestProblem) as refused:
            writer.write(ticket(organization_id))
        other.rollback()
    assert refused.value.problem_type is ProblemType.STORE_UNAVAILABLE
    assert refused.value.headers == {"Retry-After": "2"}
    monkeypatch.setattr(api.audit_writer, "WAIT_SECONDS", 20)
    writer.write(ticket(organization_id))
    # The event of the answer that was given up was not written afterwards.
    assert sequences(engine, organization_id) == [1]


def test_a_full_disk_refuses_and_recovers_by_itself(
    engine: Engine, writer: AuditWriter, organization_id: str
) -> None:
    writer.write(ticket(organization_id))
    connection = writer._connected()
    full = connection.exec_driver_sql("PRAGMA page_count").scalar()
    connection.exec_driver_sql(f"PRAGMA max_page_count={full}")
    connection.rollback()
    long = AuditNote(AuditAction.DENIAL_READ, "denial", "d" * 120)
    crowd = Ticket(organization_id, "key_1", "0" * 60, START, (long,) * 400)
    with pytest.raises(RequestProblem) as refused:
        writer.write(crowd)
    assert refused.value.problem_type is ProblemType.STORE_UNAVAILABLE
    again = AuditWriter(engine)
    again.write(ticket(organization_id))
    again.close()
    assert sequences(engine, organization_id) == [1, 2]


def test_one_tickets_fault_is_no_others(
    engine: Engine, writer: AuditWriter, organization_id: str
) -> None:
    with closing(sqlite3.connect(engine.url.database or "")) as other:
        other.execute("BEGIN IMMEDIATE")
        good = writer.submit(ticket(organization_id))
        nobody = writer.submit(ticket("org_none"))
        no_id = AuditNote(AuditAction.DENIAL_READ, "denial", "a name")
        unsafe = writer.submit(ticket(organization_id, no_id))
        after = writer.submit(ticket(organization_id))
        other.rollback()
    assert good.result(20) is True
    assert after.result(20) is True
    assert nobody.exception(20) is not None
    assert "plain id" in str(unsafe.exception(20))
    assert sequences(engine, organization_id) == [1, 2]


def test_what_others_commit_ends_the_epoch(
    engine: Engine, writer: AuditWriter, organization_id: str
) -> None:
    writer.write(ticket(organization_id))
    epoch = writer.epoch
    known = ticket(organization_id, epoch=epoch)
    assert writer.submit(known).result(20) is True
    with open_session(engine) as session:
        create_organization(session, "Another", now=START)
        session.commit()
    late = ticket(organization_id, epoch=epoch)
    assert writer.submit(late).result(20) is False
    assert writer.epoch == epoch + 1
    assert sequences(engine, organization_id) == [1, 2]


def test_many_threads_make_one_chain(
    engine: Engine, writer: AuditWriter, organization_id: str
) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: writer.write(ticket(organization_id)), range(320)))
    assert sequences(engine, organization_id) == list(range(1, 321))


def test_closing_writes_what_waits(engine: Engine, organization_id: str) -> None:
    writer = AuditWriter(engine)
    waiting = [writer.submit(ticket(organization_id)) for _ in range(20)]
    writer.close()
    assert all(one.result(0) for one in waiting)


def test_a_score_is_refused_while_its_event_cannot_be_written(
    running: Running, harbor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.score_desk.WAIT_SECONDS", 0.3)
    monkeypatch.setattr(api.audit_writer, "WAIT_SECONDS", 0.3)
    database = running.settings.data_directory / "denialml.db"
    with running.client(running.key(harbor)) as client:
        listed = client.get("/v1/denials?limit=1")
        assert listed.status_code == 200
        with closing(sqlite3.connect(database)) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = client.get("/v1/denials?limit=1")
            other.rollback()
        assert refused.status_code == 503
        assert refused.json()["type"].endswith("/store-unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert client.get("/v1/denials?limit=1").status_code == 200
