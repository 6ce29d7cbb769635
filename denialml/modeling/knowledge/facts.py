"""What was on file about a claim line on a day: the one place where that is decided.

`FactBook` holds a practice's records indexed by patient and answers `line_facts` for
any claim, stored or not. It refuses to look past the as-of day: claims, remittances
and acknowledgments count when dated strictly before it; eligibility checks,
authorizations, signed notes and enrollments also on the day itself.
"""

from collections.abc import Sequence
from copy import copy
from datetime import date
from typing import Literal

from denialml.domain.claim import (
    Claim,
    ServiceLine,
    line_place_of_service,
    rendering_npi,
)
from denialml.domain.coverage import (
    Clinician,
    EligibilityCheck,
    EligibilityResult,
    Enrollment,
    Payer,
)
from denialml.domain.encounter import Encounter, Modality, documented_minutes
from denialml.domain.facts import (
    EnrollmentState,
    LineFacts,
    LineRecords,
    PracticeRecords,
)
from denialml.modeling.knowledge.authorization_fit import fit_authorization
from denialml.modeling.knowledge.kept_records import KeptRecords
from denialml.modeling.knowledge.patient_file import PatientFile
from denialml.modeling.knowledge.patient_index import PatientFiles
from denialml.reference import procedure_codes

TELEHEALTH_PLACES = frozenset({"02", "10"})
TELEHEALTH_MODIFIERS = frozenset({"95", "GT", "GQ", "G0", "93", "FQ", "FR"})
# An enum's member costs ten times a module's name, and every line asks.
_UNKNOWN = Modality.UNKNOWN
_VIDEO = Modality.VIDEO
_AUDIO = Modality.AUDIO
_ENROLLED = EnrollmentState.ENROLLED
_NOT_ENROLLED = EnrollmentState.NONE
_NO_RECORDS = EnrollmentState.NO_RECORDS
_ACTIVE = EligibilityResult.ACTIVE


