"""Filing answers whose control number no claim has, because the payer changed it.

Payers truncate, pad or extend CLP01. Such an answer is filed under a claim's control
number when one number contains the other and payer, charge and first day of service
agree with claims of exactly one number. The decision is taken anew whenever a claim
arrives that could change it, so that the order of arrival cannot matter.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from denialml.domain.claim import Claim
from denialml.domain.remittance import ClaimPayment
from denialml.store.matching import same_payer
from denialml.store.payloads import from_payload
from denialml.store.rows import Row
from denialml.store.tables import (
    ClaimPaymentRow,
    ClaimRow,
)
from denialml.store.writing import chunks, run, table_of

# Shorter numbers are contained in too many others.
SHORTEST_NUMBER: Final = 4
_PAYMENT: Final = table_of(ClaimPaymentRow).c
_CLAIM: Final = table_of(ClaimRow).c
_KEYS_WITH_CLAIMS: Final = select(_CLAIM.control_number_key).where(
    _CLAIM.organization_id == bindparam("organization_id"),
    _CLAIM.control_number_key.in_(bindparam("keys", expanding=True)),
)


def file_loosely(
    session: Session,
    organization_id: str,
    claims: Sequence[Row],
    payments: Sequence[Row],
) -> set[str]:
    """File what new claims and payments make fit; returns the keys that changed."""
    candidates = _payments_to_decide(session, organization_id, claims, payments)
    if not candidates:
        return set()
    exact = _keys_with_claims(
        session, organization_id, {row.control_number_key for row in candidates}
    )
    touched: set[str] = set()
    changed: list[Row] = []
    for row in candidates:
        key = row.control_number_key
        if key not in exact:
            key = _fitting_key(session, organization_id, row) or key
        if key != row.chain_key:
            touched |= {key, row.chain_key}
            changed.append({"key_payment_id": row.payment_id, "new_chain_key": key})
    if changed:
        table = table_of(ClaimPaymentRow)
        session.connection().execute(
            update(table)
            .where(table.c.payment_id == bindparam("key_payment_id"))
            .values(chain_key=bindparam("new_chain_key")),
            changed,
        )
    return touched


def _payments_to_decide(
    session: Session,
    organization_id: str,
    claims: Sequence[Row],
    payments: Sequence[Row],
) -> list[Any]:
    """New payments without a claim of their number, and old ones new claims may fit."""
    found: dict[str, Any] = {}
    numbers = {row["control_number_key"] for row in payments}
    unknown = numbers - _keys_with_claims(session, organization_id, numbers)
    new_ids = [
        row["payment_id"] for row in payments if row["control_number_key"] in unknown
    ]
    for chunk in chunks(new_ids):
        for row in _rows(session, organization_id, _PAYMENT.payment_id.in_(chunk)):
            found[row.payment_id] = row
    keys = {row["control_number_key"] for row in claims}
    refiled = _PAYMENT.chain_key != _PAYMENT.control_number_key
    for chunk in chunks(keys):
        renamed = refiled & _PAYMENT.control_number_key.in_(chunk)
        for row in _rows(session, organization_id, renamed):
            found[row.payment_id] = row
    days = sorted(
        {row["service_from"] for row in claims if row["service_from"] is not None}
    )
    charges = {(row["service_from"], row["total_charge_cents"]) for row in claims}
    unsettled = or_(_PAYMENT.claim_id.is_(None), refiled)
    for start in range(0, len(days), _DAYS):
        condition = _PAYMENT.service_from.in_(days[start : start + _DAYS])
        for row in _rows(session, organization_id, condition & unsettled):
            if (row.service_from, row.charge_cents) in charges and not (
                row.chain_key == row.control_number_key and row.chain_key in keys
            ):
                found[row.payment_id] = row
    return [found[payment_id] for payment_id in sorted(found)]


_DAYS: Final = 500


def _rows(session: Session, organization_id: str, condition: Any) -> Iterable[Any]:
    return run(
        session,
        select(
            _PAYMENT.payment_id,
            _PAYMENT.control_number_key,
            _PAYMENT.chain_key,
            _PAYMENT.service_from,
            _PAYMENT.charge_cents,
        ).where(_PAYMENT.organization_id == organization_id, condition),
    )


def _keys_with_claims(
    session: Session, organization_id: str, keys: Iterable[str]
) -> set[str]:
    found: set[str] = set()
    for chunk in chunks(keys):
        asked = {"organization_id": organization_id, "keys": chunk}
        found.update(run(session, _KEYS_WITH_CLAIMS, **asked).scalars())
    return found


def _fitting_key(session: Session, organization_id: str, row: Any) -> str | None:
    if row.service_from is None or len(row.control_number_key) < SHORTEST_NUMBER:
        return None
    payload = session.scalars(
        select(ClaimPaymentRow.payload).where(
            ClaimPaymentRow.payment_id == row.payment_id
        )
    ).one()
    payment = from_payload(payload, ClaimPayment)
    fitting: set[str] = set()
    for key, payload in session.execute(
        select(ClaimRow.control_number_key, ClaimRow.payload).where(
            ClaimRow.organization_id == organization_id,
            ClaimRow.service_from == row.service_from,
            ClaimRow.total_charge_cents == abs(row.charge_cents),
        )
    ):
        if _contains(key, row.control_number_key) and same_payer(
            from_payload(payload, Claim), payment
        ):
            fitting.add(key)
    return fitting.pop() if len(fitting) == 1 else None


def _contains(first: str, second: str) -> bool:
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) < SHORTEST_NUMBER:
        return False
    return longer.startswith(shorter) or longer.endswith(shorter)
