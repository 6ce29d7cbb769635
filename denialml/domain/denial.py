"""A denial, why it happened, what to do about it and until when."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from denialml.domain.record import Judgment
from denialml.domain.remittance import ClaimAdjustment


class RootCause(StrEnum):
    """The 17 classes; definitions in `denialml.reference` root_causes."""

    ELIGIBILITY_COVERAGE = "eligibility_coverage"
    COB_WRONG_PAYER = "cob_wrong_payer"
    BENEFIT_COVERAGE = "benefit_coverage"
    BENEFIT_LIMIT = "benefit_limit"
    AUTH_MISSING = "auth_missing"
    AUTH_MISMATCH = "auth_mismatch"
    MEDICAL_NECESSITY = "medical_necessity"
    DOCUMENTATION_INSUFFICIENT = "documentation_insufficient"
    CODING_TIME_UNITS = "coding_time_units"
    BUNDLING_SAME_DAY = "bundling_same_day"
    MODIFIER_POS_TELEHEALTH = "modifier_pos_telehealth"
    DIAGNOSIS_CODING = "diagnosis_coding"
    PROVIDER_ELIGIBILITY = "provider_eligibility"
    NETWORK_REFERRAL = "network_referral"
    CLAIM_DATA_ERROR = "claim_data_error"
    DUPLICATE_RESUBMISSION = "duplicate_resubmission"
    TIMELY_FILING = "timely_filing"


class Route(StrEnum):
    """What a person should do next; never carried out without one."""

    APPEAL = "appeal"
    CORRECTED_CLAIM = "corrected_claim"
    NEW_CLAIM = "new_claim"
    RECORDS = "records"
    OTHER_PAYER = "other_payer"
    VERIFY_FORWARDED = "verify_forwarded"
    ENROLLMENT_FIX = "enrollment_fix"
    REOPENING = "reopening"
    CONTRACT_REVIEW = "contract_review"
    WRITE_OFF_REVIEW = "write_off_review"
    UNKNOWN = "unknown"


class Denial(Judgment, frozen=True):
    """One denied or down-coded claim line. Grain: claim line x denying answer."""

    denial_id: str
    claim_id: str
    payment_id: str
    line_number: int
    patient_control_number: str
    payer_id: str
    payer_name: str
    payer_claim_control_number: str
    procedure_code: str
    modifiers: tuple[str, ...]
    service_date: date | None
    denied_on: date
    charge: Decimal
    paid: Decimal
    denied_amount: Decimal
    adjustments: tuple[ClaimAdjustment, ...]
    remark_codes: tuple[str, ...]


class CauseProbability(Judgment, frozen=True):
    """One class with its probability."""

    root_cause: RootCause
    probability: float


class RootCauseFinding(Judgment, frozen=True):
    """Why a line was denied, with the doubt.

    `root_cause` is None when the answer's codes are unknown and nothing on file
    points anywhere (abstention). `probabilities` holds every class above one percent,
    most probable first. `basis` says in billing words what spoke for the cause.
    `candidates` are the causes that hold the true one in `candidates_coverage` of the
    denials of every cause, most probable first; empty where no cause is likely enough
    for that, and with coverage None where no set was made.

    `model_version` names what judged, empty in findings of before it was kept, and
    `letter_id` the payer's letter that was read, empty without one. Where a person
    confirmed or corrected the cause, `confirmed_at` says when and `confirmed_by` who;
    then `probability` is 1, `probabilities` stay the model's and `modeled_cause` is
    what the model had said.
    """

    root_cause: RootCause | None
    probability: float
    runner_up: RootCause | None
    runner_up_probability: float
    probabilities: tuple[CauseProbability, ...]
    basis: tuple[str, ...]
    candidates: tuple[RootCause, ...] = ()
    candidates_coverage: float | None = None
    model_version: str = ""
    letter_id: str = ""
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    modeled_cause: RootCause | None = None


class CauseConfirmation(Judgment, frozen=True):
    """A root cause that a person confirmed or corrected. Grain: denial x confirmation.

    The newest of a denial stands. `root_cause` None takes the earlier ones back: the
    model's finding applies again. `before` is that finding, with its probabilities and
    the model's version. `was_asked`: the denial was chosen at random for checking, so
    that what people say of such denials measures the model without their choice.
    """

    confirmation_id: str
    denial_id: str
    root_cause: RootCause | None
    confirmed_by: str
    confirmed_at: datetime
    before: RootCauseFinding
    was_asked: bool


class RouteFinding(Judgment, frozen=True):
    """What to do next and why; `warnings` name what could go wrong with it."""

    route: Route
    reason: str
    warnings: tuple[str, ...] = ()


DeadlineStatus = Literal["configured", "statutory", "not_configured", "no_appeal_right"]


class DeadlineBasis(Judgment, frozen=True):
    """One rule that gives a date: whose, how it counts, and how well supported."""

    rule: str
    due_on: date
    counted_from: date
    length: str
    support: str
    source: str


class Deadline(Judgment, frozen=True):
    """The last day to act.

    `configured`: the practice set this payer's window, `due_on` follows from it.
    `statutory`: law fixes the window for this type of plan and a contract cannot
    lengthen it (original Medicare, TRICARE); the basis names the law and its support.
    `not_configured`: `due_on` is the earliest of the plausible dates in `bases`
    and must be shown as such. `no_appeal_right`: no appeal exists (`due_on` None);
    `note` says what exists instead.
    """

    status: DeadlineStatus
    due_on: date | None
    bases: tuple[DeadlineBasis, ...]
    note: str = ""
