"""A LightGBM tree as arrays: what it asks, and of each leaf what its path asks."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

# More inner nodes than bits of a pattern: such a tree is left to LightGBM.
MOST_NODES = 32


class Tree(msgspec.Struct, frozen=True):
    """One tree as arrays. Nodes in preorder, leaves from left to right.

    `feature`, `threshold`, `nan_left` (nodes,). `slots` (leaves, path): the positions
    in `features` of each leaf's path features, `len(features)` where there is none;
    `shares` (leaves, path) their z, 1 where none. `wanted` and `asked` (leaves, path)
    are bit masks over nodes: which must go left, and which are asked at all.
    """

    feature: npt.NDArray[np.intp]
    threshold: npt.NDArray[np.float64]
    nan_left: npt.NDArray[np.bool_]
    features: npt.NDArray[np.intp]
    slots: npt.NDArray[np.intp]
    shares: npt.NDArray[np.float64]
    wanted: npt.NDArray[np.int64]
    asked: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    expected: float


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


def read_tree(root: Mapping[str, Any]) -> Tree:
    """One tree of LightGBM's dump.

    Raises
    ------
    ValueError
        If it has other splits than plain thresholds, or more nodes than fit.
    """
    growing = _Growing()
    _visit(root, {}, growing)
    if len(growing.features) > MOST_NODES:
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
    return Tree(
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
