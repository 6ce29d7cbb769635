"""What a published recipe is handed: rows in time, raw columns, outcomes. Simulated."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, hstack, issparse

from benchmarks.baselines import ON_FILE
from benchmarks.peer_encodings import imputed, recalibrated
from benchmarks.raw_columns import Floats, RawColumns, Rows

if TYPE_CHECKING:
    from benchmarks.backtest import World

# The last tenth of the training rows, in time, puts risks right.
_LAST = 0.1
Tables = tuple[Any, Any, Any]


class Learning:
    """What a recipe is handed: earlier rows with outcomes, last rows and test rows.

    `on_file`: to every recipe's own columns are added those of what the practice had on
    file (the ones of `baselines` without history), scaled, with flags of missing ones.
    """

    def __init__(self, world: World, *, on_file: bool = False) -> None:
        cut = int(len(world.train) * (1 - _LAST))
        parts = (world.train[:cut], world.train[cut:], world.test)
        denied = [world.frame.denied[rows].astype(np.int64) for rows in parts]
        self.first, self.last, self.test = (RawColumns(world, rows) for rows in parts)
        self.denied, self.denied_last, self.denied_test = denied
        self._on_file = [_scaled(world, rows, by=parts[0]) for rows in parts]
        if not on_file:
            self._on_file = [each[:, :0] for each in self._on_file]

    @property
    def added(self) -> int:
        """How many columns `tables` adds."""
        return int(self._on_file[0].shape[1])

    def tables(self, draw: Callable[[RawColumns], Any]) -> Tables:
        """The first, last and test rows as one function draws them, and what is added.

        Arrays or sparse matrices of shape (rows, columns).
        """
        drawn = []
        for raw, added in zip(
            (self.first, self.last, self.test), self._on_file, strict=True
        ):
            table = draw(raw)
            drawn.append(
                hstack([table, csr_matrix(added)], format="csr")
                if issparse(table)
                else np.hstack([table, added])
            )
        first, last, test = drawn
        return first, last, test

    def risks(self, model: Any, tables: Tables) -> Floats:
        """Test risks of a fitted classifier, put right on the last rows."""
        _, last, test = tables
        return recalibrated(
            model.predict_proba(last)[:, 1],
            self.denied_last,
            model.predict_proba(test)[:, 1],
        )


def _scaled(world: World, rows: Rows, *, by: Rows) -> Floats:
    base = world.frame.matrix[np.ix_(by, ON_FILE)]
    values = world.frame.matrix[np.ix_(rows, ON_FILE)]
    known = ~np.isnan(base).all(axis=0)
    base, values = base[:, known], values[:, known]
    some = np.isnan(base).any(axis=0)
    filled, fillings = imputed(values, by=base), imputed(base, by=base)
    spread = np.maximum(fillings.std(axis=0), 1e-9)
    return np.hstack(
        [(filled - fillings.mean(axis=0)) / spread, np.isnan(values[:, some])]
    )
