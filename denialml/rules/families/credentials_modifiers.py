"""Modifiers that say who delivered the service, and services under another's NPI."""

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.encounter import Encounter
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.earlier_answers import has_paid_code_without
from denialml.rules.provider_types import (
    ASSOCIATE,
    in_words,
    type_of,
    type_of_credential,
)
from denialml.rules.rule import (
    MEDICAID,
    MEDICARE,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)

# Degree and profession (rulebook BH-101).
DEGREE_MODIFIERS = frozenset({"HM", "HN", "HO", "HP", "AH", "AJ", "HL"})
# Defined by each State for itself (rulebook BH-102).
_STATE_MODIFIERS = frozenset(
    {
        *("U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", "U9"),
        *("UA", "UB", "UC", "UD"),
    }
)
# Programs and groups of patients (rulebook BH-103).
_PROGRAM_MODIFIERS = frozenset({"HA", "HB", "HE", "HF", "HQ", "HR", "HS"})
# Substitutes and residents go by rules of their own.
_UNDER_ANOTHER_BY_RULE = frozenset({"Q5", "Q6", "GC", "GE"})
# Staff delivers these under the billing clinician by the code's own definition.
_STAFF_CODES = frozenset(
    {
        *("96127", "96138", "96139", "96146", "96160", "96161", "96372", "99211"),
        *("99484", "99492", "99493", "99494", "G2214", "G0544", "G0568", "G0569"),
        *("G0570", "G2086", "G2087", "G2088"),
    }
)
_NEW_PATIENT_CODES = frozenset({"99202", "99203", "99204", "99205"})
_INSTITUTIONS = frozenset({"19", "21", "22", "23", "31", "51"})
# Medicare gives their work no services of others beside it.
_NOT_INCIDENT_TO = frozenset(
    {
        "clinical_social_worker",
        "marriage_family_therapist",
        "mental_health_counselor",
    }
)


@line_rule(
    "BH-100",
    About(
        title="Service of another clinician billed as incident-to",
        statement="Medicare pays a service under another clinician's NPI only where the"
        " conditions of incident-to are met: not for a new patient or problem, not in"
        " an institution, not under a social worker, counselor or family therapist.",
        severity=Severity.DENY_LIKELY,
        fields=("2310B NM109", "2420A NM109", "the note's clinician", "CLM05-1"),
        reason_codes=("B7", "150"),
        remark_codes=("N163",),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Hold the claim and find out who delivered the service: it is billed under"
        " that clinician's NPI if Medicare has enrolled the clinician, otherwise not to"
        " Medicare.",
        source="42 CFR 410.26, rulebook BH-100",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.COMPLIANCE,
        payer_types=MEDICARE,
        review=("E12",),
    ),
)
def incident_to(line: LineCase) -> Verdict:
    note = line.records.note or line.records.note_of_another
    npi = line.rendering_npi
    if note is None or not note.clinician_npi or note.clinician_npi == npi:
        return None
    code = line.line.procedure_code
    if (
        not npi
        # Without a rendering provider the practice's own number stands here.
        or npi == line.claim.billing_provider.npi
        or code in _STAFF_CODES
        or not _UNDER_ANOTHER_BY_RULE.isdisjoint(line.line.modifiers)
    ):
        return None
    if _is_of_another_line(note, line):
        return None
    if (
        note.procedure_code != code
        and note.patient_control_number != line.claim.patient_control_number
    ):
        return CannotTell(
            "who delivered the service (the note is by another NPI)",
            MissingRecord.ENCOUNTER,
        )
    clinician = line.clinician
    kind = type_of(clinician) if clinician is not None else ""
    if kind in _NOT_INCIDENT_TO:
        why = f"{in_words(kind)}'s NPI carries only own services"
    elif line.place in _INSTITUTIONS:
        why = f"incident-to does not reach place {line.place}"
    elif note.is_new_patient or code in _NEW_PATIENT_CODES:
        why = "incident-to does not reach a new patient"
    else:
        return CannotTell(
            "the conditions of incident-to (whose treatment plan it is, and whether the"
            " problem is new)",
            MissingRecord.ELSEWHERE,
        )
    return Found(
        says=f"The note of {code} is by NPI {note.clinician_npi}, the line by {npi};"
        f" {why}."
    )


def _is_of_another_line(note: Encounter, line: LineCase) -> bool:
    """Whether the note is of another service of the day, by its own clinician."""
    if not note.procedure_code or note.procedure_code == line.line.procedure_code:
        return False
    if note.patient_control_number != line.claim.patient_control_number:
        return True
    return any(
        other.day == line.day and other.rendering_npi == note.clinician_npi
        for other in line.of_claim.lines
    )


