"""Remittances come in: the practice learns, asks again, corrects and disputes."""

from denialml.domain.coverage import PayerType
from denialml.simulation import coverage as states
from denialml.simulation.appealing import appeal
from denialml.simulation.deciding import arrival_day
from denialml.simulation.emission import may_be_coverage
from denialml.simulation.parameters import SERVICES
from denialml.simulation.payers import Policy
from denialml.simulation.remitting import (
    build_advice,
    patient_shares,
    secondary_answer,
)
from denialml.simulation.reworking import overturn, take_back
from denialml.simulation.rules import Rule
from denialml.simulation.state import Arrival, Sent, State
from denialml.simulation.timeline import NEVER
from denialml.simulation.visiting import check, renew_later, settle_later

_LESSON = 12
_REMEMBERED = 12
_SETUP_DAYS = 30
_REPROCESSED = 0.7
_CORRECTABLE = frozenset(
    {
        Rule.DATA,
        Rule.AUTHORIZATION_MISMATCH,
        Rule.DIAGNOSIS,
        Rule.TELEHEALTH,
        Rule.BUNDLING,
        Rule.TIME,
        Rule.RECORDS,
        Rule.PAYER_ERROR,
    }
)
_DISPUTABLE = frozenset(
    {
        Rule.AUTHORIZATION_MISSING,
        Rule.AUTHORIZATION_MISMATCH,
        Rule.NECESSITY,
        Rule.RECORDS,
        Rule.TIME,
        Rule.DATA,
        Rule.TELEHEALTH,
        Rule.PAYER_ERROR,
        Rule.VISIT_LIMIT,
        Rule.REFERRAL,
    }
)
_SELDOM_DISPUTED = _DISPUTABLE | {
    Rule.TIMELY,
    Rule.EXCLUDED_CODE,
    Rule.DIAGNOSIS,
    Rule.BUNDLING,
}


def receive(state: State, day: int) -> None:
    """Post everything that arrives on `day`; it counts as known from the next day."""
    for policy in state.policies:
        arrivals = state.arrivals.pop((day, policy.index), None)
        if arrivals is None:
            continue
        advice = build_advice(
            [answer for arrival in arrivals for answer in arrival.answers],
            policy=policy,
            timeline=state.timeline,
            received=day,
            payee=state.staff.billing,
            takebacks=state.takebacks.pop(policy.index, []),
        )
        state.outputs.advices.append((day, advice))
        for arrival in arrivals:
            if arrival.sent is not None:
                if any(arrival.sent.codes):
                    state.outputs.denied.append((day, arrival.sent))
                _learn(state, arrival.sent, day=day)
                _react(state, policy, sent=arrival.sent, day=day)


def _learn(state: State, sent: Sent, *, day: int) -> None:
    """What the initial determination reveals of the hidden states."""
    coverage = sent.coverage
    policy = state.policy(coverage)
    first = sent.session.visit.days[0]
    patient = sent.session.visit.patient
    cause = sent.causes[0]
    asked = state.timeline.workday(day + 1)
    if any(codes is not None and may_be_coverage(codes) for codes in sent.codes):
        state.checks[asked].append((patient, coverage))
    if cause is Rule.ELIGIBILITY:
        # What has denied a claim is in the file that answers inquiries, too.
        coverage.late_days = 0
        if sent.claim.frequency_code == "1" and not sent.is_secondary:
            state.uncovered[patient].append(sent.session)
        return
    states.learn_active(coverage, policy.lapse_hazard, day=first)
    if cause is Rule.OTHER_PAYER:
        # An answer from before the other payer was settled says nothing of today.
        if policy.cob_hazard[first] > coverage.clean_hazard:
            states.learn_other(coverage, policy.cob_hazard, day=first)
            settle_later(state, patient, coverage=coverage, day=day)
        state.unsettled[patient].append(sent)
        return
    states.learn_clean(coverage, policy.cob_hazard, day=first)
    worker = sent.session.visit.worker
    off = cause is Rule.LOADING
    loading = state.loading(worker, coverage.policy)
    loading.learn(sent.submitted, off=off)
    if off and not sent.is_secondary:
        state.unloaded[worker, coverage.policy].append(sent)
    elif not off and not loading.seen_off:
        _reprocess_unloaded(state, policy, worker=worker, day=day)


