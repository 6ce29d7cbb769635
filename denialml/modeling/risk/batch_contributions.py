"""LightGBM's SHAP values for many rows at once, the same as `pred_contrib` gives.

`pred_contrib` walks every tree anew for every row. Here a tree is asked for each
*pattern* of its own decisions once: rows of a batch that go the same way at every node
of a tree get the same contributions from it, and a tree of sixteen leaves shows only
some hundred patterns however long the batch is.

Of one leaf with value v, the Shapley value of feature j on its path is v (o_j - z_j)
times the integral over t in (0, 1) of the product over the path's other features i of
(z_i (1 - t) + o_i t): o_i is 1 where the row follows every split on feature i, else 0,
and z_i the share of training rows that do (the path-dependent TreeSHAP of Lundberg et
al. 2020, whose subset weights are this Beta integral). The integrand is a polynomial,
so that Gauss-Legendre nodes give it exactly.
"""

from collections.abc import Mapping
from typing import Any

import lightgbm
import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# Patterns handled at once: bounds the working memory to some tens of megabytes.
_PATTERNS_AT_ONCE = 512
# More inner nodes than bits of a pattern: such a tree is left to LightGBM.
_MOST_NODES = 62


class _Tree(msgspec.Struct, frozen=True):
    """One tree as arrays. Nodes in preorder, leaves from left to right.

    `feature`, `threshold`, `nan_left` (nodes,). `slots` (leaves, path): the positions
    in `features` of each leaf's path features, `len(features)` where there is none;
    `shares` (leaves, path) their z, 1 where none. `wanted` and `asked` (leaves, path)
    are bit masks over nodes: which must go left, and which are asked at all.
    """

    feature: npt.NDArray[np.intp]
    threshold: Floats
    nan_left: npt.NDArray[np.bool_]
    features: npt.NDArray[np.intp]
    slots: npt.NDArray[np.intp]
    shares: Floats
    wanted: npt.NDArray[np.int64]
    asked: npt.NDArray[np.int64]
    values: Floats
    expected: float


class BatchContributions:
    """Exact contributions of one model. Immutable; safe to share between threads.

    Raises
    ------
    ValueError
        If the model has categorical splits, treats zero as missing, or has trees of
        more than 63 leaves; `prepared` gives None instead.
    """

    def __init__(self, booster: lightgbm.Booster) -> None:
        dumped = booster.dump_model()
        self._width = booster.num_feature()
        self._trees = [
            _read_tree(info["tree_structure"]) for info in dumped["tree_info"]
        ]

    def __call__(self, matrix: Floats) -> Floats:
        """float64 (rows, features + 1); the last column is the base."""
        columns = np.asfortranarray(matrix)
        missing = np.isnan(columns)
        result = np.zeros((self._width + 1, len(matrix)), dtype=np.float64)
        for tree in self._trees:
            result[self._width] += tree.expected
            if len(tree.feature):
                _add(tree, columns, missing, result)
        return np.ascontiguousarray(result.T)


def prepared(booster: lightgbm.Booster) -> BatchContributions | None:
    """The model's batch contributions; None where only LightGBM can give them."""
    try:
        return BatchContributions(booster)
    except ValueError:
        return None


def _add(
    tree: _Tree, columns: Floats, missing: npt.NDArray[np.bool_], result: Floats
) -> None:
    """Add one tree's contributions to `result`, (features + 1, rows)."""
    pattern = np.zeros(columns.shape[0], dtype=np.int64)
    for node, feature in enumerate(tree.feature):
        left = columns[:, feature] <= tree.threshold[node]
        if tree.nan_left[node]:
            left |= missing[:, feature]
        pattern |= left.astype(np.int64) << node
    distinct, which = np.unique(pattern, return_inverse=True)
    given = np.concatenate(
        [
            _of_patterns(tree, distinct[start : start + _PATTERNS_AT_ONCE])
            for start in range(0, len(distinct), _PATTERNS_AT_ONCE)
        ]
    )
    for slot, feature in enumerate(tree.features):
        result[feature] += given[:, slot][which]


