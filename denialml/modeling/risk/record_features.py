"""Features of what the practice has on file about the line."""

from operator import not_

from denialml.domain.coverage import EligibilityResult
from denialml.domain.facts import AuthorizationState, EnrollmentState
from denialml.modeling.risk.feature import (
    UNKNOWN,
    Feature,
    LineInput,
    flag,
    number,
    yes_no,
)
from denialml.modeling.risk.sources import (
    AUTHORIZATIONS,
    CLAIM,
    CLAIMS_SENT,
    CLINICIANS,
    CODE_TABLES,
    ELIGIBILITY_CHECKS,
    ENCOUNTERS,
    ENROLLMENTS,
)

# Ordered by how well the authorization supports the line.
AUTHORIZATION_LEVEL = {
    AuthorizationState.NONE: 0.0,
    AuthorizationState.DENIED: 1.0,
    AuthorizationState.WRONG_CODE: 2.0,
    AuthorizationState.NOT_YET: 3.0,
    AuthorizationState.EXPIRED: 4.0,
    AuthorizationState.EXHAUSTED: 5.0,
    AuthorizationState.VALID: 6.0,
}
ENROLLMENT_LEVEL = {
    EnrollmentState.NONE: 0.0,
    EnrollmentState.NOT_YET: 1.0,
    EnrollmentState.ENDED: 2.0,
    EnrollmentState.ENROLLED: 3.0,
}
ELIGIBILITY_LEVEL = {
    EligibilityResult.ACTIVE: 1.0,
    EligibilityResult.INACTIVE: 0.0,
    EligibilityResult.UNKNOWN: UNKNOWN,
}
# Visits in a calendar year from which plans begin to limit them.
_MANY_VISITS = 20


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
    return UNKNOWN if result is None else ELIGIBILITY_LEVEL[result]


def _visits_left(row: LineInput) -> float:
    left = row.facts.visits_remaining_now
    return UNKNOWN if left is None else float(left)


