"""The payer decides in secret: which rule fires, what it prints, when it answers."""

from datetime import date

import msgspec

from denialml.simulation import coverage as states
from denialml.simulation.billing import BilledLine
from denialml.simulation.emission import Codes, draw_codes
from denialml.simulation.hidden import HiddenSubmission, policy_of_today
from denialml.simulation.parameters import DENIAL_DELAY_FACTOR, REMITTANCE_FLOOR_DAYS
from denialml.simulation.payers import Policy
from denialml.simulation.preparing import Prepared
from denialml.simulation.remitting import (
    Answer,
    LineAnswer,
    denied_line,
    down_coded_line,
    draw_pricing,
    paid_line,
    patient_shares,
    pended_answer,
    reversal,
    secondary_line,
)
from denialml.simulation.rules import Rule
from denialml.simulation.state import Arrival, Sent, State
from denialml.simulation.strictness import rehearse
from denialml.simulation.truth import truth_rows

_REVIEWED = frozenset({Rule.NECESSITY, Rule.RECORDS, Rule.TIME})
_PENDED = 0.3
_PENDED_ANYHOW = 0.012
_REVIEW_DAYS = (7, 30)
_SPLIT = 0.2
_TWO_REASONS = 0.05


def adjudicate(state: State, prepared: Prepared, *, day: int) -> Sent:
    """Decide, print the answer and put it on its way."""
    decision = decide(state, prepared, day=day)
    causes = decision.causes
    policy = state.policy(prepared.coverage)
    status = "answered"
    codes = _codes(state, policy, causes=causes)
    sent = Sent(
        session=prepared.session,
        claim=prepared.claim,
        coverage=prepared.coverage,
        submitted=day,
        answer=_answer(state, prepared, causes=causes, codes=codes, day=day),
        causes=causes,
        codes=codes,
        is_secondary=prepared.primary is not None,
    )
    received = arrival_day(state, policy, day=day, slow=decision.slow)
    answers: tuple[Answer, ...] = (sent.answer,)
    if decision.pended:
        pended = pended_answer(
            sent.answer,
            number=f"{policy.payer.payer_id}N{state.next_number('payer'):08d}",
        )
        if received <= state.timeline.last:
            state.arrivals[received, policy.index].append(Arrival((pended,)))
        reviewed = received + state.random.randint(*_REVIEW_DAYS)
        received = arrival_day(state, policy, day=reviewed, slow=False)
        answers = (reversal(pended), sent.answer)
    if received > state.timeline.last:
        status = "pending"
    else:
        state.arrivals[received, policy.index].append(Arrival(answers, sent))
    record_truth(state, prepared, status=status, causes=causes)
    return sent


def arrival_day(state: State, policy: Policy, *, day: int, slow: bool) -> int:
    """The day after the payer's next payment day once it has decided."""
    delay = state.random.gammavariate(policy.lag_shape, policy.lag_scale)
    if slow:
        delay *= DENIAL_DELAY_FACTOR
    decided = day + REMITTANCE_FLOOR_DAYS + int(delay)
    timeline = state.timeline
    while timeline.weekday(
        decided
    ) not in policy.payment_weekdays or timeline.is_holiday(decided):
        decided += 1
    return decided + 1


class Decision(msgspec.Struct, frozen=True):
    """The rule that denied each line, or None; `slow` answers take longer.

    Denials by a payer's own rules are slow (they are reviewed), those by coverage,
    other payer or enrollment are not: were they slower too, an answer that has not
    come yet would say something about the hidden state, and the truth, which does
    not listen to silence, would be too low. For the same reason whether an answer is
    `pended` (CARC 133) before the final one depends on the payer's own rules alone.
    """

    causes: tuple[Rule | None, ...]
    slow: bool
    pended: bool


def decide(state: State, prepared: Prepared, *, day: int) -> Decision:
    """The payer applies its rules in order; hidden states come first."""
    coverage = prepared.coverage
    policy = state.policy(coverage)
    first = prepared.session.visit.days[0]
    worker = prepared.session.visit.worker
    policy_causes = _policy_causes(state, prepared)
    rule: Rule | None = None
    if states.lapsed(coverage, policy.lapse_hazard, day=first):
        rule = Rule.ELIGIBILITY
    elif states.other_is_primary(coverage, policy.cob_hazard, day=first):
        rule = Rule.OTHER_PAYER
    elif state.loading(worker, coverage.policy).is_off(day):
        rule = Rule.LOADING
    causes = policy_causes if rule is None else (rule,) * len(policy_causes)
    reviewed = not _REVIEWED.isdisjoint(policy_causes)
    return Decision(
        causes,
        slow=any(cause is not None for cause in policy_causes),
        pended=state.random.random() < (_PENDED if reviewed else _PENDED_ANYHOW),
    )


def _policy_causes(state: State, prepared: Prepared) -> tuple[Rule | None, ...]:
    """What the payer's rules alone would do, the hidden states aside."""
    random = state.random
    for rule, chance in prepared.shared[3:]:
        if random.random() < chance:
            return (rule,) * len(prepared.lines)
    causes: list[Rule | None] = []
    for chances in prepared.lines:
        fired = None
        for candidate, chance in chances:
            if random.random() < chance:
                fired = candidate
                break
        causes.append(fired)
    return tuple(causes)


