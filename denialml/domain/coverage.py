"""What the practice knows of payers, coverage, authorizations and enrollment."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from denialml.domain.claim import Address
from denialml.domain.record import Fact, Source


class PayerType(StrEnum):
    """Decides which rules and authorities apply; `unknown` cites none."""

    MEDICARE = "medicare"
    MEDICARE_ADVANTAGE = "medicare_advantage"
    MEDICAID = "medicaid"
    MEDICAID_MANAGED_CARE = "medicaid_managed_care"
    COMMERCIAL_INSURED = "commercial_insured"
    COMMERCIAL_SELF_FUNDED = "commercial_self_funded"
    COMMERCIAL = "commercial"
    MARKETPLACE = "marketplace"
    TRICARE = "tricare"
    VETERANS = "veterans"
    UNKNOWN = "unknown"


class Payer(Fact, frozen=True):
    """One payer as the practice has set it up. None or empty: not configured.

    `filing_limit_days` counts from the date of service, `appeal_window_days` from
    the remittance; where the practice has not configured them, denialml says so and
    never guesses silently. `commercial` is a commercial payer whose plans may be
    insured or self-funded.
    """

    payer_id: str
    name: str
    payer_type: PayerType = PayerType.UNKNOWN
    state: str = ""
    filing_limit_days: int | None = None
    corrected_claim_limit_days: int | None = None
    appeal_window_days: int | None = None
    telehealth_place_of_service: str = ""
    telehealth_modifier: str = ""
    audio_only_modifier: str = ""
    accepts_frequency_7: bool | None = None
    requires_authorization_on_claim: bool | None = None
    appeal_address: Address | None = None
    appeal_fax: str = ""
    source: Source | None = None


class EligibilityResult(StrEnum):
    """EB01 1-5 active, 6-8 inactive; anything else cannot be told."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


class EligibilityCheck(Fact, frozen=True):
    """One eligibility answer (271 or the practice's export). Grain: one inquiry.

    Known from `checked_on`. `service_date` is the date asked about (empty: the day
    of the check). `mental_health_active` is None where the payer answered only for
    service type 30. `other_payer_*` is the other coverage that the answer named;
    `visits_remaining` None where not sent. `gender`, `birth_date` and the names are the
    payer's own, empty where not sent. `behavioral_payer_id` is who pays behavioral
    health where that is carved out. `is_medicare_advantage` and
    `is_qualified_beneficiary` (QMB) None: the answer does not say.
    """

    checked_on: date
    payer_id: str
    member_id: str
    result: EligibilityResult
    medical_record_number: str = ""
    service_date: date | None = None
    plan_name: str = ""
    coverage_begin: date | None = None
    coverage_end: date | None = None
    mental_health_active: bool | None = None
    other_payer_id: str = ""
    other_payer_name: str = ""
    visits_remaining: int | None = None
    trace_number: str = ""
    reject_reason_code: str = ""
    last_name: str = ""
    first_name: str = ""
    birth_date: date | None = None
    gender: str = ""
    behavioral_payer_id: str = ""
    is_medicare_advantage: bool | None = None
    is_qualified_beneficiary: bool | None = None
    source: Source | None = None


def asked_about(check: EligibilityCheck) -> date:
    """The date of service an answer was asked about."""
    return check.service_date or check.checked_on


def speaks_of(check: EligibilityCheck, day: date) -> bool:
    """Whether the answer places the day: it was asked about it, or about a later one
    and says that coverage had ended before the day or had begun by then.

    One asked later that begins after the day is about the next span, mostly the next
    plan year: what was before, it does not say. One asked earlier does not know of what
    came between.
    """
    asked = check.service_date or check.checked_on
    if asked <= day:
        return asked == day
    end, begin = check.coverage_end, check.coverage_begin
    if end is not None and end < day:
        return True
    return begin is not None and begin <= day


class AuthorizationDecision(StrEnum):
    """HCR01: A1 certified, A6 modified, A3 not certified, A4 pended, others."""

    APPROVED = "approved"
    MODIFIED = "modified"
    DENIED = "denied"
    PENDED = "pended"
    UNKNOWN = "unknown"


class Authorization(Fact, frozen=True):
    """One authorization (278 response or the practice's export).

    Known from `issued_on`. `procedure_codes` empty means that the answer named no
    codes, not that it covers all. `units` is what was approved; what is left is
    computed from claims submitted before a given day, never taken from a snapshot.
    """

    authorization_number: str
    payer_id: str
    member_id: str
    issued_on: date
    decision: AuthorizationDecision = AuthorizationDecision.APPROVED
    medical_record_number: str = ""
    procedure_codes: tuple[str, ...] = ()
    units: Decimal | None = None
    begins_on: date | None = None
    ends_on: date | None = None
    clinician_npi: str = ""
    source: Source | None = None


class Clinician(Fact, frozen=True):
    """One clinician of the practice and the licence that allows the work.

    `is_supervised`: works under another's licence. `license_states` are postal codes of
    all States with a licence, a privilege or an authority to practise across borders,
    `license_state` among them. `tax_id` is the one contracted. `excluded_on`: on the
    federal exclusion list (LEIE) since. `opted_out_on`: out of Medicare since.
    `recredentialing_due_on` is the next day by which a payer wants it renewed. Empty or
    None: not on file, which is never a no.
    """

    npi: str
    last_name: str = ""
    first_name: str = ""
    credential: str = ""
    taxonomy_code: str = ""
    license_number: str = ""
    license_state: str = ""
    license_begins_on: date | None = None
    license_ends_on: date | None = None
    supervisor_npi: str = ""
    is_supervised: bool | None = None
    license_states: tuple[str, ...] = ()
    tax_id: str = ""
    excluded_on: date | None = None
    opted_out_on: date | None = None
    recredentialing_due_on: date | None = None
    works_in_hospital: bool | None = None
    source: Source | None = None


class Enrollment(Fact, frozen=True):
    """A clinician's credentialing span with one payer.

    `effective_on` is what the payer's letter says. `recorded_on` is the day the
    practice learnt it, from when it may be used as known; None: `effective_on`.
    """

    clinician_npi: str
    payer_id: str
    effective_on: date
    ends_on: date | None = None
    recorded_on: date | None = None
    source: Source | None = None
