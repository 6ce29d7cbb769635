"""Keeping answers tied to submissions: what new records touch is matched anew.

A group is everything filed under one control number. `matching.match_group` decides;
this module reads the groups in bulk and writes what changed. New payments are matched
before they are written, so that most rows are written once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Executable, bindparam, delete, select, update
from sqlalchemy.orm import Session

from denialml.domain.adjudication import LineAdjudication
from denialml.domain.chain import front_end_verdicts
from denialml.domain.claim import Claim
from denialml.domain.facts import SubmittedClaim
from denialml.domain.remittance import ClaimPayment
from denialml.store.matching import Answer, match_group
from denialml.store.membership import one_of
from denialml.store.payloads import payload_decoder, to_payload
from denialml.store.refiling import file_loosely
from denialml.store.rows import ArrivedPayment, Row
from denialml.store.tables import (
    ClaimAcknowledgmentRow,
    ClaimPaymentRow,
    ClaimRow,
    LineAdjudicationRow,
)
from denialml.store.writing import insert_new, run, table_of


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
class Matches:
    """What matching decided for some groups, to be written by `write_matches`.

    `unmatched` counts the new payments whose claim is not on file. `before` maps the
    payments on file to the submission each belonged to so far, `after` all payments
    to the submission each belongs to now. `known_claim_ids` and `known_payment_ids`
    may have answers on file.
    """

    unmatched: int = 0
    before: dict[str, str | None] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    answers: list[LineAdjudication] = field(default_factory=list)
    known_claim_ids: set[str] = field(default_factory=set)
    known_payment_ids: set[str] = field(default_factory=set)
    services_unmatched: int = 0


@dataclass(slots=True)
class _Group:
    claims: list[Any] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    acknowledgments: list[Any] = field(default_factory=list)
    is_known: bool = False


def _of_keys(key: Any, *columns: Any) -> Executable:
    """These columns of an organization's rows filed under some control numbers."""
    return select(key, *columns).where(
        key.table.c.organization_id == bindparam("organization_id"),
        one_of(key, "keys"),
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
_ANSWER = table_of(LineAdjudicationRow).c
_ANSWERS_OF: Final = tuple(
    select(
        _ANSWER.claim_id, _ANSWER.line_number, _ANSWER.payment_id, _ANSWER.payload
    ).where(
        _ANSWER.organization_id == bindparam("organization_id"), one_of(key, "keys")
    )
    for key in (_ANSWER.claim_id, _ANSWER.payment_id)
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
_DROP_ANSWER: Final = delete(table_of(LineAdjudicationRow)).where(
    _ANSWER.claim_id == bindparam("old_claim_id"),
    _ANSWER.line_number == bindparam("old_line_number"),
    _ANSWER.payment_id == bindparam("old_payment_id"),
)


def match_touched(
    session: Session,
    organization_id: str,
    *,
    claims: Sequence[Row],
    payments: Sequence[ArrivedPayment],
    other_keys: Collection[str],
) -> Matches:
    """Match anew every group that these new records change.

    `claims` are on file already; `payments` are not: their rows learn the claim they
    answer and the control number they are filed under, and are to be written before
    `write_matches`. `other_keys` are control numbers about which something else came
    (an acknowledgment, a mended record). Verdicts are written at once.
    """
    keys = {payment.row["control_number_key"] for payment in payments}
    keys |= set(other_keys)
    keys |= {row["control_number_key"] for row in claims}
    keys |= file_loosely(session, organization_id, claims, payments)
    matches = Matches()
    groups = _read_groups(session, organization_id, keys, payments, matches)
    _write_verdicts(session, groups.values())
    for group in groups.values():
        if group.answers:
            _match(group, matches)
    for payment in payments:
        claim_id = matches.after.get(payment.row["payment_id"])
        payment.row["claim_id"] = claim_id
        matches.unmatched += claim_id is None
    return matches


def write_matches(
    session: Session, organization_id: str, matches: Matches
) -> LinkCounts:
    """Write what `match_touched` decided; counts what that added or changed."""
    _write_claim_ids(session, matches)
    fresh = _write_answers(session, organization_id, matches)
    matched = sum(matches.before.get(each) is None for each in matches.after)
    return LinkCounts(
        payments_matched=matched,
        payments_unmatched=matches.unmatched,
        lines_answered=fresh,
        services_unmatched=matches.services_unmatched,
    )


def _match(group: _Group, matches: Matches) -> None:
    found = match_group(_submissions(group), group.answers)
    matches.after |= found.claim_ids
    matches.answers += found.adjudications
    matches.services_unmatched += found.unmatched_services
    if group.is_known:
        # Only what was matched before can have answers on file.
        matches.known_claim_ids.update(row.claim_id for row in group.claims)
        matches.known_payment_ids.update(each.payment_id for each in group.answers)


def _read_groups(
    session: Session,
    organization_id: str,
    keys: set[str],
    payments: Sequence[ArrivedPayment],
    matches: Matches,
) -> dict[str, _Group]:
    """The groups that hold an answer or an acknowledgment; others have no work."""
    asked = {"organization_id": organization_id, "keys": sorted(keys)}
    groups: dict[str, _Group] = {}
    decode = payload_decoder(ClaimPayment).decode
    for row in run(session, _PAYMENTS_OF, **asked):
        group = groups.setdefault(row.chain_key, _Group())
        group.answers.append(
            Answer(row.payment_id, row.received_on, decode(row.payload))
        )
        group.is_known |= row.claim_id is not None
        matches.before[row.payment_id] = row.claim_id
    for payment in payments:
        new = payment.row
        groups.setdefault(new["chain_key"], _Group()).answers.append(
            Answer(new["payment_id"], new["received_on"], payment.payment)
        )
    for row in run(session, _ACKNOWLEDGMENTS_OF, **asked):
        group = groups.setdefault(row.control_number_key, _Group())
        group.acknowledgments.append(row)
    if groups:
        claims = run(session, _CLAIMS_OF, **asked | {"keys": sorted(groups)}).all()
        for row in sorted(claims, key=lambda row: (row.submitted_on, row.claim_id)):
            groups[row.control_number_key].claims.append(row)
    return groups


def _submissions(group: _Group) -> list[SubmittedClaim]:
    decode = payload_decoder(Claim).decode
    verdicts = _verdicts(group) if group.acknowledgments else {}
    return [
        SubmittedClaim(
            claim_id=row.claim_id,
            submitted_on=row.submitted_on,
            claim=decode(row.payload),
            accepted=verdicts.get(row.claim_id),
        )
        for row in group.claims
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


def _write_claim_ids(session: Session, matches: Matches) -> None:
    """Payments on file that belong elsewhere now."""
    changed = [
        {"key_payment_id": payment_id, "new_claim_id": matches.after.get(payment_id)}
        for payment_id, claim_id in matches.before.items()
        if matches.after.get(payment_id) != claim_id
    ]
    if changed:
        session.connection().execute(_SET_MATCH, changed)


_Place = tuple[str, int, str]


def _place(answer: LineAdjudication) -> _Place:
    return answer.claim_id, answer.line_number, answer.payment_id


def _stored_answers(
    session: Session, organization_id: str, matches: Matches
) -> dict[_Place, str]:
    """Payloads of the stored answers to known claims or by known payments.

    By payments too: one that was filed elsewhere before left its answers there.
    """
    found: dict[_Place, str] = {}
    known = (matches.known_claim_ids, matches.known_payment_ids)
    for statement, keys in zip(_ANSWERS_OF, known, strict=True):
        if keys:
            rows = run(
                session, statement, organization_id=organization_id, keys=sorted(keys)
            )
            for row in rows:
                place = (row.claim_id, row.line_number, row.payment_id)
                found[place] = row.payload
    return found


def _delete_answers(session: Session, places: list[_Place]) -> None:
    if places:
        session.connection().execute(
            _DROP_ANSWER,
            [
                {
                    "old_claim_id": claim_id,
                    "old_line_number": line_number,
                    "old_payment_id": payment_id,
                }
                for claim_id, line_number, payment_id in places
            ],
        )


def _write_answers(session: Session, organization_id: str, matches: Matches) -> int:
    """Make the stored answers of the matched groups the computed; counts new ones."""
    wanted = {_place(each): (each, to_payload(each)) for each in matches.answers}
    stored = _stored_answers(session, organization_id, matches)
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
