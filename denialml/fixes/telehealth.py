"""Fixes that make place and modifiers say how the note documents the session."""

from collections.abc import Iterator

from denialml.domain.coverage import PayerType
from denialml.domain.encounter import Encounter, Modality
from denialml.domain.fix import Edit, Proof
from denialml.fixes.candidate import Candidate, FixKind, correction
from denialml.fixes.elements import CLAIM_PLACE, LINE_PLACE, MODIFIERS, edit_of
from denialml.fixes.proving_note import proving_note
from denialml.reference import places_of_service
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.families.telehealth import (
    ENCOUNTER_CLINIC_CODES,
    ENCOUNTER_CLINIC_PLACES,
    HELD_BY_CODE,
    HOMES,
    HOSPITAL_PLACES,
    NOT_A_HOME,
    SAY_TELEHEALTH,
    is_at_a_distance,
)
from denialml.rules.session_codes import WITHOUT_SESSION
from denialml.rules.words import listed

_AT_HOME, _ELSEWHERE, _OFFICE = "10", "02", "11"
# Hospitals and clinics that are paid by the encounter have rules of their own.
_PLACES_OF_THEIR_OWN = HOSPITAL_PLACES | ENCOUNTER_CLINIC_PLACES
_CODES_OF_THEIR_OWN = WITHOUT_SESSION | HELD_BY_CODE | ENCOUNTER_CLINIC_CODES
_IN_THE_OFFICE = frozenset({"office"})
_PLACE_RULES = frozenset({"BH-077"})
_MODIFIER_RULES = frozenset({"BH-078", "BH-079", "BH-080", "BH-082"})
_IN_PERSON, _AUDIO, _UNKNOWN = Modality.IN_PERSON, Modality.AUDIO, Modality.UNKNOWN


def telehealth_fixes(case: ClaimCase) -> Iterator[Candidate]:
    """What signed notes and the payer's own settings prove of place and modifiers."""
    held = [line for line in case.lines if _is_documented(line)]
    places = {line.line.line_number: _right_place(line) for line in held}
    wrong = [
        line for line in held if places[line.line.line_number] not in ("", line.place)
    ]
    if wrong:
        yield _place(case, wrong, places)
    modifiers = {line.line.line_number: _right_modifiers(line) for line in held}
    differing = [
        line for line in held if modifiers[line.line.line_number] != line.line.modifiers
    ]
    if differing:
        yield _modifiers(case, differing, modifiers)


def is_telehealth_place(code: str) -> bool:
    """Whether a place of service says that the session was held at a distance."""
    place = places_of_service().get(code)
    return place is not None and place.is_telehealth


def _is_documented(line: LineCase) -> bool:
    note = proving_note(line)
    return (
        note is not None
        and note.modality is not _UNKNOWN
        and line.line.procedure_code not in _CODES_OF_THEIR_OWN
        and line.place not in _PLACES_OF_THEIR_OWN
        and is_at_a_distance(line)
    )


def _note_of(line: LineCase) -> Encounter:
    note = proving_note(line)
    assert note is not None
    return note


def _right_place(line: LineCase) -> str:
    """The place that the note, and the payer where it has one, ask for; or empty."""
    note = _note_of(line)
    location = note.patient_location.strip().lower()
    if note.modality is _IN_PERSON:
        if not is_telehealth_place(line.place):
            return ""
        return _OFFICE if location in _IN_THE_OFFICE else ""
    wanted = line.facts.place_of_service_expected
    if wanted and wanted != _AT_HOME:
        # The payer's own word: 02 for all telehealth, or the place of a visit there.
        return wanted
    if not wanted and not (is_telehealth_place(line.place) or _of_medicare(line)):
        return ""  # some payers take telehealth with the place of a visit there
    if location in HOMES:
        return _AT_HOME
    return _ELSEWHERE if location in NOT_A_HOME else ""


def _of_medicare(line: LineCase) -> bool:
    return line.of_claim.payer_type is PayerType.MEDICARE


def _right_modifiers(line: LineCase) -> tuple[str, ...]:
    """The line's modifiers with the one that its session asks for, and no other."""
    sent = line.line.modifiers
    wanted = _wanted(line)
    if wanted is None:
        return sent
    kept = [one for one in sent if one not in SAY_TELEHEALTH or one == wanted]
    if wanted and wanted not in kept:
        kept.append(wanted)
    # The claim has room for four.
    return tuple(kept) if len(kept) <= 4 else sent


