"""Units and hours against what the notes document of the sessions."""

from decimal import Decimal

from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.encounter import Encounter, documented_minutes
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import procedure_codes
from denialml.rules.case import LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import VISITS_OF_ADD_ONS
from denialml.rules.rule import About, CannotTell, Found, Verdict, line_rule
from denialml.rules.session_codes import PLANNED_TREATMENT
from denialml.rules.session_notes import clock_span, minutes_of_day, minutes_of_union
from denialml.rules.words import plain

_NO_MINUTES = CannotTell("documented minutes", MissingRecord.ENCOUNTER, "minutes")
_NO_MINUTES_APART = CannotTell(
    "documented minutes of each service of the day", MissingRecord.ENCOUNTER, "minutes"
)
# Minutes that the base code has used before the first quarter of an hour counts.
_MINUTES_BEFORE = {
    code.code: 30 if code.is_add_on else 0
    for code in procedure_codes().values()
    if code.unit_rule == "per 15" and code.minutes_minimum is not None
}
_PSYCHOTHERAPY_WITH_VISIT = {"90833": 16, "90836": 38, "90838": 53}
_NO_PROGRAM_MINUTES = CannotTell(
    "the payer's program_day_minutes setting",
    MissingRecord.PAYER_SETTING,
    "program_day_minutes",
)
_USUAL_PROGRAM_MINUTES = 180
_PROGRAM_DAYS = frozenset({"H0015", "S9480"})
# Some payers want the supervisor as rendering for hours a technician worked
# (review E16).
_BY_TECHNICIANS = frozenset({"97152", "97153", "97154", "0362T", "0373T"})
_MINUTES_OF_TWELVE_HOURS = 12 * 60


