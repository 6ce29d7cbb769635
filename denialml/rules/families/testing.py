"""Psychological and neuropsychological testing: hours, episodes and their notes."""

from datetime import timedelta

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.encounter import Encounter
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.other_services import clinician_of, services_between
from denialml.rules.rule import About, CannotTell, Found, Verdict, line_rule
from denialml.rules.session_notes import minutes_of_day
from denialml.rules.words import listed, plain

# First hour of the evaluation, and the code of each further hour.
_FURTHER_HOURS = {"96130": "96131", "96132": "96133"}
# Least minutes of a first code, whatever is billed beside it.
_LEAST_MINUTES = {"96116": 31, "96130": 31, "96132": 31, "96136": 16, "96138": 16}
_ADMINISTRATION, _FURTHER_ADMINISTRATION = "96136", "96137"
# Testing of one question is rarely spread over more; a longer gap is a new episode.
_EPISODE = timedelta(days=90)
_NO_EPISODE = CannotTell(
    "whether both days of testing are one episode (clinician's report)",
    MissingRecord.ELSEWHERE,
)
_NO_MINUTES_APART = CannotTell(
    "documented minutes of the evaluation and of the test administration",
    MissingRecord.ENCOUNTER,
    "minutes",
)


@line_rule(
    "BH-045",
    About(
        title="Testing hours counted twice",
        statement="The first hour of a test evaluation, 96130 or 96132, is billed once"
        " an episode, and its minutes are none of the test administration's.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 SV104", "encounter minutes"),
        reason_codes=("151", "97"),
        remark_codes=("N163", "M86"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the first hour once and further hours with the add-on code, each for"
        " minutes of its own.",
        source="testing guides on 96130 and 96136, rulebook BH-045",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=frozenset(_FURTHER_HOURS),
        review=("E19",),
    ),
)
def testing_hours_counted_twice(line: LineCase) -> Verdict:
    return _first_hour_again(line) or _minutes_used_again(line)


def _first_hour_again(line: LineCase) -> Verdict:
    """The first hour a second time: surely within a claim, perhaps across claims."""
    code, own = line.line.procedure_code, line.line.line_number
    others = [
        other
        for other in line.of_claim.lines
        if other is not line
        and other.line.procedure_code == code
        and other.rendering_npi == line.rendering_npi
    ]
    if any(other.line.line_number < own for other in others):
        return None
    units = line.line.units + sum(other.line.units for other in others)
    if units > 1:
        return Found(
            says=f"{code} is billed {plain(units)} times on the claim; it takes one an"
            " episode.",
            lines=(own, *sorted(other.line.line_number for other in others)),
        )
    if line.day is None or not line.records.sent:
        return None
    clinician = clinician_of(line)
    near = services_between(
        line, frozenset({code}), line.day - _EPISODE, line.day + _EPISODE
    )
    # For the same day it is a duplicate, which other rules name.
    if any(
        one.sent_on is not None
        and one.day != line.day
        and one.clinician_npi in ("", clinician)
        for one in near
    ):
        return _NO_EPISODE
    return None


def _minutes_used_again(line: LineCase) -> Verdict:
    """Evaluation and administration by one clinician on one day."""
    if len(line.of_claim.lines) == 1:
        return None
    same = line.same_session_lines
    administration = next(
        (one for one in same if one.line.procedure_code == _ADMINISTRATION), None
    )
    if administration is None:
        return None
    note, other_note = _own_note(line), _own_note(administration)
    if note is None or other_note is None:
        return _NO_MINUTES_APART
    code = line.line.procedure_code
    lines = tuple(sorted((line.line.line_number, administration.line.line_number)))
    if note.encounter_id != other_note.encounter_id:
        if not _overlap(note, other_note):
            return None
        return Found(
            says=f"The clock times of {code} and {_ADMINISTRATION} on {line.day}"
            " overlap.",
            lines=lines,
        )
    minutes, is_all = minutes_of_day(line)
    if minutes is None:
        return _NO_MINUTES_APART
    hours = _units(same, _FURTHER_HOURS[code])
    halves = _units(same, _FURTHER_ADMINISTRATION)
    # An add-on's unit counts from its midpoint on, the codes before it in full.
    needed = (60 * hours + 31) + (30 * halves + 16)
    if minutes >= needed:
        return None
    if not is_all:
        return _NO_MINUTES_APART
    billed = [code, _ADMINISTRATION]
    billed += [_FURTHER_HOURS[code]] if hours else []
    billed += [_FURTHER_ADMINISTRATION] if halves else []
    return Found(
        says=f"{listed(sorted(billed))} take {needed} minutes together; the one note of"
        f" {line.day} has {minutes}.",
        lines=lines,
    )


def _own_note(line: LineCase) -> Encounter | None:
    """The line's note, unless it says that it is another code's."""
    note = line.records.note
    if note is None or note.procedure_code not in ("", line.line.procedure_code):
        return None
    return note


def _units(lines: tuple[LineCase, ...], code: str) -> int:
    return sum(int(one.line.units) for one in lines if one.line.procedure_code == code)


def _overlap(one: Encounter, other: Encounter) -> bool:
    if (
        one.started_at is None
        or one.stopped_at is None
        or other.started_at is None
        or other.stopped_at is None
    ):
        return False
    return one.started_at < other.stopped_at and other.started_at < one.stopped_at


@line_rule(
    "BH-047",
    About(
        title="Testing minutes below the first code's least",
        statement="The first hour of a test evaluation takes 31 documented minutes,"
        " the first half hour of test administration 16.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "encounter minutes"),
        reason_codes=("150",),
        remark_codes=("N163",),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Take the line off; minutes of other days of the episode count only where"
        " the record documents them.",
        source="CPT midpoint rule, rulebook BH-047",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=frozenset(_LEAST_MINUTES),
    ),
)
def testing_minutes_below_least(line: LineCase) -> Verdict:
    code = line.line.procedure_code
    minutes, is_all = minutes_of_day(line)
    least = _LEAST_MINUTES[code]
    if minutes is not None and minutes >= least:
        return None
    if minutes is None or not is_all:
        return CannotTell("documented minutes", MissingRecord.ENCOUNTER, "minutes")
    return Found(
        says=f"{code} takes {least} documented minutes; the note has {minutes}."
    )
