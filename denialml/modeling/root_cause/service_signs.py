"""Signs about the service: time, telehealth, same day, diagnosis, episode."""

from collections.abc import Callable, Iterator

from denialml.domain.claim import line_place_of_service
from denialml.domain.encounter import Modality
from denialml.domain.facts import LineFacts
from denialml.modeling.root_cause.sign import (
    INTENSIVE_FAMILIES,
    Sign,
    SignContext,
    family_of,
)
from denialml.reference import procedure_codes

CORE_FAMILIES = frozenset(
    {"psychotherapy", "psychotherapy add-on to E/M", "E/M office", "diagnostic eval"}
)
PSYCHOTHERAPY = frozenset({"90832", "90834", "90837"})
PSYCHOTHERAPY_ADD_ONS = frozenset({"90833", "90836", "90838"})
EVALUATIONS = frozenset({"90791", "90792"})
UNSPECIFIED_DIAGNOSES = frozenset(
    {"F329", "F32A", "F419", "F4320", "F4310", "F99", "F39", "F909", "F1990"}
)
TELEHEALTH_PLACES = frozenset({"02", "10"})


def _time(context: SignContext) -> Iterator[Sign]:
    facts, line = context.facts, context.line
    row = procedure_codes().get(line.procedure_code)
    if row is not None and row.time_basis == "minutes":
        yield from _minutes(facts, line.procedure_code)
    if facts.note_signed is False:
        yield Sign("note_unsigned", "The note on file was not signed.")
    elif not facts.encounter_on_file:
        yield Sign("note_missing", "No note of the session was on file.")
    if line.procedure_code == "90837":
        yield Sign("long_session_code", "60-minute psychotherapy is reviewed often.")
    if row is None:
        return
    if row.units_maximum_medicare is not None and (
        line.unit_basis == "UN" and line.units > row.units_maximum_medicare > 0
    ):
        yield Sign(
            "units_above_maximum",
            f"{line.units.normalize():f} units were billed; Medicare's edit allows"
            f" {row.units_maximum_medicare} a day.",
        )
    if facts.service_date is not None and not row.is_valid_on(facts.service_date):
        yield Sign(
            "code_not_valid", f"{row.code} was not valid on the date of service."
        )


def _minutes(facts: LineFacts, code: str) -> Iterator[Sign]:
    minutes = facts.documented_minutes
    low, high = facts.code_minutes_minimum, facts.code_minutes_maximum
    if minutes is None:
        yield Sign("minutes_missing", f"No minutes on file support {code}.")
    elif low is not None and minutes < low:
        yield Sign(
            "minutes_below_code",
            f"The note documents {minutes} minutes; {code} needs at least {low}.",
        )
    elif high is not None and minutes > high:
        yield Sign(
            "minutes_above_code",
            f"The note documents {minutes} minutes; {code} ends at {high}.",
        )
    else:
        yield Sign("minutes_within_code", f"The {minutes} minutes on file fit {code}.")


def _telehealth(context: SignContext) -> Iterator[Sign]:
    facts, line = context.facts, context.line
    place = line_place_of_service(context.claim, line)
    remote = facts.modality in (Modality.VIDEO, Modality.AUDIO)
    if remote != (place in TELEHEALTH_PLACES) and facts.modality is not (
        Modality.UNKNOWN
    ):
        yield Sign(
            "modality_against_place",
            f"The note says {facts.modality.value.replace('_', ' ')}, the claim place"
            f" of service {place}.",
        )
    if not facts.is_telehealth:
        yield Sign("in_person", "The service was not billed as telehealth.")
        return
    expected_place = facts.place_of_service_expected
    expected_modifier = facts.telehealth_modifier_expected
    if expected_place and place != expected_place:
        yield Sign(
            "telehealth_place_unexpected",
            f"Place of service {place} was sent; this payer wants {expected_place}.",
        )
    if expected_modifier and expected_modifier not in line.modifiers:
        yield Sign(
            "telehealth_modifier_missing",
            f"This payer wants modifier {expected_modifier} for telehealth.",
        )
    if not expected_place and not expected_modifier:
        yield Sign(
            "telehealth_rule_unknown",
            "What this payer wants for telehealth is not set up.",
        )
    elif place == (expected_place or place) and (
        not expected_modifier or expected_modifier in line.modifiers
    ):
        yield Sign(
            "telehealth_as_expected",
            "Place of service and modifier are what this payer wants.",
        )