@line_rule(
    "BH-041",
    About(
        title="More 15-minute units than the minutes support",
        statement="The units of a 15-minute code are no more than its documented"
        " minutes make, a quarter of an hour counting from 8 minutes on unless the"
        " payer counts whole ones.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 SV104", "encounter minutes"),
        reason_codes=("151", "222"),
        remark_codes=("M53", "N362"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the units that the documented minutes make.",
        source="8-minute rule, rulebook BH-041",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=frozenset(_MINUTES_BEFORE),
    ),
)
def units_beyond_minutes(line: LineCase) -> Verdict:
    if line.line.unit_basis != "UN":
        return None
    minutes, is_all = minutes_of_day(line)
    if minutes is None:
        return _NO_MINUTES
    if _is_range(line):
        return CannotTell(
            "documented minutes of each day of the line",
            MissingRecord.ENCOUNTER,
            "minutes",
        )
    code = line.line.procedure_code
    units = line.line.units
    lines: tuple[int, ...] = (line.line.line_number,)
    if len(line.of_claim.lines) > 1:
        units, lines = _under_the_same_notes(line)
        if lines[0] != line.line.line_number:
            return None
    counted = max(0, minutes - _MINUTES_BEFORE[code])
    rounding = line.policy.units_rounding
    supported = counted // 15 if rounding == "whole" else (counted + 7) // 15
    if units <= supported:
        return None
    if not is_all:
        return _NO_MINUTES
    if _shares_unnamed_note(line):
        return _NO_MINUTES_APART
    # Where even a quarter only begun would not be enough, no way of rounding helps.
    by_default = (
        rounding is None
        and line.of_claim.payer_type is not PayerType.MEDICARE
        and units <= -(-counted // 15)
    )
    billed = f"{plain(units)} unit" if units == 1 else f"{plain(units)} units"
    return Found(
        says=f"{code} is billed with {billed}; the {minutes} documented minutes make"
        f" {supported}.",
        severity=Severity.WARN if by_default else None,
        lines=lines,
        by_default=by_default,
    )


def _is_range(line: LineCase) -> bool:
    last = line.line.service_date_end
    return last is not None and last != line.day


def _under_the_same_notes(line: LineCase) -> tuple[Decimal, tuple[int, ...]]:
    """Units of the code that rest on the same notes' minutes, and their lines."""
    notes = line.records.notes
    units, lines = line.line.units, [line.line.line_number]
    for other in line.same_session_lines:
        if (
            other.line.procedure_code == line.line.procedure_code
            and other.records.notes == notes
        ):
            units += other.line.units
            lines.append(other.line.line_number)
    return units, tuple(sorted(lines))


def _shares_unnamed_note(line: LineCase) -> bool:
    """Whether a note may be another service's: it does not name the line's code, and
    another service of the session, not the add-on's base, rests on it too."""
    code = line.code
    unnamed = {
        note.encounter_id
        for note in line.records.notes
        if note.procedure_code != line.line.procedure_code
    }
    bases = code.primary_codes if code is not None else ()
    return any(
        other.line.procedure_code in PLANNED_TREATMENT
        and other.line.procedure_code not in (line.line.procedure_code, *bases)
        and other.records.note is not None
        and other.records.note.encounter_id in unnamed
        for other in line.same_session_lines
    )


@line_rule(
    "BH-044",
    About(
        title="More than twelve hours by one clinician in a day",
        statement="The clock times that one clinician documents for this patient in a"
        " day come to at most twelve hours; minutes that overlap count once.",
        severity=Severity.WARN,
        fields=("2310B/2420A NM109", "2400 DTP*472", "encounter start and stop times"),
        reason_codes=("150", "216"),
        remark_codes=("N163",),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Look at the day's schedule and notes; correct the lines that they do not"
        " support.",
        source="rulebook BH-044",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.COMPLIANCE,
        review=("E16",),
    ),
)
def more_than_twelve_hours(line: LineCase) -> Verdict:
    alone = len(line.of_claim.lines) == 1
    if alone and line.line.units < _MINUTES_OF_TWELVE_HOURS // 15:
        minutes, _ = minutes_of_day(line)
        if minutes is None or minutes <= _MINUTES_OF_TWELVE_HOURS:
            return None
    if line.day is None:
        return None
    lines = [line] if alone else [line, *line.same_session_lines]
    if any(one.line.line_number < line.line.line_number for one in lines):
        return None
    if _claimed_minutes(lines) <= _MINUTES_OF_TWELVE_HOURS:
        return None
    if any(one.line.procedure_code in _BY_TECHNICIANS for one in lines):
        return CannotTell(
            "who delivered the technicians' hours (schedule)", MissingRecord.ELSEWHERE
        )
    spans = _clock_spans(lines)
    if spans is None:
        return CannotTell(
            "start and stop times of the day's notes",
            MissingRecord.ENCOUNTER,
            "started_at",
        )
    minutes = minutes_of_union(spans)
    if minutes <= _MINUTES_OF_TWELVE_HOURS:
        return None
    return Found(
        says=f"The notes of {line.day} have one clinician at work for {minutes}"
        f" minutes, more than {_MINUTES_OF_TWELVE_HOURS}.",
        lines=tuple(sorted(one.line.line_number for one in lines)),
    )


def _claimed_minutes(lines: list[LineCase]) -> int:
    """Minutes that the lines claim of the day; lines of one note share its minutes."""
    of_notes: dict[str, int] = {}
    without_note = 0
    for line in lines:
        told = {
            note.encounter_id: minutes
            for note in line.records.notes
            if (minutes := documented_minutes(note)) is not None
        }
        if told:
            of_notes |= told
        elif line.line.procedure_code in _MINUTES_BEFORE and not _is_range(line):
            without_note += int(line.line.units) * 15
        else:
            without_note += line.facts.code_minutes_minimum or 0
    return sum(of_notes.values()) + without_note


def _clock_spans(lines: list[LineCase]) -> list[tuple[int, int]] | None:
    """Minutes of the day of each note by the lines' clinician; None: one is missing."""
    spans: list[tuple[int, int]] = []
    for line in lines:
        if not line.records.notes:
            return None
        for note in line.records.notes:
            span = clock_span(note)
            if span is None or note.clinician_npi != line.rendering_npi:
                return None
            spans.append(span)
    return spans


@line_rule(
    "BH-048",
    About(
        title="Program day shorter than the payer asks for",
        statement="A day of an intensive program, H0015 or S9480, has at least the"
        " attended minutes that the payer asks for.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "encounter minutes"),
        reason_codes=("150", "151"),
        remark_codes=("N188", "N163"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the services that the short day's notes support one by one, where the"
        " payer pays them.",
        source="payer's program rules, rulebook BH-048",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=_PROGRAM_DAYS,
        review=("E26",),
    ),
)
def program_day_too_short(line: LineCase) -> Verdict:
    minutes, is_all = minutes_of_day(line)
    least = line.policy.program_day_minutes
    if least is None:
        # Three hours are what the program offers a day, not what each patient must
        # attend; shorter days fail only by a payer's own rule (review E26).
        if line.line.procedure_code == "H0015" and minutes is not None:
            return _NO_PROGRAM_MINUTES if minutes < _USUAL_PROGRAM_MINUTES else None
        return None
    if minutes is None:
        return _NO_MINUTES
    if minutes >= least:
        return None
    if not is_all:
        return _NO_MINUTES
    return Found(
        says=f"{line.line.procedure_code} takes {least} attended minutes a day with"
        f" this payer; the note has {minutes}."
    )


@line_rule(
    "BH-039",
    About(
        title="Visit chosen by time beside psychotherapy",
        statement="Beside 90833, 90836 or 90838 the visit's level rests on the medical"
        " decision, and the visit's minutes are none of the psychotherapy's.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "encounter minutes", "encounter evaluation minutes"),
        reason_codes=("150",),
        remark_codes=("N163",),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Choose the visit's level by the medical decision that the note documents.",
        source="Texas Medical Association on visits with psychotherapy, rulebook"
        " BH-039",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=frozenset(_PSYCHOTHERAPY_WITH_VISIT),
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def minutes_counted_twice(line: LineCase) -> Verdict:
    for visit in line.same_session_lines:
        if visit.line.procedure_code in VISITS_OF_ADD_ONS:
            return _visit_by_time(line, visit)
    return None


def _visit_by_time(line: LineCase, visit: LineCase) -> Verdict:
    note, visit_note = line.records.note, visit.records.note
    if note is None or visit_note is None:
        return CannotTell(
            "minutes of the visit and of the psychotherapy (signed note)",
            MissingRecord.ENCOUNTER,
        )
    evaluation = visit_note.evaluation_minutes
    if evaluation is None:
        evaluation = note.evaluation_minutes
    if evaluation is None:
        return None
    own, other_code = line.line.procedure_code, visit.line.procedure_code
    lines = tuple(sorted((line.line.line_number, visit.line.line_number)))
    if _shares_minutes(note, visit_note, evaluation, _PSYCHOTHERAPY_WITH_VISIT[own]):
        return Found(
            says=f"The {evaluation} minutes that {other_code} rests on are counted"
            f" again for {own}.",
            lines=lines,
        )
    return Found(
        says=f"{other_code} rests on {evaluation} minutes; beside {own} its level rests"
        " on the medical decision.",
        severity=Severity.WARN,
        lines=lines,
    )


def _shares_minutes(
    note: Encounter, visit_note: Encounter, evaluation: int, least: int
) -> bool:
    """Whether the clock proves that minutes of the visit were used a second time."""
    span, visit_span = clock_span(note), clock_span(visit_note)
    if span is None or visit_span is None:
        return False
    length = span[1] - span[0]
    whole = minutes_of_union([span, visit_span])
    if note.encounter_id != visit_note.encounter_id:
        return evaluation + length > whole
    # Minutes beside clock times are the psychotherapy's, unless they are the whole.
    if note.minutes is not None and note.minutes < length:
        return evaluation + note.minutes > whole
    return evaluation + least > whole
