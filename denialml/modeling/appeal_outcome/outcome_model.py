"""How likely an independent reviewer is to overturn a plan's denial, with its doubt.

An ensemble. Each member is fitted on a resample of the decisions and is the mean, in
log-odds, of a penalized logistic regression over categories and of LightGBM over their
shrunken rates. A decision counts half of one a year younger: what reviewers decide of
a category changes within few years.

The members' mean stands as it is: no slope learnt on earlier years judged later years
better than none. The interval holds two doubts: how much the members disagree, and how
far categories drift. For the second, members that know only the decisions until the
end of an earlier year judge the next three, for each of the last seven years; what
chance scatter does not explain is drift. The interval is about the rate among like
cases, never about one reviewer's verdict.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from denialml.domain.record import Judgment
from denialml.modeling.appeal_outcome.category_rates import (
    FOLDS,
    CategoryRates,
    FloatArray,
    IntArray,
    category_key,
)
from denialml.modeling.appeal_outcome.decisions import ReviewDecision

MEMBERS = 20
# Members that judge forward; they only tell the drift.
FORWARD_MEMBERS = 5
ROUNDS = 150
# Half-life and penalty were chosen on California's decisions to 2010,
# judged one to three years ahead from the end of 2004 to 2009 (docs/root-causes.md).
HALF_LIFE_YEARS = 1.0
INVERSE_PENALTY = 0.05
FORWARD_YEARS = 3
FEWEST_DECISIONS = 500
# At the end of so many years before the last, at most, members judge forward.
FORWARD_ORIGINS = 7
# Two-sided 90 percent of a normal distribution.
NINETY = 1.6449
# Categories with fewer decisions in a judged year say too little of drift.
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


class _Judged(NamedTuple):
    """One later year as earlier members judged it: chances, outcomes and groups."""

    stated: FloatArray
    overturned: FloatArray
    groups: list[str]


class OutcomeModel:
    """A fitted model; make one with `fit_outcome_model`."""

    def __init__(
        self,
        members: Members,
        like_cases: dict[str, int],
        *,
        drift: float,
    ) -> None:
        self._members = members
        self._drift = drift
        self._like_cases = like_cases

    def predict(self, decisions: Sequence[ReviewDecision]) -> list[OverturnChance]:
        """One chance for each case; what was decided of it is not read."""
        raw = self._members(decisions)
        middle = raw.mean(axis=0)
        spread = NINETY * np.sqrt(raw.var(axis=0) + self._drift)
        return [
            OverturnChance(
                probability=float(_probability(value)),
                low=float(_probability(value - reach)),
                high=float(_probability(value + reach)),
                like_cases=self._like_cases.get(category_key(one, GROUP), 0),
            )
            for one, value, reach in zip(decisions, middle, spread, strict=True)
        ]


def fit_outcome_model(
    decisions: Sequence[ReviewDecision], *, seed: int = 1
) -> OutcomeModel:
    """Learn from decisions; the drift comes from judging later years by earlier ones.

    Raises
    ------
    ValueError
        Fewer than 500 decisions before the last year, or in the years judged forward.
    """
    last = max((one.year for one in decisions), default=0)
    judged = []
    for origin in range(last - FORWARD_ORIGINS, last):
        known = [one for one in decisions if one.year <= origin]
        if len(known) >= FEWEST_DECISIONS:
            judged += _judge_forward(known, decisions, seed=seed)
    count = sum(len(one.overturned) for one in judged)
    if count < FEWEST_DECISIONS:
        before = sum(one.year < last for one in decisions)
        raise ValueError(
            f"{before} decisions before the last year and {count} judged by earlier"
            f" ones: at least {FEWEST_DECISIONS} of each are needed"
        )
    counts: dict[str, int] = {}
    for one in decisions:
        key = category_key(one, GROUP)
        counts[key] = counts.get(key, 0) + 1
    members = _fit_members(decisions, members=MEMBERS, seed=seed)
    return OutcomeModel(members, counts, drift=_drift(judged))


def _judge_forward(
    known: Sequence[ReviewDecision], decisions: Sequence[ReviewDecision], *, seed: int
) -> list[_Judged]:
    """The years after the known decisions, as members that know only those judge."""
    origin = max(one.year for one in known)
    members = _fit_members(known, members=FORWARD_MEMBERS, seed=seed)
    found = []
    for year in range(origin + 1, origin + 1 + FORWARD_YEARS):
        cases = [one for one in decisions if one.year == year]
        if cases:
            found.append(
                _Judged(
                    stated=_probability(members(cases).mean(axis=0)),
                    overturned=np.array([one.overturned for one in cases], np.float64),
                    groups=[category_key(one, GROUP) for one in cases],
                )
            )
    return found


def _fit_members(
    decisions: Sequence[ReviewDecision], *, members: int, seed: int
) -> Members:
    """Members' log-odds as a function of cases: shape (n_members, n_cases)."""
    random = np.random.default_rng(seed)
    weights = _weights(decisions)
    rates = CategoryRates(decisions, weights=weights)
    encoder = OneHotEncoder(handle_unknown="ignore")
    indicators = encoder.fit_transform(np.column_stack(rates.own_places))
    overturned = np.array([one.overturned for one in decisions], np.float64)
    folds = random.integers(0, FOLDS, len(decisions))
    fitted: list[tuple[lgb.Booster, LogisticRegression, IntArray]] = []
    for member in range(members):
        chosen = random.integers(0, len(decisions), len(decisions))
        data = lgb.Dataset(
            rates.training_rows(chosen, folds),
            overturned[chosen],
            weight=weights[chosen],
        )
        booster = lgb.train({**_PARAMETERS, "seed": seed + member}, data, ROUNDS)
        times = np.bincount(chosen, minlength=len(decisions))
        linear = LogisticRegression(C=INVERSE_PENALTY, max_iter=2000)
        linear.fit(indicators, overturned, sample_weight=times * weights)
        fitted.append((booster, linear, chosen))

    def log_odds(cases: Sequence[ReviewDecision]) -> FloatArray:
        places = rates.places(cases)
        columns = encoder.transform(np.column_stack(places))
        found = []
        for booster, linear, chosen in fitted:
            trees = booster.predict(
                rates.rows(places, chosen=chosen), raw_score=True, num_threads=1
            )
            found.append((linear.decision_function(columns) + np.asarray(trees)) / 2)
        return np.array(found)

    return log_odds


def _weights(decisions: Sequence[ReviewDecision]) -> FloatArray:
    """What each decision counts: 1 in the last year, half of it a half-life before."""
    years = np.array([one.year for one in decisions], np.float64)
    return np.asarray(0.5 ** ((years.max() - years) / HALF_LIFE_YEARS), np.float64)


def _drift(judged: Sequence[_Judged]) -> float:
    """Variance of categories' log-odds that chance does not explain, by moments."""
    surplus, weight = 0.0, 0.0
    for one in judged:
        groups = np.array(one.groups)
        for group in np.unique(groups):
            rows = groups == group
            if rows.sum() < FEWEST_OF_GROUP:
                continue
            stated = one.stated[rows]
            noise = float((stated * (1.0 - stated)).sum())
            missed = float((one.overturned[rows] - stated).sum())
            # On the log-odds scale a small move changes the sum by `noise` times
            # itself.
            surplus += missed**2 - noise
            weight += noise**2
    return max(0.0, surplus / weight) if weight else 0.0


def _probability(log_odds: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)), np.float64)
