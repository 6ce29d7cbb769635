"""Time-based codes against the minutes that the note documents."""

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.encounter import Encounter, documented_minutes
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.reference import procedure_codes
from denialml.rules.case import LineCase
from denialml.rules.code_sets import (
    CRISIS,
    FAMILY_PSYCHOTHERAPY,
    INDIVIDUAL_PSYCHOTHERAPY,
    INTAKES,
    PSYCHOTHERAPY_WITH_VISIT,
    VISITS,
)
from denialml.rules.rule import About, CannotTell, Found, Verdict, line_rule
from denialml.rules.session_codes import PLANNED_TREATMENT, WITHOUT_SESSION
from denialml.rules.session_notes import minutes_of_day, which_note
from denialml.rules.words import plain

_NO_MINUTES = CannotTell("documented minutes", MissingRecord.ENCOUNTER, "minutes")
_NO_MINUTES_APART = CannotTell(
    "documented minutes of each session of the day", MissingRecord.ENCOUNTER, "minutes"
)
# Services that a note of their own may stand behind.
_SESSIONS = PLANNED_TREATMENT | INTAKES | CRISIS
# No code is for more of the same.
_NOTHING_ABOVE = frozenset({"98016", "99443", "G0444"})
# The next code's line covers what goes beyond these (review E24).
_CONTINUED_BY = {
    "90839": "90840",
    "G0017": "G0018",
    "99492": "99494",
    "99493": "99494",
}

# The first hour of crisis psychotherapy takes 30 minutes. Each further half hour counts
# from its midpoint on: the first from 75 minutes.
_LEAST_OF_FIRST_HOUR = 30
_FIRST_HOUR_OF = {"90840": "90839", "G0018": "G0017"}
_FIX_OF_SHORT_FAMILY_SESSION = (
    "Take the line off, unless the record documents at least 26 minutes of the session."
)
_BANDS_THAT_END = frozenset(
    code.code
    for code in procedure_codes().values()
    if code.minutes_maximum is not None and code.time_basis == "minutes"
)
_CRISIS = frozenset(_FIRST_HOUR_OF) | frozenset(_FIRST_HOUR_OF.values())


