"""What a learnt root-cause model reads of one denied line: numbers only.

Codes of the answer and the letter are left out on purpose. They are the other witness:
a cause is learnt from what was sent and on file, then weighed with what the payer said,
so that neither can confirm itself. Words (payer, code, ...) become numbers that tell
them apart and are turned into categories by the model; no patient, member or clinician
is among them.
"""

from zlib import crc32

from denialml.domain.claim import line_place_of_service
from denialml.domain.encounter import Modality
from denialml.domain.facts import AuthorizationState, EnrollmentState
from denialml.modeling.root_cause.sign import SignContext

CATEGORIES = ("payer", "procedure_code", "diagnosis", "session", "taxonomy")
FEATURES = (
    *CATEGORIES,
    *("authorization_state", "enrollment_state", "modality", "filing_lag_days"),
    *("filing_days_left", "authorization_units_left", "authorization_days_left"),
    *("authorization_number_on_claim", "referral_on_claim", "visits_this_year"),
    *("visits_remaining", "visit_number", "encounter_on_file", "note_signed"),
    *("documented_minutes", "minutes_above_least", "minutes_below_most"),
    *("treatment_plan_age_days", "eligibility_age_days", "coverage_ended"),
    *("coverage_ended_now", "eligibility_age_days_now", "other_payer_named"),
    *("enrollment_age_days", "is_telehealth", "place_expected", "modifier_expected"),
    *("same_service_already_sent", "other_codes_same_day", "days_since_patient_paid"),
    *("days_since_patient_denied", "claim_lines", "paid_beside", "submitted_day"),
)
"""Names of the entries of `LineEvidence.features`, in order."""
_AUTHORIZATIONS = tuple(AuthorizationState)
_ENROLLMENTS = tuple(EnrollmentState)
_MODALITIES = tuple(Modality)


def line_features(context: SignContext, *, paid_beside: bool) -> tuple[float, ...]:
    """The line in the order of `FEATURES`; NaN where the records do not tell.

    `paid_beside`: the same answer paid another line of the claim.
    """
    claim, line, facts = context.claim, context.line, context.facts
    later = context.later or facts
    place = line_place_of_service(claim, line)
    provider = line.rendering_provider or claim.rendering_provider
    minutes, least = facts.documented_minutes, facts.code_minutes_minimum
    told = (
        word_number(claim.payer.payer_id),
        word_number(line.procedure_code),
        word_number(facts.diagnosis_codes[0] if facts.diagnosis_codes else ""),
        word_number(f"{place}/{'+'.join(sorted(line.modifiers))}"),
        word_number(provider.taxonomy_code if provider is not None else ""),
        _AUTHORIZATIONS.index(facts.authorization_state),
        _ENROLLMENTS.index(facts.enrollment_state),
        _MODALITIES.index(facts.modality),
        facts.filing_lag_days,
        _left(facts.filing_limit_days, facts.filing_lag_days),
        facts.authorization_units_left,
        facts.authorization_days_left,
        facts.authorization_number_on_claim,
        bool(claim.referral_number),
        facts.visits_this_year,
        facts.visits_remaining,
        facts.visit_number,
        facts.encounter_on_file,
        facts.note_signed,
        minutes,
        _left(minutes, least),
        _left(facts.code_minutes_maximum, minutes),
        facts.treatment_plan_age_days,
        facts.eligibility_age_days,
        facts.coverage_ended_before_service,
        later.coverage_ended_before_service,
        later.eligibility_age_days,
        later.other_payer_named,
        facts.enrollment_age_days,
        facts.is_telehealth,
        _agrees(facts.place_of_service_expected, (place,)),
        _agrees(facts.telehealth_modifier_expected, line.modifiers),
        facts.same_service_already_sent,
        len(facts.other_codes_same_day),
        facts.days_since_patient_paid,
        facts.days_since_patient_denied,
        len(claim.lines),
        paid_beside,
        facts.as_of.toordinal(),
    )
    return tuple(float("nan") if one is None else float(one) for one in told)


def word_number(word: str) -> int:
    """A number that tells words apart, the same in every process."""
    return crc32(word.encode())


def _left(limit: int | None, used: int | None) -> int | None:
    return limit - used if limit is not None and used is not None else None


def _agrees(expected: str, sent: tuple[str, ...]) -> bool | None:
    return expected in sent if expected else None
