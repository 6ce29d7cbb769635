"""Draw a world and a practice, live through its days, return the records."""

from datetime import date
from functools import lru_cache
from math import inf
from random import Random
from typing import NamedTuple

from denialml.domain.coverage import Payer, PayerType
from denialml.simulation import coverage as states
from denialml.simulation.documents import file_documents
from denialml.simulation.filing import Folder
from denialml.simulation.operations import run
from denialml.simulation.parameters import DIFFICULTIES, Difficulty
from denialml.simulation.patients import draw_people
from denialml.simulation.payers import (
    Policy,
    draw_policies,
    supplement,
)
from denialml.simulation.people import Person, Staff, Visit, draw_staff
from denialml.simulation.policy_changes import draw_changes
from denialml.simulation.practice import RemittanceAdvice, SimulatedPractice
from denialml.simulation.state import Chart, State
from denialml.simulation.strictness import REHEARSED_CLAIMS, fit_strictness
from denialml.simulation.timeline import Timeline

_MISCONFIGURED = 0.06
_WITH_SUPPLEMENT = 0.5
_WITH_SECOND_PLAN = 0.05


def simulate_practice(
    *,
    seed: int,
    world: int | None = None,
    claims: int,
    starts_on: date,
    ends_on: date,
    difficulty: Difficulty = "medium",
    keep_causes: bool = False,
) -> SimulatedPractice:
    """Simulate a practice of about `claims` original claims.

    `world` seeds the payers' hidden rules and their changes (None: `seed`), `seed`
    everything else. The same arguments give the same records. `keep_causes` fills
    `hidden`, in memory only, and changes nothing else. Sources of the
    numbers are in docs/simulation.md; everything returned is simulated.

    Raises
    ------
    ValueError
        For fewer than one claim or a span shorter than 60 days.
    """
    if claims < 1:
        raise ValueError(f"claims is {claims}; at least 1 is needed")
    if (ends_on - starts_on).days < 60:
        raise ValueError("the span must have at least 60 days for answers to arrive")
    world = seed if world is None else world
    place = World(world, difficulty, starts_on, ends_on)
    state, visits = _open_practice(
        place, seed=f"practice {seed}", claims=claims, strictness=_strictness(place)
    )
    state.folder = Folder(seed=seed)
    if keep_causes:
        state.hidden = {}
    payers = tuple(policy.payer for policy in state.policies)
    run(state, visits)
    return _collect(state, seed=seed, world=world, difficulty=difficulty, payers=payers)


class World(NamedTuple):
    """What a world's payers follow from."""

    seed: int
    difficulty: Difficulty
    starts_on: date
    ends_on: date


@lru_cache(maxsize=64)
def _strictness(world: World) -> tuple[float, ...]:
    """Per payer, from a practice of equal shares that lives through the same days."""
    state, visits = _open_practice(
        world, seed="rehearsal", claims=REHEARSED_CLAIMS, equal_shares=True
    )
    state.rehearsal = []
    run(state, visits)
    targets = [policy.target for policy in state.policies[:-1]]
    return fit_strictness(state.rehearsal, targets)


def _open_practice(
    world: World,
    *,
    seed: str,
    claims: int,
    strictness: tuple[float, ...] = (),
    equal_shares: bool = False,
) -> tuple[State, list[Visit]]:
    """The evening before the first day, and the visits to come."""
    settings = DIFFICULTIES[world.difficulty]
    timeline = Timeline(world.starts_on, world.ends_on)
    world_random = Random(f"world {world.seed} {world.difficulty}")
    policies = draw_policies(world_random, timeline=timeline, settings=settings)
    changes = draw_changes(
        world_random,
        timeline=timeline,
        count=settings.policy_changes,
        payers=len(policies),
    )
    for policy, value in zip(policies, strictness, strict=False):
        policy.strictness = value
    for policy in policies if equal_shares else ():
        policy.share = 1.0 / len(policies)
    policies.append(supplement(policies))
    random = Random(seed)
    staff = draw_staff(random, timeline=timeline, policies=policies, claims=claims)
    people, visits = draw_people(random, timeline=timeline, staff=staff, claims=claims)
    state = State(
        random=random,
        timeline=timeline,
        settings=settings,
        policies=policies,
        changes=changes,
        staff=staff,
        people=people,
        charts=[],
    )
    state.setups = _draw_setups(random, staff, policies=policies)
    for person in people:
        state.charts.append(_open_chart(state, person))
    return state, visits


