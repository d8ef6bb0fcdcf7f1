"""A posting while it is made: what is the same for all of its parts, and what each of them left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.loyalty.calendar import ProgrammeCalendar
from recsys.loyalty.points_entries import Entries, Journal, join_entries
from recsys.loyalty.points_facts import Earnings, PointAmounts, Takings
from recsys.loyalty.points_rules import PointsRules
from recsys.loyalty.points_run import LotBook, Stretch, run_stretch
from recsys.loyalty.points_state import PointsState, Posting, Refused
from recsys.types import EpochSeconds, Rows


@dataclass(slots=True)
class Draft:
    """
    What is the same for all parts of a posting, and what they left so far.

    Attributes:
        debt: Shape (n_members,): as it stands.
        refused: Number, points asked for and points there, a triple of arrays for each part.
    """

    history: Sequence[PointsRules]
    calendar: ProgrammeCalendar
    now: EpochSeconds
    opening: PointsState
    entries: list[Entries]
    books: list[LotBook]
    debt: PointAmounts
    refused: list[tuple[NDArray[np.int64], ...]]

    def run(
        self, stretch: Stretch, lots: LotBook, earnings: Earnings, takings: Takings, *, journal: Journal
    ) -> tuple[LotBook, PointAmounts]:
        """Post one stretch; its lots, by life, age and number, and debts afterwards."""
        outcome = run_stretch(
            stretch, lots, earnings, takings, history=self.history, calendar=self.calendar, journal=journal
        )
        rows = outcome.refused
        self.refused.append((takings.number[rows], takings.points[rows], outcome.usable))
        book = outcome.book
        order = order_where_needed(book.holder, book.at, book.number)
        return book if order is None else book.take(order), outcome.debt

    def posting(self, merged_into: Rows) -> Posting:
        """Everything put together, each journal and book once."""
        entries = join_entries(self.entries, self.opening.n_entries)
        books = [book for book in self.books if len(book)] or self.books[:1] or [self.opening.lots]
        columns = {name: np.concatenate([getattr(b, name) for b in books]) for name in LotBook.__slots__}
        lots = LotBook(**columns)
        if (lots.holder[1:] < lots.holder[:-1]).any():
            # Each holder's lots lie in one book, in order.
            lots = lots.take(np.argsort(lots.holder, kind="stable"))
        closing = PointsState(
            at=self.now,
            lots=lots,
            debt=self.debt,
            merged_into=merged_into,
            n_entries=self.opening.n_entries + len(entries),
        )
        number, points, usable = (np.concatenate(column) for column in zip(*self.refused, strict=True))
        by_number = np.argsort(number, kind="stable")
        return Posting(entries, closing, Refused(number[by_number], points[by_number], usable[by_number]))


def order_where_needed(*keys: NDArray[Any]) -> NDArray[np.intp] | None:
    """The order by these keys, the first first; None where rows lie so already."""
    rises, level = np.zeros(max(len(keys[0]) - 1, 0), dtype=np.bool_), np.ones(max(len(keys[0]) - 1, 0), dtype=np.bool_)
    for key in keys:
        rises |= level & (key[1:] > key[:-1])
        level &= key[1:] == key[:-1]
    return None if (rises | level).all() else np.lexsort(keys[::-1])
