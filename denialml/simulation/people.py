"""Offices and clinicians, and what a patient and a visit are.

Nothing here depends on a payer's answer, so it is drawn in advance. Numbers follow
docs/simulation.md.
"""

from datetime import date, timedelta
from random import Random

import msgspec

from denialml.domain.claim import Address, Provider
from denialml.domain.coverage import Clinician, Enrollment
from denialml.simulation.names import CITIES, STREETS, npi, person_name
from denialml.simulation.parameters import (
    CREDENTIALS,
)
from denialml.simulation.payers import Policy
from denialml.simulation.timeline import Timeline

CLAIMS_PER_CLINICIAN_YEAR = 700
SITES = 5
WARM_UP = 200
"""Episodes may have begun this many days before the simulated span."""


class Site(msgspec.Struct, frozen=True):
    """One office. Setups per payer are (place of service, modifier) for telehealth."""

    number: int
    facility: Provider
    check_share: float
    data_factor: float
    rejection_factor: float
    migration: tuple[int, int]


class Worker(msgspec.Struct):
    """One clinician with habits. `begins` is the first day at the practice."""

    number: int
    record: Clinician
    provider: Provider
    credential: str
    site: int
    begins: int
    undocumented_share: float
    late_share: float
    long_session_share: float


class Person(msgspec.Struct):
    """One patient with one episode of care.

    `guardian` is the given name of the parent who is the subscriber of a child,
    `supplement` whether a supplemental plan pays after original Medicare.
    """

    number: int
    medical_record_number: str
    first_name: str
    last_name: str
    birth_year: int
    birth_day: int
    gender: str
    address: Address
    episode: str
    worker: int
    begins: int
    telehealth_share: float
    diagnoses: tuple[str, ...]
    visit_limit: int
    secondary_session: bool
    supplement: bool = False
    guardian: str = ""

    @property
    def birth_date(self) -> date:
        """Invented birth date."""
        return date(self.birth_year, 1, 1) + timedelta(days=self.birth_day - 1)


class Visit(msgspec.Struct, frozen=True):
    """One claim's worth of service: a session, or a week of program days."""

    day: int
    patient: int
    kind: str
    days: tuple[int, ...]
    worker: int


class Staff(msgspec.Struct, frozen=True):
    """Sites and clinicians of a practice; `enrollments` in order of clinician.

    `enrollment_of` finds them by NPI and payer id.
    """

    billing: Provider
    sites: tuple[Site, ...]
    workers: tuple[Worker, ...]
    enrollments: tuple[Enrollment, ...]
    enrollment_of: dict[tuple[str, str], Enrollment]


def draw_staff(
    random: Random, *, timeline: Timeline, policies: list[Policy], claims: int
) -> Staff:
    """Sites and clinicians for a practice of `claims` claims."""
    years = max(0.25, (timeline.last + 1) / 365.25)
    count = max(12, round(claims / years / CLAIMS_PER_CLINICIAN_YEAR))
    billing = Provider(
        name="Cedar and Sample Behavioral Health",
        npi=npi(1),
        tax_id="990000001",
        taxonomy_code="261QM0801X",
        address=_office(0),
    )
    sites = tuple(
        _draw_site(random, number, timeline=timeline) for number in range(SITES)
    )
    plan = [name for name, *_ in CREDENTIALS]
    plan += random.choices(
        plan, weights=[share for _, share, _ in CREDENTIALS], k=count - len(plan)
    )
    workers = []
    enrollments: list[Enrollment] = []
    for number, credential in enumerate(plan):
        worker = _draw_worker(random, number, credential=credential, timeline=timeline)
        workers.append(worker)
        enrollments.extend(
            _draw_enrollments(random, worker, policies=policies, timeline=timeline)
        )
    enrollment_of = {(one.clinician_npi, one.payer_id): one for one in enrollments}
    return Staff(billing, sites, tuple(workers), tuple(enrollments), enrollment_of)


def _office(number: int) -> Address:
    city, state, postal_code = CITIES[number]
    return Address(
        street=f"{100 + number} {STREETS[number % len(STREETS)]}",
        city=city,
        state=state,
        postal_code=f"{postal_code}0001",
    )


def _draw_site(random: Random, number: int, *, timeline: Timeline) -> Site:
    migration = (-1, -1)
    if number == 1 and timeline.last > 120:
        begins = random.randint(40, timeline.last - 60)
        migration = (begins, begins + 45)
    return Site(
        number=number,
        facility=Provider(
            name=f"Cedar and Sample Office {number + 1}",
            npi=npi(10 + number),
            address=_office(number),
        ),
        check_share=random.uniform(0.12, 0.70),
        data_factor=random.uniform(0.5, 1.6),
        rejection_factor=random.uniform(0.5, 1.6),
        migration=migration,
    )


def _draw_worker(
    random: Random, number: int, *, credential: str, timeline: Timeline
) -> Worker:
    first_name, last_name = person_name(random)
    taxonomy = next(code for name, _, code in CREDENTIALS if name == credential)
    # The first seven cover every credential and have always been there.
    established = number < len(CREDENTIALS) or random.random() < 0.5
    begins = -400 if established else random.randint(0, max(1, timeline.last * 3 // 4))
    identifier = npi(1000 + number)
    return Worker(
        number=number,
        record=Clinician(
            npi=identifier,
            last_name=last_name,
            first_name=first_name,
            credential=credential,
            taxonomy_code=taxonomy,
            license_number=f"SIM{number:05d}",
            license_state="OH",
            license_begins_on=timeline.date(min(begins, 0) - 300),
            license_ends_on=timeline.date(timeline.last + 400),
        ),
        provider=Provider(
            name=last_name,
            first_name=first_name,
            npi=identifier,
            taxonomy_code=taxonomy,
        ),
        credential=credential,
        site=number % SITES,
        begins=begins,
        undocumented_share=random.betavariate(1, 12),
        late_share=random.betavariate(1.2, 25),
        long_session_share=random.betavariate(4, 4) * 0.88,
    )


def _draw_enrollments(
    random: Random, worker: Worker, *, policies: list[Policy], timeline: Timeline
) -> list[Enrollment]:
    """What the payers' letters say; when they loaded the clinician is hidden."""
    spans = []
    for policy in policies:
        early = random.randint(0, 45) if worker.begins >= 0 else random.randint(0, 300)
        effective = worker.begins - early
        spans.append(
            Enrollment(
                clinician_npi=worker.record.npi,
                payer_id=policy.payer.payer_id,
                effective_on=timeline.date(effective),
                recorded_on=timeline.date(effective + min(early, 10)),
            )
        )
    return spans
