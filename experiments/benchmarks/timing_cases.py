"""Folders of dated purchases as questions: as of several days, when does each member buy next?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.rhythm.gaps import Days, Floats, History
from features.sources.online_retail import NOT_GOODS
from recsys.errors import NotEnoughDataError, SourceError

WINDOW_DAYS = 42
"""What happens so long after an as-of day is always known, so nothing is censored before it."""
_MOST_TEST_DAYS, _TEST_SHARE = 182, 3 / 16
_MOST_CUTS, _CUT_DAYS = 6, 14
ORDERS, PRODUCTS = "orders", "products"
_LOG, _RECEIPTS, _BASKETS, _TREE = "groceryElog.parquet", "transactions.parquet", "baskets.parquet", "segments.parquet"
_CATEGORY = ["COD_AREA", "COD_MACROSET", "COD_SETT", "COD_REP", "COD_CATEG"]


@dataclass(frozen=True, slots=True)
class Parts:
    """
    One kind of purchase, cut by time: all that is earlier is known, the last part is looked at once.

    Attributes:
        history: All days.
        validation, test: As-of days of each part; a window of WINDOW_DAYS after each lies within the part.
    """

    history: History
    validation: tuple[int, ...]
    test: tuple[int, ...]

    @property
    def n_members(self) -> int:
        """Members are below it."""
        return int(self.history.member.max()) + 1


@dataclass(frozen=True, slots=True)
class Truth:
    """
    Every member and family bought before an as-of day, in the order of the history.

    Attributes:
        member, family: Shape (n,).
        wait_days: Shape (n,): days until the next purchase, 1 on the as-of day itself; infinite where there is none.
    """

    member: NDArray[np.int32]
    family: NDArray[np.int32]
    wait_days: Floats


def read_parts(folder: Path) -> dict[str, Parts]:
    """
    Read a folder of one of three forms; ORDERS always, PRODUCTS where it says what was bought.

    * ``groceryElog.parquet`` (``cust``, ``date``).
    * ``transactions.parquet`` as `features.sources.online_retail` describes it: no cancellations, postage, fees or
      gifts; each product is a family.
    * ``baskets.parquet`` (``customer_id``, ``date``, ``segment_id``) with the category tree of ``segments.parquet``;
      each category is a family.

    Raises:
        SourceError: The folder has none of the forms, or a column is missing.
        NotEnoughDataError: It covers too few days.
    """
    try:
        if (folder / _LOG).is_file():
            lines = pl.read_parquet(folder / _LOG).select(member="cust", day=_day("date"))
        elif (folder / _RECEIPTS).is_file():
            lines = _receipts(folder)
        elif (folder / _BASKETS).is_file():
            lines = _baskets(folder)
        else:
            raise SourceError(
                f"{folder} has none of {_LOG}, {_RECEIPTS} and {_BASKETS}; give a folder such as clv_grocery"
            )
    except pl.exceptions.ColumnNotFoundError as error:
        raise SourceError(f"a file of {folder} lacks a column: {error}; give one that has it") from error
    member, day = _codes(lines["member"]), lines["day"].to_numpy()
    found = {ORDERS: _cut(History.of(member, np.zeros(len(day), dtype=np.int32), day))}
    if "family" in lines.columns:
        found[PRODUCTS] = _cut(History.of(member, _codes(lines["family"]), day))
    return found


def truth_of(history: History, as_of_day: int) -> Truth:
    """What follows an as-of day."""
    n_families = int(history.family.max()) + 1
    key = history.member.astype(np.int64) * n_families + history.family
    known = np.unique(key[history.day < as_of_day])
    later = history.day >= as_of_day
    bought, first = np.unique(key[later], return_index=True)
    wait = np.full(len(known), np.inf)
    again = np.isin(bought, known, assume_unique=True)
    wait[np.searchsorted(known, bought[again])] = history.day[later][first][again] - as_of_day + 1.0
    return Truth((known // n_families).astype(np.int32), (known % n_families).astype(np.int32), wait)


def _cut(history: History) -> Parts:
    first, stop = int(history.day.min()), int(history.day.max()) + 1
    length = min(_MOST_TEST_DAYS, int((stop - first) * _TEST_SHARE))
    if length < WINDOW_DAYS:
        least = round(WINDOW_DAYS / _TEST_SHARE)
        raise NotEnoughDataError(
            f"the purchases cover {stop - first} days; at least {least} are needed to cut them by time"
        )
    return Parts(history, _cuts(stop - 2 * length, length), _cuts(stop - length, length))


def _cuts(start: int, length: int) -> tuple[int, ...]:
    room = length - WINDOW_DAYS
    n = min(_MOST_CUTS, 1 + room // _CUT_DAYS)
    return tuple(int(day) for day in start + np.linspace(0, room, n))


def _receipts(folder: Path) -> pl.DataFrame:
    code = pl.col("StockCode").str.to_uppercase()
    sold = ~pl.col("InvoiceNo").str.starts_with("C") & (pl.col("Quantity") > 0) & (pl.col("UnitPrice") > 0)
    goods = ~(code.is_in(NOT_GOODS) | code.str.starts_with("GIFT_"))
    lines = pl.read_parquet(folder / _RECEIPTS).filter(pl.col("CustomerID").is_not_null(), sold, goods)
    return lines.select(member="CustomerID", family=code, day=_day("InvoiceDate"))


def _baskets(folder: Path) -> pl.DataFrame:
    tree = pl.read_parquet(folder / _TREE).select("segment_id", family=pl.concat_str(_CATEGORY, separator="."))
    lines = pl.read_parquet(folder / _BASKETS).join(tree.unique("segment_id"), on="segment_id", how="left")
    return lines.select(member="customer_id", family=pl.col("family").fill_null(""), day=_day("date"))


def _day(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Date).to_physical()


def _codes(values: pl.Series) -> Days:
    return (values.rank("dense") - 1).cast(pl.Int32).to_numpy()
