"""Public coupon campaigns as one case: who was offered what in which campaign, and which campaigns judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from experiments.benchmarks.sequence_cases import read_columns
from recsys.errors import NotEnoughDataError, SourceError
from training.response.redemption_history import Bought, Coupons, Known, Offered

AMEXPERT, JOURNEY = "coupon_item_mapping.parquet", "coupon_redemptions.parquet"
_N_TEST = {AMEXPERT: 3, JOURNEY: 5}
_MOST_UNITS = 100
"""A line of more units is fuel or a coupon in other units."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RedemptionSet:
    """
    A folder.

    Attributes:
        form: ``amexpert`` or ``journey``.
        known: Coupons, all offers, receipts where there are some.
        train, validation, test: Numbers of campaigns by first day; validation and test are equally many.
        partial: Campaigns whose outcomes are not recorded from their first to their last day: history at most.
    """

    form: str
    known: Known
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    partial: tuple[int, ...]

    def campaign(self, number: int) -> Offered:
        """The offers of one campaign."""
        return self.known.offered.take(self.known.offered.campaign == number)

    def before_test(self) -> Known:
        """The same without any offer of the test's campaigns, so that none of their outcomes can be looked at."""
        offered = self.known.offered
        kept = offered.take(~np.isin(offered.campaign, self.test))
        return Known(self.known.coupons, kept, self.known.n_members, self.known.bought)


def read_redemption_set(folder: Path) -> RedemptionSet:
    """
    Read a folder by the file that tells its form.

    ``coupon_item_mapping.parquet``: offers with outcomes in ``train.parquet`` (and `item_data`, `campaign_data`). Days
    of redemptions are not recorded, so that a redemption is known when its campaign has ended. The three last-starting
    campaigns are the test.

    ``coupon_redemptions.parquet``: offers are all coupons of a campaign for all its members (`campaigns`, `coupons`,
    `campaign_descriptions`, `products`, `transactions_sample`). Which coupons of a personalised campaign (Type A) were
    mailed to whom is not recorded: its whole pool counts as offered, so that a chance is that of being mailed and
    redeemed. A campaign judges only if the log of redemptions holds it from its first day to its last; the five
    last-starting of these are the test.

    Validation are as many campaigns as the test has, before it. Campaigns of one first day are not parted.

    Raises:
        SourceError: Neither file is there, or a column is missing.
        NotEnoughDataError: Too few campaigns.
    """
    for name, read in _READERS.items():
        if (folder / name).is_file():
            known, partial = read(folder)
            return _parted(_FORMS[name], known, partial, _N_TEST[name])
    raise SourceError(f"{folder} holds none of {', '.join(_READERS)}; give a folder with one of them")


def _read_amexpert(folder: Path) -> tuple[Known, frozenset[int]]:
    columns = ("id", "campaign_id", "coupon_id", "customer_id", "redemption_status")
    campaigns = read_columns(folder / "campaign_data.parquet", _CAMPAIGN_COLUMNS)
    offers = read_columns(folder / "train.parquet", columns).join(campaigns, on="campaign_id").sort("id")
    items = read_columns(folder / "item_data.parquet", ("item_id", "brand", "brand_type", "category")).sort("item_id")
    valid = read_columns(folder / AMEXPERT, ("coupon_id", "item_id")).unique()
    coupons = _rows_of(pl.concat([valid["coupon_id"], offers["coupon_id"]]))
    valid = valid.filter(pl.col("item_id").is_in(items["item_id"].implode()))
    item = _positions(items["item_id"].to_numpy(), valid["item_id"])
    members = _rows_of(offers["customer_id"])
    redeemed = offers["redemption_status"].to_numpy() == 1
    ends = _days(offers["end_date"])
    offered = Offered(
        _positions(members, offers["customer_id"]),
        _positions(coupons, offers["coupon_id"]),
        offers["campaign_id"].to_numpy().astype(np.int64),
        _codes(offers["campaign_type"]),
        _days(offers["start_date"]),
        ends,
        np.where(redeemed, ends, -1),
        dated=False,
    )
    table = _table(_positions(coupons, valid["coupon_id"]), item, (len(coupons), len(items)))
    attributes = {name: _codes(items[name]) for name in ("brand", "brand_type", "category")}
    return Known(Coupons(table, attributes, np.arange(len(coupons))), offered, len(members)), frozenset()


