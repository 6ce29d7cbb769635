"""The model's columns, in order, and the one function that fills them.

Adding a feature adds one entry to the tuple of its kind, or one rate table. Columns are
numbers only: no category, identifier or code ever reaches the model.
"""

import hashlib

import numpy as np
import numpy.typing as npt

from denialml.modeling.knowledge.rate_tables import RATE_TABLES
from denialml.modeling.risk.claim_features import CLAIM_FEATURES
from denialml.modeling.risk.contract import Handing, register
from denialml.modeling.risk.evidence_features import EVIDENCE_FEATURES
from denialml.modeling.risk.feature import Feature, LineInput
from denialml.modeling.risk.rate_features import RATE_FEATURES
from denialml.modeling.risk.record_features import RECORD_FEATURES

FEATURES: tuple[Feature, ...] = register(
    (
        *CLAIM_FEATURES,
        *RECORD_FEATURES,
        *EVIDENCE_FEATURES,
        *RATE_FEATURES,
    )
)
_VALUES = tuple(feature.value for feature in FEATURES)
_HANDING = Handing(FEATURES)

RATES_FROM = len(FEATURES) - len(RATE_FEATURES)
"""The position of the first rate; all after it are rates."""

_BEFORE_RATES = _VALUES[:RATES_FROM]


def line_features(row: LineInput) -> npt.NDArray[np.float64]:
    """All features of one line.

    Returns
    -------
    ndarray of float64, shape (len(FEATURES),)
        In the order of `FEATURES`; NaN where not known or not applicable.
    """
    return np.array([value(row) for value in _VALUES], dtype=np.float64)


def values_before_rates(row: LineInput) -> list[float]:
    """The first `RATES_FROM` features of one line; a frame fills its rates apart."""
    return [value(row) for value in _BEFORE_RATES]


def guarded_values(row: LineInput) -> list[float]:
    """The same numbers, each feature handed only what it declared.

    Slower: for sampled rows of every frame.

    Raises
    ------
    LeakRefused
        If a feature reads a record that it did not declare.
    """
    return _HANDING.values(row)


def vocabulary_hash() -> str:
    """SHA-256 of the features' names and of how history is kept, 16 hex digits.

    A bundle made with other features or other rates must not be served.
    """
    digest = hashlib.sha256()
    for feature in FEATURES:
        digest.update(f"{feature.name}/{feature.unit}\n".encode())
    for table in RATE_TABLES:
        causes = ",".join(sorted(table.causes))
        digest.update(
            f"{table.name}/{table.parent}/{table.half_life_days}/"
            f"{table.half_life_answers}/"
            f"{table.prior_weight}/{causes}\n".encode()
        )
    return digest.hexdigest()[:16]
