"""Which of a practice's notes is the note of a claim line."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from denialml.domain.claim import Claim, ServiceLine, rendering_npi
from denialml.domain.encounter import Encounter
from denialml.modeling.knowledge.patient_file import PatientFile
from denialml.reference import procedure_codes


def notes_of_day(
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


def best_note(
    notes: Sequence[Encounter], claim: Claim, line: ServiceLine, *, as_of: date
) -> Encounter | None:
    """The note that supports the line: signed by the day, best match first."""
    found = _signed(notes, as_of)
    if len(found) <= 1:
        return found[0] if found else None
    return max(found, key=lambda encounter: _match(encounter, claim, line))


def notes_of_line(
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


def unsigned_note(notes: Sequence[Encounter], *, as_of: date) -> Literal[False] | None:
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
