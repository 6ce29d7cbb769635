"""A claim ready to go: what is billed, and the exact probability of each rule."""

from typing import NamedTuple

import msgspec

from denialml.domain.claim import Claim, OtherPayer
from denialml.domain.coverage import PayerType
from denialml.domain.remittance import ClaimAdjustment
from denialml.simulation import coverage as states
from denialml.simulation.authorizing import Fit, fit
from denialml.simulation.billing import (
    Envelope,
    Session,
    build_claim,
    dollars,
    subscriber_of,
)
from denialml.simulation.coverage import Coverage
from denialml.simulation.payers import Policy
from denialml.simulation.people import Person, Site, Worker
from denialml.simulation.remitting import Answer, paid_cents
from denialml.simulation.rules import (
    Chance,
    ClaimContext,
    LineContext,
    Rule,
    claim_chances,
    line_chances,
)
from denialml.simulation.state import Chart, State


class Prepared(msgspec.Struct):
    """A claim with its rule probabilities: `shared` by all lines, then per line.

    `claim_context` and `line_contexts` are what the payer's rules read. `primary` is
    what the first payer answered, for claims to the second.
    """

    session: Session
    claim: Claim
    coverage: Coverage
    shared: list[Chance]
    lines: list[list[Chance]]
    claim_context: ClaimContext
    line_contexts: list[LineContext]
    primary: Answer | None = None


class PrimaryAnswer(NamedTuple):
    """The first payer's answer, received on a day number."""

    answer: Answer
    received: int


class _Scene(msgspec.Struct):
    """Who is billing what to whom on which day number."""

    state: State
    session: Session
    coverage: Coverage
    policy: Policy
    person: Person
    worker: Worker
    site: Site
    fits: list[Fit]
    day: int
    primary: PrimaryAnswer | None


def coverage_for(state: State, patient: int, *, day: int) -> Coverage:
    """The coverage believed to be in force on a service day."""
    coverages = state.charts[patient].coverages
    for coverage in reversed(coverages):
        if coverage.begins <= day:
            return coverage
    return coverages[0]


def prepare(
    state: State,
    session: Session,
    *,
    coverage: Coverage,
    day: int,
    again: Claim | None = None,
    primary: PrimaryAnswer | None = None,
) -> Prepared:
    """The claim for a session and the exact probability of each rule on `day`.

    `again` is the claim that goes out a second time, unchanged; `primary` what the
    first payer answered, when the claim goes to the second.
    """
    person = state.people[session.visit.patient]
    worker = state.staff.workers[session.visit.worker]
    grants = state.grants.get((person.number, coverage.policy), [])
    scene = _Scene(
        state=state,
        session=session,
        coverage=coverage,
        policy=state.policy(coverage),
        person=person,
        worker=worker,
        site=state.staff.sites[worker.site],
        fits=[
            fit(grants, line, as_of=day, session=session.number)
            for line in session.lines
        ],
        day=day,
        primary=primary,
    )
    if again is None:
        claim = _new_claim(scene)
    else:
        claim = msgspec.structs.replace(again, submitted_on=state.timeline.date(day))
    if coverage.policy not in session.counted_for:
        session.counted_for += (coverage.policy,)
        state.count_units(session, grants, number=claim.prior_authorization_number)
    claim_context = _claim_context(scene, already_sent=again is not None)
    line_contexts = [
        _line_context(scene, claim, position=position)
        for position in range(len(session.lines))
    ]
    return Prepared(
        session=session,
        claim=claim,
        coverage=coverage,
        shared=_shared_chances(scene, claim_context),
        lines=[line_chances(scene.policy, context) for context in line_contexts],
        claim_context=claim_context,
        line_contexts=line_contexts,
        primary=primary.answer if primary is not None else None,
    )


def _claim_context(scene: _Scene, *, already_sent: bool) -> ClaimContext:
    coverage, day = scene.coverage, scene.day
    migration = scene.site.migration
    return ClaimContext(
        submitted=day,
        lag=day - scene.session.visit.days[0],
        intake=scene.session.lines[0].code in ("90791", "90792"),
        new_coverage=0 < day - coverage.loaded_on < 30,
        already_sent=already_sent,
        data_factor=scene.site.data_factor,
        migrating=migration[0] <= day < migration[1],
    )


def _shared_chances(scene: _Scene, context: ClaimContext) -> list[Chance]:
    """Hidden states by their posterior, then the rules that read the claim."""
    policy, coverage, day = scene.policy, scene.coverage, scene.day
    first = scene.session.visit.days[0]
    loading = scene.state.loading(scene.worker.number, policy.index)
    return [
        (
            Rule.ELIGIBILITY,
            states.lapse_chance(
                coverage, policy.lapse_hazard, reported=policy.reported, day=first
            ),
        ),
        (Rule.OTHER_PAYER, states.other_chance(coverage, policy.cob_hazard, day=first)),
        (Rule.LOADING, loading.off_chance(day)),
        *claim_chances(policy, context),
    ]


