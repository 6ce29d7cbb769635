"""Telehealth: whether the code may be held at a distance, and by whom."""

from datetime import date

from denialml.domain.claim import Address, person
from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.encounter import Modality
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import TELEMEDICINE_VISITS
from denialml.rules.earlier_answers import has_paid_code_with
from denialml.rules.families.telehealth import SAY_TELEHEALTH, is_at_a_distance
from denialml.rules.rule import (
    MEDICAID,
    MEDICARE,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.session_codes import WITHOUT_SESSION
from denialml.rules.words import listed

_TELEPHONE_VISITS = frozenset({"99441", "99442", "99443"})
# Their own text says that they are held at a distance.
_REMOTE_BY_THEMSELVES = (
    TELEMEDICINE_VISITS | _TELEPHONE_VISITS | {"98016"} | WITHOUT_SESSION
)

# An enum's member costs ten times a module's name, and every line asks.
_IN_PERSON = Modality.IN_PERSON
_ORIGINAL_MEDICARE = PayerType.MEDICARE
_ADVANTAGE = PayerType.MEDICARE_ADVANTAGE
_PATIENT_STATE = CannotTell(
    "the State the patient was in", MissingRecord.ENCOUNTER, "patient_state"
)
_LICENSES = CannotTell(
    "the States where the clinician may practice",
    MissingRecord.CLINICIAN,
    "license_states",
)
_CONSENT = CannotTell(
    "whether the note documents consent to telehealth",
    MissingRecord.ENCOUNTER,
    "telehealth_consent",
)
_PAYER_LIST = CannotTell(
    "the payer's list of telehealth codes",
    MissingRecord.PAYER_SETTING,
    "telehealth_codes",
)
_MEDICARE_LIST = CannotTell(
    "whether Medicare lists the code for telehealth", MissingRecord.ELSEWHERE
)


@line_rule(
    "BH-081",
    About(
        title="Code that the payer does not take by telehealth",
        statement="A service held by telehealth is on the payer's list of telehealth"
        " codes: Medicare's own list, or the one the payer has published.",
        severity=Severity.DENY_LIKELY,
        fields=(
            "2400 SV101-2",
            "2400 SV105",
            "encounter modality",
            "payer telehealth_codes",
        ),
        reason_codes=("96", "5"),
        remark_codes=("N776",),
        root_cause=RootCause.MODIFIER_POS_TELEHEALTH,
        fix="Hold the line and ask the payer whether it takes the code by telehealth;"
        " place and modifiers stay as the session was held.",
        source="Medicare telehealth list 2026, rulebook BH-081",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        valid_from=date(2026, 1, 1),
        review=("E20",),
        only_where=frozenset({Circumstance.TELEHEALTH}),
    ),
)
def code_not_for_telehealth(line: LineCase) -> Verdict:
    if not is_at_a_distance(line) or line.facts.modality is _IN_PERSON:
        return None
    code = line.line.procedure_code
    if code in _REMOTE_BY_THEMSELVES:
        return None
    payer_type = line.of_claim.payer_type
    taken = line.policy.telehealth_codes
    if payer_type is not _ORIGINAL_MEDICARE and taken is not None:
        if code in taken:
            return None
        return Found(says=f"{code} is not on this payer's list of telehealth codes.")
    by_medicare = line.code.telehealth_medicare if line.code is not None else None
    if by_medicare:
        return None
    if payer_type is _ORIGINAL_MEDICARE or payer_type is _ADVANTAGE:
        return _off_medicare_list(line, by_medicare, payer_type)
    return None if has_paid_code_with(line, SAY_TELEHEALTH) else _PAYER_LIST


def _off_medicare_list(
    line: LineCase, by_medicare: bool | None, payer_type: PayerType
) -> Verdict:
    code = line.line.procedure_code
    if by_medicare is None:
        # Medicare pays none of these at all: BH-033 says so.
        paid_elsewhere_only = payer_type is _ORIGINAL_MEDICARE and code[:1] in (
            "H",
            "S",
            "T",
        )
        return None if paid_elsewhere_only else _MEDICARE_LIST
    if payer_type is _ORIGINAL_MEDICARE:
        return Found(says=f"{code} is not on Medicare's list of telehealth codes.")
    return Found(
        says=f"{code} is not on Medicare's list of telehealth codes, which Medicare"
        " Advantage plans follow unless they say otherwise.",
        severity=Severity.WARN,
        by_default=True,
    )


@line_rule(
    "BH-084",
    About(
        title="Clinician may not practice where the patient was",
        statement="In telehealth the clinician holds a license, a privilege or an"
        " authority to practice in the State where the patient is.",
        severity=Severity.WARN,
        fields=(
            "encounter patient_state",
            "2010BA or 2010CA N402",
            "clinician license_states",
            "clinician license_state",
        ),
        reason_codes=("B7", "185"),
        remark_codes=("N570",),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Hold the line and have the clinician's licenses checked for that State; a"
        " compact counts only with its own authority or privilege on file.",
        source="rulebook BH-084",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
        review=("E68",),
        only_where=frozenset({Circumstance.TELEHEALTH}),
    ),
)
def license_where_patient_was(line: LineCase) -> Verdict:
    if not is_at_a_distance(line) or line.facts.modality is _IN_PERSON:
        return None
    if line.line.procedure_code in WITHOUT_SESSION:
        return None
    clinician, note = line.clinician, line.records.note
    states = (
        {*clinician.license_states, clinician.license_state} if clinician else set()
    )
    held = {state.upper() for state in states if state}
    state = note.patient_state.strip().upper() if note is not None else ""
    if not state:
        # Only an address in another State makes it worth asking.
        lives = _state_of(person(line.claim).address or line.claim.subscriber.address)
        return _PATIENT_STATE if held and lives and lives not in held else None
    if state in held:
        return None
    if not held:
        # Of a practice that keeps no licenses, only what crosses its border.
        practice = _state_of(line.claim.billing_provider.address)
        return _LICENSES if practice and state != practice else None
    if clinician is None or not clinician.license_states:
        # The one license on file need not be the only one.
        return _LICENSES
    return Found(
        says=f"The patient was in {state}; the clinician's licenses on file are for"
        f" {listed(sorted(held))}."
    )


def _state_of(address: Address | None) -> str:
    return address.state.strip().upper() if address is not None else ""


@line_rule(
    "BH-085",
    About(
        title="Telemedicine visit code sent to Medicare",
        statement="Original Medicare does not pay 98000 to 98015; it pays office"
        " visits by telehealth, and 98016 for a brief check-in.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2",),
        reason_codes=("96", "181"),
        remark_codes=("M20",),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the office visit code whose level the note supports, with the place"
        " where the note says the patient was.",
        source="Medicare fee schedule 2025, rulebook BH-085",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        payer_types=MEDICARE,
        codes=TELEMEDICINE_VISITS,
        valid_from=date(2025, 1, 1),
    ),
)
def telemedicine_visit_to_medicare(line: LineCase) -> Verdict:
    return Found(
        says=f"Original Medicare does not pay {line.line.procedure_code}; it takes an"
        " office visit code with place 02 or 10."
    )


