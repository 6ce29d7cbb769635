"""What the practice had on file about one claim line on one day.

`LineFacts` is computed in one place (`denialml.modeling.knowledge.facts`) from the
records of a practice and an as-of day, and read by the risk features, the root-cause
model and the letters, so that all three speak of the same authorization and minutes.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.claim import Claim
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    EligibilityResult,
    Enrollment,
    Payer,
)
from denialml.domain.encounter import Encounter, Modality
from denialml.domain.record import Judgment


class SubmittedClaim(Judgment, frozen=True):
    """A claim as stored. Grain: CLM01 x submission.

    `accepted` is the 277CA verdict known so far (None: no acknowledgment on file).
    """

    claim_id: str
    submitted_on: date
    claim: Claim
    accepted: bool | None = None


class PracticeRecords(Judgment, frozen=True):
    """Everything on file of one practice that scoring, training and root cause read.

    Unordered. Each record says itself from when it was known (`submitted_on`,
    `received_on`, `checked_on`, `issued_on`, `signed_on`, `recorded_on`); readers must
    use nothing dated on or after the as-of day, except for eligibility checks,
    authorizations, encounters and enrollments dated on that very day, which the
    practice has before it sends the claim.
    """

    payers: tuple[Payer, ...] = ()
    clinicians: tuple[Clinician, ...] = ()
    enrollments: tuple[Enrollment, ...] = ()
    eligibility_checks: tuple[EligibilityCheck, ...] = ()
    authorizations: tuple[Authorization, ...] = ()
    encounters: tuple[Encounter, ...] = ()
    submitted_claims: tuple[SubmittedClaim, ...] = ()
    adjudications: tuple[LineAdjudication, ...] = ()
    acknowledgments: tuple[ClaimAcknowledgment, ...] = ()


class AuthorizationState(StrEnum):
    """How the best authorization on file fits the line."""

    NONE = "none"
    VALID = "valid"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    WRONG_CODE = "wrong_code"
    DENIED = "denied"


class EnrollmentState(StrEnum):
    """Whether the rendering clinician was enrolled with the payer, as known."""

    ENROLLED = "enrolled"
    NOT_YET = "not_yet"
    ENDED = "ended"
    NONE = "none"
    NO_RECORDS = "no_records"


class SentLine(Judgment, frozen=True):
    """One line of one submission. Grain: claim line x submission.

    `rejected_on`: the day a 277CA said so, `date.max` where none did. `units` are
    SV104, 1 where the line counts minutes.
    """

    submitted_on: date
    rejected_on: date
    payer_id: str
    patient_control_number: str
    line_number: int
    procedure_code: str
    units: Decimal
    authorization_number: str
    service_date: date | None
    modifiers: tuple[str, ...] = ()
    clinician_npi: str = ""
    charge: Decimal | None = None
    frequency_code: str = "1"


class AnsweredLine(Judgment, frozen=True):
    """One final answer to one line of an earlier claim. Grain: claim line x answer.

    `received_on` is when the practice could know it; `payer_claim_control_number` the
    payer's own number (CLP07), empty where the answer has none; `reason_codes` and
    `remark_codes` are those that it printed (CARC, RARC).
    """

    received_on: date
    payer_id: str
    patient_control_number: str
    line_number: int
    procedure_code: str
    service_date: date | None
    outcome: LineOutcome
    payer_claim_control_number: str = ""
    payment_id: str = ""
    reason_codes: tuple[str, ...] = ()
    remark_codes: tuple[str, ...] = ()


class LineRecords(Judgment, frozen=True):
    """The records behind a line's facts, as known on the same day.

    `note` is the signed note of the line's own clinician or claim, `draft` one of them
    that nobody has signed yet; `note_of_another` is a signed note of the day by another
    clinician, where there is none of the own. `notes` are all the signed ones that may
    be the line's, `note` among them: they name the claim, its session's code or none;
    `notes_of_day` counts those of the own clinician's day whatever they name.
    `check` is the payer's eligibility answer that tells most of the day of service: the
    newest that speaks of it, else the nearest. `authorizations` and `enrollments`
    are all on file of this patient, or clinician, with the payer. `sent` are the lines
    sent for this patient before, to any payer, oldest first. `checks_elsewhere` are
    the same answers of other payers about this patient, `supervisor` the
    clinician's own, `answered` the final answers received on this patient's earlier
    claims, oldest first.
    """

    note: Encounter | None = None
    draft: Encounter | None = None
    note_of_another: Encounter | None = None
    check: EligibilityCheck | None = None
    authorizations: tuple[Authorization, ...] = ()
    clinician: Clinician | None = None
    enrollments: tuple[Enrollment, ...] = ()
    sent: tuple[SentLine, ...] = ()
    supervisor: Clinician | None = None
    checks_elsewhere: tuple[EligibilityCheck, ...] = ()
    answered: tuple[AnsweredLine, ...] = ()
    notes: tuple[Encounter, ...] = ()
    notes_of_day: int = 0


class LineFacts(Judgment, frozen=True):
    """What was on file about one claim line. Grain: claim line x as-of day.

    None always means that the practice's records do not tell.
    """

    as_of: date
    service_date: date | None
    filing_lag_days: int | None
    filing_limit_days: int | None
    authorization_state: AuthorizationState
    authorization_number: str
    authorization_number_on_claim: bool
    authorization_units_left: Decimal | None
    authorization_days_left: int | None
    visits_this_year: int
    visit_number: int
    encounter_on_file: bool
    note_signed: bool | None
    documented_minutes: int | None
    code_minutes_minimum: int | None
    code_minutes_maximum: int | None
    modality: Modality
    treatment_plan_age_days: int | None
    eligibility_result: EligibilityResult | None
    eligibility_age_days: int | None
    coverage_ended_before_service: bool | None
    other_payer_named: bool
    mental_health_active: bool | None
    visits_remaining: int | None
    enrollment_state: EnrollmentState
    enrollment_age_days: int | None
    license_valid: bool | None
    is_telehealth: bool
    place_of_service_expected: str
    telehealth_modifier_expected: str
    same_service_already_sent: bool
    other_codes_same_day: tuple[str, ...]
    diagnosis_codes: tuple[str, ...]
    days_since_patient_paid: int | None
    days_since_patient_denied: int | None
    patient_last_denial_reasons: tuple[str, ...]
    visits_remaining_now: int | None = None
