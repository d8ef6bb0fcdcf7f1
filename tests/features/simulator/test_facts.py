"""The facts hang together: ids, times, prices, sale dates, tiers and points."""

from datetime import timedelta
from itertools import pairwise

import polars as pl
import pytest

from features.simulator.block import Block
from features.simulator.parameters import TIERS
from features.simulator.shared_frames import products_frame
from features.simulator.world import World

YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def priced(world: World, block: Block) -> pl.DataFrame:
    """Purchases with their products."""
    return block.facts["purchases"].join(products_frame(world), on="product_id", how="left")


@pytest.fixture(scope="module")
def now(world: World) -> pl.Expr:
    """The end of the history."""
    return pl.from_epoch(pl.lit(world.calendar.now)).dt.replace_time_zone("UTC")


def test_every_id_refers_to_something(tables: dict[str, pl.DataFrame]) -> None:
    known = {
        "member_id": tables["members"]["member_id"],
        "product_id": tables["products"]["product_id"],
        "offer_id": pl.concat([tables["offers"]["offer_id"], pl.Series(["no_offer"])]),
        "order_id": tables["purchases"]["order_id"],
        "purchase_id": tables["purchases"]["purchase_id"],
    }
    for name in ("purchases", "events", "exposures", "redemptions", "offer_scope", "returns", "points_entries"):
        for column in known.keys() & set(tables[name].columns):
            assert tables[name][column].drop_nulls().is_in(known[column].implode()).all(), (name, column)
    assert "no_offer" not in tables["redemptions"]["offer_id"]


def test_an_order_has_one_member_one_instant_one_place_and_no_product_twice(block: Block) -> None:
    purchases = block.facts["purchases"]
    orders = purchases.group_by("order_id").agg(
        pl.col("member_id", "purchased_at", "channel", "store_id").n_unique().name.suffix("_n"),
        pl.col("product_id").is_duplicated().any().alias("twice"),
    )
    assert orders.select(pl.max_horizontal(pl.col("^.*_n$").max())).item() == 1
    assert not orders["twice"].any()
    assert (purchases["store_id"].is_null() == (purchases["channel"] == "web")).all()


def test_a_line_costs_price_times_quantity_less_the_discount(priced: pl.DataFrame) -> None:
    full = priced["price_minor"] * priced["quantity"]
    assert (priced["paid_minor"] + priced["discount_minor"] == full).all()
    assert (priced["cost_minor"] < priced["price_minor"]).all()
    assert priced.filter(pl.col("offer_id").is_null())["discount_minor"].sum() == 0


def test_nothing_is_bought_or_viewed_off_sale(world: World, block: Block, priced: pl.DataFrame) -> None:
    viewed = block.facts["events"].join(products_frame(world), on="product_id").rename({"occurred_at": "at"})
    for frame in (priced.rename({"purchased_at": "at"}), viewed):
        early = pl.col("sale_from").is_not_null() & (pl.col("at") < pl.col("sale_from"))
        late = pl.col("sale_until").is_not_null() & (pl.col("at") >= pl.col("sale_until"))
        assert frame.filter(early | late).is_empty()


def test_the_catalogue_has_new_coming_ended_and_empty_products(tables: dict[str, pl.DataFrame], now: pl.Expr) -> None:
    products = tables["products"]
    sold = tables["purchases"]["product_id"].unique().implode()
    assert products.filter(pl.col("stock") == 0).height >= 1
    new = products.filter((pl.col("sale_from") < now).fill_null(False))
    assert new.height >= 1
    assert new["product_id"].is_in(sold).any()
    assert products.filter((pl.col("sale_until") < now).fill_null(False)).height >= 1
    assert not products.filter((pl.col("sale_from") > now).fill_null(False))["product_id"].is_in(sold).any()


def test_nobody_acts_before_joining_or_after_now(block: Block, now: pl.Expr) -> None:
    joined = block.facts["members"].select("member_id", "joined_at")
    for name, column in {"purchases": "purchased_at", "events": "occurred_at", "exposures": "exposed_at"}.items():
        acted = block.facts[name].join(joined, on="member_id")
        if name != "events":  # a view on the day of joining may come before the hour of joining
            assert acted.filter(pl.col(column) < pl.col("joined_at")).is_empty()
        assert acted.filter(pl.col(column).dt.date() < pl.col("joined_at").dt.date()).is_empty()
        assert acted.filter(pl.col(column) >= now).is_empty()


def test_tiers_are_monotone_in_spend(block: Block, now: pl.Expr) -> None:
    last_year = block.facts["purchases"].filter(pl.col("purchased_at") >= now - YEAR)
    spend = last_year.group_by("member_id").agg(pl.col("paid_minor").sum())
    members = (
        block.facts["members"].join(spend, on="member_id", how="left").with_columns(pl.col("paid_minor").fill_null(0))
    )
    bounds = members.group_by("tier").agg(low=pl.col("paid_minor").min(), high=pl.col("paid_minor").max(), n=pl.len())
    ladder = [bounds.row(by_predicate=pl.col("tier") == tier, named=True) for tier in TIERS]
    assert all(lower["high"] < upper["low"] for lower, upper in pairwise(ladder))
    assert [rung["n"] for rung in ladder] == sorted((rung["n"] for rung in ladder), reverse=True)
    assert ladder[-1]["n"] > 0


