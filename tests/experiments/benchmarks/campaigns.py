"""Made-up coupon campaigns in which every member likes one of three categories, in both forms that the bench reads."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

N_MEMBERS, N_CAMPAIGNS, N_COUPONS, N_ITEMS = 32, 14, 12, 45
FIRST_DAY = datetime.fromisoformat("2017-01-01")
CATEGORIES = np.array(["Bakery", "Dairy", "Fuel"])
AMEXPERT_TEST, JOURNEY_TEST = (12, 13, 14), (10, 11, 12, 13, 14)


def offers(*, seed: int = 4) -> pl.DataFrame:
    """A campaign a month, other coupons in each; a liked category is redeemed in 3 of 10 cases, another in 1 of 50."""
    rng = np.random.default_rng(seed)
    liked = rng.integers(0, 3, N_MEMBERS)
    rows = []
    for campaign in range(1, N_CAMPAIGNS + 1):
        starts = FIRST_DAY + timedelta(days=30 * campaign)
        for member in range(N_MEMBERS):
            for coupon in range(N_COUPONS):
                used = rng.random() < (0.3 if coupon % 3 == liked[member] else 0.02)
                day = starts + timedelta(days=int(rng.integers(0, 20)))
                rows.append((campaign, 1000 * campaign + coupon, 7 * member + 3, starts, int(used), day))
    names = ["campaign_id", "coupon_id", "customer_id", "start_date", "redemption_status", "redemption_date"]
    frame = pl.DataFrame(rows, schema=names, orient="row")
    return frame.with_columns(
        end_date=pl.col("start_date") + pl.duration(days=20),
        campaign_type=pl.when(pl.col("campaign_id") % 2 == 0).then(pl.lit("X")).otherwise(pl.lit("Y")),
    ).with_row_index("id")


def valid_items(frame: pl.DataFrame) -> pl.DataFrame:
    """Each coupon is for five items of its category."""
    coupons = frame["coupon_id"].unique().sort().to_list()
    rows = [(coupon, 3 * ((coupon * 5 + k) % 15) + coupon % 1000 % 3) for coupon in coupons for k in range(5)]
    return pl.DataFrame(rows, schema=["coupon_id", "item_id"], orient="row")


def shuffled(frame: pl.DataFrame, campaigns: tuple[int, ...]) -> pl.DataFrame:
    """The outcomes of some campaigns drawn anew."""
    drawn = np.random.default_rng(99).random(frame.height) < 0.5
    tested = pl.col("campaign_id").is_in(campaigns)
    return frame.with_columns(
        redemption_status=pl.when(tested).then(pl.Series(drawn).cast(pl.Int64)).otherwise(pl.col("redemption_status"))
    )


def write_amexpert(folder: Path, frame: pl.DataFrame) -> None:
    """As the hackathon has it: outcomes without days."""
    columns = ["id", "campaign_id", "coupon_id", "customer_id", "redemption_status"]
    frame.select(columns).sample(fraction=1, shuffle=True, seed=1).write_parquet(folder / "train.parquet")
    campaigns = frame.select("campaign_id", "campaign_type", "start_date", "end_date").unique().sort("campaign_id")
    campaigns.write_parquet(folder / "campaign_data.parquet")
    valid_items(frame).write_parquet(folder / "coupon_item_mapping.parquet")
    _items("item_id").write_parquet(folder / "item_data.parquet")


def write_journey(folder: Path, frame: pl.DataFrame) -> None:
    """As the grocer has it: dated redemptions, receipts, and two campaigns that the log does not hold whole."""
    names = {"coupon_id": "coupon_upc", "customer_id": "household_id"}
    frame = frame.rename(names)
    campaigns = frame.select("campaign_id", "campaign_type", "start_date", "end_date").unique().sort("campaign_id")
    late = campaigns.tail(1).with_columns(
        campaign_id=pl.lit(99, pl.Int64), end_date=pl.col("end_date") + pl.duration(days=400)
    )
    pl.concat([campaigns, late]).write_parquet(folder / "campaign_descriptions.parquet")
    members = frame.select("campaign_id", "household_id").unique()
    extra = members.filter(pl.col("campaign_id") == N_CAMPAIGNS).with_columns(campaign_id=pl.lit(99, pl.Int64))
    pl.concat([members, extra]).sort("campaign_id", "household_id").write_parquet(folder / "campaigns.parquet")
    valid = frame.select("campaign_id", "coupon_upc").unique()
    items = valid_items(frame.rename({"coupon_upc": "coupon_id"})).rename(
        {"coupon_id": "coupon_upc", "item_id": "product_id"}
    )
    coupons = valid.join(items, on="coupon_upc")
    again = coupons.filter(pl.col("campaign_id") == 1).with_columns(campaign_id=pl.lit(99, pl.Int64))
    coupons = pl.concat([coupons, again]).select("coupon_upc", "product_id", "campaign_id")
    coupons.sort("campaign_id", "coupon_upc", "product_id").write_parquet(folder / "coupons.parquet")
    used = frame.filter(pl.col("redemption_status") == 1)
    edges = frame.filter(pl.col("campaign_id").is_in([1, N_CAMPAIGNS])).group_by("campaign_id").first()
    # The log begins with the first campaign and ends with the last.
    edges = edges.with_columns(
        redemption_date=pl.when(pl.col("campaign_id") == 1).then(pl.col("start_date")).otherwise(pl.col("end_date"))
    )
    columns = ["household_id", "coupon_upc", "campaign_id", "redemption_date"]
    pl.concat([used.select(columns), edges.select(columns)]).write_parquet(folder / "coupon_redemptions.parquet")
    products = _items("product_id").rename(
        {"brand": "manufacturer_id", "brand_type": "brand", "category": "department"}
    )
    kinds = pl.when(pl.col("product_id") == 0).then(None).otherwise(pl.col("department"))
    products.with_columns(product_category=kinds, product_type=kinds).write_parquet(folder / "products.parquet")
    _receipts(frame).write_parquet(folder / "transactions_sample.parquet")


def _items(name: str) -> pl.DataFrame:
    item = np.arange(N_ITEMS)
    return pl.DataFrame(
        {
            name: item,
            "brand": item // 5,
            "brand_type": np.where(item % 4 == 0, "Local", "Established"),
            "category": CATEGORIES[item % 3],
        }
    )


def _receipts(frame: pl.DataFrame) -> pl.DataFrame:
    rng = np.random.default_rng(8)
    n = 2_000
    return pl.DataFrame(
        {
            "household_id": rng.choice(frame["household_id"].unique().sort().to_numpy(), n),
            "product_id": rng.integers(0, N_ITEMS, n),
            "quantity": rng.choice([1.0, 2.0, 900.0], n, p=[0.7, 0.2, 0.1]),
            "retail_disc": rng.choice([0.0, 0.5], n),
            "coupon_disc": rng.choice([0.0, 1.0], n, p=[0.9, 0.1]),
            "transaction_timestamp": [FIRST_DAY + timedelta(days=int(day)) for day in rng.integers(0, 400, n)],
        }
    )
