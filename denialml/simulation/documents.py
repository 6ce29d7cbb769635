"""The document folder: what a biller would find for recently denied claims.

Only denials of the last months have documents, as in a practice that pulls records
when it needs them. Some documents are traps that must not be attached, or that
refute the claim; `DocumentTruth` labels them, apart from the practice.
"""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import msgspec

from denialml.domain.coverage import EligibilityCheck, Enrollment
from denialml.domain.document import Document, Sensitivity
from denialml.simulation import document_texts as texts
from denialml.simulation.authorizing import Grant
from denialml.simulation.billing import Session, clock_times
from denialml.simulation.document_texts import NoteFacts
from denialml.simulation.parameters import SERVICES
from denialml.simulation.people import Person, Worker
from denialml.simulation.practice import DocumentTruth
from denialml.simulation.rules import Rule
from denialml.simulation.state import Sent, State

RECENT_DAYS = 150
_SUBSTANCE_USE = ("F10", "F11")
_PLAN_REVIEW = timedelta(days=90)
_NEEDS_PLAN = frozenset(
    {
        Rule.AUTHORIZATION_MISSING,
        Rule.AUTHORIZATION_MISMATCH,
        Rule.NECESSITY,
        Rule.RECORDS,
        Rule.VISIT_LIMIT,
        Rule.TIME,
        Rule.PAYER_ERROR,
    }
)


