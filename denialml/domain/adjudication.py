"""The answer to one claim line, and whether it counts as a denial: the label.

This is the label contract, once: everything that trains, evaluates, lists or counts
denials asks `line_outcome`. Sources: `domain/metrics.md` base sets and X12 835 TR3.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from denialml.domain.record import Judgment
from denialml.domain.remittance import ClaimAdjustment


class LineOutcome(StrEnum):
    """What a payer's answer to one line amounts to.

    PAID: money was paid, or the line was allowed and charged to the patient
    (deductible: paid 0 is not a denial). DENIED: nothing was paid and an adjustment
    that is a denial reason took the charge. PARTIAL: paid less for a denial reason
    (down-coded). PENDING: pended or forwarded, no decision yet. REVERSED: an earlier
    answer was taken back (CLP02 22). UNKNOWN: nothing was paid and no reason on the
    line is known to be a denial reason or a non-denial reason; never trained on.
    """

    PAID = "paid"
    DENIED = "denied"
    PARTIAL = "partial"
    PENDING = "pending"
    REVERSED = "reversed"
    UNKNOWN = "unknown"


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
