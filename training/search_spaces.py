"""Where `recsys tune` looks: the settings of each source that are worth searching, and between which bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from training.config import TrainConfig
from training.sources import (
    ALS,
    CHANNEL,
    COLLABORATIVE,
    CONTENT,
    DUE_AGAIN,
    FREQUENCY,
    GRAPH,
    IALS,
    LIGHTFM,
    NEIGHBOURS,
    NEXT_BASKET,
    POPULAR,
    RECENT,
    SEASONAL,
    SEQUENCE,
    SPARSE_EASE,
    STORE,
    TIFU_KNN,
    TRENDING,
    UP_CF,
)

Value = int | float | str | bool

_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Whole:
    """Whole numbers from ``low`` to ``high``, both included; ``log`` where a factor means more than a difference."""

    low: int
    high: int
    log: bool = False

    def widened(self, value: Value) -> "Whole":
        """The range and *value*."""
        return replace(self, low=min(self.low, int(value)), high=max(self.high, int(value)))


@dataclass(frozen=True, slots=True)
class Real:
    """Numbers from ``low`` to ``high``, both included; ``log`` where a factor means more than a difference."""

    low: float
    high: float
    log: bool = False

    def widened(self, value: Value) -> "Real":
        """The range and *value*; a logarithmic scale has no place for zero, so with zero it is a plain one."""
        at = float(value)
        return replace(self, low=min(self.low, at), high=max(self.high, at), log=self.log and at > 0)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values without an order."""

    values: tuple[Value, ...]

    def widened(self, value: Value) -> "Choice":
        """The values and *value*."""
        return self if value in self.values else Choice((*self.values, value))


Range = Whole | Real | Choice
Space = Mapping[str, Range]
"""By path in `TrainConfig`, for example ``als.factors``."""

_HALF_LIFE_DAYS = Real(14, 730, log=True)
_WINDOW_DAYS = Real(3, 180, log=True)
_HISTORY = Whole(20, 500, log=True)
_BUYERS = Real(1, 2_000, log=True)
_DECAY = Real(0.3, 1)
_SHARE = Real(0, 1)

