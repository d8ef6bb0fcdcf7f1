"""Laws of standings: they agree with the history, keep what they promise, and change when they say."""

from dataclasses import fields, replace

import numpy as np
from hypothesis import assume, given, settings

from recsys.loyalty.conditions import MEASURES
from recsys.loyalty.facts import TierFacts
from recsys.loyalty.standing import NO_INSTANT, Standings, standing_after, standings
from recsys.loyalty.tiers import tier_history
from tests.recsys.loyalty.tier_worlds import TierWorld, tier_worlds

COLUMNS = [field.name for field in fields(Standings) if field.name not in ("tiers", "as_of")]


def known(world: TierWorld) -> TierFacts:
    facts = world.columns()
    return facts.where(facts.at <= world.as_of)


def one(facts: TierFacts, row: int) -> TierFacts:
    return facts.between(row, row + 1)


def with_fact(facts: TierFacts, row: int, at: int, amounts: np.ndarray) -> TierFacts:
    columns = {name: np.append(facts.measure(i), max(amounts[i], 0)) for i, name in enumerate(MEASURES)}
    return TierFacts.of(
        np.append(facts.member, row), np.append(facts.at, at), joined_at=facts.joined_at, grants=facts.grants, **columns
    )


@settings(max_examples=15, deadline=None)
@given(tier_worlds())
def test_standing_has_the_tier_of_the_history(world: TierWorld):
    facts = world.columns()
    history = tier_history(facts, world.programme, as_of=world.as_of)
    found = standings(facts, world.programme, as_of=world.as_of)

    assert found.tier.tolist() == history.tier_at(world.as_of).tolist()
    assert found.since.tolist() == history.since(world.as_of).tolist()


@settings(max_examples=15, deadline=None)
@given(tier_worlds())
def test_members_stand_together_as_each_stands_alone(world: TierWorld):
    facts = world.columns()
    together = standings(facts, world.programme, as_of=world.as_of)

    for row in range(len(world.members)):
        alone = standings(one(facts, row), world.programme, as_of=world.as_of)
        assert together.record(row) == alone.record(0)


@settings(max_examples=25, deadline=None)
@given(tier_worlds())
def test_nothing_changes_before_it_is_said_to_change(world: TierWorld):
    facts = known(world)
    now = standings(facts, world.programme, as_of=world.as_of)

    for row, change_at in enumerate(now.next_change_at):
        if change_at == NO_INSTANT:
            change_at = world.as_of + 20 * 365 * 86_400
        assert change_at > world.as_of
        later = standings(one(facts, row), world.programme, as_of=int(change_at) - 1)
        for name in COLUMNS:
            assert getattr(later, name)[0].tolist() == getattr(now, name)[row].tolist(), name


@settings(max_examples=25, deadline=None)
@given(tier_worlds())
def test_tier_falls_when_and_where_it_is_said_to_fall(world: TierWorld):
    facts = replace(known(world), grants=known(world).grants.between(0, 0))
    now = standings(facts, world.programme, as_of=world.as_of)
    starts = [span.begins for span in world.programme.spans if span.begins > world.as_of]

    for row, at in enumerate(now.falls_at.tolist()):
        if at == NO_INSTANT or (starts and at >= starts[0]):
            continue
        history = tier_history(facts, world.programme, as_of=at)
        between = [change for change in history.changes(row) if world.as_of < change[0] < at]
        if not between:  # a return that leaves the window may lift the member before
            assert history.tier_at(at)[row] == now.falls_to[row] < now.tier[row]
            assert history.changes(row)[-1][3] == "review"


@settings(max_examples=25, deadline=None)
@given(tier_worlds())
def test_what_is_said_to_keep_the_tier_keeps_it(world: TierWorld):
    facts = replace(known(world), grants=known(world).grants.between(0, 0))
    now = standings(facts, world.programme, as_of=world.as_of)
    starts = [span.begins for span in world.programme.spans if span.begins > world.as_of]

    for row, at in enumerate(now.falls_at.tolist()):
        if at == NO_INSTANT or (starts and at >= starts[0]):
            continue
        # A continuous window holds at an instant what comes at it; a review what came before.
        bought_at = at if now.review_at[row] == NO_INSTANT else at - 1
        kept = tier_history(with_fact(facts, row, bought_at, now.to_keep[row]), world.programme, as_of=at)
        assert kept.tier_at(at)[row] >= now.tier[row]


@settings(max_examples=25, deadline=None)
@given(tier_worlds())
def test_what_is_said_to_lift_a_member_lifts_it(world: TierWorld):
    facts = known(world)
    now = standings(facts, world.programme, as_of=world.as_of)
    assume((now.next_tier >= 0).any())

    for row in np.flatnonzero(now.next_tier >= 0):
        amounts = dict(zip(MEASURES, np.maximum(now.to_next[row], 0).tolist(), strict=True))
        after = standing_after(one(facts, row), world.programme, at=world.as_of, **amounts)
        assert after.tier[0] >= now.next_tier[row]
