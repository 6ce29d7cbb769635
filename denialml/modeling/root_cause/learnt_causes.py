"""A learnt root-cause model: LightGBM that starts from what codes and signs say.

Few practices have confirmed causes, and none on its first day. So the model learns the
difference to the expert's log-odds, never causes from nothing: boosting starts at signs
and tendencies, and its labels are the causes that people confirmed and, for all other
denied lines, the shares that codes, letters and records give together (each likely
cause weighted by its share). Without any confirmation it learns what those shares have
in common; with confirmations it learns where the experts' tables are wrong for this
practice. Cross-fitted by claim: a line is judged by trees that never saw its claim.
"""

from collections.abc import Mapping, Sequence
from math import nan

import msgspec
import numpy as np

from denialml.domain.denial import RootCause
from denialml.domain.record import Judgment
from denialml.modeling.root_cause.cause_tendencies import (
    CAUSES,
    FOLDS,
    FloatArray,
    IntArray,
    LineEvidence,
    shares_of,
    tendency_parts,
)
from denialml.modeling.root_cause.line_features import CATEGORIES, FEATURES

# Below this many denied lines trees only repeat noise; tendencies alone are used.
FEWEST_LINES = 500
# A category in fewer lines is left to the expert's log-odds.
FEWEST_OF_CATEGORY = 5
LIKELY_CAUSES = 3
SMALLEST_SHARE = 0.03
# A confirmed line counts like this many unconfirmed ones, if lines that were as certain
# are not confirmed more often than others: people look at what is doubtful or wrong.
CONFIRMED_WEIGHT = 2.0
CERTAINTY_BANDS = (0.5, 0.8, 0.95)
ROUNDS = 60
_PARAMETERS = {
    "objective": "multiclass",
    "num_class": len(CAUSES),
    "boost_from_average": False,
    "learning_rate": 0.06,
    "num_leaves": 8,
    "min_data_in_leaf": 10,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "cat_smooth": 30.0,
    "max_cat_to_onehot": 12,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 1,
    "verbose": -1,
}


class LearntCauses(Judgment, frozen=True):
    """A learnt model, as LightGBM texts of numbers; holds no patient and no clinician.

    `boosters` has one text for each fold, trained without it. `categories` gives, for
    each of `line_features.CATEGORIES`, the category of a word's number. `lines` and
    `confirmed` count what it was trained on.
    """

    boosters: tuple[str, ...]
    categories: tuple[dict[int, int], ...]
    features: tuple[str, ...]
    lines: int
    confirmed: int

    def log_odds(self, evidence: Sequence[LineEvidence]) -> FloatArray:
        """What to add to each line's log-odds: shape (n_lines, 17); 0 without facts.

        Each line is judged by the trees that were trained without its fold.
        """
        import lightgbm as lgb  # only where a model was learnt: it loads slowly

        added = np.zeros((len(evidence), len(CAUSES)))
        known = np.array([line.features is not None for line in evidence], bool)
        folds = np.array([line.fold for line in evidence], np.intp)
        matrix = _matrix(evidence, self.categories)
        for fold, text in enumerate(self.boosters):
            rows = np.flatnonzero(known & (folds == fold))
            if len(rows):
                booster = lgb.Booster(model_str=text)
                added[rows] = booster.predict(
                    matrix[rows], raw_score=True, num_threads=1
                )
        return added


def learn_root_causes(
    evidence: Sequence[LineEvidence],
    *,
    confirmed: Mapping[int, RootCause] | None = None,
) -> LearntCauses | None:
    """Learn from a practice's denied lines, and from what people confirmed of some.

    Parameters
    ----------
    evidence : sequence of LineEvidence
        Denied lines of one practice (`weigh_line`), in any order.
    confirmed : mapping of int to RootCause, optional
        Causes that a person confirmed, by position in `evidence`.

    Returns
    -------
    LearntCauses or None
        None with fewer than 500 lines that anything is on file about: codes, signs and
        tendencies answer alone.
    """
    confirmed = confirmed or {}
    kept = [at for at, line in enumerate(evidence) if line.features is not None]
    if len(kept) < FEWEST_LINES:
        return None
    lines = [evidence[at] for at in kept]
    told = {place: confirmed[at] for place, at in enumerate(kept) if at in confirmed}
    parts = tendency_parts(lines)
    start = np.array([line.signs for line in lines]) + parts.likeness
    codes = np.array([line.codes for line in lines]) + parts.printing
    shares = shares_of(start + codes + parts.letters)
    weights = confirmed_weights(shares.max(axis=1), sorted(told))
    for place, cause in told.items():
        shares[place] = 0.0
        shares[place, CAUSES.index(cause)] = 1.0
    categories = _categories(lines)
    matrix = _matrix(lines, categories)
    folds = np.array([line.fold for line in lines], np.intp)
    boosters = tuple(
        _boost(matrix, start, shares, weights, rows=np.flatnonzero(folds != fold))
        for fold in range(FOLDS)
    )
    return LearntCauses(
        boosters=boosters,
        categories=categories,
        features=FEATURES,
        lines=len(lines),
        confirmed=len(told),
    )


