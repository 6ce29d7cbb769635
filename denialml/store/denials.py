"""Denials with what was concluded about them: cause, route and deadline."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from denialml.domain.denial import (
    Deadline,
    Denial,
    RootCause,
    RootCauseFinding,
    Route,
    RouteFinding,
)
from denialml.domain.record import Judgment
from denialml.errors import InputError, UnknownRecord
from denialml.store.columns import cents, dollars
from denialml.store.payloads import payload_decoder, to_payload
from denialml.store.tables import (
    DenialRow,
)
from denialml.store.writing import chunks, upsert

DenialStatus = Literal["open", "closed"]
MAXIMUM_PAGE = 200


class StoredDenial(Judgment, frozen=True):
    """One denial and what is known about it. Grain: claim line x denying answer.

    `finding`, `route` and `deadline` are None until they were worked out. `status`
    is ``closed`` once a later answer resolved the line; `closed_reason` says how.
    """

    denial: Denial
    status: DenialStatus
    found_at: datetime
    finding: RootCauseFinding | None = None
    route: RouteFinding | None = None
    deadline: Deadline | None = None
    closed_reason: str = ""


class DenialSort(StrEnum):
    """The orders a list may be asked in; a leading minus is largest or newest first.

    Denials without a deadline come last in the order of deadlines.
    """

    DEADLINE = "deadline"
    AMOUNT = "-amount"
    NEWEST = "-denied_on"
    OLDEST = "denied_on"


class DenialPage(Judgment, frozen=True):
    """One page of a list. `cursor` asks for the next one, None: this was the last."""

    denials: tuple[StoredDenial, ...]
    cursor: str | None


class DenialTotals(Judgment, frozen=True):
    """Count and denied dollars of the denials that fit a filter."""

    count: int
    denied_amount: Decimal


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    sort: DenialSort
    value: date | int
    denial_id: str


_LAST_DAY = date(9999, 12, 31)


def save_denials(
    session: Session, organization_id: str, denials: tuple[StoredDenial, ...]
) -> None:
    """Add denials, or replace what was concluded about those already on file."""
    upsert(
        session,
        DenialRow,
        [_row(organization_id, stored) for stored in denials],
        key=("denial_id",),
    )


def list_denials(
    session: Session,
    organization_id: str,
    *,
    status: DenialStatus | None = None,
    payer_id: str | None = None,
    root_cause: RootCause | None = None,
    route: Route | None = None,
    sort: DenialSort = DenialSort.DEADLINE,
    cursor: str | None = None,
    limit: int = 50,
) -> DenialPage:
    """One page of denials, in one of the listed orders.

    Raises:
        InputError: the cursor was not made by this list in this order.
    """
    column, descending = _SORTS[sort]
    conditions = _conditions(
        organization_id,
        status=status,
        payer_id=payer_id,
        root_cause=root_cause,
        route=route,
    )
    if cursor is not None:
        conditions.append(_after(cursor, sort))
    limit = max(1, min(limit, MAXIMUM_PAGE))
    statement = (
        select(DenialRow.denial_id, column, DenialRow.payload)
        .where(*conditions)
        .order_by(column.desc() if descending else column, DenialRow.denial_id)
        .limit(limit + 1)
    )
    rows = session.execute(statement).all()
    decode = payload_decoder(StoredDenial).decode
    following = None
    if len(rows) > limit:
        denial_id, value, _ = rows[limit - 1]
        encoded = msgspec.json.encode(_Cursor(sort, value, denial_id))
        following = encoded.hex()
    return DenialPage(
        denials=tuple(decode(payload) for _, _, payload in rows[:limit]),
        cursor=following,
    )


def total_denials(
    session: Session,
    organization_id: str,
    *,
    status: DenialStatus | None = None,
    payer_id: str | None = None,
    root_cause: RootCause | None = None,
    route: Route | None = None,
) -> DenialTotals:
    """How many denials fit, and how much they hold."""
    count, amount = session.execute(
        select(
            func.count(), func.coalesce(func.sum(DenialRow.denied_amount_cents), 0)
        ).where(
            *_conditions(
                organization_id,
                status=status,
                payer_id=payer_id,
                root_cause=root_cause,
                route=route,
            )
        )
    ).one()
    return DenialTotals(count=count, denied_amount=dollars(int(amount)))


def get_denial(session: Session, organization_id: str, denial_id: str) -> StoredDenial:
    """One denial.

    Raises:
        UnknownRecord: this organization has no such denial.
    """
    payload = session.scalar(
        select(DenialRow.payload).where(
            DenialRow.organization_id == organization_id,
            DenialRow.denial_id == denial_id,
        )
    )
    if payload is None:
        raise UnknownRecord("no such denial in this organization")
    return payload_decoder(StoredDenial).decode(payload)


def denials_by_id(
    session: Session, organization_id: str, denial_ids: Iterable[str]
) -> dict[str, StoredDenial]:
    """Those of these denials that are on file, by id."""
    decode = payload_decoder(StoredDenial).decode
    found: dict[str, StoredDenial] = {}
    for chunk in chunks(denial_ids):
        statement = select(DenialRow.denial_id, DenialRow.payload).where(
            DenialRow.organization_id == organization_id,
            DenialRow.denial_id.in_(chunk),
        )
        found |= {one: decode(payload) for one, payload in session.execute(statement)}
    return found


def all_denials(
    session: Session, organization_id: str, *, status: DenialStatus | None = None
) -> tuple[StoredDenial, ...]:
    """Every denial of the organization, by id: for work over the whole list."""
    conditions = _conditions(
        organization_id, status=status, payer_id=None, root_cause=None, route=None
    )
    decode = payload_decoder(StoredDenial).decode
    statement = (
        select(DenialRow.payload).where(*conditions).order_by(DenialRow.denial_id)
    )
    return tuple(decode(payload) for payload in session.scalars(statement))


def denials_of_answer(
    session: Session, organization_id: str, *, claim_id: str, payment_id: str
) -> tuple[StoredDenial, ...]:
    """The denials of one claim's lines in one answer of the payer, in line order."""
    statement = (
        select(DenialRow.payload)
        .where(
            DenialRow.organization_id == organization_id,
            DenialRow.claim_id == claim_id,
            DenialRow.payment_id == payment_id,
        )
        .order_by(DenialRow.line_number, DenialRow.denial_id)
    )
    decode = payload_decoder(StoredDenial).decode
    return tuple(decode(payload) for payload in session.scalars(statement))


