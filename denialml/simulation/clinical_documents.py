"""Clinical documents about a denied claim: notes, plans, evaluations, consents."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec

from denialml.domain.document import Sensitivity
from denialml.simulation import clinical_texts as texts
from denialml.simulation.about import About, author_of
from denialml.simulation.billing import Session, clock_times
from denialml.simulation.clinical_texts import NoteFacts
from denialml.simulation.filing import Folder
from denialml.simulation.parameters import SERVICES
from denialml.simulation.people import Person

_SUBSTANCE_USE = ("F10", "F11")
_PLAN_REVIEW = timedelta(days=90)


def record_sensitivity(person: Person) -> Sensitivity:
    """Records of a substance-use program are protected by 42 CFR part 2."""
    if person.diagnoses[0].startswith(_SUBSTANCE_USE):
        return Sensitivity.PART_2
    return Sensitivity.PHI


def file_notes(folder: Folder, about: About) -> None:
    """One note per day of service; one claim in ten has a process note as well."""
    session, person, worker = about.sent.session, about.person, about.worker
    if record_sensitivity(person) is Sensitivity.PART_2:
        _file_consent(folder, about)
    for facts in _note_facts(about, session):
        trap = _note_trap(folder, about, facts=facts)
        named, member_id, told = person, about.member_id, facts
        if trap == "wrong_patient":
            named, member_id = _someone_else(about), "ZZ99UNKNOWN"
        if trap == "wrong_date":
            other = facts.service_date - timedelta(days=7)
            told = msgspec.structs.replace(facts, service_date=other)
        folder.add(
            f"note {session.number} {facts.service_date}",
            "crisis_note" if facts.code == "90839" else "progress_note",
            text=texts.progress_note(
                named, worker, member_id=member_id, facts=told, trap=trap
            ),
            trap=trap,
            sensitivity=record_sensitivity(person),
            clinician_npi=worker.record.npi,
            service_date=facts.service_date,
            author=author_of(worker),
            authored_on=facts.service_date,
            signed_on=facts.signed_on,
            **about.patient_fields,
        )
    if folder.random.random() < 0.1:
        day = about.state.timeline.date(session.visit.day)
        folder.add(
            f"process {session.number}",
            "psychotherapy_note",
            text=texts.psychotherapy_note(person, about.member_id, service_date=day),
            trap="psychotherapy_note",
            sensitivity=Sensitivity.PSYCHOTHERAPY_NOTE,
            clinician_npi=worker.record.npi,
            service_date=day,
            author=author_of(worker),
            authored_on=day,
            signed_on=day,
            **about.patient_fields,
        )


def _note_facts(about: About, session: Session) -> Iterator[NoteFacts]:
    date_of = about.state.timeline.date
    modality = "in person"
    if session.telehealth:
        modality = "audio" if session.audio else "video"
    clock = clock_times(session)
    signed = date_of(session.signed) if session.signed is not None else None
    plan_on = date_of(session.plan_day) if session.plan_day is not None else None
    for day in session.visit.days:
        yield NoteFacts(
            service_date=date_of(day),
            code=session.lines[0].code,
            clock=(
                (f"{clock[0]:%H:%M}", f"{clock[1]:%H:%M}")
                if clock is not None
                else None
            ),
            minutes=session.documented_minutes if clock is None else None,
            modality=modality,
            location="home" if session.telehealth else "clinic",
            signed_on=signed,
            diagnosis=about.person.diagnoses[0],
            visit_number=session.visit_number,
            plan_on=plan_on,
        )


def _note_trap(folder: Folder, about: About, *, facts: NoteFacts) -> str:
    """Traps that follow from the record come first, planted ones after."""
    draw = folder.random.random()
    if facts.signed_on is None:
        return "unsigned"
    service = SERVICES[facts.code]
    minutes = about.sent.session.documented_minutes
    if minutes is not None and (
        minutes < service.floor or minutes > (service.ceiling or minutes)
    ):
        return "minutes_contradict_code"
    if draw < 0.02:
        return "wrong_patient"
    if draw < 0.04:
        return "prompt_injection"
    if draw < 0.055:
        return "wrong_date"
    part_2 = record_sensitivity(about.person) is Sensitivity.PART_2
    if part_2 and not _has_consented(folder, about.person):
        return "part2_without_consent"
    return ""


def _someone_else(about: About) -> Person:
    people, person = about.state.people, about.person
    for offset in range(1, len(people)):
        other = people[(person.number + offset) % len(people)]
        if (other.first_name, other.last_name) != (person.first_name, person.last_name):
            return other
    return person


def _file_consent(folder: Folder, about: About) -> None:
    """The consent of those patients who gave one."""
    if not _has_consented(folder, about.person):
        return
    timeline = about.state.timeline
    signed = about.sent.claim.lines[0].service_date or timeline.starts_on
    expires = timeline.ends_on + timedelta(days=365)
    folder.add(
        f"consent {about.member_id}",
        "part2_consent",
        text=texts.substance_use_consent(
            about.person, about.member_id, expires_on=expires
        ),
        authored_on=signed,
        signed_on=signed,
        **about.patient_fields,
    )


def _has_consented(folder: Folder, person: Person) -> bool:
    """Six in ten patients have consented."""
    return folder.chance(f"consent {person.number}", 0.6)


def file_plan(folder: Folder, about: About) -> None:
    """The treatment plan in force, which may be past its review."""
    plan_day, worker = about.sent.session.plan_day, about.worker
    service_date = about.sent.claim.lines[0].service_date
    if plan_day is None or service_date is None:
        return
    written = about.state.timeline.date(plan_day)
    due = written + _PLAN_REVIEW
    folder.add(
        f"plan {about.member_id} {plan_day}",
        "treatment_plan",
        text=texts.treatment_plan(
            about.person,
            worker,
            member_id=about.member_id,
            written_on=written,
            review_due=due,
            diagnosis=about.person.diagnoses[0],
        ),
        trap="stale_treatment_plan" if due < service_date else "",
        valid_through=due,
        sensitivity=record_sensitivity(about.person),
        clinician_npi=worker.record.npi,
        author=author_of(worker),
        authored_on=written,
        signed_on=written,
        **about.patient_fields,
    )


def file_evaluation(folder: Folder, about: About) -> None:
    """The intake of patients who began in the span; program patients' assessment."""
    person, worker = about.person, about.worker
    begun = about.state.timeline.date(max(0, person.begins))
    fields: dict[str, Any] = {
        "sensitivity": record_sensitivity(person),
        "clinician_npi": worker.record.npi,
        "author": author_of(worker),
        "authored_on": begun,
        "signed_on": begun,
        **about.patient_fields,
    }
    if person.begins >= 0 and person.episode != "aba":
        folder.add(
            f"intake {about.member_id}",
            "intake_evaluation",
            text=texts.intake_evaluation(
                person,
                worker,
                member_id=about.member_id,
                on=begun,
                diagnosis=person.diagnoses[0],
            ),
            **fields,
        )
    if person.episode == "iop":
        folder.add(
            f"level {about.member_id}",
            "level_of_care_tool",
            text=texts.level_of_care(
                person, worker, member_id=about.member_id, on=begun
            ),
            **fields,
        )


def file_scores(folder: Folder, about: About) -> None:
    """Two scores of therapy patients."""
    service_date = about.sent.claim.lines[0].service_date
    if about.person.episode != "therapy" or service_date is None:
        return
    begun = about.state.timeline.date(max(0, about.person.begins))
    high = folder.random.randint(12, 22)
    folder.add(
        f"scores {about.member_id}",
        "phq_gad_scores",
        text=texts.outcome_scores(
            about.person,
            about.member_id,
            first=(min(begun, service_date), high),
            last=(service_date, high - folder.random.randint(0, 8)),
        ),
        authored_on=service_date,
        **about.patient_fields,
    )


def file_telehealth_consent(folder: Folder, about: About) -> None:
    """Consent to be treated by video."""
    signed = about.state.timeline.date(max(0, about.person.begins))
    folder.add(
        f"telehealth {about.member_id}",
        "telehealth_consent",
        text=texts.telehealth_consent(
            about.person, about.member_id, worker=about.worker, signed_on=signed
        ),
        authored_on=signed,
        signed_on=signed,
        **about.patient_fields,
    )
