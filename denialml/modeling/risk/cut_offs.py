"""From which risk on a claim must be flagged for a wanted share to be truly denied."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from denialml.domain.risk import CutOff, RiskScore
from denialml.errors import InputError

Floats = npt.NDArray[np.float64]

TARGETS: tuple[float, ...] = tuple(step / 100 for step in range(20, 100))
"""The precisions for which a cut-off is learnt."""
# Fewer flagged claims than this show nothing.
_FEWEST = 20
_Z95 = 1.959963984540054


def learn_cut_offs(risk: Floats, denied: npt.NDArray[np.bool_]) -> tuple[CutOff, ...]:
    """The lowest risk for each of `TARGETS` that reached it; those never reached miss.

    Parameters
    ----------
    risk, denied : arrays, (claims,)
        Of claims that the model had not seen: its risk, whether a line was denied.
    """
    if not denied.any():
        return ()
    order = np.argsort(-risk, kind="stable")
    ranked = risk[order]
    hits = np.cumsum(denied[order])
    flagged = np.arange(1, len(ranked) + 1)
    # Claims of one risk are flagged together.
    last_of_risk = np.r_[ranked[1:] != ranked[:-1], True]
    found = []
    for target in TARGETS:
        reached = np.flatnonzero(
            last_of_risk & (flagged >= _FEWEST) & (hits >= target * flagged)
        )
        if not len(reached):
            break
        at = int(reached[-1])
        low, high = share_interval(int(hits[at]), int(flagged[at]))
        found.append(
            CutOff(
                precision=target,
                risk=float(ranked[at]),
                flagged=int(flagged[at]),
                denied=int(hits[at]),
                low=low,
                high=high,
                recall=float(hits[at] / hits[-1]),
            )
        )
    return tuple(found)


def cut_off_for(cut_offs: Sequence[CutOff], precision: float) -> CutOff:
    """The cut-off learnt for this precision, or the next stricter one.

    Raises
    ------
    InputError
        If the precision is no share, or no cut-off reached it.
    """
    found = find_cut_off(cut_offs, precision)
    if found is None:
        raise InputError(not_reached(cut_offs, precision))
    return found


def find_cut_off(cut_offs: Sequence[CutOff], precision: float) -> CutOff | None:
    """The same, None where no cut-off reached the precision.

    Raises
    ------
    InputError
        If the precision is no share.
    """
    if not 0.0 < precision < 1.0:
        raise InputError(f"a precision lies between 0 and 1, not at {precision:g}")
    for each in cut_offs:
        if each.precision >= precision - 1e-9:
            return each
    return None


def not_reached(cut_offs: Sequence[CutOff], precision: float) -> str:
    """Why there is no cut-off: the model has none, or the strictest reached less."""
    best = max((each.precision for each in cut_offs), default=None)
    why = (
        "it has none, as rates alone serve or too few claims were left to learn one"
        if best is None
        else f"the strictest reached {best:.0%}"
    )
    return f"no cut-off of this model reached a precision of {precision:.0%}; {why}"


def flagged_by(cut_off: CutOff | None, scores: Sequence[RiskScore]) -> tuple[str, ...]:
    """Control numbers of the claims at or above the cut-off, riskiest first.

    Claims that the model abstains on are left out: the precision is not theirs.
    """
    if cut_off is None:
        return ()
    return tuple(
        one.patient_control_number
        for one in sorted(scores, key=lambda one: -one.probability)
        if one.probability >= cut_off.risk and not one.abstains
    )


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share."""
    share, spread = hits / of, _Z95**2 / of
    center = (share + spread / 2) / (1 + spread)
    half = _Z95 * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, center - half), min(1.0, center + half)
