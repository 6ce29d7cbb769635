"""What the evidence about a patient, clinician and plan amounts to for one line.

Each function gives one number or day of `evidence_features`; NaN or None: not known.
"""

from collections.abc import Callable
from datetime import date

from denialml.modeling.knowledge.line_view import new_year_between
from denialml.modeling.risk.feature import UNKNOWN, LineInput, number


def age_of(pick: Callable[[LineInput], date | None]) -> Callable[[LineInput], float]:
    """Days from the picked service date to the line's, NaN where either is missing."""

    def value(row: LineInput) -> float:
        proved, day = pick(row), row.facts.service_date
        return UNKNOWN if proved is None or day is None else float((day - proved).days)

    return value


def coverage_proved(row: LineInput) -> date | None:
    """The last day coverage was proved: a payer's answer or an eligibility check."""
    proved = row.history.coverage.coverage_proved
    if row.facts.eligibility_result != "active":
        return proved
    return _later(proved, _checked_on(row))


def coverage_lapse_chance(row: LineInput) -> float:
    """How likely coverage was lost since it was last proved; NaN once refused."""
    proved, day = coverage_proved(row), row.facts.service_date
    if _is_open(coverage_open(row), proved, day):
        return UNKNOWN
    return number(row.history.coverage_hazard.chance(proved=proved, day=day))


def other_payer_chance(row: LineInput) -> float:
    """How likely another payer has come first since none did; NaN once one did."""
    clean, day = coordination_clean(row), row.facts.service_date
    if _is_open(coordination_open(row), clean, day):
        return UNKNOWN
    return number(row.history.coordination_hazard.chance(proved=clean, day=day))


def new_year_since_proof(row: LineInput) -> float:
    """Whether January 1 lies between the last proof of coverage and the service."""
    proved, day = coverage_proved(row), row.facts.service_date
    if proved is None or day is None:
        return UNKNOWN
    return float(new_year_between(day, (day - proved).days))


def new_year_since_coordination(row: LineInput) -> float:
    """Whether January 1 lies between the last answer as right payer and the service."""
    proved, day = row.history.coverage.coordination_proved, row.facts.service_date
    if proved is None or day is None:
        return UNKNOWN
    return float(new_year_between(day, (day - proved).days))


def refused_after_proof(
    refused: Callable[[LineInput], date | None],
    proved: Callable[[LineInput], date | None],
) -> Callable[[LineInput], float]:
    """1 where a matter was refused and not proved since, 0 where it was proved."""

    def value(row: LineInput) -> float:
        no, yes = refused(row), proved(row)
        if no is None and yes is None:
            return UNKNOWN
        return float(_is_open(no, yes, row.facts.service_date))

    return value


def _is_open(refused: date | None, proved: date | None, day: date | None) -> bool:
    """Whether a matter was refused last, and no proof holds for the service of `day`.

    What was proved for a later day stood on the service's day too, whatever was refused
    after that: claims are often sent for services before the change.
    """
    if refused is None:
        return False
    return proved is None or (refused > proved and (day is None or proved < day))


def _checked_on(row: LineInput) -> date | None:
    day, age = row.facts.service_date, row.facts.eligibility_age_days
    if day is None or age is None:
        return None
    return date.fromordinal(day.toordinal() - age)


def coordination_clean(row: LineInput) -> date | None:
    """The last day no other payer was known of: an answer or a silent check."""
    proved = row.history.coverage.coordination_proved
    if row.facts.other_payer_named:
        return proved
    return _later(proved, _checked_on(row))


def coordination_open(row: LineInput) -> date | None:
    """The last day another payer was known of: an answer or a check that named it."""
    refused = row.history.coverage.coordination_refused
    if row.facts.other_payer_named:
        return _later(refused, _checked_on(row))
    return refused


def coverage_open(row: LineInput) -> date | None:
    """The last day coverage was known not to be in force: an answer or a check."""
    refused = row.history.coverage.coverage_refused
    ended = row.facts.coverage_ended_before_service
    if ended or row.facts.eligibility_result == "inactive":
        return _later(refused, _checked_on(row))
    return refused


def _later(first: date | None, second: date | None) -> date | None:
    if first is None or second is None:
        return first or second
    return second if second > first else first


def visible_problems(row: LineInput) -> dict[str, str]:
    """The problems that a biller can see before sending: topic -> in words."""
    no_coverage, other_payer = refused_matters(row)
    found: dict[str, str] = {}
    if row.facts.same_service_already_sent:
        found["duplicate"] = "the same service was sent before"
    if _is_late(row):
        found["filing"] = "the claim is filed later than the payer has taken claims"
    if other_payer:
        found["other payer"] = "another payer is known of"
    if no_coverage:
        found["coverage"] = "coverage was last found not in force"
    return found


def _is_late(row: LineInput) -> bool:
    limit, lag = row.facts.filing_limit_days, row.facts.filing_lag_days
    refused = row.history.filing.shortest_refused_days
    return lag is not None and (
        (limit is not None and lag > limit) or (refused is not None and lag >= refused)
    )


def refused_matters(row: LineInput) -> tuple[bool, bool]:
    """Whether coverage was last found not in force, and another payer to come first."""
    day = row.facts.service_date
    return (
        _is_open(coverage_open(row), coverage_proved(row), day),
        _is_open(coordination_open(row), coordination_clean(row), day),
    )


def known_problems(row: LineInput) -> float:
    """How many of `visible_problems` there are."""
    no_coverage, other_payer = refused_matters(row)
    already_sent = row.facts.same_service_already_sent
    return float(already_sent + _is_late(row) + other_payer + no_coverage)


def denied_share(row: LineInput) -> float:
    """Share of the payer's answers on this patient that were denials, with a prior."""
    coverage = row.history.coverage
    return (coverage.denials + 0.3) / (coverage.answers + 2.0)


def past_learnt_visits(row: LineInput) -> float:
    """Visits this year beyond where the plan has denied for its limit."""
    refused = row.history.limit.refused_visits
    return UNKNOWN if refused is None else row.facts.visits_this_year - refused


def past_paid_visits(row: LineInput) -> float:
    """Visits this year beyond the most the plan has paid."""
    most = row.history.limit.most_paid
    return UNKNOWN if most is None else float(row.facts.visits_this_year - most)
