"""What became of a denied line: still open, paid later, answered anew, withdrawn."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.chain import ClaimChain, ClaimState, StandingLine
from denialml.domain.claim import ServiceLine
from denialml.domain.facts import SubmittedClaim
from denialml.domain.record import Judgment

ZERO = Decimal(0)
Answers = Mapping[tuple[str, int], list[LineAdjudication]]


class Settlement(Judgment, frozen=True):
    """How a denial ended. `reason` is empty while it is open.

    `recovered` is what the payer paid on the same service after denying it, and
    `paid_by` the claim line and payment that paid, so that a line denied twice and
    paid once is counted once.
    """

    reason: str
    settled_on: date | None
    recovered: Decimal
    paid_by: tuple[str, int, str] | None = None


OPEN = Settlement(reason="", settled_on=None, recovered=ZERO)


def find_settlement(
    chain: ClaimChain,
    adjudicated: LineAdjudication,
    *,
    line: ServiceLine,
    is_open: bool,
    claims: Mapping[str, SubmittedClaim],
    answers: Answers,
) -> Settlement:
    """What the claim's chain says of one denying answer."""
    if is_open:
        return OPEN
    if chain.state is ClaimState.VOIDED:
        return Settlement(
            reason="The claim was withdrawn (void).", settled_on=None, recovered=ZERO
        )
    paid = [
        one
        for one in chain.standing
        if one.outcome is LineOutcome.PAID
        and _same_service(one, adjudicated, line=line, claims=claims)
    ]
    if paid:
        last = max(paid, key=lambda one: one.received_on)
        return Settlement(
            reason=_paid_reason(last, adjudicated),
            settled_on=last.received_on,
            recovered=_paid_since(adjudicated, last, answers),
            paid_by=(last.claim_id, last.line_number, last.payment_id),
        )
    return Settlement(
        reason="A later answer to the same service took its place.",
        settled_on=None,
        recovered=ZERO,
    )


def _paid_reason(paid: StandingLine, adjudicated: LineAdjudication) -> str:
    if paid.received_on < adjudicated.received_on:
        return f"The same service had been paid on {paid.received_on}."
    if paid.claim_id == adjudicated.claim_id:
        return f"The payer paid it on {paid.received_on}."
    return f"Paid on {paid.received_on} after the claim was sent again."


def _paid_since(
    adjudicated: LineAdjudication, paid: StandingLine, answers: Answers
) -> Decimal:
    """Dollars of the standing payment, if it came after the denial."""
    if paid.received_on < adjudicated.received_on:
        return ZERO
    return sum(
        (
            one.paid
            for one in answers.get((paid.claim_id, paid.line_number), ())
            if one.payment_id == paid.payment_id
        ),
        ZERO,
    )


def _same_service(
    standing: StandingLine,
    adjudicated: LineAdjudication,
    *,
    line: ServiceLine,
    claims: Mapping[str, SubmittedClaim],
) -> bool:
    if standing.claim_id == adjudicated.claim_id:
        return standing.line_number == adjudicated.line_number
    lines = claims[standing.claim_id].claim.lines
    twin = next((one for one in lines if one.line_number == standing.line_number), None)
    if twin is None:
        return False
    if (twin.procedure_code, twin.service_date) == (
        line.procedure_code,
        line.service_date,
    ):
        return True
    own = claims[adjudicated.claim_id].claim.lines
    return (len(own) == 1 and len(lines) == 1) or (
        standing.line_number == adjudicated.line_number
        and claims[standing.claim_id].claim.frequency_code == "7"
    )
