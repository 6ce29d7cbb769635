"""The truth is calibrated, complete and made of what is on file."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.simulator import cause_number
from denialml.domain.adjudication import LineOutcome, line_outcome
from denialml.domain.remittance import ClaimPayment
from denialml.simulation import (
    TRUTH_CAUSES,
    SimulatedPractice,
    TruthRow,
    simulate_practice,
)
from denialml.simulation.parameters import DIFFICULTIES, Difficulty
from tests.simulation.conftest import is_decision

Floats = npt.NDArray[np.float64]


def decided(practice: SimulatedPractice) -> list[TruthRow]:
    return [row for row in practice.truth if row.denied is not None]


def standard_error(errors: Floats, clusters: list[str]) -> float:
    """Of the mean of `errors`, robust to correlation within clusters."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(clusters))}
    sums = np.bincount([numbers[name] for name in clusters], weights=errors)
    return float(np.sqrt((sums**2).sum()) / len(errors))


def z_scores(
    truth: Floats, denied: Floats, clusters: list[str], *, groups: int
) -> list[float]:
    """How many standard errors the denial rate lies off, per group of equal size."""
    order = np.argsort(truth, kind="stable")
    scores = []
    for part in np.array_split(order, groups):
        errors = denied[part] - truth[part]
        spread = standard_error(errors, [clusters[index] for index in part])
        scores.append(float(errors.mean() / spread))
    return scores


def test_a_cluster_counts_once() -> None:
    """Ten times the same row in one cluster is worth one observation."""
    alone = standard_error(np.array([0.5, -0.5]), ["a", "b"])
    repeated = standard_error(np.repeat([0.5, -0.5], 10), ["a"] * 10 + ["b"] * 10)
    assert repeated == pytest.approx(alone)


CALIBRATED_CLAIMS = 7000


@pytest.mark.slow
@pytest.mark.parametrize("difficulty", list(DIFFICULTIES))
def test_truth_is_calibrated_in_every_decile_and_cause(
    difficulty: Difficulty,
) -> None:
    """Three worlds of a difficulty together; benchmarks/simulator.py has big ones.

    Ten independent z within 2 would happen in 63% of correct simulators; three and a
    half standard errors and the sum of squares catch a wrong one and spare a right
    one. Causes with few events have no normal errors and are left to the benchmark.
    """
    rows: list[TruthRow] = []
    clusters: list[str] = []
    for seed in (1, 2, 3):
        practice = simulate_practice(
            seed=seed,
            claims=CALIBRATED_CLAIMS,
            starts_on=date(2023, 7, 1),
            ends_on=date(2025, 6, 30),
            difficulty=difficulty,
        )
        found = decided(practice)
        rows += found
        clusters += [f"{seed} {row.cluster}" for row in found]
    scores = z_scores(
        np.array([row.p_true_line for row in rows]),
        np.array([float(bool(row.denied)) for row in rows]),
        clusters,
        groups=10,
    )
    assert max(abs(score) for score in scores) < 3.5
    assert sum(score**2 for score in scores) < 29.6  # 99.9% of chi-square, 10 degrees
    chances = np.array([row.cause_probabilities for row in rows])
    causes = np.array([cause_number(row) for row in rows])
    for number, cause in enumerate(TRUTH_CAUSES):
        hits = (causes == number).astype(float)
        if hits.sum() >= 100:
            errors = hits - chances[:, number]
            score = errors.mean() / standard_error(errors, clusters)
            assert abs(score) < 4, cause


def test_a_wrong_truth_would_be_caught(two_years: SimulatedPractice) -> None:
    """The check above has teeth: probabilities 10% too low fail it."""
    rows = decided(two_years)
    scores = z_scores(
        np.array([0.9 * row.p_true_line for row in rows]),
        np.array([float(bool(row.denied)) for row in rows]),
        [row.cluster for row in rows],
        groups=10,
    )
    assert sum(score**2 for score in scores) > 29.6


def test_causes_add_up_to_the_probability(two_years: SimulatedPractice) -> None:
    for row in two_years.truth:
        assert sum(row.cause_probabilities) == pytest.approx(row.p_true_line, abs=1e-9)
        for first, alone in zip(
            row.cause_probabilities, row.cause_chances, strict=True
        ):
            assert 0.0 <= first <= alone + 1e-12