class FactBook:
    """Everything on file of one practice, asked line by line.

    Parameters
    ----------
    records : PracticeRecords
        Unordered; may reach past any as-of day that is asked about.
    """

    def __init__(self, records: PracticeRecords) -> None:
        self.payers: dict[str, Payer] = {
            payer.payer_id: payer for payer in records.payers
        }
        self._clinicians: dict[str, Clinician] = {
            clinician.npi: clinician for clinician in records.clinicians
        }
        self._enrollments: dict[tuple[str, str], list[Enrollment]] = {}
        self._first_enrollment_known: date | None = None
        for enrollment in records.enrollments:
            key = (enrollment.clinician_npi, enrollment.payer_id)
            self._enrollments.setdefault(key, []).append(enrollment)
            known = enrollment.recorded_on or enrollment.effective_on
            self._first_enrollment_known = min(
                known, self._first_enrollment_known or known
            )
        self.kept = KeptRecords(records)
        self._files = PatientFiles(records)
        self._codes = procedure_codes()

    def supposing(self, supposed: PracticeRecords) -> "FactBook":
        """The same practice as if some more were on file, of the one patient who is
        asked about next: eligibility checks, authorizations, notes and enrollments.

        A supposed note takes the place of the one with its number. Answers are those of
        a book made of all records and the supposed ones.
        """
        other = copy(self)
        other._files = self._files.supposing(supposed)
        if supposed.enrollments:
            other._enrollments = dict(self._enrollments)
            for enrollment in supposed.enrollments:
                key = (enrollment.clinician_npi, enrollment.payer_id)
                other._enrollments[key] = [*other._enrollments.get(key, ()), enrollment]
                known = enrollment.recorded_on or enrollment.effective_on
                first = other._first_enrollment_known
                other._first_enrollment_known = min(known, first or known)
        return other

    def patient_file(self, claim: Claim) -> PatientFile:
        """Everything on file of the claim's patient, of any day."""
        return self._files.of(claim)

    def line_facts(
        self,
        claim: Claim,
        line: ServiceLine,
        *,
        as_of: date,
        own_note_only: bool = False,
    ) -> LineFacts:
        """What was known on the day `as_of` about `line`, one of the claim's lines.

        The claim need not be stored; for one about to be sent, `as_of` is today.
        `own_note_only`: a note of the day by another clinician is no note of the line.
        """
        file = self._files.of(claim)
        notes = _notes(file, claim, line, own_only=own_note_only)
        note = _note(notes, claim, line, as_of=as_of)
        signed = True if note is not None else _unsigned_note(notes, as_of=as_of)
        return self._with_note(file, claim, line, note, signed=signed, as_of=as_of)

    def _with_note(
        self,
        file: PatientFile,
        claim: Claim,
        line: ServiceLine,
        note: Encounter | None,
        *,
        signed: bool | None,
        as_of: date,
    ) -> LineFacts:
        payer_id = claim.payer.payer_id
        payer = self.payers.get(payer_id)
        day = line.service_date
        check = file.eligibility_check(payer_id, as_of=as_of)
        authorization = fit_authorization(file, claim, line, as_of=as_of)
        clinician = rendering_npi(claim, line)
        enrollment_state, enrollment_age = self._enrollment(
            (clinician, payer_id), day or as_of, as_of=as_of
        )
        code = self._codes.get(line.procedure_code)
        modality = note.modality if note is not None else _UNKNOWN
        telehealth, place, modifier = _telehealth(claim, line, payer, modality)
        already_sent, other_codes = file.same_day(claim, line, as_of=as_of)
        visits = file.visits_before(day, as_of=as_of)
        answers = file.last_answers(payer_id, day=day or as_of, as_of=as_of)
        return LineFacts(
            as_of=as_of,
            service_date=day,
            filing_lag_days=(as_of - day).days if day is not None else None,
            filing_limit_days=payer.filing_limit_days if payer is not None else None,
            authorization_state=authorization.state,
            authorization_number=authorization.number,
            authorization_number_on_claim=authorization.on_claim,
            authorization_units_left=authorization.units_left,
            authorization_days_left=authorization.days_left,
            visits_this_year=visits[0],
            visit_number=visits[1] + 1,
            encounter_on_file=signed is not None,
            note_signed=signed,
            documented_minutes=documented_minutes(note) if note is not None else None,
            code_minutes_minimum=code.minutes_minimum if code is not None else None,
            code_minutes_maximum=code.minutes_maximum if code is not None else None,
            modality=modality,
            treatment_plan_age_days=file.treatment_plan_age(note, day, as_of=as_of),
            eligibility_result=check.result if check is not None else None,
            eligibility_age_days=_days(check.checked_on if check else None, day),
            coverage_ended_before_service=_coverage_ended(check, day),
            other_payer_named=_other_payer_named(check),
            mental_health_active=check.mental_health_active if check else None,
            visits_remaining=check.visits_remaining if check else None,
            enrollment_state=enrollment_state,
            enrollment_age_days=enrollment_age,
            license_valid=self._license_valid(clinician, day, as_of=as_of),
            is_telehealth=telehealth,
            place_of_service_expected=place,
            telehealth_modifier_expected=modifier,
            same_service_already_sent=already_sent,
            other_codes_same_day=other_codes,
            diagnosis_codes=line_diagnosis_codes(claim, line),
            days_since_patient_paid=answers[0],
            days_since_patient_denied=answers[1],
            patient_last_denial_reasons=answers[2],
            visits_remaining_now=file.visits_remaining(payer_id, day, as_of=as_of),
        )

    def line_records(
        self, claim: Claim, line: ServiceLine, *, as_of: date
    ) -> LineRecords:
        """The records that `line_facts` rests on, as known on the day `as_of`.

        The note, or draft, is one of the line's own clinician or claim: what another
        clinician documented that day proves nothing of the line.
        """
        file = self._files.of(claim)
        payer_id = claim.payer.payer_id
        notes = _notes(file, claim, line, own_only=True)
        note = _note(notes, claim, line, as_of=as_of)
        clinician = rendering_npi(claim, line)
        who = self._clinicians.get(clinician)
        draft = another = None
        if note is None:
            every = _notes(file, claim, line, own_only=False)
            another = _note(every, claim, line, as_of=as_of)
            draft = next(
                (one for one in notes if (one.signed_on or date.max) > as_of), None
            )
        return LineRecords(
            note=note,
            draft=draft,
            note_of_another=another,
            check=file.eligibility_check(payer_id, as_of=as_of),
            authorizations=tuple(
                one
                for one in file.authorizations.get(payer_id, ())
                if one.issued_on <= as_of
            ),
            clinician=who,
            supervisor=self._clinicians.get(who.supervisor_npi) if who else None,
            enrollments=tuple(
                one
                for one in self._enrollments.get((clinician, payer_id), ())
                if (one.recorded_on or one.effective_on) <= as_of
            ),
            sent=file.sent_before(claim, as_of=as_of),
            checks_elsewhere=file.checks_elsewhere(payer_id, as_of=as_of),
            answered=file.answered_before(as_of),
            notes=_notes_of_line(notes, note, claim, line, as_of=as_of),
            notes_of_day=sum((one.signed_on or date.max) <= as_of for one in notes),
        )

    def _enrollment(
        self, key: tuple[str, str], day: date, *, as_of: date
    ) -> tuple[EnrollmentState, int | None]:
        first = self._first_enrollment_known
        if first is None or first > as_of:
            return _NO_RECORDS, None
        spans = self._enrollments.get(key)
        if spans is None:
            return _NOT_ENROLLED, None
        known = [
            span for span in spans if (span.recorded_on or span.effective_on) <= as_of
        ]
        if not known:
            return _NOT_ENROLLED, None
        for span in known:
            if span.effective_on <= day and (
                span.ends_on is None or day <= span.ends_on
            ):
                return _ENROLLED, (day - span.effective_on).days
        latest = max(known, key=lambda span: (span.effective_on, span.ends_on or day))
        age = (day - latest.effective_on).days
        return (EnrollmentState.NOT_YET if age < 0 else EnrollmentState.ENDED), age

    def _license_valid(self, npi: str, day: date | None, *, as_of: date) -> bool | None:
        """Whether the license covered the service; None where the file cannot tell.

        clinicians.csv holds the license of today. One that begins after `as_of` was
        not yet on file then: it has replaced another, of which nothing is known.
        """
        clinician = self._clinicians.get(npi)
        if clinician is None or day is None or not clinician.license_number:
            return None
        begins, ends = clinician.license_begins_on, clinician.license_ends_on
        if begins is not None and begins > as_of:
            return None
        if begins is not None and day < begins:
            return False
        return ends is None or day <= ends


