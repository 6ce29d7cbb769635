"""Kept answers: sealed, scoped, told apart, and gone when their time is over."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from denialml.store.caller_tables import KeptAnswerRow
from denialml.store.database import open_session
from denialml.store.idempotency import (
    SWEPT_AT_ONCE,
    KeptAnswer,
    KeyedRequest,
    Standing,
    keep_answer,
    kept_answer,
    sweep_answers,
)
from denialml.store.organizations import create_organization
from tests.store.samples import NOW

ANSWER = KeptAnswer(
    status=201, headers=(("location", "/v1/x"),), body=b"CANARY", request_id="r1"
)
YESTERDAY = NOW - timedelta(hours=24)


@dataclass
class Sent:
    organization_id: str
    secret: bytes = b"s" * 32
    actor: str = "key_1"
    operation: str = "POST /v1/files"
    key: str = "order-7"
    sent: tuple[bytes, ...] = (b"body",)

    def __call__(self, **changed: Any) -> KeyedRequest:
        asked = {**vars(self), **changed}
        return KeyedRequest(asked.pop("secret"), asked.pop("organization_id"), **asked)


@pytest.fixture
def sent(organization_id: str) -> Sent:
    return Sent(organization_id)


def test_an_answer_is_found_by_the_same_request(session: Session, sent: Sent) -> None:
    assert kept_answer(session, sent(), since=YESTERDAY) is Standing.NEW
    keep_answer(session, sent(), ANSWER, now=NOW)
    assert kept_answer(session, sent(), since=YESTERDAY) == ANSWER


def test_the_same_key_with_another_request_is_told(
    session: Session, sent: Sent
) -> None:
    keep_answer(session, sent(), ANSWER, now=NOW)
    for other in ((b"bod", b"y"), (b"body", b""), (b"BODY",), ()):
        found = kept_answer(session, sent(sent=other), since=YESTERDAY)
        assert found is Standing.USED_OTHERWISE


@pytest.mark.parametrize(
    "changed",
    [
        {"actor": "key_2"},
        {"operation": "POST /v1/remittances"},
        {"key": "order-8"},
        {"secret": b"t" * 32},
        {"actor": "key_1POST /v1/files", "operation": ""},
    ],
    ids=lambda it: "-".join(it),
)
def test_another_scope_is_another_request(
    session: Session, sent: Sent, changed: dict[str, Any]
) -> None:
    keep_answer(session, sent(), ANSWER, now=NOW)
    assert kept_answer(session, sent(**changed), since=YESTERDAY) is Standing.NEW


def test_another_organization_finds_nothing(session: Session, sent: Sent) -> None:
    keep_answer(session, sent(), ANSWER, now=NOW)
    other = create_organization(session, "Other", now=NOW).organization_id
    asked = sent(organization_id=other)
    assert kept_answer(session, asked, since=YESTERDAY) is Standing.NEW
    # Even under the same id, which nobody can arrive at.
    asked.answer_id = sent().answer_id
    assert kept_answer(session, asked, since=YESTERDAY) is Standing.NEW


def test_the_row_shows_neither_key_nor_answer(session: Session, sent: Sent) -> None:
    keep_answer(session, sent(), ANSWER, now=NOW)
    row = session.scalars(select(KeptAnswerRow)).one()
    shown = repr({k: v for k, v in vars(row).items() if k != "_sa_instance_state"})
    assert "CANARY" not in shown
    assert "order-7" not in shown
    with pytest.raises(InvalidTag):
        sent(key="order-8").open(row.content)


def test_an_expired_answer_is_a_new_request_whose_answer_takes_its_place(
    session: Session, sent: Sent
) -> None:
    keep_answer(session, sent(), ANSWER, now=NOW - timedelta(hours=25))
    assert kept_answer(session, sent(), since=YESTERDAY) is Standing.NEW
    keep_answer(session, sent(), ANSWER, now=NOW)
    assert kept_answer(session, sent(), since=YESTERDAY) == ANSWER


def test_the_sweep_removes_what_is_old_a_bounded_number_at_a_time(
    session: Session, sent: Sent
) -> None:
    old = NOW - timedelta(hours=25)
    for number in range(SWEPT_AT_ONCE + 3):
        keep_answer(session, sent(key=f"old-{number}"), ANSWER, now=old)
    keep_answer(session, sent(), ANSWER, now=NOW)
    assert sweep_answers(session, before=YESTERDAY) == SWEPT_AT_ONCE
    assert sweep_answers(session, before=YESTERDAY) == 3
    assert sweep_answers(session, before=YESTERDAY) == 0
    assert len(session.scalars(select(KeptAnswerRow)).all()) == 1


@pytest.mark.postgresql
def test_nobody_else_is_told_to_answer_it_meanwhile(engine: Engine) -> None:
    """SQLite's one writer has everybody else wait; PostgreSQL must say so."""
    if engine.dialect.name == "sqlite":
        pytest.skip("a second transaction waits for the first")
    with open_session(engine) as first, open_session(engine) as second:
        organization = create_organization(first, "Practice", now=NOW)
        first.commit()
        sent = Sent(organization.organization_id)
        assert kept_answer(first, sent(), since=YESTERDAY) is Standing.NEW
        assert kept_answer(second, sent(), since=YESTERDAY) is Standing.IN_FLIGHT
        keep_answer(first, sent(), ANSWER, now=NOW)
        first.commit()
        assert kept_answer(second, sent(), since=YESTERDAY) == ANSWER
