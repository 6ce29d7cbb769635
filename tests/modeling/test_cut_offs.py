"""The cut-off for a precision is what earlier claims showed, no more."""

import numpy as np
import pytest

from denialml.errors import InputError
from denialml.modeling.risk.cut_offs import (
    cut_off_for,
    find_cut_off,
    learn_cut_offs,
    share_interval,
)

# Forty claims at 0.9 of which 36 were denied, sixty at 0.3 of which 12 were.
RISK = np.r_[np.full(40, 0.9), np.full(60, 0.3)]
DENIED = np.r_[np.arange(40) < 36, np.arange(60) < 12]


def test_a_cut_off_counts_all_claims_of_its_risk() -> None:
    found = cut_off_for(learn_cut_offs(RISK, DENIED), 0.8)
    assert (found.risk, found.flagged, found.denied) == (0.9, 40, 36)
    assert found.recall == pytest.approx(36 / 48)
    assert found.low < 0.9 < found.high


def test_a_lower_precision_flags_more() -> None:
    found = cut_off_for(learn_cut_offs(RISK, DENIED), 0.4)
    assert (found.risk, found.flagged, found.denied) == (0.3, 100, 48)


def test_a_precision_that_was_never_reached_is_refused_with_the_strictest() -> None:
    with pytest.raises(InputError, match="95%; the strictest reached 90%"):
        cut_off_for(learn_cut_offs(RISK, DENIED), 0.95)


def test_a_precision_that_was_never_reached_has_no_cut_off() -> None:
    assert find_cut_off(learn_cut_offs(RISK, DENIED), 0.95) is None
    assert find_cut_off((), 0.5) is None


@pytest.mark.parametrize("precision", [0.0, 1.0, 95.0])
def test_a_precision_is_a_share(precision: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        cut_off_for(learn_cut_offs(RISK, DENIED), precision)


def test_few_claims_or_no_denial_show_nothing() -> None:
    assert learn_cut_offs(RISK[:10], DENIED[:10]) == ()
    assert learn_cut_offs(RISK, np.zeros(100, dtype=np.bool_)) == ()


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Brown, Cai and DasGupta (2001): 0 of 10 and 5 of 10.
    assert share_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert share_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
