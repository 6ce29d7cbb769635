"""Features of what the claim says and of what the practice has on file about it."""

from denialml.domain.coverage import EligibilityResult
from denialml.domain.facts import AuthorizationState, EnrollmentState
from denialml.modeling.feature import UNKNOWN, Feature, LineInput, flag, number
from denialml.modeling.line_view import new_year_between

_CLAIM = "the claim"
_SENT = "when the claim is made"
_ON_DAY = "by the submission day"
_BEFORE = "before the submission day"

# Ordered by how well the authorization supports the line.
_AUTHORIZATION_LEVEL = {
    AuthorizationState.NONE: 0.0,
    AuthorizationState.DENIED: 1.0,
    AuthorizationState.WRONG_CODE: 2.0,
    AuthorizationState.NOT_YET: 3.0,
    AuthorizationState.EXPIRED: 4.0,
    AuthorizationState.EXHAUSTED: 5.0,
    AuthorizationState.VALID: 6.0,
}
_ENROLLMENT_LEVEL = {
    EnrollmentState.NONE: 0.0,
    EnrollmentState.NOT_YET: 1.0,
    EnrollmentState.ENDED: 2.0,
    EnrollmentState.ENROLLED: 3.0,
}
# ICD-10-CM codes that name no specific disorder: Z63.0 (relationship), and those that
# end in "unspecified". Payers list them in their edits; the practice can be specific.
_UNSPECIFIC = frozenset({"Z630", "F329", "F339", "F419", "F4320", "F439", "F99", "R69"})


def _charge(row: LineInput) -> float:
    return float(row.line.charge)


def _units(row: LineInput) -> float:
    return float(row.line.units)


def _days_into_year(row: LineInput) -> float:
    day = row.facts.service_date
    return UNKNOWN if day is None else float(day.timetuple().tm_yday)


def _past_limit(row: LineInput) -> float:
    lag, limit = row.facts.filing_lag_days, row.facts.filing_limit_days
    return UNKNOWN if lag is None or limit is None else float(lag - limit)


def _past_learnt_limit(row: LineInput) -> float:
    lag = row.facts.filing_lag_days
    refused = row.history.filing.shortest_refused_days
    return UNKNOWN if lag is None or refused is None else float(lag - refused)


def _units_after(row: LineInput) -> float:
    left = row.facts.authorization_units_left
    return UNKNOWN if left is None else float(left - row.line.units)


def _minutes_over_minimum(row: LineInput) -> float:
    minutes, minimum = row.facts.documented_minutes, row.facts.code_minutes_minimum
    return UNKNOWN if minutes is None or minimum is None else float(minutes - minimum)


def _minutes_over_maximum(row: LineInput) -> float:
    minutes, maximum = row.facts.documented_minutes, row.facts.code_minutes_maximum
    return UNKNOWN if minutes is None or maximum is None else float(minutes - maximum)


def _minutes_undocumented(row: LineInput) -> float:
    if row.view.minutes_fit == "untimed":
        return UNKNOWN
    return float(row.view.minutes_fit in ("missing", "no_note"))


def _note_ready(row: LineInput) -> float:
    return float(row.facts.note_signed is True)


def _eligibility_active(row: LineInput) -> float:
    result = row.facts.eligibility_result
    if result is None or result is EligibilityResult.UNKNOWN:
        return UNKNOWN
    return float(result is EligibilityResult.ACTIVE)


def _new_year_since_check(row: LineInput) -> float:
    if row.facts.eligibility_age_days is None:
        return UNKNOWN
    return float(
        new_year_between(row.facts.service_date, row.facts.eligibility_age_days)
    )


def _visits_left(row: LineInput) -> float:
    left = row.facts.visits_remaining_now
    return UNKNOWN if left is None else float(left)


def _place_differs(row: LineInput) -> float:
    expected = row.facts.place_of_service_expected
    return UNKNOWN if not expected else float(row.view.place != expected)


def _modifier_differs(row: LineInput) -> float:
    expected = row.facts.telehealth_modifier_expected
    return UNKNOWN if not expected else float(expected not in row.line.modifiers)


def _unspecific(row: LineInput) -> float:
    return float(row.view.diagnosis in _UNSPECIFIC)


