"""The sources of candidates: which models there are, what each needs, and whether the configuration wants it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from features.dataset import Dataset
from recsys.catalogue import Catalogue
from recsys.members import Members
from recsys.scorers.base import Scorer
from recsys.scorers.neighbours import NeighbourScorer
from recsys.scorers.popularity import PopularityScorer
from training.config import TrainConfig
from training.models import als, frequency, lightfm_hybrid

ALS, LIGHTFM, NEIGHBOURS = "als", "lightfm", "item_neighbours"
FREQUENCY, OWN_ORDERS, POPULAR = "frequency", "own_orders", "popular_segment"


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
)
"""In the order in which the blend lists them; one that others need stands before them."""
