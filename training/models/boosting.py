"""Gradient boosted trees; the only file that imports `lightgbm`."""

from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from recsys.errors import NotEnoughDataError
from recsys.scorers.trees import Trees
from training.basket_config import BoostingConfig


def fit_trees(features: NDArray[np.float32], labels: NDArray[np.bool_], config: BoostingConfig, *, seed: int) -> Trees:
    """
    Trees whose sum is the log-odds that the label is true (LightGBM, Ke et al. 2017; logistic loss), up to a constant.

    One thread and fixed seeds: same rows, same trees.

    Args:
        features: Shape (n, d), no NaN.
        labels: Shape (n,).
        config: Size and shrinkage.
        seed: Of the samples of rows and columns.

    Raises:
        NotEnoughDataError: All labels are equal, or there are none.
    """
    if not labels.any() or labels.all():
        raise NotEnoughDataError(
            f"{int(labels.sum())} of {len(labels)} labels are true; trees need some that are and some that are not"
        )
    settings = {
        "objective": "binary",
        "learning_rate": config.learning_rate,
        "num_leaves": config.n_leaves,
        "min_data_in_leaf": config.min_leaf_rows,
        "lambda_l2": config.l2,
        "feature_fraction": config.feature_share,
        "bagging_fraction": config.row_share,
        "bagging_freq": 1,
        "use_missing": False,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "verbosity": -1,
    }
    rows = lightgbm.Dataset(features, labels.astype(np.float32), params={"verbosity": -1, "use_missing": False})
    booster = lightgbm.train(settings, rows, config.n_trees)
    return _flat(booster.dump_model()["tree_info"], features.shape[1])


def _flat(trees: list[dict[str, Any]], n_features: int) -> Trees:
    nodes: list[tuple[int, float, int, int, float]] = []
    roots, deepest = [], 0
    for tree in trees:
        roots.append(len(nodes))
        deepest = max(deepest, _add(tree["tree_structure"], nodes))
    feature, threshold, left, right, value = (np.array(column) for column in zip(*nodes, strict=True))
    return Trees(
        roots=np.array(roots, dtype=np.int32),
        feature=feature.astype(np.int32),
        threshold=threshold.astype(np.float64),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        value=value.astype(np.float64),
        depth=deepest,
        n_features=n_features,
    )


def _add(node: dict[str, Any], nodes: list[tuple[int, float, int, int, float]]) -> int:
    """Append a node and all below it; the depth below it."""
    here = len(nodes)
    if "split_feature" not in node:
        nodes.append((0, 0.0, here, here, float(node["leaf_value"])))
        return 0
    nodes.append((0, 0.0, 0, 0, 0.0))
    left = len(nodes)
    depth = _add(node["left_child"], nodes)
    right = len(nodes)
    depth = max(depth, _add(node["right_child"], nodes))
    nodes[here] = (int(node["split_feature"]), float(node["threshold"]), left, right, 0.0)
    return depth + 1
