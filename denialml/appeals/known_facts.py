"""Facts of the case beyond claim and denial, each from one record on file.

`FACTS` says of every field what it is and who can supply it when it is absent, so
that a template's `wanted` list turns into the letter's list of what is missing.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from denialml.appeals.case_file import CaseFile, payer_type
from denialml.appeals.correction_facts import correction_facts
from denialml.appeals.covering import covering_authorization, covering_check
from denialml.appeals.document_reading import stated_time
from denialml.appeals.evidence import EvidenceFile
from denialml.appeals.exhibit_facts import (
    Facts,
    acceptance_from_acknowledgment,
    attached,
    authorization_from_letter,
    eligibility_from_answer,
    enrollment_from_letter,
    plan_from_exhibit,
    session_from_note,
)
from denialml.appeals.filing import filing_limit_ends
from denialml.appeals.session_time import minutes_band, signed_encounter
from denialml.appeals.values import Value, clock, day, number, said
from denialml.domain.claim import line_place_of_service, rendering_npi
from denialml.domain.coverage import Authorization, Enrollment, PayerType
from denialml.domain.encounter import Modality, documented_minutes

_MODALITIES = {
    Modality.IN_PERSON: "in person",
    Modality.VIDEO: "by live video",
    Modality.AUDIO: "by audio only",
}


class FactsContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the practice's records say about the case; None where they are silent.

    Times are local clock times of the session; minutes are whole minutes.
    """

    session_minutes: Value | None = None
    session_started_at: Value | None = None
    session_stopped_at: Value | None = None
    session_signed_on: Value | None = None
    session_modality: Value | None = None
    patient_location: Value | None = None
    code_minutes_minimum: Value | None = None
    code_minutes_maximum: Value | None = None
    treatment_plan_on: Value | None = None
    authorization_number: Value | None = None
    authorization_begins_on: Value | None = None
    authorization_ends_on: Value | None = None
    authorization_units: Value | None = None
    authorization_units_left: Value | None = None
    authorization_codes: Value | None = None
    authorization_number_was_on_claim: Value | None = None
    authorization_number_first_sent: Value | None = None
    eligibility_checked_on: Value | None = None
    eligibility_trace_number: Value | None = None
    eligibility_plan: Value | None = None
    coverage_begins_on: Value | None = None
    mental_health_benefit_active: Value | None = None
    other_payer_named: Value | None = None
    claim_accepted_on: Value | None = None
    sent_again_on: Value | None = None
    filing_limit_ends_on: Value | None = None
    filing_limit: Value | None = None
    enrollment_effective_on: Value | None = None
    license_number: Value | None = None
    license_state: Value | None = None
    expected_place_of_service: Value | None = None
    expected_telehealth_modifier: Value | None = None
    visits_this_year: Value | None = None
    visits_remaining: Value | None = None
    diagnosis_first_sent: Value | None = None
    diagnosis_in_note: Value | None = None
    modifiers_first_sent: Value | None = None
    correction: Value | None = None


def known_facts(case: CaseFile, evidence: EvidenceFile) -> FactsContext:
    """Everything the records say, and what only an exhibit says, ready to print."""
    facts: Facts = {
        **_session(case),
        **_authorization(case),
        **_eligibility(case),
        **_filing(case),
        **_clinician(case),
        **_telehealth(case),
        **_visits(case),
    }
    for name, read in _FROM_EXHIBITS.items():
        if not facts.get(name):
            facts |= {k: v for k, v in read(case, evidence).items() if v is not None}
    if not _notes_state_minutes(case, evidence):
        # The letter cites the note for them; a note without them would not bear it out.
        facts |= dict.fromkeys(_CLOCK)
    facts |= correction_facts(case, evidence, facts)
    return FactsContext(**facts)


_CLOCK = ("session_minutes", "session_started_at", "session_stopped_at")


