"""A thousand ways to tamper with a trail: every one is found, and where it begins."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.orm import Session

from denialml.errors import CheckpointRefused
from denialml.store.audit import AuditAction, record_event
from denialml.store.audit_checkpoints import (
    CheckpointFile,
    encode_checkpoints,
    next_checkpoints,
    read_checkpoints,
)
from denialml.store.audit_key import AuditKey
from denialml.store.audit_verifying import FaultKind, verify_trail
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.office_tables import AuditEventRow, AuditHeadRow
from denialml.store.organizations import create_organization
from denialml.store.writing import table_of
from tests.audit_key import AUDIT_KEY
from tests.store.samples import NOW

EVENTS = table_of(AuditEventRow)
HEADS = table_of(AuditHeadRow)
LENGTH = 60
OTHER_LENGTH = 20
TAMPERINGS = 1000
SAMPLE = 60


@dataclass(frozen=True)
class Trails:
    """Two organizations' trails, and the seals of the first by number."""

    mine: str
    other: str


@dataclass(frozen=True)
class Expected:
    """What must be found: the first bad number, and of which kind it is."""

    sequence: int
    kinds: frozenset[FaultKind]


def found(sequence: int, *kinds: FaultKind) -> Expected:
    return Expected(sequence, frozenset(kinds))


@pytest.fixture
def trails(engine: Engine) -> Trails:
    with open_session(engine) as session:
        made = [
            create_organization(session, name, now=NOW).organization_id
            for name in ("Practice", "Other")
        ]
        draw = random.Random(1)
        actions = tuple(AuditAction)
        for organization_id, length in zip(made, (LENGTH, OTHER_LENGTH), strict=True):
            for number in range(length):
                record_event(
                    session,
                    organization_id,
                    actor=f"key_{draw.randrange(3)}",
                    action=draw.choice(actions),
                    record_kind="denial",
                    record_id=f"rec_{draw.randrange(10)}",
                    record_count=draw.choice((None, 1, 7)),
                    patient_id=f"pat_{draw.randrange(4)}",
                    request_id=f"{draw.getrandbits(64):016x}",
                    now=NOW + timedelta(microseconds=number * 1001),
                )
        session.commit()
    return Trails(*made)


def rows(session: Session, organization_id: str) -> list[dict[str, Any]]:
    asked = select(EVENTS).where(EVENTS.c.organization_id == organization_id)
    ordered = session.execute(asked.order_by(EVENTS.c.sequence))
    return [dict(row) for row in ordered.mappings()]


def change(session: Session, owner: str, number: int, /, **to: Any) -> None:
    session.execute(
        update(EVENTS)
        .where(EVENTS.c.organization_id == owner, EVENTS.c.sequence == number)
        .values(**to)
    )


def remove(session: Session, organization_id: str, *, first: int, last: int) -> None:
    session.execute(
        delete(EVENTS).where(
            EVENTS.c.organization_id == organization_id,
            EVENTS.c.sequence.between(first, last),
        )
    )


def renumber(session: Session, organization_id: str, *, after: int, by: int) -> None:
    """Move the numbers of later events, by way of numbers that nobody has."""
    away = 1_000_000
    mine = EVENTS.c.organization_id == organization_id
    for where, step in (
        (EVENTS.c.sequence > after, away + by),
        (EVENTS.c.sequence > away, -away),
    ):
        session.execute(
            update(EVENTS).where(mine, where).values(sequence=EVENTS.c.sequence + step)
        )


def move_head(session: Session, organization_id: str, to: int) -> None:
    """What somebody who knows of the head would do as well."""
    mac = select(EVENTS.c.mac).where(
        EVENTS.c.organization_id == organization_id, EVENTS.c.sequence == to
    )
    session.execute(
        update(HEADS)
        .where(HEADS.c.organization_id == organization_id)
        .values(sequence=to, mac=mac.scalar_subquery())
    )


def edit(session: Session, trails: Trails, draw: random.Random) -> Expected:
    at = draw.randint(1, LENGTH)
    row = rows(session, trails.mine)[at - 1]
    name = draw.choice([it for it in row if it not in {"organization_id", "sequence"}])
    new: Any
    if name == "occurred_at":
        new = row[name] + timedelta(microseconds=draw.choice((-1, 1, 10**6)))
    elif name == "record_count":
        new = None if row[name] is not None and draw.random() < 0.5 else 99
    elif name == "mac":
        new = f"{draw.getrandbits(256):064x}"
    else:
        new = draw.choice(("", row[name] + "x", row[name][:-1]))
    change(session, trails.mine, at, **{name: new})
    return found(at, FaultKind.ALTERED)


