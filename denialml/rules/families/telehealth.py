"""Telehealth: the place and the modifiers that say how the session was held."""

from datetime import date

from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.encounter import Modality
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import TELEMEDICINE_VISITS
from denialml.rules.rule import (
    MEDICARE,
    MEDICARE_AND_ADVANTAGE,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.session_codes import WITHOUT_SESSION
from denialml.rules.words import listed

_AT_HOME, _NOT_AT_HOME = "10", "02"
_TELEHEALTH_PLACES = frozenset({_AT_HOME, _NOT_AT_HOME})
HOMES = frozenset({"home", "patient home", "patient's home", "residence"})
# What a note may call a place that is plainly not a home. Medicare takes a hotel, a car
# or the place of work with 10 (review E30; Medicare contractor news), so any other word
# leaves it open.
NOT_A_HOME = frozenset({"clinic", "office", "hospital", "facility"})
HOSPITAL_PLACES = frozenset({"19", "21", "22", "23", "51", "52"})
# Clinics paid by the encounter have telehealth rules of their own (review E30).
ENCOUNTER_CLINIC_PLACES = frozenset({"50", "72"})
ENCOUNTER_CLINIC_CODES = frozenset({"T1015", "T1040", "T1041", "G0469", "G0470"})
SAY_TELEHEALTH = frozenset({"95", "93", "GT", "GQ", "FQ"})
_AUDIO_MODIFIERS = frozenset({"93", "FQ"})
# Their own text says how they are held.
HELD_BY_CODE = TELEMEDICINE_VISITS | {"98016", "99441", "99442", "99443"}
# A brief check-in is no telehealth visit: its place is the clinician's.
_CHECK_IN = "98016"
# The supervisor was present by video: the session itself may be in person.
_OF_SUPERVISION = "FR"
_TELEHEALTH_MODIFIERS = SAY_TELEHEALTH | {"G0"}

# An enum's member costs ten times a module's name, and every line asks.
_IN_PERSON, _VIDEO, _AUDIO = Modality.IN_PERSON, Modality.VIDEO, Modality.AUDIO
_ORIGINAL_MEDICARE = PayerType.MEDICARE
_HOW_HELD = CannotTell(
    "how the session was held, by video or by audio only",
    MissingRecord.ENCOUNTER,
    "modality",
)
_WHERE_PATIENT = CannotTell(
    "whether the patient was at home", MissingRecord.ENCOUNTER, "patient_location"
)
_PAYER_PLACE = CannotTell(
    "the payer's telehealth place of service",
    MissingRecord.PAYER,
    "telehealth_place_of_service",
)
_IN_HOSPITAL = CannotTell(
    "whether the clinician works in a hospital",
    MissingRecord.CLINICIAN,
    "works_in_hospital",
)


def is_at_a_distance(line: LineCase) -> bool:
    """Whether the claim or the note says that the session itself was telehealth.

    Modifier FR says so of the supervision alone.
    """
    # A line without a code is sent back for that alone.
    if not line.facts.is_telehealth or not line.line.procedure_code:
        return False
    return (
        _OF_SUPERVISION not in line.line.modifiers
        or line.place in _TELEHEALTH_PLACES
        or line.facts.modality in (_VIDEO, _AUDIO)
        or not _TELEHEALTH_MODIFIERS.isdisjoint(line.line.modifiers)
    )


@line_rule(
    "BH-077",
    About(
        title="Place of service does not say how the session was held",
        statement="A telehealth session is sent with place 10 for a patient at home"
        " and 02 elsewhere, or with the place that the payer has asked for; a session"
        " in person with neither, and without a telehealth modifier.",
        severity=Severity.DENY_LIKELY,
        fields=(
            "2300 CLM05-1",
            "2400 SV105",
            "2400 SV101-3 to SV101-6",
            "encounter modality",
            "encounter patient_location",
            "payer telehealth_place_of_service",
        ),
        reason_codes=("5", "58"),
        remark_codes=("M77", "N428"),
        root_cause=RootCause.MODIFIER_POS_TELEHEALTH,
        fix="Set the place of service by where the note says the patient was.",
        source="rulebook BH-077: Medicare contractor news",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        valid_from=date(2024, 1, 1),
        review=("E30",),
        only_where=frozenset({Circumstance.TELEHEALTH}),
    ),
)
def place_of_service(line: LineCase) -> Verdict:
    facts = line.facts
    code, place = line.line.procedure_code, line.place
    if not is_at_a_distance(line) or code in WITHOUT_SESSION or code == _CHECK_IN:
        return None
    if place in ENCOUNTER_CLINIC_PLACES or code in ENCOUNTER_CLINIC_CODES:
        return None
    if facts.modality is _IN_PERSON:
        return _held_in_person(line)
    wanted = facts.place_of_service_expected
    if wanted and wanted != _AT_HOME and not _from_hospital(line):
        if place == wanted:
            return None
        return Found(
            says=f"Place {place or '(empty)'} was sent; this payer takes telehealth"
            f" with place {wanted}.",
            fix=f"Send place {wanted}, which this payer has asked for.",
        )
    return _by_location(line)


def _held_in_person(line: LineCase) -> Verdict:
    code, place = line.line.procedure_code, line.place
    if place in _TELEHEALTH_PLACES:
        return Found(
            says=f"Place {place} says telehealth; the note says that the session was"
            " in person."
        )
    said = SAY_TELEHEALTH.intersection(line.line.modifiers)
    if not said:
        return None
    return Found(
        says=f"{code} carries {listed(sorted(said))} for telehealth; the note says that"
        " the session was in person.",
        severity=Severity.WARN,
        fix="Ask the clinician how the session was held; a telehealth modifier stays"
        " off a session in person.",
    )


def _from_hospital(line: LineCase) -> bool:
    """Whether the claim says so, as Medicare has it said: its place, with 95."""
    return (
        line.place in HOSPITAL_PLACES
        and "95" in line.line.modifiers
        and line.of_claim.payer_type in MEDICARE_AND_ADVANTAGE
    )


def _by_location(line: LineCase) -> Verdict:
    """The place that the patient's whereabouts ask for: 10 at home, else 02."""
    place, note = line.place, line.records.note
    location = note.patient_location.strip().lower() if note is not None else ""
    if location in HOMES:
        right = _AT_HOME
    elif location in NOT_A_HOME:
        right = _NOT_AT_HOME
    else:
        right = ""
    if place in _TELEHEALTH_PLACES:
        if place == right:
            return None
        if not right:
            # A note that names no place leaves 10 undoubted. 02 lowers what Medicare
            # pays, and few patients are elsewhere than at home.
            of_medicare = line.of_claim.payer_type in MEDICARE_AND_ADVANTAGE
            is_doubtful = bool(location) or (of_medicare and place == _NOT_AT_HOME)
            return _WHERE_PATIENT if is_doubtful and note is not None else None
    if _from_hospital(line):
        # A clinician in a hospital bills its place with 95 for a patient at home.
        in_hospital = line.clinician.works_in_hospital if line.clinician else None
        if in_hospital is None:
            return _IN_HOSPITAL
        if in_hospital:
            return None
    if (
        not line.facts.place_of_service_expected
        and line.of_claim.payer_type is not _ORIGINAL_MEDICARE
    ):
        return _PAYER_PLACE
    where = f" with the patient at {location}" if right else ""
    return Found(
        says=f"The session was telehealth{where}; place"
        f" {place or '(empty)'} was sent where {right or '02 or 10'} belongs."
    )


@line_rule(
    "BH-078",
    About(
        title="Modifier 95 sent to Medicare",
        statement="Original Medicare reads telehealth from place 02 or 10; 95 is for"
        " a clinician in a hospital whose patient is at home.",
        severity=Severity.WARN,
        fields=("2400 SV101-3 to SV101-6", "clinician works_in_hospital"),
        reason_codes=("4", "182"),
        remark_codes=("N519",),
        root_cause=RootCause.MODIFIER_POS_TELEHEALTH,
        fix="Leave 95 off unless the clinician delivers from a hospital.",
        # A CMS transmittal of June 2024 has 95 paired with 02 and 10 all the same.
        source="rulebook BH-078: Medicare contractor news; CMS transmittal 12671",
        support="conflict",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        payer_types=MEDICARE,
        # Until the end of 2023 Medicare itself asked for 95.
        valid_from=date(2024, 1, 1),
        only_where=frozenset({Circumstance.MODIFIERS}),
    ),
)
def modifier_95_to_medicare(line: LineCase) -> Verdict:
    if "95" not in line.line.modifiers:
        return None
    in_hospital = line.clinician.works_in_hospital if line.clinician else None
    if in_hospital is None and line.place in HOSPITAL_PLACES:
        return _IN_HOSPITAL
    # At other places a practice that keeps no such fact is taken at its claim's word.
    if in_hospital is not False:
        return None
    return Found(
        says=f"{line.line.procedure_code} carries 95 and its clinician does not work in"
        " a hospital; original Medicare reads telehealth from the place of service."
    )


@line_rule(
    "BH-079",
    About(
        title="Audio-only session and its modifier disagree",
        statement="A session held by audio only carries 93, or what the payer has"
        " asked for in its place; a session by video does not.",
        severity=Severity.DENY_LIKELY,
        fields=(
            "2400 SV101-3 to SV101-6",
            "encounter modality",
            "payer audio_only_modifier",
        ),
        reason_codes=("4", "5"),
        remark_codes=("N822", "N776"),
        root_cause=RootCause.MODIFIER_POS_TELEHEALTH,
        fix="Send the audio-only modifier where the note says audio only and why video"
        " was not used.",
        source="rulebook BH-079; 42 CFR 410.78(a)(3)",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        valid_from=date(2022, 1, 1),
        review=("E31",),
        only_where=frozenset({Circumstance.TELEHEALTH}),
    ),
)
def audio_only_modifier(line: LineCase) -> Verdict:
    if not is_at_a_distance(line):
        return None
    code, sent = line.line.procedure_code, line.line.modifiers
    if code in WITHOUT_SESSION or code in HELD_BY_CODE:
        return None
    modality = line.facts.modality
    if modality is _AUDIO:
        return _without_audio_modifier(line)
    if modality is _VIDEO:
        if _AUDIO_MODIFIERS.isdisjoint(sent):
            return None
        said = listed(sorted(_AUDIO_MODIFIERS.intersection(sent)))
        return Found(
            says=f"{code} carries {said} for audio only; the note says video.",
            fix=f"Leave {said} off a session that was held by video.",
        )
    if modality is _IN_PERSON or not SAY_TELEHEALTH.isdisjoint(sent):
        return None
    # Without a note, BH-117 says what is missing.
    asks = line.of_claim.payer_type is _ORIGINAL_MEDICARE or (
        line.payer is not None and bool(line.payer.audio_only_modifier)
    )
    return _HOW_HELD if asks and line.records.note is not None else None


def _without_audio_modifier(line: LineCase) -> Verdict:
    code, sent = line.line.procedure_code, line.line.modifiers
    wanted = line.payer.audio_only_modifier if line.payer is not None else ""
    if wanted:
        if wanted in sent:
            return None
        return Found(
            says=f"The session was audio only; {code} does not carry {wanted}, which"
            " this payer asks for."
        )
    of_medicare = line.of_claim.payer_type is _ORIGINAL_MEDICARE
    if not _AUDIO_MODIFIERS.isdisjoint(sent):
        if "93" in sent or not of_medicare or line.place in ENCOUNTER_CLINIC_PLACES:
            return None
        return Found(
            says=f"The session was audio only; {code} carries FQ, which Medicare has"
            " for rural and federally qualified health clinics, in place of 93.",
            severity=Severity.WARN,
        )
    says = f"The session was audio only; {code} carries neither 93 nor FQ."
    if of_medicare:
        return Found(says=says)
    return Found(says=says, severity=Severity.WARN, by_default=True)


@line_rule(
    "BH-080",
    About(
        title="Modifier GT on a professional claim to Medicare",
        statement="Original Medicare takes GT only on a critical access hospital's"
        " institutional claim.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-3 to SV101-6",),
        reason_codes=("4", "182"),
        remark_codes=("N519",),
        root_cause=RootCause.MODIFIER_POS_TELEHEALTH,
        fix="Leave GT off; place 02 or 10, by the note, says telehealth.",
        source="rulebook BH-080",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        payer_types=MEDICARE,
        valid_from=date(2018, 1, 1),
        only_where=frozenset({Circumstance.MODIFIERS}),
    ),
)
def modifier_gt_to_medicare(line: LineCase) -> Verdict:
    if "GT" not in line.line.modifiers:
        return None
    return Found(
        says=f"{line.line.procedure_code} carries GT on a professional claim to"
        " original Medicare."
    )


@line_rule(
    "BH-082",
    About(
        title="Two telehealth modifiers on one line",
        statement="A line carries at most one of 95, 93, GT, GQ and FQ.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-3 to SV101-6",),
        reason_codes=("4",),
        remark_codes=("N519",),
        root_cause=RootCause.MODIFIER_POS_TELEHEALTH,
        fix="Keep the one that says how the note documents the session, and leave the"
        " others off.",
        source="rulebook BH-082",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        only_where=frozenset({Circumstance.MODIFIERS}),
    ),
)
def two_telehealth_modifiers(line: LineCase) -> Verdict:
    sent = line.line.modifiers
    if len(sent) < 2:
        return None
    several = SAY_TELEHEALTH.intersection(sent)
    if len(several) < 2:
        return None
    return Found(
        says=f"{line.line.procedure_code} carries {listed(sorted(several))} together."
    )
