"""LightGBM's SHAP values, the same as `pred_contrib` gives and many times faster.

`pred_contrib` walks every tree anew for every row. Here a tree is asked for each
*pattern* of its own decisions once and what it gave is kept: rows that go the same way
at every node of a tree get the same contributions from it, and a tree of sixteen leaves
shows only some hundred patterns however many claims are scored. A row gets the same
bits alone and in any batch: every sum is taken in the order of the trees.

Of one leaf with value v, the Shapley value of feature j on its path is v (o_j - z_j)
times the integral over t in (0, 1) of the product over the path's other features i of
(z_i (1 - t) + o_i t): o_i is 1 where the row follows every split on feature i, else 0,
and z_i the share of training rows that do (the path-dependent TreeSHAP of Lundberg et
al. 2020, whose subset weights are this Beta integral). The integrand is a polynomial,
so that Gauss-Legendre nodes give it exactly.
"""

import threading
from itertools import repeat

import lightgbm
import msgspec
import numpy as np
import numpy.typing as npt

from denialml.modeling.risk.tree_reading import Tree, read_tree

Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
# Rows and patterns handled at once: what they need stays in the processor's cache.
_ROWS_AT_ONCE = 64
_PATTERNS_AT_ONCE = 256
# Patterns kept of all trees together: some forty megabytes. With more, all are
# forgotten and learnt anew.
_PATTERNS_KEPT = 150_000
# A key is the tree's number and, below it, the bits of the pattern.
_PATTERN_BITS = 32


class _Paths(msgspec.Struct, frozen=True):
    """The leaves' paths of all trees, see `Tree`; what a tree lacks adds nothing.

    All are (path, trees, leaves), `values` (trees, leaves): the longest axis last.
    """

    slots: Places
    shares: Floats
    wanted: npt.NDArray[np.int64]
    asked: npt.NDArray[np.int64]
    values: Floats


class _Known:
    """What trees gave for the patterns seen so far.

    `places`: key -> row of `given`, (patterns, slots). `given` is written, or replaced
    by a longer copy, before a place in it is told: read a place, then `given`.
    `in_order` are most of the keys, sorted, and their places, to look up many at once.
    """

    def __init__(self, slots: int) -> None:
        self.places: dict[int, int] = {}
        self.given: Floats = np.empty((0, slots))
        self.in_order: tuple[Keys, Places] = (
            np.empty(0, np.int64),
            np.empty(0, np.intp),
        )

    def find(self, keys: Keys) -> Places:
        """The row of each key in `given`, -1 where it is not known."""
        ordered, places = self.in_order
        if not len(ordered):
            return self._find_each(keys)
        at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
        found = places[at]
        other = np.flatnonzero(ordered[at] != keys)
        found[other] = self._find_each(keys[other])
        return found

    def sort(self) -> None:
        """Put the keys in order once enough were added."""
        if len(self.places) > 1.1 * len(self.in_order[0]) + _PATTERNS_AT_ONCE:
            count = len(self.places)
            keys = np.fromiter(self.places, dtype=np.int64, count=count)
            order = np.argsort(keys)
            self.in_order = (keys[order], order)

    def _find_each(self, keys: Keys) -> Places:
        found = map(self.places.get, keys.tolist(), repeat(-1))
        return np.fromiter(found, dtype=np.intp, count=len(keys))


