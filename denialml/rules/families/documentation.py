"""The note behind a session: signed, timed, under a plan, of this visit."""

from decimal import Decimal

from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.encounter import Encounter, documented_minutes
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import procedure_codes
from denialml.rules.case import LineCase
from denialml.rules.code_sets import INDIVIDUAL_PSYCHOTHERAPY
from denialml.rules.rule import (
    MEDICAID,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.session_codes import PLANNED_TREATMENT, WITHOUT_SESSION
from denialml.rules.session_notes import not_told_apart, which_note

_FOLLOW_UP_VISITS = frozenset({"99212", "99213", "99214", "99215"})
_NOTE_SESSIONS = PLANNED_TREATMENT | _FOLLOW_UP_VISITS
_MEASURED_CARE = INDIVIDUAL_PSYCHOTHERAPY | _FOLLOW_UP_VISITS
_MEASUREMENT_CODE = "96127"
# Their time is the observation's (BH-069).
_TIMED_BY_OBSERVATION = frozenset({"G2082", "G2083"})
_TIMED = frozenset(
    code.code for code in procedure_codes().values() if code.time_basis == "minutes"
)
# Payers ask for a signature within 3 days, and the slowest within 14.
_USUAL_SIGNATURE_DAYS, _LAST_SIGNATURE_DAYS = 3, 14
_USUAL_PLAN_DAYS = 90
_REPEATED_SHARE = Decimal("0.95")

_SIGNED_NOTE = CannotTell("a signed note of the session", MissingRecord.ENCOUNTER)
_HELD = CannotTell("whether the visit was held", MissingRecord.ENCOUNTER)
_SIGNATURE_LIMIT = CannotTell(
    "the payer's limit for signing notes",
    MissingRecord.PAYER_SETTING,
    "signature_limit_days",
)
_PLAN = CannotTell(
    "the date of the treatment plan in force",
    MissingRecord.ENCOUNTER,
    "treatment_plan_on",
)
_PLAN_LIMIT = CannotTell(
    "the payer's interval for reviewing treatment plans",
    MissingRecord.PAYER_SETTING,
    "treatment_plan_days",
)
_GOAL = CannotTell(
    "whether the note names a goal of the plan",
    MissingRecord.ENCOUNTER,
    "plan_goal_linked",
)
_MEASURED = CannotTell(
    "the day of the last PHQ-9, GAD-7 or the like",
    MissingRecord.ENCOUNTER,
    "measured_on",
)
_MISSED, _CANCELED = "missed", "canceled"
# How exports write it.
_NOT_HELD = {
    "noshow": _MISSED,
    "missed": _MISSED,
    "cancelled": _CANCELED,
    "canceled": _CANCELED,
}
_MEDICARE = PayerType.MEDICARE


@line_rule(
    "BH-038",
    About(
        title="Timed code without documented time",
        statement="The note behind a timed code has start and stop times or total"
        " minutes.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "encounter started_at, stopped_at, minutes"),
        reason_codes=("150", "252"),
        remark_codes=("N443", "N393"),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Ask the clinician for a dated addendum with the minutes, only where a"
        " record made at the time (schedule, telehealth log) shows them.",
        source="Medicare contractor CERT findings, rulebook BH-038",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=_TIMED - WITHOUT_SESSION - _TIMED_BY_OBSERVATION,
    ),
)
def no_documented_time(line: LineCase) -> Verdict:
    records = line.records
    if records.note is None:
        # Rule BH-117 says that the note is missing.
        return None
    is_timed = line.facts.documented_minutes is not None
    if len(records.notes) > 1:
        others = {documented_minutes(one) is not None for one in records.notes}
        if others != {is_timed}:
            # One is timed and another is not: the line's own need not be either.
            return which_note(line) if is_timed else not_told_apart(line)
    if is_timed:
        return None
    code = line.line.procedure_code
    return Found(says=f"{code} is billed by time; its note has no minutes.")


@line_rule(
    "BH-117",
    About(
        title="Note not signed, or signed late",
        statement="The note is signed before the claim goes out and within the payer's"
        " limit.",
        severity=Severity.HOLD,
        fields=("encounter signed_on", "payer signature_limit_days"),
        reason_codes=("252", "B12"),
        remark_codes=("N394",),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Hold the claim until the clinician who held the session has signed the"
        " note, with the true date of signing.",
        source="rulebook BH-117",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        review=("E41",),
    ),
)
def unsigned_or_late_note(line: LineCase) -> Verdict:
    note = line.records.note
    if note is None:
        return _unsigned(line)
    if note.signed_on is None or line.day is None:
        return None
    days = (note.signed_on - line.day).days
    if days < 0:
        return Found(
            says=f"The note was signed {_days(-days)} before the session that it"
            " documents.",
            severity=Severity.WARN,
            fix="Ask the clinician which of the two days is wrong, and correct it by a"
            " dated addendum.",
        )
    limit = line.policy.signature_limit_days
    if days <= (_USUAL_SIGNATURE_DAYS if limit is None else limit):
        return None
    if limit is None:
        if days <= _LAST_SIGNATURE_DAYS:
            return _SIGNATURE_LIMIT
        return Found(
            says=f"The note was signed {days} days after the session; payers that set"
            f" a limit allow {_LAST_SIGNATURE_DAYS} at most.",
            severity=Severity.WARN,
            by_default=True,
        )
    return Found(
        says=f"The note was signed {days} days after the session; this payer allows"
        f" {limit}.",
        severity=Severity.DENY_LIKELY,
        fix="Send the note with its true signature date if the payer asks; never date"
        " it back.",
    )


def _unsigned(line: LineCase) -> Verdict:
    if line.line.procedure_code in WITHOUT_SESSION:
        return None
    draft = line.records.draft
    if draft is None or not _is_of_line(draft, line):
        return _SIGNED_NOTE
    return Found(
        says=f"The note of the {line.day} session is not signed on the day the claim"
        " is sent."
    )


@line_rule(
    "BH-118",
    About(
        title="Treatment plan out of date",
        statement="A treatment plan is in force on the day of treatment and was"
        " reviewed within the payer's interval.",
        severity=Severity.DENY_LIKELY,
        fields=("encounter treatment_plan_on", "payer treatment_plan_days"),
        reason_codes=("252", "50"),
        remark_codes=("N238", "N351", "N394"),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Find the plan that was in force on the day and keep it with the claim's"
        " records; a review made now carries its own date.",
        source="state Medicaid and payer rules, rulebook BH-118",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=PLANNED_TREATMENT,
        review=("E41",),
    ),
)
def treatment_plan_out_of_date(line: LineCase) -> Verdict:
    age = line.facts.treatment_plan_age_days
    limit = line.policy.treatment_plan_days
    if age is None:
        # Asked only of a payer that reviews plans; without a note, BH-117 speaks.
        is_asked = limit is not None and line.records.note is not None
        return _PLAN if is_asked else None
    if age < 0:
        if line.records.note is None:
            # The plan of another session's note: an older one may have been in force.
            return _PLAN if limit is not None else None
        return Found(
            says=f"The treatment plan is dated {_days(-age)} after the session.",
            severity=None if limit is not None else Severity.WARN,
        )
    if age <= (_USUAL_PLAN_DAYS if limit is None else limit):
        return None
    if limit is not None:
        return Found(
            says=f"The treatment plan was {_days(age)} old; this payer allows {limit}."
        )
    payer_type = line.of_claim.payer_type
    if payer_type not in MEDICAID:
        # No federal interval for Medicare or commercial psychotherapy (review E41);
        # other payers than original Medicare may have one of their own.
        return None if payer_type is _MEDICARE else _PLAN_LIMIT
    return Found(
        says=f"The treatment plan was {age} days old; Medicaid programs commonly allow"
        f" {_USUAL_PLAN_DAYS}.",
        severity=Severity.WARN,
        by_default=True,
    )


def _days(number: int) -> str:
    return f"{number} {'day' if number == 1 else 'days'}"


@line_rule(
    "BH-119",
    About(
        title="Note without a goal of the plan",
        statement="The note of a treatment session names the goal of the plan that it"
        " worked on.",
        severity=Severity.WARN,
        fields=("encounter plan_goal_linked",),
        reason_codes=("50", "152"),
        remark_codes=("N163", "N225"),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Ask the clinician for a dated addendum, if the session did work on a goal"
        " of the plan.",
        source="rulebook BH-119",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=PLANNED_TREATMENT,
    ),
)
def note_without_goal(line: LineCase) -> Verdict:
    note = line.records.note
    if note is None or note.plan_goal_linked:
        return None
    if note.plan_goal_linked is None:
        # Asked only of a payer that reviews plans.
        return _GOAL if line.policy.treatment_plan_days is not None else None
    return Found(
        says=f"The note behind {line.line.procedure_code} names no goal of the"
        " treatment plan."
    )


@line_rule(
    "BH-120",
    About(
        title="Note repeats the one before",
        statement="No more than 95% of a note's text repeats the patient's note"
        " before.",
        severity=Severity.WARN,
        fields=("encounter repeated_text_share",),
        reason_codes=("150", "B12"),
        remark_codes=("N163",),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Ask the clinician to write the next notes anew; a signed note is never"
        " altered.",
        source="rulebook BH-120",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=_NOTE_SESSIONS,
    ),
)
def repeated_note(line: LineCase) -> Verdict:
    note = line.records.note
    if note is None or note.repeated_text_share is None:
        # No payer asks for a share: a practice that measures none is not asked either.
        return None
    if note.repeated_text_share <= _REPEATED_SHARE:
        return None
    # Rounded down, so that no share just below the whole reads as 100%.
    return Found(
        says=f"{int(note.repeated_text_share * 100)}% of the note's text repeats the"
        " patient's note before."
    )


@line_rule(
    "BH-121",
    About(
        title="Measurement overdue",
        statement="Where the payer expects it, a PHQ-9, GAD-7 or the like was taken"
        " within its interval.",
        severity=Severity.WARN,
        fields=("encounter measured_on", "payer measurement_days", "claims sent"),
        reason_codes=("50",),
        remark_codes=("N163",),
        root_cause=RootCause.MEDICAL_NECESSITY,
        fix="Plan a measurement for the next session, and put its score in that note.",
        source="rulebook BH-121",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=_MEASURED_CARE,
    ),
)
def measurement_overdue(line: LineCase) -> Verdict:
    note, day, limit = line.records.note, line.day, line.policy.measurement_days
    measured = note.measured_on if note is not None else None
    if day is None or limit is None:
        # Nobody is known to expect it.
        return None
    if measured is not None and (day - measured).days <= limit:
        return None
    if _MEASUREMENT_CODE in line.of_claim.codes:
        return None
    for sent in line.records.sent:
        if (
            sent.procedure_code == _MEASUREMENT_CODE
            and sent.service_date is not None
            and 0 <= (day - sent.service_date).days <= limit
        ):
            return None
    if measured is None:
        return _MEASURED
    return Found(
        says=f"The last measurement was {(day - measured).days} days before the"
        f" session; this payer expects one every {limit}."
    )


@line_rule(
    "BH-127",
    About(
        title="Missed visit billed",
        statement="A visit that the patient missed or canceled is not an insured"
        " service.",
        severity=Severity.HOLD,
        fields=("encounter attendance",),
        reason_codes=("115",),
        remark_codes=("N441",),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Do not send the line. A fee to the patient is for the practice's own"
        " policy, and never for Medicaid.",
        source="rulebook BH-127",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
    ),
)
def missed_visit(line: LineCase) -> Verdict:
    records = line.records
    record = records.note or records.draft
    if record is None:
        # Another clinician's record of that day: whose visit was it?
        other = records.note_of_another
        return _HELD if other is not None and _how_missed(other) else None
    how = _how_missed(record)
    if not how:
        # Of a note that is missing or not signed yet, rule BH-117 speaks.
        return None
    of_code = record.procedure_code in ("", line.line.procedure_code)
    if not of_code or not _is_of_line(record, line):
        return _HELD
    return Found(
        says=f"{line.line.procedure_code} is billed for {line.day}; the record says"
        f" that the visit was {how}."
    )


def _how_missed(record: Encounter) -> str:
    """``missed`` or ``canceled``; empty: held, or the record does not say."""
    if not record.attendance:
        return ""
    written = "".join([letter for letter in record.attendance if letter.isalpha()])
    return _NOT_HELD.get(written.lower(), "")


def _is_of_line(record: Encounter, line: LineCase) -> bool:
    """Whether the record is of the line's clinician or claim, and not another's."""
    return (
        record.clinician_npi == line.rendering_npi
        or record.patient_control_number == line.claim.patient_control_number
    )
