"""Small records for tests: each says only what its test is about."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from denialml.domain.acknowledgment import ClaimAcknowledgment, ClaimStatus
from denialml.domain.claim import (
    Claim,
    ClaimPayer,
    Diagnosis,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.remittance import (
    ClaimAdjustment,
    ClaimPayment,
    Remittance,
    ServicePayment,
)

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SESSION_DAY = date(2026, 3, 2)


def line(number: int = 1, code: str = "90837", charge: str = "150", **fields: Any):
    fields.setdefault("service_date", SESSION_DAY)
    return ServiceLine(
        line_number=number, procedure_code=code, charge=Decimal(charge), **fields
    )


def claim(number: str = "A100", *lines: ServiceLine, **fields: Any) -> Claim:
    lines = lines or (line(),)
    fields.setdefault("submitted_on", date(2026, 3, 3))
    fields.setdefault("payer", ClaimPayer(payer_id="60054", name="PLAN A"))
    fields.setdefault("subscriber", Subscriber(member_id="M1", last_name="DOE"))
    fields.setdefault("total_charge", sum((each.charge for each in lines), Decimal(0)))
    return Claim(
        patient_control_number=number,
        billing_provider=Provider(name="PRACTICE", npi="1234567893"),
        lines=tuple(lines),
        diagnoses=(Diagnosis(code="F411", qualifier="ABK"),),
        **fields,
    )


def remittance(trace: str = "T1", received: date = date(2026, 3, 20), **fields: Any):
    fields.setdefault("payer_id", "60054")
    fields.setdefault("payer_name", "PLAN A")
    return Remittance(
        trace_number=trace,
        payment=Decimal(fields.pop("payment", "0")),
        payment_date=received,
        received_on=received,
        **fields,
    )


def adjustments(text: str) -> tuple[ClaimAdjustment, ...]:
    """Adjustments as a biller says them: ``"CO-45 30, PR-1 20"``."""
    found = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        reason, _, amount = item.partition(" ")
        group, _, code = reason.partition("-")
        found.append(
            ClaimAdjustment(group_code=group, reason_code=code, amount=Decimal(amount))
        )
    return tuple(found)


def service(
    code: str = "90837",
    charge: str = "150",
    paid: str = "0",
    cas: str = "",
    **more: Any,
):
    more.setdefault("service_date", SESSION_DAY)
    return ServicePayment(
        procedure_code=code,
        charge=Decimal(charge),
        paid=Decimal(paid),
        adjustments=adjustments(cas),
        **more,
    )


def payment(
    number: str = "A100",
    *services: ServicePayment,
    status: str = "1",
    cas: str = "",
    **fields: Any,
) -> ClaimPayment:
    charge = sum((each.charge for each in services), Decimal(0))
    paid = sum((each.paid for each in services), Decimal(0))
    fields.setdefault("remittance", remittance())
    return ClaimPayment(
        patient_control_number=number,
        status_code=status,
        charge=Decimal(fields.pop("charge", charge)),
        paid=Decimal(fields.pop("paid", paid)),
        adjustments=adjustments(cas),
        service_payments=services,
        **fields,
    )


def acknowledgment(
    number: str = "A100", *, accepted: bool, received: date, **fields: Any
) -> ClaimAcknowledgment:
    category = "A1" if accepted else "A7"
    return ClaimAcknowledgment(
        patient_control_number=number,
        accepted=accepted,
        statuses=(ClaimStatus(category_code=category, status_code="20"),),
        received_on=received,
        **fields,
    )