def edit_number(session: Session, trails: Trails, draw: random.Random) -> Expected:
    at = draw.randint(1, LENGTH)
    change(session, trails.mine, at, sequence=LENGTH + draw.randint(1, 9))
    return found(at, FaultKind.ALTERED)


def edit_organization(
    session: Session, trails: Trails, draw: random.Random
) -> Expected:
    at = draw.randint(OTHER_LENGTH + 1, LENGTH)
    change(session, trails.mine, at, organization_id=trails.other)
    kind = FaultKind.CUT_OFF if at == LENGTH else FaultKind.MISSING
    other = verify_trail(session, trails.other, key=AUDIT_KEY).fault
    assert other is not None
    assert other.sequence == OTHER_LENGTH + 1
    return found(at, kind)


def take_out(session: Session, trails: Trails, draw: random.Random) -> Expected:
    first = draw.randint(1, LENGTH)
    last = min(LENGTH, first + draw.choice((0, 0, 1, 5)))
    remove(session, trails.mine, first=first, last=last)
    return found(first, FaultKind.CUT_OFF if last == LENGTH else FaultKind.MISSING)


def take_out_and_renumber(
    session: Session, trails: Trails, draw: random.Random
) -> Expected:
    at = draw.randint(1, LENGTH - 1)
    remove(session, trails.mine, first=at, last=at)
    renumber(session, trails.mine, after=at, by=-1)
    if draw.random() < 0.5:
        move_head(session, trails.mine, LENGTH - 1)
    kinds = {FaultKind.MISSING} if at < LENGTH - 1 else {FaultKind.ALTERED}
    return found(at, *kinds)


def swap(session: Session, trails: Trails, draw: random.Random) -> Expected:
    first, second = sorted(draw.sample(range(1, LENGTH + 1), 2))
    for at, to in ((first, 9_000), (second, first), (9_000, second)):
        change(session, trails.mine, at, sequence=to)
    return found(first, FaultKind.SWAPPED)


def swap_what_they_say(
    session: Session, trails: Trails, draw: random.Random
) -> Expected:
    """Contents change places, seals stay."""
    first, second = sorted(draw.sample(range(1, LENGTH + 1), 2))
    stored = rows(session, trails.mine)
    for at, other in ((first, second), (second, first)):
        content = dict(stored[other - 1])
        for name in ("organization_id", "sequence", "mac"):
            del content[name]
        change(session, trails.mine, at, **content)
    return found(first, FaultKind.ALTERED)


def put_in(session: Session, trails: Trails, draw: random.Random) -> Expected:
    at = draw.randint(1, LENGTH + 1)
    stored = rows(session, trails.mine)
    # A copy of the event that belongs there, or next, would only look like a move.
    others = [row for row in stored if row["sequence"] not in {at, at + 1}]
    forged = dict(draw.choice(others))
    if draw.random() < 0.5:
        forged["mac"] = f"{draw.getrandbits(256):064x}"
    renumber(session, trails.mine, after=at - 1, by=1)
    session.execute(insert(EVENTS).values(forged | {"sequence": at}))
    if at <= LENGTH and draw.random() < 0.5:
        move_head(session, trails.mine, LENGTH + 1)
    return found(at, FaultKind.INSERTED)


def put_in_before_the_first(
    session: Session, trails: Trails, draw: random.Random
) -> Expected:
    forged = dict(rows(session, trails.mine)[0])
    forged["sequence"] = -draw.randint(0, 5)
    session.execute(insert(EVENTS).values(forged))
    return found(1, FaultKind.INSERTED)


def copy_from_another_organization(
    session: Session, trails: Trails, draw: random.Random
) -> Expected:
    copied = dict(draw.choice(rows(session, trails.other)))
    at = draw.randint(1, LENGTH + 1)
    if at <= LENGTH:
        remove(session, trails.mine, first=at, last=at)
    session.execute(
        insert(EVENTS).values(copied | {"organization_id": trails.mine, "sequence": at})
    )
    return found(at, FaultKind.ALTERED if at <= LENGTH else FaultKind.INSERTED)