RECORD_FEATURES: tuple[Feature, ...] = (
    Feature(
        name="authorization_state",
        topic="authorization",
        unit="state",
        value=lambda row: AUTHORIZATION_LEVEL[row.facts.authorization_state],
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
        sources=(AUTHORIZATIONS, CLAIMS_SENT),
        remedy="Get or extend the authorization before sending.",
        remedy_when=lambda level: level < 6.0,
    ),
    Feature(
        name="authorization_on_claim",
        topic="authorization",
        unit="yes_no",
        value=lambda row: flag(row.facts.authorization_number_on_claim),
        says="",
        levels=yes_no(
            "The claim carries no authorization number.",
            "The claim carries an authorization number.",
        ),
        missing="Whether the claim carries an authorization number is not known.",
        source="REF*G1",
        sources=(CLAIM,),
        remedy="If an authorization is on file, put its number on the claim.",
        remedy_when=lambda value: not value,
        concern=not_,
        concern_if=lambda row: row.view.authorization == "valid",
    ),
    Feature(
        name="authorization_units_after",
        topic="authorization",
        unit="units",
        value=_units_after,
        says="After this line the authorization has {value} left.",
        says_negative="The authorization is {value} short for this line.",
        missing="No units of an authorization apply.",
        source="278, authorizations.csv, claims sent",
        sources=(AUTHORIZATIONS, CLAIMS_SENT),
        remedy="Ask for more units before they run out.",
        remedy_when=lambda left: left < 3,
        concern=lambda left: left < 0,
    ),
    Feature(
        name="authorization_days_left",
        topic="authorization",
        unit="days",
        value=lambda row: number(row.facts.authorization_days_left),
        says="On the service date the authorization had {value} to run.",
        says_negative="The authorization ended {value} before the service.",
        missing="No authorization with an end date applies.",
        source="278, authorizations.csv",
        sources=(AUTHORIZATIONS, CLAIMS_SENT),
        remedy="Ask the payer to extend the authorization or to backdate it.",
        remedy_when=lambda days: days < 0,
    ),
    Feature(
        name="visits_this_year",
        topic="benefit",
        unit="visits",
        value=lambda row: float(row.facts.visits_this_year),
        says="The patient had {value} earlier in the calendar year.",
        missing="The visits this year are not known.",
        source="claims sent, encounters.csv",
        sources=(CLAIMS_SENT, ENCOUNTERS),
        concern=lambda visits: visits >= _MANY_VISITS,
        circumstance=True,
    ),
    Feature(
        name="visit_number",
        topic="benefit",
        unit="visits",
        value=lambda row: float(row.facts.visit_number),
        says="With this one the patient has had {value}.",
        missing="The visit number is not known.",
        source="claims sent, encounters.csv",
        sources=(CLAIMS_SENT, ENCOUNTERS),
    ),
    Feature(
        name="note_signed",
        topic="time",
        unit="yes_no",
        value=_note_ready,
        says="",
        levels=yes_no(
            "No signed note is on file for the service.",
            "A signed note is on file for the service.",
        ),
        missing="Whether a note is on file is not known.",
        source="encounters.csv",
        sources=(ENCOUNTERS,),
        remedy="Have the clinician sign the note before the claim goes out.",
        remedy_when=lambda value: not value,
    ),
    Feature(
        name="minutes_undocumented",
        topic="time",
        unit="yes_no",
        value=_minutes_undocumented,
        says="",
        levels=yes_no(
            "Minutes are documented for {code}.",
            "No minutes are documented for {code}, which is chosen by time.",
        ),
        missing="{code} is not chosen by time.",
        source="encounters.csv",
        sources=(ENCOUNTERS, CODE_TABLES),
        remedy="Ask the clinician to document start and stop times.",
        remedy_when=bool,
    ),
    Feature(
        name="minutes_over_minimum",
        topic="time",
        unit="minutes",
        value=_minutes_over_minimum,
        says="The note documents {documented}, which reach what {code} takes with"
        " {value} to spare.",
        says_negative="The note documents {documented}, {value} short of what {code}"
        " takes.",
        missing="No documented minutes to hold against {code}.",
        source="encounters.csv, code table",
        sources=(ENCOUNTERS, CODE_TABLES),
        remedy="Bill the code that the documented minutes support.",
        remedy_when=lambda minutes: minutes < 0,
    ),
    Feature(
        name="minutes_over_maximum",
        topic="time",
        unit="minutes",
        value=_minutes_over_maximum,
        says="The note documents {documented}, {value} over the most that {code}"
        " covers.",
        says_negative="The note documents {documented}, {value} below the most that"
        " {code} covers.",
        missing="No upper limit of minutes applies to {code}.",
        source="encounters.csv, code table",
        sources=(ENCOUNTERS, CODE_TABLES),
        remedy="Bill the code that the documented minutes support.",
        remedy_when=lambda minutes: minutes > 0,
    ),
    Feature(
        name="treatment_plan_age",
        topic="necessity",
        unit="days",
        value=lambda row: number(row.facts.treatment_plan_age_days),
        says="The treatment plan was {value} old on the service date.",
        says_negative="The treatment plan is dated {value} after the service.",
        missing="No treatment plan is on file.",
        source="encounters.csv",
        sources=(ENCOUNTERS,),
        remedy="Review and update the treatment plan.",
        remedy_when=lambda days: days > 180,
        concern=lambda days: days > 180 or days < 0,
        concern_missing=True,
    ),
    Feature(
        name="eligibility_active",
        topic="coverage",
        unit="yes_no",
        value=_eligibility_active,
        says="",
        levels=yes_no(
            "The last eligibility answer said inactive.",
            "The last eligibility answer said active.",
        ),
        missing="No eligibility answer tells whether coverage is active.",
        source="271, eligibility.csv",
        sources=(ELIGIBILITY_CHECKS,),
        remedy="Check eligibility again and find the right coverage before sending.",
        remedy_when=lambda value: not value,
    ),
    Feature(
        name="eligibility_age",
        topic="coverage",
        unit="days",
        value=lambda row: number(row.facts.eligibility_age_days),
        says="The last eligibility check was {value} before the service.",
        says_negative="Eligibility was last checked {value} after the service.",
        missing="No eligibility check of this payer is on file.",
        source="271, eligibility.csv",
        sources=(ELIGIBILITY_CHECKS,),
        remedy="Check eligibility before sending.",
        remedy_when=lambda days: days > 30,
        concern_missing=True,
    ),
    Feature(
        name="coverage_ended",
        topic="coverage",
        unit="yes_no",
        value=lambda row: flag(row.facts.coverage_ended_before_service),
        says="",
        levels=yes_no(
            "The last eligibility answer shows coverage on the service date.",
            "The last eligibility answer shows coverage ending before the service.",
        ),
        missing="No eligibility answer reaches the service date.",
        source="271, eligibility.csv",
        sources=(ELIGIBILITY_CHECKS,),
        remedy="Find the coverage in force on the service date.",
        remedy_when=bool,
    ),
    Feature(
        name="other_payer_named",
        topic="other payer",
        unit="yes_no",
        value=lambda row: flag(row.facts.other_payer_named),
        says="",
        levels=yes_no(
            "The last eligibility answer, if any, named no other payer.",
            "The last eligibility answer named another payer.",
        ),
        missing="Whether another payer covers the patient is not known.",
        source="271, eligibility.csv",
        sources=(ELIGIBILITY_CHECKS,),
        remedy="Settle which payer is primary and bill that one first.",
        remedy_when=bool,
    ),
    Feature(
        name="visits_remaining",
        topic="benefit",
        unit="visits",
        value=lambda row: number(row.facts.visits_remaining),
        says="The last eligibility answer left {value}.",
        missing="No eligibility answer states how many visits are left.",
        source="271, eligibility.csv",
        sources=(ELIGIBILITY_CHECKS,),
        concern=lambda visits: visits < 1,
    ),
    Feature(
        name="visits_left_since_check",
        topic="benefit",
        unit="visits",
        value=_visits_left,
        says="Counting visits since that answer, {value} are left.",
        says_negative="The visits that the last eligibility answer left are"
        " exceeded by {value}.",
        missing="No eligibility answer states how many visits are left.",
        source="271, eligibility.csv, claims sent, encounters.csv",
        sources=(ELIGIBILITY_CHECKS, CLAIMS_SENT, ENCOUNTERS),
        remedy="Ask the plan for more visits before they run out.",
        remedy_when=lambda visits: visits < 3,
        concern=lambda visits: visits < 1,
    ),
    Feature(
        name="enrollment_state",
        topic="enrollment",
        unit="state",
        value=lambda row: ENROLLMENT_LEVEL.get(row.facts.enrollment_state, UNKNOWN),
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
        sources=(ENROLLMENTS,),
        remedy="Confirm the clinician's enrollment with the payer before sending.",
        remedy_when=lambda level: level < 3.0,
    ),
    Feature(
        name="enrollment_age",
        topic="enrollment",
        unit="days",
        value=lambda row: number(row.facts.enrollment_age_days),
        says="The clinician's enrollment with this payer was {value} old"
        " on the service date.",
        says_negative="The clinician's enrollment with this payer begins {value}"
        " after the service.",
        missing="No enrollment of the clinician with this payer is on file.",
        source="enrollments.csv",
        sources=(ENROLLMENTS,),
        remedy="Ask the payer whether the new enrollment is loaded.",
        remedy_when=lambda days: days < 90,
    ),
    Feature(
        name="license_valid",
        topic="enrollment",
        unit="yes_no",
        value=lambda row: flag(row.facts.license_valid),
        says="",
        levels=yes_no(
            "The clinician's license did not cover the service date.",
            "The clinician's license covered the service date.",
        ),
        missing="The clinician's license is not on file.",
        source="clinicians.csv",
        sources=(CLINICIANS,),
        concern=not_,
    ),
)
