"""Published recipes for denial risk, rebuilt from their texts on the claim's columns.

Each is trained on the rows that denialml trains on and scored on the same test rows.
Where a recipe leaves a setting open, its docstring names our choice. Three things are
the same for all, for honesty's sake or in their favor:

- No leak: counts, target means and encodings are those of training rows, never of the
  whole table; days to the *last* submission, known after a denial only, are left out.
- SMOTE and class weights overstate risks. Every recipe is fitted on the first nine
  tenths of its rows in time, and its risks are put right by a logistic curve on the
  last tenth; ranks, and so precision and recall, stay the recipe's.
- Each also runs with what the practice has on file beside its own columns.

Not rebuilt: Deep Claim (its network and tasks need more than the text tells; a network
over the same inputs stands in), explainable boosting (`interpret` is not installed;
boosting without interactions stands in), the rules of Wojtusiak 2011, the system of
Kumar 2010, and vendors, who publish no recipe. Simulated data.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import hstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.peer_encodings import (
    Counts,
    TargetMeans,
    at_most,
    imputed,
    recalibrated,
)
from benchmarks.peer_learning import Learning, Tables
from benchmarks.peers_capstone import (
    johnson_adaboost,
    nu_additive,
    nu_forest,
    nu_logistic,
    nu_network,
)
from benchmarks.raw_columns import DIAGNOSES, NUMBERS, WORDS, Floats, RawColumns

if TYPE_CHECKING:
    from benchmarks.backtest import World
    from benchmarks.baselines import Risk

_SEED = 88
LEAKY = "LEAKY: target means of the whole table"
WITH_ON_FILE = ", also what is on file"


def mohassan_xgboost(learning: Learning) -> Floats:
    """mohassan99's XGBoost: every column, native categories at full cardinality.

    500 trees of depth 6 at 0.1, stopped after 30 rounds without a better
    area under precision and recall on the last rows.
    """
    import xgboost

    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, dtype=np.float64
    ).fit(learning.first.words)
    kinds = ["c"] * len(WORDS) + ["q"] * (len(NUMBERS) + learning.added)
    tables = learning.tables(
        lambda raw: np.hstack([encoder.transform(raw.words), raw.numbers])
    )

    def table(columns: Floats, denied: Any) -> Any:
        return xgboost.DMatrix(
            columns,
            label=denied,
            feature_types=kinds,
            enable_categorical=True,
        )

    last = table(tables[1], learning.denied_last)
    model = xgboost.train(
        {
            "objective": "binary:logistic",
            "eta": 0.1,
            "max_depth": 6,
            "tree_method": "hist",
            "eval_metric": "aucpr",
            "nthread": 1,
            "seed": 42,
        },
        table(tables[0], learning.denied),
        num_boost_round=500,
        evals=[(last, "last")],
        early_stopping_rounds=30,
        verbose_eval=False,
    )
    best = (0, model.best_iteration + 1)
    return recalibrated(
        np.asarray(model.predict(last, iteration_range=best), float),
        learning.denied_last,
        np.asarray(model.predict(table(tables[2], None), iteration_range=best), float),
    )


def mohassan_logistic(learning: Learning) -> Floats:
    """mohassan99's baseline: 20 commonest codes and diagnoses, state, billing volume.

    Left out: deductibles (known after payment) and the interactions with claim type
    (all claims here are professional ones). Ours: the rendering clinician's count, as
    one practice bills under one number.
    """
    first = learning.first
    kept = {n: Counts(first.word(n)).commonest(20) for n in ("code", "diagnosis_1")}
    clinicians = Counts(first.word("clinician"))

    def words(raw: RawColumns) -> Any:
        cut = [at_most(raw.word(name), some) for name, some in kept.items()]
        return np.column_stack([*cut, raw.word("state")])

    def numbers(raw: RawColumns) -> Floats:
        values = np.column_stack(
            [clinicians.of(raw.word("clinician")), raw.number("units")]
        )
        return np.column_stack([values, raw.number("charge"), raw.number("diagnoses")])

    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder.fit(words(first))
    scaler = StandardScaler().fit(numbers(first))
    tables = learning.tables(
        lambda raw: np.hstack(
            [encoder.transform(words(raw)), scaler.transform(numbers(raw))]
        )
    )
    # Unpenalized, but for a trace that keeps one-hot columns identifiable.
    model = LogisticRegression(C=1e4, max_iter=500).fit(tables[0], learning.denied)
    return learning.risks(model, tables)


def _aman_tables(learning: Learning) -> Tables:
    """Aman-mania's columns: missing flags, amounts against the usual, volumes.

    Left out: severity of the diagnosis (its table is invented). Ours: the code's median
    training charge in place of its cost table; volumes are of training rows.
    """
    first = learning.first
    charges, codes = first.number("charge"), first.word("code")
    usual = {code: float(np.median(charges[codes == code])) for code in set(codes)}
    overall = float(np.median(charges))
    high = float(np.quantile([usual[code] for code in codes.tolist()], 0.75))
    clinicians, patients = (Counts(first.word(n)) for n in ("clinician", "patient"))
    flaws = TargetMeans(
        [first.word("clinician")],
        (first.word("diagnosis_1") == "").astype(np.int64),
        scale=0.0,
    )
    specialties = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1
    ).fit(first.word("specialty")[:, np.newaxis])

    def draw(raw: RawColumns) -> Floats:
        charge = raw.number("charge")
        expected = np.array([usual.get(c, overall) for c in raw.word("code").tolist()])
        return np.column_stack(
            [
                raw.word("diagnosis_1") == "",
                raw.word("code") == "",
                np.clip((charge / np.maximum(expected, 0.01) - 1) * 100, -100, 500),
                charge,
                np.log1p(charge),
                charge > high,
                clinicians.of(raw.word("clinician")),
                flaws.of([raw.word("clinician")]),
                patients.of(raw.word("patient")),
                specialties.transform(raw.word("specialty")[:, np.newaxis]),
            ]
        ).astype(np.float64)

    return learning.tables(draw)


def aman_xgboost(learning: Learning) -> Floats:
    """Aman-mania: 200 trees of depth 4 at 0.05, rows and columns 0.8, weighted."""
    import xgboost

    tables = _aman_tables(learning)
    denied = learning.denied
    model = xgboost.XGBClassifier(
        n_estimators=200,
        max_depth=4,
        learning_rate=0.05,
        subsample=0.8,
        colsample_bytree=0.8,
        scale_pos_weight=float((denied == 0).sum() / max(1, denied.sum())),
        random_state=42,
        n_jobs=1,
    )
    return learning.risks(model.fit(tables[0], denied), tables)


def aman_logistic(learning: Learning) -> Floats:
    """Aman-mania's baseline: balanced logistic regression on scaled columns."""
    tables = _aman_tables(learning)
    scaler = StandardScaler().fit(tables[0])
    first, last, test = (scaler.transform(table) for table in tables)
    model = LogisticRegression(class_weight="balanced", max_iter=500)
    return learning.risks(model.fit(first, learning.denied), (first, last, test))