@line_rule(
    "BH-036",
    About(
        title="Psychotherapy minutes below the code's band",
        statement="The documented psychotherapy minutes reach the code's least:"
        " 16 for 90832 and 90833, 38 for 90834 and 90836, 53 for 90837 and 90838, 26"
        " for 90846 and 90847.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "encounter minutes"),
        reason_codes=("150", "152"),
        remark_codes=("N163", "N443", "M25"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the code whose band holds the documented minutes; under 16 minutes"
        " no psychotherapy code fits.",
        source="CPT midpoint rule, rulebook BH-036",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=INDIVIDUAL_PSYCHOTHERAPY | FAMILY_PSYCHOTHERAPY,
    ),
)
def minutes_below_band(line: LineCase) -> Verdict:
    least = line.facts.code_minutes_minimum
    minutes = _psychotherapy_minutes(line)
    if least is None:
        return None
    if minutes is None:
        return which_note(line) or _NO_MINUTES
    if (unclear := which_note(line)) is not None:
        return None if _all_reach(line, least) else unclear
    if minutes >= least:
        return None
    if _may_be_of_another(line):
        return _NO_MINUTES_APART
    code = line.line.procedure_code
    says = f"{code} takes {least} documented minutes; the note has {minutes}."
    if code not in FAMILY_PSYCHOTHERAPY:
        return Found(says=says)
    # That it takes 26 minutes is a specialist's word.
    return Found(says=says, severity=Severity.WARN, fix=_FIX_OF_SHORT_FAMILY_SESSION)


def _all_reach(line: LineCase, least: int) -> bool:
    """Whether each of the day's notes has the minutes, whichever is the line's."""
    return all(
        (_own_minutes(line, one, documented_minutes(one)) or 0) >= least
        for one in line.records.notes
    )


@line_rule(
    "BH-040",
    About(
        title="More than one unit of a psychotherapy code on one line",
        statement="Psychotherapy codes are billed with one unit a line; a second"
        " session of the day goes on a line of its own.",
        severity=Severity.HOLD,
        fields=("2400 SV101-2", "2400 SV104"),
        reason_codes=("151", "16"),
        remark_codes=("M53", "N362"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill one unit. A second session with its own times goes on its own line"
        " with modifier 59 or 76.",
        source="rulebook BH-040",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=INDIVIDUAL_PSYCHOTHERAPY,
        review=("E49",),
    ),
)
def several_units(line: LineCase) -> Verdict:
    if line.line.units <= 1 or line.line.unit_basis != "UN":
        return None
    return Found(
        says=f"{line.line.procedure_code} is billed with {plain(line.line.units)}"
        " units; it takes one."
    )


@line_rule(
    "BH-037",
    About(
        title="Minutes above the code's band",
        statement="The documented minutes stay within the code's band.",
        severity=Severity.WARN,
        fields=("2400 SV101-2", "encounter minutes"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="If the note supports it, bill the code whose band holds the minutes.",
        source="CPT midpoint rule, rulebook BH-037",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=_BANDS_THAT_END - _NOTHING_ABOVE,
        review=("E24",),
    ),
)
def minutes_above_band(line: LineCase) -> Verdict:
    code = line.code
    if code is None or code.minutes_maximum is None:
        return None
    if _CONTINUED_BY.get(code.code) in line.of_claim.codes:
        return None
    minutes = _psychotherapy_minutes(line)
    if minutes is None:
        return None if code.code in WITHOUT_SESSION else _NO_MINUTES
    minutes -= _minutes_of_visit(line)
    if minutes <= code.minutes_maximum or _is_shared(line):
        return None
    if (unclear := which_note(line)) is not None:
        return unclear
    return Found(
        says=f"{code.code} covers up to {code.minutes_maximum} minutes; the note has"
        f" {minutes}: it may be billed too low."
    )


@line_rule(
    "BH-057",
    About(
        title="Crisis minutes below the code's least",
        statement="The first hour of crisis psychotherapy takes 30 documented minutes,"
        " the first further half hour 75 in all, each one after it 30 more.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 SV104", "encounter minutes"),
        reason_codes=("150",),
        remark_codes=("N163",),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill no more than the documented minutes support.",
        source="BCBSIL psychotherapy policy, CPT midpoint rule, rulebook BH-057",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=_CRISIS,
        review=("E25",),
    ),
)
def crisis_minutes_below_least(line: LineCase) -> Verdict:
    code = line.line.procedure_code
    first_hour = _FIRST_HOUR_OF.get(code)
    # The minutes of a crisis need not follow each other: those of the day count.
    minutes, is_all = minutes_of_day(line)
    if minutes is None:
        return _NO_MINUTES
    if first_hour is None:
        if minutes >= _LEAST_OF_FIRST_HOUR:
            return None
        if not is_all:
            return _NO_MINUTES
        return Found(
            says=f"{code} takes {_LEAST_OF_FIRST_HOUR} documented minutes; the note has"
            f" {minutes}.",
            fix=_fix_of_short_crisis(minutes),
        )
    lines = [line.line.line_number]
    units = line.line.units
    for other in line.same_session_lines:
        if other.line.procedure_code == code:
            units += other.line.units
            lines.append(other.line.line_number)
    needed = 45 + 30 * int(units)
    if units < 1 or minutes >= needed or min(lines) != lines[0]:
        return None
    if not is_all:
        return _NO_MINUTES
    return Found(
        says=f"{plain(units)} of {code} take {needed} documented minutes"
        f" together with {first_hour}; the note has {minutes}.",
        fix=f"Take off the units of {code} that the documented minutes do not reach.",
        lines=tuple(lines),
    )


def _fix_of_short_crisis(minutes: int) -> str:
    if minutes < 16:
        return "Take the line off: under 16 minutes no psychotherapy code fits."
    return (
        "If the note supports psychotherapy, its minutes are those of 90832, or of"
        " 90833 beside a visit; 90834 takes 38."
    )


def _psychotherapy_minutes(line: LineCase) -> int | None:
    """The documented minutes; of psychotherapy beside a visit its own, where the note
    has them beside the clock times of the whole."""
    note, minutes = line.records.note, line.facts.documented_minutes
    return minutes if note is None else _own_minutes(line, note, minutes)


def _own_minutes(line: LineCase, note: Encounter, minutes: int | None) -> int | None:
    if minutes is None or note.minutes is None:
        return minutes
    if line.line.procedure_code in PSYCHOTHERAPY_WITH_VISIT:
        return min(minutes, note.minutes)
    return minutes


def _is_apart(line: LineCase, note: Encounter) -> bool:
    """Whether a note of visit and psychotherapy keeps the minutes of both apart."""
    if line.line.procedure_code not in PSYCHOTHERAPY_WITH_VISIT:
        return False
    whole = line.facts.documented_minutes
    if note.started_at is None or note.stopped_at is None or whole is None:
        return False
    has_own = note.minutes is not None and note.minutes < whole
    return has_own or note.evaluation_minutes is not None


def _minutes_of_visit(line: LineCase) -> int:
    """Minutes of the visit within the note's clock times."""
    note = line.records.note
    if note is None or not _is_apart(line, note):
        return 0
    own, whole = _psychotherapy_minutes(line), line.facts.documented_minutes
    return (note.evaluation_minutes or 0) if own == whole else 0


def _is_shared(line: LineCase) -> bool:
    """Whether the minutes may be those of another service, or of several."""
    note, code = line.records.note, line.line.procedure_code
    if any(other.line.procedure_code == code for other in line.same_session_lines):
        return True
    if note is None or _is_apart(line, note):
        return False
    return any(
        other.line.procedure_code in _SESSIONS | VISITS
        for other in _under_the_same_note(line, note)
    )


def _may_be_of_another(line: LineCase) -> bool:
    """Whether another session of the day may be the one that the note is of.

    A visit and its psychotherapy are one session.
    """
    note = line.records.note
    return note is not None and any(
        other.line.procedure_code in _SESSIONS
        for other in _under_the_same_note(line, note)
    )


def _under_the_same_note(line: LineCase, note: Encounter) -> list[LineCase]:
    """The session's other lines that have no other note, unless it names the code."""
    if note.procedure_code == line.line.procedure_code:
        return []
    return [
        other
        for other in line.same_session_lines
        if other.line.procedure_code != line.line.procedure_code
        and other.records.note is not None
        and other.records.note.encounter_id == note.encounter_id
    ]
