"""The denial rates that a practice's own remittances teach, table by table.

Adding a table adds an entry here; its feature is made in `rate_features`.
"""

from denialml.domain.denial import RootCause
from denialml.modeling.knowledge.line_view import AGE_STEPS, VISIT_STEPS, LineView
from denialml.modeling.knowledge.newest_tables import NEWEST_TABLES
from denialml.modeling.knowledge.rate_table import (
    AUTHORIZATION,
    BENEFIT,
    COORDINATION,
    COVERAGE,
    DATA,
    DIAGNOSIS,
    NECESSITY,
    PROVIDER,
    SAME_DAY,
    SESSION,
    TIME,
    KeyWords,
    RateTable,
)

# No plan limits fewer visits in a year than these.
_FEWEST_LIMITED = 12
# A treatment plan older than 180 days, or none, is due for review.
_PLAN_DUE = frozenset({-1, len(AGE_STEPS)})
_LONG_TREATMENT = len(VISIT_STEPS)


def _first_visits(view: LineView) -> int:
    return min(view.visit_bucket, 3)


def _limited_visits(view: LineView) -> int:
    return max(view.visits_this_year, _FEWEST_LIMITED - 1)


def _plan_is_due(view: LineView) -> bool:
    return view.plan_age_bucket in _PLAN_DUE


def _is_long_treatment(view: LineView) -> bool:
    return view.visit_bucket == _LONG_TREATMENT


_STANDING_TABLES: tuple[RateTable, ...] = (
    RateTable(
        name="payer",
        topic="payer",
        words="{payer}'s answers on any service",
        by=("payer",),
        half_life_days=365,
    ),
    RateTable(
        name="payer_code",
        topic="payer",
        words="{payer}'s answers on {code}",
        by=("payer", "code"),
        parent="payer",
    ),
    RateTable(
        name="authorization_visit",
        topic="authorization",
        words="{payer}'s answers on {code} at this visit number with"
        " {authorization}{authorization_sent}",
        by=("payer", "code", "authorization", "authorization_sent", "visit_bucket"),
        parent="payer_code",
        prior_weight=6.0,
    ),
    RateTable(
        name="authorization_denial",
        topic="authorization",
        words="{payer}'s answers on {code} with {authorization}{authorization_sent}",
        for_cause="for authorization",
        by=("payer", "code", "authorization", "authorization_sent"),
        causes=AUTHORIZATION,
    ),
    RateTable(
        name="authorization_visit_denial",
        topic="authorization",
        words="{payer}'s answers on {family} at this visit number with"
        " {authorization}{authorization_sent}",
        for_cause="for authorization",
        by=("payer", "family", "authorization", "authorization_sent", "visit_bucket"),
        parent="authorization_denial",
        prior_weight=6.0,
        causes=AUTHORIZATION,
    ),
    RateTable(
        name="minutes_denial",
        topic="time",
        words="{payer}'s answers on {code} where the documented minutes are"
        " {minutes_fit}",
        for_cause="for time or records",
        by=("payer", "code", "minutes_fit"),
        causes=TIME,
    ),
    RateTable(
        name="session",
        topic="session",
        words="{payer}'s answers on sessions sent with place of service and"
        " modifiers {session}",
        by=("payer", "session", "modality"),
        parent="payer",
        half_life_days=150,
    ),
    RateTable(
        name="session_denial",
        topic="session",
        words="{payer}'s answers on sessions sent with place of service and"
        " modifiers {session}",
        for_cause="for place or modifier",
        by=("payer", "session", "modality"),
        half_life_days=150,
        causes=SESSION,
    ),
    RateTable(
        name="diagnosis_denial",
        topic="diagnosis",
        words="{payer}'s answers on diagnosis {diagnosis}",
        for_cause="for the diagnosis",
        by=("payer", "diagnosis"),
        causes=DIAGNOSIS,
    ),
    RateTable(
        name="diagnosis_code",
        topic="diagnosis",
        words="{payer}'s answers on {code} with diagnosis {diagnosis}",
        by=("payer", "code", "diagnosis"),
        parent="payer_code",
    ),
    RateTable(
        name="same_day_denial",
        topic="same day",
        words="{payer}'s answers on {code} beside such services on the same day"
        " {separate_service}",
        for_cause="for bundling",
        by=("payer", "code", "same_day_families", "separate_service"),
        only_with="same_day_families",
        causes=SAME_DAY,
        prior_weight=5.0,
    ),
    RateTable(
        name="clinician_denial",
        topic="enrollment",
        words="{payer}'s answers on this clinician's services",
        for_cause="for enrollment or network",
        by=("payer", "clinician"),
        half_life_days=45,
        prior_weight=4.0,
        causes=PROVIDER,
    ),
    RateTable(
        name="taxonomy_denial",
        topic="enrollment",
        words="{payer}'s answers on clinicians of this specialty",
        for_cause="for benefit, enrollment or network",
        by=("payer", "taxonomy"),
        causes=PROVIDER | BENEFIT,
    ),
    RateTable(
        name="site_data",
        topic="claim",
        words="all payers' answers on claims of this site in the last weeks",
        for_cause="for claim data",
        by=("site",),
        half_life_days=25,
        prior_weight=15.0,
        causes=DATA,
    ),
    RateTable(
        name="first_visit_data",
        topic="claim",
        words="{payer}'s answers at this visit number",
        for_cause="for claim data",
        by=("payer", _first_visits),
        causes=DATA,
    ),
    RateTable(
        name="plan_visits_denial",
        topic="benefit",
        words="{payer}'s answers at this many visits in the year under this plan",
        for_cause="for benefits",
        by=("payer", "plan", "year_bucket"),
        causes=BENEFIT,
        prior_weight=5.0,
    ),
    RateTable(
        name="plan_visit_denial",
        topic="benefit",
        words="{payer}'s answers at exactly this many visits in the year under this"
        " plan (up to eleven taken together)",
        for_cause="for a benefit limit",
        by=("payer", "plan", _limited_visits),
        parent="plan_visits_denial",
        causes=frozenset({RootCause.BENEFIT_LIMIT}),
        prior_weight=3.0,
        half_life_days=400,
    ),
    RateTable(
        name="plan_code_denial",
        topic="benefit",
        words="{payer}'s answers on {code} under this plan",
        for_cause="for benefits",
        by=("payer", "plan", "code"),
        causes=BENEFIT,
    ),
    RateTable(
        name="coverage_check",
        topic="coverage",
        words="{payer}'s answers this long after an eligibility check",
        for_cause="for coverage",
        by=("payer", "check_bucket", "new_year_since_check"),
        causes=COVERAGE,
        half_life_days=400,
    ),
    RateTable(
        name="coordination",
        topic="other payer",
        words="{payer}'s answers",
        for_cause="for other coverage",
        by=("payer",),
        causes=COORDINATION,
    ),
    RateTable(
        name="referral",
        topic="referral",
        words="{payer}'s answers on claims {referral}",
        for_cause="for network or referral",
        by=("payer", "referral"),
        causes=frozenset({RootCause.NETWORK_REFERRAL}),
    ),
    RateTable(
        name="necessity",
        topic="necessity",
        words="{payer}'s answers on {family} at this age of treatment and plan",
        for_cause="for medical necessity",
        by=("payer", "family", _plan_is_due, _is_long_treatment),
        causes=NECESSITY,
    ),
    RateTable(
        name="records",
        topic="time",
        words="{payer}'s answers on {code}",
        for_cause="asking for records",
        by=("payer", "code"),
        causes=frozenset({RootCause.DOCUMENTATION_INSUFFICIENT}),
        half_life_days=120,
    ),
    RateTable(
        name="duplicate_denial",
        topic="duplicate",
        words="{payer}'s answers on services {already_sent}",
        for_cause="as duplicates",
        by=("payer", "already_sent"),
        parent="",
        causes=frozenset({RootCause.DUPLICATE_RESUBMISSION}),
        prior_weight=3.0,
        half_life_days=540,
    ),
    RateTable(
        name="late_denial",
        topic="filing",
        words="{payer}'s answers on claims filed this many days after the service",
        for_cause="for late filing",
        by=("payer", "lag_bucket"),
        causes=frozenset({RootCause.TIMELY_FILING}),
        prior_weight=2.0,
        half_life_days=365,
    ),
)

