"""Settings of the sources: the models whose lists the blend joins."""

from typing import Annotated, Literal

from pydantic import Field

from training.basket_config import NextBasketConfig, TifuKnnConfig, UpCfConfig
from training.collaborative_config import CollaborativeConfig, IalsConfig, SparseEaseConfig
from training.sequence_config import RecencyGraphConfig
from training.settings import Count, Positive, Power, Settings


class PopularityConfig(Settings):
    """What sells now: distinct buyers within ``window_days`` before the cut-off."""

    window_days: Positive = 28.0
    prior_buyers: Positive = 50.0
    """A segment's list leans on everybody's as if this many of its buyers had bought like everybody."""
    n_listed: Count = 100


class FrequencyConfig(Settings):
    """What a member buys again, and how soon: see training/models/frequency.py."""

    half_life_days: Positive = 120.0
    prior_repeats: Positive = 0.5
    """The product's own rate of repeats counts as this many repeats of each member."""
    prior_product_repeats: Positive = 20.0
    """The rate of all products counts as this many repeats of each product."""


class NeighboursConfig(Settings):
    """Products bought by the same members: cosine, shrunk for pairs that few members share; fitted for live events."""

    enabled: bool = False
    """Whether it is a source of the nightly lists too."""
    n_neighbours: Count = 100
    shrink_members: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 50.0
    max_history: Count = 200
    """Only a member's latest distinct products count, so that one wholesaler does not decide what is similar."""
    half_life_days: Positive = 90.0


class AlsConfig(Settings):
    """Implicit ALS (Hu, Koren, Volinsky 2008). Confidence is 1 + alpha x strength; see training/models/als.py."""

    enabled: bool = True
    factors: Count = 64
    iterations: Count = 15
    regularization: Positive = 1.0
    alpha: Positive = 4.0
    half_life_days: Positive = 120.0


class LightfmConfig(Settings):
    """LightFM hybrid with the WARP loss (Kula 2015): vectors from identity, tier, segment, category and brand."""

    enabled: bool = True
    factors: Count = 32
    epochs: Count = 12
    learning_rate: Positive = 0.05
    max_pairs: Count = 3_000_000
    """Pairs of member and product that are learnt from; more are sampled, and the report says so."""


class DueAgainConfig(Settings):
    """What a member is due to buy again: see training/models/due_again.py."""

    enabled: bool = False
    horizon_days: Positive = 14.0
    """The chance is that of a purchase within so many days after the cut-off."""
    half_life_days: Positive = 90.0
    """Of what is known of products and families; a member's own repeats do not fade."""
    prior_repeats: Positive = 0.7
    """The product's rate counts as this many repeats of each of its buyers."""
    prior_product_repeats: Positive = 20.0
    """The family's rate counts as this many repeats of each product."""
    prior_family_repeats: Positive = 50.0
    """The rate of all products counts as this many repeats of each family."""
    prior_shape_events: Positive = 50.0
    """That a gap's age says nothing more counts as this many purchases in each cell of the life table."""


Relation = Literal["cosine", "tf_idf", "bm25", "rp3beta", "sequence"]


class GraphConfig(Settings):
    """Candidates from one product graph: see training/models/graph.py."""

    enabled: bool = True
    relation: Relation = "rp3beta"
    n_neighbours: Count = 200
    max_history: Count = 200
    """Only a member's latest distinct products count."""
    half_life_days: Positive = 90.0
    """How fast a product of the member's history fades."""
    alpha: Power = 0.75
    beta: Power = 0.3
    """Of RP3beta: how far members and products with many purchases are held back, and popular results."""
    shrink: Power = 30.0
    """So many more buyers hold a product back that few bought; of all relations but ``sequence``."""
    sequence: RecencyGraphConfig = RecencyGraphConfig()
    """Of ``sequence``: how distance and direction count."""


class SequenceConfig(GraphConfig):
    """The same from what was bought after what."""

    enabled: bool = False
    relation: Relation = "sequence"


class RecentConfig(Settings):
    """What sells now, without a window: see training/models/trending.py."""

    enabled: bool = False
    half_life_days: Positive = 7.0


class TrendingConfig(Settings):
    """What sells faster than it did: see training/models/trending.py."""

    enabled: bool = False
    window_days: Positive = 7.0
    before_days: Positive = 28.0
    """Length of the window before it, against which it is held."""
    prior_buyers: Positive = 20.0
    """That nothing has changed counts as this many buyers of each product."""


class SeasonalConfig(Settings):
    """What sold in the same weeks a year ago: see training/models/seasonal.py."""

    enabled: bool = False
    window_days: Positive = 28.0


class LocalPopularityConfig(Settings):
    """What sells where, and through which channel: see training/models/local_popularity.py."""

    enabled: bool = False
    window_days: Positive = 28.0
    prior_buyers: Positive = 50.0
    """A place's list leans on everybody's as if this many of its buyers had bought like everybody."""
    max_places: Annotated[int, Field(ge=1, le=32_767)] = 200
    """Places with most members have lists of their own; members of the others get everybody's."""


class NextBasketSourceConfig(Settings):
    """Boosted trees on basket histories, as a source: see training/models/basket_sources.py."""

    enabled: bool = False
    window_days: Positive = 14.0
    n_windows: Count = 2
    """The latest windows of so many days are learnt from."""
    model: NextBasketConfig = NextBasketConfig()


class TifuKnnSourceConfig(Settings):
    """TIFU-KNN as a source: see training/models/tifu_knn.py."""

    enabled: bool = False
    max_pool: Count = 20_000
    """Members who can be neighbours; of more a sample, so that the cost grows with the members, not their square."""
    model: TifuKnnConfig = TifuKnnConfig()


class UpCfSourceConfig(Settings):
    """UP-CF@r as a source: see training/models/up_cf.py."""

    enabled: bool = False
    max_pool: Count = 20_000
    """As for TIFU-KNN."""
    model: UpCfConfig = UpCfConfig()


class ContentConfig(Settings):
    """Attributes mapped into the factors of ALS: see training/models/content.py."""

    enabled: bool = False
    prior_buyers: Positive = 10.0
    """With so many buyers a product's own factors and its attributes count alike."""
    ridge: Positive = 10.0
    max_attributes: Count = 3_000
    """Attributes that most products have; the map is dense in them."""


class IalsSourceConfig(Settings):
    """Own implicit ALS as a source: see training/models/ials.py."""

    enabled: bool = False
    model: IalsConfig = IalsConfig()


class SparseEaseSourceConfig(Settings):
    """Sparse EASE as a source: see training/models/sparse_ease.py."""

    enabled: bool = False
    model: SparseEaseConfig = SparseEaseConfig()


class CollaborativeSourceConfig(Settings):
    """Product walks, ridge regressions and vectors together, as a source: see training/models/collaborative.py."""

    enabled: bool = False
    model: CollaborativeConfig = CollaborativeConfig()