_CELLS = (
    ("payer",),
    ("code",),
    ("clinician",),
    ("payer", "code"),
    ("payer", "diagnosis_1"),
    ("payer", "code", "modifiers", "place"),
    ("payer", "code", "diagnosis_1"),
    ("patient",),
)


def target_means(learning: Learning) -> Floats:
    """Plain target means of ever finer cells (Upstream's way), of training rows only.

    The learner over them is not in the text; ours is logistic regression. Each training
    row is in its own mean, as published: finer cells then look better than they are.
    """
    return _target_means(learning, leaky=False)


def target_means_of_whole_table(learning: Learning) -> Floats:
    """LEAKY, as published: the means of the whole table, test outcomes included."""
    return _target_means(learning, leaky=True)


def _target_means(learning: Learning, *, leaky: bool) -> Floats:
    def cells(raw: RawColumns) -> list[Any]:
        return [raw.joined(*names) for names in _CELLS]

    columns, denied = cells(learning.first), learning.denied
    if leaky:
        others = (cells(learning.last), cells(learning.test))
        columns = [np.concatenate(each) for each in zip(columns, *others, strict=True)]
        denied = np.concatenate([denied, learning.denied_last, learning.denied_test])
    means = TargetMeans(columns, denied, half=0.0, scale=0.0)
    tables = learning.tables(lambda raw: means.of(cells(raw)))
    model = LogisticRegression(C=1.0, max_iter=500)
    return learning.risks(model.fit(tables[0], learning.denied), tables)


