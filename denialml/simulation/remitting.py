"""From a decision to an 835: amounts that balance, reversals and takebacks.

Every line balances: charge = paid + the line's adjustments. Every remittance
balances: payment = the sum of its claims' payments less its provider adjustments.
"""

from random import Random

import msgspec

from denialml.domain.claim import Claim, Provider, person
from denialml.domain.coverage import PayerType
from denialml.domain.remittance import (
    ClaimAdjustment,
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
)
from denialml.simulation.billing import BilledLine, dollars
from denialml.simulation.emission import Codes
from denialml.simulation.parameters import SERVICES
from denialml.simulation.payers import Policy
from denialml.simulation.practice import RemittanceAdvice
from denialml.simulation.timeline import Timeline

_PROMPT_DAYS = 45
Adjustment = tuple[str, str, int]
"""Group code, CARC, cents."""


class LineAnswer(msgspec.Struct, frozen=True):
    """The payer's answer to one line, in cents; `recoded` is the code it paid."""

    paid: int
    adjustments: tuple[Adjustment, ...]
    remark: str = ""
    allowed: int | None = None
    recoded: str = ""


class Answer(msgspec.Struct, frozen=True):
    """The payer's answer to one submission.

    `status_code` is CLP02; a reversal (22) carries the amounts it takes back, all
    negated. `whole` answers the claim without lines.
    """

    claim: Claim
    policy: int
    payer_number: str
    status_code: str
    lines: tuple[LineAnswer, ...]
    billed: tuple[BilledLine, ...]
    received_by_payer: int
    whole: bool = False


def denied_line(
    line: BilledLine,
    codes: Codes,
    *,
    allowed: int | None = None,
    other: Codes | None = None,
) -> LineAnswer:
    """Nothing paid; the whole charge is adjusted away.

    With `allowed` what exceeds it is written off first (CO-45) and only the rest
    denied; with `other` half of the charge is denied for a second reason.
    """
    group, carc, rarc = codes
    charge = line.charge_cents
    if allowed is not None:
        return LineAnswer(
            0, (("CO", "45", charge - allowed), (group, carc, allowed)), rarc
        )
    if other is not None and other[:2] != codes[:2]:
        half = charge // 2
        return LineAnswer(
            0, ((group, carc, charge - half), (other[0], other[1], half)), rarc
        )
    return LineAnswer(0, ((group, carc, charge),), rarc)


def pended_answer(answer: Answer, *, number: str) -> Answer:
    """No decision yet: every line is pending further review (OA-133)."""
    return msgspec.structs.replace(
        answer,
        payer_number=number,
        status_code="1",
        lines=tuple(
            LineAnswer(0, (("OA", "133", line.charge_cents),)) for line in answer.billed
        ),
        whole=False,
    )


def down_coded_line(line: BilledLine, policy: Policy) -> LineAnswer:
    """Paid as the shorter session (90834): the difference is denied (CARC 150)."""
    charge = line.charge_cents
    price = policy.price(line.day)
    allowed = round(charge * price)
    paid = round(SERVICES["90834"].charge_cents * line.units * price)
    return LineAnswer(
        paid,
        (("CO", "45", charge - allowed), ("CO", "150", allowed - paid)),
        remark="N22",
        allowed=paid,
        recoded="90834",
    )


def secondary_answer(answer: Answer, supplement: Policy, *, number: str) -> Answer:
    """The supplemental plan pays what original Medicare left to the patient.

    What Medicare paid or wrote off is adjusted as the prior payer's (OA-23).
    """
    lines = [
        secondary_line(billed, share=share)
        for billed, share in zip(answer.billed, patient_shares(answer), strict=True)
    ]
    return Answer(
        claim=answer.claim,
        policy=supplement.index,
        payer_number=number,
        status_code="2",
        lines=tuple(lines),
        billed=answer.billed,
        received_by_payer=answer.received_by_payer,
    )


def patient_shares(answer: Answer) -> list[int]:
    """Cents that an answer leaves to the patient, per line."""
    return [
        sum(cents for group, _, cents in line.adjustments if group == "PR")
        for line in answer.lines
    ]


