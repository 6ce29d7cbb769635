"""A claim goes out: held or sent, rejected or accepted, adjudicated in secret."""

import msgspec

from denialml.domain.acknowledgment import ClaimAcknowledgment, ClaimStatus
from denialml.domain.claim import Claim, OtherPayer
from denialml.domain.coverage import PayerType
from denialml.simulation import coverage as states
from denialml.simulation.authorizing import Fit, fit
from denialml.simulation.billing import Envelope, Session, build_claim, subscriber_of
from denialml.simulation.coverage import Coverage
from denialml.simulation.emission import Codes, draw_codes
from denialml.simulation.parameters import (
    CLEARINGHOUSE_REJECTION,
    DENIAL_DELAY_FACTOR,
    DUPLICATE_SHARE,
    REMITTANCE_FLOOR_DAYS,
)
from denialml.simulation.payers import Policy
from denialml.simulation.people import Person, Worker
from denialml.simulation.remitting import (
    Answer,
    LineAnswer,
    denied_line,
    down_coded_line,
    draw_pricing,
    paid_line,
)
from denialml.simulation.rules import (
    Chance,
    ClaimContext,
    LineContext,
    Rule,
    claim_chances,
    line_chances,
)
from denialml.simulation.state import Arrival, Sent, State
from denialml.simulation.truth import truth_rows


class Prepared(msgspec.Struct):
    """A claim ready to go, with its exact rule probabilities."""

    session: Session
    claim: Claim
    coverage: Coverage
    shared: list[Chance]
    lines: list[list[Chance]]


def coverage_for(state: State, patient: int, day: int) -> Coverage:
    """The coverage believed to be in force on a service day."""
    coverages = state.charts[patient].coverages
    for coverage in reversed(coverages):
        if coverage.begins <= day:
            return coverage
    return coverages[0]


def send(state: State, session: Session, day: int) -> None:
    """Send an original claim, unless it is held for coverage to be settled."""
    patient = session.visit.patient
    coverage = coverage_for(state, patient, session.visit.days[0])
    if not session.held and _is_held(state, session, coverage):
        session.held = True
        if not state.charts[patient].left:
            state.held[patient].append(session)
        return
    prepared = prepare(state, session, coverage, day)
    state.outputs.claims.append(prepared.claim)
    site = state.staff.sites[_worker(state, patient).site]
    rejected = CLEARINGHOUSE_REJECTION * site.rejection_factor
    if state.random.random() < rejected:
        acknowledge(state, prepared.claim, day, accepted=False)
        _record_truth(state, prepared, "rejected", None)
        state.submissions[
            state.timeline.workday(day + state.random.randint(2, 13))
        ].append(session)
        return
    acknowledge(state, prepared.claim, day, accepted=True)
    sent = adjudicate(state, prepared, day)
    if state.random.random() < DUPLICATE_SHARE:
        due = state.timeline.workday(day + state.random.randint(3, 20))
        state.resends[due].append(sent)


def resend(state: State, sent: Sent, day: int) -> None:
    """Send the same claim a second time by accident."""
    prepared = prepare(state, sent.session, sent.coverage, day, again=sent.claim)
    state.outputs.claims.append(prepared.claim)
    acknowledge(state, prepared.claim, day, accepted=True)
    adjudicate(state, prepared, day)


def prepare_outgoing(state: State, session: Session, day: int) -> None:
    """Prepare a claim that the snapshot finds unsent."""
    coverage = coverage_for(state, session.visit.patient, session.visit.days[0])
    prepared = prepare(state, session, coverage, day)
    state.outputs.outgoing.append(prepared.claim)
    causes = _decide(state, prepared, day).causes
    _record_truth(state, prepared, "outgoing", causes)


def _is_held(state: State, session: Session, coverage: Coverage) -> bool:
    policy = state.policy(coverage)
    first = session.visit.days[0]
    known_lapse = coverage.ended_on <= first
    known_other = (
        coverage.other_known >= 0
        and states.other_chance(coverage, policy.cob_hazard, first) > 0.5
    )
    return (known_lapse or known_other) and state.random.random() < 0.7


def _worker(state: State, patient: int) -> Worker:
    return state.staff.workers[state.people[patient].worker]


