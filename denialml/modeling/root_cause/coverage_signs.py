"""Signs about the member, the payer and the clinician: is this payer to pay at all?"""

from collections.abc import Callable, Iterator

from denialml.domain.coverage import EligibilityResult, PayerType
from denialml.domain.facts import AuthorizationState, EnrollmentState
from denialml.modeling.root_cause.sign import (
    INTENSIVE_FAMILIES,
    Sign,
    SignContext,
    family_of,
)
from denialml.reference import adjustment_reasons

OFTEN_EXCLUDED_FAMILIES = frozenset(
    {"testing", "ABA", "TMS", "Spravato", "family group", "other psychiatric"}
    | {"residential", "unlisted", "HBAI"}
)
NO_AUTHORIZATION_FAMILIES = frozenset({"diagnostic eval", "crisis", "screening"})
# Counselors and family therapists: Medicare pays them from 2024 on (CAA 2023 s.4121).
COUNSELOR_TAXONOMIES = ("101Y", "106H")
COUNSELORS_IN_MEDICARE_FROM = 2024
MEDICARE_TYPES = frozenset({PayerType.MEDICARE, PayerType.MEDICARE_ADVANTAGE})
_DENIED_LATELY = {
    "eligibility_coverage": "denied_lately_eligibility",
    "cob_wrong_payer": "denied_lately_coordination",
    "provider_eligibility": "denied_lately_enrollment",
    "auth_missing": "denied_lately_authorization",
    "auth_mismatch": "denied_lately_authorization",
    "benefit_limit": "denied_lately_limit",
}


def _eligibility(context: SignContext) -> Iterator[Sign]:
    facts = context.facts
    age = facts.eligibility_age_days
    if facts.eligibility_result is EligibilityResult.INACTIVE:
        yield Sign("eligibility_inactive", "The last eligibility answer was inactive.")
    elif facts.coverage_ended_before_service:
        yield Sign(
            "coverage_ended_before_service",
            "The last eligibility answer showed coverage ending before the service.",
        )
    elif age is None:
        yield Sign(
            "eligibility_never_checked",
            "No eligibility check with this payer was on file.",
        )
    elif age > 30:
        yield Sign(
            "eligibility_check_old",
            f"The last eligibility check was {age} days before the service.",
        )
    elif age <= 7 and facts.eligibility_result is EligibilityResult.ACTIVE:
        yield Sign(
            "eligibility_checked_recently",
            "Coverage was active when last checked, at most a week before the service.",
        )
    day = facts.service_date
    if age is not None and day is not None and 0 < age >= day.timetuple().tm_yday:
        yield Sign(
            "eligibility_check_before_january",
            "Coverage was not checked again since 1 January.",
        )
    if facts.mental_health_active is False:
        yield Sign(
            "mental_health_not_covered",
            "The eligibility answer showed no active mental-health benefit.",
        )


def _coordination(context: SignContext) -> Iterator[Sign]:
    if context.facts.other_payer_named:
        yield Sign(
            "other_payer_named", "The last eligibility answer named other coverage."
        )
    if context.claim.other_payers:
        yield Sign("other_payer_on_claim", "The claim names another payer.")
    if context.claim.referral_number:
        yield Sign("referral_on_claim", "A referral number was on the claim.")
    else:
        yield Sign("referral_not_on_claim", "No referral number was on the claim.")


def _learnt_since(context: SignContext) -> Iterator[Sign]:
    """Eligibility answers that came after the claim was sent."""
    facts, later = context.facts, context.later
    if later is None or later.eligibility_age_days == facts.eligibility_age_days:
        return
    if later.coverage_ended_before_service and not facts.coverage_ended_before_service:
        yield Sign(
            "later_coverage_ended",
            "A later eligibility answer showed coverage ending before the service.",
        )
    elif later.eligibility_result is EligibilityResult.INACTIVE:
        yield Sign("later_inactive", "A later eligibility answer was inactive.")
    elif later.eligibility_result is EligibilityResult.ACTIVE:
        yield Sign("later_active", "A later eligibility answer was active.")
    if later.other_payer_named and not facts.other_payer_named:
        yield Sign(
            "later_other_payer", "A later eligibility answer named other coverage."
        )


def _history(context: SignContext) -> Iterator[Sign]:
    facts = context.facts
    denied, paid = facts.days_since_patient_denied, facts.days_since_patient_paid
    if paid is not None and paid <= 30 and (denied is None or paid <= denied):
        yield Sign(
            "paid_lately",
            f"The payer had paid this patient's service of {paid} days before.",
        )
    if denied is None or denied > 90 or (paid is not None and paid < denied):
        return
    seen: set[str] = set()
    for code in facts.patient_last_denial_reasons:
        reason = adjustment_reasons().get(code)
        sign = _DENIED_LATELY.get(reason.root_cause) if reason else None
        if reason and sign and sign not in seen:
            seen.add(sign)
            yield Sign(
                sign,
                f"The payer had denied this patient's service of {denied} days before"
                f" with {code} ({reason.label}).",
            )


