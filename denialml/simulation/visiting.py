"""A visit: eligibility is checked (or not), authorization asked for, a note written."""

from denialml.domain.coverage import EligibilityCheck, EligibilityResult
from denialml.domain.encounter import Encounter, Modality
from denialml.simulation import coverage as states
from denialml.simulation.authorizing import (
    authorization_record,
    needs_request,
    request,
)
from denialml.simulation.billing import (
    Session,
    clock_times,
    session_lines,
    session_minutes,
)
from denialml.simulation.coverage import Coverage
from denialml.simulation.parameters import SERVICES
from denialml.simulation.people import Person, Visit, Worker
from denialml.simulation.recouping import recoup
from denialml.simulation.state import Chart, State
from denialml.simulation.timeline import NEVER


def attend(state: State, visit: Visit) -> None:
    """Hold one visit and put its claim on the agenda."""
    chart = state.charts[visit.patient]
    if chart.left:
        return
    person = state.people[visit.patient]
    worker = state.staff.workers[visit.worker]
    coverage = chart.coverages[-1]
    _count_visit(state, chart, visit=visit)
    _maybe_check(state, chart, person=person, worker=worker, day=visit.day)
    session = _hold_session(state, chart, person=person, worker=worker, visit=visit)
    _maybe_request(state, chart, person=person, coverage=coverage, session=session)
    due = _submission_day(
        state,
        worker,
        day=visit.day,
        signed=session.signed,
        outage=state.policy(coverage).outage,
    )
    state.submissions[due].append(session)


def _count_visit(state: State, chart: Chart, *, visit: Visit) -> None:
    year = state.timeline.date(visit.day).year
    if year != chart.year:
        chart.year, chart.visits_this_year = year, 0
    chart.visits += len(visit.days)
    chart.visits_this_year += len(visit.days)


def _maybe_check(
    state: State, chart: Chart, *, person: Person, worker: Worker, day: int
) -> None:
    """Ask the payer at intake and at the first visit of a month, if the site does."""
    when = state.timeline.date(day)
    month = when.year * 12 + when.month
    if month == chart.checked_month:
        return
    chart.checked_month = month
    if state.random.random() < state.staff.sites[worker.site].check_share:
        check(state, person.number, coverage=chart.coverages[-1], day=day)


def check(state: State, patient: int, *, coverage: Coverage, day: int) -> None:
    """Ask the payer about eligibility and learn the answer."""
    policy = state.policy(coverage)
    chart = state.charts[patient]
    person = state.people[patient]
    date = state.timeline.date
    active = states.shows_active(coverage, policy.lapse_hazard, day=day)
    other = False
    if active:
        states.learn_asked(coverage, day=day)
        other = states.other_is_primary(coverage, policy.cob_hazard, day=day)
        if other:
            states.learn_other(coverage, policy.cob_hazard, day=day)
            settle_later(state, patient, coverage=coverage, day=day)
        else:
            states.learn_clean(coverage, policy.cob_hazard, day=day)
    elif coverage.ended_on == NEVER:
        states.learn_ended(coverage, policy.lapse_hazard)
        recoup(state, patient, coverage=coverage, day=day)
        if coverage is not chart.second:
            renew_later(state, patient, day=day)
    limit = person.visit_limit
    tells_limit = active and limit > 0 and policy.index % 2 == 0
    answer = EligibilityCheck(
        checked_on=date(day),
        payer_id=policy.payer.payer_id,
        member_id=coverage.member_id,
        result=EligibilityResult.ACTIVE if active else EligibilityResult.INACTIVE,
        medical_record_number=person.medical_record_number,
        service_date=date(day),
        plan_name=f"{policy.payer.name} {'Basic' if limit else 'Standard'}",
        coverage_begin=date(min(coverage.begins, day)).replace(day=1),
        coverage_end=None if active else date(coverage.ended_on - 1),
        mental_health_active=active if policy.index % 3 else None,
        other_payer_id="SIM77" if other else "",
        other_payer_name="Elsewhere Casualty" if other else "",
        visits_remaining=(
            max(0, limit - chart.visits_this_year) if tells_limit else None
        ),
        trace_number=f"E{state.next_number('check'):08d}",
    )
    state.outputs.checks.append(answer)
    state.checks_of.setdefault(patient, []).append(answer)


def renew_later(state: State, patient: int, *, day: int) -> None:
    """The lapse is known: most patients bring new coverage in about three weeks."""
    chart = state.charts[patient]
    if chart.fixing:
        return
    chart.fixing = True
    if state.random.random() < 0.75:
        due = day + 3 + round(state.random.expovariate(1 / 16))
        state.renewals[state.timeline.workday(due)].append(patient)
    else:
        chart.left = True


