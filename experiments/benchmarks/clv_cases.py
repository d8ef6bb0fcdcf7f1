"""Public purchase logs as one case: whose orders are known up to a day, and how many came after it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import rankdata

from experiments.benchmarks.sequence_cases import read_columns
from features.lifetime.silence import OrderDays
from features.lifetime.summary import PurchaseSummary, summarise
from recsys.errors import NotEnoughDataError
from training.bootstrap import Interval

CDNOW, GROCERY = "cdnow_sample.parquet", "groceryElog.parquet"
_CDNOW_DAYS = 39 * 7
_GROCERY_DAYS = 365

Counts = NDArray[np.int64]
Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LifetimeCase:
    """
    A log cut in two.

    Attributes:
        orders: All of them, days counted from the first of the log.
        until_day: The last day of the calibration.
        horizon_days: From there to the last day that is judged.
        n_late: Members whose first order is after the calibration; nothing is asked of them.
    """

    orders: OrderDays
    until_day: int
    horizon_days: int
    n_late: int

    def summary(self, *, first_order_valued: bool = True) -> PurchaseSummary:
        """What the calibration knows."""
        one = self.orders
        return summarise(
            one.member,
            one.day,
            one.value_minor,
            n_members=one.n_members,
            until_day=self.until_day,
            first_order_valued=first_order_valued,
        )

    def came(self) -> tuple[Counts, Figures]:
        """Shape (n_members,) each: days with an order after the calibration, and what they were worth, minor units."""
        one = self.orders
        later = (one.day > self.until_day) & (one.day <= self.until_day + self.horizon_days)
        days = pl.DataFrame({"member": one.member[later], "day": one.day[later]}).unique()["member"].to_numpy()
        worth = np.zeros(one.n_members)
        if one.value_minor is not None:
            np.add.at(worth, one.member[later], one.value_minor[later])
        return np.bincount(days, minlength=one.n_members).astype(np.int64), worth


def read_lifetime_case(folder: Path) -> LifetimeCase:
    """
    Read ``cdnow_sample.parquet`` (``sample_customer_id``, ``date``, ``amount_usd``) or, where that is absent,
    ``groceryElog.parquet`` (``cust``, ``date``).

    The first is cut after 39 weeks and judged on the next 39, as Fader, Hardie and Lee (2005) do; the second is cut
    after 365 days, the end of 2006 in the log of Platzer and Reutterer (2016), and judged to its last day.

    Raises:
        SourceError: A column is missing.
        NotEnoughDataError: The log ends before the calibration does.
    """
    valued = (folder / CDNOW).is_file()
    columns = ("sample_customer_id", "date", "amount_usd") if valued else ("cust", "date")
    path = folder / (CDNOW if valued else GROCERY)
    lines = read_columns(path, columns).sort(columns)
    member = lines[columns[0]].rank("dense").to_numpy().astype(np.int64) - 1
    days = lines["date"].cast(pl.Date).to_physical().to_numpy().astype(np.int64)
    days -= days.min()
    until_day = (_CDNOW_DAYS if valued else _GROCERY_DAYS) - 1
    last = int(days.max())
    if last <= until_day:
        raise NotEnoughDataError(f"{path} ends on day {last + 1}; the calibration alone is {until_day + 1} days")
    value = (lines["amount_usd"] * 100).round().cast(pl.Int64).to_numpy() if valued else None
    first = np.full(int(member.max()) + 1, last)
    np.minimum.at(first, member, days)
    known = first <= until_day
    # Members are numbered anew, so that nobody stands in the case of whom nothing is known.
    row = np.cumsum(known) - 1
    kept = known[member]
    orders = OrderDays(row[member[kept]], days[kept], value if value is None else value[kept], int(known.sum()))
    horizon = min(_CDNOW_DAYS, last - until_day) if valued else last - until_day
    return LifetimeCase(orders, until_day, horizon, int((~known).sum()))


def auc(score: Figures, happened: NDArray[np.bool_]) -> float:
    """Area under the ROC curve; equal scores count half; NaN where everything happened or nothing."""
    n_yes = int(happened.sum())
    if n_yes in {0, len(happened)}:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[happened].sum() - n_yes * (n_yes + 1) / 2) / n_yes / (len(happened) - n_yes))


def auc_gain(
    ours: Figures, other: Figures, happened: NDArray[np.bool_], *, n_resamples: int, rng: np.random.Generator
) -> Interval:
    """Difference of two areas on the same members, with the 95 % interval of resampling members."""
    gains = np.empty(n_resamples)
    for at in range(n_resamples):
        drawn = rng.integers(0, len(happened), len(happened))
        gains[at] = auc(ours[drawn], happened[drawn]) - auc(other[drawn], happened[drawn])
    low, high = np.nanquantile(gains, [0.025, 0.975])
    return Interval(auc(ours, happened) - auc(other, happened), float(low), float(high))