def _reprocess_unloaded(state: State, policy: Policy, *, worker: int, day: int) -> None:
    """Answers show that the payer has loaded the clinician: most old denials go."""
    waiting = state.unloaded.pop((worker, policy.index), [])
    for sent in waiting:
        if state.random.random() < _REPROCESSED:
            asked = day + state.random.randint(5, 30)
            overturn(
                state,
                policy,
                sent=sent,
                received=arrival_day(state, policy, day=asked, slow=True),
            )


def _react(state: State, policy: Policy, *, sent: Sent, day: int) -> None:
    """Rework: most correctable denials are corrected, about half of others won."""
    causes = {cause for cause in sent.causes if cause is not None}
    random = state.random
    if sent.is_secondary:
        return
    chart = state.charts[sent.session.visit.patient]
    owed = any(patient_shares(sent.answer))
    if not causes and owed and chart.second and sent.coverage is chart.coverages[0]:
        due = state.timeline.workday(day + random.randint(2, 7))
        state.seconds[due].append((sent, day))
    if sent.answer.status_code == "19":
        _forward(state, sent, day=day)
    if not causes:
        if not take_back(state, policy, sent=sent, day=day):
            latest = state.paid.setdefault(sent.session.visit.patient, [])
            latest.append(sent)
            del latest[:-_REMEMBERED]
        return
    _notice(state, policy, sent=sent, day=day)
    if sent.claim.frequency_code != "1" or Rule.DUPLICATE in causes:
        return
    medicare = policy.kind.payer_type is PayerType.MEDICARE
    draw = random.random()
    if causes <= _CORRECTABLE and not medicare and draw < 0.6:
        due = state.timeline.workday(day + random.randint(5, 25))
        state.corrections[due].append(sent)
    elif causes and random.random() < _appealed(causes):
        appeal(state, policy, sent=sent, day=day)


def _appealed(causes: set[Rule]) -> float:
    """How often a denial that was not corrected is appealed."""
    if causes <= _DISPUTABLE:
        return 0.7
    return 0.15 if causes <= _SELDOM_DISPUTED else 0.0


def _forward(state: State, sent: Sent, *, day: int) -> None:
    """The supplemental plan answers one or two weeks after Medicare did."""
    supplement = state.policies[-1]
    received = state.timeline.workday(day + state.random.randint(7, 16))
    if received > state.timeline.last:
        return
    number = f"{supplement.payer.payer_id}N{state.next_number('payer'):08d}"
    state.arrivals[received, supplement.index].append(
        Arrival((secondary_answer(sent.answer, supplement, number=number),))
    )


def _notice(state: State, policy: Policy, *, sent: Sent, day: int) -> None:
    """After a dozen like denials the practice changes what it does."""
    session = sent.session
    if Rule.AUTHORIZATION_MISSING in sent.causes:
        group = SERVICES[session.lines[0].code].group
        if (
            state.denials_so_far("authorization", policy.index, about=group) % _LESSON
            == 0
        ):
            policy.knows_authorization[group] = True
    if Rule.TELEHEALTH in sent.causes:
        site = state.staff.workers[session.visit.worker].site
        if (
            state.denials_so_far("telehealth", policy.index, about=str(site)) % _LESSON
            == 0
        ):
            state.repairs[day + _SETUP_DAYS].append((site, policy.index))


def ask_again(
    state: State, patient: int, *, coverage: states.Coverage, day: int
) -> None:
    """Check eligibility after a denial that may be about coverage."""
    if coverage.ended_on == NEVER:
        check(state, patient, coverage=coverage, day=day)
        is_second = coverage is state.charts[patient].second
        if coverage.ended_on < NEVER and not is_second:
            renew_later(state, patient, day=day)
