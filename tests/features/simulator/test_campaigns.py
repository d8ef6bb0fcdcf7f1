"""Randomised campaigns: windows never overlap, every offer has its turn, propensities are what was drawn."""

import numpy as np
import polars as pl
import pytest

from features.simulator.block import Block
from features.simulator.campaigns import plan_waves
from features.simulator.offers import build_offers
from features.simulator.parameters import HORIZON_DAYS, Parameters
from features.simulator.shared_frames import offers_frame
from features.simulator.world import World
from recsys.types import NO_OFFER, OFFER_KINDS


@pytest.mark.parametrize("days", [120, 200, 420, 1_830])
def test_windows_do_not_overlap_and_end_before_the_history(days: int) -> None:
    starts = [wave[0].day for wave in plan_waves(build_offers(days, Parameters()), days, Parameters())]
    assert len(starts) >= 5
    assert min(np.diff(starts)) >= HORIZON_DAYS
    assert starts[-1] + HORIZON_DAYS <= days


@pytest.mark.parametrize("days", [120, 200, 420, 1_830])
def test_every_offer_is_drawn_while_valid_and_within_its_limit(days: int) -> None:
    offers = build_offers(days, Parameters())
    drawn = np.zeros(len(offers), dtype=int)
    for wave in plan_waves(offers, days, Parameters()):
        for campaign in wave:
            arms = campaign.arms[:-1]
            drawn[arms] += 1
            assert offers.valid(campaign.day)[arms].all()
            assert (offers.first_tier[arms] <= campaign.first_tier).all()
            assert campaign.propensity.sum() == pytest.approx(1.0)
    assert drawn.min() >= 1
    assert (drawn <= offers.limit)[offers.limit > 0].all()


def test_there_is_an_offer_of_every_kind_and_several_outlive_the_history(world: World) -> None:
    offers = offers_frame(world)
    assert set(offers["kind"]) == {kind.value for kind in OFFER_KINDS}
    left = offers["valid_until"].dt.epoch("s") - world.calendar.now
    assert (left > 30 * 86_400).sum() >= 10
    assert (left < 0).sum() >= 2
    assert offers["tiers"].drop_nulls().to_list() == ["gold|diamond", "silver|gold|diamond", "silver|gold|diamond"]


def test_nudges_are_offers_that_nobody_was_shown_yet(world: World, block: Block) -> None:
    offers = offers_frame(world)
    nudges = offers.filter(pl.col("kind") == "nudge")
    assert nudges["trigger"].to_list() == ["points_expiring", "tier_near", "win_back"]
    assert not block.facts["exposures"]["offer_id"].is_in(nudges["offer_id"].implode()).any()
    assert (offers["trigger"] != "none").sum() == nudges.height


def test_offers_of_several_depths_are_steps_of_a_ladder(world: World) -> None:
    steps = offers_frame(world).drop_nulls("ladder").group_by("ladder").agg("offer_id", pl.col("kind").n_unique())
    assert steps.sort("ladder").rows() == [
        ("amount", ["amount-2-off-15", "amount-5-off-30", "amount-8-off-40"], 1),
        ("percent", ["percent-10", "percent-20", "percent-5"], 1),
    ]


def test_arms_are_shown_as_often_as_their_logging_propensity_says(block: Block) -> None:
    arms = (
        block.facts["exposures"]
        .group_by("campaign_id", "offer_id")
        .agg(pl.len().alias("n"), pl.col("logging_propensity").unique().alias("p"))
    )
    assert (arms["p"].list.len() == 1).all()
    arms = arms.with_columns(pl.col("p").list.first(), total=pl.col("n").sum().over("campaign_id"))
    z = (arms["n"] - arms["total"] * arms["p"]) / (arms["total"] * arms["p"] * (1 - arms["p"])).sqrt()
    assert z.abs().max() < 4.5
    assert (arms.group_by("campaign_id").agg(pl.col("p").sum())["p"] - 1).abs().max() < 1e-12
    assert arms.filter(pl.col("offer_id") == NO_OFFER)["campaign_id"].n_unique() == 20


def test_only_members_who_agreed_are_written_to(block: Block) -> None:
    shown = block.facts["exposures"].join(block.facts["members"], on="member_id")
    assert shown["consent_personalisation"].all()
    for channel in ("email", "push", "sms"):
        reached = shown.filter(pl.col("channel") == channel)
        assert reached[f"consent_{channel}"].all()
        assert len(reached) > 0
    assert (shown["exposed_at"] >= shown["joined_at"]).all()


def test_a_wave_shows_a_member_at_most_one_thing(block: Block) -> None:
    shown = block.facts["exposures"].with_columns(wave=pl.col("campaign_id").str.slice(0, 7))
    assert not shown.select("member_id", "wave").is_duplicated().any()


def test_who_pays_with_points_pays_as_many_as_the_definition_asks(world: World) -> None:
    paid = offers_frame(world).filter(pl.col("points_cost") > 0)
    assert paid.select("offer_id", "points_cost", "amount_minor").rows() == [("reward-3", 300, 300)]