def _telehealth_billing(scene: _Scene) -> tuple[str, str]:
    """Place of service and modifier as the site bills them; one in fifty slips."""
    session = scene.session
    if not session.telehealth:
        return "11", ""
    place, modifier = scene.state.setups[scene.worker.site, scene.policy.index]
    if session.audio and modifier:
        modifier = "93"
    slip = scene.state.random.random()
    if slip < 0.01:
        return "11", modifier
    return place, "" if slip < 0.02 else modifier


def _authorization_number(scene: _Scene) -> str:
    """REF*G1: mostly written where an authorization is on file, expired ones less."""
    best = max(scene.fits, key=lambda one: one.state == "valid")
    if best.grant is None:
        return ""
    writes = 0.96 if best.state == "valid" else 0.6
    return best.grant.number if scene.state.random.random() < writes else ""


def _new_claim(scene: _Scene) -> Claim:
    state, session, policy = scene.state, scene.session, scene.policy
    person, coverage = scene.person, scene.coverage
    place, modifier = _telehealth_billing(scene)
    number = _authorization_number(scene)
    referred = policy.referral > 0 and state.random.random() < 0.93
    control_number = f"C{session.number:07d}"
    if scene.primary is not None:
        control_number += "S"
    elif coverage is not state.charts[person.number].coverages[0]:
        control_number += f"P{_place_of(state.charts[person.number], coverage)}"
    return build_claim(
        session,
        Envelope(
            patient_control_number=control_number,
            submitted_on=state.timeline.date(scene.day),
            payer_id=policy.payer.payer_id,
            payer_name=policy.payer.name,
            subscriber=subscriber_of(
                person,
                member_id=coverage.member_id,
                claim_filing_code=policy.kind.claim_filing_code,
                group_number=f"G{policy.index:02d}{person.visit_limit:02d}",
                responsibility="P" if scene.primary is None else "S",
            ),
            other_payers=_other_payers(scene),
            place=place,
            telehealth_modifier=modifier,
            authorization_number=number,
            referral_number=f"R{session.number:07d}" if referred else "",
            diagnoses=person.diagnoses,
        ),
        timeline=state.timeline,
        person=person,
        worker=scene.worker,
        billing=state.staff.billing,
        facility=scene.site.facility if scene.site.number else None,
    )


def _place_of(chart: Chart, coverage: Coverage) -> int:
    """Which of the patient's coverages it is: 1 for the second."""
    return next(n for n, one in enumerate(chart.coverages) if one is coverage)


def _other_payers(scene: _Scene) -> tuple[OtherPayer, ...]:
    """Who has paid before, or the plan that original Medicare forwards the claim to."""
    if scene.primary is not None:
        return (_primary_payer(scene, scene.primary),)
    medicare = scene.policy.kind.payer_type is PayerType.MEDICARE
    if not (scene.person.supplement and medicare):
        return ()
    supplement = scene.state.policies[-1].payer
    return (
        OtherPayer(
            payer_id=supplement.payer_id,
            name=supplement.name,
            payer_responsibility_code="S",
            claim_filing_code="CI",
            member_id=f"L{scene.coverage.member_id}",
            relationship_code="18",
        ),
    )


def _primary_payer(scene: _Scene, primary: PrimaryAnswer) -> OtherPayer:
    """The first payer's answer as the second reads it: 2320 with CAS and AMT*D."""
    answer = primary.answer
    first = scene.state.policies[answer.policy]
    totals: dict[tuple[str, str], int] = {}
    for line in answer.lines:
        for group, carc, cents in line.adjustments:
            totals[group, carc] = totals.get((group, carc), 0) + cents
    return OtherPayer(
        payer_id=first.payer.payer_id,
        name=first.payer.name,
        payer_responsibility_code="P",
        claim_filing_code=first.kind.claim_filing_code,
        member_id=answer.claim.subscriber.member_id,
        relationship_code=answer.claim.subscriber.relationship_code or "18",
        paid=dollars(paid_cents(answer)),
        adjudicated_on=scene.state.timeline.date(primary.received - 1),
        adjustments=tuple(
            ClaimAdjustment(group_code=group, reason_code=carc, amount=dollars(cents))
            for (group, carc), cents in sorted(totals.items())
            if cents
        ),
    )


def _line_context(scene: _Scene, claim: Claim, *, position: int) -> LineContext:
    session, day = scene.session, scene.day
    line = session.lines[position]
    seen = session.signed is not None and session.signed <= day
    back = len(session.visit.days) - 1 - session.visit.days.index(line.day)
    return LineContext(
        submitted=day,
        code=line.code,
        credential=scene.worker.credential,
        diagnosis=scene.person.diagnoses[0],
        visit_number=session.visit_number - back,
        visits_this_year=session.visits_this_year - back,
        visit_limit=scene.person.visit_limit,
        authorization=scene.fits[position].state,
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
