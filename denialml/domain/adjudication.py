"""The answer to one claim line, and whether it counts as a denial: the label.

This is the label contract, once: everything that trains, evaluates, lists or counts
denials asks `line_outcome`. Sources: `domain/metrics.md` base sets and X12 835 TR3.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from denialml.domain.record import Judgment
from denialml.domain.remittance import ClaimAdjustment, ClaimPayment, ServicePayment
from denialml.reference import adjustment_reasons

REVERSAL_STATUS: Final = "22"
DENIED_STATUS: Final = "4"
# 23: not our claim, forwarded. 25: predetermination. The others are 4010's pended and
# in-process codes, still sent by some payers. 19 to 21 are not here: they say that
# this payer processed the claim and then forwarded it, so its answer is a decision.
UNDECIDED_STATUSES: Final = frozenset(
    {"5", "10", "13", "15", "16", "17", "23", "25", "27"}
)
# CLP06 of original Medicare Part B, where CARC 24 is a denial (Medicare Advantage).
ORIGINAL_MEDICARE: Final = "MB"
# Unpaid in full for one of these alone: someone else, or the patient, was paid.
SETTLED_REASONS: Final = frozenset({"23", "100", "209"})


class LineOutcome(StrEnum):
    """What a payer's answer to one line amounts to.

    PAID: money was paid, or the line was allowed and charged to the patient
    (deductible: paid 0 is not a denial). DENIED: nothing was paid and an adjustment
    that is a denial reason took the charge. PARTIAL: paid less for a denial reason
    (down-coded), or charged part of it to the patient. PENDING: pended or forwarded,
    no decision yet. REVERSED: an earlier answer was taken back (CLP02 22). UNKNOWN:
    nothing was paid and neither a reason on the line nor the claim's status says
    whether that was a denial; never trained on.
    """

    PAID = "paid"
    DENIED = "denied"
    PARTIAL = "partial"
    PENDING = "pending"
    REVERSED = "reversed"
    UNKNOWN = "unknown"


_UNDECIDED = (LineOutcome.PENDING, LineOutcome.REVERSED)


class LineAdjudication(Judgment, frozen=True):
    """One answer to one line of one submission. Grain: claim line x remittance.

    `claim_id` is the store's id of the submission the answer was matched to.
    `received_on` is when the practice could know it. `adjustments` are those of the
    line, or, for a claim answered without lines, of the claim. `sequence` orders the
    answers to one line from 0; the initial determination, which is the label, is the
    first that is neither pending nor a reversal.
    """

    claim_id: str
    line_number: int
    payment_id: str
    received_on: date
    outcome: LineOutcome
    charge: Decimal
    paid: Decimal
    allowed: Decimal | None
    adjustments: tuple[ClaimAdjustment, ...]
    remark_codes: tuple[str, ...]
    payer_claim_control_number: str = ""
    sequence: int = 0


def line_outcome(payment: ClaimPayment, service: ServicePayment | None) -> LineOutcome:
    """What a payer's answer amounts to for one line: THE label contract.

    `service` None: the claim was answered as a whole, and the answer is that of each
    of its lines. The rules, in this order; "only" is about amounts above zero, and the
    class of a reason code is that of `denialml.reference.adjustment_reasons`:

    1. Status 22, or a negative charge, is REVERSED.
    2. Statuses 23 and 25 and the pended ones of 4010 are PENDING. 19 to 21 were
       processed by this payer before it forwarded them: they go on.
    3. Nothing charged is UNKNOWN: there is nothing to deny (reporting lines).
    4. Money paid is PAID, or PARTIAL where a denial reason took some of the charge.
       Codes that are not known never make a paid line PARTIAL.
    5. Nothing paid, with a pend reason (133, 257, 277) or a reason that says the
       payer forwarded the claim (300, B11), is PENDING.
    6. Nothing paid, with a denial reason, is DENIED, whatever the status; PARTIAL
       where part was allowed and charged to the patient (deductible, copay).
    7. Nothing paid and part charged to the patient is PAID, whatever the status.
    8. Nothing paid, status 4 and a reason code that nobody knows, or no reason at
       all, is DENIED of unknown cause: the payer said so. The same with another
       status is UNKNOWN: an unknown code is never a denial by default.
    9. Nothing paid for contractual reasons is PAID where a settled amount explains it
       (capitation 24, another payer 23, paid to the patient 100) and the status is
       not 4. CO-45 for the whole charge is UNKNOWN: the contract or its rates may not
       be loaded, which is a review and neither payment nor denial.

    Sources: shared metrics base sets and traps; X12 835 TR3; corrections E04 (CARC 24
    from original Medicare is a denial), E08, E52, E53, E78 and E80.
    """
    charge, paid = _amounts(payment, service)
    if payment.status_code == REVERSAL_STATUS or charge < 0:
        return LineOutcome.REVERSED
    if payment.status_code in UNDECIDED_STATUSES:
        return LineOutcome.PENDING
    if charge == 0:
        return LineOutcome.UNKNOWN
    taken = _taken(payment, service)
    if paid > 0:
        return LineOutcome.PARTIAL if taken.denial > 0 else LineOutcome.PAID
    if taken.is_pending:
        return LineOutcome.PENDING
    if taken.denial > 0:
        return LineOutcome.PARTIAL if taken.patient > 0 else LineOutcome.DENIED
    if taken.patient > 0:
        return LineOutcome.PAID
    called_denied = payment.status_code == DENIED_STATUS
    if taken.is_unexplained:
        return LineOutcome.DENIED if called_denied else LineOutcome.UNKNOWN
    if taken.is_settled and not called_denied:
        return LineOutcome.PAID
    return LineOutcome.UNKNOWN


def answering_adjustments(
    payment: ClaimPayment, service: ServicePayment | None
) -> tuple[ClaimAdjustment, ...]:
    """The adjustments that explain one line's answer.

    The line's own. Where those do not account for what was not paid (some payers put
    all CAS at the claim level), those of the claim as well; without a line the claim's.
    """
    if service is None:
        return payment.adjustments
    explained = sum((each.amount for each in service.adjustments), Decimal(0))
    if explained == service.charge - service.paid:
        return service.adjustments
    return service.adjustments + payment.adjustments


def initial_determination(
    adjudications: Iterable[LineAdjudication],
) -> LineAdjudication | None:
    """The first decision on one line of one submission: the training label.

    The earliest answer by `sequence` that is neither pending nor a reversal; None
    while there is none (censored, which is not paid). A later reversal, correction or
    appeal does not change what the payer first decided.
    """
    decisions = [each for each in adjudications if each.outcome not in _UNDECIDED]
    if len(decisions) < 2:
        return decisions[0] if decisions else None
    return min(decisions, key=lambda each: each.sequence)


class _Taken:
    """What the adjustments of an unpaid or reduced line took from its charge."""

    __slots__ = ("denial", "is_pending", "is_settled", "is_unexplained", "patient")

    def __init__(self) -> None:
        self.denial = Decimal(0)
        self.patient = Decimal(0)
        self.is_pending = False
        self.is_settled = False
        self.is_unexplained = True


def _taken(payment: ClaimPayment, service: ServicePayment | None) -> _Taken:
    reasons = adjustment_reasons()
    original_medicare = payment.claim_filing_code == ORIGINAL_MEDICARE
    taken = _Taken()
    is_known = has_unknown = False
    for adjustment in answering_adjustments(payment, service):
        if adjustment.amount == 0:
            continue
        reason = reasons.get(adjustment.reason_code)
        if reason is None:
            has_unknown = True
            continue
        is_known = True
        kind = reason.class_for(original_medicare=original_medicare)
        if kind == "denial":
            taken.denial += adjustment.amount
        elif kind == "patient_responsibility":
            taken.patient += adjustment.amount
        elif kind == "pend" or reason.route == "verify_forwarded":
            taken.is_pending = True
        elif adjustment.reason_code in SETTLED_REASONS or (
            kind == "contractual" and reason.route != "contract_review"
        ):
            taken.is_settled = True
    taken.is_unexplained = has_unknown or not is_known
    return taken


def _amounts(
    payment: ClaimPayment, service: ServicePayment | None
) -> tuple[Decimal, Decimal]:
    if service is None:
        return payment.charge, payment.paid
    return service.charge, service.paid
