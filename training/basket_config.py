"""Settings of the models of the next basket, with their defaults nowhere else."""

from typing import Annotated

from pydantic import Field

from training.settings import Count, Decay, Positive, Settings, Share


class TifuKnnConfig(Settings):
    """See training/models/tifu_knn.py; the defaults are those published for Ta-Feng (Li et al. 2023)."""

    n_neighbours: Count = 300
    within_decay: Decay = 0.9
    group_decay: Decay = 0.7
    group_size: Count = 7
    own_weight: Share = 0.7


class UpCfConfig(Settings):
    """See training/models/up_cf.py; the defaults are those published for Ta-Feng (Li et al. 2023)."""

    recency: Count = 10
    """Latest baskets of a member that count."""
    asymmetry: Share = 0.75
    locality: Positive = 10.0


class BoostingConfig(Settings):
    """Gradient boosted trees; see training/models/boosting.py."""

    n_trees: Count = 80
    learning_rate: Positive = 0.06
    n_leaves: Annotated[int, Field(ge=2)] = 31
    min_leaf_rows: Count = 100
    l2: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5.0
    feature_share: Annotated[float, Field(gt=0, le=1)] = 0.6
    row_share: Annotated[float, Field(gt=0, le=1)] = 0.8


class NextBasketConfig(Settings):
    """See training/models/next_basket.py."""

    slow_decay: Decay = 0.9
    fast_decay: Decay = 0.7
    n_related: Count = 100
    """Products kept a product, in each of the two product graphs."""
    source_power: Share = 0.8
    target_power: Share = 0.3
    """How far a frequent product is held back as the reason and as the result of a relation."""
    shrink_baskets: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5.0
    n_popular: Count = 60
    n_reached: Count = 60
    """Candidates a member beside the own products: best sellers of latest baskets, and best of the product graphs."""
    n_lessons: Count = 4
    """How many of each member's latest baskets are learnt from where no labels are given."""
    max_training_members: Count = 30_000
    """A member counts once a lesson."""
    negative_share: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Share of the candidates that were not bought from which the trees learn."""
    boosting: BoostingConfig = BoostingConfig()
