"""Claims on file: one submission, or the whole life of one control number."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.adjudication import LineAdjudication
from denialml.domain.chain import ClaimChain, resolve_chain
from denialml.domain.claim import Claim
from denialml.domain.facts import SubmittedClaim
from denialml.domain.remittance import ClaimPayment
from denialml.errors import UnknownRecord
from denialml.store.line_matching import normal_control_number
from denialml.store.payloads import from_payload, payload_decoder
from denialml.store.tables import (
    ClaimAcknowledgmentRow,
    ClaimPaymentRow,
    ClaimRow,
    LineAdjudicationRow,
)
from denialml.store.writing import chunks


def get_claim(session: Session, organization_id: str, claim_id: str) -> SubmittedClaim:
    """One submission.

    Raises:
        UnknownRecord: this organization has no such claim.
    """
    found = claims_by_id(session, organization_id, (claim_id,))
    if claim_id not in found:
        raise UnknownRecord("no such claim in this organization")
    return found[claim_id]


def claims_by_id(
    session: Session, organization_id: str, claim_ids: Collection[str]
) -> dict[str, SubmittedClaim]:
    """Those of these submissions that are on file."""
    found: dict[str, SubmittedClaim] = {}
    for chunk in chunks(claim_ids):
        for submitted in _submissions(
            session, organization_id, ClaimRow.claim_id.in_(chunk)
        ):
            found[submitted.claim_id] = submitted
    return found


def submissions_of(
    session: Session, organization_id: str, patient_control_number: str
) -> tuple[SubmittedClaim, ...]:
    """Every submission under one control number, in the order of sending."""
    key = normal_control_number(patient_control_number)
    return _submissions(session, organization_id, ClaimRow.control_number_key == key)


def chain_for_claim(
    session: Session, organization_id: str, claim_id: str
) -> ClaimChain:
    """The life of the claim that this submission belongs to.

    Raises:
        UnknownRecord: this organization has no such claim.
    """
    submitted = get_claim(session, organization_id, claim_id)
    number = submitted.claim.patient_control_number
    chains = chains_for(session, organization_id, (number,))
    return chains[normal_control_number(number)]


def chains_for(
    session: Session, organization_id: str, patient_control_numbers: Collection[str]
) -> dict[str, ClaimChain]:
    """The lives of many claims at once, by normalized control number.

    Numbers under which no submission is on file are left out.
    """
    keys = {normal_control_number(number) for number in patient_control_numbers}
    chains: dict[str, ClaimChain] = {}
    for chunk in chunks(keys):
        submissions = defaultdict(list)
        for submitted in _submissions(
            session,
            organization_id,
            ClaimRow.control_number_key.in_(chunk),
        ):
            key = normal_control_number(submitted.claim.patient_control_number)
            submissions[key].append(submitted)
        acknowledgments = _acknowledgments(session, organization_id, chunk)
        answers = defaultdict(list)
        claim_keys = {
            each.claim_id: key for key, sent in submissions.items() for each in sent
        }
        for answer in answers_to(session, organization_id, claim_keys):
            answers[claim_keys[answer.claim_id]].append(answer)
        for key, sent in submissions.items():
            chains[key] = resolve_chain(sent, acknowledgments[key], answers[key])
    return chains


def answers_to(
    session: Session, organization_id: str, claim_ids: Collection[str]
) -> tuple[LineAdjudication, ...]:
    """Every answer to these submissions, by claim, line and sequence."""
    decode = payload_decoder(LineAdjudication).decode
    found: list[LineAdjudication] = []
    for chunk in chunks(claim_ids):
        statement = (
            select(LineAdjudicationRow.payload)
            .where(
                LineAdjudicationRow.organization_id == organization_id,
                LineAdjudicationRow.claim_id.in_(chunk),
            )
            .order_by(
                LineAdjudicationRow.claim_id,
                LineAdjudicationRow.line_number,
                LineAdjudicationRow.sequence,
            )
        )
        found += [decode(payload) for payload in session.scalars(statement)]
    return tuple(found)


def get_payment(
    session: Session, organization_id: str, payment_id: str
) -> ClaimPayment:
    """One payer's answer to a claim, as it was received.

    Raises:
        UnknownRecord: this organization has no such payment.
    """
    payload = session.scalar(
        select(ClaimPaymentRow.payload).where(
            ClaimPaymentRow.organization_id == organization_id,
            ClaimPaymentRow.payment_id == payment_id,
        )
    )
    if payload is None:
        raise UnknownRecord("no such claim payment in this organization")
    return from_payload(payload, ClaimPayment)


def unmatched_payments(
    session: Session, organization_id: str, *, limit: int = 200
) -> tuple[tuple[str, ClaimPayment], ...]:
    """Answers to claims that are not on file, with their ids, newest first."""
    decode = payload_decoder(ClaimPayment).decode
    statement = (
        select(ClaimPaymentRow.payment_id, ClaimPaymentRow.payload)
        .where(
            ClaimPaymentRow.organization_id == organization_id,
            ClaimPaymentRow.claim_id.is_(None),
        )
        .order_by(ClaimPaymentRow.received_on.desc(), ClaimPaymentRow.payment_id)
        .limit(limit)
    )
    return tuple(
        (payment_id, decode(payload))
        for payment_id, payload in session.execute(statement)
    )


def _acknowledgments(
    session: Session, organization_id: str, keys: list[str]
) -> dict[str, list[ClaimAcknowledgment]]:
    decode = payload_decoder(ClaimAcknowledgment).decode
    found: dict[str, list[ClaimAcknowledgment]] = defaultdict(list)
    statement = (
        select(
            ClaimAcknowledgmentRow.control_number_key, ClaimAcknowledgmentRow.payload
        )
        .where(
            ClaimAcknowledgmentRow.organization_id == organization_id,
            ClaimAcknowledgmentRow.control_number_key.in_(keys),
        )
        .order_by(
            ClaimAcknowledgmentRow.received_on,
            ClaimAcknowledgmentRow.acknowledgment_id,
        )
    )
    for key, payload in session.execute(statement):
        found[key].append(decode(payload))
    return found


def _submissions(
    session: Session, organization_id: str, condition: ColumnElement[bool]
) -> tuple[SubmittedClaim, ...]:
    decode = payload_decoder(Claim).decode
    rows = session.execute(
        select(
            ClaimRow.claim_id,
            ClaimRow.submitted_on,
            ClaimRow.accepted,
            ClaimRow.payload,
        ).where(ClaimRow.organization_id == organization_id, condition)
    )
    return tuple(
        SubmittedClaim(
            claim_id=row.claim_id,
            submitted_on=row.submitted_on,
            claim=decode(row.payload),
            accepted=row.accepted,
        )
        for row in sorted(rows, key=lambda row: (row.submitted_on, row.claim_id))
    )