def line_diagnosis_codes(claim: Claim, line: ServiceLine) -> tuple[str, ...]:
    """ICD-10-CM codes the line points to, in pointer order; bad pointers dropped."""
    codes = claim.diagnoses
    return tuple(
        [
            codes[pointer - 1].code
            for pointer in line.diagnosis_pointers
            if 0 < pointer <= len(codes)
        ]
    )


def _notes(
    file: PatientFile, claim: Claim, line: ServiceLine, *, own_only: bool
) -> Sequence[Encounter]:
    """The notes of the line's day, of any clinician or of the line's own."""
    if line.service_date is None:
        return ()
    notes = file.encounters.get(line.service_date, ())
    if not own_only or not notes:
        return notes
    clinician = rendering_npi(claim, line)
    if clinician == claim.billing_provider.npi:
        return notes  # nobody is named: whoever of the practice wrote the note
    return [
        note
        for note in notes
        if note.clinician_npi in ("", clinician)
        or note.patient_control_number == claim.patient_control_number
    ]


def _note(
    notes: Sequence[Encounter], claim: Claim, line: ServiceLine, *, as_of: date
) -> Encounter | None:
    """The note that supports the line: signed by the day, best match first."""
    found = _signed(notes, as_of)
    if len(found) <= 1:
        return found[0] if found else None
    return max(found, key=lambda encounter: _match(encounter, claim, line))