def confirmed_weights(certainty: FloatArray, confirmed: Sequence[int]) -> FloatArray:
    """How much each line counts: 1, and up to `CONFIRMED_WEIGHT` where confirmed.

    What people confirm is no random draw. A confirmed line replaces the doubt about
    itself, which needs no weight; what it counts beyond 1 it counts for lines like it,
    and shrinks with how much more often lines of its certainty were confirmed.

    Parameters
    ----------
    certainty : ndarray of shape (n_lines,)
        Probability of the likeliest cause before anybody confirmed.
    confirmed : sequence of int
        Positions of confirmed lines.
    """
    weights = np.ones(len(certainty))
    if not len(confirmed):
        return weights
    bands = np.digitize(certainty, CERTAINTY_BANDS)
    places = np.array(confirmed, np.intp)
    count = len(CERTAINTY_BANDS) + 1
    of_all = np.bincount(bands, minlength=count) / len(bands)
    of_confirmed = np.bincount(bands[places], minlength=count) / len(places)
    ratio = of_all[bands[places]] / of_confirmed[bands[places]]
    weights[places] += (CONFIRMED_WEIGHT - 1.0) * np.minimum(1.0, ratio)
    return weights


def dump_learnt(model: LearntCauses) -> bytes:
    """The model as JSON."""
    return msgspec.json.encode(model)


def load_learnt(content: bytes) -> LearntCauses:
    """A model that `dump_learnt` wrote; texts are parsed when first used.

    Raises
    ------
    ValueError
        Not such a model, or one of other features than this release reads.
    """
    model = msgspec.json.decode(content, type=LearntCauses)
    if model.features != FEATURES or len(model.boosters) != FOLDS:
        raise ValueError("the root-cause model was learnt by another release: relearn")
    return model


def _boost(
    matrix: FloatArray,
    start: FloatArray,
    shares: FloatArray,
    weights: FloatArray,
    *,
    rows: IntArray,
) -> str:
    """Trees for these rows, as text: each row once for each of its likely causes."""
    import lightgbm as lgb  # as above

    likely = np.argsort(-shares[rows], axis=1)[:, :LIKELY_CAUSES]
    share = np.take_along_axis(shares[rows], likely, axis=1)
    kept = share.ravel() > SMALLEST_SHARE
    repeated = np.repeat(rows, LIKELY_CAUSES)[kept]
    data = lgb.Dataset(
        matrix[repeated],
        likely.ravel()[kept],
        weight=share.ravel()[kept] * weights[repeated],
        init_score=start[repeated].ravel(order="F"),
        feature_name=list(FEATURES),
        categorical_feature=list(range(len(CATEGORIES))),
    )
    return str(lgb.train(_PARAMETERS, data, ROUNDS).model_to_string())


def _categories(lines: Sequence[LineEvidence]) -> tuple[dict[int, int], ...]:
    found: list[dict[int, int]] = []
    for place in range(len(CATEGORIES)):
        numbers, counts = np.unique(
            [int(line.features[place]) for line in lines if line.features is not None],
            return_counts=True,
        )
        often = numbers[counts >= FEWEST_OF_CATEGORY]
        found.append({int(number): at for at, number in enumerate(often)})
    return tuple(found)


def _matrix(
    lines: Sequence[LineEvidence], categories: tuple[dict[int, int], ...]
) -> FloatArray:
    """Shape (n_lines, n_features); a word that is not known becomes NaN."""
    empty = (nan,) * len(FEATURES)
    matrix = np.array([line.features or empty for line in lines], np.float64)
    matrix = matrix.reshape(len(lines), len(FEATURES))
    for place, known in enumerate(categories):
        matrix[:, place] = [known.get(word, nan) for word in matrix[:, place]]
    return matrix
