"""The words for a claim's life: states, events and how its lines stand.

`denialml.domain.chain.resolve_chain` makes them.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from denialml.domain.adjudication import LineOutcome
from denialml.domain.record import Judgment


class ClaimState(StrEnum):
    """Where a claim stands.

    SUBMITTED: sent, no decision. REJECTED: refused before adjudication, nothing sent
    since. PENDING: the payer has it and has not decided. DENIED: no line stands paid.
    PARTLY_DENIED: some line is denied or cut, not all. PAID: every decided line is
    paid or charged to the patient. UNDETERMINED: answered, but not whether denied.
    CORRECTED: after a denial or reversal a new version was sent and is not answered.
    REVERSED: every answer was taken back and none followed. VOIDED: withdrawn by the
    practice.
    """

    SUBMITTED = "submitted"
    REJECTED = "rejected"
    PENDING = "pending"
    DENIED = "denied"
    PARTLY_DENIED = "partly_denied"
    PAID = "paid"
    UNDETERMINED = "undetermined"
    CORRECTED = "corrected"
    REVERSED = "reversed"
    VOIDED = "voided"


class ChainEventKind(StrEnum):
    """What happened to a claim on one day."""

    SUBMITTED = "submitted"
    RESENT = "resent"
    CORRECTED = "corrected"
    VOID_SENT = "void_sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PENDED = "pended"
    DENIED = "denied"
    PARTLY_DENIED = "partly_denied"
    PAID = "paid"
    UNDETERMINED = "undetermined"
    REVERSED = "reversed"


class ChainEvent(Judgment, frozen=True):
    """One event. `payment_id` is empty unless a payer answered; `paid` then is what
    that answer paid (negative when it took money back), else None."""

    on: date
    kind: ChainEventKind
    claim_id: str
    payment_id: str = ""
    paid: Decimal | None = None


class StandingLine(Judgment, frozen=True):
    """The answer to one line of one submission that was not taken back."""

    claim_id: str
    line_number: int
    payment_id: str
    outcome: LineOutcome
    received_on: date


class ClaimChain(Judgment, frozen=True):
    """The life of one control number.

    `current_claim_id` is the submission that decides `state`. `net_paid` is the sum
    over all answers, reversals included: the money that stayed. `open_denials` are the
    denied or cut lines that nothing later resolved.
    """

    patient_control_number: str
    state: ClaimState
    current_claim_id: str
    net_paid: Decimal
    events: tuple[ChainEvent, ...]
    standing: tuple[StandingLine, ...]
    open_denials: tuple[StandingLine, ...]