def _draw_setups(
    random: Random, staff: Staff, *, policies: list[Policy]
) -> dict[tuple[int, int], tuple[str, str]]:
    setups = {}
    for site in staff.sites:
        for policy in policies:
            place, modifier = policy.telehealth_place, policy.telehealth_modifier
            if random.random() < _MISCONFIGURED:
                place = "02" if place == "10" else "10"
            if random.random() < _MISCONFIGURED / 2:
                modifier = "" if modifier else "95"
            setups[site.number, policy.index] = (place, modifier)
    return setups


def _open_chart(state: State, person: Person) -> Chart:
    credential = state.staff.workers[person.worker].credential
    weights = [
        0.0
        if person.episode == "aba" and policy.kind.for_the_old
        else policy.share * (0.1 if credential in policy.excluded_credentials else 1.0)
        for policy in state.policies
    ]
    index = state.random.choices(range(len(weights)), weights=weights)[0]
    policy = state.policies[index]
    if policy.kind.for_the_old:
        person.birth_year -= 30 if person.birth_year > 1965 else 15
    if policy.kind.payer_type is PayerType.MEDICARE:
        person.supplement = state.random.random() < _WITH_SUPPLEMENT
    begins = max(0, person.begins)
    coverage = states.open_coverage(
        state.random,
        policy=index,
        member_id=state.member_id(index),
        day=begins,
        hazards=(policy.lapse_hazard, policy.cob_hazard),
        unverified_intake=person.begins >= 0,
    )
    coverage.begins = min(begins, person.begins) - 30
    chart = Chart(coverages=[coverage])
    if policy.kind.deductible and state.random.random() < _WITH_SECOND_PLAN:
        chart.second = _open_second(state, primary=index, day=begins)
        chart.second.begins = coverage.begins
    return chart


def _open_second(state: State, *, primary: int, day: int) -> states.Coverage:
    """A second private plan, which nobody else can be primary to."""
    private = [
        policy.index
        for policy in state.policies[:-1]
        if policy.kind.deductible and policy.index != primary
    ]
    policy = state.policies[state.random.choice(private)]
    second = states.open_coverage(
        state.random,
        policy=policy.index,
        member_id=state.member_id(policy.index),
        day=day,
        hazards=(policy.lapse_hazard, policy.cob_hazard),
        unverified_intake=False,
    )
    second.clean_hazard = second.other_at = inf
    return second


def _collect(
    state: State,
    *,
    seed: int,
    world: int,
    difficulty: str,
    payers: tuple[Payer, ...],
) -> SimulatedPractice:
    outputs = state.outputs
    newest_day = _newest_day(outputs.advices, state.timeline.last)
    documents, document_truth = file_documents(state)
    return SimulatedPractice(
        seed=seed,
        world=world,
        difficulty=difficulty,
        starts_on=state.timeline.starts_on,
        ends_on=state.timeline.ends_on,
        payers=payers,
        clinicians=tuple(worker.record for worker in state.staff.workers),
        enrollments=state.staff.enrollments,
        eligibility_checks=tuple(outputs.checks),
        authorizations=tuple(outputs.authorizations),
        encounters=tuple(outputs.encounters),
        documents=documents,
        claims=tuple(outputs.claims),
        acknowledgments=tuple(outputs.acknowledgments),
        remittances=tuple(
            advice for day, advice in outputs.advices if day < newest_day
        ),
        outgoing=tuple(outputs.outgoing),
        newest=tuple(advice for day, advice in outputs.advices if day >= newest_day),
        truth=tuple(outputs.truth),
        document_truth=document_truth,
        appeals=tuple(outputs.appeals),
        hidden=state.hidden or {},
    )


def _newest_day(advices: list[tuple[int, RemittanceAdvice]], last: int) -> int:
    """The latest day of the last two weeks with a fair number of claims answered.

    A demonstration should not hang on a day on which one small payer paid.
    """
    answered: dict[int, int] = {}
    for day, advice in advices:
        if day > last - 14:
            answered[day] = answered.get(day, 0) + len(advice.payments)
    if not answered:
        return advices[-1][0] if advices else last + 1
    wanted = min(40, max(answered.values()))
    return max(day for day, count in answered.items() if count >= wanted)
