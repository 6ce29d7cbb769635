"""How strict each payer must be for its denial rate: fitted on a rehearsal.

A practice that nobody sees lives through the same days with the same payers. Every
line gives the probability that coverage, filing limits and the like let it pass, and
the hazard of the payer's own rules. Strictness multiplies the hazard, so the mean
denial probability per payer is a rising function of it, inverted by bisection.
"""

from collections.abc import Sequence
from math import exp, log

from denialml.simulation.preparing import Prepared
from denialml.simulation.rules import Rule

REHEARSED_CLAIMS = 8000
_RANGE = (0.03, 6.0)
_STEPS = 40
_FEWEST_LINES = 30

Rehearsed = tuple[int, float, float]
"""Payer, probability that everything but its own rules passes, their hazard."""


def rehearse(collected: list[Rehearsed], prepared: Prepared) -> None:
    """Note what one claim says about its payer, a line at a time."""
    fixed, hazard = 1.0, 0.0
    for rule, chance in prepared.shared:
        if rule is Rule.DATA:
            hazard -= log(max(1e-12, 1.0 - chance))
        else:
            fixed *= 1.0 - chance
    for line in prepared.lines:
        passes, total = fixed, hazard
        for rule, chance in line:
            if rule is Rule.PAYER_ERROR:
                passes *= 1.0 - chance
            else:
                total -= log(max(1e-12, 1.0 - chance))
        collected.append((prepared.coverage.policy, passes, total))


def fit_strictness(
    collected: Sequence[Rehearsed], targets: Sequence[float]
) -> tuple[float, ...]:
    """The strictness that gives each payer its target rate; 1 where too few lines."""
    lines: list[list[tuple[float, float]]] = [[] for _ in targets]
    for payer, passes, hazard in collected:
        lines[payer].append((passes, hazard))
    return tuple(
        _bisect(of_payer, target) if len(of_payer) >= _FEWEST_LINES else 1.0
        for of_payer, target in zip(lines, targets, strict=True)
    )


def _bisect(lines: Sequence[tuple[float, float]], target: float) -> float:
    low, high = _RANGE
    for _ in range(_STEPS):
        middle = (low * high) ** 0.5
        denied = 1.0 - sum(
            passes * exp(-middle * hazard) for passes, hazard in lines
        ) / len(lines)
        low, high = (middle, high) if denied < target else (low, middle)
    return float((low * high) ** 0.5)
