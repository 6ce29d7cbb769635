"""Coverage ended earlier than anyone said: the payer takes back what it paid since.

What was decided first stays the initial determination; the practice had every reason
to expect payment.
"""

from denialml.simulation.coverage import Coverage
from denialml.simulation.remitting import (
    Answer,
    denied_line,
    paid_cents,
    reversal,
)
from denialml.simulation.state import Arrival, State
from denialml.simulation.timeline import NEVER


def recoup(state: State, patient: int, *, coverage: Coverage, day: int) -> None:
    """Reverse and deny (CARC 27) the paid claims for services after the known end."""
    if coverage.ended_on == NEVER:
        return
    policy = state.policy(coverage)
    for sent in state.paid.get(patient, ()):
        served = sent.session.visit.days[0]
        if sent.coverage is not coverage or served < coverage.ended_on:
            continue
        if paid_cents(sent.answer) <= 0:
            continue
        received = state.timeline.workday(day + state.random.randint(15, 60))
        if received > state.timeline.last:
            continue
        denied = Answer(
            claim=sent.claim,
            policy=policy.index,
            payer_number=f"{policy.payer.payer_id}N{state.next_number('payer'):08d}",
            status_code="4",
            lines=tuple(
                denied_line(line, ("CO", "27", "")) for line in sent.answer.billed
            ),
            billed=sent.answer.billed,
            received_by_payer=sent.submitted,
        )
        state.arrivals[received, policy.index].append(
            Arrival((reversal(sent.answer), denied))
        )
