"""Events are numbered and sealed; what is rolled back leaves no gap; old rows too."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from denialml.errors import AuditKeyMismatch, AuditKeyMissing
from denialml.store.audit import (
    AuditAction,
    acting_for_request,
    latest_sequence,
    list_events,
    record_event,
)
from denialml.store.audit_key import AUDIT_KEY as OPTION
from denialml.store.audit_key import AuditKey, first_link
from denialml.store.database import (
    lock_organization,
    migrate,
    open_engine,
    open_session,
)
from denialml.store.office_tables import AuditHeadRow
from denialml.store.organizations import create_organization
from tests.audit_key import AUDIT_KEY
from tests.store.old_database import insert_row, upgrade_to
from tests.store.samples import NOW


def note(session: Session, organization_id: str, record_id: str = "den_1") -> None:
    record_event(
        session,
        organization_id,
        actor="key_1",
        action=AuditAction.DENIAL_READ,
        record_kind="denial",
        record_id=record_id,
        now=NOW,
    )


def practice(engine: Engine) -> str:
    with open_session(engine) as session:
        made = create_organization(session, "Practice", now=NOW).organization_id
        session.commit()
    return made


def ids(session: Session, organization_id: str) -> list[tuple[int, str]]:
    return [
        (event.sequence, event.record_id)
        for event in list_events(session, organization_id, limit=10_000)
    ]


def test_events_count_from_one_in_each_organization(engine: Engine) -> None:
    first, second = practice(engine), practice(engine)
    with open_session(engine) as session:
        for organization_id in (first, second, first):
            note(session, organization_id)
        session.commit()
    with open_session(engine) as session:
        assert ids(session, first) == [(1, "den_1"), (2, "den_1")]
        assert ids(session, second) == [(1, "den_1")]
        heads = {
            row.organization_id: (row.sequence, row.mac, row.key_id)
            for row in session.execute(select(AuditHeadRow.__table__))
        }
        for organization_id, last in ((first, 2), (second, 1)):
            events = list_events(session, organization_id)
            assert heads[organization_id] == (last, events[-1].mac, AUDIT_KEY.key_id)
            assert (
                len({event.mac for event in events} | {first_link(first)}) == last + 1
            )


def test_what_is_rolled_back_leaves_neither_event_nor_gap(engine: Engine) -> None:
    organization_id = practice(engine)
    with open_session(engine) as session:
        note(session, organization_id, "lost")
        session.rollback()
        note(session, organization_id, "one")
        savepoint = session.begin_nested()
        note(session, organization_id, "lost")
        with session.begin_nested():
            note(session, organization_id, "lost")
        savepoint.rollback()
        with session.begin_nested():
            note(session, organization_id, "two")
        session.commit()
        note(session, organization_id, "lost")
    with open_session(engine) as session:
        assert ids(session, organization_id) == [(1, "one"), (2, "two")]


def test_a_transaction_sees_what_it_recorded(engine: Engine) -> None:
    organization_id = practice(engine)
    with open_session(engine) as session:
        acting_for_request(session, "0b5d1f6e3c9a4d7f")
        assert (
            latest_sequence(session, organization_id, AuditAction.DENIAL_READ) is None
        )
        note(session, organization_id)
        assert latest_sequence(session, organization_id, AuditAction.DENIAL_READ) == 1
        note(session, organization_id)
        assert [it.request_id for it in list_events(session, organization_id)] == [
            "0b5d1f6e3c9a4d7f"
        ] * 2
        session.rollback()
    with open_session(engine) as session:
        assert ids(session, organization_id) == []


def test_appenders_take_turns(engine: Engine) -> None:
    organization_id = practice(engine)

    def append(number: int) -> None:
        for _ in range(10):
            with open_session(engine) as session:
                note(session, organization_id, f"den_{number}")
                session.commit()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(8)))
    with open_session(engine) as session:
        found = ids(session, organization_id)
    assert [sequence for sequence, _ in found] == list(range(1, 81))


@pytest.mark.postgresql
def test_a_long_ingest_holds_up_nobody_elses_events(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    organization_id = practice(engine)
    with open_session(engine) as slow:
        lock_organization(slow, organization_id)
        note(slow, organization_id, "slow")

        def quick() -> None:
            with open_session(engine) as session:
                note(session, organization_id, "quick")
                session.commit()

        other = threading.Thread(target=quick)
        other.start()
        other.join(20)
        assert not other.is_alive()
        slow.commit()
    with open_session(engine) as session:
        assert ids(session, organization_id) == [(1, "quick"), (2, "slow")]


def test_without_the_key_nothing_is_audited(engine: Engine) -> None:
    organization_id = practice(engine)
    keyless = engine.execution_options(**{OPTION: None})
    with open_session(keyless) as session:
        note(session, organization_id)
        with pytest.raises(AuditKeyMissing, match=r"open_engine\(url, audit_key"):
            session.commit()
    with open_session(engine) as session:
        assert ids(session, organization_id) == []


def test_another_key_does_not_continue_a_trail(engine: Engine) -> None:
    organization_id = practice(engine)
    other = AuditKey.of(b"another secret of thirty-two bytes")
    with open_session(engine) as session:
        note(session, organization_id)
        session.commit()
    with open_session(engine.execution_options(**{OPTION: other})) as session:
        note(session, organization_id)
        with pytest.raises(AuditKeyMismatch, match=AUDIT_KEY.key_id):
            session.commit()
    with open_session(engine) as session:
        assert len(ids(session, organization_id)) == 1


def test_the_key_is_not_in_any_representation() -> None:
    assert AUDIT_KEY.chain.hex() not in repr(AUDIT_KEY)
    assert repr(AUDIT_KEY.chain) not in repr(AUDIT_KEY)
    assert repr(AUDIT_KEY.checkpoint) not in repr(AUDIT_KEY)


def _older(url: str) -> None:
    """Events of the first releases are sealed in their order, and counted."""
    engine = open_engine(url, audit_key=AUDIT_KEY)
    upgrade_to(engine, "v0005")
    organization = {
        "organization_id": "org_1",
        "name": "Practice",
        "is_simulated": True,
        "records_version": 0,
        "created_at": NOW,
        "fingerprint_key": b"k",
    }
    with engine.begin() as connection:
        insert_row(connection, "organizations", organization)
        for number in range(1, 2502):
            event: dict[str, object] = {
                "organization_id": "org_1",
                "occurred_at": "2026-01-01 00:00:00.000000",
                "actor": "cli",
                "action": "denial.read",
                "record_kind": "denial",
                "record_id": f"den_{number}",
            }
            insert_row(connection, "audit_events", event)
    keyless = engine.execution_options(**{OPTION: None})
    with pytest.raises(AuditKeyMissing):
        migrate(keyless)
    migrate(engine)
    migrate(engine)
    with open_session(engine) as session:
        found = list_events(session, "org_1", limit=10_000)
        assert [event.sequence for event in found] == list(range(1, 2503))
        assert [event.record_id for event in found[:3]] == ["den_1", "den_2", "den_3"]
        assert (found[-1].action, found[-1].record_count) == ("audit.sealed", 2501)
        note(session, "org_1")
        assert latest_sequence(session, "org_1", AuditAction.DENIAL_READ) == 2503
        names = {
            "sqlite": "SELECT name FROM sqlite_master",
            "postgresql": "SELECT relname FROM pg_class",
        }[engine.dialect.name]
        left = session.execute(text(names)).scalars()
        assert not [name for name in left if "unsealed" in name]
    engine.dispose()


def test_older_events_are_sealed_on_sqlite(tmp_path: Path) -> None:
    _older(f"sqlite:///{tmp_path}/old.db")


@pytest.mark.postgresql
def test_older_events_are_sealed_on_postgresql(empty_postgresql_url: str) -> None:
    _older(empty_postgresql_url)
