"""The sources of candidates: which models there are, what each needs, and whether the configuration wants it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from features.dataset import Dataset
from recsys.catalogue import Catalogue
from recsys.members import Members
from recsys.scorers.base import Scorer
from recsys.scorers.factors import FactorScorer
from recsys.scorers.neighbours import NeighbourScorer
from recsys.scorers.popularity import PopularityScorer
from training.config import TrainConfig
from training.models import (
    als,
    basket_sources,
    collaborative,
    content,
    due_again,
    frequency,
    graph,
    ials,
    lightfm_hybrid,
    local_popularity,
    seasonal,
    sparse_ease,
    trending,
)

ALS, LIGHTFM, NEIGHBOURS = "als", "lightfm", "item_neighbours"
FREQUENCY, OWN_ORDERS, POPULAR = "frequency", "own_orders", "popular_segment"
CONTENT, GRAPH, SEQUENCE, DUE_AGAIN = "content", "graph", "sequence", "due_again"
RECENT, TRENDING, SEASONAL = "recent", "trending", "seasonal"
STORE, CHANNEL = "popular_store", "popular_channel"
NEXT_BASKET, TIFU_KNN, UP_CF = "next_basket", "tifu_knn", "up_cf"
IALS, SPARSE_EASE, COLLABORATIVE = "ials", "sparse_ease", "collaborative"


@dataclass(frozen=True, slots=True)
class Material:
    """
    What a source may learn from.

    Attributes:
        dataset: Facts strictly before its cut-off.
        members, catalogue: Its nouns.
        config: All settings; a source reads its own section.
        neighbours, popularity: Fitted before all sources, because serving needs them whatever the blend holds.
        models: By source name: those that the source named in ``needs``.
    """

    dataset: Dataset
    members: Members
    catalogue: Catalogue
    config: TrainConfig
    neighbours: NeighbourScorer
    popularity: PopularityScorer
    models: Mapping[str, Scorer]


@dataclass(frozen=True, slots=True)
class Source:
    """
    One source of candidates.

    Attributes:
        name: In every table, in the blend's weights and in the reasons of a decision.
        enabled: Whether the configuration wants it.
        fit: From the material and the source's own generator to a scorer.
        needs: Names of sources that are fitted before it, wanted or not.
    """

    name: str
    enabled: Callable[[TrainConfig], bool]
    fit: Callable[[Material, np.random.Generator], Scorer]
    needs: tuple[str, ...] = ()


def _always(_: TrainConfig) -> bool:
    return True


def _content(of: Material) -> Scorer:
    factors = of.models[ALS]
    assert isinstance(factors, FactorScorer), f"{ALS} gave a {type(factors).__name__}"
    return content.fit(of.dataset, of.config.content, factors)


SOURCES = (
    Source(ALS, lambda config: config.als.enabled, lambda of, rng: als.fit(of.dataset, of.config.als, rng)),
    Source(
        LIGHTFM,
        lambda config: config.lightfm.enabled,
        lambda of, rng: lightfm_hybrid.fit(
            of.dataset, of.config.lightfm, rng, members=of.members, catalogue=of.catalogue
        ),
    ),
    Source(NEIGHBOURS, lambda config: config.neighbours.enabled, lambda of, _: of.neighbours),
    Source(FREQUENCY, _always, lambda of, _: frequency.fit(of.dataset, of.config.frequency)),
    # The floor is a source too: where nothing tuned beats a plain count, the blend can be that count.
    Source(OWN_ORDERS, _always, lambda of, _: frequency.fit_plain(of.dataset)),
    Source(POPULAR, _always, lambda of, _: of.popularity),
    Source(CONTENT, lambda config: config.content.enabled, lambda of, _: _content(of), needs=(ALS,)),
    Source(GRAPH, lambda config: config.graph.enabled, lambda of, _: graph.fit(of.dataset, of.config.graph)),
    Source(SEQUENCE, lambda config: config.sequence.enabled, lambda of, _: graph.fit(of.dataset, of.config.sequence)),
    Source(
        DUE_AGAIN, lambda config: config.due_again.enabled, lambda of, _: due_again.fit(of.dataset, of.config.due_again)
    ),
    Source(
        RECENT, lambda config: config.recent.enabled, lambda of, _: trending.fit_recent(of.dataset, of.config.recent)
    ),
    Source(
        TRENDING,
        lambda config: config.trending.enabled,
        lambda of, _: trending.fit_trending(of.dataset, of.config.trending),
    ),
    Source(
        SEASONAL, lambda config: config.seasonal.enabled, lambda of, _: seasonal.fit(of.dataset, of.config.seasonal)
    ),
    Source(
        STORE,
        lambda config: config.stores.enabled,
        lambda of, _: local_popularity.fit(of.dataset, of.config.stores, local_popularity.STORE),
    ),
    Source(
        CHANNEL,
        lambda config: config.channels.enabled,
        lambda of, _: local_popularity.fit(of.dataset, of.config.channels, local_popularity.CHANNEL),
    ),
    Source(
        NEXT_BASKET,
        lambda config: config.next_basket.enabled,
        lambda of, rng: basket_sources.fit_next_basket(of.dataset, of.config.next_basket, rng),
    ),
    Source(
        TIFU_KNN,
        lambda config: config.tifu_knn.enabled,
        lambda of, rng: basket_sources.fit_tifu_knn(of.dataset, of.config.tifu_knn, rng),
    ),
    Source(
        UP_CF,
        lambda config: config.up_cf.enabled,
        lambda of, rng: basket_sources.fit_up_cf(of.dataset, of.config.up_cf, rng),
    ),
    Source(IALS, lambda config: config.ials.enabled, lambda of, rng: ials.fit(of.dataset, of.config.ials.model, rng)),
    Source(
        SPARSE_EASE,
        lambda config: config.sparse_ease.enabled,
        lambda of, rng: sparse_ease.fit(of.dataset, of.config.sparse_ease.model, rng),
    ),
    Source(
        COLLABORATIVE,
        lambda config: config.collaborative.enabled,
        lambda of, rng: collaborative.fit(of.dataset, of.config.collaborative.model, rng),
    ),
)
"""In the order in which the blend lists them; one that others need stands before them."""
