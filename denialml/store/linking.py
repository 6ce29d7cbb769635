"""Keeping answers tied to submissions: what new rows touch is matched anew.

A group is everything filed under one control number. `matching.match_group` decides;
this module reads the groups in bulk and writes what changed.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Executable, bindparam, delete, select, update
from sqlalchemy.orm import Session

from denialml.domain.adjudication import LineAdjudication
from denialml.domain.chain import front_end_verdicts
from denialml.domain.claim import Claim
from denialml.domain.facts import SubmittedClaim
from denialml.domain.remittance import ClaimPayment
from denialml.store.matching import Answer, GroupMatch, match_group
from denialml.store.payloads import payload_decoder, to_payload
from denialml.store.refiling import file_loosely
from denialml.store.rows import Row
from denialml.store.tables import (
    ClaimAcknowledgmentRow,
    ClaimPaymentRow,
    ClaimRow,
    LineAdjudicationRow,
)
from denialml.store.writing import chunks, insert_new, run, table_of


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """What matching added or changed."""

    payments_matched: int = 0
    payments_unmatched: int = 0
    lines_answered: int = 0
    services_unmatched: int = 0

    def __add__(self, other: "LinkCounts") -> "LinkCounts":
        return LinkCounts(
            self.payments_matched + other.payments_matched,
            self.payments_unmatched + other.payments_unmatched,
            self.lines_answered + other.lines_answered,
            self.services_unmatched + other.services_unmatched,
        )


@dataclass(slots=True)
class _Group:
    claims: list[Any]
    payments: list[Any]
    acknowledgments: list[Any]


def _of_keys(key: ColumnElement[str], *columns: ColumnElement[Any]) -> Executable:
    """These columns of an organization's rows filed under some control numbers."""
    table = key.table
    return select(key, *columns).where(
        table.c.organization_id == bindparam("organization_id"),
        key.in_(bindparam("keys", expanding=True)),
    )


_PAYMENT = table_of(ClaimPaymentRow).c
_PAYMENTS_OF: Final = _of_keys(
    _PAYMENT.chain_key,
    _PAYMENT.payment_id,
    _PAYMENT.claim_id,
    _PAYMENT.received_on,
    _PAYMENT.payload,
)
_ACKNOWLEDGMENT = table_of(ClaimAcknowledgmentRow).c
_ACKNOWLEDGMENTS_OF: Final = _of_keys(
    _ACKNOWLEDGMENT.control_number_key,
    _ACKNOWLEDGMENT.received_on,
    _ACKNOWLEDGMENT.accepted,
)
_CLAIM = table_of(ClaimRow).c
_CLAIMS_OF: Final = _of_keys(
    _CLAIM.control_number_key,
    _CLAIM.claim_id,
    _CLAIM.submitted_on,
    _CLAIM.accepted,
    _CLAIM.payload,
)


_SET_VERDICT: Final = (
    update(table_of(ClaimRow))
    .where(_CLAIM.claim_id == bindparam("key_claim_id"))
    .values(accepted=bindparam("new_accepted"))
)
_SET_MATCH: Final = (
    update(table_of(ClaimPaymentRow))
    .where(_PAYMENT.payment_id == bindparam("key_payment_id"))
    .values(claim_id=bindparam("new_claim_id"))
)


def touched_by(
    session: Session,
    organization_id: str,
    *,
    claims: Sequence[Row],
    payments: Sequence[Row],
    acknowledgment_keys: Collection[str],
) -> set[str]:
    """The control numbers whose groups these new rows change."""
    keys = {row["control_number_key"] for row in payments}
    keys |= set(acknowledgment_keys)
    keys |= {row["control_number_key"] for row in claims}
    return keys | file_loosely(session, organization_id, claims, payments)


def link_answers(
    session: Session, organization_id: str, keys: Iterable[str]
) -> LinkCounts:
    """Match these groups anew and write what changed; counts the changes."""
    counts = LinkCounts()
    for chunk in chunks(keys):
        counts += _link(session, organization_id, chunk)
    return counts


def _link(session: Session, organization_id: str, keys: list[str]) -> LinkCounts:
    groups = _read_groups(session, organization_id, keys)
    if not groups:
        return LinkCounts()
    _write_verdicts(session, groups.values())
    matches: list[GroupMatch] = []
    before: dict[str, str | None] = {}
    for group in groups.values():
        if not group.payments:
            continue
        matches.append(match_group(_submissions(group), _answers(group)))
        before.update((row.payment_id, row.claim_id) for row in group.payments)
    if not before:
        return LinkCounts()
    after = {
        payment_id: claim_id
        for match in matches
        for payment_id, claim_id in match.claim_ids.items()
    }
    _write_matches(session, before=before, after=after)
    # Only what was matched before can have answers on file.
    known = [
        group
        for group in groups.values()
        if any(row.claim_id is not None for row in group.payments)
    ]
    fresh = _write_adjudications(
        session,
        organization_id,
        claim_ids={row.claim_id for group in known for row in group.claims},
        payment_ids={row.payment_id for group in known for row in group.payments},
        computed=[each for match in matches for each in match.adjudications],
    )
    return LinkCounts(
        payments_matched=sum(before[payment_id] is None for payment_id in after),
        payments_unmatched=sum(payment_id not in after for payment_id in before),
        lines_answered=fresh,
        services_unmatched=sum(match.unmatched_services for match in matches),
    )


