"""Features of what remittances received before the submission day had taught."""

from collections.abc import Callable
from datetime import date

from denialml.modeling.feature import UNKNOWN, Feature, LineInput, number
from denialml.modeling.line_view import new_year_between
from denialml.modeling.rate_tables import CAUSE_TABLES, RATE_TABLES, RateTable

_SOURCE = "835"
_KNOWN = "remittances received before the submission day"

# Rates whose evidence the model should weigh: thin in some keys, thick in others.
_WEIGHED = frozenset(
    {
        "authorization_visit",
        "clinician",
        "diagnosis_code",
        "plan_visits",
        "same_day",
        "session",
    }
)


def _age(pick: Callable[[LineInput], date | None]) -> Callable[[LineInput], float]:
    """Days from the picked service date to the line's, NaN where either is missing."""

    def value(row: LineInput) -> float:
        proved, day = pick(row), row.facts.service_date
        return UNKNOWN if proved is None or day is None else float((day - proved).days)

    return value


def _coverage_proved(row: LineInput) -> date | None:
    """The last day coverage was proved: a payer's answer or an eligibility check."""
    proved = row.history.coverage.coverage_proved
    day, age = row.facts.service_date, row.facts.eligibility_age_days
    if day is None or age is None or row.facts.eligibility_result != "active":
        return proved
    checked = date.fromordinal(day.toordinal() - age)
    return checked if proved is None or checked > proved else proved


def _new_year_since_proof(row: LineInput) -> float:
    proved, day = _coverage_proved(row), row.facts.service_date
    if proved is None or day is None:
        return UNKNOWN
    return float(new_year_between(day, (day - proved).days))


def _new_year_since_coordination(row: LineInput) -> float:
    proved, day = row.history.coverage.coordination_proved, row.facts.service_date
    if proved is None or day is None:
        return UNKNOWN
    return float(new_year_between(day, (day - proved).days))


