"""What was on file about a claim line on a day: the one place where that is decided.

`FactBook` holds a practice's records indexed by patient and answers `line_facts` for
any claim, stored or not. It refuses to look past the as-of day: claims, remittances
and acknowledgments count when dated strictly before it; eligibility checks,
authorizations, signed notes and enrollments also on the day itself.
"""

from copy import copy
from datetime import date

import msgspec

from denialml.domain.claim import (
    Claim,
    ServiceLine,
    line_place_of_service,
    rendering_npi,
)
from denialml.domain.coverage import EligibilityCheck, EligibilityResult, Payer
from denialml.domain.encounter import Encounter, Modality, documented_minutes
from denialml.domain.facts import LineFacts, LineRecords, PracticeRecords
from denialml.modeling.knowledge.authorization_fit import fit_authorization
from denialml.modeling.knowledge.kept_records import KeptRecords
from denialml.modeling.knowledge.line_notes import (
    best_note,
    notes_of_day,
    notes_of_line,
    unsigned_note,
)
from denialml.modeling.knowledge.patient_file import PatientFile
from denialml.modeling.knowledge.patient_index import PatientFiles
from denialml.modeling.knowledge.roster import Roster
from denialml.reference import procedure_codes

TELEHEALTH_PLACES = frozenset({"02", "10"})
TELEHEALTH_MODIFIERS = frozenset({"95", "GT", "GQ", "G0", "93", "FQ", "FR"})
# An enum's member costs ten times a module's name, and every line asks.
_UNKNOWN = Modality.UNKNOWN
_VIDEO = Modality.VIDEO
_AUDIO = Modality.AUDIO
_ACTIVE = EligibilityResult.ACTIVE


class _Asked(msgspec.Struct, frozen=True, gc=False):
    """A line that is asked about, with its patient's file and the note that supports
    it. `note_signed` is False where only an unsigned one is there, None: none is."""

    claim: Claim
    line: ServiceLine
    file: PatientFile
    note: Encounter | None
    note_signed: bool | None
    as_of: date


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
        self._roster = Roster(records.clinicians, records.enrollments)
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
            other._roster = self._roster.supposing(supposed.enrollments)
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
        notes = notes_of_day(file, claim, line, own_only=own_note_only)
        note = best_note(notes, claim, line, as_of=as_of)
        signed = True if note is not None else unsigned_note(notes, as_of=as_of)
        return self._facts(_Asked(claim, line, file, note, signed, as_of))

    def _facts(self, asked: _Asked) -> LineFacts:
        claim, line, file, note = asked.claim, asked.line, asked.file, asked.note
        signed, as_of = asked.note_signed, asked.as_of
        payer_id = claim.payer.payer_id
        payer = self.payers.get(payer_id)
        day = line.service_date
        check = file.eligibility_check(payer_id, as_of=as_of)
        authorization = fit_authorization(file, claim, line, as_of=as_of)
        clinician = rendering_npi(claim, line)
        enrollment_state, enrollment_age = self._roster.enrollment(
            clinician, payer_id, day=day or as_of, as_of=as_of
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
            license_valid=self._roster.license_valid(clinician, day, as_of=as_of),
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
        notes = notes_of_day(file, claim, line, own_only=True)
        note = best_note(notes, claim, line, as_of=as_of)
        clinician = rendering_npi(claim, line)
        who = self._roster.clinician(clinician)
        draft = another = None
        if note is None:
            every = notes_of_day(file, claim, line, own_only=False)
            another = best_note(every, claim, line, as_of=as_of)
            draft = next(
                (one for one in notes if (one.signed_on or date.max) > as_of), None
            )
        return LineRecords(
            note=note,
            draft=draft,
            note_of_another=another,
            check=file.check_about(payer_id, line.service_date, as_of=as_of),
            authorizations=tuple(
                one
                for one in file.authorizations.get(payer_id, ())
                if one.issued_on <= as_of
            ),
            clinician=who,
            supervisor=self._roster.clinician(who.supervisor_npi) if who else None,
            enrollments=self._roster.enrollments(clinician, payer_id, as_of=as_of),
            sent=file.sent_before(claim, as_of=as_of),
            checks_elsewhere=file.checks_elsewhere(
                payer_id, line.service_date, as_of=as_of
            ),
            answered=file.answered_before(as_of),
            notes=notes_of_line(notes, note, claim, line, as_of=as_of),
            notes_of_day=sum((one.signed_on or date.max) <= as_of for one in notes),
        )


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
