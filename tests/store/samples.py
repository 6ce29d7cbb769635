"""Small records for tests: each says only what its test is about."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from denialml.domain.acknowledgment import ClaimAcknowledgment, ClaimStatus
from denialml.domain.appeal import AppealDraft, LetterBlock
from denialml.domain.claim import (
    Claim,
    ClaimPayer,
    Diagnosis,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.denial import (
    CauseConfirmation,
    CauseProbability,
    Deadline,
    Denial,
    RootCause,
    RootCauseFinding,
    Route,
    RouteFinding,
)
from denialml.domain.document import Document, Sensitivity
from denialml.domain.remittance import (
    ClaimAdjustment,
    ClaimPayment,
    Remittance,
    ServicePayment,
)
from denialml.domain.risk import RiskScore
from denialml.store.denials import StoredDenial

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


def finding(cause: RootCause | None = RootCause.AUTH_MISSING) -> RootCauseFinding:
    probabilities = (
        (CauseProbability(root_cause=cause, probability=0.9),) if cause else ()
    )
    return RootCauseFinding(
        root_cause=cause,
        probability=0.9,
        runner_up=None,
        runner_up_probability=0.0,
        probabilities=probabilities,
        basis=("CARC 197.",),
    )


def confirmation(
    denial_id: str = "den_1",
    cause: RootCause | None = RootCause.COB_WRONG_PAYER,
    number: int = 1,
) -> CauseConfirmation:
    return CauseConfirmation(
        confirmation_id=f"{denial_id}_{number}",
        denial_id=denial_id,
        root_cause=cause,
        confirmed_by="key_1",
        confirmed_at=NOW,
        before=finding(),
        was_asked=False,
    )


def route(kind: Route = Route.APPEAL) -> RouteFinding:
    return RouteFinding(route=kind, reason="The authorization is on file.")


def deadline(due: date | None = date(2026, 9, 1)) -> Deadline:
    return Deadline(status="configured", due_on=due, bases=())


def stored_denial(
    denial_id: str = "den_1",
    *,
    claim_id: str,
    payment_id: str,
    amount: str = "150",
    denied: date = date(2026, 3, 20),
    **fields: Any,
) -> StoredDenial:
    denial = Denial(
        denial_id=denial_id,
        claim_id=claim_id,
        payment_id=payment_id,
        line_number=1,
        patient_control_number="A2",
        payer_id=fields.pop("payer_id", "60054"),
        payer_name="PLAN A",
        payer_claim_control_number="",
        procedure_code="90837",
        modifiers=(),
        service_date=SESSION_DAY,
        denied_on=denied,
        charge=Decimal(150),
        paid=Decimal(0),
        denied_amount=Decimal(amount),
        adjustments=adjustments("CO-197 150"),
        remark_codes=(),
    )
    fields.setdefault("status", "open")
    return StoredDenial(denial=denial, found_at=NOW, **fields)


def draft(draft_id: str = "drf_1", *, denial_id: str = "den_1") -> AppealDraft:
    return AppealDraft(
        draft_id=draft_id,
        denial_id=denial_id,
        template="authorization_missing",
        template_version="1",
        status="draft",
        drafted_at=NOW,
        subject="Appeal",
        blocks=(LetterBlock(kind="paragraph", text="We ask you to pay."),),
        exhibits=(),
        withheld=(),
        missing=(),
        citations=(),
        finding=finding(),
        route=route(),
        deadline=deadline(),
    )


def document(document_id: str = "D1", **fields: Any) -> Document:
    fields.setdefault("kind", "progress_note")
    fields.setdefault("sensitivity", Sensitivity.PHI)
    return Document(document_id=document_id, **fields)


def risk_score(number: str = "A1", as_of: date = date(2026, 3, 3)) -> RiskScore:
    return RiskScore(
        patient_control_number=number,
        as_of=as_of,
        model_version="m1",
        probability=0.25,
        lines=(),
        reasons=("No authorization on file.",),
    )