def _notes_of_line(
    notes: Sequence[Encounter],
    note: Encounter | None,
    claim: Claim,
    line: ServiceLine,
    *,
    as_of: date,
) -> tuple[Encounter, ...]:
    """All of the notes that may be the line's; `note`, the best match, is one."""
    if note is None or len(notes) == 1:
        return (note,) if note is not None else ()
    number = claim.patient_control_number
    own_codes = _codes_of_session(claim, line)
    of_others = {one.procedure_code for one in claim.lines} - own_codes
    signed = _signed(notes, as_of)
    found = [
        one
        for one in signed
        if one.procedure_code not in of_others
        and (
            not one.procedure_code
            or one.procedure_code in own_codes
            or one.patient_control_number == number
        )
    ]
    # A claim that was sent again has a new number: its notes may name the first.
    own = [one for one in found if one.patient_control_number in ("", number)]
    if note in own:
        return tuple(own)
    # Where all name something else, any of them may be the line's.
    return tuple(found if note in found else signed)


def _signed(notes: Sequence[Encounter], as_of: date) -> list[Encounter]:
    return [
        encounter
        for encounter in notes
        if encounter.signed_on is not None and encounter.signed_on <= as_of
    ]


def _codes_of_session(claim: Claim, line: ServiceLine) -> set[str]:
    """The line's code, and the claim's codes that are its base or add to it: one note
    documents them together."""
    codes = procedure_codes()
    own = codes.get(line.procedure_code)
    bases = own.primary_codes if own is not None else ()
    return {line.procedure_code} | {
        one.procedure_code
        for one in claim.lines
        if one.procedure_code in bases
        or (
            (other := codes.get(one.procedure_code)) is not None
            and line.procedure_code in other.primary_codes
        )
    }


def _unsigned_note(notes: Sequence[Encounter], *, as_of: date) -> Literal[False] | None:
    """False where one of the day's notes was not signed by `as_of`, else None.

    One signed later and one never signed look the same on the day: telling them
    apart would tell the future.
    """
    drafted = any(
        encounter.signed_on is None or encounter.signed_on > as_of
        for encounter in notes
    )
    return False if drafted else None


def _match(
    encounter: Encounter, claim: Claim, line: ServiceLine
) -> tuple[bool, bool, bool, bool, str]:
    """What speaks for the note, most first. One that names another service of the
    claim is of that service, whatever claim it names."""
    own_codes = _codes_of_session(claim, line)
    named = encounter.procedure_code
    of_others = named not in own_codes and any(
        one.procedure_code == named for one in claim.lines
    )
    return (
        encounter.patient_control_number == claim.patient_control_number
        and not of_others,
        named == line.procedure_code,
        encounter.clinician_npi == rendering_npi(claim, line),
        not named or named in own_codes,
        encounter.encounter_id,
    )


def _telehealth(
    claim: Claim, line: ServiceLine, payer: Payer | None, modality: Modality
) -> tuple[bool, str, str]:
    """Whether it is telehealth, and the place and modifier this payer then wants."""
    if not (
        line_place_of_service(claim, line) in TELEHEALTH_PLACES
        or modality in (_VIDEO, _AUDIO)
        or not TELEHEALTH_MODIFIERS.isdisjoint(line.modifiers)
    ):
        return False, "", ""
    if payer is None:
        return True, "", ""
    if modality is _AUDIO and payer.audio_only_modifier:
        return True, payer.telehealth_place_of_service, payer.audio_only_modifier
    return True, payer.telehealth_place_of_service, payer.telehealth_modifier


def _days(earlier: date | None, later: date | None) -> int | None:
    if earlier is None or later is None:
        return None
    return (later - earlier).days


def _other_payer_named(check: EligibilityCheck | None) -> bool:
    return check is not None and bool(check.other_payer_id or check.other_payer_name)


def _coverage_ended(check: EligibilityCheck | None, day: date | None) -> bool | None:
    """Whether the last answer says that coverage ended before the service."""
    if check is None or day is None:
        return None
    if check.coverage_end is not None:
        return check.coverage_end < day
    if check.result is _ACTIVE and day <= check.checked_on:
        return False
    return None