RATE_TABLES: tuple[RateTable, ...] = (*_STANDING_TABLES, *NEWEST_TABLES)
"""In the order in which `History.about` gives them; parents before children."""

_POSITIONS = {table.name: at for at, table in enumerate(RATE_TABLES)}

PARENTS: tuple[int, ...] = tuple(
    _POSITIONS[table.parent] if table.parent else -1 for table in RATE_TABLES
)
"""By table: the position of its parent, -1 without one."""

KEYS: tuple[KeyWords, ...] = tuple(
    dict.fromkeys(KeyWords(table.by, table.only_with) for table in RATE_TABLES)
)
"""The different keys; several tables are kept by the same."""

KEYS_OF: tuple[int, ...] = tuple(
    KEYS.index(KeyWords(table.by, table.only_with)) for table in RATE_TABLES
)
"""By table: the position of its key in `KEYS`."""


def _usual_of(position: int) -> int:
    while PARENTS[position] >= 0:
        position = PARENTS[position]
    return position if RATE_TABLES[position].causes else 0


USUAL_OF: tuple[int, ...] = tuple(map(_usual_of, range(len(RATE_TABLES))))
"""By table: whose rate over all keys is the usual one. That of its first ancestor;
all that ask for any denial have the first table's. It decays by days."""

if any(RATE_TABLES[asked].half_life_answers for asked in USUAL_OF):
    raise AssertionError("a rate over the newest answers needs a parent")

CAUSE_TABLES: tuple[str, ...] = (
    "authorization_newest",
    "session_newest",
    "minutes_newest",
    "diagnosis_newest",
    "same_day_denial",
    "clinician_newest",
    "taxonomy_denial",
    "plan_code_denial",
    "plan_visits_denial",
    "referral",
    "necessity",
    "coverage_check",
    "coordination",
    "site_data",
    "duplicate_denial",
    "late_denial",
)
"""One table per cause; together they give the rate of any denial (noisy-or)."""
