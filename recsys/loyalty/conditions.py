"""What a tier asks for, and how high a member's sums reach on a ladder of such conditions."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recsys.policy.file.fields import Part

Threshold = Annotated[int, Field(strict=True, ge=1, le=10**12)]

MEASURES = ("spend_minor", "orders", "points", "activity")
"""What conditions count in a window, in the order of the columns of `Sums`."""

Sums = NDArray[np.int64]
"""Shape (n, 4): window sums by measure, in the order of `MEASURES`."""

NOT_ASKED = -1
"""The threshold, or the distance to one, of a measure that a condition does not ask for."""


class Match(StrEnum):
    """Whether any one of several measures is enough, or all of them are needed."""

    ANY = "any"
    ALL = "all"


class Condition(Part):
    """
    What has to come together in the window; absent measures are not asked for.

    Attributes:
        spend_minor: Net of returns, in minor units.
        orders: How many.
        points: Earned in the window, qualifying ones only.
        activity: Events such as visits or reviews.
    """

    spend_minor: Threshold | None = None
    orders: Threshold | None = None
    points: Threshold | None = None
    activity: Threshold | None = None

    def asked(self) -> dict[str, int]:
        """The thresholds by measure, in the order of `MEASURES`."""
        return {name: value for name in MEASURES if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """
    The conditions of all tiers above the first.

    Attributes:
        needed: Shape (n_tiers, 4), int64, not falling down a column: row k is tier k's; `NOT_ASKED` where it does not
            ask. The first row asks for nothing. Reaching a tier's condition reaches those of all tiers below.
        match: How the measures of one tier go together.

    Example:
        >>> silver, gold = Condition(spend_minor=10_000, orders=5), Condition(spend_minor=30_000)
        >>> ladder = Thresholds.of([Condition(), silver, gold], Match.ANY)
        >>> ladder.levels(np.array([[9_999, 4, 0, 0], [0, 5, 0, 0], [30_000, 1, 0, 0]])).tolist()
        [0, 1, 2]
    """

    needed: NDArray[np.int64]
    match: Match

    @classmethod
    def of(cls, conditions: list[Condition], match: Match) -> "Thresholds":
        """Pack the conditions of tiers from low to high; the first is empty."""
        rows = [[one.asked().get(name, NOT_ASKED) for name in MEASURES] for one in conditions]
        return cls(np.array(rows, dtype=np.int64), match)

    def measures(self) -> list[int]:
        """The columns that any tier asks for."""
        return [int(column) for column in np.flatnonzero((self.needed != NOT_ASKED).any(axis=0))]

    def level(self, column: int, sums: NDArray[np.int64]) -> NDArray[np.int8]:
        """How high one measure alone reaches; shape of *sums*."""
        asked = self.needed[:, column] != NOT_ASKED
        # Under `all` the tiers below the first that asks are open to this measure; under `any` there are none.
        open_below = int(np.argmax(asked)) - 1
        reached = np.searchsorted(self.needed[asked, column], sums, side="right")
        return (reached + open_below).astype(np.int8)

    def levels(self, sums: Sums) -> NDArray[np.int8]:
        """The highest tier whose condition each row of *sums* meets; shape (n,)."""
        columns = self.measures()
        if not columns:
            return np.zeros(len(sums), dtype=np.int8)
        join = np.maximum if self.match is Match.ANY else np.minimum
        level = self.level(columns[0], sums[:, columns[0]])
        for column in columns[1:]:
            join(level, self.level(column, sums[:, column]), out=level)
        return level

    def missing(self, tier: NDArray[np.integer], sums: Sums) -> Sums:
        """
        How much each row of *sums* lacks for the condition of a tier, by measure.

        Args:
            tier: Shape (n,): a row of ``needed``.
            sums: Shape (n, 4); below zero where returns are yet to be made up for.

        Returns:
            Shape (n, 4): 0 where reached, `NOT_ASKED` where the tier does not ask.
        """
        needed = self.needed[tier]
        return np.where(needed == NOT_ASKED, NOT_ASKED, np.maximum(needed - sums, 0))


def contradictions(lower: Condition, upper: Condition, match: Match, *, may_equal: bool) -> str:
    """
    Why *upper* is not harder to meet than *lower*, as the end of a sentence; empty where it is.

    No measure may fall, nor the whole stay the same unless it *may_equal*. Under `all` the upper tier asks for whatever
    the lower one asks for; under `any` it offers no way that the lower one does not. So who reaches a tier has reached
    those below.
    """
    low, high = lower.asked(), upper.asked()
    for name in low.keys() & high.keys():
        if high[name] < low[name]:
            return f"asks for {name} {high[name]}, less than the {low[name]} of the tier below; raise it"
        if high[name] == low[name] and not may_equal and (match is Match.ANY or low == high):
            return f"asks for {name} {high[name]}, the same as the tier below; raise it, or merge the two tiers"
    if match is Match.ALL and low.keys() - high.keys():
        name = min(low.keys() - high.keys())
        return f"does not ask for {name}, the tier below does and `match` is all; ask for at least {low[name]} here too"
    if match is Match.ANY and high.keys() - low.keys():
        name = min(high.keys() - low.keys())
        return f"can be reached by {name}, the tier below cannot and `match` is any; give that one a threshold too"
    return ""


def harder_to_keep(entry: Condition, keep: Condition, match: Match) -> str:
    """Why *keep* is not met by all who meet *entry*, as the end of a sentence; empty where it is."""
    first, then = entry.asked(), keep.asked()
    if not then:
        return "has no measure; write a threshold, or leave `keep` out to ask for the same as `entry`"
    for name in first.keys() & then.keys():
        if then[name] > first[name]:
            return f"asks for {name} {then[name]}, more than the {first[name]} of `entry`; lower it"
    if match is Match.ALL and then.keys() - first.keys():
        name = min(then.keys() - first.keys())
        return f"asks for {name}, which `entry` does not ask for and `match` is all; remove it"
    if match is Match.ANY and first.keys() - then.keys():
        name = min(first.keys() - then.keys())
        return f"leaves {name} out, by which `entry` can be met, and `match` is any; add at most {first[name]}"
    return ""