def _refused_after_proof(
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


def _coordination_clean(row: LineInput) -> date | None:
    """The last day no other payer was known of: an answer or a silent check."""
    proved = row.history.coverage.coordination_proved
    checked = None if row.facts.other_payer_named else _checked_on(row)
    return _later(proved, checked)


def _coordination_open(row: LineInput) -> date | None:
    """The last day another payer was known of: an answer or a check that named it."""
    refused = row.history.coverage.coordination_refused
    checked = _checked_on(row) if row.facts.other_payer_named else None
    return _later(refused, checked)


def _coverage_open(row: LineInput) -> date | None:
    """The last day coverage was known not to be in force: an answer or a check."""
    refused = row.history.coverage.coverage_refused
    inactive = row.facts.eligibility_result == "inactive"
    ended = row.facts.coverage_ended_before_service
    return _later(refused, _checked_on(row) if inactive or ended else None)


def _later(first: date | None, second: date | None) -> date | None:
    if first is None or second is None:
        return first or second
    return max(first, second)


def _known_problems(row: LineInput) -> float:
    """How many of the problems that a biller can see before sending the line has."""
    facts = row.facts
    limit, lag = facts.filing_limit_days, facts.filing_lag_days
    refused = row.history.filing.shortest_refused_days
    late = lag is not None and (
        (limit is not None and lag > limit) or (refused is not None and lag >= refused)
    )
    return float(
        facts.same_service_already_sent
        + late
        + (_open(row, _coordination_open, _coordination_clean) == 1.0)
        + (_open(row, _coverage_open, _coverage_proved) == 1.0)
    )


def _open(
    row: LineInput,
    refused: Callable[[LineInput], date | None],
    proved: Callable[[LineInput], date | None],
) -> float:
    return _refused_after_proof(refused, proved)(row)


def _by_cause(row: LineInput) -> float:
    """The rate of any denial if each cause struck independently at its own rate."""
    paid = 1.0
    rates = row.history.rates
    for position in _CAUSE_POSITIONS:
        rate = rates[position]
        if rate == rate:
            paid *= 1.0 - rate
    return 1.0 - paid


_CAUSE_POSITIONS = tuple(
    position for position, table in enumerate(RATE_TABLES) if table.name in CAUSE_TABLES
)


def _denied_share(row: LineInput) -> float:
    coverage = row.history.coverage
    return (coverage.denials + 0.3) / (coverage.answers + 2.0)


def _past_learnt_visits(row: LineInput) -> float:
    refused = row.history.limit.refused_visits
    return UNKNOWN if refused is None else row.facts.visits_this_year - refused


def _past_paid_visits(row: LineInput) -> float:
    most = row.history.limit.most_paid
    return UNKNOWN if most is None else float(row.facts.visits_this_year - most)


_YES_NO_COVERAGE = (
    (0.0, "The payer's last answers on this patient found coverage in force."),
    (1.0, "The payer's last answer that speaks of this patient's coverage refused it."),
)
_YES_NO_COORDINATION = (
    (0.0, "The payer's last answers on this patient raised no other coverage."),
    (
        1.0,
        "The payer's last answer that speaks of other coverage of this patient"
        " refused the claim for it.",
    ),
)
_YES_NO_CLINICIAN = (
    (0.0, "The payer's last answers on this clinician raised no enrollment problem."),
    (
        1.0,
        "The payer's last answer that speaks of this clinician's enrollment refused"
        " the claim for it.",
    ),
)
_YES_NO_NEW_YEAR = (
    (0.0, "No January 1 lies between that proof of coverage and the service."),
    (1.0, "January 1 lies between the last proof of coverage and the service."),
)

_EVIDENCE_FEATURES: tuple[Feature, ...] = (
    Feature(
        name="coverage_proof_age",
        unit="days",
        value=_age(_coverage_proved),
        says="Coverage was last proved, by an answer or a check, for a day {value}"
        " before the service (minus: after it).",
        missing="Coverage with this payer was never proved for this patient.",
        source="835, 271, eligibility.csv",
        known_when=_KNOWN,
        remedy="Check eligibility before sending.",
        remedy_when=lambda days: days > 30,
    ),
    Feature(
        name="coverage_answer_age",
        unit="days",
        value=_age(lambda row: row.history.coverage.coverage_proved),
        says="The payer last answered as covering the patient for a day {value}"
        " before the service (minus: after it).",
        missing="The payer has not yet answered as covering this patient.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="new_year_since_proof",
        unit="yes_no",
        value=_new_year_since_proof,
        says="",
        levels=_YES_NO_NEW_YEAR,
        missing="Coverage with this payer was never proved for this patient.",
        source="835, 271, eligibility.csv",
        known_when=_KNOWN,
        remedy="Check eligibility again: plans change on January 1.",
        remedy_when=bool,
    ),
    Feature(
        name="coverage_refused",
        unit="yes_no",
        value=_refused_after_proof(_coverage_open, _coverage_proved),
        says="",
        levels=_YES_NO_COVERAGE,
        missing="No answer and no check speaks of this patient's coverage.",
        source="835, 271, eligibility.csv",
        known_when=_KNOWN,
        remedy="Find the patient's coverage in force before sending.",
        remedy_when=bool,
    ),
    Feature(
        name="coverage_refusal_age",
        unit="days",
        value=_age(lambda row: row.history.coverage.coverage_refused),
        says="The payer last refused this patient's coverage for a day {value} before"
        " the service (minus: after it).",
        missing="The payer never refused this patient's coverage.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="coordination_proof_age",
        unit="days",
        value=_age(lambda row: row.history.coverage.coordination_proved),
        says="The payer last answered as the right payer for a day {value} before the"
        " service (minus: after it).",
        missing="The payer has not yet answered as the right payer.",
        source=_SOURCE,
        known_when=_KNOWN,
        remedy="Ask the patient about other coverage.",
        remedy_when=lambda days: days > 60,
    ),
    Feature(
        name="new_year_since_coordination",
        unit="yes_no",
        value=_new_year_since_coordination,
        says="",
        levels=(
            (
                0.0,
                "No January 1 lies between the payer's last answer as the right"
                " payer and the service.",
            ),
            (
                1.0,
                "January 1 lies between the payer's last answer as the right payer"
                " and the service.",
            ),
        ),
        missing="The payer has not yet answered as the right payer.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="coordination_refused",
        unit="yes_no",
        value=_refused_after_proof(_coordination_open, _coordination_clean),
        says="",
        levels=_YES_NO_COORDINATION,
        missing="No answer speaks of other coverage of this patient.",
        source=_SOURCE,
        known_when=_KNOWN,
        remedy="Settle which payer is primary before sending.",
        remedy_when=bool,
    ),
    Feature(
        name="coordination_clean_age",
        unit="days",
        value=_age(_coordination_clean),
        says="An answer or a check last showed no other payer for a day {value} before"
        " the service (minus: after it).",
        missing="No answer and no check has shown whether there is another payer.",
        source="835, 271, eligibility.csv",
        known_when=_KNOWN,
        remedy="Ask the patient about other coverage.",
        remedy_when=lambda days: days > 60,
    ),
    Feature(
        name="coordination_refusal_age",
        unit="days",
        value=_age(lambda row: row.history.coverage.coordination_refused),
        says="The payer last refused a claim of this patient for other coverage for a"
        " day {value} before the service (minus: after it).",
        missing="The payer never refused this patient for other coverage.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="clinician_proof_age",
        unit="days",
        value=_age(lambda row: row.history.clinician.proved),
        says="The payer last paid this clinician for a day {value} before the service"
        " (minus: after it).",
        missing="The payer has not yet paid this clinician.",
        source=_SOURCE,
        known_when=_KNOWN,
        remedy="Confirm the clinician's enrollment with the payer.",
        remedy_when=lambda days: days > 60,
    ),
    Feature(
        name="clinician_refused",
        unit="yes_no",
        value=_refused_after_proof(
            lambda row: row.history.clinician.refused,
            lambda row: row.history.clinician.proved,
        ),
        says="",
        levels=_YES_NO_CLINICIAN,
        missing="No answer speaks of this clinician.",
        source=_SOURCE,
        known_when=_KNOWN,
        remedy="Confirm the clinician's enrollment with the payer.",
        remedy_when=bool,
    ),
    Feature(
        name="clinician_refusal_age",
        unit="days",
        value=_age(lambda row: row.history.clinician.refused),
        says="The payer last refused this clinician for a day {value} before the"
        " service (minus: after it).",
        missing="The payer never refused this clinician.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="clinician_answers",
        unit="answers",
        value=lambda row: float(row.history.clinician.answers),
        says="The payer has given {value} on this clinician's services so far.",
        missing="No answers are on file.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="patient_answers",
        unit="answers",
        value=lambda row: float(row.history.coverage.answers),
        says="The payer has given {value} on this patient's services so far.",
        missing="No answers are on file.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="patient_denied_share",
        unit="rate",
        value=_denied_share,
        says="Of the payer's answers on this patient so far, {value} were denials"
        " (drawn towards 15% while they are few).",
        missing="No answers are on file.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="patient_paid_age",
        unit="days",
        value=lambda row: number(row.facts.days_since_patient_paid),
        says="The payer last paid this patient's service for a day {value} before"
        " this one (minus: after it).",
        missing="The payer has not yet paid for this patient.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="patient_denied_age",
        unit="days",
        value=lambda row: number(row.facts.days_since_patient_denied),
        says="The payer last denied this patient's service for a day {value} before"
        " this one (minus: after it).",
        missing="The payer has not yet denied this patient.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="known_problems",
        unit="codes",
        value=_known_problems,
        says="The number of problems that can be seen before sending (sent before,"
        " late, other payer, coverage not in force) is {value}.",
        missing="What can be seen before sending is not known.",
        source="835, 271, claims sent, payers.csv",
        known_when=_KNOWN,
        remedy="Settle these problems before sending.",
        remedy_when=bool,
    ),
    Feature(
        name="rate_by_cause",
        unit="rate",
        value=_by_cause,
        says="Putting together the payer's denial rates for each cause, about {value}"
        " of lines like this were denied.",
        missing="No answers are on file.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="visits_past_learnt_limit",
        unit="visits",
        value=_past_learnt_visits,
        says="Against the visits in a year at which this plan has denied for its"
        " limit, this is at {value} (minus: below).",
        missing="The plan has not yet denied for a visit limit.",
        source=_SOURCE,
        known_when=_KNOWN,
        remedy="Ask the plan for an exception to its visit limit.",
        remedy_when=lambda visits: visits >= 0,
    ),
    Feature(
        name="visits_past_most_paid",
        unit="visits",
        value=_past_paid_visits,
        says="Against the most visits in a year this plan has paid, this is at {value}"
        " (minus: below).",
        missing="The plan has paid nothing yet.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="payer_answer_days",
        unit="days",
        value=lambda row: number(row.history.filing.answer_days),
        says="This payer takes about {value} to answer.",
        missing="The payer has not answered yet.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
    Feature(
        name="days_past_longest_paid",
        unit="days",
        value=lambda row: (
            UNKNOWN
            if row.facts.filing_lag_days is None
            or row.history.filing.longest_paid_days is None
            else float(row.facts.filing_lag_days - row.history.filing.longest_paid_days)
        ),
        says="Against the longest delay this payer has paid, the claim is at {value}"
        " (minus: shorter).",
        missing="The payer has paid nothing yet.",
        source=_SOURCE,
        known_when=_KNOWN,
    ),
)


def _rate_features(position: int, table: RateTable) -> tuple[Feature, ...]:
    rate = Feature(
        name=f"rate_{table.name}",
        unit="rate",
        value=lambda row: row.history.rates[position],
        says=f"Of {table.words}, about {{value}} were denials"
        " (recent answers count more).",
        missing=f"The question does not arise: {_NOT_ARISING.get(table.name, '')}.",
        source=_SOURCE,
        known_when=_KNOWN,
    )
    if table.name not in _WEIGHED:
        return (rate,)
    weight = Feature(
        name=f"weight_{table.name}",
        unit="answers",
        value=lambda row: row.history.weights[position],
        says=f"About {{value}} stand behind the rate of {table.words}.",
        missing=f"The question does not arise: {_NOT_ARISING.get(table.name, '')}.",
        source=_SOURCE,
        known_when=_KNOWN,
    )
    return (rate, weight)


_NOT_ARISING = {
    "same_day": "nothing else is billed for the day",
    "same_day_denial": "nothing else is billed for the day",
}

HISTORY_FEATURES: tuple[Feature, ...] = (
    *_EVIDENCE_FEATURES,
    *(
        feature
        for position, table in enumerate(RATE_TABLES)
        for feature in _rate_features(position, table)
    ),
)
