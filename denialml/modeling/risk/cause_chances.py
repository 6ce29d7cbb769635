"""Why a line would be denied: the probability of each root cause, adding up to its own.

Two things speak of a cause. One is the rate at which the payer denies such lines for
it, learnt from reason codes; together these rates are a noisy-or, as if causes struck
independently. The other is how much the matter moved this line's log-odds. A cause's
weight is its rate's hazard times a power of the odds that its matter added, and the
line's probability is shared out by weight. No second model is trained, so that causes
and probability never contradict each other.
"""

import math
from collections.abc import Mapping, Sequence

from denialml.domain.denial import RootCause
from denialml.domain.risk import Contribution
from denialml.modeling.knowledge.history import LineHistory
from denialml.modeling.knowledge.line_view import LineView
from denialml.modeling.knowledge.rate_tables import RATE_TABLES
from denialml.modeling.risk.evidence_reading import (
    coverage_lapse_chance,
    other_payer_chance,
    refused_matters,
)
from denialml.modeling.risk.feature import LineInput
from denialml.modeling.risk.features import FEATURES

# How much of the odds that a matter added goes to its cause. Chosen on simulated
# worlds 101 and 102 (`benchmarks.cause_chances` measures it).
MATTER_POWER = 1.0
_LARGEST_EFFECT = 3.0
_SMALLEST_HAZARD = 1e-4
# A refusal that still stands: nearly sure to be repeated.
_REFUSED = 0.9

_POSITION = {table.name: at for at, table in enumerate(RATE_TABLES)}
_TOPIC_OF: Mapping[RootCause, str] = {
    RootCause.ELIGIBILITY_COVERAGE: "coverage",
    RootCause.COB_WRONG_PAYER: "other payer",
    RootCause.BENEFIT_COVERAGE: "benefit",
    RootCause.BENEFIT_LIMIT: "benefit",
    RootCause.AUTH_MISSING: "authorization",
    RootCause.AUTH_MISMATCH: "authorization",
    RootCause.MEDICAL_NECESSITY: "necessity",
    RootCause.DOCUMENTATION_INSUFFICIENT: "time",
    RootCause.CODING_TIME_UNITS: "time",
    RootCause.BUNDLING_SAME_DAY: "same day",
    RootCause.MODIFIER_POS_TELEHEALTH: "session",
    RootCause.DIAGNOSIS_CODING: "diagnosis",
    RootCause.PROVIDER_ELIGIBILITY: "enrollment",
    RootCause.NETWORK_REFERRAL: "referral",
    RootCause.CLAIM_DATA_ERROR: "claim",
    RootCause.DUPLICATE_RESUBMISSION: "duplicate",
    RootCause.TIMELY_FILING: "filing",
}
# The causes whose rate is that of one table.
_TABLE_OF: Mapping[RootCause, str] = {
    RootCause.BENEFIT_LIMIT: "plan_visit_denial",
    RootCause.MEDICAL_NECESSITY: "necessity",
    RootCause.DOCUMENTATION_INSUFFICIENT: "records",
    RootCause.BUNDLING_SAME_DAY: "same_day_denial",
    RootCause.MODIFIER_POS_TELEHEALTH: "session_newest",
    RootCause.DIAGNOSIS_CODING: "diagnosis_newest",
    RootCause.NETWORK_REFERRAL: "referral",
    RootCause.CLAIM_DATA_ERROR: "site_data",
    RootCause.DUPLICATE_RESUBMISSION: "duplicate_denial",
    RootCause.TIMELY_FILING: "late_denial",
}
MATTERS = tuple(dict.fromkeys(feature.topic for feature in FEATURES))
_SLOTS = tuple(MATTERS.index(feature.topic) for feature in FEATURES)


def matter_effects(shares: Sequence[Contribution]) -> dict[str, float]:
    """What each matter adds to the log-odds; `shares` in the order of `FEATURES`."""
    sums = [0.0] * len(MATTERS)
    for slot, share in zip(_SLOTS, shares, strict=True):
        sums[slot] += share.contribution
    return dict(zip(MATTERS, sums, strict=True))


def cause_chances(
    row: LineInput,
    effects: Mapping[str, float],
    *,
    probability: float,
    power: float = MATTER_POWER,
) -> dict[RootCause, float]:
    """Probability of a denial for each cause; they add up to `probability`.

    `effects` are the line's `matter_effects`.
    """
    weights = {
        cause: -math.log1p(-min(rate, 0.99))
        * math.exp(power * _bounded(effects.get(_TOPIC_OF[cause], 0.0)))
        for cause, rate in cause_rates(row).items()
    }
    total = sum(weights.values())
    return {cause: probability * weight / total for cause, weight in weights.items()}


def cause_rates(row: LineInput) -> dict[RootCause, float]:
    """How often the payer denies such lines for each cause, by its answers alone."""
    view, history = row.view, row.history
    found = {cause: _rate(history, table) for cause, table in _TABLE_OF.items()}
    authorization = _rate(history, "authorization_newest")
    missing = view.authorization == "none"
    found[RootCause.AUTH_MISSING] = authorization if missing else 0.0
    found[RootCause.AUTH_MISMATCH] = 0.0 if missing else authorization
    found[RootCause.CODING_TIME_UNITS] = _time_rate(view, history)
    found[RootCause.PROVIDER_ELIGIBILITY] = max(
        _rate(history, "clinician_newest"), _excess(history, "taxonomy_denial")
    )
    # Plans exclude a code or pay it: the usual rate is what unspecific codes leave.
    found[RootCause.BENEFIT_COVERAGE] = _excess(history, "plan_code_denial")
    coverage_refused, other_payer = refused_matters(row)
    found[RootCause.ELIGIBILITY_COVERAGE] = _loss(
        coverage_lapse_chance(row), coverage_refused, _rate(history, "coverage_check")
    )
    found[RootCause.COB_WRONG_PAYER] = _loss(
        other_payer_chance(row), other_payer, _rate(history, "coordination")
    )
    return {cause: max(rate, _SMALLEST_HAZARD) for cause, rate in found.items()}


def _rate(history: LineHistory, table: str) -> float:
    rate = history.rates[_POSITION[table]]
    return rate if rate == rate else 0.0


def _excess(history: LineHistory, table: str) -> float:
    """How far the rate lies above what is usual for any line."""
    position = _POSITION[table]
    return max(0.0, history.rates[position] - history.usual[position])


def _time_rate(view: LineView, history: LineHistory) -> float:
    """Denials for time alone: those for time or records, less those for records."""
    if view.minutes_fit == "untimed":
        return 0.0
    return max(0.0, _rate(history, "minutes_newest") - _rate(history, "records"))


def _loss(chance: float, refused: bool, otherwise: float) -> float:
    if refused:
        return _REFUSED
    return chance if chance == chance else otherwise


def _bounded(effect: float) -> float:
    return max(-_LARGEST_EFFECT, min(_LARGEST_EFFECT, effect))