def _read_groups(
    session: Session, organization_id: str, keys: list[str]
) -> dict[str, _Group]:
    """The groups that hold an answer or an acknowledgment; others have no work."""
    asked = {"organization_id": organization_id, "keys": keys}
    payments = run(session, _PAYMENTS_OF, **asked).all()
    acknowledgments = run(session, _ACKNOWLEDGMENTS_OF, **asked).all()
    groups: dict[str, _Group] = {
        key: _Group([], [], [])
        for key in sorted(
            {row.chain_key for row in payments}
            | {row.control_number_key for row in acknowledgments}
        )
    }
    for payment in payments:
        groups[payment.chain_key].payments.append(payment)
    for acknowledgment in acknowledgments:
        groups[acknowledgment.control_number_key].acknowledgments.append(acknowledgment)
    if not groups:
        return groups
    claims = run(session, _CLAIMS_OF, **asked | {"keys": sorted(groups)})
    for claim in sorted(claims, key=lambda row: (row.submitted_on, row.claim_id)):
        groups[claim.control_number_key].claims.append(claim)
    return groups


def _submissions(group: _Group) -> list[SubmittedClaim]:
    decode = payload_decoder(Claim).decode
    verdicts = _verdicts(group)
    return [
        SubmittedClaim(
            claim_id=row.claim_id,
            submitted_on=row.submitted_on,
            claim=decode(row.payload),
            accepted=verdicts[row.claim_id],
        )
        for row in group.claims
    ]


def _answers(group: _Group) -> list[Answer]:
    decode = payload_decoder(ClaimPayment).decode
    return [
        Answer(row.payment_id, row.received_on, decode(row.payload))
        for row in group.payments
    ]


def _verdicts(group: _Group) -> dict[str, bool | None]:
    return front_end_verdicts(
        [(row.claim_id, row.submitted_on) for row in group.claims],
        [(each.received_on, each.accepted) for each in group.acknowledgments],
    )


def _write_verdicts(session: Session, groups: Iterable[_Group]) -> None:
    changed = []
    for group in groups:
        if not group.acknowledgments:
            continue
        verdicts = _verdicts(group)
        changed += [
            {"key_claim_id": row.claim_id, "new_accepted": verdicts[row.claim_id]}
            for row in group.claims
            if verdicts[row.claim_id] != row.accepted
        ]
    if changed:
        session.connection().execute(_SET_VERDICT, changed)


def _write_matches(
    session: Session, *, before: dict[str, str | None], after: dict[str, str]
) -> None:
    changed = [
        {"key_payment_id": payment_id, "new_claim_id": after.get(payment_id)}
        for payment_id, claim_id in before.items()
        if after.get(payment_id) != claim_id
    ]
    if changed:
        session.connection().execute(_SET_MATCH, changed)


_Place = tuple[str, int, str]


def _place(adjudication: LineAdjudication) -> _Place:
    return (
        adjudication.claim_id,
        adjudication.line_number,
        adjudication.payment_id,
    )


def _stored_answers(
    session: Session,
    organization_id: str,
    *,
    claim_ids: set[str],
    payment_ids: set[str],
) -> dict[_Place, str]:
    """Payloads of the stored answers to these claims or by these payments."""
    row = table_of(LineAdjudicationRow).c
    found: dict[_Place, str] = {}
    for column, values in ((row.claim_id, claim_ids), (row.payment_id, payment_ids)):
        for chunk in chunks(values):
            statement = select(
                row.claim_id, row.line_number, row.payment_id, row.payload
            ).where(row.organization_id == organization_id, column.in_(chunk))
            for answer in run(session, statement):
                place = (answer.claim_id, answer.line_number, answer.payment_id)
                found[place] = answer.payload
    return found


def _delete_answers(session: Session, places: list[_Place]) -> None:
    if places:
        table = table_of(LineAdjudicationRow)
        session.connection().execute(
            delete(table).where(
                table.c.claim_id == bindparam("old_claim_id"),
                table.c.line_number == bindparam("old_line_number"),
                table.c.payment_id == bindparam("old_payment_id"),
            ),
            [
                {
                    "old_claim_id": claim_id,
                    "old_line_number": line_number,
                    "old_payment_id": payment_id,
                }
                for claim_id, line_number, payment_id in places
            ],
        )


def _write_adjudications(
    session: Session,
    organization_id: str,
    *,
    claim_ids: set[str],
    payment_ids: set[str],
    computed: list[LineAdjudication],
) -> int:
    """Make the stored answers to these claims, and by these payments, the computed.

    By payments too: one that was filed elsewhere before left its answers there.
    Returns the number of new ones.
    """
    wanted = {_place(each): (each, to_payload(each)) for each in computed}
    stored = _stored_answers(
        session, organization_id, claim_ids=claim_ids, payment_ids=payment_ids
    )
    stale = [
        place
        for place, payload in stored.items()
        if place not in wanted or wanted[place][1] != payload
    ]
    replaced = sum(place in wanted for place in stale)
    for place in stored.keys() - set(stale):
        del wanted[place]
    _delete_answers(session, stale)
    insert_new(
        session,
        LineAdjudicationRow,
        [
            {
                "claim_id": each.claim_id,
                "line_number": each.line_number,
                "payment_id": each.payment_id,
                "organization_id": organization_id,
                "sequence": each.sequence,
                "received_on": each.received_on,
                "outcome": each.outcome.value,
                "payload": payload,
            }
            for each, payload in wanted.values()
        ],
    )
    return len(wanted) - replaced