class BatchContributions:
    """Exact contributions of one model; safe to share between threads.

    Raises
    ------
    ValueError
        If the model has categorical splits, treats zero as missing, or has trees of
        more than 33 leaves; `prepared` gives None instead.
    """

    def __init__(self, booster: lightgbm.Booster) -> None:
        read = [
            read_tree(info["tree_structure"])
            for info in booster.dump_model()["tree_info"]
        ]
        self._width = booster.num_feature()
        self._base = 0.0
        for tree in read:
            self._base += tree.expected
        trees = [tree for tree in read if len(tree.feature)]
        self._slots = max((len(tree.features) for tree in trees), default=1)
        self._read_conditions(trees)
        self._paths = _paths_of(trees, slots=self._slots)
        self._quadrature = _quadrature(len(self._paths.slots))
        self._columns = _columns_of(trees, slots=self._slots, width=self._width)
        self._known = _Known(self._slots)
        self._learning = threading.Lock()

    def __call__(self, matrix: Floats) -> Floats:
        """float64 (rows, features + 1); the last column is the base.

        Raises
        ------
        ValueError
            If the rows have not the model's width.
        """
        if matrix.shape[1] != self._width:
            width = matrix.shape[1]
            raise ValueError(f"a row has {width}, the model takes {self._width}")
        result = np.empty((len(matrix), self._width + 1), dtype=np.float64)
        for start in range(0, len(matrix), _ROWS_AT_ONCE):
            rows = matrix[start : start + _ROWS_AT_ONCE]
            result[start : start + len(rows)] = self._of_rows(rows)
        return result

    def _of_rows(self, rows: Floats) -> Floats:
        if not len(self._tree_keys):
            sums = np.zeros((len(rows), self._width + 1))
        else:
            shares = self._given_for(self._keys_of(rows).ravel()).ravel()
            columns = self._columns[: len(rows)].ravel()
            length = len(rows) * (self._width + 1)
            added = np.bincount(columns, weights=shares, minlength=length)
            sums = added.astype(np.float64, copy=False).reshape(len(rows), -1)
        sums[:, self._width] = self._base
        return sums

    def _keys_of(self, rows: Floats) -> Keys:
        """Which pattern each row shows to each tree, (rows, trees)."""
        asked = np.take(rows, self._feature, axis=1)
        left = asked <= self._threshold
        left |= np.isnan(asked) & self._nan_left
        left = np.take(left, self._condition, axis=1)
        packed = np.packbits(left, axis=1, bitorder="little")
        patterns: Keys = packed.view(self._word).astype(np.int64)
        return patterns + self._tree_keys

    def _given_for(self, keys: Keys) -> Floats:
        """What the trees give for these keys, (keys, slots); new ones are learnt."""
        known = self._known
        at = known.find(keys)
        if at.min() < 0:
            with self._learning:
                known = self._learn(np.unique(keys[at < 0]).tolist())
            at = known.find(keys)
        return known.given[at]

    def _learn(self, keys: list[int]) -> _Known:
        """Add what is not known yet; another thread may have been quicker."""
        known = self._known
        new = [key for key in keys if key not in known.places]
        first = len(known.places)
        if first + len(new) > len(known.given):
            given = np.empty((2 * (first + len(new)), self._slots))
            given[:first] = known.given[:first]
            known.given = given
        for start in range(0, len(new), _PATTERNS_AT_ONCE):
            some = np.array(new[start : start + _PATTERNS_AT_ONCE], dtype=np.int64)
            known.given[first + start : first + start + len(some)] = self._of_keys(some)
        known.places.update(zip(new, range(first, first + len(new)), strict=True))
        known.sort()
        if len(known.places) > _PATTERNS_KEPT:
            self._known = _Known(self._slots)
        return known

    def _of_keys(self, keys: npt.NDArray[np.int64]) -> Floats:
        """Contributions of each key's pattern to its tree, (keys, slots)."""
        trees, patterns = keys >> _PATTERN_BITS, keys & ((1 << _PATTERN_BITS) - 1)
        paths, slots = self._paths, self._slots
        shares = np.take(paths.shares, trees, axis=1)
        follows = np.take(paths.asked, trees, axis=1) & patterns[:, None]
        follows ^= np.take(paths.wanted, trees, axis=1)
        # One or zero for each feature, less its share.
        apart = (follows == 0) - shares
        weights = np.zeros_like(shares)
        for node, weight in self._quadrature:
            terms = apart * node
            terms += shares
            weights += weight * terms.prod(axis=0) / terms
        weights *= apart
        weights *= paths.values[trees]
        first = np.arange(len(keys))[:, None] * (slots + 1)
        sums: Floats = np.bincount(
            (np.take(paths.slots, trees, axis=1) + first).ravel(),
            weights=weights.ravel(),
            minlength=len(keys) * (slots + 1),
        ).astype(np.float64, copy=False)
        return sums.reshape(len(keys), slots + 1)[:, :slots]

    def _read_conditions(self, trees: list[Tree]) -> None:
        """Each question that some node asks once, and which node asks which."""
        most = max((len(tree.feature) for tree in trees), default=1)
        bits = next(bits for bits in (8, 16, 32) if most <= bits)
        asked: dict[tuple[int, float, bool], int] = {}
        # A bit without a node is never set: nothing is at most minus infinity.
        never = (0, -np.inf, False)
        self._condition = np.array(
            [
                asked.setdefault(question, len(asked))
                for tree in trees
                for question in [
                    *zip(
                        tree.feature.tolist(),
                        tree.threshold.tolist(),
                        tree.nan_left.tolist(),
                        strict=True,
                    ),
                    *[never] * (bits - len(tree.feature)),
                ]
            ],
            dtype=np.intp,
        )
        self._feature = np.array([one[0] for one in asked], dtype=np.intp)
        self._threshold = np.array([one[1] for one in asked], dtype=np.float64)
        self._nan_left = np.array([one[2] for one in asked], dtype=np.bool_)
        self._word = np.dtype(f"<u{bits // 8}")
        self._tree_keys = np.arange(len(trees), dtype=np.int64) << _PATTERN_BITS


def prepared(booster: lightgbm.Booster) -> BatchContributions | None:
    """The model's batch contributions; None where only LightGBM can give them."""
    try:
        return BatchContributions(booster)
    except ValueError:
        return None


def _columns_of(trees: list[Tree], *, slots: int, width: int) -> Places:
    """Where each slot of each tree is added, (rows at once, trees, slots).

    Positions in a flat (rows, features + 1); a slot without a feature falls on the
    base, which is written last.
    """
    columns = np.full((len(trees), slots), width, dtype=np.intp)
    for at, tree in enumerate(trees):
        columns[at, : len(tree.features)] = tree.features
    return columns + (np.arange(_ROWS_AT_ONCE) * (width + 1))[:, None, None]


def _paths_of(trees: list[Tree], *, slots: int) -> _Paths:
    longest = max((tree.slots.shape[1] for tree in trees), default=1)
    leaves = max((len(tree.values) for tree in trees), default=1)
    shape = (longest, len(trees), leaves)
    paths = _Paths(
        np.full(shape, slots, dtype=np.intp),
        np.ones(shape),
        np.zeros(shape, dtype=np.int64),
        np.zeros(shape, dtype=np.int64),
        np.zeros(shape[1:]),
    )
    for at, tree in enumerate(trees):
        own = (slice(tree.slots.shape[1]), at, slice(len(tree.values)))
        none = tree.slots == len(tree.features)
        paths.slots[own] = np.where(none, slots, tree.slots).T
        paths.shares[own], paths.wanted[own] = tree.shares.T, tree.wanted.T
        paths.asked[own] = tree.asked.T
        paths.values[at, : len(tree.values)] = tree.values
    return paths


def _quadrature(path: int) -> list[tuple[float, float]]:
    """Nodes and weights on (0, 1), exact for the product of `path` linear terms."""
    nodes, weights = np.polynomial.legendre.leggauss(path // 2 + 1)
    return [
        (float(0.5 * node + 0.5), float(0.5 * weight))
        for node, weight in zip(nodes, weights, strict=True)
    ]
