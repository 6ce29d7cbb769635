"""How numbers are spread over cells, and how far two spreads lie apart.

The distance is the population stability index: the sum over cells of the difference of
shares x the logarithm of their ratio. Alike spreads are near 0; by convention 0.1 is
worth a look. By chance alone it is about cells x (1/lines + 1/lines), and more where
lines of one patient go together, so that it is never judged without what it usually is.
"""

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_TENTHS = np.arange(1, 10) / 10


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of lines per cell; the last is the share whose value is not known.

    Cell i holds the values above `edges[i - 1]` up to and including `edges[i]`. Edges
    are the tenths of the lines, a value that fills a tenth or more has a cell of its
    own. `usual`: how far the months that made it up lay from all of them, the farthest
    but one: a single odd month is no measure. They had `usual_lines` lines on average.
    """

    lines: int
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    usual: float
    usual_lines: float


def spread_of(values: Floats, months: npt.NDArray[np.intp]) -> Spread:
    """The spread of a column, NaN where not known; `months` numbers each line's month.

    Months of -1 (too few lines) count towards the spread, not towards what is usual.
    """
    edges = _edges(values[~np.isnan(values)])
    counts = cell_counts(values, edges)
    apart, lines = [0.0, 0.0], []
    for month in np.unique(months[months >= 0]):
        part = cell_counts(values[months == month], edges)
        apart.append(distance(counts, part))
        lines.append(float(part.sum()))
    return Spread(
        lines=len(values),
        edges=tuple(edges.tolist()),
        shares=tuple((counts / max(len(values), 1)).tolist()),
        usual=sorted(apart)[-2],
        usual_lines=float(np.mean(lines)) if lines else 0.0,
    )


def cell_counts(values: Floats, edges: Floats) -> Floats:
    """Lines in each cell, float64 (edges + 2,)."""
    known = values[~np.isnan(values)]
    cells = np.searchsorted(edges, known, side="left")
    counts = np.bincount(cells, minlength=len(edges) + 1).astype(np.float64)
    return np.append(counts, float(len(values) - len(known)))


def distance(one: Floats, other: Floats) -> float:
    """The population stability index of two counts over the same cells.

    Half a line is added to each cell that either has lines in: an empty one would
    otherwise be infinitely far.
    """
    used = (one + other) > 0
    first, second = one[used] + 0.5, other[used] + 0.5
    p, q = first / first.sum(), second / second.sum()
    return float(((p - q) * np.log(p / q)).sum())


def _edges(known: Floats) -> Floats:
    if not len(known):
        return np.empty(0)
    # An observed value each, so that a heap of equal ones is met exactly.
    tenths = np.quantile(known, _TENTHS, method="inverted_cdf")
    heaps = tenths[1:][np.diff(tenths) == 0]
    return np.unique(np.concatenate([tenths, np.nextafter(heaps, -np.inf)]))
