"""How each feature's contributions are spread, as counts of lines: what the SHAP plot
shows in place of one dot per line, which would show single lines."""

import msgspec
import numpy as np

from denialml.modeling.retraining.feature_summary import Explained, FeatureWeight
from denialml.modeling.risk.bundle import Bundle

SHOWN = 15
_CELLS, _LINES_A_CELL = 30, 15
_OUTER = (5.0, 95.0)


class ContributionCell(msgspec.Struct, frozen=True, kw_only=True):
    """Lines whose contribution lies in a range, in log-odds.

    `value_rank`: where their feature values lie among all, on average: 0 the lowest, 1
    the highest; None where none of them is known.
    """

    low: float
    high: float
    lines: int
    value_rank: float | None


class ContributionSpread(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's cells between the 5% and 95% points of its contributions.

    What lies beyond, and cells of fewer patients than the smallest cell, are left out.
    """

    feature: str
    cells: tuple[ContributionCell, ...]


def contribution_spreads(
    bundle: Bundle,
    explained: Explained,
    weights: tuple[FeatureWeight, ...],
    *,
    smallest_cell: int,
) -> tuple[ContributionSpread, ...]:
    """The spreads of the features that weigh most, heaviest first."""
    names = bundle.facts.features
    return tuple(
        ContributionSpread(
            feature=one.feature,
            cells=_cells(explained, names.index(one.feature), smallest_cell),
        )
        for one in weights[:SHOWN]
        if one.mean_contribution > 0
    )


def _cells(
    explained: Explained, position: int, smallest_cell: int
) -> tuple[ContributionCell, ...]:
    shares = explained.shares[:, position]
    ranks = _ranks(explained.matrix[:, position])
    low, high = np.percentile(shares, _OUTER)
    count = int(np.clip(len(shares) // _LINES_A_CELL, 1, _CELLS))
    edges = np.linspace(low, high, count + 1)
    inside = (shares >= low) & (shares <= high)
    cells = np.clip(np.searchsorted(edges, shares, side="right") - 1, 0, count - 1)
    found = []
    for cell in range(count):
        rows = np.flatnonzero(inside & (cells == cell))
        if len(np.unique(explained.patients[rows])) < smallest_cell:
            continue
        known = ranks[rows][~np.isnan(ranks[rows])]
        found.append(
            ContributionCell(
                low=float(edges[cell]),
                high=float(edges[cell + 1]),
                lines=len(rows),
                value_rank=float(known.mean()) if len(known) else None,
            )
        )
    return tuple(found)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Mid-ranks from 0 to 1, equal values alike; NaN where not known."""
    found = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    if known.any():
        order = np.sort(values[known])
        below = np.searchsorted(order, values[known], side="left")
        upto = np.searchsorted(order, values[known], side="right")
        found[known] = (below + upto) / 2 / len(order)
    return found
