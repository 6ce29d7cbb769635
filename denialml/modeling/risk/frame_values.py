"""The features before the rates, written out for the millions of a frame.

One function for all features of a kind reads each field once, where a function each
would read it again. The numbers are those of the features' own functions to the last
bit: `frames` holds them to each other on every guarded row, `test_rate_columns.py` on
all rows of a world. Numbers need not be floats yet: the matrix makes them so.
"""

from collections.abc import Sequence
from datetime import date

from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import EligibilityResult
from denialml.domain.facts import LineFacts
from denialml.modeling.knowledge.evidence import ClinicianEvidence
from denialml.modeling.knowledge.evidence_book import Evidence
from denialml.modeling.knowledge.line_view import (
    LineView,
    day_of_year,
    new_year_between,
)
from denialml.modeling.risk.claim_features import CLAIM_FEATURES, UNSPECIFIC
from denialml.modeling.risk.evidence_features import EVIDENCE_FEATURES
from denialml.modeling.risk.feature import UNKNOWN, Feature
from denialml.modeling.risk.record_features import (
    AUTHORIZATION_LEVEL,
    ELIGIBILITY_LEVEL,
    ENROLLMENT_LEVEL,
    RECORD_FEATURES,
)

# An enum's member costs ten times a module's name, and every line asks.
_ACTIVE = EligibilityResult.ACTIVE
_INACTIVE = EligibilityResult.INACTIVE


def values_written_out(
    claim: Claim,
    line: ServiceLine,
    facts: LineFacts,
    view: LineView,
    proved: Evidence,
) -> list[float]:
    """The first `RATES_FROM` features of a line, in the order of `FEATURES`."""
    values = _claim_values(claim, line, facts, view, proved)
    values += _record_values(line, facts, view)
    values += _evidence_values(facts, proved)
    return values


def _claim_values(
    claim: Claim,
    line: ServiceLine,
    facts: LineFacts,
    view: LineView,
    proved: Evidence,
) -> list[float]:
    day, lag, limit = (
        facts.service_date,
        facts.filing_lag_days,
        facts.filing_limit_days,
    )
    refused = proved[2].shortest_refused_days
    place, modifier = (
        facts.place_of_service_expected,
        facts.telehealth_modifier_expected,
    )
    return [
        float(line.charge),
        float(line.units),
        len(claim.lines),
        view.diagnosis in UNSPECIFIC,
        claim.subscriber.payer_responsibility_code not in ("P", ""),
        UNKNOWN if day is None else day_of_year(day),
        UNKNOWN if lag is None else lag,
        UNKNOWN if lag is None or limit is None else lag - limit,
        UNKNOWN if lag is None or refused is None else lag - refused,
        view.place != place if place else UNKNOWN,
        modifier not in line.modifiers if modifier else UNKNOWN,
        facts.same_service_already_sent,
        view.separate_service,
        view.referral,
    ]


def _record_values(line: ServiceLine, facts: LineFacts, view: LineView) -> list[float]:
    left, days_left = facts.authorization_units_left, facts.authorization_days_left
    minutes, fit = facts.documented_minutes, view.minutes_fit
    minimum, maximum = facts.code_minutes_minimum, facts.code_minutes_maximum
    plan, checked = facts.treatment_plan_age_days, facts.eligibility_age_days
    result, ended = facts.eligibility_result, facts.coverage_ended_before_service
    remaining, now = facts.visits_remaining, facts.visits_remaining_now
    enrolled, valid = facts.enrollment_age_days, facts.license_valid
    return [
        AUTHORIZATION_LEVEL[facts.authorization_state],
        facts.authorization_number_on_claim,
        UNKNOWN if left is None else float(left - line.units),
        UNKNOWN if days_left is None else days_left,
        facts.visits_this_year,
        facts.visit_number,
        facts.note_signed is True,
        UNKNOWN if fit == "untimed" else fit in ("missing", "no_note"),
        UNKNOWN if minutes is None or minimum is None else minutes - minimum,
        UNKNOWN if minutes is None or maximum is None else minutes - maximum,
        UNKNOWN if plan is None else plan,
        UNKNOWN if result is None else ELIGIBILITY_LEVEL[result],
        UNKNOWN if checked is None else checked,
        UNKNOWN if ended is None else ended,
        facts.other_payer_named,
        UNKNOWN if remaining is None else remaining,
        UNKNOWN if now is None else now,
        ENROLLMENT_LEVEL.get(facts.enrollment_state, UNKNOWN),
        UNKNOWN if enrolled is None else enrolled,
        UNKNOWN if valid is None else valid,
    ]


