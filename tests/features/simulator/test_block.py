"""A block of members is the same whenever and beside whatever it is simulated."""

import polars as pl
from polars.testing import assert_frame_equal

from features.simulator import block as blocks
from features.simulator.block import Block, n_blocks, simulate_block
from features.simulator.parameters import Parameters
from features.simulator.run import DEFAULT_END
from features.simulator.world import World, build_world


def _world(members: int) -> World:
    return build_world(members=members, products=100, seed=7, days=130, end=DEFAULT_END, parameters=Parameters())


def _same(one: Block, other: Block) -> None:
    for mine, yours in ((one.facts, other.facts), (one.truth, other.truth)):
        assert mine.keys() == yours.keys()
        for name in mine:
            assert_frame_equal(mine[name], yours[name], check_exact=True)


def test_blocks_do_not_depend_on_each_other_or_on_the_number_of_members(monkeypatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_MEMBERS", 250)
    large, small = _world(700), _world(500)
    assert (n_blocks(large), n_blocks(small)) == (3, 2)
    last = simulate_block(large, 2)
    second = simulate_block(large, 1)
    _same(second, simulate_block(small, 1))
    _same(last, simulate_block(large, 2))
    assert len(last.facts["members"]) == 200
    assert second.facts["members"]["member_id"][0] == "m00000251"


def test_ids_of_all_blocks_are_distinct(monkeypatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_MEMBERS", 250)
    world = _world(600)
    parts = [simulate_block(world, number).facts for number in range(n_blocks(world))]
    for name, key in {
        "members": "member_id",
        "purchases": "purchase_id",
        "events": "event_id",
        "exposures": "exposure_id",
        "redemptions": "redemption_id",
    }.items():
        assert pl.concat([part[name] for part in parts])[key].is_unique().all()


def test_large_assortments_are_simulated_in_smaller_cohorts(monkeypatch) -> None:
    monkeypatch.setattr(blocks, "_COHORT_CELLS", 30_000)
    whole = simulate_block(_world(600), 0)
    assert whole.facts["members"]["member_id"].is_unique().sum() == 600
    assert len(whole.truth["effects"]) == 600 * 20
