import numpy as np
import pytest

from features.simulator.loop.draws import Stream
from features.simulator.loop.history import by_depth, lived
from features.simulator.loop.log import NOTHING, Log
from features.simulator.loop.offer_table import OfferTable
from features.simulator.loop.reaction import odds, order_chance, shifted
from features.simulator.loop.truth import hardness, lost_orders, true_effects
from features.simulator.loop.week import World, live
from tests.features.simulator.loop.weekly import small


@pytest.fixture(scope="module")
def shop():
    world = World.of(small(members=4_000, size={"members": 4_000, "history_weeks": 30, "policy_weeks": 5}
                           | {"settle_weeks": 8}), seed=4)  # fmt: skip
    return world, lived(world)


def test_the_main_world_is_as_hard_as_real_ones(shop):
    world, past = shop
    hard = hardness(world, past.state, past.weeks, 0.1)
    assert 0.01 <= hard.redemption <= 0.03
    assert hard.deadweight > 0.5
    assert hard.hidden >= 0.5
    assert 0.02 < hard.harmed < 0.5
    assert 0.05 < hard.borrowed < 0.95


def test_nothing_is_hidden_where_traits_do_not_vary(shop):
    flat = {"reminder_sd": 0.0, "aversion_share": 0.0, "deal_sd": 0.0, "kind_sd": 0.0, "deal_drift": 0.0}
    world = World.of(small(reaction=flat), seed=4)
    past = lived(world)
    assert hardness(world, past.state, past.weeks, 0.1).hidden == pytest.approx(0, abs=1e-12)


def test_a_tenth_of_the_wave_is_drawn_with_its_true_probabilities(shop):
    _, past = shop
    drawn = ~np.isnan(past.log.p_nothing)
    assert drawn.sum() / (drawn | (past.log.shown >= 0)).sum() == pytest.approx(0.1, abs=0.01)
    assert np.unique(past.log.p_nothing[drawn]) == pytest.approx([1 / 6])
    assert (past.log.shown[drawn] == NOTHING).mean() == pytest.approx(1 / 6, abs=0.01)
    assert np.isnan(past.log.probability[~drawn]).all()


def test_orders_come_as_often_as_their_chance_says_with_and_without_an_offer(shop):
    world, past = shop
    config, people, n = world.config, world.people, len(world.people)
    chance = order_chance(config, people, past.state, 30)
    shown = np.where(np.arange(n) % 2 == 0, 3, NOTHING)
    expected = np.where(shown >= 0, shifted(chance, odds(config, world.offers, people, past.state).of(shown)), chance)
    _, week = live(world, past.state, Log.empty(31, n), week=30, shown=shown)
    log = Log.empty(31, n)
    live(world, past.state, log, week=30, shown=shown)
    sd = np.sqrt((expected * (1 - expected)).sum())
    assert abs(log.ordered[30].sum() - expected.sum()) < 4 * sd
    assert not (week.caused & week.prevented).any()


def test_expected_discounts_are_those_of_many_drawn_orders():
    table = OfferTable.of(small())
    rng = np.random.default_rng(5)
    basket, shares, sd = np.array([6_100.0]), np.array([[0.3, 0.1, 0.2, 0.1, 0.2, 0.1]]), 0.4
    spend = basket * np.exp(sd * rng.standard_normal(100_000) - sd * sd / 2)
    category = rng.choice(6, len(spend), p=shares[0])
    expected = table.expected_discount(basket, shares, sd)[0]
    for offer in range(len(table)):
        rows = np.full(len(spend), offer)
        drawn = np.where(table.in_scope(rows, category), table.taken_off(rows, spend), 0)
        assert drawn.mean() == pytest.approx(expected[offer], rel=0.02, abs=1.0)


def test_the_value_of_an_offer_is_its_parts(shop):
    world, past = shop
    effects = true_effects(world, past.state, 30)
    margin = world.people.basket_minor * (past.state.shares() @ np.array(world.config.shopping.margins))
    kept = np.maximum(1 - world.config.redeeming.borrowed - lost_orders(world, past.state, 30), 0)
    nudge = len(world.offers) - 1
    assert effects.value_minor[:, nudge] == pytest.approx(effects.uplift[:, nudge] * margin * kept - 2)
    assert (effects.discount_minor[:, nudge] == 0).all()


def test_who_buys_at_random_loses_no_later_order_and_a_regular_buyer_nearly_one():
    config = {"regularity": 1.0, "regularity_sd": 0.0, "overdue": 50.0, "season": 0.0, "mood_sd": 0.0}
    memoryless = World.of(small(shopping=config | {"dormant_share": 0.0}), seed=6)
    past = lived(memoryless)
    assert lost_orders(memoryless, past.state, 16).max() < 1e-4
    regular = World.of(small(shopping=config | {"regularity": 6.0, "dormant_share": 0.0, "interval_sd": 0.0}), seed=6)
    state = lived(regular).state
    assert lost_orders(regular, state, 16)[state.recency >= 4].min() > 0.5


def test_offers_by_depth_begin_with_the_deepest_and_leave_out_what_gives_nothing(shop):
    world, _ = shop
    names = [world.offers.names[row] for row in by_depth(world)]
    assert names[0] == "30 % off"
    assert "nudge" not in names


def test_streams_and_weeks_have_numbers_of_their_own(shop):
    world, _ = shop
    drawn = [world.draws.rng(stream, week).random() for stream in (Stream.ORDER, Stream.MOOD) for week in (1, 2)]
    assert len(set(drawn)) == 4
