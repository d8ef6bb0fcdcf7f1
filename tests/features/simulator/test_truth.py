"""The truth is what happens: randomised differences find it, and the counterfactuals agree with the history."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.simulator.baskets import Shop, draw_favourites, expected_basket, fill_at_once
from features.simulator.block import Block
from features.simulator.parameters import HORIZON_DAYS
from features.simulator.people import draw_people
from features.simulator.shared_frames import offers_frame, products_frame
from features.simulator.tastes import draw_tastes
from features.simulator.world import World
from recsys.types import NO_OFFER, OFFER_KINDS, OfferKind


@pytest.fixture(scope="module")
def responses(world: World, block: Block) -> pl.DataFrame:
    """Each exposure with whether an order followed in its window (from the facts), the type and the truth."""
    orders = block.facts["purchases"].select("member_id", "purchased_at").unique()
    shown = block.facts["exposures"]
    lag = pl.col("purchased_at") - pl.col("exposed_at")
    followed = (
        shown.join(orders, on="member_id")
        .filter((lag > timedelta(0)) & (lag <= timedelta(days=HORIZON_DAYS)))
        .select("exposure_id")
        .unique()
        .with_columns(ordered=pl.lit(1.0))
    )
    return (
        shown.join(followed, on="exposure_id", how="left")
        .with_columns(pl.col("ordered").fill_null(0.0))
        .join(block.truth["exposures"], on="exposure_id")
        .join(block.truth["members"].select("member_id", "response_type"), on="member_id")
        .join(offers_frame(world).select("offer_id", "kind"), on="offer_id", how="left")
    )


def _difference(responses: pl.DataFrame, treated: pl.Expr) -> tuple[float, float, float]:
    """Treated less control within campaigns, weighted by treated: estimate, standard error, true mean effect."""
    arms = responses.filter(treated | (pl.col("offer_id") == NO_OFFER)).group_by(
        "campaign_id", (pl.col("offer_id") == NO_OFFER).alias("control")
    ).agg(
        pl.len().alias("n"),
        pl.col("ordered").mean(),
        ((pl.col("ordered").var() / pl.len()).alias("squared_error")),
        effect=(pl.col("p_order_with") - pl.col("p_order_without")).mean(),
    )  # fmt: skip
    pairs = arms.filter(~pl.col("control")).join(arms.filter("control"), on="campaign_id", suffix="_none")
    weight = pairs["n"] / pairs["n"].sum()
    estimate = (weight * (pairs["ordered"] - pairs["ordered_none"])).sum()
    error = (weight**2 * (pairs["squared_error"] + pairs["squared_error_none"])).sum() ** 0.5
    return estimate, error, (weight * pairs["effect"]).sum()


@pytest.mark.parametrize("kind", [kind.value for kind in OFFER_KINDS if kind is not OfferKind.NUDGE])
def test_randomised_differences_recover_the_true_effect_of_each_kind(kind: str, responses: pl.DataFrame) -> None:
    estimate, error, truth = _difference(responses, pl.col("kind") == kind)
    assert error < 0.015
    assert abs(estimate - truth) < 3 * error


def test_persuadable_members_respond_and_the_difference_shows_it(responses: pl.DataFrame) -> None:
    persuadable = responses.filter(pl.col("response_type") == "persuadable")
    estimate, error, truth = _difference(persuadable, pl.col("kind").is_in(["amount_off", "percent_off"]))
    assert truth > 0.08
    assert estimate > 6 * error
    assert abs(estimate - truth) < 3 * error


@pytest.mark.parametrize("kind", ["sure_thing", "lost_cause"])
def test_sure_things_and_lost_causes_do_not_respond(kind: str, responses: pl.DataFrame, block: Block) -> None:
    estimate, error, truth = _difference(
        responses.filter(pl.col("response_type") == kind), pl.col("kind").is_not_null()
    )
    assert truth == 0.0
    assert abs(estimate) < 3 * error
    members = block.truth["members"].filter(pl.col("response_type") == kind)
    assert (block.truth["effects"].join(members, on="member_id")["log_rate_ratio"] == 0.0).all()


def test_sleeping_dogs_order_less_when_written_to(responses: pl.DataFrame) -> None:
    dogs = responses.filter(pl.col("response_type") == "sleeping_dog")
    estimate, error, truth = _difference(dogs, pl.col("kind").is_not_null())
    assert truth < -0.05
    assert abs(estimate - truth) < 3 * error
    assert estimate < -3 * error


def test_order_probabilities_are_calibrated_in_every_decile(responses: pl.DataFrame) -> None:
    deciles = responses.with_columns(decile=(pl.col("p_order_with").rank("ordinal") - 1) * 10 // pl.len())
    by_decile = deciles.group_by("decile").agg(
        z=(pl.col("ordered") - pl.col("p_order_with")).sum()
        / (pl.col("p_order_with") * (1 - pl.col("p_order_with"))).sum().sqrt().clip(1.0)
    )
    assert by_decile["z"].abs().max() < 4


def test_nobody_in_the_control_group_is_affected(responses: pl.DataFrame) -> None:
    control = responses.filter(pl.col("offer_id") == NO_OFFER)
    assert control["p_order_with"].equals(control["p_order_without"])


def test_the_margin_of_an_order_is_what_orders_earned_lately(world: World, block: Block) -> None:
    purchases = block.facts["purchases"]
    late = purchases.filter(pl.col("purchased_at") > purchases["purchased_at"].max() - timedelta(days=14))
    margin = (pl.col("price_minor") - pl.col("cost_minor")) * pl.col("quantity")
    earned = late.join(products_frame(world), on="product_id").group_by("order_id").agg(margin.sum())["price_minor"]
    members = block.truth["members"]
    expected = (members["order_margin_minor"] * members["orders_without"]).sum() / members["orders_without"].sum()
    error = earned.std() / len(earned) ** 0.5
    assert error < 0.02 * expected
    # The season is a fortnight older in the history than in the truth.
    assert abs(earned.mean() - expected) < 3 * error + 0.01 * expected


def test_the_expected_basket_is_the_mean_of_drawn_baskets(world: World) -> None:
    rng = np.random.default_rng(0)
    parameters, day = world.parameters, world.calendar.days
    people = draw_people(40, world.groups, world.calendar, parameters, rng)
    tastes = draw_tastes(people.group, world.groups, world.assortment, now_day=day, parameters=parameters, rng=rng)
    favourites = draw_favourites(people, tastes, world.assortment, parameters=parameters, rng=rng)
    shop = Shop(people, tastes, favourites, world.assortment, world.calendar, parameters)
    margin, spend = expected_basket(shop, favourites.last, day)
    draws = 4_000
    member = np.repeat(np.arange(40), draws)
    lines = fill_at_once(shop, favourites.last, member, np.full(len(member), day), rng)
    unit = world.assortment.price_minor[lines.product]
    for expected, value in ((margin, unit - world.assortment.cost_minor[lines.product]), (spend, unit)):
        per_order = np.bincount(lines.order, value * lines.quantity, len(member)).reshape(40, draws)
        error = per_order.std(axis=1) / np.sqrt(draws)
        assert np.abs((per_order.mean(axis=1) - expected) / error).max() < 4.5


def test_the_incremental_margin_is_uplift_times_margin_less_all_costs(world: World, block: Block) -> None:
    effects = block.truth["effects"].join(
        block.truth["members"].select("member_id", "order_margin_minor"), on="member_id"
    )
    effects = effects.join(offers_frame(world), on="offer_id").filter(pl.col("kind") != "buy_x_get_y")
    gained = (effects["orders_with"] - effects["orders_without"]) * effects["order_margin_minor"]
    expected = gained - effects["discount_minor"] - effects["contact_cost_minor"]
    np.testing.assert_allclose(effects["incremental_margin_minor"], expected, rtol=1e-3, atol=0.5)


def test_no_offer_pays_for_everyone(block: Block) -> None:
    eligible = block.truth["effects"].filter("eligible")
    worth = eligible.group_by("member_id").agg(pl.col("incremental_margin_minor").max())["incremental_margin_minor"]
    assert 0.05 < (worth > 0).mean() < 0.6
    by_offer = eligible.group_by("offer_id").agg((pl.col("incremental_margin_minor") > 0).mean().alias("pays"))
    assert by_offer["pays"].max() < 0.6


def test_probabilities_are_probabilities_and_more_orders_means_likelier(block: Block) -> None:
    effects = block.truth["effects"]
    for column in ("p_order_without", "p_order_with", "p_redeem"):
        assert effects[column].is_between(0, 1).all()
    assert (effects["p_redeem"] <= effects["p_order_with"] + 1e-6).all()
    up = effects.filter((pl.col("log_rate_ratio") > 0) & (pl.col("orders_without") > 0))
    assert (up["p_order_with"] > up["p_order_without"]).all()
    assert (up["orders_with"] > up["orders_without"]).all()
