"""Domain records as table rows: the columns that questions need, and the payload."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from denialml.domain.claim import Claim, patient_key
from denialml.domain.remittance import (
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
)
from denialml.store.columns import cents
from denialml.store.line_matching import normal_control_number

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ArrivedPayment:
    """A claim payment on its way in: its row, not written yet, and the record."""

    row: Row
    payment: ClaimPayment


def claim_row(claim: Claim, *, claim_id: str, payload: bytes, today: date) -> Row:
    """One submission. Without BHT04 it counts as sent on its last day of service."""
    days = [line.service_date for line in claim.lines if line.service_date is not None]
    return {
        "claim_id": claim_id,
        "patient_control_number": claim.patient_control_number,
        "control_number_key": normal_control_number(claim.patient_control_number),
        "payer_id": claim.payer.payer_id,
        "patient_key": patient_key(claim),
        "frequency_code": claim.frequency_code,
        "submitted_on": claim.submitted_on or max(days, default=today),
        "service_from": min(days, default=None),
        "total_charge_cents": cents(claim.total_charge),
        "accepted": None,
        "payload": payload.decode(),
    }


def remittance_row(
    remittance: Remittance, *, remittance_id: str, payload: bytes, today: date
) -> Row:
    """One payment by a payer."""
    return {
        "remittance_id": remittance_id,
        "payer_id": remittance.payer_id,
        "trace_number": remittance.trace_number,
        "payment_cents": cents(remittance.payment),
        "payment_date": remittance.payment_date,
        "received_on": received_on(remittance, today=today),
        "payload": payload.decode(),
    }


def claim_payment_row(
    payment: ClaimPayment,
    *,
    payment_id: str,
    remittance_id: str,
    payload: bytes,
    today: date,
) -> Row:
    """One answer to a claim, not yet matched."""
    key = normal_control_number(payment.patient_control_number)
    days = [
        service.service_date
        for service in payment.service_payments
        if service.service_date is not None
    ]
    return {
        "payment_id": payment_id,
        "remittance_id": remittance_id,
        "claim_id": None,
        "control_number_key": key,
        "chain_key": key,
        "payer_claim_control_number": payment.payer_claim_control_number,
        "status_code": payment.status_code,
        "charge_cents": cents(payment.charge),
        "paid_cents": cents(payment.paid),
        "service_from": min(days, default=payment.statement_from),
        "received_on": received_on(payment.remittance, today=today),
        "payload": payload.decode(),
    }


def provider_adjustment_row(
    adjustment: ProviderAdjustment,
    *,
    adjustment_id: str,
    remittance_id: str,
    payload: bytes,
    today: date,
) -> Row:
    """One PLB pair."""
    return {
        "adjustment_id": adjustment_id,
        "remittance_id": remittance_id,
        "reason_code": adjustment.reason_code,
        "amount_cents": cents(adjustment.amount),
        "received_on": received_on(adjustment.remittance, today=today),
        "payload": payload.decode(),
    }


def received_on(remittance: Remittance, *, today: date) -> date:
    """The day from which the practice could know a remittance."""
    return remittance.received_on or remittance.payment_date or today
