"""A small weekly world for tests: the main one with fewer members and weeks."""

import numpy as np

from features.simulator.loop.parameters import WorldConfig, world_named
from features.simulator.loop.run import View, Wishes


def small(name: str = "main", members: int = 600, **parts: dict[str, object]) -> WorldConfig:
    config = world_named(name)
    sizes = {"members": members, "history_weeks": 16, "policy_weeks": 5, "settle_weeks": 2}
    changed = {"size": sizes} | parts
    return config.model_copy(
        update={part: getattr(config, part).model_copy(update=values) for part, values in changed.items()}
    )


class Sends:
    """Sends one offer to everybody it may."""

    def __init__(self, offer: int) -> None:
        self.offer = offer
        self.views: list[View] = []

    def choose(self, view: View) -> Wishes:
        self.views.append(view)
        n = len(view.tier)
        return Wishes.certain(np.full(n, self.offer, dtype=np.int64), np.arange(n, dtype=np.float64))
