"""Signed-in browsers: known by a digest, ended by time, bounded, on both databases."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from denialml.store.api_keys import issue_key
from denialml.store.organizations import create_organization
from denialml.store.sign_in_table import SignInRow
from denialml.store.sign_ins import (
    SignInLimits,
    add_sign_in,
    end_sign_in,
    find_sign_in,
    note_look,
)
from tests.store.samples import NOW

PEPPER = b"p" * 32
LIMITS = SignInLimits(
    idle=timedelta(minutes=15), lifetime=timedelta(hours=12), per_organization=3
)


@pytest.fixture
def key_id(session: Session, organization_id: str) -> str:
    return issue_key(
        session, organization_id, label="desk", scopes=(), pepper=PEPPER, now=NOW
    )[0]


def sign_in(
    session: Session, organization_id: str, key_id: str, token: str, *, minute: int = 0
) -> None:
    add_sign_in(
        session,
        organization_id,
        key_id=key_id,
        token=token,
        pepper=PEPPER,
        limits=LIMITS,
        now=NOW + timedelta(minutes=minute),
    )


def is_known(
    session: Session, token: str, *, now: datetime = NOW, pepper: bytes = PEPPER
) -> bool:
    found = find_sign_in(session, token, pepper=pepper, limits=LIMITS, now=now)
    return found is not None


def test_a_token_stands_for_its_key_and_organization(
    session: Session, organization_id: str, key_id: str
) -> None:
    sign_in(session, organization_id, key_id, "first")
    found = find_sign_in(session, "first", pepper=PEPPER, limits=LIMITS, now=NOW)
    assert found is not None
    assert (found.organization_id, found.key_id) == (organization_id, key_id)
    assert (found.started_at, found.last_seen_at) == (NOW, NOW)
    for token in ("", "other", found.digest, "\udcff", "\0"):
        assert not is_known(session, token)
    assert not is_known(session, "first", pepper=b"q" * 32)


def test_only_a_digest_is_stored(
    session: Session, organization_id: str, key_id: str
) -> None:
    sign_in(session, organization_id, key_id, "token-of-the-browser")
    (row,) = session.execute(select(SignInRow.__table__)).all()
    assert len(row.token_digest) == 64
    assert "token-of-the-browser" not in str(row)


@pytest.mark.parametrize(
    ("looks", "at", "known"),
    [
        ((), 15, True),
        ((), 16, False),
        ((14,), 29, True),
        ((14,), 30, False),
        (tuple(range(10, 720, 10)), 720, True),
        (tuple(range(10, 730, 10)), 721, False),
    ],
    ids=["at the idle limit", "idle", "kept", "idle later", "at its age", "too old"],
)
def test_a_sign_in_ends_by_idling_and_by_age(
    session: Session,
    organization_id: str,
    key_id: str,
    looks: tuple[int, ...],
    at: int,
    known: bool,
) -> None:
    sign_in(session, organization_id, key_id, "first")
    for minute in looks:
        now = NOW + timedelta(minutes=minute)
        found = find_sign_in(session, "first", pepper=PEPPER, limits=LIMITS, now=now)
        assert found is not None
        note_look(session, organization_id, digest=found.digest, now=now)
    assert is_known(session, "first", now=NOW + timedelta(minutes=at)) is known


def test_signing_out_ends_one_and_no_look_brings_it_back(
    session: Session, organization_id: str, key_id: str
) -> None:
    sign_in(session, organization_id, key_id, "first")
    sign_in(session, organization_id, key_id, "second")
    found = find_sign_in(session, "first", pepper=PEPPER, limits=LIMITS, now=NOW)
    assert found is not None
    end_sign_in(session, "first", pepper=PEPPER)
    end_sign_in(session, "unknown", pepper=PEPPER)
    later = NOW + timedelta(minutes=1)
    note_look(session, organization_id, digest=found.digest, now=later)
    assert not is_known(session, "first")
    assert is_known(session, "second")


def test_a_look_never_moves_back(
    session: Session, organization_id: str, key_id: str
) -> None:
    sign_in(session, organization_id, key_id, "first", minute=5)
    found = find_sign_in(session, "first", pepper=PEPPER, limits=LIMITS, now=NOW)
    assert found is not None
    note_look(session, organization_id, digest=found.digest, now=NOW)
    assert is_known(session, "first", now=NOW + timedelta(minutes=20))


def test_the_longest_unseen_gives_way_within_its_organization_only(
    session: Session, organization_id: str, key_id: str
) -> None:
    other = create_organization(session, "Other", now=NOW).organization_id
    their_key, _ = issue_key(
        session, other, label="desk", scopes=(), pepper=PEPPER, now=NOW
    )
    sign_in(session, other, their_key, "theirs")
    for minute, token in enumerate(("first", "second", "third", "fourth")):
        sign_in(session, organization_id, key_id, token, minute=minute)
    now = NOW + timedelta(minutes=4)
    known = {
        token: is_known(session, token, now=now)
        for token in ("theirs", "first", "second", "third", "fourth")
    }
    assert [token for token, it in known.items() if not it] == ["first"]


def test_what_has_ended_is_forgotten_with_the_next_sign_in(
    session: Session, organization_id: str, key_id: str
) -> None:
    sign_in(session, organization_id, key_id, "first")
    sign_in(session, organization_id, key_id, "second", minute=16)
    assert len(session.scalars(select(SignInRow.token_digest)).all()) == 1
    assert is_known(session, "second", now=NOW + timedelta(minutes=16))