def test_a_redemption_follows_its_exposure_and_its_discount_is_on_the_lines(block: Block) -> None:
    redemptions = block.facts["redemptions"]
    shown = block.facts["exposures"].join(redemptions, on=["member_id", "offer_id"])
    lag = pl.col("redeemed_at") - pl.col("exposed_at")
    in_window = shown.filter((lag > timedelta(0)) & (lag <= timedelta(days=14)))
    assert in_window["redemption_id"].unique().sort().equals(redemptions["redemption_id"].sort())
    lines = block.facts["purchases"].filter(pl.col("offer_id").is_not_null())
    per_order = lines.group_by("order_id", "offer_id").agg(pl.col("discount_minor").sum().alias("on_lines"))
    both = redemptions.join(per_order, on=["order_id", "offer_id"], how="left")
    money = both.filter(pl.col("offer_id").str.contains("^(amount|percent|buy|reward)"))
    assert len(money) > 100
    assert (money["on_lines"] == money["discount_minor"]).all()
    other = both.filter(~pl.col("offer_id").str.contains("^(amount|percent|buy|reward)"))
    assert other["on_lines"].sum() == 0
    assert (other["discount_minor"] >= 0).all()


def test_two_lines_in_a_hundred_come_back_within_three_weeks_for_what_was_paid(block: Block, now: pl.Expr) -> None:
    returns, purchases = block.facts["returns"], block.facts["purchases"]
    lines = returns.join(purchases.drop("member_id"), on="purchase_id", suffix="_bought")
    assert lines.height == returns.height == returns["purchase_id"].n_unique()
    assert 0.017 <= lines.height / purchases.height <= 0.02  # what is still to come back at the end has not
    lag = lines["returned_at"].dt.date() - lines["purchased_at"].dt.date()
    assert (lag.min(), lag.max()) == (timedelta(days=1), timedelta(days=20))
    assert returns.filter(pl.col("returned_at") >= now).is_empty()
    whole = lines.filter(pl.col("quantity") == pl.col("quantity_bought"))
    assert (whole["refund_minor"] == whole["paid_minor"]).all()
    part = lines.filter(pl.col("quantity") != pl.col("quantity_bought"))
    assert part.height > 100
    assert (part["refund_minor"] == part["paid_minor"] * part["quantity"] // part["quantity_bought"]).all()
    several = lines.filter(pl.col("quantity_bought") > 1)
    assert 0.4 <= part.height / several.height <= 0.6


def test_birthdays_are_told_whole_or_not_at_all_and_fall_on_every_day(block: Block) -> None:
    members = block.facts["members"]
    assert (members["birth_day"].is_null() == members["birth_month"].is_null()).all()
    last = members.drop_nulls("birth_month").group_by("birth_month").agg(pl.col("birth_day").max()).sort("birth_month")
    assert last["birth_day"].to_list() == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert members["birth_day"].min() == 1


def test_signing_in_and_referring_add_points_while_a_member_is_there(block: Block, now: pl.Expr) -> None:
    entries = block.facts["points_entries"].join(block.facts["members"], on="member_id", suffix="_balance")
    assert dict(entries.group_by("kind").agg(pl.col("points").unique().first()).iter_rows()) == {
        "sign_in": 5, "referral": 100,
    }  # fmt: skip
    assert entries.filter((pl.col("occurred_at") < pl.col("joined_at")) | (pl.col("occurred_at") >= now)).is_empty()
    assert entries["entry_id"].n_unique() == entries.height
    assert 0.3 <= entries.height / len(block.facts["members"]) <= 0.7


def test_the_retailer_looks_like_one(block: Block, world: World) -> None:
    purchases = block.facts["purchases"].sort("purchased_at", "purchase_id")
    orders_a_year = purchases["order_id"].n_unique() / len(block.facts["members"]) * 365 / world.calendar.days
    assert 10 <= orders_a_year <= 25
    repeat = 1 - purchases.select(pl.struct("member_id", "product_id").is_first_distinct().mean()).item()
    assert 0.3 <= repeat <= 0.65
    lines = purchases.group_by("order_id").len()["len"]
    assert 3 <= lines.mean() <= 6
    sold = purchases["product_id"].value_counts(sort=True)["count"]
    assert sold.head(len(sold) // 10).sum() / sold.sum() > 0.25
    consent = block.facts["members"].select(pl.col("^consent_.*$").mean()).row(0)
    assert consent == pytest.approx((0.85, 0.60, 0.35, 0.20), abs=0.02)


def test_ice_cream_sells_in_summer_and_toys_before_christmas(priced: pl.DataFrame) -> None:
    month = priced.with_columns(month=pl.col("purchased_at").dt.month())
    share = {
        (category, m): month.filter(pl.col("month") == m)["category"].eq(category).mean()
        for category in ("ice cream", "toys")
        for m in (1, 7, 12)
    }
    assert share["ice cream", 7] > 1.3 * share["ice cream", 1]
    assert share["toys", 12] > 1.5 * share["toys", 7]


def test_fresh_goods_come_back_sooner_than_detergents(priced: pl.DataFrame) -> None:
    again = priced.sort("member_id", "product_id", "purchased_at").with_columns(
        gap=pl.col("purchased_at").diff().over("member_id", "product_id")
    )
    median = dict(again.group_by("category").agg(pl.col("gap").median().dt.total_days()).iter_rows())
    assert median["dairy"] < median["coffee"] < median["laundry"]
    repeats = again.group_by("category").agg((pl.col("gap").is_not_null()).mean().alias("share"))
    share = dict(repeats.iter_rows())
    assert share["toys"] < 0.6 * share["dairy"]
