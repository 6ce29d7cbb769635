"""Filing answers whose control number no claim has, because the payer changed it.

Payers truncate, pad or extend CLP01. Such an answer is filed under a claim's control
number when one number contains the other and payer, charge and first day of service
agree with claims of exactly one number. The decision is taken anew whenever a claim
arrives that could change it, so that the order of arrival cannot matter.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Executable, bindparam, or_, select, update
from sqlalchemy.orm import Session

from denialml.domain.claim import Claim
from denialml.domain.remittance import ClaimPayment
from denialml.store.matching import same_payer
from denialml.store.membership import one_of
from denialml.store.payloads import payload_decoder
from denialml.store.rows import ArrivedPayment, Row
from denialml.store.tables import ClaimPaymentRow, ClaimRow
from denialml.store.writing import run, table_of

# Shorter numbers are contained in too many others.
SHORTEST_NUMBER: Final = 4
_PAYMENT: Final = table_of(ClaimPaymentRow).c
_CLAIM: Final = table_of(ClaimRow).c
_REFILED: Final = _PAYMENT.chain_key != _PAYMENT.control_number_key


def _payments_where(*conditions: Any) -> Executable:
    return select(
        _PAYMENT.payment_id,
        _PAYMENT.control_number_key,
        _PAYMENT.chain_key,
        _PAYMENT.service_from,
        _PAYMENT.charge_cents,
    ).where(_PAYMENT.organization_id == bindparam("organization_id"), *conditions)


_KEYS_WITH_CLAIMS: Final = select(_CLAIM.control_number_key).where(
    _CLAIM.organization_id == bindparam("organization_id"),
    one_of(_CLAIM.control_number_key, "keys"),
)
_REFILED_OF: Final = _payments_where(
    _REFILED, one_of(_PAYMENT.control_number_key, "keys")
)
_UNSETTLED_ON: Final = _payments_where(
    one_of(_PAYMENT.service_from, "days"),
    one_of(_PAYMENT.charge_cents, "charges"),
    or_(_PAYMENT.claim_id.is_(None), _REFILED),
)
_NUMBERS_ON: Final = select(
    _CLAIM.claim_id,
    _CLAIM.control_number_key,
    _CLAIM.service_from,
    _CLAIM.total_charge_cents,
).where(
    _CLAIM.organization_id == bindparam("organization_id"),
    one_of(_CLAIM.service_from, "days"),
    one_of(_CLAIM.total_charge_cents, "charges"),
)
_CLAIM_PAYLOADS: Final = select(_CLAIM.claim_id, _CLAIM.payload).where(
    _CLAIM.organization_id == bindparam("organization_id"),
    one_of(_CLAIM.claim_id, "keys"),
)
_PAYMENT_PAYLOADS: Final = select(_PAYMENT.payment_id, _PAYMENT.payload).where(
    _PAYMENT.organization_id == bindparam("organization_id"),
    one_of(_PAYMENT.payment_id, "keys"),
)
_SET_CHAIN: Final = (
    update(table_of(ClaimPaymentRow))
    .where(_PAYMENT.payment_id == bindparam("key_payment_id"))
    .values(chain_key=bindparam("new_chain_key"))
)


@dataclass(slots=True)
class _Candidate:
    """An answer whose filing is to be decided; `row` where it is not on file yet."""

    payment_id: str
    control_number_key: str
    chain_key: str
    service_from: date | None
    charge_cents: int
    arrived: ArrivedPayment | None = None


def file_loosely(
    session: Session,
    organization_id: str,
    claims: Sequence[Row],
    payments: Sequence[ArrivedPayment],
) -> set[str]:
    """File what new claims and payments make fit; returns the keys that changed.

    `claims` are on file already. `payments` are not: their rows' `chain_key` is set.
    """
    candidates = _arrived_of_no_claim(session, organization_id, payments)
    candidates += _on_file_to_decide(session, organization_id, claims)
    if not candidates:
        return set()
    exact = _keys_with_claims(
        session, organization_id, {each.control_number_key for each in candidates}
    )
    fitting = _fitting_keys(
        session,
        organization_id,
        [each for each in candidates if each.control_number_key not in exact],
    )
    touched: set[str] = set()
    changed: list[Row] = []
    for each in candidates:
        key = fitting.get(each.payment_id, each.control_number_key)
        if key == each.chain_key:
            continue
        touched |= {key, each.chain_key}
        if each.arrived is not None:
            each.arrived.row["chain_key"] = key
        else:
            changed.append({"key_payment_id": each.payment_id, "new_chain_key": key})
    if changed:
        session.connection().execute(_SET_CHAIN, changed)
    return touched


def _arrived_of_no_claim(
    session: Session, organization_id: str, payments: Sequence[ArrivedPayment]
) -> list[_Candidate]:
    """New payments without a claim of their number."""
    numbers = {payment.row["control_number_key"] for payment in payments}
    unknown = numbers - _keys_with_claims(session, organization_id, numbers)
    return [
        _Candidate(
            payment_id=payment.row["payment_id"],
            control_number_key=payment.row["control_number_key"],
            chain_key=payment.row["chain_key"],
            service_from=payment.row["service_from"],
            charge_cents=payment.row["charge_cents"],
            arrived=payment,
        )
        for payment in payments
        if payment.row["control_number_key"] in unknown
    ]


def _on_file_to_decide(
    session: Session, organization_id: str, claims: Sequence[Row]
) -> list[_Candidate]:
    """Payments on file that new claims may fit, or take back from another number."""
    if not claims:
        return []
    asked = {"organization_id": organization_id}
    keys = {row["control_number_key"] for row in claims}
    found = {
        row.payment_id: row for row in run(session, _REFILED_OF, **asked, keys=keys)
    }
    services = {(row["service_from"], row["total_charge_cents"]) for row in claims}
    days = {day for day, _ in services if day is not None}
    # A reversal's charge is below zero.
    charges = {sign * charge for _, charge in services for sign in (1, -1)}
    for row in run(session, _UNSETTLED_ON, **asked, days=days, charges=charges):
        # Matched by number, or a number of the new claims: nothing to decide here.
        at_home = row.chain_key == row.control_number_key and row.chain_key in keys
        if (row.service_from, abs(row.charge_cents)) in services and not at_home:
            found[row.payment_id] = row
    return [_Candidate(**found[payment_id]._mapping) for payment_id in sorted(found)]


def _keys_with_claims(
    session: Session, organization_id: str, keys: Collection[str]
) -> set[str]:
    if not keys:
        return set()
    asked = {"organization_id": organization_id, "keys": sorted(keys)}
    return set(run(session, _KEYS_WITH_CLAIMS, **asked).scalars())


def _fitting_keys(
    session: Session, organization_id: str, candidates: Sequence[_Candidate]
) -> dict[str, str]:
    """The one control number that each of these payments fits, by payment id."""
    asked = {"organization_id": organization_id}
    days = {each.service_from for each in candidates if each.service_from is not None}
    if not days:
        return {}
    numbers = defaultdict(list)
    charges = {abs(each.charge_cents) for each in candidates}
    for row in run(session, _NUMBERS_ON, **asked, days=days, charges=charges):
        numbers[row.service_from, row.total_charge_cents].append(row)
    likely: dict[str, list[Any]] = {}
    for each in candidates:
        rows = numbers[each.service_from, abs(each.charge_cents)]
        likely[each.payment_id] = [
            row
            for row in rows
            if _contains(row.control_number_key, each.control_number_key)
        ]
    claims = _claims(session, organization_id, likely.values())
    payments = _payments(session, organization_id, candidates, likely)
    fitting: dict[str, str] = {}
    for payment_id, rows in likely.items():
        keys = {
            row.control_number_key
            for row in rows
            if same_payer(claims[row.claim_id], payments[payment_id])
        }
        if len(keys) == 1:
            fitting[payment_id] = keys.pop()
    return fitting


def _claims(
    session: Session, organization_id: str, likely: Iterable[Sequence[Any]]
) -> dict[str, Claim]:
    keys = sorted({row.claim_id for rows in likely for row in rows})
    if not keys:
        return {}
    decode = payload_decoder(Claim).decode
    asked = {"organization_id": organization_id, "keys": keys}
    return {
        row.claim_id: decode(row.payload)
        for row in run(session, _CLAIM_PAYLOADS, **asked)
    }


def _payments(
    session: Session,
    organization_id: str,
    candidates: Sequence[_Candidate],
    likely: dict[str, list[Any]],
) -> dict[str, ClaimPayment]:
    """The payments that some claim's number contains: those at hand, those on file."""
    wanted = [each for each in candidates if likely[each.payment_id]]
    found = {
        each.payment_id: each.arrived.payment
        for each in wanted
        if each.arrived is not None
    }
    on_file = sorted(each.payment_id for each in wanted if each.arrived is None)
    if on_file:
        decode = payload_decoder(ClaimPayment).decode
        asked = {"organization_id": organization_id, "keys": on_file}
        found |= {
            row.payment_id: decode(row.payload)
            for row in run(session, _PAYMENT_PAYLOADS, **asked)
        }
    return found


def _contains(first: str, second: str) -> bool:
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) < SHORTEST_NUMBER:
        return False
    return longer.startswith(shorter) or longer.endswith(shorter)