def prepare(
    state: State,
    session: Session,
    coverage: Coverage,
    day: int,
    *,
    again: Claim | None = None,
) -> Prepared:
    """The claim and the exact probability of each rule on `day`."""
    policy = state.policy(coverage)
    person = state.people[session.visit.patient]
    worker = state.staff.workers[person.worker]
    grants = state.grants.get((person.number, coverage.policy), [])
    fits = [
        fit(grants, line, as_of=day, session=session.number) for line in session.lines
    ]
    claim = again
    if claim is None:
        claim = _new_claim(state, session, coverage, policy, person, worker, fits, day)
    else:
        claim = msgspec.structs.replace(claim, submitted_on=state.timeline.date(day))
    if coverage.policy not in session.counted_for:
        session.counted_for += (coverage.policy,)
        state.count_units(session, grants, claim.prior_authorization_number)
    shared = _shared_chances(state, session, coverage, policy, worker, day, again)
    lines = [
        line_chances(
            policy,
            _line_context(session, position, claim, person, worker, fits, day),
        )
        for position in range(len(session.lines))
    ]
    return Prepared(session, claim, coverage, shared, lines)


def _shared_chances(
    state: State,
    session: Session,
    coverage: Coverage,
    policy: Policy,
    worker: Worker,
    day: int,
    again: Claim | None,
) -> list[Chance]:
    first = session.visit.days[0]
    site = state.staff.sites[worker.site]
    migrating = site.migration[0] <= day < site.migration[1]
    return [
        (Rule.ELIGIBILITY, states.lapse_chance(coverage, policy.lapse_hazard, first)),
        (Rule.OTHER_PAYER, states.other_chance(coverage, policy.cob_hazard, first)),
        (
            Rule.LOADING,
            state.loading(worker.number, coverage.policy).off_chance(day),
        ),
        *claim_chances(
            policy,
            ClaimContext(
                submitted=day,
                lag=day - first,
                intake=session.lines[0].code in ("90791", "90792"),
                new_coverage=0 < day - coverage.loaded_on < 30,
                already_sent=again is not None,
                data_factor=site.data_factor,
                migrating=migrating,
            ),
        ),
    ]


def _new_claim(
    state: State,
    session: Session,
    coverage: Coverage,
    policy: Policy,
    person: Person,
    worker: Worker,
    fits: list[Fit],
    day: int,
) -> Claim:
    random = state.random
    place, modifier = "11", ""
    if session.telehealth:
        place, modifier = state.setups[worker.site, coverage.policy]
        if session.audio and modifier:
            modifier = "93"
        slip = random.random()
        if slip < 0.01:
            place = "11"
        elif slip < 0.02:
            modifier = ""
    best = max(fits, key=lambda one: one.state == "valid")
    number = ""
    if best.grant is not None:
        writes = 0.96 if best.state == "valid" else 0.6
        if random.random() < writes:
            number = best.grant.number
    referral = ""
    if policy.referral and random.random() < 0.93:
        referral = f"R{session.number:07d}"
    site = state.staff.sites[worker.site]
    control_number = f"C{session.number:07d}"
    if coverage is not state.charts[person.number].coverages[0]:
        control_number += f"P{coverage.policy}"
    return build_claim(
        session,
        Envelope(
            patient_control_number=control_number,
            submitted_on=state.timeline.date(day),
            payer_id=policy.payer.payer_id,
            payer_name=policy.payer.name,
            subscriber=subscriber_of(
                person,
                member_id=coverage.member_id,
                claim_filing_code=policy.kind.claim_filing_code,
                group_number=f"G{policy.index:02d}{person.visit_limit:02d}",
            ),
            other_payers=_other_payers(policy, person, coverage),
            place=place,
            telehealth_modifier=modifier,
            authorization_number=number,
            referral_number=referral,
            diagnoses=person.diagnoses,
        ),
        timeline=state.timeline,
        person=person,
        worker=worker,
        billing=state.staff.billing,
        facility=site.facility if site.number else None,
    )


def _other_payers(
    policy: Policy, person: Person, coverage: Coverage
) -> tuple[OtherPayer, ...]:
    """The supplemental plan that original Medicare forwards the claim to."""
    if not person.supplement or policy.kind.payer_type is not PayerType.MEDICARE:
        return ()
    return (
        OtherPayer(
            payer_id="SIM11",
            name="Lantern Supplement",
            payer_responsibility_code="S",
            claim_filing_code="CI",
            member_id=f"L{coverage.member_id}",
            relationship_code="18",
        ),
    )


def _line_context(
    session: Session,
    position: int,
    claim: Claim,
    person: Person,
    worker: Worker,
    fits: list[Fit],
    day: int,
) -> LineContext:
    line = session.lines[position]
    seen = session.signed is not None and session.signed <= day
    back = len(session.visit.days) - 1 - session.visit.days.index(line.day)
    return LineContext(
        submitted=day,
        code=line.code,
        credential=worker.credential,
        diagnosis=person.diagnoses[0],
        visit_number=session.visit_number - back,
        visits_this_year=session.visits_this_year - back,
        visit_limit=person.visit_limit,
        authorization=fits[position].state,
        number_on_claim=bool(claim.prior_authorization_number),
        referral_on_claim=bool(claim.referral_number),
        telehealth=session.telehealth,
        audio=session.audio,
        place=claim.place_of_service,
        modifiers=claim.lines[position].modifiers,
        minutes=session.minutes if seen else None,
        plan_age=(
            line.day - session.plan_day
            if seen and session.plan_day is not None
            else None
        ),
        bundled=line.bundled,
    )