@line_rule(
    "BH-086",
    About(
        title="Telephone visit code that no longer exists",
        statement="99441 to 99443 ended with services of 2024.",
        severity=Severity.REJECT,
        fields=("2400 SV101-2", "2400 DTP*472"),
        reason_codes=("181",),
        remark_codes=("M20", "N56"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the code in force on the date of service that the note supports.",
        source="rulebook BH-086",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=_TELEPHONE_VISITS,
        valid_from=date(2025, 1, 1),
    ),
)
def deleted_telephone_visit(line: LineCase) -> Verdict:
    if line.day is None:
        return CannotTell("the date of service", MissingRecord.CLAIM)
    return Found(
        says=f"{line.line.procedure_code} ended on 2024-12-31; the service was on"
        f" {line.day}."
    )


@line_rule(
    "BH-083",
    About(
        title="Consent to telehealth not documented",
        statement="Where the State or the payer asks for it, the note says that the"
        " patient consented to telehealth.",
        severity=Severity.WARN,
        fields=("2400 SV105", "encounter telehealth_consent"),
        reason_codes=("252", "112"),
        remark_codes=("N228",),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Look for a consent given before the session; if there is none, ask for it"
        " now and record it with its own day.",
        source="State Medicaid manuals, rulebook BH-083",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        only_where=frozenset({Circumstance.TELEHEALTH}),
    ),
)
def consent_not_documented(line: LineCase) -> Verdict:
    if not is_at_a_distance(line) or line.facts.modality is _IN_PERSON:
        return None
    required = line.policy.requires_telehealth_consent
    note = line.records.note
    if note is None or note.telehealth_consent or required is False:
        return None
    if note.telehealth_consent is None:
        # Many practices keep consent elsewhere: asked only of a payer that wants it.
        return _CONSENT if required else None
    if required is None and line.of_claim.payer_type not in MEDICAID:
        return None
    return Found(
        says=f"The note of {line.day} says that consent to telehealth was not given or"
        " not recorded.",
        by_default=required is None,
    )
