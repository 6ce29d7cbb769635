"""The NU capstone's recipes and Johnson's AdaBoost (see `benchmarks.peers`)."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import (
    AdaBoostClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from benchmarks.peer_encodings import TargetMeans, imputed, smote
from benchmarks.peer_learning import Learning, Tables
from benchmarks.raw_columns import DIAGNOSES, Floats, RawColumns

_SEED = 88
_KINDS = ("insurance_kind", "second_insurance_kind", "quarter")
_SCALED = ("charge", "age_years", "days_to_submission", "diagnoses")
# Rows on which AdaBoost's settings are chosen.
_TUNED_ON = 10_000


def _nu_tables(learning: Learning) -> Tables:
    """The NU capstone's encoding: target means, one-hot, cycles, scaled numbers."""

    def words(raw: RawColumns) -> list[Any]:
        price = [f"{value:.2f}" for value in raw.number("charge").tolist()]
        codes = raw.word("code").tolist()
        pair = np.array([f"{a}_{b}" for a, b in zip(codes, price, strict=True)])
        return [
            raw.word("code"),
            raw.word("payer"),
            raw.word("second_payer"),
            pair,
            *[raw.word(name) for name in DIAGNOSES],
            *[raw.joined("code", name) for name in DIAGNOSES],
        ]

    def numbers(raw: RawColumns) -> Floats:
        return np.column_stack([raw.number(name) for name in _SCALED])

    means = TargetMeans(words(learning.first), learning.denied)
    kinds = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    kinds.fit(_kinds(learning.first))
    base = numbers(learning.first)
    scaler = StandardScaler().fit(imputed(base, by=base))

    def draw(raw: RawColumns) -> Floats:
        month, weekday = raw.number("month") / 12, raw.number("weekday") / 7
        turns = [turn * 2 * np.pi for turn in (month, weekday)]
        year = raw.number("year")
        return np.column_stack(
            [
                means.of(words(raw)),
                kinds.transform(_kinds(raw)),
                scaler.transform(imputed(numbers(raw), by=base)),
                *[wave(turn) for turn in turns for wave in (np.sin, np.cos)],
                raw.word("sex") == "F",
                year < 2020,
                (year >= 2020) & (year <= 2022),
                year > 2022,
            ]
        ).astype(np.float64)

    return learning.tables(draw)


def _kinds(raw: RawColumns) -> Any:
    return np.column_stack([raw.word(name) for name in _KINDS])


def _nu(learning: Learning, model: Any, *, oversampled: bool = True) -> Floats:
    tables = _nu_tables(learning)
    columns, denied = tables[0], learning.denied
    if oversampled:
        columns, denied = smote(columns, denied, seed=_SEED)
    return learning.risks(model.fit(columns, denied), tables)


def nu_logistic(learning: Learning) -> Floats:
    """NU capstone 2025, its deployed model: SMOTE and balanced logistic regression.

    Left out: RAF score and appointment type (not on a claim), and days to the last
    submission (a leak).
    """
    return _nu(
        learning,
        LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000),
    )


def nu_network(learning: Learning) -> Floats:
    """NU capstone's network. Ours: layers of 64 and 32, at most 30 rounds."""
    return _nu(
        learning,
        MLPClassifier(
            (64, 32),
            batch_size=512,
            max_iter=30,
            early_stopping=True,
            n_iter_no_change=3,
            random_state=_SEED,
        ),
    )


def nu_forest(learning: Learning) -> Floats:
    """NU capstone's random forest. Ours: 100 trees, leaves of 5; class weights."""
    return _nu(
        learning,
        RandomForestClassifier(
            100, min_samples_leaf=5, class_weight="balanced", random_state=_SEED
        ),
        oversampled=False,
    )


def nu_additive(learning: Learning) -> Floats:
    """In place of the capstone's EBM: boosted trees that allow no interaction."""
    model = HistGradientBoostingClassifier(
        max_iter=600,
        learning_rate=0.05,
        max_leaf_nodes=3,
        interaction_cst="no_interactions",
        early_stopping=True,
        n_iter_no_change=20,
        random_state=_SEED,
    )
    return _nu(learning, model, oversampled=False)


def johnson_adaboost(learning: Learning) -> Floats:
    """Johnson, Albizri, Harfouche 2021: AdaBoost, settings by cross-validation.

    The paper's columns are not in the text; ours are those of the NU encoding, and the
    grid is 50 trees of depth 1, 2 or 3 by AUC on at most 10,000 training rows.
    """
    tables = _nu_tables(learning)
    columns, denied = tables[0], learning.denied
    rows = np.random.default_rng(_SEED).permutation(len(denied))[:_TUNED_ON]
    model = AdaBoostClassifier(random_state=_SEED)
    search = GridSearchCV(
        model,
        {"estimator": [DecisionTreeClassifier(max_depth=d) for d in (1, 2, 3)]},
        scoring="roc_auc",
        cv=3,
    ).fit(columns[rows], denied[rows])
    return learning.risks(search.best_estimator_.fit(columns, denied), tables)
