"""From a visit to a claim: what was done, what was written down, what is billed."""

from datetime import date, time
from decimal import Decimal
from functools import cache
from random import Random

import msgspec

from denialml.domain.claim import (
    Claim,
    ClaimPayer,
    Diagnosis,
    OtherPayer,
    Patient,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.simulation.parameters import SERVICES
from denialml.simulation.people import Person, Visit, Worker
from denialml.simulation.timeline import Timeline


class BilledLine(msgspec.Struct, frozen=True):
    """One line before it has a payer: code, units, day number, modifiers."""

    code: str
    units: int
    day: int
    modifiers: tuple[str, ...] = ()
    bundled: bool = False

    @property
    def charge_cents(self) -> int:
        """Charge of the whole line."""
        return SERVICES[self.code].charge_cents * self.units


class Session(msgspec.Struct):
    """What happened at one visit and what the note says of it.

    `documented_minutes` is what the note states, `minutes` what the practice's exports
    support (None where nothing was documented, signed or exported), `held_minutes` how
    long it truly took. `signed` is a day number, None for an unsigned note. `plan_day`
    is the treatment plan's day number.
    """

    visit: Visit
    lines: tuple[BilledLine, ...]
    telehealth: bool
    audio: bool
    documented_minutes: int | None
    minutes: int | None
    signed: int | None
    plan_day: int | None
    visit_number: int
    visits_this_year: int
    number: int = 0
    held: bool = False
    counted_for: tuple[int, ...] = ()
    held_minutes: int = 0


@cache
def dollars(cents: int) -> Decimal:
    """Whole cents as dollars with two decimals."""
    return Decimal(cents).scaleb(-2)


@cache
def _count(units: int) -> Decimal:
    return Decimal(units)


def session_lines(
    random: Random, visit: Visit, *, person: Person, worker: Worker
) -> tuple[BilledLine, ...]:
    """The codes billed for a visit."""
    day = visit.day
    match visit.kind:
        case "intake":
            medical = worker.credential in ("NP", "MD")
            return (BilledLine("90792" if medical else "90791", 1, day),)
        case "couple":
            return (BilledLine("90847", 1, day),)
        case "family":
            return (BilledLine("90846", 1, day),)
        case "crisis":
            return (BilledLine("90839", 1, day),)
        case "group":
            if person.secondary_session and random.random() < 0.35:
                return (
                    BilledLine("90834", 1, day),
                    BilledLine("90853", 1, day, bundled=True),
                )
            return (BilledLine("90853", 1, day),)
        case "iop":
            return tuple(BilledLine("H0015", 1, one) for one in visit.days)
        case "aba":
            lines = [BilledLine("97153", random.choice((8, 8, 12)), day)]
            if random.random() < 0.2:
                lines.append(BilledLine("97155", 4, day))
            return tuple(lines)
        case "testing":
            return (
                BilledLine("96130", 1, day),
                BilledLine("96131", random.choice((1, 2)), day),
                BilledLine("96136", 1, day),
                BilledLine("96137", random.choice((2, 3)), day),
            )
        case "medication":
            return _medication_lines(random, day)
        case _:
            return _therapy_lines(random, day, worker=worker)


def _medication_lines(random: Random, day: int) -> tuple[BilledLine, ...]:
    evaluation = random.choices(("99214", "99213", "99215"), weights=(60, 30, 10))[0]
    draw = random.random()
    if draw >= 0.46:
        return (BilledLine(evaluation, 1, day),)
    separate = random.random() < 0.75
    return (
        BilledLine(evaluation, 1, day, ("25",) if separate else ()),
        BilledLine("90833" if draw < 0.38 else "90836", 1, day, bundled=not separate),
    )


def _therapy_lines(
    random: Random, day: int, *, worker: Worker
) -> tuple[BilledLine, ...]:
    draw = random.random()
    code = "90834"
    if draw < 0.05:
        code = "90832"
    elif draw < 0.05 + worker.long_session_share:
        code = "90837"
    if random.random() < 0.07:
        return (BilledLine(code, 1, day), BilledLine("90785", 1, day))
    return (BilledLine(code, 1, day),)


def session_minutes(random: Random, lines: tuple[BilledLine, ...]) -> int:
    """How long it truly took."""
    usual = SERVICES[lines[0].code].minutes
    if len(lines) > 1 and lines[1].code in ("90833", "90836"):
        usual = SERVICES[lines[1].code].minutes
    return max(10, round(random.gauss(usual, 4.2)))


def clock_times(session: Session) -> tuple[time, time] | None:
    """Start and stop, for the two notes in three that give them instead of a total."""
    minutes = session.documented_minutes
    if minutes is None or session.number % 3 == 0:
        return None
    hour = 8 + session.number % 9
    return time(hour, 0), time(hour + minutes // 60, minutes % 60)


@cache
def _claim_payer(payer_id: str, name: str) -> ClaimPayer:
    return ClaimPayer(payer_id=payer_id, name=name)


def subscriber_of(
    person: Person,
    *,
    member_id: str,
    claim_filing_code: str,
    group_number: str,
    responsibility: str,
) -> Subscriber:
    """The patient, or a child's parent, as subscriber of one coverage."""
    child = bool(person.guardian) and claim_filing_code != "MC"
    return Subscriber(
        member_id=member_id,
        last_name=person.last_name,
        first_name=person.guardian if child else person.first_name,
        birth_date=(
            person.birth_date.replace(year=person.birth_year - 30, day=1)
            if child
            else person.birth_date
        ),
        gender="F" if child else person.gender,
        address=person.address,
        group_number=group_number,
        payer_responsibility_code=responsibility,
        relationship_code="" if child else "18",
        claim_filing_code=claim_filing_code,
    )


def dependent_of(person: Person, subscriber: Subscriber) -> Patient | None:
    """The patient where that is not the subscriber."""
    if subscriber.relationship_code == "18":
        return None
    return Patient(
        last_name=person.last_name,
        first_name=person.first_name,
        birth_date=person.birth_date,
        gender=person.gender,
        address=person.address,
        relationship_code="19",
    )


class Envelope(msgspec.Struct, frozen=True):
    """Everything of a claim that is not the session itself."""

    patient_control_number: str
    submitted_on: date
    payer_id: str
    payer_name: str
    subscriber: Subscriber
    place: str
    telehealth_modifier: str
    authorization_number: str
    referral_number: str
    diagnoses: tuple[str, ...]
    other_payers: tuple[OtherPayer, ...] = ()


@cache
def _diagnoses(codes: tuple[str, ...]) -> tuple[Diagnosis, ...]:
    return tuple(
        Diagnosis(code=code, qualifier="ABF" if position else "ABK")
        for position, code in enumerate(codes)
    )


def build_claim(
    session: Session,
    envelope: Envelope,
    *,
    timeline: Timeline,
    person: Person,
    worker: Worker,
    billing: Provider,
    facility: Provider | None,
) -> Claim:
    """The claim as it goes out."""
    number = envelope.patient_control_number
    pointers = tuple(range(1, len(envelope.diagnoses) + 1))
    extra = (envelope.telehealth_modifier,) if envelope.telehealth_modifier else ()
    lines = tuple(
        ServiceLine(
            line_number=position,
            procedure_code=line.code,
            charge=dollars(line.charge_cents),
            service_date=timeline.date(line.day),
            units=_count(line.units),
            modifiers=line.modifiers + extra,
            diagnosis_pointers=pointers,
            line_control_number=f"{number}L{position}",
        )
        for position, line in enumerate(session.lines, start=1)
    )
    return Claim(
        patient_control_number=number,
        total_charge=dollars(sum(line.charge_cents for line in session.lines)),
        payer=_claim_payer(envelope.payer_id, envelope.payer_name),
        subscriber=envelope.subscriber,
        billing_provider=billing,
        lines=lines,
        diagnoses=_diagnoses(envelope.diagnoses),
        submitted_on=envelope.submitted_on,
        place_of_service=envelope.place,
        patient=dependent_of(person, envelope.subscriber),
        rendering_provider=worker.provider,
        service_facility=facility,
        prior_authorization_number=envelope.authorization_number,
        referral_number=envelope.referral_number,
        other_payers=envelope.other_payers,
        medical_record_number=person.medical_record_number,
    )
