"""Random numbers that depend on seed, stream and week alone, so that policies differ only by what they do."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Stream(IntEnum):
    """What a draw is for; each has numbers of its own, so more draws in one change nothing in another."""

    PEOPLE = 0
    ORDER = 1
    BASKET = 2
    CATEGORY = 3
    REDEEM = 4
    UNSUBSCRIBE = 5
    MOOD = 6
    PAUSE = 7
    TASTE = 8
    DEAL = 9
    PROMOTION = 10
    WAVE = 11
    ASSIGN = 12
    ARMS = 13
    POLICY = 14
    TRUTH = 15


@dataclass(frozen=True, slots=True)
class Draws:
    """
    The randomness of one world (common random numbers: Law and Kelton, Simulation Modeling and Analysis, 11.2).

    Attributes:
        seed: Of the world. The same seed gives every policy the same numbers for each member and week.

    >>> first, again = (Draws(1).rng(Stream.ORDER, 3).random(2) for _ in range(2))
    >>> bool((first == again).all())
    True
    """

    seed: int

    def rng(self, stream: Stream, week: int = 0) -> np.random.Generator:
        """The generator of a stream in a week; Philox is keyed, so no week needs those before it."""
        return np.random.Generator(np.random.Philox(key=[self.seed, (int(stream) << 32) | week]))