def _of_patterns(tree: _Tree, patterns: npt.NDArray[np.int64]) -> Floats:
    """Contributions of `tree.features` for each pattern, (patterns, features)."""
    follows = (patterns[:, None, None] & tree.asked) == tree.wanted
    ones = follows.astype(np.float64)
    weights = np.zeros_like(ones)
    for node, weight in _quadrature(tree.slots.shape[1]):
        terms = tree.shares * (1.0 - node) + ones * node
        weights += weight * terms.prod(axis=2, keepdims=True) / terms
    shapley = weights * (ones - tree.shares) * tree.values[:, None]
    given = np.zeros((len(patterns), len(tree.features) + 1))
    for leaf in range(len(tree.values)):
        for place in range(tree.slots.shape[1]):
            given[:, tree.slots[leaf, place]] += shapley[:, leaf, place]
    return given[:, :-1]


def _quadrature(path: int) -> list[tuple[float, float]]:
    """Nodes and weights on (0, 1), exact for the product of `path` linear terms."""
    nodes, weights = np.polynomial.legendre.leggauss(path // 2 + 1)
    return [
        (float(0.5 * node + 0.5), float(0.5 * weight))
        for node, weight in zip(nodes, weights, strict=True)
    ]


class _Path(msgspec.Struct, frozen=True):
    """What a leaf's path asks of one feature: its share z, and the nodes' masks."""

    share: float = 1.0
    asked: int = 0
    wanted: int = 0


class _Growing(msgspec.Struct):
    """A tree while it is read."""

    features: list[int] = []
    thresholds: list[float] = []
    nan_left: list[bool] = []
    leaves: list[tuple[float, int, dict[int, _Path]]] = []


def _read_tree(root: Mapping[str, Any]) -> _Tree:
    growing = _Growing()
    _visit(root, {}, growing)
    if len(growing.features) > _MOST_NODES:
        raise ValueError("the tree has more nodes than a pattern has bits")
    used = sorted(set(growing.features))
    place = {feature: position for position, feature in enumerate(used)}
    longest = max(len(path) for _, _, path in growing.leaves)
    shape = (len(growing.leaves), longest)
    slots = np.full(shape, len(used), dtype=np.intp)
    shares = np.ones(shape)
    wanted, asked = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for leaf, (_, _, path) in enumerate(growing.leaves):
        for position, (feature, step) in enumerate(path.items()):
            slots[leaf, position] = place[feature]
            shares[leaf, position] = step.share
            wanted[leaf, position], asked[leaf, position] = step.wanted, step.asked
    values = np.array([value for value, _, _ in growing.leaves])
    counts = np.array([count for _, count, _ in growing.leaves], dtype=np.float64)
    return _Tree(
        np.array(growing.features, dtype=np.intp),
        np.array(growing.thresholds),
        np.array(growing.nan_left, dtype=np.bool_),
        np.array(used, dtype=np.intp),
        slots,
        shares,
        wanted,
        asked,
        values,
        float(np.average(values, weights=counts)) if counts.sum() else values[0],
    )


def _visit(node: Mapping[str, Any], path: dict[int, _Path], growing: _Growing) -> None:
    if "leaf_value" in node:
        count = int(node.get("leaf_count", 0))
        growing.leaves.append((float(node["leaf_value"]), count, path))
        return
    if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
        raise ValueError("a split that is not a plain threshold")
    bit = 1 << len(growing.features)
    feature = int(node["split_feature"])
    threshold = float(node["threshold"])
    growing.features.append(feature)
    growing.thresholds.append(threshold)
    # A feature without missing values in training: LightGBM takes NaN for zero.
    growing.nan_left.append(
        bool(node["default_left"])
        if node["missing_type"] == "NaN"
        else threshold >= 0.0
    )
    before = path.get(feature, _Path())
    for side, goes_left in (("left_child", True), ("right_child", False)):
        child = node[side]
        share = _rows_of(child) / _rows_of(node)
        step = _Path(
            before.share * share,
            before.asked | bit,
            before.wanted | (bit if goes_left else 0),
        )
        _visit(child, {**path, feature: step}, growing)


def _rows_of(node: Mapping[str, Any]) -> int:
    """How many training rows came through a node."""
    count = node.get("internal_count", node.get("leaf_count", 0))
    if not count:
        raise ValueError("a node without training rows")
    return int(count)
