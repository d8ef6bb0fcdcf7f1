"""What the purchase-count and spend models know of each member: five numbers, made from dated orders."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recsys.errors import InputError

Counts = NDArray[np.int64]
Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PurchaseSummary:
    """
    One row a member, as of one day. An order is a day with a purchase: two on one day are one.

    Attributes:
        repeats: Shape (n,), int64: orders after the first; UNBOUGHT where there is no order at all.
        last_days: Shape (n,), int64: days from the first order to the last; 0 without repeats.
        watched_days: Shape (n,), int64: days from the first order to the day of the summary, at least `last_days`.
        n_valued: Shape (n,), int64: orders with a positive value; 0 where values are not known.
        mean_value_minor: Shape (n,), float64: their mean value in minor units; 0 where there are none.
        log_gaps: Shape (n,), float64: sum of the logarithms of the days between successive orders; 0 without repeats,
            NaN where it is not known, and then only models of Poisson timing can be fitted.

    >>> one = PurchaseSummary.build(repeats=[2, 0], last_days=[20, 0], watched_days=[90, 60])
    >>> len(one), one.n_valued.tolist()
    (2, [0, 0])
    """

    repeats: Counts
    last_days: Counts
    watched_days: Counts
    n_valued: Counts
    mean_value_minor: Figures
    log_gaps: Figures

    @classmethod
    def build(
        cls,
        *,
        repeats: ArrayLike,
        last_days: ArrayLike,
        watched_days: ArrayLike,
        n_valued: ArrayLike | None = None,
        mean_value_minor: ArrayLike | None = None,
        log_gaps: ArrayLike | None = None,
    ) -> Self:
        """
        Check columns and make a summary of them; each as the attribute of its name.

        Raises:
            InputError: Lengths differ, days are out of order, or a value is no positive number.
        """
        counted = np.asarray(repeats, dtype=np.int64)
        n = len(counted)
        summary = cls(
            counted,
            np.asarray(last_days, dtype=np.int64),
            np.asarray(watched_days, dtype=np.int64),
            np.zeros(n, dtype=np.int64) if n_valued is None else np.asarray(n_valued, dtype=np.int64),
            np.zeros(n) if mean_value_minor is None else np.asarray(mean_value_minor, dtype=np.float64),
            np.full(n, np.nan) if log_gaps is None else np.asarray(log_gaps, dtype=np.float64),
        )
        summary._check()
        return summary

    def __len__(self) -> int:
        return len(self.repeats)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """The same columns of some members, by positions or by a mask."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def bought(self) -> NDArray[np.bool_]:
        """Shape (n,): the member has an order at all."""
        return self.repeats >= 0

    def _check(self) -> None:
        lengths = {field.name: getattr(self, field.name).shape for field in fields(self)}
        if len(set(lengths.values())) > 1:
            raise InputError(f"columns of a purchase summary differ in shape: {lengths}; give one value a member")
        wrong = {
            f"repeats below {UNBOUGHT}": self.repeats < UNBOUGHT,
            "last_days not between 0 and watched_days": (self.last_days < 0) | (self.last_days > self.watched_days),
            "last_days without a repeat, or a repeat on the day of the first order": (self.repeats > 0)
            != (self.last_days > 0),
            "n_valued not between 0 and all orders": (self.n_valued < 0) | (self.n_valued > self.repeats + 1),
            "mean_value_minor that is not positive although orders have a value": (self.n_valued > 0)
            & ~(self.mean_value_minor > 0),
        }
        for what, rows in wrong.items():
            if rows.any():
                raise InputError(f"{what} at row {int(rows.argmax())} ({int(rows.sum())} in all); correct the summary")


UNBOUGHT = -1
"""`repeats` of a member without any order. Such members are left out of a fit and expected to buy nothing."""


def summarise(
    member: NDArray[np.integer],
    day: NDArray[np.integer],
    value_minor: NDArray[np.integer] | None = None,
    *,
    n_members: int,
    until_day: int,
    first_order_valued: bool = True,
) -> PurchaseSummary:
    """
    Summarise dated purchases up to a day; what is later is not looked at.

    Args:
        member: Shape (m,): rows of members, 0 to *n_members* - 1, in any order.
        day: Shape (m,): whole days since any origin.
        value_minor: Shape (m,): what the purchase was worth, minor units; those of one day are added.
        n_members: Rows of the summary.
        until_day: The last day that counts.
        first_order_valued: Whether the first order counts for the mean value. Fader and Hardie (2013) leave it out,
            because it is often unlike the others.
    """
    known = day <= until_day
    owners, days, values = member[known], day[known], None if value_minor is None else value_minor[known]
    if not len(owners):
        nothing = np.zeros(n_members, dtype=np.int64)
        return PurchaseSummary.build(repeats=nothing + UNBOUGHT, last_days=nothing, watched_days=nothing)
    order = np.lexsort((days, owners))
    owners, days = owners[order].astype(np.int64), days[order].astype(np.int64)
    starts = np.flatnonzero((np.diff(owners, prepend=-1) != 0) | (np.diff(days, prepend=days[0]) != 0))
    worth = np.zeros(len(starts)) if values is None else np.add.reduceat(values[order].astype(np.float64), starts)
    owners, days = owners[starts], days[starts]
    heads = np.flatnonzero(np.diff(owners, prepend=-1) != 0)
    buyers, n_orders = owners[heads], np.diff(np.append(heads, len(owners)))
    first, last = days[heads], days[heads + n_orders - 1]

    valued = worth > 0
    if not first_order_valued:
        valued[heads] = False
    gaps = np.zeros(len(owners))
    inner = np.setdiff1d(np.arange(len(owners)), heads, assume_unique=True)
    gaps[inner] = np.log(days[inner] - days[inner - 1])
    n_valued = np.add.reduceat(valued.astype(np.int64), heads)
    total = np.add.reduceat(np.where(valued, worth, 0.0), heads)

    def spread(of_buyers: NDArray[np.generic], default: float) -> NDArray[np.generic]:
        column = np.full(n_members, default, dtype=of_buyers.dtype)
        column[buyers] = of_buyers
        return column

    return PurchaseSummary.build(
        repeats=spread(n_orders - 1, UNBOUGHT),
        last_days=spread(last - first, 0),
        watched_days=spread(until_day - first, 0),
        n_valued=spread(n_valued, 0),
        mean_value_minor=spread(total / np.maximum(n_valued, 1), 0.0),
        log_gaps=spread(np.add.reduceat(gaps, heads), 0.0),
    )