def cut_off(session: Session, trails: Trails, draw: random.Random) -> Expected:
    """Without the head being moved, or with it: then only the checkpoint tells."""
    at = draw.randint(2, LENGTH)
    remove(session, trails.mine, first=at, last=LENGTH)
    if draw.random() < 0.7:
        move_head(session, trails.mine, at - 1)
    return found(at, FaultKind.CUT_OFF)


def remove_everything(
    session: Session, trails: Trails, draw: random.Random
) -> Expected:
    remove(session, trails.mine, first=1, last=LENGTH)
    if draw.random() < 0.5:
        session.execute(delete(HEADS).where(HEADS.c.organization_id == trails.mine))
    return found(1, FaultKind.CUT_OFF)


def tamper_with_the_head(
    session: Session, trails: Trails, draw: random.Random
) -> Expected:
    of_mine = HEADS.c.organization_id == trails.mine
    what = draw.randrange(4)
    if what == 0:
        session.execute(delete(HEADS).where(of_mine))
        return found(LENGTH, FaultKind.ALTERED)
    if what == 1:
        session.execute(update(HEADS).where(of_mine).values(key_id="0" * 16))
        return found(LENGTH, FaultKind.ALTERED)
    if what == 2:
        session.execute(update(HEADS).where(of_mine).values(mac="0" * 64))
        return found(LENGTH, FaultKind.ALTERED)
    to = draw.randint(1, LENGTH - 1)
    move_head(session, trails.mine, to)
    return found(LENGTH, FaultKind.ALTERED)


TAMPER: tuple[Callable[[Session, Trails, random.Random], Expected], ...] = (
    edit,
    edit,
    edit,
    edit_number,
    edit_organization,
    take_out,
    take_out,
    take_out_and_renumber,
    swap,
    swap_what_they_say,
    put_in,
    put_in,
    put_in_before_the_first,
    copy_from_another_organization,
    cut_off,
    cut_off,
    remove_everything,
    tamper_with_the_head,
)


@pytest.fixture
def quiet_session(engine: Engine) -> Iterator[Session]:
    """A session whose tamperings are taken back one by one."""
    with open_session(engine) as session:
        yield session


def test_every_tampering_is_found_where_it_begins(
    engine: Engine, trails: Trails, quiet_session: Session
) -> None:
    session = quiet_session
    (line,) = next_checkpoints(
        session, [trails.mine], CheckpointFile(), key=AUDIT_KEY, now=NOW
    )
    draw = random.Random(20261122)
    count = TAMPERINGS if engine.dialect.name == "sqlite" else SAMPLE
    for number in range(count):
        tamper = TAMPER[number % len(TAMPER)]
        savepoint = session.begin_nested()
        expected = tamper(session, trails, draw)
        verdict = verify_trail(
            session,
            trails.mine,
            key=AUDIT_KEY,
            checkpoints={line.sequence: line.mac},
        )
        savepoint.rollback()
        fault = verdict.fault
        assert fault is not None, (number, tamper.__name__, expected)
        said = (number, tamper.__name__, fault)
        assert fault.sequence == expected.sequence, said
        assert fault.kind in expected.kinds, said
    clean = verify_trail(session, trails.mine, key=AUDIT_KEY)
    assert (clean.fault, clean.events, clean.mac) == (None, LENGTH, line.mac)


def test_a_value_of_another_type_does_not_pass_for_the_same(
    engine: Engine, trails: Trails, quiet_session: Session
) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's columns keep their types")
    session = quiet_session
    connection = session.connection()
    for name, value in (("actor", "CAST(actor AS BLOB)"), ("record_count", "1.5")):
        savepoint = session.begin_nested()
        connection.exec_driver_sql(
            f"UPDATE audit_events SET {name} = {value} WHERE sequence = 7"
        )
        fault = verify_trail(session, trails.mine, key=AUDIT_KEY).fault
        savepoint.rollback()
        assert fault is not None
        assert (fault.sequence, fault.kind) == (7, FaultKind.ALTERED)


def test_without_a_checkpoint_a_cut_end_with_its_head_cannot_be_seen(
    trails: Trails, quiet_session: Session
) -> None:
    remove(quiet_session, trails.mine, first=40, last=LENGTH)
    move_head(quiet_session, trails.mine, 39)
    assert verify_trail(quiet_session, trails.mine, key=AUDIT_KEY).fault is None