def settle_later(state: State, patient: int, *, coverage: Coverage, day: int) -> None:
    """Another payer is known: the patient tells both who is primary."""
    chart = state.charts[patient]
    if chart.settling:
        return
    chart.settling = True
    due = day + 2 + round(state.random.expovariate(1 / 20))
    state.settlements[state.timeline.workday(due)].append((patient, coverage))


def _hold_session(
    state: State, chart: Chart, *, person: Person, worker: Worker, visit: Visit
) -> Session:
    random = state.random
    lines = session_lines(random, visit, person=person, worker=worker)
    telehealth = (
        visit.kind in ("session", "medication", "intake", "couple", "family")
        and random.random() < person.telehealth_share
    )
    audio = telehealth and random.random() < 0.06
    minutes: int | None = None
    true_minutes = session_minutes(random, lines)
    documented = random.random() >= worker.undocumented_share
    signed: int | None = visit.day + random.choice((0, 0, 0, 1, 1, 2, 3))
    if random.random() < 0.01:
        signed = None
    exported = random.random() >= state.settings.unexported_share
    if documented and signed is not None and exported:
        minutes = true_minutes
    if chart.plan_day is None or visit.day - chart.plan_day > 90:
        due = 0.9 if chart.plan_day is None else 0.35
        if visit.kind != "intake" and random.random() < due:
            chart.plan_day = visit.days[0]
    session = Session(
        visit=visit,
        lines=lines,
        telehealth=telehealth,
        audio=audio,
        documented_minutes=true_minutes if documented else None,
        minutes=minutes,
        signed=signed,
        plan_day=chart.plan_day if exported and signed is not None else None,
        visit_number=chart.visits,
        visits_this_year=chart.visits_this_year,
        number=state.next_number("session"),
        held_minutes=true_minutes,
    )
    if exported:
        _write_notes(state, session, person=person, worker=worker)
    return session


def _write_notes(
    state: State, session: Session, *, person: Person, worker: Worker
) -> None:
    """One note per day of service."""
    modality = Modality.IN_PERSON
    if session.telehealth:
        modality = Modality.AUDIO if session.audio else Modality.VIDEO
    date = state.timeline.date
    clock = clock_times(session)
    total = session.documented_minutes if clock is None else None
    for position, day in enumerate(session.visit.days):
        state.outputs.encounters.append(
            Encounter(
                encounter_id=f"N{session.number:07d}{chr(65 + position)}",
                service_date=date(day),
                clinician_npi=worker.record.npi,
                medical_record_number=person.medical_record_number,
                procedure_code=session.lines[0].code,
                started_at=clock[0] if clock is not None else None,
                stopped_at=clock[1] if clock is not None else None,
                minutes=total,
                modality=modality,
                patient_location="home" if session.telehealth else "clinic",
                signed_on=date(session.signed) if session.signed is not None else None,
                treatment_plan_on=(
                    date(session.plan_day) if session.plan_day is not None else None
                ),
            )
        )


def _maybe_request(
    state: State,
    chart: Chart,
    *,
    person: Person,
    coverage: Coverage,
    session: Session,
) -> None:
    """Ask for authorization where the practice knows that one will be needed."""
    policy = state.policy(coverage)
    line = session.lines[-1] if session.visit.kind == "group" else session.lines[0]
    group = SERVICES[line.code].group
    threshold = policy.authorization_from.get(group)
    if threshold is None or not policy.knows_authorization.get(group, False):
        return
    if chart.visits < threshold - 1:
        return
    key = (person.number, coverage.policy)
    grants = state.grants.setdefault(key, [])
    day = session.visit.days[0]
    if not needs_request(grants, line.code, day=day, units=line.units):
        return
    if state.random.random() >= 0.88:
        return
    grant = request(
        state.random,
        number=f"A{state.next_number('authorization'):07d}",
        code=line.code,
        day=day,
    )
    grants.append(grant)
    state.outputs.authorizations.append(
        authorization_record(
            grant,
            payer_id=policy.payer.payer_id,
            member_id=coverage.member_id,
            medical_record_number=person.medical_record_number,
            timeline=state.timeline,
        )
    )


def _submission_day(
    state: State,
    worker: Worker,
    *,
    day: int,
    signed: int | None,
    outage: tuple[int, int],
) -> int:
    """Most claims go within eight days; some clinicians are late, a few forget.

    What falls into an outage of the payer's clearinghouse goes out after it.
    """
    random = state.random
    lag = random.randint(1, 8)
    draw = random.random()
    if draw < 0.012:
        lag = random.randint(60, 420)
    elif draw < 0.012 + worker.late_share:
        lag = random.randint(15, 75)
    if signed is not None:
        lag = max(lag, signed - day)
    due = day + lag
    if outage[0] <= due < outage[1]:
        due = outage[1] + random.randint(0, 12)
    return state.timeline.workday(due)