def _authorization(context: SignContext) -> Iterator[Sign]:
    facts, code = context.facts, context.line.procedure_code
    state = facts.authorization_state
    held = "The authorization on file "
    if state is AuthorizationState.NONE:
        yield Sign(
            "authorization_none",
            f"No authorization for {code} was on file when the claim was sent.",
        )
    elif state is AuthorizationState.VALID and facts.authorization_number_on_claim:
        yield Sign(
            "authorization_valid", "A valid authorization was on file and on the claim."
        )
    elif state is AuthorizationState.VALID:
        yield Sign(
            "authorization_number_left_off",
            "A valid authorization was on file, but no number was on the claim.",
        )
    elif state is AuthorizationState.EXPIRED:
        yield Sign("authorization_expired", held + "had expired before the service.")
    elif state is AuthorizationState.EXHAUSTED:
        yield Sign("authorization_exhausted", held + "had no units left.")
    elif state is AuthorizationState.WRONG_CODE:
        yield Sign("authorization_wrong_code", held + f"does not cover {code}.")
    elif state is AuthorizationState.NOT_YET:
        yield Sign("authorization_not_yet", held + "began after the service.")
    else:
        yield Sign("authorization_denied", "The payer had denied an authorization.")
    if state in (AuthorizationState.NONE, AuthorizationState.WRONG_CODE):
        yield from _authorization_need(context)


def _authorization_need(context: SignContext) -> Iterator[Sign]:
    code = context.line.procedure_code
    family = family_of(code)
    if family in INTENSIVE_FAMILIES:
        yield Sign(
            "authorization_often_required",
            f"Payers nearly always require an authorization for {code}.",
        )
    elif family in NO_AUTHORIZATION_FAMILIES:
        yield Sign(
            "authorization_rarely_required",
            f"Payers seldom require an authorization for {code}.",
        )


def _submission(context: SignContext) -> Iterator[Sign]:
    facts, claim = context.facts, context.claim
    if facts.same_service_already_sent:
        yield Sign("service_already_sent", "The same service had been sent before.")
    else:
        yield Sign("service_sent_once", "The service had not been sent before.")
    if claim.frequency_code in ("7", "8") and not (
        claim.original_payer_claim_control_number
    ):
        yield Sign(
            "replacement_without_number",
            "The replacement carries no claim number of the payer.",
        )
    lag, limit = facts.filing_lag_days, facts.filing_limit_days
    if lag is None:
        return
    if limit is not None:
        late = lag > limit
        yield Sign(
            "filed_after_limit" if late else "filed_within_limit",
            f"The claim was sent {lag} days after the service;"
            f" the limit set up for this payer is {limit}.",
        )
        return
    sentence = f"The claim was sent {lag} days after the service."
    if lag > 365:
        yield Sign("filed_very_late", sentence)
    elif lag > 85:
        yield Sign("filed_late", sentence)
    elif lag < 55:
        yield Sign("filed_promptly", sentence)


def _benefit(context: SignContext) -> Iterator[Sign]:
    facts, code = context.facts, context.line.procedure_code
    left = facts.visits_remaining
    if left is not None:
        yield Sign(
            "visits_remaining" if left > 0 else "visits_used_up",
            f"The last eligibility answer left {left} visits.",
        )
    seen = f"{facts.visits_this_year} visits came before in the year."
    if facts.visits_this_year >= 18:
        yield Sign("many_visits_this_year", seen)
    elif facts.visits_this_year < 12 and (left is None or left > 0):
        yield Sign("few_visits_this_year", seen)
    family = family_of(code)
    if family in OFTEN_EXCLUDED_FAMILIES:
        yield Sign("often_excluded_service", f"Plans often exclude {code}.")
    elif family == "family":
        yield Sign("family_service", f"Some plans exclude family sessions ({code}).")


def _clinician(context: SignContext) -> Iterator[Sign]:
    facts = context.facts
    state, age = facts.enrollment_state, facts.enrollment_age_days
    if state is EnrollmentState.NONE:
        yield Sign(
            "enrollment_missing",
            "No enrollment of the clinician with this payer was on file.",
        )
    elif state is EnrollmentState.NOT_YET:
        yield Sign(
            "enrollment_not_begun",
            "The clinician's enrollment began after the service.",
        )
    elif state is EnrollmentState.ENDED:
        yield Sign(
            "enrollment_ended", "The clinician's enrollment ended before the service."
        )
    elif state is EnrollmentState.ENROLLED and age is not None:
        sentence = f"The clinician had been enrolled with this payer for {age} days."
        if age < 120:
            yield Sign("enrollment_recent", sentence)
        elif age > 365:
            yield Sign("enrollment_settled", sentence)
    if facts.license_valid is False:
        yield Sign(
            "license_not_valid", "The license on file does not cover the service."
        )
    if _counselor_before_2024(context):
        yield Sign(
            "clinician_type_not_covered",
            "Medicare pays counselors and family therapists only from 2024-01-01.",
        )


def _counselor_before_2024(context: SignContext) -> bool:
    payer, day = context.payer, context.facts.service_date
    if payer is None or day is None or payer.payer_type not in MEDICARE_TYPES:
        return False
    provider = context.line.rendering_provider or context.claim.rendering_provider
    taxonomy = provider.taxonomy_code if provider is not None else ""
    return day.year < COUNSELORS_IN_MEDICARE_FROM and taxonomy.startswith(
        COUNSELOR_TAXONOMIES
    )


COVERAGE_READERS: tuple[Callable[[SignContext], Iterator[Sign]], ...] = (
    _eligibility,
    _coordination,
    _learnt_since,
    _history,
    _authorization,
    _submission,
    _benefit,
    _clinician,
)
