"""Boosted regression trees as flat arrays, so that a trained model needs no library to be evaluated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import InputError

_BLOCK_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class Trees:
    """
    Binary trees whose answers are added up.

    Attributes:
        roots: Shape (n_trees,), int32: node where each tree begins.
        feature: Shape (n_nodes,), int32: column that the node asks about; any column at a leaf.
        threshold: Shape (n_nodes,), float64: rows with a value up to it go left.
        missing_left: Shape (n_nodes,), bool: rows without a value (NaN) go left; any answer at a leaf.
        left, right: Shape (n_nodes,), int32: the next node; a leaf leads to itself.
        value: Shape (n_nodes,), float64: what a leaf answers.
        depth: The most steps from a root to a leaf.
        n_features: Columns that the trees were fitted on.

    Example:
        >>> stump = Trees(np.array([0]), np.array([1, 0, 0]), np.array([0.5, 0, 0]), np.array([False, True, True]),
        ...               np.array([1, 1, 2]), np.array([2, 1, 2]), np.array([0.0, -1.0, 3.0]), depth=1, n_features=2)
        >>> stump.predict(np.array([[9.0, 0.5], [9.0, 0.6], [9.0, np.nan]])).tolist()
        [-1.0, 3.0, 3.0]
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    depth: int
    n_features: int

    @classmethod
    def joined(cls, several: Sequence["Trees"]) -> "Trees":
        """
        All trees of several as one, whose answers are added up.

        Raises:
            InputError: There is none, or they ask about different numbers of columns.
        """
        if len({one.n_features for one in several}) != 1:
            raise InputError(
                f"trees on {[one.n_features for one in several]} columns cannot be added up; give trees of one fit"
            )
        before = np.cumsum([0, *(len(one.feature) for one in several)])[:-1].astype(np.int32)
        shifted = {
            name: np.concatenate([getattr(one, name) + start for one, start in zip(several, before, strict=True)])
            for name in ("roots", "left", "right")
        }
        same = {
            name: np.concatenate([getattr(one, name) for one in several])
            for name in ("feature", "threshold", "missing_left", "value")
        }
        return cls(**shifted, **same, depth=max(one.depth for one in several), n_features=several[0].n_features)

    def predict(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """
        Shape (n,): the sum over the trees.

        Args:
            features: Shape (n, n_features); NaN where there is no value, which each node sends its own way.

        Raises:
            InputError: The columns are not those of the fit.
        """
        if features.ndim != 2 or features.shape[1] != self.n_features:
            raise InputError(f"features have shape {features.shape}; give {self.n_features} columns")
        total = np.zeros(len(features))
        for start in range(0, len(features), _BLOCK_ROWS):
            block = np.ascontiguousarray(features[start : start + _BLOCK_ROWS])
            flat, at = block.ravel(), np.arange(len(block)) * self.n_features
            complete = not np.isnan(flat).any()
            for root in self.roots:
                node = np.full(len(block), root, dtype=np.int64)
                for _ in range(self.depth):
                    value = flat[at + self.feature[node]]
                    goes_left = value <= self.threshold[node]
                    if not complete:
                        goes_left |= np.isnan(value) & self.missing_left[node]
                    below = np.where(goes_left, self.left[node], self.right[node])
                    if np.array_equal(below, node):  # every row stands at a leaf
                        break
                    node = below
                total[start : start + len(block)] += self.value[node]
        return total
