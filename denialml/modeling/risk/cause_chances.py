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

import numpy as np
import numpy.typing as npt

from denialml.domain.denial import RootCause
from denialml.modeling.knowledge.history import LineHistory
from denialml.modeling.knowledge.rate_tables import RATE_TABLES
from denialml.modeling.risk.cause_topics import TOPIC_OF
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
# Causes below this share of the line's risk say nothing.
LIKELY_SHARE = 0.05
_LARGEST_EFFECT = 3.0
_SMALLEST_HAZARD, _LARGEST_RATE = 1e-4, 0.99
# A refusal that still stands: nearly sure to be repeated.
_REFUSED = 0.9

_POSITION = {table.name: at for at, table in enumerate(RATE_TABLES)}
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
"""What features speak of, in the order of `FEATURES`."""
CAUSES = tuple(sorted(RootCause, key=lambda cause: cause.value))
"""In the order of all sequences over causes here."""
_SLOTS = np.array([MATTERS.index(feature.topic) for feature in FEATURES])
# Of each of `CAUSES`: the place of its matter, and of its table or -1.
_MATTER_OF = tuple(MATTERS.index(TOPIC_OF[cause]) for cause in CAUSES)
_RATE_OF = tuple(
    _POSITION[_TABLE_OF[one]] if one in _TABLE_OF else -1 for one in CAUSES
)
_AT = {cause: at for at, cause in enumerate(CAUSES)}
_MISSING, _MISMATCH = _AT[RootCause.AUTH_MISSING], _AT[RootCause.AUTH_MISMATCH]
_TIME_UNITS = _AT[RootCause.CODING_TIME_UNITS]
_PROVIDER = _AT[RootCause.PROVIDER_ELIGIBILITY]
_COVERAGE = _AT[RootCause.ELIGIBILITY_COVERAGE]
_OTHER_PAYER = _AT[RootCause.COB_WRONG_PAYER]
_BENEFIT = _AT[RootCause.BENEFIT_COVERAGE]


def matter_effects(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What each of `MATTERS` adds to the log-odds, float64 (rows, matters).

    `shares` (rows, features) are the contributions in the order of `FEATURES`. Each
    row is summed in that order, so that it has the same bits alone and among others.
    """
    rows, matters = len(shares), len(MATTERS)
    places = _SLOTS + matters * np.arange(rows)[:, None]
    sums = np.bincount(places.ravel(), weights=shares.ravel(), minlength=rows * matters)
    return sums.astype(np.float64, copy=False).reshape(rows, matters)


def cause_chances(
    row: LineInput,
    effects: Sequence[float],
    *,
    probability: float,
    power: float = MATTER_POWER,
) -> list[float]:
    """Probability of a denial for each of `CAUSES`; they add up to `probability`.

    `effects` are the line's `matter_effects`.
    """
    log1p, exp = math.log1p, math.exp
    odds = [exp(power * _bounded(effect)) for effect in effects]
    weights = [
        -log1p(-rate if rate < _LARGEST_RATE else -_LARGEST_RATE) * odds[matter]
        for rate, matter in zip(cause_rates(row), _MATTER_OF, strict=True)
    ]
    total = sum(weights)
    return [probability * weight / total for weight in weights]


def cause_rates(row: LineInput) -> list[float]:
    """How often the payer denies such lines for each of `CAUSES`, by its answers."""
    view, history = row.view, row.history
    rates = history.rates
    found = [rates[at] if at >= 0 else 0.0 for at in _RATE_OF]
    missing = view.authorization == "none"
    found[_MISSING if missing else _MISMATCH] = _rate(history, "authorization_newest")
    if view.minutes_fit != "untimed":
        # Denials for time alone: those for time or records, less those for records.
        found[_TIME_UNITS] = _rate(history, "minutes_newest") - _rate(
            history, "records"
        )
    found[_PROVIDER] = max(
        _rate(history, "clinician_newest"), _excess(history, "taxonomy_denial")
    )
    # Plans exclude a code or pay it: the usual rate is what unspecific codes leave.
    found[_BENEFIT] = _excess(history, "plan_code_denial")
    coverage_refused, other_payer = refused_matters(row)
    found[_COVERAGE] = _loss(
        coverage_lapse_chance(row), coverage_refused, _rate(history, "coverage_check")
    )
    found[_OTHER_PAYER] = _loss(
        other_payer_chance(row), other_payer, _rate(history, "coordination")
    )
    for cause, rate, _ in history.rule_rates.causes:
        at = _AT[RootCause(cause)]
        other = found[at] if found[at] > 0.0 else 0.0
        found[at] = 1.0 - (1.0 - other) * (1.0 - rate)
    # A rate that does not arise is NaN, and no rate is above it.
    return [rate if rate > _SMALLEST_HAZARD else _SMALLEST_HAZARD for rate in found]


def _bounded(effect: float) -> float:
    if effect > _LARGEST_EFFECT:
        return _LARGEST_EFFECT
    return effect if effect > -_LARGEST_EFFECT else -_LARGEST_EFFECT


def _rate(history: LineHistory, table: str) -> float:
    rate = history.rates[_POSITION[table]]
    return rate if rate == rate else 0.0


def _excess(history: LineHistory, table: str) -> float:
    """How far the rate lies above what is usual for any line."""
    position = _POSITION[table]
    return max(0.0, history.rates[position] - history.usual[position])


def _loss(chance: float, refused: bool, otherwise: float) -> float:
    if refused:
        return _REFUSED
    return chance if chance == chance else otherwise