def adjudicate(state: State, prepared: Prepared, day: int) -> Sent:
    """Decide, print the answer and put it on its way."""
    decision = _decide(state, prepared, day)
    causes = decision.causes
    policy = state.policy(prepared.coverage)
    status = "answered"
    codes = _codes(state, policy, causes)
    sent = Sent(
        session=prepared.session,
        claim=prepared.claim,
        coverage=prepared.coverage,
        submitted=day,
        answer=_answer(state, prepared, policy, causes, codes, day),
        causes=causes,
        codes=codes,
    )
    received = arrival_day(state, policy, day, slow=decision.slow)
    if received > state.timeline.last:
        status = "pending"
    else:
        state.arrivals[received, policy.index].append(Arrival((sent.answer,), sent))
    _record_truth(state, prepared, status, causes)
    return sent


def arrival_day(state: State, policy: Policy, day: int, *, slow: bool) -> int:
    """The day after the payer's next payment day once it has decided."""
    delay = state.random.gammavariate(policy.lag_shape, policy.lag_scale)
    if slow:
        delay *= DENIAL_DELAY_FACTOR
    decided = day + REMITTANCE_FLOOR_DAYS + int(delay)
    while state.timeline.weekday(decided) not in policy.payment_weekdays:
        decided += 1
    return decided + 1


class Decision(msgspec.Struct, frozen=True):
    """The rule that denied each line, or None; `slow` answers take longer.

    Denials by a payer's own rules are slow (they are reviewed), those by coverage,
    other payer or enrollment are not: were they slower too, an answer that has not
    come yet would say something about the hidden state, and the truth, which does
    not listen to silence, would be too low.
    """

    causes: tuple[Rule | None, ...]
    slow: bool


def _decide(state: State, prepared: Prepared, day: int) -> Decision:
    """The payer applies its rules in order; hidden states come first."""
    coverage = prepared.coverage
    policy = state.policy(coverage)
    first = prepared.session.visit.days[0]
    worker = state.people[prepared.session.visit.patient].worker
    policy_causes = _policy_causes(state, prepared)
    rule: Rule | None = None
    if states.lapsed(coverage, policy.lapse_hazard, first):
        rule = Rule.ELIGIBILITY
    elif states.other_is_primary(coverage, policy.cob_hazard, first):
        rule = Rule.OTHER_PAYER
    elif state.loading(worker, coverage.policy).is_off(day):
        rule = Rule.LOADING
    causes = policy_causes if rule is None else (rule,) * len(policy_causes)
    return Decision(causes, slow=any(cause is not None for cause in policy_causes))


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
    state: State, policy: Policy, causes: tuple[Rule | None, ...]
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
    policy: Policy,
    causes: tuple[Rule | None, ...],
    codes: tuple[Codes | None, ...],
    day: int,
) -> Answer:
    billed = prepared.session.lines
    pricing = draw_pricing(
        state.random, policy, month=state.timeline.date(billed[0].day).month
    )
    answers: list[LineAnswer] = []
    first = True
    for line, denial, cause in zip(billed, codes, causes, strict=True):
        if denial is None:
            answers.append(paid_line(line, policy, pricing, first=first))
            first = False
        elif cause is Rule.TIME and policy.down_codes and line.code == "90837":
            answers.append(down_coded_line(line, policy))
        else:
            answers.append(denied_line(line, denial))
    all_denied = all(codes) and not any(answer.paid for answer in answers)
    forwarded = bool(prepared.claim.other_payers) and not all_denied
    return Answer(
        claim=prepared.claim,
        policy=policy.index,
        payer_number=f"{policy.payer.payer_id}N{state.next_number('payer'):08d}",
        status_code="4" if all_denied else "19" if forwarded else "1",
        lines=tuple(answers),
        billed=billed,
        received_by_payer=day,
        whole=all_denied and state.random.random() < 0.1 and len(set(codes)) == 1,
    )


def acknowledge(state: State, claim: Claim, day: int, *, accepted: bool) -> None:
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


def _record_truth(
    state: State,
    prepared: Prepared,
    status: str,
    causes: tuple[Rule | None, ...] | None,
) -> None:
    patient = prepared.session.visit.patient
    state.outputs.truth.extend(
        truth_rows(
            prepared.claim,
            status=status,
            shared=prepared.shared,
            lines=prepared.lines,
            causes=causes,
            error_cause=state.policy(prepared.coverage).error_cause,
            cluster=f"{state.people[patient].worker}-{prepared.coverage.policy}",
        )
    )