def _notes_state_minutes(case: CaseFile, evidence: EvidenceFile) -> bool:
    """Whether an attached note states minutes; True as well where none is attached."""
    notes = list(attached(case, evidence, "progress_note", "crisis_note"))
    return not notes or any(stated_time(one.text).minutes for one in notes)


# The fact that shows a group is known, and who reads the group from an exhibit if not.
_FROM_EXHIBITS: Mapping[str, Callable[[CaseFile, EvidenceFile], Facts]] = {
    "session_minutes": session_from_note,
    "authorization_number": authorization_from_letter,
    "eligibility_checked_on": eligibility_from_answer,
    "enrollment_effective_on": enrollment_from_letter,
    "claim_accepted_on": acceptance_from_acknowledgment,
    "treatment_plan_on": plan_from_exhibit,
}


def _session(case: CaseFile) -> Facts:
    least, most = minutes_band(case)
    code_source = f"reference:{case.line.procedure_code}"
    band: Facts = {
        "code_minutes_minimum": number(least, code_source),
        "code_minutes_maximum": number(most, code_source),
    }
    encounter = signed_encounter(case)
    if encounter is None:
        return band
    source = f"encounter:{encounter.encounter_id}"
    modality = _MODALITIES.get(encounter.modality, "")
    return {
        **band,
        "session_minutes": number(documented_minutes(encounter), source),
        "session_started_at": clock(encounter.started_at, source),
        "session_stopped_at": clock(encounter.stopped_at, source),
        "session_signed_on": day(encounter.signed_on, source),
        "session_modality": said(modality, source),
        "patient_location": said(encounter.patient_location, source),
    }


def _authorization(case: CaseFile) -> Facts:
    one = covering_authorization(case)
    if one is None:
        return {}
    source = f"authorization:{one.authorization_number}"
    sent = case.line.prior_authorization_number or case.claim.prior_authorization_number
    same = sent.strip().upper() == one.authorization_number.strip().upper()
    return {
        "authorization_number": Value(one.authorization_number, source),
        "authorization_begins_on": day(one.begins_on, source),
        "authorization_ends_on": day(one.ends_on, source),
        "authorization_units": number(one.units, source),
        "authorization_units_left": _units_left(case, one),
        "authorization_codes": said(", ".join(one.procedure_codes), source),
        "authorization_number_was_on_claim": Value(sent, "claim:REF*G1", source)
        if same
        else None,
        "authorization_number_first_sent": None
        if same
        else Value(
            f"with number {sent}" if sent else "without an authorization number",
            "claim:REF*G1",
        ),
    }


def _units_left(case: CaseFile, one: Authorization) -> Value | None:
    """Units of this authorization that claims sent before had left, if counted."""
    facts = case.facts
    if facts is None or facts.authorization_number != one.authorization_number:
        return None
    return number(facts.authorization_units_left, "claims:authorization_units")


def _eligibility(case: CaseFile) -> Facts:
    check = covering_check(case)
    if check is None:
        return {}
    source = f"eligibility:{check.trace_number or check.checked_on.isoformat()}"
    active = "an active mental health benefit" if check.mental_health_active else ""
    return {
        "eligibility_checked_on": day(check.checked_on, source),
        "eligibility_trace_number": said(check.trace_number, source),
        "eligibility_plan": said(check.plan_name, source),
        "coverage_begins_on": day(check.coverage_begin, source),
        "mental_health_benefit_active": said(active, source),
        "other_payer_named": said(check.other_payer_name, source),
    }


def _filing(case: CaseFile) -> Facts:
    limit = filing_limit_ends(case)
    days = case.payer.filing_limit_days if case.payer is not None else None
    length = f"{days} days" if days is not None else ""
    if payer_type(case) is PayerType.MEDICARE:
        length = "one calendar year"
    return {
        "filing_limit_ends_on": day(limit, "payer:filing_limit"),
        "filing_limit": said(length, "payer:filing_limit"),
    }


