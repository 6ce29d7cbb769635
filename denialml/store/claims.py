"""Claims on file: one submission, or the whole life of one control number."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.adjudication import LineAdjudication
from denialml.domain.claim import Claim
from denialml.domain.facts import SubmittedClaim
from denialml.domain.remittance import ClaimPayment
from denialml.errors import UnknownRecord
from denialml.store.matching import normal_control_number
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
            session,
            select(ClaimRow).where(
                ClaimRow.organization_id == organization_id,
                ClaimRow.claim_id.in_(chunk),
            ),
        ):
            found[submitted.claim_id] = submitted
    return found


def submissions_of(
    session: Session, organization_id: str, patient_control_number: str
) -> tuple[SubmittedClaim, ...]:
    """Every submission under one control number, in the order of sending."""
    return _submissions(
        session,
        select(ClaimRow)
        .where(
            ClaimRow.organization_id == organization_id,
            ClaimRow.control_number_key
            == normal_control_number(patient_control_number),
        )
        .order_by(ClaimRow.submitted_on, ClaimRow.claim_id),
    )
