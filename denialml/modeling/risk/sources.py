"""What a feature may be made of: the kinds of record, and when each becomes known.

This is the contract that a feature signs. A kind that is only known after submission
is listed too, so that declaring it is refused by name and not by oversight. Which
field of `LineFacts`, `LineView` and `LineHistory` was made of which kinds is written
down here and nowhere else; a field that is not listed is handed to no feature.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec


class RecordKind(StrEnum):
    """A kind of record, in the words of an error message."""

    CLAIM = "the claim itself"
    CLAIMS_SENT = "claims sent"
    REMITTANCES = "remittances"
    ACKNOWLEDGMENTS = "277CA acknowledgments"
    ELIGIBILITY_CHECKS = "eligibility checks"
    AUTHORIZATIONS = "authorizations"
    ENCOUNTERS = "notes"
    ENROLLMENTS = "enrollments"
    CLINICIANS = "clinicians' licenses"
    PAYER_SETTINGS = "payer settings"
    CODE_TABLES = "code tables"
    OWN_ANSWER = "the claim's own answer"
    OWN_ANSWER_DELAY = "the days until the claim's own answer"
    PAID_AMOUNTS = "amounts paid on the claim"
    CORRECTED_CLAIM = "the corrected claim sent later"
    CURRENT_BALANCES = "balances as they stand now"
    ALL_TIME_RATES = "rates over the whole table"


class Known(StrEnum):
    """When a record becomes known, beside the submission day of the claim."""

    WHEN_SENT = "when the claim is made"
    BEFORE = "before the submission day"
    BY_THE_DAY = "by the submission day"
    AS_NOW = "as it stands now"
    AFTER = "after submission"


class Source(msgspec.Struct, frozen=True):
    """A kind of record that a feature reads, and from when it may be read."""

    kind: RecordKind
    known: Known


CLAIM = Source(RecordKind.CLAIM, Known.WHEN_SENT)
CLAIMS_SENT = Source(RecordKind.CLAIMS_SENT, Known.BEFORE)
REMITTANCES = Source(RecordKind.REMITTANCES, Known.BEFORE)
ACKNOWLEDGMENTS = Source(RecordKind.ACKNOWLEDGMENTS, Known.BEFORE)
ELIGIBILITY_CHECKS = Source(RecordKind.ELIGIBILITY_CHECKS, Known.BY_THE_DAY)
AUTHORIZATIONS = Source(RecordKind.AUTHORIZATIONS, Known.BY_THE_DAY)
ENCOUNTERS = Source(RecordKind.ENCOUNTERS, Known.BY_THE_DAY)
ENROLLMENTS = Source(RecordKind.ENROLLMENTS, Known.BY_THE_DAY)
# docs/features.md, "What is known only as it is now", says what that means.
CLINICIANS = Source(RecordKind.CLINICIANS, Known.AS_NOW)
PAYER_SETTINGS = Source(RecordKind.PAYER_SETTINGS, Known.AS_NOW)
CODE_TABLES = Source(RecordKind.CODE_TABLES, Known.AS_NOW)

ADMITTED: Mapping[RecordKind, Known] = MappingProxyType(
    {
        source.kind: source.known
        for source in (
            CLAIM,
            CLAIMS_SENT,
            REMITTANCES,
            ACKNOWLEDGMENTS,
            ELIGIBILITY_CHECKS,
            AUTHORIZATIONS,
            ENCOUNTERS,
            ENROLLMENTS,
            CLINICIANS,
            PAYER_SETTINGS,
            CODE_TABLES,
        )
    }
)
"""The kinds that a feature may read. All others are known after submission only."""

_CLAIM: tuple[RecordKind, ...] = ()
_SENT = (RecordKind.CLAIMS_SENT,)
_SENT_UNREJECTED = (RecordKind.CLAIMS_SENT, RecordKind.ACKNOWLEDGMENTS)
_CHECKS = (RecordKind.ELIGIBILITY_CHECKS,)
_NOTES = (RecordKind.ENCOUNTERS,)
_AUTHORIZED = (RecordKind.AUTHORIZATIONS, RecordKind.CLAIMS_SENT)
_VISITS = (RecordKind.CLAIMS_SENT, RecordKind.ENCOUNTERS)
_ENROLLED = (RecordKind.ENROLLMENTS,)
_ANSWERS = (RecordKind.REMITTANCES,)
_SET_UP = (RecordKind.PAYER_SETTINGS,)
_CODES = (RecordKind.CODE_TABLES,)

# What each field is made of beside the claim itself, which every feature is handed.
FACT_KINDS: Mapping[str, tuple[RecordKind, ...]] = MappingProxyType(
    {
        "as_of": _CLAIM,
        "service_date": _CLAIM,
        "filing_lag_days": _CLAIM,
        "filing_limit_days": _SET_UP,
        "authorization_state": _AUTHORIZED,
        "authorization_number": _AUTHORIZED,
        "authorization_number_on_claim": _CLAIM,
        "authorization_units_left": _AUTHORIZED,
        "authorization_days_left": _AUTHORIZED,
        "visits_this_year": _VISITS,
        "visit_number": _VISITS,
        "encounter_on_file": _NOTES,
        "note_signed": _NOTES,
        "documented_minutes": _NOTES,
        "code_minutes_minimum": _CODES,
        "code_minutes_maximum": _CODES,
        "modality": _NOTES,
        "treatment_plan_age_days": _NOTES,
        "eligibility_result": _CHECKS,
        "eligibility_age_days": _CHECKS,
        "coverage_ended_before_service": _CHECKS,
        "other_payer_named": _CHECKS,
        "mental_health_active": _CHECKS,
        "visits_remaining": _CHECKS,
        "visits_remaining_now": (*_CHECKS, *_VISITS),
        "enrollment_state": _ENROLLED,
        "enrollment_age_days": _ENROLLED,
        "license_valid": (RecordKind.CLINICIANS,),
        "is_telehealth": _NOTES,
        "place_of_service_expected": (*_SET_UP, *_NOTES),
        "telehealth_modifier_expected": (*_SET_UP, *_NOTES),
        "same_service_already_sent": _SENT_UNREJECTED,
        "other_codes_same_day": _SENT_UNREJECTED,
        "diagnosis_codes": _CLAIM,
        "days_since_patient_paid": _ANSWERS,
        "days_since_patient_denied": _ANSWERS,
        "patient_last_denial_reasons": _ANSWERS,
    }
)
VIEW_KINDS: Mapping[str, tuple[RecordKind, ...]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "payer",
                "code",
                "place",
                "session",
                "diagnosis",
                "clinician",
                "taxonomy",
                "site",
                "plan",
                "authorization_sent",
                "separate_service",
                "referral",
                "member",
                "lag_bucket",
            ),
            _CLAIM,
        ),
        "family": _CODES,
        "modality": _NOTES,
        "authorization": _AUTHORIZED,
        "minutes_fit": (*_NOTES, *_CODES),
        "same_day_families": (*_SENT_UNREJECTED, *_CODES),
        "already_sent": _SENT_UNREJECTED,
        "visits_this_year": _VISITS,
        "visit_bucket": _VISITS,
        "year_bucket": _VISITS,
        "check_bucket": _CHECKS,
        "plan_age_bucket": _NOTES,
        "new_year_since_check": _CHECKS,
    }
)
# What `LineHistory` is made of beside remittances.
HISTORY_KINDS: Mapping[str, tuple[RecordKind, ...]] = MappingProxyType(
    {
        # The claim rules read everything that is on file on the submission day.
        "rule_rates": tuple(kind for kind in ADMITTED if kind is not RecordKind.CLAIM),
    }
)
