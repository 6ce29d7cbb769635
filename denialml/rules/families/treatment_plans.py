"""The treatment plan: in force, worked on in the session, and measured."""

from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import INDIVIDUAL_PSYCHOTHERAPY
from denialml.rules.rule import (
    MEDICAID,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.session_codes import FOLLOW_UP_VISITS, PLANNED_TREATMENT
from denialml.rules.words import in_days

_MEASURED_CARE = INDIVIDUAL_PSYCHOTHERAPY | FOLLOW_UP_VISITS
_MEASUREMENT_CODE = "96127"
_USUAL_PLAN_DAYS = 90
_PLAN = CannotTell(
    "the date of the treatment plan in force",
    MissingRecord.ENCOUNTER,
    "treatment_plan_on",
)
_PLAN_LIMIT = CannotTell(
    "the payer's interval for reviewing treatment plans",
    MissingRecord.PAYER_SETTING,
    "treatment_plan_days",
)
_GOAL = CannotTell(
    "whether the note names a goal of the plan",
    MissingRecord.ENCOUNTER,
    "plan_goal_linked",
)
_MEASURED = CannotTell(
    "the day of the last PHQ-9, GAD-7 or the like",
    MissingRecord.ENCOUNTER,
    "measured_on",
)
_MEDICARE = PayerType.MEDICARE


@line_rule(
    "BH-118",
    About(
        title="Treatment plan out of date",
        statement="A treatment plan is in force on the day of treatment and was"
        " reviewed within the payer's interval.",
        severity=Severity.DENY_LIKELY,
        fields=("encounter treatment_plan_on", "payer treatment_plan_days"),
        reason_codes=("252", "50"),
        remark_codes=("N238", "N351", "N394"),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Find the plan that was in force on the day and keep it with the claim's"
        " records; a review made now carries its own date.",
        source="state Medicaid and payer rules, rulebook BH-118",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=PLANNED_TREATMENT,
        review=("E41",),
    ),
)
def treatment_plan_out_of_date(line: LineCase) -> Verdict:
    age = line.facts.treatment_plan_age_days
    limit = line.policy.treatment_plan_days
    if age is None:
        # Asked only of a payer that reviews plans; without a note, BH-117 speaks.
        is_asked = limit is not None and line.records.note is not None
        return _PLAN if is_asked else None
    if age < 0:
        if line.records.note is None:
            # The plan of another session's note: an older one may have been in force.
            return _PLAN if limit is not None else None
        return Found(
            says=f"The treatment plan is dated {in_days(-age)} after the session.",
            severity=None if limit is not None else Severity.WARN,
        )
    if age <= (_USUAL_PLAN_DAYS if limit is None else limit):
        return None
    if limit is not None:
        return Found(
            says=f"The treatment plan was {in_days(age)} old; this payer allows"
            f" {limit}."
        )
    payer_type = line.of_claim.payer_type
    if payer_type not in MEDICAID:
        # No federal interval for Medicare or commercial psychotherapy (review E41);
        # other payers than original Medicare may have one of their own.
        return None if payer_type is _MEDICARE else _PLAN_LIMIT
    return Found(
        says=f"The treatment plan was {age} days old; Medicaid programs commonly allow"
        f" {_USUAL_PLAN_DAYS}.",
        severity=Severity.WARN,
        by_default=True,
    )


@line_rule(
    "BH-119",
    About(
        title="Note without a goal of the plan",
        statement="The note of a treatment session names the goal of the plan that it"
        " worked on.",
        severity=Severity.WARN,
        fields=("encounter plan_goal_linked",),
        reason_codes=("50", "152"),
        remark_codes=("N163", "N225"),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Ask the clinician for a dated addendum, if the session did work on a goal"
        " of the plan.",
        source="rulebook BH-119",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=PLANNED_TREATMENT,
    ),
)
def note_without_goal(line: LineCase) -> Verdict:
    note = line.records.note
    if note is None or note.plan_goal_linked:
        return None
    if note.plan_goal_linked is None:
        # Asked only of a payer that reviews plans.
        return _GOAL if line.policy.treatment_plan_days is not None else None
    return Found(
        says=f"The note behind {line.line.procedure_code} names no goal of the"
        " treatment plan."
    )


@line_rule(
    "BH-121",
    About(
        title="Measurement overdue",
        statement="Where the payer expects it, a PHQ-9, GAD-7 or the like was taken"
        " within its interval.",
        severity=Severity.WARN,
        fields=("encounter measured_on", "payer measurement_days", "claims sent"),
        reason_codes=("50",),
        remark_codes=("N163",),
        root_cause=RootCause.MEDICAL_NECESSITY,
        fix="Plan a measurement for the next session, and put its score in that note.",
        source="rulebook BH-121",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=_MEASURED_CARE,
        only_where=frozenset({Circumstance.SETTINGS}),
    ),
)
def measurement_overdue(line: LineCase) -> Verdict:
    note, day, limit = line.records.note, line.day, line.policy.measurement_days
    measured = note.measured_on if note is not None else None
    if day is None or limit is None:
        # Nobody is known to expect it.
        return None
    if measured is not None and (day - measured).days <= limit:
        return None
    if _MEASUREMENT_CODE in line.of_claim.codes:
        return None
    for sent in line.records.sent:
        if (
            sent.procedure_code == _MEASUREMENT_CODE
            and sent.service_date is not None
            and 0 <= (day - sent.service_date).days <= limit
        ):
            return None
    if measured is None:
        return _MEASURED
    return Found(
        says=f"The last measurement was {(day - measured).days} days before the"
        f" session; this payer expects one every {limit}."
    )
