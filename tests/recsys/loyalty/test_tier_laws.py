"""Laws of tiers: the engine agrees with rules written out for one member, instant by instant."""

from hypothesis import given, settings

from recsys.loyalty.tiers import tier_history
from tests.recsys.loyalty.tier_reference import reference_history
from tests.recsys.loyalty.tier_worlds import TierWorld, tier_worlds


@settings(max_examples=200, deadline=None)
@given(tier_worlds())
def test_engine_agrees_with_the_rules_written_out_for_one_member(world: TierWorld):
    history = tier_history(world.columns(), world.programme, as_of=world.as_of)

    for row, member in enumerate(world.members):
        expected = reference_history(world.programme, member.facts, member.joined, member.grants, world.as_of)
        assert history.changes(row) == expected
