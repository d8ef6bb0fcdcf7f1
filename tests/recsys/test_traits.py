"""A bundle of one member answers as the whole bundle does of them, and differs in what their traits say alone."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from recsys.batch import build_batch
from recsys.decision import Context, Decision
from recsys.engine import Engine
from recsys.errors import InputError
from recsys.knowledge import Knowledge
from recsys.members import Subject
from recsys.profile import ColumnSpec, MemberProfile, Unit
from recsys.traits import NOBODY, Trait, Traits, with_traits
from recsys.types import Consent, Stage
from recsys.what_if import Changes, what_if
from tests.recsys.policy.small import KNOWLEDGE, compiled
from tests.worlds import CUT_OFF, DAY, NOW

RULES = (
    {"id": "silent", "effect": "exclude", "who": "member.silent_days >= 12", "what": "product.category == 'wine'"},
    {"id": "rich", "effect": "exclude", "who": "member.points >= 300", "what": "product.brand == 'beta'"},
    {"id": "web", "effect": "exclude", "who": "member.main_channel == 'web'", "what": "product.category == 'home'"},
    {"id": "fans", "effect": "exclude", "applies_to": "offer", "who": "member.coupon_share > 0.5"},
    {"id": "new", "effect": "exclude", "who": "member.stage == 'new'", "what": "product.category == 'dairy'"},
    {"id": "gold", "effect": "exclude", "who": "member.tier == 'gold'", "what": "product.brand == 'gamma'"},
)
POLICY = compiled(*RULES)
ENGINE = Engine(KNOWLEDGE, POLICY)
LATER = Context("home", NOW + 30 * DAY, explain=True)


def alone(member: str, traits: Traits | None = None, *, at: int = NOW, knowledge: Knowledge = KNOWLEDGE) -> Knowledge:
    usual = ENGINE.terms.mean_affinity
    return with_traits(knowledge, member, traits or Traits(), at=at, zone="UTC", usual_affinity=usual)


def decided(member: str, traits: Traits | None = None, context: Context = LATER) -> Decision:
    knowledge = alone(member, traits, at=context.now)
    return Engine(knowledge, POLICY, terms=ENGINE.terms).decide(Subject(member), context)


@pytest.mark.parametrize("member", [f"m{row:03}" for row in range(7)])
@pytest.mark.parametrize("at", [CUT_OFF, NOW, NOW + 400 * DAY])
def test_without_another_trait_a_member_alone_is_decided_for_as_among_all(member: str, at: int) -> None:
    context = Context("home", at, explain=True)
    assert decided(member, context=context) == ENGINE.decide(Subject(member), context)


def test_the_worth_of_offers_is_that_of_the_members_own_affinity() -> None:
    shape = (len(KNOWLEDGE.members), len(KNOWLEDGE.offers))
    own = np.random.default_rng(3).uniform(0, 1, shape).astype(np.float16)
    knowledge = replace(KNOWLEDGE, response=replace(KNOWLEDGE.response, scope_affinity=own))
    assert np.array_equal(alone("m003", knowledge=knowledge).response.scope_affinity, own[3:4])


def test_another_stage_and_tier_are_those_of_a_what_if() -> None:
    for changes, traits in (
        (Changes(stage="new"), Traits(stage=Stage.NEW)),
        (Changes(tier="gold"), Traits(tier="gold")),
    ):
        after = what_if(ENGINE, Subject("m001"), LATER, changes).after
        found = decided("m001", traits, replace(LATER, request_id=f"what_if|{LATER.request_id}"))
        assert found.candidates == after.candidates
        assert found.items != decided("m001").items


@pytest.mark.parametrize(
    ("traits", "rule"),
    [
        (Traits(points=300), "rich"),
        (Traits(profile={"main_channel": "web"}), "web"),
        (Traits(profile={"silent_days": 12}), "silent"),
        (Traits(profile={"coupon_share": 0.75}), "fans"),
    ],
)
def test_a_trait_is_what_rules_read(traits: Traits, rule: str) -> None:
    def removers(decision: Decision) -> set[str]:
        return {why.rule for why in decision.why_not}

    assert rule not in removers(decided(NOBODY, context=replace(LATER, now=NOW)))
    assert rule in removers(decided(NOBODY, traits, context=replace(LATER, now=NOW)))


def test_a_feature_of_days_is_as_of_the_instant_that_is_decided_for() -> None:
    kept = decided(NOBODY, Traits(profile={"silent_days": 11}))
    assert "silent" not in {why.rule for why in kept.why_not}


def test_the_traits_that_are_not_given_stay() -> None:
    knowledge = alone("m003", Traits(points=5))
    batch, whole = (build_batch([Subject("m003")], one) for one in (knowledge, KNOWLEDGE))
    assert batch.points.tolist() == [5]
    assert whole.points.tolist() == [300]
    for name in ("tier", "stage", "consent", "birth_month", "basket_minor", "orders_per_day"):
        assert getattr(batch, name).tolist() == getattr(whole, name).tolist(), name
    assert batch.bought.lists() == whole.bought.lists() == [[13]]


def test_purchases_replace_those_of_the_bundle_latest_first_and_each_once() -> None:
    knowledge = alone("m000", Traits(bought=((4, NOW - 9 * DAY), (8, NOW - DAY), (4, NOW - 3 * DAY))))
    assert knowledge.members.purchased.lists() == [[8, 4]]
    assert knowledge.members.purchased_at.tolist() == [NOW - DAY, NOW - 3 * DAY]


def test_a_made_up_member_agreed_to_everything_and_has_nothing() -> None:
    batch = build_batch([Subject(NOBODY)], alone(NOBODY))
    assert batch.personal.tolist() == [True]
    assert batch.consent.tolist() == [int(Consent.PERSONALISATION | Consent.EMAIL | Consent.PUSH | Consent.SMS)]
    assert (batch.tier.tolist(), batch.points.tolist(), batch.bought.lists()) == ([0], [0], [[]])
    assert np.isnan(batch.profile.columns["coupon_share"]).all()


def test_who_did_not_agree_to_personalisation_is_a_stranger_whatever_their_traits() -> None:
    agreed_to_mail = Traits(tier="gold", points=900, consent=Consent.EMAIL)
    assert decided("m001", agreed_to_mail).candidates == decided("m001", Traits(consent=Consent.EMAIL)).candidates


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("mood", 1, "no profile column 'mood'; it has at_risk, coupon_share, due_families"),
        ("main_channel", "wap", "main_channel cannot be 'wap'; it is store, web, or null where nobody knows"),
        ("due_families", 101, "cannot be 101; it is a whole number from 0 to 100, or null"),
        ("due_families", 1.5, "cannot be 1.5; it is a whole number"),
        ("due_families", True, "cannot be True; it is a whole number"),
        ("coupon_share", "much", "cannot be 'much'; it is a number from 0 to 1"),
        ("at_risk", 1, "at_risk cannot be 1; it is true or false"),
        ("at_risk", None, "at_risk is always known; give true or false"),
    ],
)
def test_what_a_feature_cannot_be_is_refused_with_what_it_can(column: str, value: Trait, told: str) -> None:
    with pytest.raises(InputError, match=told):
        alone("m001", Traits(profile={column: value}))


def test_who_is_not_in_the_bundle_is_refused() -> None:
    with pytest.raises(InputError, match="does not know the member 'm999'"):
        alone("m999")


def test_a_tier_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no tier 'platinum'; there are ordinary, silver, gold, diamond"):
        alone("m001", Traits(tier="platinum"))


@pytest.mark.parametrize(
    ("traits", "days"),
    [
        (Traits(birthday=(11, 20)), 4),
        (Traits(birthday=(11, 16)), 0),
        (Traits(birthday=(11, 15)), 365),
        (Traits(birth_month=12), 15),
        (Traits(birth_month=11), 0),
        (Traits(birth_month=0), -1),
        (Traits(), 98),
        (Traits(birthday=(11, 20), profile={"days_to_birthday": 7}), 7),
    ],
)
def test_a_birthday_is_so_many_days_ahead_of_the_instant(traits: Traits, days: int) -> None:
    assert datetime.fromtimestamp(NOW, UTC).date().isoformat() == "2023-11-16"
    spec = ColumnSpec("days_to_birthday", "int32", Unit.DAYS, "Days", 0, 366, unknown=-1, ages=-1)
    column = np.full(len(KNOWLEDGE.members), 100, dtype=np.int32)
    profile = MemberProfile((spec,), {"days_to_birthday": column}, {}, CUT_OFF)
    knowledge = replace(KNOWLEDGE, members=replace(KNOWLEDGE.members, profile=profile))
    found = alone("m002", traits, knowledge=knowledge)
    assert found.members.profile.columns["days_to_birthday"].tolist() == [days]
    assert found.members.profile.as_of == NOW