_ERROR_RULES = {
    "timely_filing": Rule.TIMELY,
    "claim_data_error": Rule.DATA,
    "auth_missing": Rule.AUTHORIZATION_MISSING,
    "documentation_insufficient": Rule.RECORDS,
}


def _codes(
    state: State, policy: Policy, *, causes: tuple[Rule | None, ...]
) -> tuple[Codes | None, ...]:
    printed: dict[Rule, Codes] = {}
    for cause in causes:
        if cause is None or cause in printed:
            continue
        stated = cause
        if cause is Rule.PAYER_ERROR:
            stated = _ERROR_RULES[policy.error_cause]
        printed[cause] = draw_codes(state.random, stated, opacity=policy.opacity)
    return tuple(printed[cause] if cause is not None else None for cause in causes)


def _answer(
    state: State,
    prepared: Prepared,
    *,
    causes: tuple[Rule | None, ...],
    codes: tuple[Codes | None, ...],
    day: int,
) -> Answer:
    policy = state.policy(prepared.coverage)
    billed = prepared.session.lines
    pricing = draw_pricing(
        state.random, policy, month=state.timeline.date(billed[0].day).month
    )
    answers: list[LineAnswer] = []
    first = True
    primary = prepared.primary
    shares = patient_shares(primary) if primary is not None else None
    for position, (line, denial, cause) in enumerate(
        zip(billed, codes, causes, strict=True)
    ):
        if denial is None and shares is not None:
            answers.append(secondary_line(line, share=shares[position]))
        elif denial is None:
            answers.append(paid_line(line, policy, pricing=pricing, first=first))
            first = False
        elif cause is Rule.TIME and _down_codes(policy, line, primary):
            answers.append(down_coded_line(line, policy))
        else:
            assert cause is not None
            answers.append(_denied(state, policy, line=line, codes=denial, cause=cause))
    all_denied = all(codes) and not any(answer.paid for answer in answers)
    status = "1" if primary is None else "2"
    if all_denied:
        status = "4"
    elif primary is None and prepared.claim.other_payers:
        status = "19"
    return Answer(
        claim=prepared.claim,
        policy=policy.index,
        payer_number=f"{policy.payer.payer_id}N{state.next_number('payer'):08d}",
        status_code=status,
        lines=tuple(answers),
        billed=billed,
        received_by_payer=day,
        whole=all_denied
        and state.random.random() < 0.1
        and len(set(codes)) == 1
        and all(len(answer.adjustments) == 1 for answer in answers),
    )


def _down_codes(policy: Policy, line: BilledLine, primary: Answer | None) -> bool:
    """Whether a questioned session is paid as the shorter one."""
    return policy.down_codes and line.code == "90837" and primary is None


def _denied(
    state: State, policy: Policy, *, line: BilledLine, codes: Codes, cause: Rule
) -> LineAnswer:
    """Mostly one adjustment; some payers write off or give two reasons besides."""
    draw = state.random.random()
    if draw < _SPLIT:
        return denied_line(
            line, codes, allowed=round(line.charge_cents * policy.price(line.day))
        )
    if draw < _SPLIT + _TWO_REASONS and cause is not Rule.PAYER_ERROR:
        other = draw_codes(state.random, cause, opacity=0.0)
        return denied_line(line, codes, other=other)
    return denied_line(line, codes)


def record_truth(
    state: State,
    prepared: Prepared,
    *,
    status: str,
    causes: tuple[Rule | None, ...] | None,
) -> None:
    """Note the truth about a submission; `causes` None: nobody adjudicated it."""
    if state.rehearsal is not None:
        if causes is not None:
            rehearse(state.rehearsal, prepared)
        return
    if causes is not None and state.hidden is not None:
        _keep(state, prepared, causes=causes, hidden=state.hidden)
    worker = prepared.session.visit.worker
    state.outputs.truth.extend(
        truth_rows(
            prepared.claim,
            status=status,
            shared=prepared.shared,
            lines=prepared.lines,
            causes=causes,
            error_cause=state.policy(prepared.coverage).error_cause,
            cluster=f"{worker}-{prepared.coverage.policy}",
        )
    )


def _keep(
    state: State,
    prepared: Prepared,
    *,
    causes: tuple[Rule | None, ...],
    hidden: dict[tuple[str, date], HiddenSubmission],
) -> None:
    """Note in memory what the payer saw and which rule fired."""
    claim, policy = prepared.claim, state.policy(prepared.coverage)
    assert claim.submitted_on is not None
    hidden[claim.patient_control_number, claim.submitted_on] = HiddenSubmission(
        policy=policy_of_today(policy, copies=state.policy_copies),
        claim_context=prepared.claim_context,
        line_contexts=tuple(prepared.line_contexts),
        fired=causes,
        check_shows_coverage=states.shows_active(
            prepared.coverage,
            policy.lapse_hazard,
            day=prepared.claim_context.submitted,
        ),
        documented_minutes=prepared.session.documented_minutes,
        held_minutes=prepared.session.held_minutes,
    )
