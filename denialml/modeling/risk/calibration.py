"""From the trees' log-odds to probabilities: per line (Platt) and per claim."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.domain.risk import CutOff
from denialml.modeling.risk.probability_interval import Spread

Floats = npt.NDArray[np.float64]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Fitted on a slice of submissions later than the trees' own.

    A line's probability is the logistic of `slope` x raw + `intercept` (Platt).

    A claim's is the probability that at least one line is denied. Causes such as
    coverage hit all lines of a claim together, others one line alone, so the truth
    lies between the largest line's probability (one shared cause) and what
    independent lines would give. `independence` says how far from the one (0) to the
    other (1), by maximum likelihood over claims with several lines.

    `spread` says how far a line's probability may lie from the true one, `cut_offs`
    from which claim risk on which share of the flagged claims is truly denied.
    """

    slope: float = 1.0
    intercept: float = 0.0
    independence: float = 0.5
    spread: Spread | None = None
    cut_offs: tuple[CutOff, ...] = ()

    def line_probability(self, raw: Floats) -> Floats:
        """Calibrated probabilities, float64 (rows,)."""
        return 1.0 / (1.0 + np.exp(-(self.slope * raw + self.intercept)))

    def interval(self, raw: float) -> tuple[float, float] | None:
        """Where a line's true probability lies in eight of ten cases, if learnt."""
        if self.spread is None:
            return None
        return self.spread.interval(self.slope * raw + self.intercept)

    def claim_probability(self, lines: Sequence[float]) -> float:
        """The probability that at least one of these lines is denied."""
        largest = max(lines)
        if len(lines) == 1:
            return largest
        none_denied = 1.0
        for probability in lines:
            none_denied *= 1.0 - probability
        return largest + self.independence * (1.0 - none_denied - largest)

    def claim_probabilities(
        self, lines: Floats, claim: npt.NDArray[np.int32]
    ) -> Floats:
        """`claim_probability` for every row's claim, float64 (rows,).

        `claim` numbers the rows' claims; rows of one claim are adjacent. The same
        arithmetic in the same order, so the same bits.
        """
        result = np.empty(len(lines), dtype=np.float64)
        if not len(lines):
            return result
        starts = np.flatnonzero(np.r_[True, claim[1:] != claim[:-1]])
        ends = np.r_[starts[1:], len(lines)]
        values = lines.tolist()
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            result[start:end] = self.claim_probability(values[start:end])
        return result
