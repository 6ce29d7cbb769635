"""The practice day by day.

The order within a day is what makes the truth exact: remittances of the day before
are read first, then coverage is asked about and visits are held, then claims are
sent and adjudicated (in secret) by the payers.
"""

from denialml.domain.coverage import PayerType
from denialml.simulation import coverage as states
from denialml.simulation.answering import ask_again, receive
from denialml.simulation.billing import Session
from denialml.simulation.people import Visit
from denialml.simulation.policy_changes import apply_change
from denialml.simulation.reworking import correct
from denialml.simulation.sending import prepare_outgoing, resend, send, send_second
from denialml.simulation.state import State
from denialml.simulation.visiting import attend, check

_REPAIR_DAYS = 75
_OUTGOING_DAYS = 7
_REBILLED = 0.85
_REINSTATED = 0.1


def run(state: State, visits: list[Visit]) -> None:
    """Live through every day of the span, then prepare what is still unsent."""
    last = state.timeline.last
    position = 0
    changes = list(state.changes)
    for day in range(last + 1):
        receive(state, day - 1)
        while changes and changes[0].day <= day:
            change = changes.pop(0)
            apply_change(state.policies[change.policy], change)
            if change.kind == "telehealth_place":
                state.repairs[day + _REPAIR_DAYS].extend(
                    (site.number, change.policy) for site in state.staff.sites
                )
        _due_today(state, day)
        while position < len(visits) and visits[position].day == day:
            attend(state, visits[position])
            position += 1
        for session in state.submissions.pop(day, ()):
            send(state, session, day=day)
        for sent in state.resends.pop(day, ()):
            resend(state, sent, day=day)
        for sent, received in state.seconds.pop(day, ()):
            send_second(state, sent, received=received, day=day)
        for sent in state.corrections.pop(day, ()):
            correct(state, sent, day=day)
        state.close_day()
    receive(state, last)
    _prepare_unsent(state)


def _due_today(state: State, day: int) -> None:
    for site, index in state.repairs.pop(day, ()):
        policy = state.policies[index]
        state.setups[site, index] = (
            policy.telehealth_place,
            policy.telehealth_modifier,
        )
    for patient, coverage in state.checks.pop(day, ()):
        ask_again(state, patient, coverage=coverage, day=day)
    for patient, coverage in state.settlements.pop(day, ()):
        _settle(state, patient, coverage=coverage, day=day)
    for patient in state.renewals.pop(day, ()):
        _renew(state, patient, day=day)


def _settle(state: State, patient: int, *, coverage: states.Coverage, day: int) -> None:
    """Other coverage is settled; a fresh answer shows it, held claims go out."""
    policy = state.policy(coverage)
    state.charts[patient].settling = False
    state.charts[patient].settled_on = day
    states.settle_other(state.random, coverage, other=policy.cob_hazard, day=day)
    check(state, patient, coverage=coverage, day=day)
    _release(state, patient, day=day)
    # Original Medicare takes no replacement claims.
    replaceable = policy.kind.payer_type is not PayerType.MEDICARE
    for sent in state.unsettled.pop(patient, ()):
        corrects = sent.coverage is coverage and state.random.random() < 0.8
        if corrects and replaceable:
            due = state.timeline.workday(day + state.random.randint(1, 10))
            state.corrections[due].append(sent)


def _renew(state: State, patient: int, *, day: int) -> None:
    """The patient brings new coverage with another payer; an answer proves it."""
    chart = state.charts[patient]
    chart.fixing = False
    old = chart.coverages[-1]
    if state.random.random() < _REINSTATED:
        _cover(state, patient, index=old.policy, member_id=old.member_id, day=day)
        return
    weights = [
        0.0 if policy.index == old.policy or policy.kind.for_the_old else policy.share
        for policy in state.policies
    ]
    index = state.random.choices(range(len(weights)), weights=weights)[0]
    _cover(state, patient, index=index, member_id=state.member_id(index), day=day)


def _cover(state: State, patient: int, *, index: int, member_id: str, day: int) -> None:
    """Coverage without a gap, with a new payer or reinstated with the old one."""
    chart = state.charts[patient]
    policy = state.policies[index]
    new = states.open_coverage(
        state.random,
        policy=index,
        member_id=member_id,
        day=day,
        hazards=(policy.lapse_hazard, policy.cob_hazard),
        unverified_intake=False,
    )
    new.begins = chart.coverages[-1].ended_on
    chart.coverages.append(new)
    check(state, patient, coverage=new, day=day)
    _release(state, patient, day=day)
    for session in state.uncovered.pop(patient, ()):
        if state.random.random() < _REBILLED:
            due = state.timeline.workday(day + state.random.randint(2, 12))
            state.submissions[due].append(session)


def _release(state: State, patient: int, *, day: int) -> None:
    for session in state.held.pop(patient, ()):
        due = state.timeline.workday(day + state.random.randint(1, 5))
        state.submissions[due].append(session)


def _prepare_unsent(state: State) -> None:
    """Everything due within a week of the snapshot goes on the outgoing batch."""
    last = state.timeline.last
    day = state.timeline.workday(last + 1)
    unsent: list[Session] = []
    # A denial of the last days made the practice ask: those claims wait for the answer.
    asked = {
        patient
        for due, inquiries in state.checks.items()
        if due <= day
        for patient, _ in inquiries
    }
    for due in range(last + 1, last + 1 + _OUTGOING_DAYS):
        unsent.extend(state.submissions.pop(due, ()))
    for session in unsent:
        if session.visit.day <= last and session.visit.patient not in asked:
            prepare_outgoing(state, session, day=day)
