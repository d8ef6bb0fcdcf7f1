"""Settings of the models of the next product, with their defaults nowhere else."""

from typing import Annotated

from pydantic import Field

from training.settings import Count, Decay, Power, Settings, Share


class RecencyGraphConfig(Settings):
    """See training/models/recency_graph.py; chosen on the validation purchases of Amazon Beauty and Toys together."""

    window: Count = 50
    """Places of a history between two products, at most."""
    distance_power: Power = 0.5
    length_power: Power = 0.3
    backward: Share = 0.7
    popularity_power: Power = 0.3


class SourceWeightsConfig(Settings):
    """How much each source counts once its best product has 1; of the popularity, its log1p."""

    following: Power = 1.0
    second: Power = 0.45
    alike: Power = 0.3
    profile: Power = 0.3
    mapped: Power = 0.3
    popular: Power = 0.03


class NextProductConfig(Settings):
    """See training/models/next_product.py; chosen as `RecencyGraphConfig` was."""

    graph: RecencyGraphConfig = RecencyGraphConfig()
    decay: Decay = 0.6
    """What each further place back in a history counts, in the product graphs."""
    attribute_decay: Decay = 0.8
    """The same where the attributes of the history are summed."""
    n_second: Count = 300
    n_alike: Count = 200
    """Products kept a product, two steps away and alike in their attributes."""
    ridge: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    weights: SourceWeightsConfig = SourceWeightsConfig()


class ColdProductsConfig(Settings):
    """See training/models/cold_products.py; chosen on validation purchases of Amazon Beauty, with three seeds."""

    likeness_power: Power = 2.0
    hub_power: Share = 0.5
    """How far a product that is like everything is held back."""
    own: Power = 0.3
    spread: Power = 0.3
    mapped: Power = 0.4
    """Weights of the sources once the best cold product of each has 1."""
    cold_weight: Power = 1.0
    """What a cold score counts beside those of products that were sold."""
