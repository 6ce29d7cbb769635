"""What the model must beat: other learners, on plain columns and on its own features.

On *plain* columns (the claim, and what is on file about it) nobody sees remittance
history: that is what published recipes train on. On *denialml's features* every
learner sees the same matrix, so that only the learner differs. All train on the same
rows as denialml and are scored on the same test rows. Simulated data.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from denialml.modeling.risk.claim_features import CLAIM_FEATURES
from denialml.modeling.risk.record_features import RECORD_FEATURES

if TYPE_CHECKING:
    from benchmarks.backtest import World

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Risk = Callable[["World"], Floats]

# Columns that hold no remittance history: the claim, and what is on file about it.
_LEARNT = ("days_past_learnt_limit",)
ON_FILE = [
    position
    for position, feature in enumerate((*CLAIM_FEATURES, *RECORD_FEATURES))
    if feature.name not in _LEARNT
]
_WORDS = 7
_TREES, _RATE = 400, 0.08
# The last tenth of the training rows, in time, stops the trees.
_STOPPING = 0.1


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
    numbers = list(range(_WORDS, _WORDS + len(ON_FILE)))
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
    """CatBoost on plain columns, categories as it takes them."""
    return _catboost(world, _plain, words=list(range(_WORDS)))


def catboost_features_risk(world: World) -> Floats:
    """CatBoost on denialml's features."""
    return _catboost(world, _features, words=[])


def _catboost(
    world: World, columns: Callable[[World, Rows], Any], *, words: list[int]
) -> Floats:
    from catboost import CatBoostClassifier

    first, last = _cut(world)
    model = CatBoostClassifier(
        iterations=_TREES,
        learning_rate=_RATE,
        depth=6,
        random_seed=1,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(
        columns(world, first),
        world.frame.denied[first],
        cat_features=words,
        eval_set=(columns(world, last), world.frame.denied[last]),
        early_stopping_rounds=40,
    )
    risk = model.predict_proba(columns(world, world.test))[:, 1]
    return np.asarray(risk, dtype=np.float64)


def histogram_risk(world: World) -> Floats:
    """scikit-learn's HistGradientBoosting on plain columns, categories numbered."""
    first, last = _cut(world)
    encoder = _encoder(world)
    model = _histogram(list(range(_WORDS)))
    # scikit-learn's own threads wait for each other on a busy machine.
    with threadpool_limits(1):
        model.fit(
            encoder(world, first),
            world.frame.denied[first],
            X_val=encoder(world, last),
            y_val=world.frame.denied[last],
        )
    risk = model.predict_proba(encoder(world, world.test))[:, 1]
    return np.asarray(risk, dtype=np.float64)


def histogram_features_risk(world: World) -> Floats:
    """HistGradientBoosting on denialml's features."""
    first, last = _cut(world)
    model = _histogram(None)
    # It cannot take a column that no training row knows (in very small worlds).
    known = ~np.isnan(_features(world, first)).all(axis=0)
    with threadpool_limits(1):
        model.fit(
            _features(world, first)[:, known],
            world.frame.denied[first],
            X_val=_features(world, last)[:, known],
            y_val=world.frame.denied[last],
        )
    risk = model.predict_proba(_features(world, world.test)[:, known])[:, 1]
    return np.asarray(risk, dtype=np.float64)


def _histogram(words: list[int] | None) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=_TREES,
        learning_rate=_RATE,
        max_leaf_nodes=31,
        categorical_features=words,
        early_stopping=True,
        n_iter_no_change=40,
        random_state=1,
    )


def xgboost_risk(world: World) -> Floats:
    """XGBoost on plain columns, categories numbered."""
    return _xgboost(world, _encoder(world), words=_WORDS)


def xgboost_features_risk(world: World) -> Floats:
    """XGBoost on denialml's features."""
    return _xgboost(world, _features, words=0)


def _xgboost(
    world: World, columns: Callable[[World, Rows], Any], *, words: int
) -> Floats:
    import xgboost

    first, last = _cut(world)
    width = columns(world, first[:1]).shape[1]
    kinds = ["c"] * words + ["q"] * (width - words)

    def table(rows: Rows) -> Any:
        return xgboost.DMatrix(
            columns(world, rows),
            label=world.frame.denied[rows],
            feature_types=kinds,
            enable_categorical=True,
        )

    model = xgboost.train(
        {
            "objective": "binary:logistic",
            "eta": _RATE,
            "max_depth": 6,
            "nthread": 1,
            "seed": 1,
        },
        table(first),
        num_boost_round=_TREES,
        evals=[(table(last), "last")],
        early_stopping_rounds=40,
        verbose_eval=False,
    )
    best = (0, model.best_iteration + 1)
    return np.asarray(model.predict(table(world.test), iteration_range=best), float)


def baselines() -> dict[str, Risk]:
    """Name -> learner; XGBoost only where it is installed (it is no dependency)."""
    found: dict[str, Risk] = {
        "payer x CPT table": table_risk,
        "logistic regression": logistic_risk,
        "CatBoost without history": catboost_risk,
        "HistGradientBoosting without history": histogram_risk,
        "CatBoost on denialml's features": catboost_features_risk,
        "HistGradientBoosting on denialml's features": histogram_features_risk,
    }
    if find_spec("xgboost") is not None:
        found["XGBoost without history"] = xgboost_risk
        found["XGBoost on denialml's features"] = xgboost_features_risk
    return found


def _cut(world: World) -> tuple[Rows, Rows]:
    cut = int(len(world.train) * (1 - _STOPPING))
    return world.train[:cut], world.train[cut:]


def _features(world: World, rows: Rows) -> Floats:
    return world.frame.matrix[rows]


def _encoder(world: World) -> Callable[[World, Rows], Floats]:
    """Plain columns with words numbered by the training rows; new words are missing.

    Words beyond the 250 most frequent of a column are missing too.
    """
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        max_categories=250,
        encoded_missing_value=np.nan,
    )
    encoder.fit(_plain(world, world.train)[:, :_WORDS].astype(str))

    def encoded(of: World, rows: Rows) -> Floats:
        plain = _plain(of, rows)
        words = encoder.transform(plain[:, :_WORDS].astype(str))
        return np.hstack([words, plain[:, _WORDS:].astype(np.float64)])

    return encoded


def _plain(world: World, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.object_]:
    """Words first, then numbers; object array (rows, _WORDS + numbers)."""
    result = np.empty((len(rows), _WORDS + len(ON_FILE)), dtype=object)
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
    result[:, _WORDS:] = world.frame.matrix[np.ix_(rows, ON_FILE)]
    return result
