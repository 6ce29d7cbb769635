"""Which matter (`Feature.topic`) each root cause of a denial belongs to."""

from collections.abc import Mapping

from denialml.domain.denial import RootCause

TOPIC_OF: Mapping[RootCause, str] = {
    RootCause.ELIGIBILITY_COVERAGE: "coverage",
    RootCause.COB_WRONG_PAYER: "other payer",
    RootCause.BENEFIT_COVERAGE: "benefit",
    RootCause.BENEFIT_LIMIT: "benefit",
    RootCause.AUTH_MISSING: "authorization",
    RootCause.AUTH_MISMATCH: "authorization",
    RootCause.MEDICAL_NECESSITY: "necessity",
    RootCause.DOCUMENTATION_INSUFFICIENT: "time",
    RootCause.CODING_TIME_UNITS: "time",
    RootCause.BUNDLING_SAME_DAY: "same day",
    RootCause.MODIFIER_POS_TELEHEALTH: "session",
    RootCause.DIAGNOSIS_CODING: "diagnosis",
    RootCause.PROVIDER_ELIGIBILITY: "enrollment",
    RootCause.NETWORK_REFERRAL: "referral",
    RootCause.CLAIM_DATA_ERROR: "claim",
    RootCause.DUPLICATE_RESUBMISSION: "duplicate",
    RootCause.TIMELY_FILING: "filing",
}