def test_another_key_says_so(trails: Trails, quiet_session: Session) -> None:
    other = AuditKey.of(b"another secret of thirty-two bytes")
    fault = verify_trail(quiet_session, trails.mine, key=other).fault
    assert fault is not None
    assert fault.sequence == 1
    assert AUDIT_KEY.key_id in fault.message
    assert other.key_id in fault.message


def test_checkpoints_are_only_added_to_and_never_go_back(
    engine: Engine, trails: Trails
) -> None:
    both = (trails.mine, trails.other)
    with open_session(engine) as session:
        first = next_checkpoints(
            session, both, CheckpointFile(), key=AUDIT_KEY, now=NOW
        )
    content = encode_checkpoints(first)
    with open_session(engine) as session:
        record_event(
            session,
            trails.mine,
            actor="cli",
            action=AuditAction.RADAR_READ,
            record_kind="radar",
            record_id="",
            now=NOW,
        )
        session.commit()
        file = read_checkpoints(content, key=AUDIT_KEY)
        second = next_checkpoints(session, both, file, key=AUDIT_KEY, now=NOW)
    assert [line.sequence for line in (*first, *second)] == [
        LENGTH,
        OTHER_LENGTH,
        LENGTH + 1,
        OTHER_LENGTH,
    ]
    content += encode_checkpoints(second)
    file = read_checkpoints(content, key=AUDIT_KEY)
    assert file.latest(trails.mine) == second[0]
    with open_session(engine) as session:
        remove(session, trails.mine, first=LENGTH + 1, last=LENGTH + 1)
        move_head(session, trails.mine, LENGTH)
        with pytest.raises(CheckpointRefused, match=f"at number {LENGTH + 1}: missing"):
            next_checkpoints(session, both, file, key=AUDIT_KEY, now=NOW)


@pytest.mark.parametrize("harm", ["edit", "drop", "swap", "other key", "no json"])
def test_a_checkpoint_file_that_was_changed_is_refused(
    trails: Trails, quiet_session: Session, harm: str
) -> None:
    file, key = CheckpointFile(), AUDIT_KEY
    for _ in range(3):
        added = next_checkpoints(
            quiet_session, [trails.mine], file, key=AUDIT_KEY, now=NOW
        )
        file = CheckpointFile(file.lines + added)
    lines = encode_checkpoints(file.lines).splitlines(keepends=True)
    if harm == "edit":
        lines[1] = lines[1].replace(f":{LENGTH},".encode(), b":59,")
    elif harm == "drop":
        del lines[1]
    elif harm == "swap":
        lines[0], lines[1] = lines[1], lines[0]
        lines = [lines[0], lines[2]]
    elif harm == "no json":
        lines[2] = b"{\n"
    else:
        key = AuditKey.of(b"another secret of thirty-two bytes")
    with pytest.raises(CheckpointRefused, match=r"line \d of the checkpoint file"):
        read_checkpoints(b"".join(lines), key=key)


def test_a_trail_is_verified_while_others_append(
    engine: Engine, trails: Trails
) -> None:
    with open_session(engine, read_only=True) as reading:
        reading.execute(select(func.count()).select_from(EVENTS)).scalar()
        with open_session(engine) as writing:
            record_event(
                writing,
                trails.mine,
                actor="cli",
                action=AuditAction.RADAR_READ,
                record_kind="radar",
                record_id="",
                now=NOW,
            )
            writing.commit()
        assert verify_trail(reading, trails.mine, key=AUDIT_KEY).fault is None


def test_the_first_link_is_the_organizations_own(tmp_path: Any) -> None:
    """An organization's whole trail does not pass for another's."""
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    with open_session(engine) as session:
        one = create_organization(session, "One", now=NOW).organization_id
        two = create_organization(session, "Two", now=NOW).organization_id
        record_event(
            session,
            one,
            actor="cli",
            action=AuditAction.RADAR_READ,
            record_kind="radar",
            record_id="",
            now=NOW,
        )
        session.commit()
        for table in (EVENTS, HEADS):
            session.execute(update(table).values(organization_id=two))
        fault = verify_trail(session, two, key=AUDIT_KEY).fault
    engine.dispose()
    assert fault is not None
    assert (fault.sequence, fault.kind) == (1, FaultKind.ALTERED)