def _clinician(case: CaseFile) -> Facts:
    npi = rendering_npi(case.claim, case.line)
    facts: Facts = {}
    enrollment = _covering_enrollment(case, npi)
    if enrollment is not None:
        facts["enrollment_effective_on"] = day(
            enrollment.effective_on, f"enrollment:{npi}"
        )
    for clinician in case.clinicians:
        if clinician.npi == npi:
            facts["license_number"] = said(clinician.license_number, f"clinician:{npi}")
            facts["license_state"] = said(clinician.license_state, f"clinician:{npi}")
    return facts


def _covering_enrollment(case: CaseFile, npi: str) -> Enrollment | None:
    service_date = case.line.service_date
    for one in sorted(case.enrollments, key=lambda e: e.effective_on):
        if (
            service_date is not None
            and one.clinician_npi == npi
            and one.payer_id == case.claim.payer.payer_id
            and one.effective_on <= service_date
            and (one.ends_on is None or service_date <= one.ends_on)
        ):
            return one
    return None


def _telehealth(case: CaseFile) -> Facts:
    """Place and modifier that the payer is set up to want, where they differ."""
    facts, payer = case.facts, case.payer
    if facts is None or payer is None:
        return {}
    place, modifier = (
        facts.place_of_service_expected,
        facts.telehealth_modifier_expected,
    )
    sent = line_place_of_service(case.claim, case.line)
    return {
        "expected_place_of_service": said(
            place if place != sent else "", "payer:telehealth_place_of_service"
        ),
        "expected_telehealth_modifier": said(
            modifier if modifier not in case.line.modifiers else "",
            "payer:telehealth_modifier",
        ),
    }


def _visits(case: CaseFile) -> Facts:
    if case.facts is None:
        return {}
    return {
        "visits_this_year": number(
            case.facts.visits_this_year or None, "claims:visits"
        ),
        "visits_remaining": number(case.facts.visits_remaining, "eligibility:visits"),
    }


class MissingFact(msgspec.Struct, frozen=True, kw_only=True):
    """What an absent fact is called and who can supply it."""

    what: str
    supplied_by: str


_CLINICIAN, _BILLING = "the treating clinician", "the practice's billing staff"
FACTS: Mapping[str, MissingFact] = MappingProxyType(
    {
        name: MissingFact(what=what, supplied_by=supplied_by)
        for name, what, supplied_by in (
            (
                "session_minutes",
                "start and stop times, or minutes, in the signed note",
                _CLINICIAN,
            ),
            ("session_signed_on", "a signed record of the session", _CLINICIAN),
            ("session_modality", "how the session was held", _CLINICIAN),
            ("patient_location", "where the patient was", _CLINICIAN),
            ("treatment_plan_on", "a plan in force on the date of service", _CLINICIAN),
            (
                "authorization_number",
                "an approved authorization that covers the date and code",
                "the payer's utilization management",
            ),
            (
                "authorization_number_first_sent",
                "a claim that went out without this authorization number",
                _BILLING,
            ),
            ("authorization_units", "the number of authorized units", _BILLING),
            (
                "eligibility_checked_on",
                "an active eligibility answer for the date of service",
                _BILLING,
            ),
            ("eligibility_trace_number", "the eligibility trace number", _BILLING),
            (
                "claim_accepted_on",
                "the day on which the payer accepted the claim",
                "the clearinghouse",
            ),
            (
                "filing_limit_ends_on",
                "the payer's filing limit in the practice's set-up",
                _BILLING,
            ),
            (
                "enrollment_effective_on",
                "an enrollment in effect on the date of service",
                "the payer's provider enrollment",
            ),
            ("license_number", "the clinician's license number", _BILLING),
            (
                "expected_place_of_service",
                "the payer's place-of-service rule for telehealth",
                _BILLING,
            ),
            (
                "expected_telehealth_modifier",
                "the payer's telehealth modifier rule",
                _BILLING,
            ),
            ("code_minutes_minimum", "the time rule of the billed code", _BILLING),
            ("visits_this_year", "the visits of this year", _BILLING),
            (
                "correction",
                "what the claim said and what it should have said",
                _BILLING,
            ),
        )
    }
)
