"""What the model must beat: a rate table, logistic regression, CatBoost.

None of them sees remittance history. All train on the same rows as denialml and are
scored on the same test rows. Simulated data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from denialml.modeling.risk.claim_features import CLAIM_FEATURES
from denialml.modeling.risk.record_features import RECORD_FEATURES

if TYPE_CHECKING:
    from benchmarks.backtest import World

Floats = npt.NDArray[np.float64]

# Columns that hold no remittance history: the claim, and what is on file about it.
_LEARNT = ("days_past_learnt_limit",)
_PLAIN = [
    position
    for position, feature in enumerate((*CLAIM_FEATURES, *RECORD_FEATURES))
    if feature.name not in _LEARNT
]
_WORDS = 7


def table_risk(world: World) -> Floats:
    """Denial rate per payer x procedure code, drawn towards the base rate (20 rows)."""
    sums: dict[tuple[str, str], list[float]] = {}
    for row in world.train:
        view = world.frame.lines[row].view
        counts = sums.setdefault((view.payer, view.code), [0.0, 0.0])
        counts[0] += 1
        counts[1] += float(world.frame.denied[row])
    base = world.base_rate
    risks = []
    for row in world.test:
        view = world.frame.lines[row].view
        count, denied = sums.get((view.payer, view.code), (0.0, 0.0))
        risks.append((denied + 20 * base) / (count + 20))
    return np.array(risks)


def logistic_risk(world: World) -> Floats:
    """One-hot words and scaled numbers, each number with its own missing flag."""
    words = list(range(_WORDS))
    numbers = list(range(_WORDS, _WORDS + len(_PLAIN)))
    model = make_pipeline(
        ColumnTransformer(
            [
                (
                    "words",
                    OneHotEncoder(handle_unknown="ignore", min_frequency=20),
                    words,
                ),
                (
                    "numbers",
                    make_pipeline(
                        SimpleImputer(strategy="median", add_indicator=True),
                        StandardScaler(),
                    ),
                    numbers,
                ),
            ]
        ),
        LogisticRegression(C=0.3, max_iter=300),
    )
    model.fit(_plain(world, world.train), world.frame.denied[world.train])
    risk = model.predict_proba(_plain(world, world.test))[:, 1]
    return np.asarray(risk, dtype=np.float64)


def catboost_risk(world: World) -> Floats:
    """Native categories and numbers; trees stopped on the last tenth of the rows."""
    from catboost import CatBoostClassifier

    cut = int(len(world.train) * 0.9)
    first, last = world.train[:cut], world.train[cut:]
    model = CatBoostClassifier(
        iterations=400,
        learning_rate=0.08,
        depth=6,
        random_seed=1,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(
        _plain(world, first),
        world.frame.denied[first],
        cat_features=list(range(_WORDS)),
        eval_set=(_plain(world, last), world.frame.denied[last]),
        early_stopping_rounds=40,
    )
    risk = model.predict_proba(_plain(world, world.test))[:, 1]
    return np.asarray(risk, dtype=np.float64)


def _plain(world: World, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.object_]:
    """Words first, then numbers; object array (rows, _WORDS + numbers)."""
    result = np.empty((len(rows), _WORDS + len(_PLAIN)), dtype=object)
    for at, row in enumerate(rows):
        view = world.frame.lines[row].view
        result[at, :_WORDS] = (
            view.payer,
            view.code,
            view.session,
            view.diagnosis,
            view.taxonomy,
            view.authorization,
            view.minutes_fit,
        )
    result[:, _WORDS:] = world.frame.matrix[np.ix_(rows, _PLAIN)]
    return result
