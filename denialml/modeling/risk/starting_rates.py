"""Models that start from a rate of history: the fallback where history is thin.

Two features are denial rates that need no training at all, since history keeps them
up to date with every remittance: the payer x code table (each pair's decayed rate,
drawn towards its payer's), and the rate by cause (one shrunken rate for each cause,
put together as if causes struck independently). A model may be such a rate alone, or
trees that start from its log-odds and learn what it misses.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from denialml.modeling.risk.features import FEATURES

Floats = npt.NDArray[np.float64]
Kind = Literal["trees", "trees-over-cause-rates", "cause-rates", "payer-code-table"]

STARTING_FEATURE: dict[Kind, str] = {
    "trees": "",
    "trees-over-cause-rates": "rate_by_cause",
    "cause-rates": "rate_by_cause",
    "payer-code-table": "rate_payer_code",
}
_SMALLEST = 1e-4


def starting_position(kind: Kind) -> int | None:
    """The column whose log-odds the model starts from; None: from a constant."""
    name = STARTING_FEATURE[kind]
    if not name:
        return None
    return [feature.name for feature in FEATURES].index(name)


def log_odds_of_rate(rates: Floats) -> Floats:
    """Log-odds of rates, which are kept a little away from 0 and 1."""
    rate = np.clip(rates, _SMALLEST, 1.0 - _SMALLEST)
    return np.asarray(np.log(rate / (1.0 - rate)), dtype=np.float64)