def _evidence_values(facts: LineFacts, proved: Evidence) -> list[float]:
    coverage, clinician, filing, limits, lapses, others = proved
    day, lag, paid = (
        facts.service_date,
        facts.filing_lag_days,
        facts.days_since_patient_paid,
    )
    found, lost, right, clean, other = _verdicts(facts, proved)
    is_lost, has_other = _is_open(lost, found), _is_open(other, clean)
    lapse = None if is_lost else lapses.chance(proved=found, day=day)
    another = None if has_other else others.chance(proved=clean, day=day)
    limit, refused = facts.filing_limit_days, filing.shortest_refused_days
    longest, answer_days = filing.longest_paid_days, filing.answer_days
    is_late = lag is not None and (
        (limit is not None and lag > limit) or (refused is not None and lag >= refused)
    )
    problems = facts.same_service_already_sent + is_late + has_other + is_lost
    visits, most = limits.refused_visits, limits.most_paid
    this_year, answers = facts.visits_this_year, coverage.answers
    return [
        _age(found, day),
        _new_year(found, day),
        UNKNOWN if lost is None and found is None else is_lost,
        _age(coverage.coverage_refused, day),
        _new_year(right, day),
        UNKNOWN if other is None and clean is None else has_other,
        _age(clean, day),
        *_clinician_values(clinician, day),
        UNKNOWN if lapse is None else lapse,
        UNKNOWN if another is None else another,
        answers,
        (coverage.denials + 0.3) / (answers + 2.0),
        UNKNOWN if paid is None else paid,
        problems,
        UNKNOWN if visits is None else this_year - visits,
        UNKNOWN if most is None else this_year - most,
        UNKNOWN if answer_days is None else answer_days,
        UNKNOWN if lag is None or longest is None else lag - longest,
    ]


def _verdicts(
    facts: LineFacts, proved: Evidence
) -> tuple[date | None, date | None, date | None, date | None, date | None]:
    """Days of `evidence_reading`: coverage proved and open, the last answer as the
    right payer, coordination clean and open."""
    coverage, day, age = proved[0], facts.service_date, facts.eligibility_age_days
    checked = (
        None if day is None or age is None else date.fromordinal(day.toordinal() - age)
    )
    found, lost = coverage.coverage_proved, coverage.coverage_refused
    right, other = coverage.coordination_proved, coverage.coordination_refused
    clean = right
    if checked is not None:
        result = facts.eligibility_result
        if result is _ACTIVE and (found is None or checked > found):
            found = checked
        if (facts.coverage_ended_before_service or result is _INACTIVE) and (
            lost is None or checked > lost
        ):
            lost = checked
        if facts.other_payer_named:
            other = checked if other is None or checked > other else other
        else:
            clean = checked if clean is None or checked > clean else clean
    return found, lost, right, clean, other


def _clinician_values(
    clinician: ClinicianEvidence, day: date | None
) -> tuple[float, float, float, float]:
    yes, no = clinician.proved, clinician.refused
    return (
        _age(yes, day),
        UNKNOWN if no is None and yes is None else _is_open(no, yes),
        _age(no, day),
        clinician.answers,
    )


def _age(of: date | None, day: date | None) -> float:
    return UNKNOWN if of is None or day is None else (day - of).days


def _new_year(since: date | None, day: date | None) -> float:
    if since is None or day is None:
        return UNKNOWN
    return new_year_between(day, (day - since).days)


def _is_open(refused: date | None, proved: date | None) -> bool:
    return refused is not None and (proved is None or refused > proved)


_WRITTEN = [
    "charge",
    "units",
    "line_count",
    "unspecific_diagnosis",
    "secondary_payer",
    "day_of_year",
    "filing_lag",
    "days_past_filing_limit",
    "days_past_learnt_limit",
    "place_differs",
    "modifier_differs",
    "already_sent",
    "separate_service",
    "referral",
    "authorization_state",
    "authorization_on_claim",
    "authorization_units_after",
    "authorization_days_left",
    "visits_this_year",
    "visit_number",
    "note_signed",
    "minutes_undocumented",
    "minutes_over_minimum",
    "minutes_over_maximum",
    "treatment_plan_age",
    "eligibility_active",
    "eligibility_age",
    "coverage_ended",
    "other_payer_named",
    "visits_remaining",
    "visits_left_since_check",
    "enrollment_state",
    "enrollment_age",
    "license_valid",
    "coverage_proof_age",
    "new_year_since_proof",
    "coverage_refused",
    "coverage_refusal_age",
    "new_year_since_coordination",
    "coordination_refused",
    "coordination_clean_age",
    "clinician_proof_age",
    "clinician_refused",
    "clinician_refusal_age",
    "clinician_answers",
    "coverage_lapse_chance",
    "other_payer_chance",
    "patient_answers",
    "patient_denied_share",
    "patient_paid_age",
    "known_problems",
    "visits_past_learnt_limit",
    "visits_past_most_paid",
    "payer_answer_days",
    "days_past_longest_paid",
]


def _check_order(features: Sequence[Feature]) -> None:
    names = [feature.name for feature in features]
    if names != _WRITTEN:
        raise AssertionError(f"written out {_WRITTEN}, but the features are {names}")


_check_order((*CLAIM_FEATURES, *RECORD_FEATURES, *EVIDENCE_FEATURES))
