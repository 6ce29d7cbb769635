"""What published recipes do to columns before they learn: encodings and resampling.

Everything is learnt from training rows alone. Risks and rates are floats from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors

from benchmarks.raw_columns import Floats, Words

Outcomes = npt.NDArray[np.int64]


class TargetMeans:
    """Denial rate of each word of a column, smoothed to the overall rate.

    The weight of a word's own rate is a logistic curve of its count, half at `half`
    rows, as `category_encoders.TargetEncoder` has it (20 and 10); 0 and 0: the plain
    mean. A word never seen in training has the overall rate.
    """

    def __init__(
        self,
        columns: Sequence[Words],
        denied: Outcomes,
        *,
        half: float = 20.0,
        scale: float = 10.0,
    ) -> None:
        self._overall = float(denied.mean())
        self._means = [
            self._learnt(column, denied, half=half, scale=scale) for column in columns
        ]

    def _learnt(
        self, column: Words, denied: Outcomes, *, half: float, scale: float
    ) -> dict[str, float]:
        words, place = np.unique(column, return_inverse=True)
        count = np.bincount(place)
        rate = np.bincount(place, weights=denied) / count
        trust = np.ones(len(count))
        if scale:
            trust = 1.0 / (1.0 + np.exp(-(count - half) / scale))
        mean = trust * rate + (1.0 - trust) * self._overall
        return dict(zip(words.tolist(), mean.tolist(), strict=True))

    def of(self, columns: Sequence[Words]) -> Floats:
        """Shape (rows, columns)."""
        return np.column_stack(
            [
                [found.get(word, self._overall) for word in column.tolist()]
                for column, found in zip(columns, self._means, strict=True)
            ]
        )


class Counts:
    """How many training rows each word of a column has; 0: never seen."""

    def __init__(self, column: Words) -> None:
        words, counts = np.unique(column, return_counts=True)
        self._counts = dict(zip(words.tolist(), counts.tolist(), strict=True))

    def of(self, column: Words) -> Floats:
        return np.array([self._counts.get(word, 0) for word in column.tolist()], float)

    def commonest(self, number: int) -> list[str]:
        """The words with most rows."""
        return sorted(self._counts, key=lambda word: -self._counts[word])[:number]


def at_most(column: Words, kept: Sequence[str]) -> Words:
    """The column with every word but the kept ones as `other`."""
    return np.where(np.isin(column, np.array(kept)), column, "other")


def imputed(values: Floats, *, by: Floats) -> Floats:
    """Missing numbers as the median of another table's column (the training rows')."""
    return np.where(np.isnan(values), np.nanmedian(by, axis=0), values)


def smote(
    columns: Floats, denied: Outcomes, *, neighbors: int = 5, seed: int
) -> tuple[Floats, Outcomes]:
    """As many denied rows as paid ones: SMOTE (Chawla et al. 2002).

    Each added row lies at random on the line from a denied row to one of its nearest
    denied neighbors.
    """
    rare = columns[denied == 1]
    missing = int((denied == 0).sum() - len(rare))
    if missing <= 0 or len(rare) <= neighbors:
        return columns, denied
    random = np.random.default_rng(seed)
    nearest = NearestNeighbors(n_neighbors=neighbors + 1, n_jobs=1).fit(rare)
    near = nearest.kneighbors(rare, return_distance=False)[:, 1:]
    start = random.integers(0, len(rare), missing)
    end = near[start, random.integers(0, neighbors, missing)]
    share = random.random((missing, 1))
    added = rare[start] + share * (rare[end] - rare[start])
    return (
        np.vstack([columns, added]),
        np.concatenate([denied, np.ones(missing, np.int64)]),
    )


def recalibrated(risk: Floats, denied: Outcomes, later: Floats) -> Floats:
    """`later` put right by the logistic curve that fits `risk` to `denied`."""

    def odds(values: Floats) -> Any:
        clipped = np.clip(values, 1e-6, 1 - 1e-6)
        return np.log(clipped / (1.0 - clipped))[:, np.newaxis]

    curve = LogisticRegression(C=1e6).fit(odds(risk), denied)
    if curve.coef_[0, 0] <= 0:
        # Ranks upside down on the last rows: believed to know nothing.
        return np.full(len(later), denied.mean())
    return np.asarray(curve.predict_proba(odds(later))[:, 1], np.float64)
