"""A claim goes out: held or sent, and rejected or accepted by the clearinghouse."""

from denialml.domain.acknowledgment import ClaimAcknowledgment, ClaimStatus
from denialml.domain.claim import Claim
from denialml.simulation import coverage as states
from denialml.simulation.billing import Session
from denialml.simulation.coverage import Coverage
from denialml.simulation.deciding import adjudicate, decide, record_truth
from denialml.simulation.parameters import CLEARINGHOUSE_REJECTION, DUPLICATE_SHARE
from denialml.simulation.preparing import PrimaryAnswer, coverage_for, prepare
from denialml.simulation.state import Sent, State


def send(state: State, session: Session, *, day: int) -> None:
    """Send an original claim, unless it is held for coverage to be settled."""
    patient = session.visit.patient
    coverage = coverage_for(state, patient, day=session.visit.days[0])
    if not session.held and _is_held(state, session, coverage=coverage):
        session.held = True
        if not state.charts[patient].left:
            state.held[patient].append(session)
        return
    prepared = prepare(state, session, coverage=coverage, day=day)
    state.outputs.claims.append(prepared.claim)
    site = state.staff.sites[state.staff.workers[session.visit.worker].site]
    rejected = CLEARINGHOUSE_REJECTION * site.rejection_factor
    if state.random.random() < rejected:
        acknowledge(state, prepared.claim, day=day, accepted=False)
        record_truth(state, prepared, status="rejected", causes=None)
        state.submissions[
            state.timeline.workday(day + state.random.randint(2, 13))
        ].append(session)
        return
    acknowledge(state, prepared.claim, day=day, accepted=True)
    sent = adjudicate(state, prepared, day=day)
    if state.random.random() < DUPLICATE_SHARE:
        due = state.timeline.workday(day + state.random.randint(3, 20))
        state.resends[due].append(sent)


def send_second(state: State, first: Sent, *, received: int, day: int) -> None:
    """Bill the second plan for what the first left to the patient."""
    chart = state.charts[first.session.visit.patient]
    assert chart.second is not None
    prepared = prepare(
        state,
        first.session,
        coverage=chart.second,
        day=day,
        primary=PrimaryAnswer(first.answer, received),
    )
    state.outputs.claims.append(prepared.claim)
    acknowledge(state, prepared.claim, day=day, accepted=True)
    adjudicate(state, prepared, day=day)


def resend(state: State, sent: Sent, *, day: int) -> None:
    """Send the same claim a second time by accident."""
    prepared = prepare(
        state, sent.session, coverage=sent.coverage, day=day, again=sent.claim
    )
    state.outputs.claims.append(prepared.claim)
    acknowledge(state, prepared.claim, day=day, accepted=True)
    adjudicate(state, prepared, day=day)


def prepare_outgoing(state: State, session: Session, *, day: int) -> None:
    """Prepare a claim that the snapshot finds unsent."""
    coverage = coverage_for(state, session.visit.patient, day=session.visit.days[0])
    prepared = prepare(state, session, coverage=coverage, day=day)
    state.outputs.outgoing.append(prepared.claim)
    causes = decide(state, prepared, day=day).causes
    record_truth(state, prepared, status="outgoing", causes=causes)


def _is_held(state: State, session: Session, *, coverage: Coverage) -> bool:
    policy = state.policy(coverage)
    first = session.visit.days[0]
    known_lapse = coverage.ended_on <= first
    known_other = (
        coverage.other_known >= 0
        and states.other_chance(coverage, policy.cob_hazard, day=first) > 0.5
    )
    return (known_lapse or known_other) and state.random.random() < 0.7


def acknowledge(state: State, claim: Claim, *, day: int, accepted: bool) -> None:
    """The clearinghouse's 277CA of the next day."""
    status = (
        ("A2", "20")
        if accepted
        else state.random.choice(
            (("A3", "21"), ("A7", "164"), ("A7", "562"), ("A8", "116"))
        )
    )
    state.outputs.acknowledgments.append(
        ClaimAcknowledgment(
            patient_control_number=claim.patient_control_number,
            accepted=accepted,
            statuses=(ClaimStatus(category_code=status[0], status_code=status[1]),),
            status_date=state.timeline.date(day + 1),
            action_code="WQ" if accepted else "U",
            charge=claim.total_charge,
            payer_claim_control_number="",
            payer_id=claim.payer.payer_id,
            payer_name=claim.payer.name,
            service_date=claim.lines[0].service_date,
            received_on=state.timeline.date(day + 1),
        )
    )
