"""Settings of what products have to do with each other, with their defaults nowhere else."""

from training.settings import Count, Positive, Power, Settings, Share


class TogetherConfig(Settings):
    """Products of the same order; see training/models/together.py."""

    n_related: Count = 30
    max_order_products: Count = 50
    """Of a larger order so many products count, drawn by a hash, so that one wholesaler does not decide."""
    min_orders: Count = 2
    """Orders that must hold both products: one is chance."""
    shrink_orders: Power = 5.0
    popularity_power: Share = 0.3
    """How far a product that is in many orders is held back: 0 not at all, 1 is lift."""


class SimilarConfig(Settings):
    """Products in place of each other; see training/models/similar.py. The weights add up to the score."""

    n_related: Count = 30
    n_near: Count = 20
    """Products on either side, by price within the category and within the brand there, that are compared at all."""
    category_weight: Power = 0.5
    brand_weight: Power = 0.15
    price_weight: Power = 0.2
    buyers_weight: Power = 0.5
    popularity_weight: Power = 0.05
    price_scale: Positive = 0.5
    """Difference of log prices at which two products are 1/e as close as at one price."""


class RelatedConfig(Settings):
    """Which products go in place of a product, which go with it, and what sells in its category."""

    together: TogetherConfig = TogetherConfig()
    similar: SimilarConfig = SimilarConfig()
    n_substitutes: Count = 5
    """So many of the most similar products of the same category are never listed as bought together."""
    n_popular: Count = 50
    """Best sellers listed a category."""
