"""How far apart payers are, and how strict they must be for it."""

from math import exp, log
from random import Random

import pytest

from denialml.simulation.payer_spread import LADDER, draw_targets
from denialml.simulation.rules import stricter
from denialml.simulation.strictness import fit_strictness

KINDS = [
    *["commercial"] * 4,
    "blue",
    *["medicaid"] * 2,
    "medicare",
    "advantage",
    "marketplace",
]
SHARES = [0.16, 0.12, 0.10, 0.07, 0.14, 0.13, 0.08, 0.07, 0.06, 0.07]


@pytest.mark.parametrize("seed", range(20))
def test_targets_span_the_range_and_meet_the_whole(seed: int) -> None:
    targets = draw_targets(Random(seed), kinds=KINDS, shares=SHARES)
    whole = sum(a * b for a, b in zip(targets, SHARES, strict=True))
    assert len(targets) == len(LADDER)
    assert min(targets) < 0.06
    assert max(targets) > 0.3
    assert 0.15 < whole < 0.18
    assert targets[7] < 0.16  # Medicare


def test_strictness_multiplies_the_hazard_of_a_rule() -> None:
    assert stricter(0.3, 1.0) == pytest.approx(0.3)
    assert log(1 - stricter(0.3, 2.5)) == pytest.approx(2.5 * log(0.7))
    assert stricter(0.0, 5.0) == 0.0
    assert stricter(0.9, 6.0) < 1.0


def test_strictness_gives_the_payer_its_rate() -> None:
    """Lines with a hidden chance of .04 and hazards of .02 and .5, then too few."""
    collected = [(0, 0.96, 0.02)] * 300 + [(0, 0.96, 0.5)] * 100 + [(1, 0.9, 0.1)] * 5
    strict, unknown = fit_strictness(collected, [0.20, 0.20])
    denied = 1 - 0.96 * (0.75 * exp(-0.02 * strict) + 0.25 * exp(-0.5 * strict))
    assert denied == pytest.approx(0.20, abs=1e-6)
    assert unknown == 1.0


def test_what_cannot_be_milder_is_as_mild_as_can_be() -> None:
    (mild,) = fit_strictness([(0, 0.8, 0.1)] * 100, [0.05])
    assert mild < 0.05