def _conditions(
    organization_id: str,
    *,
    status: DenialStatus | None,
    payer_id: str | None,
    root_cause: RootCause | None,
    route: Route | None,
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        DenialRow.organization_id == organization_id
    ]
    if status is not None:
        conditions.append(DenialRow.status == status)
    if payer_id is not None:
        conditions.append(DenialRow.payer_id == payer_id)
    if root_cause is not None:
        conditions.append(DenialRow.root_cause == root_cause.value)
    if route is not None:
        conditions.append(DenialRow.route == route.value)
    return conditions


_DEADLINE: ColumnElement[Any] = func.coalesce(DenialRow.deadline_on, _LAST_DAY)
_SORTS: dict[DenialSort, tuple[ColumnElement[Any], bool]] = {
    DenialSort.DEADLINE: (_DEADLINE, False),
    DenialSort.AMOUNT: (DenialRow.denied_amount_cents.expression, True),
    DenialSort.NEWEST: (DenialRow.denied_on.expression, True),
    DenialSort.OLDEST: (DenialRow.denied_on.expression, False),
}


def _after(cursor: str, sort: DenialSort) -> ColumnElement[bool]:
    try:
        place = msgspec.json.decode(bytes.fromhex(cursor), type=_Cursor)
    except (ValueError, msgspec.MsgspecError) as fault:
        raise InputError("this cursor was not made by this list") from fault
    amount_wanted = sort is DenialSort.AMOUNT
    if place.sort is not sort or isinstance(place.value, int) is not amount_wanted:
        raise InputError("this cursor belongs to a list in another order")
    column, descending = _SORTS[sort]
    beyond = column < place.value if descending else column > place.value
    return or_(
        beyond, and_(column == place.value, DenialRow.denial_id > place.denial_id)
    )


def _row(organization_id: str, stored: StoredDenial) -> dict[str, Any]:
    denial = stored.denial
    cause = stored.finding.root_cause if stored.finding is not None else None
    return {
        "denial_id": denial.denial_id,
        "organization_id": organization_id,
        "claim_id": denial.claim_id,
        "payment_id": denial.payment_id,
        "line_number": denial.line_number,
        "payer_id": denial.payer_id,
        "status": stored.status,
        "root_cause": cause.value if cause is not None else None,
        "route": stored.route.route.value if stored.route is not None else None,
        "denied_on": denial.denied_on,
        "deadline_on": stored.deadline.due_on if stored.deadline is not None else None,
        "denied_amount_cents": cents(denial.denied_amount),
        "payload": to_payload(stored),
    }
