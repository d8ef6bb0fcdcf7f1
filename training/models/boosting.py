"""Gradient boosted trees; the only file that imports `lightgbm`."""

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from recsys.errors import NotEnoughDataError
from recsys.scorers.trees import Trees
from training.basket_config import BoostingConfig

_TRUNCATION = 13
"""Pairs count whose better place is among the first so many: the ten places that matter and a few more."""

_COARSE_BINS = 63
"""Small trees of weak signals lose nothing by it, and take half the time."""

_Node = tuple[int, float, bool, int, int, float]
"""Column, threshold, where a missing value goes, left, right, value."""


def fit_trees(features: NDArray[np.float32], labels: NDArray[np.bool_], config: BoostingConfig, *, seed: int) -> Trees:
    """
    Trees whose sum is the log-odds that the label is true (LightGBM, Ke et al. 2017; logistic loss), up to a constant.

    One thread and fixed seeds: same rows, same trees.

    Args:
        features: Shape (n, d); NaN where there is no value.
        labels: Shape (n,).
        config: Size and shrinkage.
        seed: Of the samples of rows and columns.

    Raises:
        NotEnoughDataError: All labels are equal, or there are none.
    """
    return _fit(features, labels, {"objective": "binary"}, config, seed)


def fit_ranking_trees(
    features: NDArray[np.float32],
    labels: NDArray[np.bool_],
    group_sizes: NDArray[np.int64],
    config: BoostingConfig,
    *,
    seed: int,
) -> Trees:
    """
    Trees whose sum orders the rows of a group so that NDCG@10 is high: LambdaMART (Burges 2010, MSR-TR-2010-82).

    What they add up to means nothing by itself and cannot be compared between groups.

    Args:
        features: Shape (n, d); NaN where there is no value.
        labels: Shape (n,).
        group_sizes: Shape (n_groups,): how many rows each group has, in the order of the rows; together n.
        config: Size and shrinkage.
        seed: Of the samples of rows and columns.

    Raises:
        NotEnoughDataError: All labels are equal, or there are none.
    """
    ranking = {"objective": "lambdarank", "lambdarank_truncation_level": _TRUNCATION}
    return _fit(features, labels, ranking, config, seed, group_sizes)


def _fit(
    features: NDArray[np.float32],
    labels: NDArray[np.bool_],
    objective: dict[str, Any],
    config: BoostingConfig,
    seed: int,
    group_sizes: NDArray[np.int64] | None = None,
) -> Trees:
    if not labels.any() or labels.all():
        raise NotEnoughDataError(
            f"{int(labels.sum())} of {len(labels)} labels are true; trees need some that are and some that are not"
        )
    rows = lightgbm.Dataset(features, labels.astype(np.float32), group=group_sizes, params={"verbosity": -1})
    return flat_trees(lightgbm.train(objective | _settings(config, seed), rows, config.n_trees))


def _settings(config: BoostingConfig, seed: int) -> dict[str, Any]:
    return {
        "learning_rate": config.learning_rate,
        "num_leaves": config.n_leaves,
        "min_data_in_leaf": config.min_leaf_rows,
        "lambda_l2": config.l2,
        "feature_fraction": config.feature_share,
        "bagging_fraction": config.row_share,
        "bagging_freq": 1,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "verbosity": -1,
    }


@dataclass(frozen=True, slots=True)
class Ensemble:
    """
    Trees as LightGBM keeps them: for training only, where many rows are foretold once.

    Attributes:
        booster: What LightGBM trained.
    """

    booster: lightgbm.Booster

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (n,): what the trees add to the start, on the scale of the loss; features (n, d), NaN allowed."""
        return np.asarray(self.booster.predict(features, raw_score=True, num_threads=1))


def fit_ensemble(
    features: NDArray[np.float64],
    outcome: NDArray[np.float64],
    *,
    weight: NDArray[np.float64],
    start: NDArray[np.float64],
    loss: str,
    config: BoostingConfig,
    seed: int,
) -> Ensemble:
    """
    Trees that add to a start of each row what lowers the loss (LightGBM, Ke et al. 2017).

    Args:
        features: Shape (n, d); NaN where there is no value.
        outcome: Shape (n,).
        weight: Shape (n,), above 0.
        start: Shape (n,), on the scale of the loss.
        loss: ``binary``, ``tweedie`` (of power 1.5) or ``regression``.
        config: Size and shrinkage.
        seed: Of the samples of rows and columns.
    """
    rows = lightgbm.Dataset(
        features, outcome, weight=weight, init_score=start, params={"verbosity": -1, "max_bin": _COARSE_BINS}
    )
    settings = {"objective": loss, "tweedie_variance_power": 1.5} | _settings(config, seed)
    return Ensemble(lightgbm.train(settings, rows, config.n_trees))


def flat_trees(booster: lightgbm.Booster) -> Trees:
    """The trees of a booster of numbers only, which answer what `Booster.predict` answers with ``raw_score``."""
    nodes: list[_Node] = []
    roots, deepest = [], 0
    for tree in booster.dump_model()["tree_info"]:
        roots.append(len(nodes))
        deepest = max(deepest, _add(tree["tree_structure"], nodes))
    feature, threshold, missing_left, left, right, value = (np.array(column) for column in zip(*nodes, strict=True))
    return Trees(
        roots=np.array(roots, dtype=np.int32),
        feature=feature.astype(np.int32),
        threshold=threshold.astype(np.float64),
        missing_left=missing_left.astype(np.bool_),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        value=value.astype(np.float64),
        depth=deepest,
        n_features=booster.num_feature(),
    )


def _add(node: dict[str, Any], nodes: list[_Node]) -> int:
    """Append a node and all below it; the depth below it."""
    here = len(nodes)
    if "split_feature" not in node:
        nodes.append((0, 0.0, True, here, here, float(node["leaf_value"])))
        return 0
    nodes.append((0, 0.0, True, 0, 0, 0.0))
    left = len(nodes)
    depth = _add(node["left_child"], nodes)
    right = len(nodes)
    depth = max(depth, _add(node["right_child"], nodes))
    threshold = float(node["threshold"])
    # A column that had no missing value in the fit has no way for one: LightGBM then reads it as 0.
    missing_left = bool(node["default_left"]) if node["missing_type"] == "NaN" else threshold >= 0
    nodes[here] = (int(node["split_feature"]), threshold, missing_left, left, right, 0.0)
    return depth + 1
