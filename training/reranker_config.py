"""Settings of the second stage and of calibration, with their defaults nowhere else."""

from typing import Annotated

from pydantic import Field

from training.basket_config import BoostingConfig
from training.settings import Count, Positive, Settings


class RerankerConfig(Settings):
    """Trees that put what all sources propose into one order; see training/second_stage.py."""

    enabled: bool = True
    n_snapshots: Count = 2
    """Windows that it learns from, each with models that know nothing of it."""
    window_days: Positive = 14.0
    """What a member buys within so many days of a snapshot is what should have been ranked first. As long as
    evaluation.holdout_days, fits are shared with the evaluation; otherwise each window costs fits of its own."""
    max_members: Count = 5_000
    """Members of one snapshot; more are sampled."""
    n_negatives: Count = 30
    """Candidates of a member that were not bought and are learnt from; more are sampled, anew for each set of trees."""
    min_gain_share: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.05
    """It is served only where its NDCG@10 on the validation window is higher by this share than that of the best single
    source and of plain rank fusion."""
    n_bags: Count = 4
    """So many sets of trees are added up, each with samples of its own: one alone leans on the luck of its samples."""
    boosting: BoostingConfig = BoostingConfig(
        n_trees=60, learning_rate=0.1, n_leaves=7, min_leaf_rows=100, row_share=1.0
    )


class CalibrationConfig(Settings):
    """Probabilities that meet money, held against what happened; see training/calibration.py."""

    enabled: bool = True
    n_bins: Annotated[int, Field(ge=2, le=100)] = 10
    min_outcomes: Count = 200
    """Nothing is changed on the word of fewer outcomes."""
