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
    if note.attendance.strip().lower() not in _HELD:
        return None
    if note.signed_on is None or note.signed_on < line.day:
        return None
    if note.patient_control_number not in ("", line.claim.patient_control_number):
        return None
    if note.procedure_code and note.procedure_code not in line.of_claim.codes:
        return None
    return note


def proves_minutes(note: Encounter, *codes: str) -> bool:
    """Whether its minutes are those of one of these codes: it names one, or none."""
    return note.procedure_code in ("", *codes)
