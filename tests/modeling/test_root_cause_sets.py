"""Sets of causes cover what they say, on draws whose truth is known."""

import numpy as np
import pytest

from denialml.domain.denial import RootCause
from denialml.modeling.root_cause.cause_sets import CauseSets, fit_cause_sets
from denialml.modeling.root_cause.cause_tendencies import CAUSES


def draws(
    seed: int, lines: int, sharpness: float
) -> tuple[np.ndarray, list[RootCause]]:
    """Honest probabilities and a truth drawn from them."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=(lines, len(CAUSES))) * sharpness
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    truth = [CAUSES[random.choice(len(CAUSES), p=row)] for row in shares]
    return shares, truth


def coverage(sets: CauseSets, shares: np.ndarray, truth: list[RootCause]) -> float:
    held = [
        cause in sets.candidates(tuple(row))
        for row, cause in zip(shares, truth, strict=True)
    ]
    return float(np.mean(held))


def test_sets_by_stated_probabilities_cover_where_these_are_honest():
    shares, truth = draws(1, 6000, 3.0)
    sets = fit_cause_sets(shares)
    assert sets.basis == "stated"
    assert coverage(sets, shares, truth) == pytest.approx(0.9, abs=0.015)


def test_sets_by_confirmed_causes_cover_where_probabilities_boast():
    shares, truth = draws(2, 9000, 2.0)
    boasting = shares**2 / (shares**2).sum(axis=1, keepdims=True)
    confirmed = dict(enumerate(truth[:5000]))
    sets = fit_cause_sets(boasting, confirmed=confirmed)
    assert sets.basis == "confirmed"
    assert coverage(sets, boasting[5000:], truth[5000:]) == pytest.approx(0.9, abs=0.02)
    alone = fit_cause_sets(boasting)
    assert coverage(alone, boasting[5000:], truth[5000:]) < 0.88


def test_every_cause_is_covered_by_itself():
    shares, truth = draws(3, 17_000, 2.5)
    sets = fit_cause_sets(shares, confirmed=dict(enumerate(truth[:12_000])))
    rest = list(zip(shares[12_000:], truth[12_000:], strict=True))
    for cause in CAUSES:
        rows = np.array([row for row, told in rest if told is cause])
        assert coverage(sets, rows, [cause] * len(rows)) > 0.82


def test_few_confirmed_causes_are_not_relied_upon():
    shares, truth = draws(4, 500, 3.0)
    assert (
        fit_cause_sets(shares, confirmed=dict(enumerate(truth[:19]))).basis == "stated"
    )
    assert (
        fit_cause_sets(shares, confirmed=dict(enumerate(truth[:20]))).basis
        == "confirmed"
    )


def test_candidates_come_most_probable_first_and_may_be_none():
    sets = CauseSets(coverage=0.9, thresholds=(0.2,) * 17, basis="stated")
    shares = [0.0] * 17
    shares[3], shares[8] = 0.3, 0.6
    assert sets.candidates(shares) == (CAUSES[8], CAUSES[3])
    assert sets.candidates([1 / 17] * 17) == ()
