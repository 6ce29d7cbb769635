"""Line and claim probabilities."""

import numpy as np
import pytest

from denialml.modeling.risk.calibration import Calibration
from denialml.modeling.risk.calibration_fit import fit_calibration


def _simulate(
    shared: float, *, claims: int = 6000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two-line claims whose lines fail together (1) or on their own (0)."""
    random = np.random.default_rng(1)
    raw = np.repeat(random.normal(-1.0, 1.0, claims), 2)
    risk = 1 / (1 + np.exp(-raw))
    together = np.repeat(random.random(claims) < shared, 2)
    common = np.repeat(random.random(claims), 2)
    draw = np.where(together, common, random.random(2 * claims))
    claim = np.repeat(np.arange(claims, dtype=np.int32), 2)
    return raw, (draw < risk).astype(np.int8), claim


@pytest.mark.parametrize(
    ("shared", "low", "high"),
    [
        pytest.param(1.0, 0.0, 0.1, id="one cause hits both lines"),
        pytest.param(0.0, 0.85, 1.0, id="lines fail on their own"),
        pytest.param(0.5, 0.35, 0.65, id="half and half"),
    ],
)
def test_independence_is_learnt_from_claims_with_several_lines(
    shared: float, low: float, high: float
) -> None:
    calibration = fit_calibration(*_simulate(shared))
    assert low <= calibration.independence <= high


def test_platt_recovers_a_stretched_and_shifted_scale() -> None:
    raw, denied, claim = _simulate(0.0)
    calibration = fit_calibration((raw - 0.5) / 2.0, denied, claim)
    assert calibration.slope == pytest.approx(2.0, abs=0.1)
    assert calibration.intercept == pytest.approx(0.5, abs=0.1)


def test_few_claims_with_several_lines_leave_the_default() -> None:
    raw, denied, _ = _simulate(1.0)
    single = np.arange(len(raw), dtype=np.int32)
    assert fit_calibration(raw, denied, single).independence == 0.5


def test_claim_probabilities_are_the_one_function_for_every_row() -> None:
    calibration = Calibration(independence=0.3)
    lines = np.array([0.1, 0.4, 0.2, 0.9])
    claim = np.array([0, 0, 1, 2], dtype=np.int32)
    expected = calibration.claim_probability([0.1, 0.4])
    assert calibration.claim_probabilities(lines, claim).tolist() == [
        expected,
        expected,
        0.2,
        0.9,
    ]
    assert expected == pytest.approx(0.4 + 0.3 * (0.46 - 0.4))
    assert calibration.claim_probabilities(lines[:0], claim[:0]).tolist() == []