def _same_day(context: SignContext) -> Iterator[Sign]:
    line, facts = context.line, context.facts
    code = line.procedure_code
    others = set(facts.other_codes_same_day)
    row = procedure_codes().get(code)
    if row is not None and row.primary_codes and not others & set(row.primary_codes):
        yield Sign(
            "add_on_without_primary",
            f"{code} is an add-on and no primary code was billed that day.",
        )
    if not others:
        yield Sign("only_service_of_day", "Nothing else was billed that day.")
        return
    listed = ", ".join(sorted(others))
    yield Sign("other_codes_same_day", f"Billed the same day: {listed}.")
    day = others | {code}
    if day & PSYCHOTHERAPY_ADD_ONS and "25" not in _visit_modifiers(context):
        yield Sign("visit_without_25", "The visit of that day lacks modifier 25.")
    if "90853" in day and day & (PSYCHOTHERAPY | PSYCHOTHERAPY_ADD_ONS):
        yield Sign(
            "group_and_individual_same_day",
            "Group and individual psychotherapy were billed for one day.",
        )
    if day & EVALUATIONS and day & PSYCHOTHERAPY:
        yield Sign(
            "evaluation_and_therapy_same_day",
            "An evaluation and psychotherapy were billed for one day.",
        )


def _visit_modifiers(context: SignContext) -> set[str]:
    """Modifiers of the day's evaluation visits on this claim."""
    return {
        modifier
        for line in context.claim.lines
        if family_of(line.procedure_code) == "E/M office"
        for modifier in line.modifiers
    }


def _diagnosis(context: SignContext) -> Iterator[Sign]:
    codes = context.facts.diagnosis_codes
    if not codes:
        return
    first = codes[0]
    if first in UNSPECIFIED_DIAGNOSES:
        yield Sign(
            "diagnosis_unspecified", f"The main diagnosis {first} is unspecified."
        )
    elif first[0] in "ZR":
        yield Sign(
            "diagnosis_not_a_disorder", f"The main diagnosis {first} is no disorder."
        )
    else:
        yield Sign("diagnosis_specific", f"The main diagnosis {first} is specific.")


def _clinical(context: SignContext) -> Iterator[Sign]:
    facts, code = context.facts, context.line.procedure_code
    family = family_of(code)
    if family in INTENSIVE_FAMILIES:
        yield Sign("intensive_service", f"Payers review {code} for necessity.")
    elif family in CORE_FAMILIES:
        yield Sign("core_service", f"Nearly every plan covers {code}.")
    visit = f"It was visit {facts.visit_number} of the patient."
    if facts.visit_number > 40:
        yield Sign("long_episode", visit)
    elif facts.visit_number <= 8:
        yield Sign("early_visit", visit)
    if facts.visit_number == 1:
        yield Sign("first_visit", visit)
    elif facts.visit_number >= 5:
        yield Sign("settled_patient", visit)
    age = facts.treatment_plan_age_days
    if age is not None and age > 180:
        yield Sign("treatment_plan_old", f"The treatment plan was {age} days old.")


def _identifiers(context: SignContext) -> Iterator[Sign]:
    claim = context.claim
    provider = context.line.rendering_provider or claim.rendering_provider
    no_member = not claim.subscriber.member_id
    no_npi = not claim.billing_provider.npi or (
        provider is not None and not provider.npi
    )
    if no_member or no_npi:
        yield Sign(
            "claim_identifier_missing",
            "The claim lacks a member number or a clinician's number.",
        )


SERVICE_READERS: tuple[Callable[[SignContext], Iterator[Sign]], ...] = (
    _time,
    _telehealth,
    _same_day,
    _diagnosis,
    _clinical,
    _identifiers,
)