SPACES: Mapping[str, Space] = {
    ALS: {
        "als.factors": Whole(8, 256, log=True),
        "als.iterations": Whole(5, 30),
        "als.regularization": Real(0.01, 100, log=True),
        "als.alpha": Real(0.1, 100, log=True),
        "als.half_life_days": _HALF_LIFE_DAYS,
    },
    LIGHTFM: {
        "lightfm.factors": Whole(8, 128, log=True),
        "lightfm.epochs": Whole(3, 40, log=True),
        "lightfm.learning_rate": Real(0.005, 0.2, log=True),
    },
    NEIGHBOURS: {
        "neighbours.n_neighbours": Whole(10, 500, log=True),
        "neighbours.shrink_members": Real(0.5, 500, log=True),
        "neighbours.max_history": _HISTORY,
        "neighbours.half_life_days": _HALF_LIFE_DAYS,
    },
    FREQUENCY: {
        "frequency.half_life_days": _HALF_LIFE_DAYS,
        "frequency.prior_repeats": Real(0.02, 10, log=True),
        "frequency.prior_product_repeats": Real(0.5, 500, log=True),
    },
    POPULAR: {
        "popularity.window_days": _WINDOW_DAYS,
        "popularity.prior_buyers": _BUYERS,
    },
    CONTENT: {
        "content.prior_buyers": Real(0.5, 200, log=True),
        "content.ridge": Real(0.1, 1_000, log=True),
    },
    GRAPH: {
        "graph.relation": Choice(("cosine", "tf_idf", "bm25", "rp3beta")),
        "graph.n_neighbours": Whole(20, 1_000, log=True),
        "graph.max_history": _HISTORY,
        "graph.half_life_days": _HALF_LIFE_DAYS,
        "graph.alpha": Real(0.3, 1.5),
        "graph.beta": _SHARE,
        "graph.shrink": Real(0.5, 200, log=True),
    },
    SEQUENCE: {
        "sequence.n_neighbours": Whole(20, 1_000, log=True),
        "sequence.max_history": _HISTORY,
        "sequence.half_life_days": _HALF_LIFE_DAYS,
        "sequence.sequence.window": Whole(2, 100, log=True),
        "sequence.sequence.distance_power": Real(0, 2),
        "sequence.sequence.length_power": _SHARE,
        "sequence.sequence.backward": _SHARE,
        "sequence.sequence.popularity_power": _SHARE,
    },
    DUE_AGAIN: {
        "due_again.horizon_days": Real(3, 60, log=True),
        "due_again.half_life_days": _HALF_LIFE_DAYS,
        "due_again.prior_repeats": Real(0.02, 20, log=True),
        "due_again.prior_product_repeats": Real(0.5, 500, log=True),
        "due_again.prior_family_repeats": Real(1, 1_000, log=True),
        "due_again.prior_shape_events": Real(1, 1_000, log=True),
    },
    RECENT: {"recent.half_life_days": Real(1, 90, log=True)},
    TRENDING: {
        "trending.window_days": Real(2, 28, log=True),
        "trending.before_days": Real(7, 120, log=True),
        "trending.prior_buyers": _BUYERS,
    },
    SEASONAL: {"seasonal.window_days": Real(7, 90, log=True)},
    STORE: {"stores.window_days": _WINDOW_DAYS, "stores.prior_buyers": _BUYERS},
    CHANNEL: {"channels.window_days": _WINDOW_DAYS, "channels.prior_buyers": _BUYERS},
    NEXT_BASKET: {
        "next_basket.model.slow_decay": _DECAY,
        "next_basket.model.fast_decay": _DECAY,
        "next_basket.model.source_power": _SHARE,
        "next_basket.model.target_power": _SHARE,
        "next_basket.model.boosting.n_trees": Whole(20, 300, log=True),
        "next_basket.model.boosting.learning_rate": Real(0.01, 0.3, log=True),
        "next_basket.model.boosting.n_leaves": Whole(4, 127, log=True),
        "next_basket.model.boosting.min_leaf_rows": Whole(10, 1_000, log=True),
        "next_basket.model.boosting.l2": Real(0.1, 100, log=True),
    },
    TIFU_KNN: {
        "tifu_knn.model.n_neighbours": Whole(10, 1_000, log=True),
        "tifu_knn.model.within_decay": _DECAY,
        "tifu_knn.model.group_decay": _DECAY,
        "tifu_knn.model.group_size": Whole(1, 20),
        "tifu_knn.model.own_weight": _SHARE,
    },
    UP_CF: {
        "up_cf.model.recency": Whole(1, 100, log=True),
        "up_cf.model.asymmetry": _SHARE,
        "up_cf.model.locality": Real(1, 100, log=True),
    },
    IALS: {
        "ials.model.factors": Whole(8, 256, log=True),
        "ials.model.iterations": Whole(3, 20),
        "ials.model.unobserved_weight": Real(0.0003, 1, log=True),
        "ials.model.regularization": Real(0.0001, 0.1, log=True),
        "ials.model.frequency_power": _SHARE,
        "ials.model.half_life_days": _HALF_LIFE_DAYS,
    },
    SPARSE_EASE: {
        "sparse_ease.model.n_related": Whole(10, 400, log=True),
        "sparse_ease.model.ridge": Real(1, 2_000, log=True),
        "sparse_ease.model.half_life_days": _HALF_LIFE_DAYS,
    },
    COLLABORATIVE: {
        "collaborative.model.walk_power": Real(0.3, 1.5),
        "collaborative.model.popularity_power": _SHARE,
        "collaborative.model.walked_weight": Real(0, 2),
        "collaborative.model.explained_weight": Real(0, 2),
        "collaborative.model.vectors_weight": Real(0, 2),
        "collaborative.model.half_life_days": _HALF_LIFE_DAYS,
    },
}
"""One entry a source with settings; what only bounds memory, or switches a source on, is not searched."""


def settings_in(config: TrainConfig, space: Space) -> dict[str, Value]:
    """
    What a configuration says at the paths of a space.

    Example:
        >>> settings_in(TrainConfig(), {"als.factors": Whole(8, 256)})
        {'als.factors': 64}
    """
    found: dict[str, Value] = {}
    for path in space:
        at: Any = config
        for name in path.split("."):
            at = getattr(at, name)
        found[path] = at
    return found


def with_settings(config: TrainConfig, settings: Mapping[str, Value]) -> TrainConfig:
    """
    The configuration with other values at some paths, checked like a file.

    Raises:
        pydantic.ValidationError: A path does not exist, or a value is out of what is allowed there.
    """
    content = config.model_dump()
    for path, value in settings.items():
        *sections, name = path.split(".")
        section = content
        for one in sections:
            section = section[one]
        section[name] = value
    return TrainConfig.model_validate(content)


def space_around(config: TrainConfig, space: Space) -> dict[str, Range]:
    """The space, widened where a configuration lies outside it, so that the search can begin there."""
    now = settings_in(config, space)
    return {path: span.widened(now[path]) for path, span in space.items()}


def rounded(value: Value) -> Value:
    """
    A number to three significant digits: more are noise, and a file that people read would be full of them.

    Example:
        >>> rounded(0.0123456), rounded(151), rounded("cosine")
        (0.0123, 151, 'cosine')
    """
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
