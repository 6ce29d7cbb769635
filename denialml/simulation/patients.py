"""Patients with their episodes and the calendar of visits, before any payer is asked.

Nothing here depends on a payer's answer, so it is drawn in advance. Numbers follow
docs/simulation.md.
"""

from random import Random

from denialml.domain.claim import Address
from denialml.simulation.names import CITIES, GIVEN_NAMES, STREETS, person_name
from denialml.simulation.parameters import DIAGNOSES, EPISODE_CREDENTIALS, EPISODES
from denialml.simulation.people import WARM_UP, Person, Staff, Visit, Worker
from denialml.simulation.timeline import Timeline

_WITH_MEDICATION = 0.07


def draw_people(
    random: Random, *, timeline: Timeline, staff: Staff, claims: int
) -> tuple[list[Person], list[Visit]]:
    """Patients and their visits, until there are `claims` visits in the span."""
    people: list[Person] = []
    visits: list[Visit] = []
    names = [name for name, _ in EPISODES]
    weights = [share for _, share in EPISODES]
    by_credential: dict[str, list[Worker]] = {}
    for worker in staff.workers:
        by_credential.setdefault(worker.credential, []).append(worker)
    while len(visits) < claims:
        episode = random.choices(names, weights=weights)[0]
        begins = timeline.workday(random.randint(-WARM_UP, timeline.last - 3))
        candidates = [
            worker
            for credential in EPISODE_CREDENTIALS[episode]
            for worker in by_credential.get(credential, ())
            if worker.begins <= begins or worker.begins < 0
        ]
        person = _draw_person(
            random,
            len(people),
            episode=episode,
            worker=random.choice(candidates),
            begins=begins,
        )
        drawn = _draw_visits(random, person, timeline=timeline)
        if episode == "therapy" and random.random() < _WITH_MEDICATION:
            prescribers = [
                worker
                for credential in EPISODE_CREDENTIALS["medication"]
                for worker in by_credential.get(credential, ())
                if worker.begins <= begins or worker.begins < 0
            ]
            if prescribers:
                drawn += _prescriber_visits(
                    random,
                    person,
                    prescriber=random.choice(prescribers),
                    timeline=timeline,
                )
        if drawn:
            people.append(person)
            visits.extend(drawn[: max(1, claims - len(visits))])
    visits.sort(key=lambda visit: (visit.day, visit.patient))
    return people, visits


def _draw_person(
    random: Random, number: int, *, episode: str, worker: Worker, begins: int
) -> Person:
    first_name, last_name = person_name(random)
    codes = [code for code, _ in DIAGNOSES[episode]]
    weights = [share for _, share in DIAGNOSES[episode]]
    principal = random.choices(codes, weights=weights)[0]
    other = random.choices(codes, weights=weights)[0]
    diagnoses: tuple[str, ...] = (principal,)
    if other != principal and random.random() < 0.35:
        diagnoses = (principal, other)
    city, state, postal_code = CITIES[worker.site]
    return Person(
        number=number,
        medical_record_number=f"M{number + 1:07d}",
        first_name=first_name,
        last_name=last_name,
        birth_year=random.randint(2012, 2018)
        if episode == "aba"
        else random.randint(1950, 2004),
        birth_day=random.randint(1, 365),
        gender=random.choice(("F", "F", "M")),
        address=Address(
            street=f"{random.randint(1, 999)} {random.choice(STREETS)}",
            city=city,
            state=state,
            postal_code=f"{postal_code}0001",
        ),
        episode=episode,
        worker=worker.number,
        begins=begins,
        telehealth_share=random.betavariate(1.1, 1.2)
        if episode in ("therapy", "medication")
        else 0.0,
        diagnoses=diagnoses,
        visit_limit=random.choice((20, 26, 30, 45)) if random.random() < 0.08 else 0,
        guardian=random.choice(GIVEN_NAMES) if episode == "aba" else "",
        secondary_session=episode == "group" and random.random() < 0.4,
    )


def _draw_visits(random: Random, person: Person, *, timeline: Timeline) -> list[Visit]:
    match person.episode:
        case "therapy":
            days = _series(
                random,
                person.begins,
                count=max(1, round(random.lognormvariate(2.9, 0.9))),
                step=7 if random.random() < 0.68 else 14,
            )
            kinds = _therapy_kinds(random, len(days))
        case "medication":
            days = _series(
                random,
                person.begins,
                count=max(1, round(random.lognormvariate(2.1, 0.7))),
                step=28,
            )
            kinds = ["intake", *["medication"] * (len(days) - 1)]
        case "group":
            days = _series(random, person.begins, count=random.randint(8, 24), step=7)
            kinds = ["intake", *["group"] * (len(days) - 1)]
        case "iop":
            return _program_weeks(random, person, timeline=timeline)
        case "aba":
            days = _series(random, person.begins, count=random.randint(20, 90), step=4)
            kinds = ["aba"] * len(days)
        case _:
            days = [person.begins, person.begins + 10]
            kinds = ["intake", "testing"]
    return [
        Visit(day, person.number, kind, (day,), person.worker)
        for day, kind in zip(days, kinds, strict=True)
        if 0 <= day <= timeline.last and not timeline.is_holiday(day)
    ]


def _prescriber_visits(
    random: Random, person: Person, *, prescriber: Worker, timeline: Timeline
) -> list[Visit]:
    """A second episode beside therapy: evaluation and monthly visits for medication."""
    days = _series(
        random,
        timeline.workday(person.begins + random.randint(10, 60)),
        count=max(2, round(random.lognormvariate(1.9, 0.6))),
        step=28,
    )
    return [
        Visit(
            day,
            person.number,
            "medication" if position else "intake",
            (day,),
            prescriber.number,
        )
        for position, day in enumerate(days)
        if 0 <= day <= timeline.last and not timeline.is_holiday(day)
    ]


def _series(random: Random, begins: int, *, count: int, step: int) -> list[int]:
    """Kept appointments: 14% fail to appear; the day within the week is fixed."""
    return [
        begins + number * step
        for number in range(count)
        if number == 0 or random.random() >= 0.14
    ]


def _therapy_kinds(random: Random, count: int) -> list[str]:
    kinds = ["intake"]
    for _ in range(count - 1):
        draw = random.random()
        if draw < 0.035:
            kinds.append("couple")
        elif draw < 0.045:
            kinds.append("family")
        elif draw < 0.050:
            kinds.append("crisis")
        else:
            kinds.append("session")
    return kinds


def _program_weeks(
    random: Random, person: Person, *, timeline: Timeline
) -> list[Visit]:
    """Intensive outpatient: three or four days a week, one claim a week."""
    visits = []
    for week in range(random.randint(4, 12)):
        monday = person.begins + 7 * week
        days = tuple(
            monday + offset
            for offset in (0, 1, 3, 4)[: random.choice((3, 3, 4))]
            if random.random() >= 0.1 and not timeline.is_holiday(monday + offset)
        )
        if days and days[0] >= 0 and days[-1] <= timeline.last:
            visits.append(Visit(days[-1], person.number, "iop", days, person.worker))
    return visits
