"""Settings of the collaborative models that need no more than who bought what, with their defaults nowhere else."""

from training.settings import Count, Positive, Power, Settings


class FactorisationConfig(Settings):
    """Own implicit ALS; see training/models/ials.py for what each stands for in the loss."""

    factors: Count = 128
    iterations: Count = 5
    unobserved_weight: Positive = 0.01
    """alpha0: what a pair that was not bought counts beside one that was."""
    regularization: Positive = 0.005
    """lambda."""
    frequency_power: Power = 1.0
    """nu: 0 holds all vectors back alike, 1 in proportion to how much evidence stands against it."""
    initial_deviation: Positive = 0.1
    """Of a vector at the start; its length, not that of one number in it."""


class IalsConfig(FactorisationConfig):
    """The same, and how fast orders fade."""

    half_life_days: Positive = 120.0


class SparseEaseConfig(Settings):
    """EASE on the nearest products of each product; see training/models/sparse_ease.py."""

    n_related: Count = 100
    ridge: Positive = 50.0
    """lambda: as many members more would have bought each product alone."""
    half_life_days: Positive = 120.0


class CollaborativeConfig(Settings):
    """
    Product walks, ridge regressions and vectors together; see training/models/collaborative.py.

    The walks' powers and length are those published for Gowalla's check-ins. All else was chosen on a quarter of the
    training part of that set, held out at random and by groups of products, with the CPU-seconds of `implicit` ALS as a
    bound: more neighbours and more vectors rank better.
    """

    n_related: Count = 500
    """Products that a walk from a product keeps."""
    walk_power: Power = 0.75
    popularity_power: Power = 0.3
    """alpha and beta of RP3beta."""
    n_explaining: Count = 24
    """Of those the nearest, which explain the product in a regression."""
    ridge: Positive = 50.0
    vectors: FactorisationConfig = FactorisationConfig(factors=64, iterations=4)
    walked_weight: Power = 1.0
    explained_weight: Power = 0.8
    vectors_weight: Power = 0.7
    """What each source counts once the member's best product in it has 1."""
    half_life_days: Positive = 120.0
