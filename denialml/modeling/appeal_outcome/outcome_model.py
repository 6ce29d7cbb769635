"""How likely an independent reviewer is to overturn a plan's denial, with its doubt.

An ensemble: each member is LightGBM over category rates, trained on a resample of the
decisions. The mean of their log-odds is calibrated on the newest years, judged by
members that saw none of them. The interval holds two doubts: how much the members
disagree, and how far categories drifted, in those newest years, from what had been
predicted. It is about the rate among like cases, never about one reviewer's verdict.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
from sklearn.linear_model import LogisticRegression

from denialml.domain.record import Judgment
from denialml.modeling.appeal_outcome.category_rates import (
    FOLDS,
    CategoryRates,
    FloatArray,
    category_key,
)
from denialml.modeling.appeal_outcome.decisions import ReviewDecision

MEMBERS = 20
ROUNDS = 150
# Of one, two and three years, two calibrated best on California's decisions to 2010,
# judged three years ahead from 2005, 2006 and 2007.
NEWEST_YEARS = 2
FEWEST_DECISIONS = 500
# Two-sided 90 percent of a normal distribution.
NINETY = 1.6449
# Categories with fewer decisions in the newest years say too little of drift.
FEWEST_OF_GROUP = 25
GROUP = ("diagnosis", "treatment")
_PARAMETERS = {
    "objective": "binary",
    "boost_from_average": True,
    "learning_rate": 0.03,
    "num_leaves": 8,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.4,
    "lambda_l2": 10.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}

Members = Callable[[Sequence[ReviewDecision]], FloatArray]


class OverturnChance(Judgment, frozen=True):
    """One case: the share of like cases that reviewers overturn, `low` to `high` 90%.

    `like_cases` counts the decisions of the same diagnosis and treatment category that
    it rests on.
    """

    probability: float
    low: float
    high: float
    like_cases: int


class _Calibration(NamedTuple):
    """Log-odds are multiplied by `slope`, moved by `shift`; `drift` is a variance."""

    slope: float
    shift: float
    drift: float


class OutcomeModel:
    """A fitted model; make one with `fit_outcome_model`."""

    def __init__(
        self,
        members: Members,
        calibration: _Calibration,
        like_cases: dict[str, int],
    ) -> None:
        self._members = members
        self._calibration = calibration
        self._like_cases = like_cases

    def predict(self, decisions: Sequence[ReviewDecision]) -> list[OverturnChance]:
        """One chance for each case; what was decided of it is not read."""
        slope, shift, drift = self._calibration
        raw = slope * self._members(decisions) + shift
        middle = raw.mean(axis=0)
        spread = NINETY * np.sqrt(raw.var(axis=0) + drift)
        return [
            OverturnChance(
                probability=float(_probability(center)),
                low=float(_probability(center - reach)),
                high=float(_probability(center + reach)),
                like_cases=self._like_cases.get(category_key(one, GROUP), 0),
            )
            for one, center, reach in zip(decisions, middle, spread, strict=True)
        ]


def fit_outcome_model(
    decisions: Sequence[ReviewDecision], *, seed: int = 1
) -> OutcomeModel:
    """Learn from decisions; the newest two years calibrate, then all are learnt from.

    Raises
    ------
    ValueError
        Fewer than 500 decisions before the newest two years, or in them.
    """
    last = max((one.year for one in decisions), default=0)
    older = [one for one in decisions if one.year <= last - NEWEST_YEARS]
    newer = [one for one in decisions if one.year > last - NEWEST_YEARS]
    if min(len(older), len(newer)) < FEWEST_DECISIONS:
        raise ValueError(
            f"{len(older)} decisions before the newest {NEWEST_YEARS} years and"
            f" {len(newer)} in them: at least {FEWEST_DECISIONS} of each are needed"
        )
    calibration = _calibrate(newer, _fit_members(older, seed=seed)(newer))
    counts: dict[str, int] = {}
    for one in decisions:
        key = category_key(one, GROUP)
        counts[key] = counts.get(key, 0) + 1
    return OutcomeModel(_fit_members(decisions, seed=seed), calibration, counts)


def _fit_members(decisions: Sequence[ReviewDecision], *, seed: int) -> Members:
    """Members' log-odds as a function of cases: shape (n_members, n_cases)."""
    random = np.random.default_rng(seed)
    rates = CategoryRates(decisions)
    overturned = np.array([one.overturned for one in decisions], np.float64)
    folds = random.integers(0, FOLDS, len(decisions))
    boosters = []
    for member in range(MEMBERS):
        chosen = random.integers(0, len(decisions), len(decisions))
        data = lgb.Dataset(rates.training_rows(chosen, folds), overturned[chosen])
        parameters = {**_PARAMETERS, "seed": seed + member}
        boosters.append((lgb.train(parameters, data, ROUNDS), chosen))

    def log_odds(cases: Sequence[ReviewDecision]) -> FloatArray:
        return np.array(
            [
                booster.predict(
                    rates.rows(cases, chosen=chosen), raw_score=True, num_threads=1
                )
                for booster, chosen in boosters
            ]
        )

    return log_odds


def _calibrate(cases: Sequence[ReviewDecision], raw: FloatArray) -> _Calibration:
    """Slope and shift by logistic regression; drift of categories by moments."""
    overturned = np.array([one.overturned for one in cases], np.float64)
    middle = raw.mean(axis=0)
    fitted = LogisticRegression(C=1e6).fit(middle[:, np.newaxis], overturned)
    slope, shift = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    stated = _probability(slope * middle + shift)
    keys = np.array([category_key(one, GROUP) for one in cases])
    surplus, weight = 0.0, 0.0
    for key in np.unique(keys):
        rows = keys == key
        if rows.sum() < FEWEST_OF_GROUP:
            continue
        noise = float((stated[rows] * (1.0 - stated[rows])).sum())
        missed = float((overturned[rows] - stated[rows]).sum())
        # On the log-odds scale a small move changes the sum by `noise` times itself.
        surplus += missed**2 - noise
        weight += noise**2
    drift = max(0.0, surplus / weight) if weight else 0.0
    return _Calibration(slope, shift, drift)


def _probability(log_odds: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)), np.float64)
