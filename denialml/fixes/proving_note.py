"""The one note that proves what a line should say, or none."""

from denialml.domain.encounter import Encounter
from denialml.rules.case import LineCase

_HELD = frozenset({"", "held"})


def proving_note(line: LineCase) -> Encounter | None:
    """The signed note of the line's own day and clinician, if it is the only one.

    Rules may ask about less: a note without a clinician's number, or one that names
    the claim. A correction is stricter, as it changes what is told the payer: two notes
    of a day, a session not held, a note signed before its day or one of another claim
    or service prove nothing.
    """
    note = line.records.note
    if note is None or line.records.notes_of_day > 1 or line.day is None:
        return None
    if not note.clinician_npi or note.clinician_npi != line.rendering_npi:
        return None
    if not was_held(note):
        return None
    if note.signed_on is None or note.signed_on < line.day:
        return None
    if note.patient_control_number not in ("", line.claim.patient_control_number):
        return None
    if note.procedure_code and note.procedure_code not in line.of_claim.codes:
        return None
    return note


def was_held(note: Encounter) -> bool:
    """Whether the session took place, as far as the note says."""
    return note.attendance.strip().lower() in _HELD


def proves_minutes(note: Encounter, line: LineCase) -> bool:
    """Whether its minutes are those of this line alone.

    It names the line's code or none, counts no minutes of an evaluation beside them,
    and no other timed service of the session could have taken some of them.
    """
    if note.procedure_code not in ("", line.line.procedure_code):
        return False
    if note.evaluation_minutes is not None:
        return False
    return not any(
        other.code is not None and other.code.minutes_minimum is not None
        for other in line.same_session_lines
    )