def deep_claim_network(learning: Learning) -> Floats:
    """A stand-in for Deep Claim: a network over demographics, codes and amounts.

    Inputs as in its text (patient, diagnoses, procedures, billed amounts, payer). Ours:
    one-hot words, layers of 128 and 64, denial as the only task.
    """
    names = ("payer", "code", "modifiers", "place", "sex", *DIAGNOSES)
    encoder = OneHotEncoder(handle_unknown="ignore", min_frequency=10)
    base = learning.first.numbers
    scaler = StandardScaler().fit(imputed(base, by=base))

    def words(raw: RawColumns) -> Any:
        return np.column_stack([raw.word(name) for name in names])

    encoder.fit(words(learning.first))
    tables = learning.tables(
        lambda raw: hstack(
            [
                encoder.transform(words(raw)),
                scaler.transform(imputed(raw.numbers, by=base)),
            ],
            format="csr",
        )
    )
    model = MLPClassifier(
        (128, 64),
        batch_size=512,
        max_iter=15,
        early_stopping=True,
        n_iter_no_change=3,
        random_state=_SEED,
    )
    return learning.risks(model.fit(tables[0], learning.denied), tables)


RECIPES: dict[str, Callable[[Learning], Floats]] = {
    "NU capstone: logistic regression": nu_logistic,
    "NU capstone: network": nu_network,
    "NU capstone: random forest": nu_forest,
    "NU capstone: additive boosting for EBM": nu_additive,
    "Johnson 2021: AdaBoost": johnson_adaboost,
    "mohassan99: XGBoost": mohassan_xgboost,
    "mohassan99: logistic regression": mohassan_logistic,
    "Aman-mania: XGBoost": aman_xgboost,
    "Aman-mania: logistic regression": aman_logistic,
    "target means (Upstream)": target_means,
    "Deep Claim stand-in: network": deep_claim_network,
}


def peers() -> dict[str, Risk]:
    """Name -> recipe, each twice; then the leaky one, which is no part of any bar."""
    risks: dict[str, Risk] = {}
    for on_file, suffix in ((False, ""), (True, WITH_ON_FILE)):
        learning = _held(on_file=on_file)
        for name, recipe in RECIPES.items():
            risks[name + suffix] = _risk(recipe, learning)
    risks[LEAKY] = _risk(target_means_of_whole_table, _held(on_file=False))
    return risks


def _risk(
    recipe: Callable[[Learning], Floats], learning: Callable[[World], Learning]
) -> Risk:
    def risk(world: World) -> Floats:
        # scikit-learn's own threads wait for each other on a busy machine.
        with threadpool_limits(1), warnings.catch_warnings():
            # A network's number of rounds is part of its recipe.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return recipe(learning(world))

    return risk


def _held(*, on_file: bool) -> Callable[[World], Learning]:
    """The columns of the newest world asked for, drawn once for all recipes."""
    held: list[tuple[World, Learning]] = []

    def learning(world: World) -> Learning:
        if not held or held[0][0] is not world:
            held[:] = [(world, Learning(world, on_file=on_file))]
        return held[0][1]

    return learning
