"""Laws of the compiled policy: many as each alone, order of no matter, inputs untouched, a rule never adds."""

import copy
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.decision import Context
from recsys.members import Contact, LiveFacts, ProductFact, Subject
from recsys.policy.compile import CompiledPolicy
from recsys.types import Channel, Consent, EventKind
from tests.recsys.policy.small import batch_of, compiled
from tests.worlds import DAY, NOW

UNTIL = {"until": "2030-01-01"}
RULES: list[dict[str, object]] = [
    {"id": "r0", "effect": "exclude", "who": "member.points > 150", "what": "product.brand == 'beta'"},
    {"id": "r1", "effect": "require", "who": "member.tier == 'silver'", "what": "product.price_minor > 900"},
    {"id": "r2", "effect": "exclude", "applies_to": "offer", "who": "member.days_since_last_purchase < 4"},
    {"id": "r3", "effect": "boost", "factor": 1.7, "what": "product.stock > 0", **UNTIL},
    {"id": "r4", "effect": "bury", "factor": 0.3, "who": "member.segment == 0 && member.points < 500", **UNTIL},
    {"id": "r5", "effect": "boost", "factor": 2.0, "applies_to": "offer", "who": "member.tier_rank > 1", **UNTIL},
    {"id": "r6", "effect": "cap", "cap": {"limit": 2, "per": "brand"}, "who": "member.tier_rank < 2"},
    {"id": "r7", "effect": "pin", "pin": {"id": "p008", "position": 1}, "who": "member.consent_push"},
    {"id": "r8", "effect": "exclude", "who": "member.points / (member.points - 300) > 3", "channels": ["web"]},
]
PARTS: dict[str, object] = {
    "recently_bought": {"days": 9, "unless_repeat_rate_at_least": 0.4},
    "guardrails": {"max_depth": 0.14, "depth_bands": [{"id": "band", "tier": "gold", "max_depth": 0.05}]},
    "contact": {
        "caps": [{"id": "cap", "channel": "email", "max_messages": 2, "period_days": 3}],
        "cooldowns": [{"id": "rest", "days": 2}],
    },
}
POLICY = compiled(*RULES, **PARTS)

product_ids = st.integers(0, 32).map(lambda row: f"p{row:03}")
offer_ids = st.integers(0, 7).map(lambda row: f"o{row:03}")
contacts = st.builds(
    Contact,
    channel=st.sampled_from(Channel),
    contacted_at=st.integers(NOW - 5 * DAY, NOW),
    offer_id=st.none() | offer_ids,
)
purchases = st.builds(
    ProductFact, product_id=product_ids, kind=st.just(EventKind.PURCHASE), occurred_at=st.integers(NOW - DAY, NOW)
)
facts = st.builds(
    LiveFacts,
    product_facts=st.lists(purchases, max_size=3).map(tuple),
    held_offers=st.lists(offer_ids, max_size=2).map(tuple),
    contacts=st.lists(contacts, max_size=4).map(tuple),
    consent=st.none() | st.integers(0, 15).map(Consent),
)
subjects = st.builds(
    Subject,
    member_id=st.integers(0, 8).map(lambda row: f"m{row:03}"),
    facts=facts,
    basket=st.lists(product_ids, max_size=3).map(tuple),
    exclude_ids=st.frozensets(product_ids | offer_ids, max_size=3),
)
contexts = st.builds(
    Context,
    placement=st.sampled_from(["home", "email", "nowhere"]),
    now=st.integers(NOW - 5 * DAY, NOW + 60 * DAY),
    channel=st.none() | st.sampled_from(Channel),
)


def answers(policy: CompiledPolicy, members: list[Subject], rows: np.ndarray, context: Context) -> list[list[object]]:
    """Everything that the policy says, a list a member."""
    batch = batch_of(*members)
    withhold = np.array([len(member.basket) == 1 for member in members])
    columns = [
        policy.slate_removals(batch, context),
        policy.product_removals(batch, context, rows),
        policy.offer_removals(batch, context, withhold=withhold),
        *policy.product_boost(batch, context, rows),
        *policy.offer_boost(batch, context),
        *(cap.applies for cap in policy.caps(batch, context)),
        *(pin.applies for pin in policy.pins(batch, context)),
    ]
    return [[column[member].tolist() for column in columns] for member in range(len(members))]


@settings(max_examples=150, deadline=None)
@given(st.lists(subjects, min_size=1, max_size=6), contexts, st.integers(0, 2**31))
def test_many_are_answered_as_each_alone_and_inputs_stay(members: list[Subject], context: Context, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(-1, 30, (len(members), 11)).astype(np.int32)
    before = copy.deepcopy((members, context, rows))
    together = answers(POLICY, members, rows, context)
    assert together == [answers(POLICY, [one], rows[i : i + 1], context)[0] for i, one in enumerate(members)]
    assert together == answers(POLICY, members[::-1], rows[::-1], context)[::-1]
    assert (before[0], before[1]) == (members, context)
    assert np.array_equal(before[2], rows)


@settings(max_examples=60, deadline=None)
@given(st.lists(subjects, min_size=1, max_size=3), contexts, st.sampled_from(range(len(RULES))))
def test_a_rule_more_never_keeps_more(members: list[Subject], context: Context, left_out: int) -> None:
    batch, nobody = batch_of(*members), np.zeros(len(members), dtype=np.bool_)
    rows = np.tile(np.arange(30, dtype=np.int32), (len(members), 1))
    fewer = compiled(*RULES[:left_out], *RULES[left_out + 1 :], **PARTS)
    assert not (
        (POLICY.product_removals(batch, context, rows) < 0) & (fewer.product_removals(batch, context, rows) >= 0)
    ).any()
    kept = POLICY.offer_removals(batch, context, withhold=nobody) < 0
    assert not (kept & (fewer.offer_removals(batch, context, withhold=nobody) >= 0)).any()


@settings(max_examples=60, deadline=None)
@given(subjects, contexts)
def test_of_who_may_be_sent_nothing_everything_is_removed(member: Subject, context: Context) -> None:
    batch = batch_of(member)
    if POLICY.slate_removals(batch, context)[0] >= 0:
        rows = np.arange(30, dtype=np.int32)[None]
        assert (POLICY.product_removals(batch, context, rows) >= 0).all()
        assert (POLICY.offer_removals(batch, context, withhold=np.zeros(1, dtype=np.bool_)) >= 0).all()


@settings(max_examples=20, deadline=None)
@given(subjects, st.permutations([NOW - 5 * DAY, NOW, NOW + 21 * DAY, NOW + 31 * DAY]))
def test_what_was_asked_before_does_not_matter(member: Subject, instants: list[int]) -> None:
    rows = np.arange(30, dtype=np.int32)[None]
    for now in instants:
        context = Context("home", now)
        fresh = compiled(*RULES, **PARTS)
        assert answers(POLICY, [member], rows, context) == answers(fresh, [member], rows, replace(context))
