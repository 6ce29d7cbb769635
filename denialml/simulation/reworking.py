"""What becomes of an answer: corrected, overturned, or taken back by the payer."""

import msgspec

from denialml.domain.claim import Claim
from denialml.simulation.deciding import arrival_day
from denialml.simulation.payers import Policy
from denialml.simulation.remitting import (
    Answer,
    LineAnswer,
    draw_pricing,
    paid_cents,
    paid_line,
    reversal,
)
from denialml.simulation.sending import acknowledge
from denialml.simulation.state import Arrival, Sent, State


def _paid_again(
    state: State, policy: Policy, *, sent: Sent, claim: Claim, received_by_payer: int
) -> Answer:
    billed = sent.answer.billed
    month = state.timeline.date(billed[0].day).month
    pricing = draw_pricing(state.random, policy, month=month)
    return Answer(
        claim=claim,
        policy=policy.index,
        payer_number=f"{policy.payer.payer_id}N{state.next_number('payer'):08d}",
        status_code="1",
        lines=tuple(
            paid_line(line, policy, pricing=pricing, first=position == 0)
            for position, line in enumerate(billed)
        ),
        billed=billed,
        received_by_payer=received_by_payer,
    )


def overturn(state: State, policy: Policy, *, sent: Sent, received: int) -> None:
    """The payer reverses its answer and pays; no new claim is sent."""
    if received > state.timeline.last:
        return
    again = _paid_again(
        state, policy, sent=sent, claim=sent.claim, received_by_payer=sent.submitted
    )
    state.arrivals[received, policy.index].append(
        Arrival((reversal(sent.answer), again))
    )


def take_back(state: State, policy: Policy, *, sent: Sent, day: int) -> bool:
    """Few paid claims are recovered later: repriced, or denied after review.

    Returns whether this one is, perhaps after the snapshot.
    """
    random = state.random
    draw = random.random()
    if draw >= 0.008 or paid_cents(sent.answer) <= 0:
        return False
    received = arrival_day(state, policy, day=day + random.randint(40, 120), slow=True)
    if received > state.timeline.last:
        return True
    if draw < 0.002:
        overpaid = paid_cents(sent.answer) // 4
        state.takebacks[policy.index].append(
            (sent.claim.patient_control_number, overpaid)
        )
        return True
    lines = []
    for line, billed in zip(sent.answer.lines, sent.answer.billed, strict=True):
        if draw < 0.004:
            lines.append(LineAnswer(0, (("CO", "50", billed.charge_cents),), "N115"))
            continue
        less = line.paid // 10
        repriced = tuple(
            (group, carc, cents + less if carc == "45" else cents)
            for group, carc, cents in line.adjustments
        )
        allowed = line.allowed - less if line.allowed is not None else None
        lines.append(LineAnswer(line.paid - less, repriced, line.remark, allowed))
    again = msgspec.structs.replace(
        sent.answer,
        lines=tuple(lines),
        status_code="4" if draw < 0.004 else "1",
        whole=False,
        payer_number=f"{policy.payer.payer_id}N{state.next_number('payer'):08d}",
    )
    state.arrivals[received, policy.index].append(
        Arrival((reversal(sent.answer), again))
    )
    return True


def correct(state: State, sent: Sent, *, day: int) -> None:
    """Send the corrected claim (frequency 7) that replaces a denied one."""
    policy = state.policy(sent.coverage)
    claim = msgspec.structs.replace(
        sent.claim,
        submitted_on=state.timeline.date(day),
        frequency_code="7",
        original_payer_claim_control_number=sent.answer.payer_number,
    )
    state.outputs.claims.append(claim)
    acknowledge(state, claim, day=day, accepted=True)
    received = arrival_day(state, policy, day=day, slow=False)
    if received > state.timeline.last:
        return
    again = _paid_again(state, policy, sent=sent, claim=claim, received_by_payer=day)
    if state.random.random() < 0.15:
        again = msgspec.structs.replace(
            again, lines=sent.answer.lines, status_code=sent.answer.status_code
        )
    before = () if paid_cents(sent.answer) == 0 else (reversal(sent.answer),)
    state.arrivals[received, policy.index].append(Arrival((*before, again)))