def test_each_cause_comes_as_often_as_its_chance(two_years: SimulatedPractice) -> None:
    """The first rule's cause is observed at its mean chance; later ones at most."""
    rows = decided(two_years)
    chances = np.array([row.cause_chances for row in rows])
    for number, cause in enumerate(TRUTH_CAUSES[:-1]):
        hits = np.array(
            [row.root_cause == cause and not row.payer_error for row in rows], float
        )
        spread = standard_error(
            hits - chances[:, number], [row.cluster for row in rows]
        )
        assert hits.mean() < chances[:, number].mean() + 3.5 * spread, cause
        if cause == "eligibility_coverage":
            assert hits.mean() > chances[:, number].mean() - 3.5 * spread


def test_claim_probability_covers_its_lines(two_years: SimulatedPractice) -> None:
    by_claim: dict[tuple[str, date], list[TruthRow]] = {}
    for row in two_years.truth:
        key = (row.patient_control_number, row.submitted_on)
        by_claim.setdefault(key, []).append(row)
    for rows in by_claim.values():
        riskiest = max(row.p_true_line for row in rows)
        assert len({row.p_true_claim for row in rows}) == 1
        assert rows[0].p_true_claim >= riskiest - 1e-12
        if len(rows) == 1:
            assert rows[0].p_true_claim == pytest.approx(riskiest)


def test_line_probability_follows_from_its_causes(
    two_years: SimulatedPractice,
) -> None:
    for row in two_years.truth[:500]:
        left = float(np.prod([1.0 - chance for chance in row.cause_chances]))
        assert row.p_true_line == pytest.approx(1.0 - left, abs=1e-9)


def test_every_line_of_every_first_submission_has_one_row(
    two_years: SimulatedPractice,
) -> None:
    expected = sorted(
        (claim.patient_control_number, claim.submitted_on, line.line_number)
        for claim in (*two_years.claims, *two_years.outgoing)
        if claim.frequency_code == "1" and claim.submitted_on is not None
        for line in claim.lines
    )
    found = sorted(
        (row.patient_control_number, row.submitted_on, row.line_number)
        for row in two_years.truth
    )
    assert found == expected


def test_answers_say_what_the_truth_says(two_years: SimulatedPractice) -> None:
    """The label contract, read off the remittances, agrees with the truth."""
    sent: dict[str, int] = {}
    for claim in two_years.claims:
        number = claim.patient_control_number
        sent[number] = sent.get(number, 0) + 1
    truth = {
        (row.patient_control_number, row.line_number): row.denied
        for row in two_years.truth
        if row.status == "answered" and sent[row.patient_control_number] == 1
    }
    first: dict[str, ClaimPayment] = {}
    for advice in (*two_years.remittances, *two_years.newest):
        for payment in filter(is_decision, advice.payments):
            first.setdefault(payment.patient_control_number, payment)
    for (number, line), denied in truth.items():
        payment = first[number]
        # A claim answered as a whole has one answer for all of its lines.
        services = payment.service_payments
        service = services[line - 1] if services else None
        outcome = line_outcome(payment, service)
        assert (outcome in (LineOutcome.DENIED, LineOutcome.PARTIAL)) == denied, number
    assert len(truth) > 5000


def test_rates_are_those_of_the_literature(two_years: SimulatedPractice) -> None:
    """Initial denial 15 to 19%, give or take a world; payers differ severalfold."""
    rows = decided(two_years)
    assert 0.13 < np.mean([bool(row.denied) for row in rows]) < 0.21
    by_payer: dict[str, list[bool]] = {}
    for row in rows:
        by_payer.setdefault(row.payer_id, []).append(bool(row.denied))
    rates = sorted(float(np.mean(values)) for values in by_payer.values())
    assert 0.03 < rates[0] < 0.10 < 0.28 < rates[-1] < 0.45


def test_every_root_cause_occurs(two_years: SimulatedPractice) -> None:
    assert {row.root_cause for row in two_years.truth if row.denied} == set(
        TRUTH_CAUSES[:-1]
    )