def secondary_line(line: BilledLine, *, share: int) -> LineAnswer:
    """The second payer pays the patient's share; the rest was the first one's."""
    return LineAnswer(share, (("OA", "23", line.charge_cents - share),))


class Pricing(msgspec.Struct, frozen=True):
    """How one claim is shared between payer and patient."""

    deductible: bool
    copay_cents: int


def draw_pricing(random: Random, policy: Policy, *, month: int) -> Pricing:
    """January and February meet unmet deductibles: 45% of claims, 8% after."""
    unmet = 0.45 if month <= 2 else 0.08
    return Pricing(
        deductible=policy.kind.deductible and random.random() < unmet,
        copay_cents=random.choice((2000, 2500, 3000, 4000)) if policy.kind.copay else 0,
    )


def paid_line(
    line: BilledLine, policy: Policy, *, pricing: Pricing, first: bool
) -> LineAnswer:
    """Contractual write-off (CO-45), then the patient's share, then payment."""
    charge = line.charge_cents
    allowed = round(charge * policy.price(line.day))
    adjustments: list[Adjustment] = [("CO", "45", charge - allowed)]
    if pricing.deductible:
        adjustments.append(("PR", "1", allowed))
        return LineAnswer(0, tuple(adjustments), allowed=allowed)
    medicare = policy.kind.payer_type is PayerType.MEDICARE
    share = 0
    if medicare:
        share = allowed // 5
        adjustments.append(("PR", "2", share))
    elif pricing.copay_cents and first:
        share = min(pricing.copay_cents, allowed)
        adjustments.append(("PR", "3", share))
    paid = allowed - share
    if medicare:
        sequestered = paid // 50
        adjustments.append(("CO", "253", sequestered))
        paid -= sequestered
    return LineAnswer(paid, tuple(adjustments), allowed=allowed)


def reversal(answer: Answer) -> Answer:
    """The same answer taken back (CLP02 22): every amount with the opposite sign."""
    return Answer(
        claim=answer.claim,
        policy=answer.policy,
        payer_number=answer.payer_number,
        status_code="22",
        lines=tuple(
            LineAnswer(
                -line.paid,
                tuple((group, carc, -cents) for group, carc, cents in line.adjustments),
                line.remark,
                recoded=line.recoded,
            )
            for line in answer.lines
        ),
        billed=answer.billed,
        received_by_payer=answer.received_by_payer,
        whole=answer.whole,
    )


def paid_cents(answer: Answer) -> int:
    """What the answer pays, negative for a reversal."""
    return sum(line.paid for line in answer.lines)


def build_advice(
    answers: list[Answer],
    *,
    policy: Policy,
    timeline: Timeline,
    received: int,
    payee: Provider,
    takebacks: list[tuple[str, int]],
) -> RemittanceAdvice:
    """One remittance of one payer, received on day `received`.

    `takebacks` are (reference, cents) of earlier overpayments to recover (PLB WO).
    They are recovered as far as the payment reaches; what reversals leave below zero
    is carried forward (PLB FB). Late payments bear interest (PLB L6).
    """
    total, adjusted = sum(map(paid_cents, answers)), []
    for reference, cents in takebacks:
        if cents <= total:
            adjusted.append(("WO", reference, cents))
            total -= cents
    for answer in answers:
        interest = _interest(answer, policy=policy, received=received)
        if interest:
            adjusted.append(("L6", answer.payer_number, -interest))
            total += interest
    if total < 0:
        adjusted.append(("FB", f"FB{received:05d}", total))
        total = 0
    payer = policy.payer
    remittance = Remittance(
        payer_id=payer.payer_id,
        payer_name=payer.name,
        trace_number=f"{payer.payer_id}T{received:06d}",
        payment=dollars(total),
        payment_date=timeline.date(received - 1),
        received_on=timeline.date(received),
        payment_method="ACH" if total else "NON",
        payee_npi=payee.npi,
        payee_tax_id=payee.tax_id,
        payee_name=payee.name,
        trace_payer_id="1990000001",
    )
    return RemittanceAdvice(
        remittance=remittance,
        payments=tuple(
            _build_payment(answer, remittance, policy=policy, timeline=timeline)
            for answer in answers
        ),
        adjustments=tuple(
            ProviderAdjustment(
                remittance=remittance,
                provider_id=payee.npi,
                reason_code=reason,
                reference=reference,
                amount=dollars(cents),
                fiscal_period_end=timeline.date(received).replace(month=12, day=31),
            )
            for reason, reference, cents in adjusted
        ),
    )