class Folder:
    """Collects documents once each; `truths` labels those that are traps."""

    def __init__(self, state: State, seed: int) -> None:
        self._state = state
        self._random = Random(f"documents {seed}")
        self._seen: set[str] = set()
        self.documents: list[Document] = []
        self.truths: list[DocumentTruth] = []
        self._checks: dict[str, list[EligibilityCheck]] = {}
        for check in state.outputs.checks:
            self._checks.setdefault(check.medical_record_number, []).append(check)
        self._enrollments: dict[tuple[str, str], Enrollment] = {
            (one.clinician_npi, one.payer_id): one for one in state.staff.enrollments
        }

    def add_denial(self, sent: Sent) -> None:
        """Every document on file about one denied claim."""
        state = self._state
        person = state.people[sent.session.visit.patient]
        worker = state.staff.workers[person.worker]
        causes = {cause for cause in sent.causes if cause is not None}
        self._notes(sent, person, worker)
        if causes & _NEEDS_PLAN:
            self._plan(sent, person, worker)
            self._scores(sent, person)
        if causes & {Rule.AUTHORIZATION_MISSING, Rule.AUTHORIZATION_MISMATCH}:
            self._authorizations(sent, person)
        if causes & {Rule.ELIGIBILITY, Rule.OTHER_PAYER}:
            self._eligibility(sent, person)
        if causes & {Rule.TIMELY, Rule.DUPLICATE, Rule.PAYER_ERROR}:
            self._acceptance(sent, person)
        if causes & {Rule.LOADING, Rule.EXCLUDED_CREDENTIAL}:
            self._enrollment(sent, worker)
        if Rule.TELEHEALTH in causes:
            self._telehealth(sent, person, worker)

    def _add(
        self,
        key: str,
        kind: str,
        text: str,
        *,
        trap: str = "",
        sensitivity: Sensitivity = Sensitivity.PHI,
        **fields: object,
    ) -> None:
        if key in self._seen:
            return
        self._seen.add(key)
        number = f"D{len(self.documents) + 1:06d}"
        title = kind.replace("_", " ").capitalize()
        document = Document(
            document_id=number,
            kind=kind,
            sensitivity=sensitivity,
            title=title,
            file_name=f"{number}_{kind}.txt",
            media_type="text/plain",
            content_sha256=hashlib.sha256(text.encode()).hexdigest(),
            text=text,
        )
        self.documents.append(msgspec.structs.replace(document, **fields))
        if trap:
            self.truths.append(DocumentTruth(document_id=number, kind=kind, trap=trap))

    def _notes(self, sent: Sent, person: Person, worker: Worker) -> None:
        session = sent.session
        member_id = sent.coverage.member_id
        sensitivity = Sensitivity.PHI
        if person.diagnoses[0].startswith(_SUBSTANCE_USE):
            sensitivity = Sensitivity.PART_2
            self._consent(sent, person)
        for facts in self._note_facts(session, person):
            trap = self._note_trap(session, facts)
            named = person
            if trap == "wrong_patient":
                named = self._someone_else(person)
            text = texts.progress_note(
                worker=worker,
                person=named,
                member_id=member_id if named is person else "ZZ99UNKNOWN",
                facts=facts,
                trap=trap,
            )
            self._add(
                f"note {session.number} {facts.service_date}",
                "crisis_note" if facts.code == "90839" else "progress_note",
                text,
                trap=trap,
                sensitivity=sensitivity,
                medical_record_number=person.medical_record_number,
                member_id=member_id,
                clinician_npi=worker.record.npi,
                service_date=facts.service_date,
                author=_author(worker),
                authored_on=facts.service_date,
                signed_on=facts.signed_on,
            )
        if self._random.random() < 0.1:
            day = self._state.timeline.date(session.visit.day)
            self._add(
                f"process {session.number}",
                "psychotherapy_note",
                texts.psychotherapy_note(person, member_id, day),
                trap="psychotherapy_note",
                sensitivity=Sensitivity.PSYCHOTHERAPY_NOTE,
                medical_record_number=person.medical_record_number,
                member_id=member_id,
                clinician_npi=worker.record.npi,
                service_date=day,
                author=_author(worker),
                authored_on=day,
                signed_on=day,
            )

    def _note_facts(self, session: Session, person: Person) -> Iterator[NoteFacts]:
        date_of = self._state.timeline.date
        modality = "in person"
        if session.telehealth:
            modality = "audio" if session.audio else "video"
        clock = clock_times(session)
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
                signed_on=(
                    date_of(session.signed) if session.signed is not None else None
                ),
                diagnosis=person.diagnoses[0],
                visit_number=session.visit_number,
                plan_on=(
                    date_of(session.plan_day) if session.plan_day is not None else None
                ),
            )

    def _note_trap(self, session: Session, facts: NoteFacts) -> str:
        """Traps that follow from the record come first, planted ones after."""
        draw = self._random.random()
        if facts.signed_on is None:
            return "unsigned"
        service, minutes = SERVICES[facts.code], session.documented_minutes
        if minutes is not None and (
            minutes < service.floor or minutes > (service.ceiling or minutes)
        ):
            return "minutes_contradict_code"
        if draw < 0.02:
            return "wrong_patient"
        if draw < 0.04:
            return "prompt_injection"
        return ""

    def _someone_else(self, person: Person) -> Person:
        people = self._state.people
        for offset in range(1, len(people)):
            other = people[(person.number + offset) % len(people)]
            if (other.first_name, other.last_name) != (
                person.first_name,
                person.last_name,
            ):
                return other
        return person

    def _consent(self, sent: Sent, person: Person) -> None:
        # Six in ten patients have consented; drawn once per patient.
        if Random(f"consent {person.number}").random() >= 0.6:
            return
        signed = sent.claim.lines[0].service_date or self._state.timeline.starts_on
        expires = self._state.timeline.ends_on + timedelta(days=365)
        self._add(
            f"consent {person.number} {sent.coverage.member_id}",
            "part2_consent",
            texts.substance_use_consent(person, sent.coverage.member_id, expires),
            medical_record_number=person.medical_record_number,
            member_id=sent.coverage.member_id,
            authored_on=signed,
            signed_on=signed,
        )

    def _plan(self, sent: Sent, person: Person, worker: Worker) -> None:
        plan_day = sent.session.plan_day
        if plan_day is None:
            return
        written = self._state.timeline.date(plan_day)
        due = written + _PLAN_REVIEW
        service_date = sent.claim.lines[0].service_date
        stale = service_date is not None and due < service_date
        self._add(
            f"plan {person.number} {plan_day} {sent.coverage.member_id}",
            "treatment_plan",
            texts.treatment_plan(
                person,
                worker,
                sent.coverage.member_id,
                written_on=written,
                review_due=due,
                diagnosis=person.diagnoses[0],
            ),
            trap="stale_treatment_plan" if stale else "",
            sensitivity=self._record_sensitivity(person),
            medical_record_number=person.medical_record_number,
            member_id=sent.coverage.member_id,
            clinician_npi=worker.record.npi,
            author=_author(worker),
            authored_on=written,
            signed_on=written,
        )

    def _record_sensitivity(self, person: Person) -> Sensitivity:
        if person.diagnoses[0].startswith(_SUBSTANCE_USE):
            return Sensitivity.PART_2
        return Sensitivity.PHI

    def _scores(self, sent: Sent, person: Person) -> None:
        service_date = sent.claim.lines[0].service_date
        if person.episode != "therapy" or service_date is None:
            return
        begun = self._state.timeline.date(max(0, person.begins))
        high = self._random.randint(12, 22)
        self._add(
            f"scores {person.number} {sent.coverage.member_id}",
            "phq_gad_scores",
            texts.outcome_scores(
                person,
                sent.coverage.member_id,
                first=(min(begun, service_date), high),
                last=(service_date, high - self._random.randint(0, 8)),
            ),
            medical_record_number=person.medical_record_number,
            member_id=sent.coverage.member_id,
            authored_on=service_date,
        )

    def _authorizations(self, sent: Sent, person: Person) -> None:
        policy = self._state.policy(sent.coverage)
        grants: list[Grant] = self._state.grants.get((person.number, policy.index), [])
        first = sent.session.visit.days[0]
        for grant in grants:
            expired = grant.ends < first
            self._add(
                f"grant {grant.number}",
                "auth_letter" if grant.approved else "um_denial_letter",
                texts.authorization_letter(
                    person,
                    sent.coverage.member_id,
                    policy.payer,
                    grant,
                    self._state.timeline,
                ),
                trap="expired_authorization" if expired else "",
                medical_record_number=person.medical_record_number,
                member_id=sent.coverage.member_id,
                payer_id=policy.payer.payer_id,
                authorization_number=grant.number,
                authored_on=self._state.timeline.date(grant.issued),
            )

    def _eligibility(self, sent: Sent, person: Person) -> None:
        policy = self._state.policy(sent.coverage)
        for check in self._checks.get(person.medical_record_number, ())[-4:]:
            if check.member_id != sent.coverage.member_id:
                continue
            self._add(
                f"check {check.trace_number}",
                "eligibility_271",
                texts.eligibility_printout(person, policy.payer, check),
                medical_record_number=person.medical_record_number,
                member_id=check.member_id,
                payer_id=check.payer_id,
                service_date=check.service_date,
                authored_on=check.checked_on,
            )

    def _acceptance(self, sent: Sent, person: Person) -> None:
        policy = self._state.policy(sent.coverage)
        accepted = self._state.timeline.date(sent.submitted + 1)
        number = sent.claim.patient_control_number
        late = Rule.TIMELY in sent.causes
        self._add(
            f"acceptance {number} {sent.submitted}",
            "277ca_acceptance",
            texts.claim_acceptance(
                person,
                sent.coverage.member_id,
                policy.payer,
                control_number=number,
                accepted_on=accepted,
                charge=str(sent.claim.total_charge),
            ),
            trap="proves_late_filing" if late else "",
            medical_record_number=person.medical_record_number,
            member_id=sent.coverage.member_id,
            payer_id=policy.payer.payer_id,
            patient_control_number=number,
            authored_on=accepted,
        )

    def _enrollment(self, sent: Sent, worker: Worker) -> None:
        policy = self._state.policy(sent.coverage)
        enrollment = self._enrollments[worker.record.npi, policy.payer.payer_id]
        self._add(
            f"enrollment {worker.number} {policy.index}",
            "credentialing_letter",
            texts.enrollment_letter(worker, policy.payer, enrollment.effective_on),
            sensitivity=Sensitivity.PROVIDER_DATA,
            payer_id=policy.payer.payer_id,
            clinician_npi=worker.record.npi,
            authored_on=enrollment.recorded_on,
            signed_on=enrollment.recorded_on,
        )

    def _telehealth(self, sent: Sent, person: Person, worker: Worker) -> None:
        signed: date = self._state.timeline.date(max(0, person.begins))
        self._add(
            f"telehealth {person.number} {sent.coverage.member_id}",
            "telehealth_consent",
            texts.telehealth_consent(person, sent.coverage.member_id, worker, signed),
            medical_record_number=person.medical_record_number,
            member_id=sent.coverage.member_id,
            authored_on=signed,
            signed_on=signed,
        )


def _author(worker: Worker) -> str:
    record = worker.record
    return f"{record.first_name} {record.last_name}, {worker.credential}"


def file_documents(
    state: State, *, seed: int
) -> tuple[tuple[Document, ...], tuple[DocumentTruth, ...]]:
    """Documents about denials received in the last `RECENT_DAYS` days."""
    folder = Folder(state, seed)
    since = state.timeline.last - RECENT_DAYS
    for received, sent in state.outputs.denied:
        if received >= since:
            folder.add_denial(sent)
    return tuple(folder.documents), tuple(folder.truths)
