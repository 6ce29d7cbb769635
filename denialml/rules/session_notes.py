"""The notes of a day that may document a line: their minutes, and which is the line's.

A clinician may see a patient twice a day and write a note of each session.
"""

from denialml.domain.encounter import Encounter, documented_minutes
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.rule import CannotTell

_DAY_IN_MINUTES = 24 * 60


def minutes_of_day(line: LineCase) -> tuple[int | None, bool]:
    """Minutes of all the notes that may be the line's, and whether each has some.

    Minutes that two notes' clock times share count once. None: no note has minutes.
    """
    notes = line.records.notes
    if len(notes) <= 1:
        minutes = line.facts.documented_minutes
        return minutes, minutes is not None
    spans: list[tuple[int, int]] = []
    told: list[int] = []
    missing = False
    for note in notes:
        span, minutes = clock_span(note), documented_minutes(note)
        if span is not None:
            spans.append(span)
        elif minutes is not None:
            told.append(minutes)
        else:
            missing = True
    if not spans and not told:
        return None, False
    return minutes_of_union(spans) + sum(told), not missing


def which_note(line: LineCase) -> CannotTell | None:
    """Where several notes are as much the line's, by the claim and code they name."""
    notes, best = line.records.notes, line.records.note
    if best is None or len(notes) <= 1:
        return None
    naming = _naming(best, line)
    if sum(_naming(one, line) == naming for one in notes) == 1:
        return None
    return not_told_apart(line)


def not_told_apart(line: LineCase) -> CannotTell:
    """That the day's notes do not say which of them is the line's."""
    return CannotTell(
        f"which of the day's notes documents {line.line.procedure_code}",
        MissingRecord.ENCOUNTER,
    )


def _naming(note: Encounter, line: LineCase) -> tuple[bool, bool]:
    return (
        note.patient_control_number == line.claim.patient_control_number,
        note.procedure_code == line.line.procedure_code,
    )


def clock_span(note: Encounter) -> tuple[int, int] | None:
    """Minutes since midnight of start and stop; past midnight they run on."""
    start, stop = note.started_at, note.stopped_at
    if start is None or stop is None:
        return None
    begins = start.hour * 60 + start.minute
    ends = stop.hour * 60 + stop.minute
    return begins, ends if ends > begins else ends + _DAY_IN_MINUTES


def minutes_of_union(spans: list[tuple[int, int]]) -> int:
    """Minutes that lie in any of the spans."""
    total, reached = 0, 0
    for start, stop in sorted(spans):
        total += max(0, stop - max(start, reached))
        reached = max(reached, stop)
    return total
