"""Little history: what serves, why, and that its parts add up."""

from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pytest

from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.starting_rates import STARTING_FEATURE, Kind
from denialml.modeling.risk.thin_history import choose
from denialml.modeling.risk.training import train_bundle
from tests.modeling.conftest import TRAINED_AS_OF

COLUMN = {feature.name: at for at, feature in enumerate(FEATURES)}


@pytest.fixture(scope="module")
def thin_bundle(small_frame: Frame) -> Bundle:
    return train_bundle(
        small_frame, specification=TrainingSpecification(), known_by=TRAINED_AS_OF
    )


def as_kind(bundle: Bundle, kind: Kind) -> Bundle:
    return Bundle(
        bundle.booster,
        msgspec.structs.replace(bundle.facts, kind=kind, mean_start=-1.5),
    )


def test_a_thin_history_gets_few_trees_over_the_rates_and_says_why(
    thin_bundle: Bundle,
) -> None:
    facts = thin_bundle.facts
    assert facts.kind == "trees-over-cause-rates"
    assert thin_bundle.booster.num_trees() == TrainingSpecification().thin.trees
    assert facts.training.kind_reason.startswith("fallback: 3,")
    for kind in ("trees-over-cause-rates", "cause-rates", "payer-code-table"):
        assert kind in facts.training.kind_reason


@pytest.mark.parametrize("kind", list(STARTING_FEATURE))
def test_contributions_add_up_to_the_raw_output_of_every_kind(
    thin_bundle: Bundle, small_frame: Frame, kind: Kind
) -> None:
    bundle = as_kind(thin_bundle, kind)
    for rows in (small_frame.matrix[::97], small_frame.matrix[:1]):
        shares = bundle.contributions(rows)
        assert shares.sum(axis=1) == pytest.approx(bundle.raw_output(rows), abs=1e-9)


def test_one_row_alone_scores_as_in_a_batch(
    thin_bundle: Bundle, small_frame: Frame
) -> None:
    rows = small_frame.matrix[::211]
    together = thin_bundle.raw_output(rows)
    for at in range(len(rows)):
        assert thin_bundle.raw_output(rows[at : at + 1])[0] == together[at]


def test_the_table_is_the_rate_of_payer_and_code_and_nothing_else(
    thin_bundle: Bundle, small_frame: Frame
) -> None:
    from denialml.modeling.risk.tree_fitting import detached, no_trees

    table = as_kind(
        Bundle(detached(no_trees(len(FEATURES))), thin_bundle.facts),
        "payer-code-table",
    )
    rows = small_frame.matrix[::97]
    rate = rows[:, COLUMN["rate_payer_code"]]
    assert 1 / (1 + np.exp(-table.raw_output(rows))) == pytest.approx(rate)
    shares = table.contributions(rows)[:, :-1]
    told = np.flatnonzero(np.abs(shares).sum(axis=0))
    assert told.tolist() == [COLUMN["rate_payer_code"]]


def test_the_model_over_rates_is_better_than_the_rates(
    thin_bundle: Bundle, small_frame: Frame
) -> None:
    later = (small_frame.submitted_on >= TRAINED_AS_OF.toordinal()) & (
        small_frame.denied >= 0
    )
    denied = small_frame.denied[later]

    def loss(risk: np.ndarray) -> float:
        return -float(np.mean(np.log(np.where(denied > 0, risk, 1 - risk))))

    rows = small_frame.matrix[later]
    ours = thin_bundle.facts.calibration.line_probability(thin_bundle.raw_output(rows))
    assert loss(ours) < loss(rows[:, COLUMN["rate_payer_code"]]) - 0.01


def test_a_simpler_model_must_be_surely_better() -> None:
    random = np.random.default_rng(1)
    trees = random.uniform(0.2, 0.6, 400)
    weight = np.ones(400)
    same = trees + random.normal(0, 0.2, 400)
    better = trees - 0.05 + random.normal(0, 0.1, 400)
    assert choose({"trees-over-cause-rates": trees, "cause-rates": same}, weight) == (
        "trees-over-cause-rates"
    )
    assert (
        choose({"trees-over-cause-rates": trees, "payer-code-table": better}, weight)
        == "payer-code-table"
    )


def test_the_kind_survives_the_file(thin_bundle: Bundle, tmp_path: Path) -> None:
    content = msgspec.json.encode(thin_bundle.facts)
    assert msgspec.json.decode(content, type=type(thin_bundle.facts)) == (
        thin_bundle.facts
    )
    assert date.fromisoformat(thin_bundle.facts.training.trained_as_of)