def _wanted(line: LineCase) -> str | None:
    """The telehealth modifier that belongs on the line; empty: none, None: unknown."""
    note = _note_of(line)
    if note.modality is _IN_PERSON:
        return ""
    if _of_medicare(line):
        clinician = line.clinician
        if note.modality is _AUDIO:
            return "93"
        if clinician is not None and clinician.works_in_hospital is False:
            return ""
        return None
    payer = line.payer
    if payer is None:
        return None
    if note.modality is _AUDIO:
        return payer.audio_only_modifier or None
    return payer.telehealth_modifier or None


def _place(case: ClaimCase, lines: list[LineCase], places: dict[int, str]) -> Candidate:
    wanted = {places[line.line.line_number] for line in lines}
    expected = lines[0].facts.place_of_service_expected
    every = len(lines) == len(case.lines)
    if (
        every
        and len(wanted) == 1
        and not any(line.line.place_of_service for line in lines)
    ):
        edits: tuple[Edit, ...] = (edit_of(case.claim, CLAIM_PLACE, *wanted),)
        numbers: tuple[int, ...] = ()
    else:
        numbers = tuple(line.line.line_number for line in lines)
        edits = tuple(
            edit_of(case.claim, LINE_PLACE, places[one], line_number=one)
            for one in numbers
        )
    return correction(
        FixKind.CORRECT_PLACE_OF_SERVICE,
        statement=f"Set the place of service to {listed(sorted(wanted))}, where"
        f" {_who(expected)} put{'' if expected else 's'} the session.",
        edits=edits,
        proofs=_proofs(lines, expected),
        line_numbers=numbers,
        may_resolve=_PLACE_RULES,
    )


def _modifiers(
    case: ClaimCase, lines: list[LineCase], right: dict[int, tuple[str, ...]]
) -> Candidate:
    added = sorted(
        {
            one
            for line in lines
            for one in right[line.line.line_number]
            if one not in line.line.modifiers
        }
    )
    taken = sorted(
        {
            one
            for line in lines
            for one in line.line.modifiers
            if one not in right[line.line.line_number]
        }
    )
    does = [f"add modifier {listed(added)}"] if added else []
    if taken:
        does.append(f"take off {listed(taken)}")
    numbers = tuple(line.line.line_number for line in lines)
    setting = " ".join(added) if case.payer_type is not PayerType.MEDICARE else ""
    return correction(
        FixKind.CORRECT_TELEHEALTH_MODIFIER,
        statement=f"{_sentence(does)}, as {_who(setting)} ask{'' if setting else 's'}"
        " for.",
        edits=tuple(
            edit_of(case.claim, MODIFIERS, " ".join(right[one]), line_number=one)
            for one in numbers
        ),
        proofs=_proofs(lines, setting),
        line_numbers=numbers,
        may_resolve=_MODIFIER_RULES,
    )


def _who(setting: str) -> str:
    return "the signed note and the payer's setting" if setting else "the signed note"


def _sentence(does: list[str]) -> str:
    said = listed(does)
    return said[0].upper() + said[1:]


def _proofs(lines: list[LineCase], setting: str) -> tuple[Proof, ...]:
    found: dict[str, Proof] = {}
    for line in lines:
        note = _note_of(line)
        where = f", the patient at {note.patient_location}" * bool(
            note.patient_location
        )
        found[note.encounter_id] = Proof(
            record_kind="encounter",
            record_id=note.encounter_id,
            says=f"The signed note of {note.service_date} documents a session"
            f" {_HELD[note.modality]}{where}.",
            known_on=note.signed_on,
        )
    payer = lines[0].payer
    if setting and payer is not None:
        found["setting"] = Proof(
            record_kind="payer_setting",
            record_id=payer.payer_id,
            says=f"The payer is set up to take telehealth with {setting}.",
        )
    return tuple(found.values())


_HELD = {
    Modality.IN_PERSON: "in person",
    Modality.VIDEO: "by video",
    Modality.AUDIO: "by audio only",
}
