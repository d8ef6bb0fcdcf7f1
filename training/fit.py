"""All models of one cut-off, each with its own randomness and its measured cost."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from zlib import crc32

import numpy as np

from features.dataset import Dataset
from features.members import build_members
from features.products import build_catalogue
from features.profile.config import ProfileConfig
from features.profile.group import Columns
from recsys.catalogue import Catalogue
from recsys.errors import NotEnoughDataError
from recsys.members import Members
from recsys.report import Progress
from recsys.scorers.base import Scorer
from recsys.scorers.neighbours import NeighbourScorer
from recsys.scorers.popularity import PopularityScorer
from training.config import TrainConfig
from training.memory import peak_rss_mb
from training.models import item_neighbours, popularity
from training.sources import NEIGHBOURS, POPULAR, SOURCES, Material

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What a fit took.

    Attributes:
        cpu_s: CPU-seconds of all threads.
        peak_rss_mb: Highest memory of the whole process until the fit was done, so it never falls from row to row.
    """

    cpu_s: float
    peak_rss_mb: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """
    The models of one cut-off.

    Attributes:
        dataset: What they learnt from.
        members, catalogue: Its nouns.
        profile: Settings of what is known of the members.
        scorers: By source name; the sources of the blend, in the order in which it lists them.
        neighbours: Similar products, also where they are no source of the blend.
        popularity: What sells, overall and by segment.
        costs: By source name.
    """

    dataset: Dataset
    members: Members
    catalogue: Catalogue
    profile: ProfileConfig
    scorers: Mapping[str, Scorer]
    neighbours: NeighbourScorer
    popularity: PopularityScorer
    costs: Mapping[str, Cost]


def fit_models(
    dataset: Dataset, config: TrainConfig, seed: int, progress: Progress, *, known: Columns | None = None
) -> Fitted:
    """
    Fit every source that the configuration has switched on, and those that such a source needs.

    Each model has its own generator, derived from the seed and its name, so that switching one off changes no other.
    Where the members' profile is there already, *known* are its columns: then nothing of it is worked out again.

    Raises:
        NotEnoughDataError: There are no products, no members or no purchases.
    """
    if not len(dataset.purchases):
        raise NotEnoughDataError(
            f"there is no purchase by a member with consent before {dataset.cut_off}; ingest more history"
        )
    members, catalogue = build_members(dataset, config.profile, known=known), build_catalogue(dataset)
    costs: dict[str, Cost] = {}
    progress.step("fit item neighbours and popularity")
    neighbours = _measured(costs, NEIGHBOURS, lambda: item_neighbours.fit(dataset, config.neighbours))
    popular = _measured(costs, POPULAR, lambda: popularity.fit(dataset, config.popularity, members.segment))
    wanted = [source for source in SOURCES if source.enabled(config)]
    needed = {name for source in wanted for name in source.needs}
    models: dict[str, Scorer] = {}
    material = Material(dataset, members, catalogue, config, neighbours, popular, models)
    for source in SOURCES:
        if source not in wanted and source.name not in needed:
            continue
        progress.step(f"fit {source.name}")
        models[source.name] = _measured(
            costs, source.name, partial(source.fit, material, source_rng(seed, source.name))
        )
    scorers = {source.name: models[source.name] for source in wanted}
    return Fitted(dataset, members, catalogue, config.profile, scorers, neighbours, popular, costs)


def source_rng(seed: int, name: str) -> np.random.Generator:
    """The generator of one source, whatever others are fitted beside it."""
    return np.random.default_rng([seed, crc32(name.encode())])


def _measured(costs: dict[str, Cost], name: str, fit: Callable[[], Model]) -> Model:
    started = time.process_time()
    model = fit()
    before = costs[name].cpu_s if name in costs else 0.0
    costs[name] = Cost(before + time.process_time() - started, peak_rss_mb())
    return model