@line_rule(
    "BH-101",
    About(
        title="Degree modifier missing or wrong",
        statement="The line carries the modifier that the payer wants for the"
        " clinician's degree.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-3", "clinicians on file", "payer settings"),
        reason_codes=("4",),
        remark_codes=("N822", "N519"),
        root_cause=RootCause.MODIFIER_POS_TELEHEALTH,
        fix="Check the clinician's degree in the credentialing file and set the"
        " modifier that the payer lists for it.",
        source="rulebook BH-101",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
    ),
)
def degree_modifier(line: LineCase) -> Verdict:
    settings = line.policy.degree_modifiers
    modifiers = line.line.modifiers
    if settings is None and not _is_medicaid_program(line):
        return None
    carried = next((one for one in modifiers if one in DEGREE_MODIFIERS), "")
    if settings is None:
        if carried:
            return None
        return CannotTell(
            "the payer's degree_modifiers setting",
            MissingRecord.PAYER_SETTING,
            "degree_modifiers",
        )
    if not settings:
        return None
    clinician = line.clinician
    if clinician is None or not clinician.credential:
        return CannotTell(
            "the clinician's credential", MissingRecord.CLINICIAN, "credential"
        )
    wanted = modifier_of_credential(settings, clinician.credential)
    if wanted is None:
        return CannotTell(
            f"the payer's degree_modifiers setting for {clinician.credential}",
            MissingRecord.PAYER_SETTING,
            "degree_modifiers",
        )
    if not wanted or wanted in modifiers:
        return None
    carries = f"carries {carried}" if carried else "carries none"
    return Found(
        says=f"The payer wants modifier {wanted} for {clinician.credential};"
        f" {line.line.procedure_code} {carries}."
    )


def modifier_of_credential(settings: dict[str, str], credential: str) -> str | None:
    """By the whole credential, else by one of its parts."""
    wanted = {_letters(name): modifier for name, modifier in settings.items()}
    parts = [credential, *credential.replace("/", ",").split(",")]
    # "LPC Associate" is no LPC.
    if type_of_credential(credential) != ASSOCIATE:
        parts += credential.split()
    for part in parts:
        found = wanted.get(_letters(part))
        if found is not None:
            return found
    return None


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha()).upper()


@line_rule(
    "BH-102",
    About(
        title="State modifier missing or unknown",
        statement="The line carries the modifier (U1 to UD) that the State's manual"
        " sets for its code.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-3", "payer settings"),
        reason_codes=("4",),
        remark_codes=("N822",),
        root_cause=RootCause.MODIFIER_POS_TELEHEALTH,
        fix="Look the code up in the State's manual and set the modifier it names; the"
        " same modifier means something else in another State.",
        source="rulebook BH-102",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
    ),
)
def state_modifier(line: LineCase) -> Verdict:
    settings = line.policy.state_modifiers
    code, modifiers = line.line.procedure_code, line.line.modifiers
    if settings is None:
        if _STATE_MODIFIERS.isdisjoint(modifiers):
            return None
        carried = next(one for one in modifiers if one in _STATE_MODIFIERS)
        return CannotTell(
            f"what {carried} means to the payer (its state_modifiers setting)",
            MissingRecord.PAYER_SETTING,
            "state_modifiers",
        )
    wanted = settings.get(code)
    if not wanted or wanted in modifiers:
        return None
    return Found(says=f"The State wants modifier {wanted} with {code}.")


@line_rule(
    "BH-103",
    About(
        title="Program modifier missing",
        statement="The line carries the program's modifier (such as HE, HF, HA, HQ)"
        " that the payer sets for its code.",
        severity=Severity.WARN,
        fields=("2400 SV101-3", "payer settings"),
        reason_codes=("4",),
        remark_codes=("N822",),
        root_cause=RootCause.MODIFIER_POS_TELEHEALTH,
        fix="See in the record which program the patient is in, and add the modifier"
        " that the payer sets for it.",
        source="rulebook BH-103",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
    ),
)
def program_modifier(line: LineCase) -> Verdict:
    settings = line.policy.program_modifiers
    code, modifiers = line.line.procedure_code, line.line.modifiers
    if settings is None:
        if not _is_medicaid_program(line):
            return None
        if not _PROGRAM_MODIFIERS.isdisjoint(modifiers):
            return None
        if has_paid_code_without(line, _PROGRAM_MODIFIERS):
            return None
        return CannotTell(
            "the payer's program_modifiers setting",
            MissingRecord.PAYER_SETTING,
            "program_modifiers",
        )
    wanted = settings.get(code)
    if not wanted or wanted in modifiers:
        return None
    return Found(says=f"The payer wants modifier {wanted} with {code}.")


def _is_medicaid_program(line: LineCase) -> bool:
    """H and T codes are what Medicaid's modifiers are set for most."""
    return (
        line.line.procedure_code[:1] in ("H", "T")
        and line.of_claim.payer_type in MEDICAID
    )
