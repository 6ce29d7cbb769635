"""Domain records as table rows: the columns that questions need, and the payload."""

from datetime import date
from typing import Any

from denialml.domain.claim import Claim, patient_key
from denialml.domain.remittance import (
    ClaimAdjustment,
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
)
from denialml.store.columns import cents
from denialml.store.line_matching import normal_control_number

Row = dict[str, Any]


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


def service_line_rows(claim: Claim, *, claim_id: str) -> list[Row]:
    """The lines of one submission."""
    return [
        {
            "claim_id": claim_id,
            "position": position,
            "line_number": line.line_number,
            "procedure_code": line.procedure_code,
            "modifiers": " ".join(line.modifiers),
            "service_date": line.service_date,
            "charge_cents": cents(line.charge),
        }
        for position, line in enumerate(claim.lines)
    ]


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


def service_payment_rows(payment: ClaimPayment, *, payment_id: str) -> list[Row]:
    """The line answers of one claim payment."""
    return [
        {
            "payment_id": payment_id,
            "position": position,
            "procedure_code": service.procedure_code,
            "service_date": service.service_date,
            "charge_cents": cents(service.charge),
            "paid_cents": cents(service.paid),
        }
        for position, service in enumerate(payment.service_payments)
    ]


def claim_adjustment_rows(payment: ClaimPayment, *, payment_id: str) -> list[Row]:
    """Every CAS triplet of one claim payment, claim level first."""
    placed: list[tuple[int | None, ClaimAdjustment]] = [
        (None, adjustment) for adjustment in payment.adjustments
    ]
    for position, service in enumerate(payment.service_payments):
        placed += [(position, adjustment) for adjustment in service.adjustments]
    return [
        {
            "payment_id": payment_id,
            "position": position,
            "service_position": service_position,
            "group_code": adjustment.group_code,
            "reason_code": adjustment.reason_code,
            "amount_cents": cents(adjustment.amount),
        }
        for position, (service_position, adjustment) in enumerate(placed)
    ]


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