def _yes_no(no: str, yes: str) -> tuple[tuple[float, str], ...]:
    return ((0.0, no), (1.0, yes))


CLAIM_FEATURES: tuple[Feature, ...] = (
    Feature(
        name="charge",
        unit="dollars",
        value=_charge,
        says="The line charges {value}.",
        missing="The line's charge is not known.",
        source="SV102",
        known_when=_SENT,
    ),
    Feature(
        name="units",
        unit="units",
        value=_units,
        says="The line bills {value}.",
        missing="The line's units are not known.",
        source="SV104",
        known_when=_SENT,
    ),
    Feature(
        name="line_count",
        unit="lines",
        value=lambda row: float(len(row.claim.lines)),
        says="The claim has {value}.",
        missing="The claim's lines are not known.",
        source="2400",
        known_when=_SENT,
    ),
    Feature(
        name="modifier_count",
        unit="codes",
        value=lambda row: float(len(row.line.modifiers)),
        says="The number of modifiers on the line is {value}.",
        missing="The line's modifiers are not known.",
        source="SV101-3 to 6",
        known_when=_SENT,
    ),
    Feature(
        name="diagnosis_count",
        unit="codes",
        value=lambda row: float(len(row.facts.diagnosis_codes)),
        says="The number of diagnoses the line points to is {value}.",
        missing="The line's diagnoses are not known.",
        source="SV107",
        known_when=_SENT,
    ),
    Feature(
        name="unspecific_diagnosis",
        unit="yes_no",
        value=_unspecific,
        says="",
        levels=_yes_no(
            "The first diagnosis is not on the list of unspecific ones.",
            "The first diagnosis {diagnosis} is unspecific.",
        ),
        missing="The diagnosis is not known.",
        source="HI, SV107",
        known_when=_SENT,
        remedy="If the record supports a more specific diagnosis, use that code.",
        remedy_when=bool,
    ),
    Feature(
        name="secondary_payer",
        unit="yes_no",
        value=lambda row: float(
            row.claim.subscriber.payer_responsibility_code not in ("P", "")
        ),
        says="",
        levels=_yes_no(
            "The payer is billed as primary.",
            "The payer is billed after another payer.",
        ),
        missing="The order of payers is not known.",
        source="SBR01",
        known_when=_SENT,
    ),
    Feature(
        name="day_of_year",
        unit="days",
        value=_days_into_year,
        says="The service is {value} into the calendar year, which restarts plans.",
        missing="The service date is not known.",
        source="DTP*472",
        known_when=_SENT,
    ),
    Feature(
        name="filing_lag",
        unit="days",
        value=lambda row: number(row.facts.filing_lag_days),
        says="The claim is filed {value} after the service.",
        missing="The days between service and filing are not known.",
        source="BHT04, DTP*472",
        known_when=_SENT,
        remedy="File soon: nothing else lowers the risk of late filing.",
        remedy_when=lambda days: days > 30,
    ),
    Feature(
        name="days_past_filing_limit",
        unit="days",
        value=_past_limit,
        says="Against the filing limit set up for the payer, the claim is at {value}"
        " (minus means days to spare).",
        missing="No filing limit is set up for the payer.",
        source="payers.csv",
        known_when=_ON_DAY,
        remedy="Attach proof of timely filing, or ask for an exception.",
        remedy_when=lambda days: days > 0,
    ),
    Feature(
        name="days_past_learnt_limit",
        unit="days",
        value=_past_learnt_limit,
        says="Against the shortest delay this payer has denied as late, the claim is"
        " at {value} (minus means days to spare).",
        missing="The payer has not yet denied a claim as late.",
        source="835",
        known_when=_BEFORE,
        remedy="Attach proof of timely filing, or ask for an exception.",
        remedy_when=lambda days: days >= 0,
    ),
    Feature(
        name="authorization_state",
        unit="state",
        value=lambda row: _AUTHORIZATION_LEVEL[row.facts.authorization_state],
        says="",
        levels=(
            (0.0, "No authorization is on file for {code}."),
            (1.0, "The authorization asked for was denied."),
            (2.0, "The authorization on file does not name {code}."),
            (3.0, "The authorization on file begins after the service."),
            (4.0, "The authorization on file ended before the service."),
            (5.0, "The authorization on file has no units left for this line."),
            (6.0, "A valid authorization is on file for {code}."),
        ),
        missing="The authorization on file is not known.",
        source="278, authorizations.csv",
        known_when=_ON_DAY,
        remedy="Get or extend the authorization before sending.",
        remedy_when=lambda level: level < 6.0,
    ),
    Feature(
        name="authorization_on_claim",
        unit="yes_no",
        value=lambda row: flag(row.facts.authorization_number_on_claim),
        says="",
        levels=_yes_no(
            "The claim carries no authorization number.",
            "The claim carries an authorization number.",
        ),
        missing="Whether the claim carries an authorization number is not known.",
        source="REF*G1",
        known_when=_SENT,
        remedy="If an authorization is on file, put its number on the claim.",
        remedy_when=lambda value: not value,
    ),
    Feature(
        name="authorization_units_after",
        unit="units",
        value=_units_after,
        says="After this line the authorization has {value} left.",
        missing="No units of an authorization apply.",
        source="278, authorizations.csv, claims sent",
        known_when=_BEFORE,
        remedy="Ask for more units before they run out.",
        remedy_when=lambda left: left < 3,
    ),
    Feature(
        name="authorization_days_left",
        unit="days",
        value=lambda row: number(row.facts.authorization_days_left),
        says="On the service date the authorization had {value} to run (minus: ended"
        " before).",
        missing="No authorization with an end date applies.",
        source="278, authorizations.csv",
        known_when=_ON_DAY,
        remedy="Ask the payer to extend the authorization or to backdate it.",
        remedy_when=lambda days: days < 0,
    ),
    Feature(
        name="visits_this_year",
        unit="visits",
        value=lambda row: float(row.facts.visits_this_year),
        says="The patient had {value} earlier in the calendar year.",
        missing="The visits this year are not known.",
        source="claims sent, encounters.csv",
        known_when=_BEFORE,
    ),
    Feature(
        name="visit_number",
        unit="visits",
        value=lambda row: float(row.facts.visit_number),
        says="With this one the patient has had {value}.",
        missing="The visit number is not known.",
        source="claims sent, encounters.csv",
        known_when=_BEFORE,
    ),
    Feature(
        name="note_signed",
        unit="yes_no",
        value=_note_ready,
        says="",
        levels=_yes_no(
            "No signed note is on file for the service.",
            "A signed note is on file for the service.",
        ),
        missing="Whether a note is on file is not known.",
        source="encounters.csv",
        known_when=_ON_DAY,
        remedy="Have the clinician sign the note before the claim goes out.",
        remedy_when=lambda value: not value,
    ),
    Feature(
        name="minutes_undocumented",
        unit="yes_no",
        value=_minutes_undocumented,
        says="",
        levels=_yes_no(
            "Minutes are documented for {code}.",
            "No minutes are documented for {code}, which is chosen by time.",
        ),
        missing="{code} is not chosen by time.",
        source="encounters.csv",
        known_when=_ON_DAY,
        remedy="Ask the clinician to document start and stop times.",
        remedy_when=bool,
    ),
    Feature(
        name="minutes_over_minimum",
        unit="minutes",
        value=_minutes_over_minimum,
        says="The documented minutes stand {value} from the least that {code} takes"
        " (minus: short of it).",
        missing="No documented minutes to hold against {code}.",
        source="encounters.csv, code table",
        known_when=_ON_DAY,
        remedy="Bill the code that the documented minutes support.",
        remedy_when=lambda minutes: minutes < 0,
    ),
    Feature(
        name="minutes_over_maximum",
        unit="minutes",
        value=_minutes_over_maximum,
        says="The documented minutes stand {value} from the most that {code} covers"
        " (minus: within it).",
        missing="No upper limit of minutes applies to {code}.",
        source="encounters.csv, code table",
        known_when=_ON_DAY,
        remedy="Bill the code that the documented minutes support.",
        remedy_when=lambda minutes: minutes > 0,
    ),
    Feature(
        name="treatment_plan_age",
        unit="days",
        value=lambda row: number(row.facts.treatment_plan_age_days),
        says="The treatment plan was {value} old on the service date.",
        missing="No treatment plan is on file.",
        source="encounters.csv",
        known_when=_ON_DAY,
        remedy="Review and update the treatment plan.",
        remedy_when=lambda days: days > 180,
    ),
    Feature(
        name="eligibility_active",
        unit="yes_no",
        value=_eligibility_active,
        says="",
        levels=_yes_no(
            "The last eligibility answer said inactive.",
            "The last eligibility answer said active.",
        ),
        missing="No eligibility answer tells whether coverage is active.",
        source="271, eligibility.csv",
        known_when=_ON_DAY,
        remedy="Check eligibility again and find the right coverage before sending.",
        remedy_when=lambda value: not value,
    ),
    Feature(
        name="eligibility_age",
        unit="days",
        value=lambda row: number(row.facts.eligibility_age_days),
        says="The last eligibility check was {value} before the service (minus:"
        " after it).",
        missing="No eligibility check of this payer is on file.",
        source="271, eligibility.csv",
        known_when=_ON_DAY,
        remedy="Check eligibility before sending.",
        remedy_when=lambda days: days > 30,
    ),
    Feature(
        name="new_year_since_check",
        unit="yes_no",
        value=_new_year_since_check,
        says="",
        levels=_yes_no(
            "No January 1 lies between the last eligibility check and the service.",
            "January 1 lies between the last eligibility check and the service.",
        ),
        missing="No eligibility check of this payer is on file.",
        source="271, eligibility.csv",
        known_when=_ON_DAY,
        remedy="Check eligibility again: plans change on January 1.",
        remedy_when=bool,
    ),
    Feature(
        name="coverage_ended",
        unit="yes_no",
        value=lambda row: flag(row.facts.coverage_ended_before_service),
        says="",
        levels=_yes_no(
            "The last eligibility answer shows coverage on the service date.",
            "The last eligibility answer shows coverage ending before the service.",
        ),
        missing="No eligibility answer reaches the service date.",
        source="271, eligibility.csv",
        known_when=_ON_DAY,
        remedy="Find the coverage in force on the service date.",
        remedy_when=bool,
    ),
    Feature(
        name="other_payer_named",
        unit="yes_no",
        value=lambda row: flag(row.facts.other_payer_named),
        says="",
        levels=_yes_no(
            "The last eligibility answer, if any, named no other payer.",
            "The last eligibility answer named another payer.",
        ),
        missing="Whether another payer covers the patient is not known.",
        source="271, eligibility.csv",
        known_when=_ON_DAY,
        remedy="Settle which payer is primary and bill that one first.",
        remedy_when=bool,
    ),
    Feature(
        name="mental_health_active",
        unit="yes_no",
        value=lambda row: flag(row.facts.mental_health_active),
        says="",
        levels=_yes_no(
            "The eligibility answer says the mental health benefit is not active.",
            "The eligibility answer says the mental health benefit is active.",
        ),
        missing="No eligibility answer speaks of the mental health benefit.",
        source="271, eligibility.csv",
        known_when=_ON_DAY,
    ),
    Feature(
        name="visits_remaining",
        unit="visits",
        value=lambda row: number(row.facts.visits_remaining),
        says="The last eligibility answer left {value}.",
        missing="No eligibility answer states how many visits are left.",
        source="271, eligibility.csv",
        known_when=_ON_DAY,
    ),
    Feature(
        name="visits_left_since_check",
        unit="visits",
        value=_visits_left,
        says="Counting visits since that answer, {value} are left.",
        missing="No eligibility answer states how many visits are left.",
        source="271, eligibility.csv, claims sent, encounters.csv",
        known_when=_ON_DAY,
        remedy="Ask the plan for more visits before they run out.",
        remedy_when=lambda visits: visits < 3,
    ),
    Feature(
        name="enrollment_state",
        unit="state",
        value=lambda row: _ENROLLMENT_LEVEL.get(row.facts.enrollment_state, UNKNOWN),
        says="",
        levels=(
            (0.0, "The clinician has no enrollment with this payer on file."),
            (
                1.0,
                "The clinician's enrollment with this payer begins after the service.",
            ),
            (
                2.0,
                "The clinician's enrollment with this payer ended before the service.",
            ),
            (3.0, "The clinician was enrolled with this payer, as far as on file."),
        ),
        missing="The practice keeps no enrollment records.",
        source="enrollments.csv",
        known_when=_ON_DAY,
        remedy="Confirm the clinician's enrollment with the payer before sending.",
        remedy_when=lambda level: level < 3.0,
    ),
    Feature(
        name="enrollment_age",
        unit="days",
        value=lambda row: number(row.facts.enrollment_age_days),
        says="The clinician's enrollment with this payer was {value} old on the"
        " service date (minus: not begun).",
        missing="No enrollment of the clinician with this payer is on file.",
        source="enrollments.csv",
        known_when=_ON_DAY,
        remedy="Ask the payer whether the new enrollment is loaded.",
        remedy_when=lambda days: days < 90,
    ),
    Feature(
        name="license_valid",
        unit="yes_no",
        value=lambda row: flag(row.facts.license_valid),
        says="",
        levels=_yes_no(
            "The clinician's license did not cover the service date.",
            "The clinician's license covered the service date.",
        ),
        missing="The clinician's license is not on file.",
        source="clinicians.csv",
        known_when=_ON_DAY,
    ),
    Feature(
        name="telehealth",
        unit="yes_no",
        value=lambda row: flag(row.facts.is_telehealth),
        says="",
        levels=_yes_no(
            "Nothing marks the session as telehealth.",
            "The session was telehealth, by the claim or by the note.",
        ),
        missing="How the session was held is not known.",
        source="SV101, SV105, CLM05-1, encounters.csv",
        known_when=_ON_DAY,
    ),
    Feature(
        name="place_differs",
        unit="yes_no",
        value=_place_differs,
        says="",
        levels=_yes_no(
            "The place of service is what is set up for this payer's telehealth.",
            "The place of service {place} is not what is set up for this payer's"
            " telehealth.",
        ),
        missing="No telehealth place of service is set up for the payer, or the"
        " session was not telehealth.",
        source="payers.csv",
        known_when=_ON_DAY,
        remedy="Use the payer's telehealth place of service.",
        remedy_when=bool,
    ),
    Feature(
        name="modifier_differs",
        unit="yes_no",
        value=_modifier_differs,
        says="",
        levels=_yes_no(
            "The line carries the modifier set up for this payer's telehealth.",
            "The line lacks the modifier set up for this payer's telehealth.",
        ),
        missing="No telehealth modifier is set up for the payer, or the session was"
        " not telehealth.",
        source="payers.csv",
        known_when=_ON_DAY,
        remedy="Add the payer's telehealth modifier.",
        remedy_when=bool,
    ),
    Feature(
        name="already_sent",
        unit="yes_no",
        value=lambda row: flag(row.facts.same_service_already_sent),
        says="",
        levels=_yes_no(
            "The same service was not sent to this payer before.",
            "The same service of the same day was already sent to this payer.",
        ),
        missing="Whether the service was sent before is not known.",
        source="claims sent",
        known_when=_BEFORE,
        remedy="Do not send it again: follow up on the first claim, or correct it.",
        remedy_when=bool,
    ),
    Feature(
        name="codes_same_day",
        unit="codes",
        value=lambda row: float(len(row.facts.other_codes_same_day)),
        says="The number of other codes billed for the same day is {value}.",
        missing="The other codes of the day are not known.",
        source="claims sent, the claim",
        known_when=_BEFORE,
    ),
    Feature(
        name="separate_service",
        unit="yes_no",
        value=lambda row: flag(row.view.separate_service),
        says="",
        levels=_yes_no(
            "No line of the day carries a modifier for a separate service.",
            "A line of the day carries a modifier for a separate service.",
        ),
        missing="The modifiers are not known.",
        source="SV101-3 to 6",
        known_when=_SENT,
    ),
    Feature(
        name="referral",
        unit="yes_no",
        value=lambda row: flag(row.view.referral),
        says="",
        levels=_yes_no(
            "The claim carries no referral number.",
            "The claim carries a referral number.",
        ),
        missing="Whether the claim carries a referral number is not known.",
        source="REF*9F",
        known_when=_SENT,
    ),
)