def _read_journey(folder: Path) -> tuple[Known, frozenset[int]]:
    campaigns = read_columns(folder / "campaign_descriptions.parquet", _CAMPAIGN_COLUMNS)
    members_of = read_columns(folder / "campaigns.parquet", ("campaign_id", "household_id")).unique()
    valid = read_columns(folder / "coupons.parquet", ("coupon_upc", "product_id", "campaign_id")).unique()
    redemptions = read_columns(
        folder / JOURNEY, ("household_id", "coupon_upc", "campaign_id", "redemption_date")
    ).with_columns(day=pl.col("redemption_date").cast(pl.Date).cast(pl.Int64))
    products = _read_products(folder / "products.parquet")
    lines = read_columns(folder / "transactions_sample.parquet", _LINE_COLUMNS)
    issues = valid.select("campaign_id", "coupon_upc").unique().sort("campaign_id", "coupon_upc")
    issues = issues.with_columns(coupon=pl.int_range(pl.len(), dtype=pl.Int64))
    members = _rows_of(pl.concat([members_of["household_id"], lines["household_id"]]))
    first = redemptions.group_by("household_id", "coupon_upc", "campaign_id").agg(pl.col("day").min())
    offers = (
        members_of.join(campaigns, on="campaign_id")
        .join(issues, on="campaign_id")
        .join(first, on=["household_id", "coupon_upc", "campaign_id"], how="left")
        .sort("campaign_id", "household_id", "coupon")
    )
    offered = Offered(
        _positions(members, offers["household_id"]),
        offers["coupon"].to_numpy(),
        offers["campaign_id"].to_numpy().astype(np.int64),
        _codes(offers["campaign_type"]),
        _days(offers["start_date"]),
        _days(offers["end_date"]),
        offers["day"].fill_null(-1).to_numpy(),
        dated=True,
    )
    sold = products["product_id"].to_numpy()
    valid = valid.join(issues, on=["campaign_id", "coupon_upc"]).filter(
        pl.col("product_id").is_in(products["product_id"].implode())
    )
    table = _table(valid["coupon"].to_numpy(), _positions(sold, valid["product_id"]), (len(issues), len(sold)))
    attributes = {name: _codes(products[column]) for column, name in _ATTRIBUTES.items()}
    identity = _codes(issues["coupon_upc"])
    lines = lines.filter(
        (pl.col("quantity") <= _MOST_UNITS) & pl.col("product_id").is_in(products["product_id"].implode())
    )
    bought = Bought(
        _positions(members, lines["household_id"]),
        _positions(sold, lines["product_id"]),
        _days(lines["transaction_timestamp"]),
        (lines["retail_disc"] > 0).to_numpy(),
        (lines["coupon_disc"] > 0).to_numpy(),
    )
    log = redemptions["day"].to_numpy()
    outside = (_days(campaigns["start_date"]) < log.min()) | (_days(campaigns["end_date"]) > log.max())
    partial = frozenset(campaigns["campaign_id"].to_numpy()[outside].tolist())
    return Known(Coupons(table, attributes, identity), offered, len(members), bought), partial


def _read_products(path: Path) -> pl.DataFrame:
    """Products with attributes that may be empty, by id."""
    numbers = read_columns(path, ("product_id",))
    found = pl.read_parquet(path)
    missing = [name for name in _ATTRIBUTES if name not in found.columns]
    if missing:
        raise SourceError(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(found.columns)}")
    return found.select(numbers.columns + list(_ATTRIBUTES)).sort("product_id")


def _parted(form: str, known: Known, partial: frozenset[int], n_test: int) -> RedemptionSet:
    offered = known.offered
    numbers, first = np.unique(offered.campaign, return_index=True)
    order = sorted((int(offered.starts[at]), int(one)) for one, at in zip(numbers, first, strict=True))
    whole = [(start, one) for start, one in order if one not in partial]
    if len(whole) < 2 * n_test + 2:
        raise NotEnoughDataError(
            f"{len(whole)} campaigns are recorded whole; {2 * n_test + 2} are needed for learning, validation and test"
        )
    from_test = whole[-n_test][0]
    from_validation = [start for start, _ in whole if start < from_test][-n_test]
    return RedemptionSet(
        form,
        known,
        _between(whole, None, from_validation),
        _between(whole, from_validation, from_test),
        _between(whole, from_test, None),
        tuple(one for _, one in order if one in partial),
    )


def _between(campaigns: Sequence[tuple[int, int]], low: int | None, high: int | None) -> tuple[int, ...]:
    return tuple(one for start, one in campaigns if (low is None or start >= low) and (high is None or start < high))


def day_text(day: int) -> str:
    """A day of a case as a date."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + day).isoformat()


def _rows_of(ids: pl.Series) -> Numbers:
    return np.unique(ids.to_numpy())


def _positions(sorted_ids: NDArray[np.integer], ids: pl.Series) -> Numbers:
    return np.searchsorted(sorted_ids, ids.to_numpy()).astype(np.int64)


def _days(dates: pl.Series) -> Numbers:
    return dates.cast(pl.Date).to_physical().to_numpy().astype(np.int64)


def _codes(values: pl.Series) -> Numbers:
    """Numbers from 0 by the order of the values as text; -1 where there is none."""
    return (values.cast(pl.String).rank("dense").cast(pl.Int64) - 1).fill_null(-1).to_numpy()


def _table(row: Numbers, column: Numbers, shape: tuple[int, int]) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(row)), (row, column)), shape=shape)


_CAMPAIGN_COLUMNS = ("campaign_id", "campaign_type", "start_date", "end_date")
_LINE_COLUMNS = (
    "household_id",
    "product_id",
    "quantity",
    "retail_disc",
    "coupon_disc",
    "transaction_timestamp",
)
_ATTRIBUTES: Mapping[str, str] = {
    "manufacturer_id": "brand",
    "product_type": "type",
    "product_category": "category",
    "department": "department",
    "brand": "brand_type",
}
_FORMS = {AMEXPERT: "amexpert", JOURNEY: "journey"}
_READERS: Mapping[str, Callable[[Path], tuple[Known, frozenset[int]]]] = {
    AMEXPERT: _read_amexpert,
    JOURNEY: _read_journey,
}
