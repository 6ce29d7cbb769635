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
    day, age = row.facts.service_date, row.facts.eligibility_age_days
    if day is None or age is None or row.facts.eligibility_result != "active":
        return proved
    checked = date.fromordinal(day.toordinal() - age)
    return checked if proved is None or checked > proved else proved


def coverage_lapse_chance(row: LineInput) -> float:
    """How likely coverage was lost since it was last proved; NaN once refused."""
    if _NO_COVERAGE(row) == 1.0:
        return UNKNOWN
    return number(
        row.history.coverage_hazard.chance(
            proved=coverage_proved(row), day=row.facts.service_date
        )
    )


def other_payer_chance(row: LineInput) -> float:
    """How likely another payer has come first since none did; NaN once one did."""
    if _OTHER_PAYER(row) == 1.0:
        return UNKNOWN
    return number(
        row.history.coordination_hazard.chance(
            proved=coordination_clean(row), day=row.facts.service_date
        )
    )


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
    """1 where the latest verdict on a matter was a refusal, 0 where it was a proof."""

    def value(row: LineInput) -> float:
        no, yes = refused(row), proved(row)
        if no is None:
            return UNKNOWN if yes is None else 0.0
        return float(yes is None or no > yes)

    return value


def _checked_on(row: LineInput) -> date | None:
    day, age = row.facts.service_date, row.facts.eligibility_age_days
    if day is None or age is None:
        return None
    return date.fromordinal(day.toordinal() - age)


def coordination_clean(row: LineInput) -> date | None:
    """The last day no other payer was known of: an answer or a silent check."""
    proved = row.history.coverage.coordination_proved
    checked = None if row.facts.other_payer_named else _checked_on(row)
    return _later(proved, checked)


def coordination_open(row: LineInput) -> date | None:
    """The last day another payer was known of: an answer or a check that named it."""
    refused = row.history.coverage.coordination_refused
    checked = _checked_on(row) if row.facts.other_payer_named else None
    return _later(refused, checked)


def coverage_open(row: LineInput) -> date | None:
    """The last day coverage was known not to be in force: an answer or a check."""
    refused = row.history.coverage.coverage_refused
    inactive = row.facts.eligibility_result == "inactive"
    ended = row.facts.coverage_ended_before_service
    return _later(refused, _checked_on(row) if inactive or ended else None)


def _later(first: date | None, second: date | None) -> date | None:
    if first is None or second is None:
        return first or second
    return max(first, second)


def visible_problems(row: LineInput) -> dict[str, str]:
    """The problems that a biller can see before sending: topic -> in words."""
    facts = row.facts
    limit, lag = facts.filing_limit_days, facts.filing_lag_days
    refused = row.history.filing.shortest_refused_days
    late = lag is not None and (
        (limit is not None and lag > limit) or (refused is not None and lag >= refused)
    )
    other_payer = _OTHER_PAYER(row) == 1.0
    no_coverage = _NO_COVERAGE(row) == 1.0
    found: dict[str, str] = {}
    if facts.same_service_already_sent:
        found["duplicate"] = "the same service was sent before"
    if late:
        found["filing"] = "the claim is filed later than the payer has taken claims"
    if other_payer:
        found["other payer"] = "another payer is known of"
    if no_coverage:
        found["coverage"] = "coverage was last found not in force"
    return found


def refused_matters(row: LineInput) -> tuple[bool, bool]:
    """Whether coverage was last found not in force, and another payer to come first."""
    return _NO_COVERAGE(row) == 1.0, _OTHER_PAYER(row) == 1.0


def known_problems(row: LineInput) -> float:
    """How many problems can be seen before sending."""
    return float(len(visible_problems(row)))


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


_OTHER_PAYER = refused_after_proof(coordination_open, coordination_clean)
_NO_COVERAGE = refused_after_proof(coverage_open, coverage_proved)
