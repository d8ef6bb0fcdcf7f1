from dataclasses import fields

import numpy as np
import pytest

from features.simulator.loop.history import lived
from features.simulator.loop.log import NOTHING
from features.simulator.loop.run import run_policy
from features.simulator.loop.week import World
from tests.features.simulator.loop.weekly import Sends, small

DEEPEST = 4


@pytest.fixture(scope="module")
def shop():
    world = World.of(small(), seed=3)
    return world, lived(world)


def bytes_of(log) -> list[bytes]:
    return [getattr(log, column.name).tobytes() for column in fields(log)]


def test_same_seed_gives_the_same_log_byte_for_byte():
    first, again = (lived(World.of(small(members=200), seed=8)) for _ in range(2))
    assert bytes_of(first.log) == bytes_of(again.log)


def test_another_seed_gives_another_log():
    first, other = (lived(World.of(small(members=200), seed=seed)) for seed in (8, 9))
    assert bytes_of(first.log) != bytes_of(other.log)


def test_identical_policies_earn_identical_profits(shop):
    first, again = (run_policy(*shop, Sends(DEEPEST)) for _ in range(2))
    assert np.array_equal(first.profit_minor, again.profit_minor)
    assert first.redeemed == again.redeemed > 0


def test_other_luck_changes_what_an_identical_policy_earns(shop):
    assert run_policy(*shop, Sends(2)).profit_minor.sum() != run_policy(*shop, Sends(2), stream=77).profit_minor.sum()


def test_a_run_leaves_the_past_as_it_was(shop):
    world, past = shop
    before = bytes_of(past.log)
    run_policy(world, past, Sends(DEEPEST))
    assert bytes_of(past.log) == before


def test_no_contact_gives_no_discount_and_costs_nothing(shop):
    outcome = run_policy(*shop, Sends(NOTHING))
    assert outcome.discount_minor.sum() == outcome.messages == outcome.left == outcome.caused == outcome.prevented == 0


def test_where_nothing_has_an_effect_a_policy_costs_just_its_messages():
    config = small(reaction={"reminder": 0.0, "reminder_sd": 0.0, "aversion_share": 0.0, "deal": 0.0, "deal_sd": 0.0}
                   | {"promotion": 0.0, "tier": 0.0, "basket": 0.0, "weariness": 0.0, "deal_drift": 0.0})  # fmt: skip
    still = World.of(config, seed=3)
    past = lived(still)
    nudge = len(config.offers) - 1
    nothing, sent = run_policy(still, past, Sends(NOTHING)), run_policy(still, past, Sends(nudge))
    cost = sent.messages * config.offers[nudge].contact_cost_minor
    assert sent.profit_minor.sum() == pytest.approx(nothing.profit_minor.sum() - cost)


def test_nobody_gets_more_messages_than_the_limit_within_its_weeks(shop):
    world, past = shop
    policy = Sends(DEEPEST)
    run_policy(world, past, policy)
    shown = policy.views[-1].log.shown >= 0
    windows = [shown[week : week + 4].sum(axis=0).max() for week in range(len(shown) - 3)]
    assert max(windows) == world.config.limits.contacts


def test_messages_of_a_week_stay_within_capacity():
    world = World.of(small(limits={"capacity": 0.1}), seed=3)
    outcome = run_policy(world, lived(world), Sends(DEEPEST))
    assert outcome.sent.max() == 60


def test_discounts_stay_within_the_budget():
    world = World.of(small(members=2_000, limits={"budget": 0.002}), seed=3)
    outcome = run_policy(world, lived(world), Sends(DEEPEST))
    assert 0 < outcome.discount_minor.sum() <= outcome.budget_minor * 1.1


def test_settling_weeks_count_and_see_no_contact(shop):
    outcome = run_policy(*shop, Sends(DEEPEST))
    assert len(outcome.sent) == 7
    assert outcome.sent[5:].tolist() == [0, 0]
    assert (outcome.profit_minor[5:] > 0).all()


def test_a_policy_cannot_write_into_the_log_it_sees(shop):
    policy = Sends(DEEPEST)
    run_policy(*shop, policy)
    with pytest.raises(ValueError, match="read-only"):
        policy.views[0].log.shown[0, 0] = 1


def test_a_policy_sees_no_week_that_was_not_lived(shop):
    policy = Sends(DEEPEST)
    run_policy(*shop, policy)
    assert [view.log.n_weeks for view in policy.views] == [16, 17, 18, 19, 20]
