"""The rate features of all lines of a frame at once.

The numbers of `rate_features`, to the last bit (a test compares them). A rate feature
that has no column here fails when this module is imported.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from denialml.modeling.knowledge.rate_columns import RateColumns
from denialml.modeling.knowledge.rate_tables import RATE_TABLES
from denialml.modeling.knowledge.rule_book import RuleRates
from denialml.modeling.risk.rate_features import (
    CAUSE_POSITIONS,
    RATE_FEATURES,
    with_rules,
)

Floats = npt.NDArray[np.float64]

_RATES = {f"rate_{table.name}": at for at, table in enumerate(RATE_TABLES)}
_WEIGHTS = {f"weight_{table.name}": at for at, table in enumerate(RATE_TABLES)}
_BY_CAUSE, _BY_RULES = "rate_by_cause", "rate_by_rules"
_NAMES = [feature.name for feature in RATE_FEATURES]

_WITHOUT_COLUMN = {feature.name for feature in RATE_FEATURES} - {
    _BY_CAUSE,
    _BY_RULES,
    *_RATES,
    *_WEIGHTS,
}
if _WITHOUT_COLUMN:
    raise AssertionError(f"rate features without a column: {_WITHOUT_COLUMN}")


def fill_rates(matrix: Floats, known: RateColumns) -> None:
    """Write the rate features of all lines; `matrix` is (lines, len(RATE_FEATURES))."""
    for position, feature in enumerate(RATE_FEATURES):
        if feature.name == _BY_CAUSE:
            matrix[:, position] = _by_cause(known)
        elif feature.name == _BY_RULES:
            matrix[:, position] = np.nan
        elif feature.name in _RATES:
            matrix[:, position] = known.rates[:, _RATES[feature.name]]
        else:
            matrix[:, position] = known.weights[:, _WEIGHTS[feature.name]]


def join_rules(matrix: Floats, told: Iterable[RuleRates]) -> None:
    """Let the rules that each line breaks take part in the rates of `fill_rates`."""
    by_cause, by_rules = _NAMES.index(_BY_CAUSE), _NAMES.index(_BY_RULES)
    for row, rates in enumerate(told):
        matrix[row, by_rules] = rates.rate
        matrix[row, by_cause] = with_rules(float(matrix[row, by_cause]), rates.rate)


def _by_cause(known: RateColumns) -> Floats:
    paid = np.ones(len(known.days))
    for position in CAUSE_POSITIONS:
        rate = known.rates[:, position]
        paid = np.where(np.isnan(rate), paid, paid * (1.0 - rate))
    return 1.0 - paid
