"""Laws of tiers: the engine agrees with rules written out for one member, instant by instant."""

from random import Random
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.loyalty import tiers
from recsys.loyalty.conditions import MEASURES
from recsys.loyalty.tiers import tier_history, walk_members
from tests.recsys.loyalty.tier_reference import reference_history
from tests.recsys.loyalty.tier_worlds import TierWorld, tier_worlds


@settings(max_examples=100, deadline=None)
@given(tier_worlds())
def test_engine_agrees_with_the_rules_written_out_for_one_member(world: TierWorld):
    history = tier_history(world.columns(), world.programme, as_of=world.as_of)

    for row, member in enumerate(world.members):
        expected = reference_history(world.programme, member.facts, member.joined, member.grants, world.as_of)
        assert history.changes(row) == expected


@settings(max_examples=20, deadline=None)
@given(tier_worlds(), st.integers(0, 10**8))
def test_history_knows_nothing_of_what_comes_later(world: TierWorld, earlier: int):
    facts, cut = world.columns(), world.as_of - earlier
    history = tier_history(facts, world.programme, as_of=world.as_of)
    before = tier_history(facts, world.programme, as_of=cut)

    for row in range(len(world.members)):
        assert before.changes(row) == [change for change in history.changes(row) if change[0] <= cut]


@settings(max_examples=20, deadline=None)
@given(tier_worlds(), st.randoms(use_true_random=False))
def test_order_of_the_facts_and_size_of_the_blocks_do_not_matter(world: TierWorld, random: Random):
    expected = tier_history(world.columns(), world.programme, as_of=world.as_of)
    for member in world.members:
        random.shuffle(member.facts)
    with patch.object(tiers, "MEMBERS_AT_ONCE", 2):
        shuffled = tier_history(world.columns(), world.programme, as_of=world.as_of)

    for name in ("indptr", "at", "from_tier", "to_tier", "reason"):
        assert getattr(shuffled, name).tolist() == getattr(expected, name).tolist()


@settings(max_examples=20, deadline=None)
@given(tier_worlds())
def test_no_tier_is_below_what_entry_merits(world: TierWorld):
    facts = world.columns()
    for outcome in walk_members(facts, world.programme, as_of=world.as_of):
        members = np.flatnonzero(outcome.progress.tier >= 0)
        if outcome.walk is not None and len(members):
            entry, _ = outcome.walk.timeline.levels_at(members, np.full(len(members), world.as_of))
            assert (outcome.walk.level_of[outcome.progress.tier[members]] >= entry).all()


@settings(max_examples=10, deadline=None)
@given(tier_worlds())
def test_facts_are_not_changed(world: TierWorld):
    facts, untouched = world.columns(), world.columns()
    tier_history(facts, world.programme, as_of=world.as_of)

    for name in ("member", "at", *MEASURES, "joined_at"):
        assert getattr(facts, name).tolist() == getattr(untouched, name).tolist()
