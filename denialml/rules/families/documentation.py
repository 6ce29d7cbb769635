"""The note behind a session: signed, timed, its own, of a visit that was held."""

from decimal import Decimal

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.encounter import Encounter, documented_minutes
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import procedure_codes
from denialml.rules.case import LineCase
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.session_codes import (
    FOLLOW_UP_VISITS,
    PLANNED_TREATMENT,
    WITHOUT_SESSION,
)
from denialml.rules.session_notes import not_told_apart, which_note
from denialml.rules.words import in_days

_NOTE_SESSIONS = PLANNED_TREATMENT | FOLLOW_UP_VISITS
# Their time is the observation's (BH-069).
_TIMED_BY_OBSERVATION = frozenset({"G2082", "G2083"})
_TIMED = frozenset(
    code.code for code in procedure_codes().values() if code.time_basis == "minutes"
)
# Payers ask for a signature within 3 days, and the slowest within 14.
_USUAL_SIGNATURE_DAYS, _LAST_SIGNATURE_DAYS = 3, 14
_REPEATED_SHARE = Decimal("0.95")
_SIGNED_NOTE = CannotTell("a signed note of the session", MissingRecord.ENCOUNTER)
_HELD = CannotTell("whether the visit was held", MissingRecord.ENCOUNTER)
_SIGNATURE_LIMIT = CannotTell(
    "the payer's limit for signing notes",
    MissingRecord.PAYER_SETTING,
    "signature_limit_days",
)
_MISSED, _CANCELED = "missed", "canceled"
# How exports write it.
_NOT_HELD = {
    "noshow": _MISSED,
    "missed": _MISSED,
    "cancelled": _CANCELED,
    "canceled": _CANCELED,
}


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
            says=f"The note was signed {in_days(-days)} before the session that it"
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