def _interest(answer: Answer, *, policy: Policy, received: int) -> int:
    """Cents of interest, 10% a year from the 46th day, of insurers under state law."""
    late = received - answer.received_by_payer - _PROMPT_DAYS
    paid = paid_cents(answer)
    if late <= 0 or paid <= 0 or not policy.kind.deductible:
        return 0
    return round(paid * late * 0.10 / 365)


def _build_payment(
    answer: Answer, remittance: Remittance, *, policy: Policy, timeline: Timeline
) -> ClaimPayment:
    claim = answer.claim
    sign = -1 if answer.status_code == "22" else 1
    patient = sum(
        cents
        for line in answer.lines
        for group, _, cents in line.adjustments
        if group == "PR"
    )
    adjustments: tuple[ClaimAdjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    services: tuple[ServicePayment, ...] = ()
    if answer.whole:
        group, carc, _ = answer.lines[0].adjustments[0]
        total = sum(line.adjustments[0][2] for line in answer.lines)
        adjustments = (_adjustment(group, carc, cents=total),)
        remarks = (answer.lines[0].remark,) if answer.lines[0].remark else ()
    else:
        services = tuple(
            _build_service(answer, position, sign=sign, timeline=timeline)
            for position in range(len(answer.lines))
        )
    rendering = claim.rendering_provider
    crossed = claim.other_payers[0] if answer.status_code == "19" else None
    if crossed is not None:
        remarks = ("MA18",)
    patient_named = person(claim)
    return ClaimPayment(
        remittance=remittance,
        patient_control_number=claim.patient_control_number,
        status_code=answer.status_code,
        charge=sign * claim.total_charge,
        paid=dollars(paid_cents(answer)),
        patient_responsibility=dollars(patient),
        claim_filing_code=policy.kind.remittance_filing_code,
        payer_claim_control_number=answer.payer_number,
        place_of_service=claim.place_of_service,
        frequency_code=claim.frequency_code,
        adjustments=adjustments,
        remark_codes=remarks,
        service_payments=services,
        patient_last_name=patient_named.last_name,
        patient_first_name=patient_named.first_name,
        crossover_payer_id=crossed.payer_id if crossed is not None else "",
        crossover_payer_name=crossed.name if crossed is not None else "",
        member_id=claim.subscriber.member_id,
        rendering_npi=rendering.npi if rendering is not None else "",
        received_by_payer_on=timeline.date(answer.received_by_payer),
        statement_from=claim.lines[0].service_date,
        statement_to=claim.lines[-1].service_date,
    )


def _adjustment(group: str, carc: str, *, cents: int) -> ClaimAdjustment:
    return ClaimAdjustment(group_code=group, reason_code=carc, amount=dollars(cents))


def _build_service(
    answer: Answer, position: int, *, sign: int, timeline: Timeline
) -> ServicePayment:
    line = answer.lines[position]
    billed = answer.billed[position]
    service = answer.claim.lines[position]
    paid_units = service.units if line.paid else None
    return ServicePayment(
        procedure_code=line.recoded or billed.code,
        submitted_procedure_code=billed.code if line.recoded else "",
        charge=dollars(sign * billed.charge_cents),
        paid=dollars(line.paid),
        modifiers=service.modifiers,
        units_paid=paid_units,
        service_date=timeline.date(billed.day),
        line_control_number=service.line_control_number,
        adjustments=tuple(
            _adjustment(group, carc, cents=cents)
            for group, carc, cents in line.adjustments
            if cents
        ),
        remark_codes=(line.remark,) if line.remark else (),
        allowed=dollars(line.allowed) if line.allowed is not None else None,
    )
