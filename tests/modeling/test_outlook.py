"""What a score says beside its probability adds up and follows from it."""

from decimal import Decimal

import numpy as np
import pytest

from denialml.domain.facts import PracticeRecords
from denialml.domain.risk import RiskScore
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.denial_risk import score_claims
from denialml.modeling.risk.probability_interval import Spread, learn_spread
from tests.modeling.conftest import TRAINED_AS_OF
from tests.modeling.small_practice import make_claim


@pytest.fixture(scope="module")
def score(small_records: PracticeRecords, small_bundle: Bundle) -> RiskScore:
    """P1 denies 90837 without an authorization, and there is none."""
    book = FactBook(small_records)
    history = History(
        answer_events(
            observe_lines(small_records, book, answered_only=True, with_rules=True)
        ),
        with_rules=True,
    )
    history.advance(TRAINED_AS_OF)
    [found] = score_claims(
        [make_claim("NEW-1", day=TRAINED_AS_OF, patient="R-NEW")],
        fact_book=book,
        history=history,
        bundle=small_bundle,
        as_of=TRAINED_AS_OF,
    )
    return found


def test_matters_add_up_to_the_raw_output(score: RiskScore) -> None:
    [line] = score.lines
    together = sum(matter.contribution for matter in line.matters)
    assert line.base + together == pytest.approx(line.raw_output, abs=1e-6)
    sizes = [abs(matter.contribution) for matter in line.matters]
    assert sizes == sorted(sizes, reverse=True)


def test_the_likeliest_cause_is_the_rule_with_the_code_the_payer_prints(
    score: RiskScore,
) -> None:
    [line] = score.lines
    first = line.likely_causes[0]
    assert (first.root_cause, first.reason_code) == ("auth_missing", "197")
    assert sum(one.probability for one in line.likely_causes) <= line.probability + 1e-9
    assert first.probability > 0.5 * line.probability


def test_the_expected_loss_is_the_product_of_its_parts(score: RiskScore) -> None:
    [line] = score.lines
    loss = line.expected_loss
    assert loss is not None
    product = loss.probability * loss.usual_payment * loss.unrecovered_share
    assert loss.amount == product.quantize(Decimal("0.01"))
    assert Decimal(0) < loss.amount <= loss.usual_payment
    assert score.expected_loss == loss.amount


def test_the_interval_holds_the_stated_probability(
    score: RiskScore, small_bundle: Bundle
) -> None:
    assert small_bundle.facts.calibration.spread is not None
    [line] = score.lines
    assert line.interval is not None
    low, high = line.interval
    assert 0.0 < low < line.probability < high < 1.0
    assert score.interval == line.interval


def test_models_that_disagree_more_make_wider_intervals() -> None:
    random = np.random.default_rng(1)
    matrix = random.normal(size=(3000, 1))
    rows, asked = np.arange(2000), np.arange(2000, 3000)

    def learnt(noise: float) -> Spread:
        def fit(chosen: np.ndarray):  # type: ignore[no-untyped-def]
            shift = noise if 0 in chosen else -noise
            return lambda values: values[:, 0] + shift

        spread = learn_spread(
            matrix,
            rows,
            np.arange(3000),
            asked,
            fit=fit,
            calibrated=lambda raw: raw,
            seed=1,
        )
        assert spread is not None
        return spread

    narrow, wide = learnt(0.2).interval(-2.0), learnt(0.6).interval(-2.0)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    # A high risk may lie nearer to certainty than to the middle.
    low, high = learnt(0.2).interval(1.5)
    middle = 1.5
    assert np.log(high / (1 - high)) - middle > middle - np.log(low / (1 - low))
    assert (
        learn_spread(
            matrix,
            rows[:100],
            np.arange(3000),
            asked[:100],
            fit=lambda chosen: lambda values: values[:, 0],
            calibrated=lambda raw: raw,
            seed=1,
        )
        is None
    )
