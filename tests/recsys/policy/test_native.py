"""The hard rules that hold in every policy."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.decision import Context
from recsys.errors import PolicyError
from recsys.members import Contact, LiveFacts, ProductFact, Subject
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.types import Channel, Consent, EventKind
from tests.recsys.policy.small import (
    EMAIL,
    HOME,
    KNOWLEDGE,
    batch_of,
    compiled,
    offers_removed,
    on,
    products_removed,
    with_columns,
)
from tests.worlds import CUT_OFF, DAY, NOW, small_knowledge

ALWAYS_GONE = {"p001": "out_of_stock", "p002": "not_on_sale", "p003": "not_on_sale"}


def test_products_without_stock_or_outside_their_dates_are_removed_for_everybody() -> None:
    assert products_removed(compiled(), batch_of("m000", "stranger")) == [ALWAYS_GONE, ALWAYS_GONE]


def test_the_dates_of_sale_are_those_of_the_instant_asked() -> None:
    policy = compiled()
    before, after = Context("home", CUT_OFF - 1), Context("home", NOW + 30 * DAY)
    assert products_removed(policy, batch_of("m000"), before) == [{"p001": "out_of_stock", "p003": "not_on_sale"}]
    assert products_removed(policy, batch_of("m000"), after) == [{"p001": "out_of_stock", "p002": "not_on_sale"}]
    assert products_removed(policy, batch_of("m000"), before) == [{"p001": "out_of_stock", "p003": "not_on_sale"}]


def test_what_the_caller_excludes_and_what_lies_in_the_basket_is_removed() -> None:
    subject = Subject("m001", basket=("p010", "p011", "nonsense"), exclude_ids=frozenset({"p011", "p012", "o003"}))
    removed = products_removed(compiled(), batch_of("m000", subject))
    assert removed[0] == ALWAYS_GONE
    assert removed[1] == ALWAYS_GONE | {
        "p010": "already_in_basket",
        "p011": "excluded_by_request",
        "p012": "excluded_by_request",
    }
    assert offers_removed(compiled(), batch_of(subject))[0]["o003"] == "excluded_by_request"


def test_recent_purchases_are_removed_and_older_ones_are_not() -> None:
    policy = compiled(recently_bought={"days": 14})
    assert products_removed(policy, batch_of("m000", "stranger")) == [
        ALWAYS_GONE | {"p005": "recently_bought"},
        ALWAYS_GONE,
    ]


def test_what_people_buy_again_and_again_is_kept() -> None:
    rate = float(KNOWLEDGE.catalogue.repeat_rate[5])
    kept = compiled(recently_bought={"days": 14, "unless_repeat_rate_at_least": rate - 0.001})
    gone = compiled(recently_bought={"days": 14, "unless_repeat_rate_at_least": rate + 0.001})
    assert "p005" not in products_removed(kept, batch_of("m000"))[0]
    assert "p005" in products_removed(gone, batch_of("m000"))[0]


def test_a_purchase_since_the_cut_off_counts_at_once() -> None:
    fact = ProductFact("p020", EventKind.PURCHASE, NOW - 60)
    subject = Subject("m001", LiveFacts(product_facts=(fact,)))
    assert products_removed(compiled(recently_bought={"days": 1}), batch_of(subject))[0]["p020"] == "recently_bought"


def test_offers_are_removed_by_date_by_tier_and_when_held() -> None:
    subject = Subject("m001", LiveFacts(held_offers=("o004",)))
    removed = offers_removed(compiled(), batch_of("m000", subject, "stranger"))
    assert removed[0] == {"o001": "offer_not_valid"}
    assert removed[1] == {"o000": "tier_not_allowed", "o001": "offer_not_valid", "o004": "offer_already_held"}
    assert removed[2] == {"o000": "tier_not_allowed", "o001": "offer_not_valid"}


def test_an_offer_without_money_left_is_removed() -> None:
    knowledge = with_columns(KNOWLEDGE, "offers", budget_minor=np.array([-1, -1, 0, -1, 5, -1]))
    assert offers_removed(compiled(knowledge=knowledge), batch_of("m000"))[0]["o002"] == "out_of_budget"


def test_the_arm_without_offers_loses_what_was_left() -> None:
    removed = offers_removed(compiled(), batch_of("m000", "m001"), withhold=np.array([False, True]))
    assert set(removed[0]) == {"o001"}
    assert removed[1]["o002"] == "experiment_holdout"
    assert removed[1]["o001"] == "offer_not_valid"


def test_thin_margins_are_removed_only_where_the_policy_asks() -> None:
    policy = compiled(guardrails={"min_margin_rate": 0.5})
    assert products_removed(policy, batch_of("m000"))[0]["p010"] == "min_margin"
    assert "p010" not in products_removed(compiled(guardrails={"min_margin_rate": 0.2}), batch_of("m000"))[0]


# Contact policy.


def test_without_consent_to_the_channel_nothing_is_sent() -> None:
    policy = compiled()
    batch = batch_of("m000", "m006", "stranger")
    assert policy.slate_removals(batch, HOME).tolist() == [-1, -1, -1]
    codes = policy.slate_removals(batch, EMAIL).tolist()
    assert codes[0] == -1
    assert {policy.rule_ids[code] for code in codes[1:]} == {"channel_consent_missing"}
    assert len(products_removed(policy, batch, EMAIL)[1]) == len(KNOWLEDGE.catalogue)
    assert len(offers_removed(policy, batch, EMAIL)[1]) == len(KNOWLEDGE.offers)
    assert len(offers_removed(policy, batch, HOME)[1]) < len(KNOWLEDGE.offers)


def test_each_channel_has_its_own_consent() -> None:
    subject = Subject("m001", LiveFacts(consent=Consent.PERSONALISATION | Consent.SMS))
    codes = [compiled().slate_removals(batch_of(subject), on(HOME, channel))[0] for channel in Channel]
    assert [code < 0 for code in codes] == [True, False, False, True]


CAP = {"caps": [{"id": "weekly", "channel": "email", "max_messages": 2, "period_days": 7}]}


def contacted(*days_ago: float, channel: Channel = Channel.EMAIL, offer: str | None = None) -> Subject:
    contacts = tuple(Contact(channel, int(NOW - days * DAY), offer) for days in days_ago)
    return Subject("m001", LiveFacts(contacts=contacts))


@pytest.mark.parametrize(
    ("subject", "reached"),
    [
        (contacted(), False),
        (contacted(1), False),
        (contacted(1, 2), True),
        (contacted(1, 7), False),  # the window is open at its far end
        (contacted(1, 6.99), True),
        (contacted(-1, 1), True),  # a clock that runs ahead is no way around the cap
        (contacted(1, 2, 3, channel=Channel.PUSH), False),
    ],
)
def test_a_cap_counts_the_messages_of_its_channel_in_its_window(subject: Subject, reached: bool) -> None:
    policy = compiled(contact=CAP)
    code = policy.slate_removals(batch_of("m000", subject), EMAIL).tolist()
    assert code == [-1, policy.rule_ids.index("weekly") if reached else -1]
    assert (len(products_removed(policy, batch_of(subject), EMAIL)[0]) == len(KNOWLEDGE.catalogue)) is reached
    assert ("o005" in offers_removed(policy, batch_of(subject), EMAIL)[0]) is reached
    assert "o005" not in offers_removed(policy, batch_of(subject), HOME)[0]


def test_a_cap_on_the_web_removes_offers_and_leaves_products() -> None:
    policy = compiled(contact={"caps": [{"id": "web_cap", "channel": "web", "max_messages": 1, "period_days": 1}]})
    batch = batch_of(contacted(0.5, channel=Channel.WEB))
    assert products_removed(policy, batch) == [ALWAYS_GONE]
    assert offers_removed(policy, batch)[0]["o005"] == "web_cap"


def test_an_offer_rests_after_it_reached_a_member() -> None:
    policy = compiled(contact={"cooldowns": [{"id": "rest", "days": 3}]})
    tired, rested = contacted(2, channel=Channel.WEB, offer="o005"), contacted(4, offer="o005")
    unknown = contacted(1, offer="gone")
    removed = offers_removed(policy, batch_of(tired, rested, unknown))
    assert removed[0]["o005"] == "rest"
    assert "o005" not in removed[1]
    assert "rest" not in removed[2].values()


# Depth.


def test_an_offer_is_no_deeper_than_the_policy_allows() -> None:
    # o000 and o004: 5.00 off 30.00 (16.7 %); o002, o003, o005: 10 % or points.
    gold = batch_of("m000")
    assert offers_removed(compiled(guardrails={"max_depth": 0.17}), gold) == [{"o001": "offer_not_valid"}]
    removed = offers_removed(compiled(guardrails={"max_depth": 0.16}), gold)[0]
    assert (removed["o000"], removed["o004"]) == ("max_depth", "max_depth")
    assert offers_removed(compiled(guardrails={"max_depth": 0.09}), gold)[0]["o005"] == "max_depth"


def test_without_a_threshold_the_members_basket_decides() -> None:
    knowledge = with_columns(KNOWLEDGE, "offers", min_spend_minor=np.zeros(6, dtype=np.int64))
    baskets = KNOWLEDGE.members.basket_minor
    assert (baskets[1], baskets[5]) == (3166, 7833)
    policy = compiled(knowledge=knowledge, guardrails={"max_depth": 0.1})
    removed = offers_removed(policy, batch_of("m001", "m005", knowledge=knowledge))
    assert removed[0]["o004"] == "max_depth"
    assert "o004" not in removed[1]


def test_a_band_binds_a_kind_for_a_tier() -> None:
    band = {"id": "gentle", "kind": "percent_off", "tier": "silver", "min_depth": 0.12}
    policy = compiled(guardrails={"depth_bands": [band]})
    silver, gold = offers_removed(policy, batch_of("m001", "m000"))
    assert silver["o002"] == "gentle"
    assert "o004" not in silver
    assert "o002" not in gold


# The bundle.


def test_placements_are_found_by_name() -> None:
    policy = compiled()
    email = policy.placement("email")
    assert email is not None
    assert (email.name, email.channel, email.capacity, email.max_offers) == ("email", Channel.EMAIL, 4, 1)
    assert policy.placement("nowhere") is None
    assert policy.default_placement.name == "home"


def test_tiers_and_currency_must_be_the_bundles() -> None:
    text = default_policy_text(["bronze", "silver"], "GBP")
    with pytest.raises(PolicyError, match="the bundle has ordinary, silver, gold, diamond"):
        compile_policy(parse_policy(text), KNOWLEDGE)
    with pytest.raises(PolicyError, match="counts in EUR, the bundle in GBP"):
        compile_policy(parse_policy(default_policy_text(KNOWLEDGE.tiers, "EUR")), KNOWLEDGE)


def test_a_world_without_products_or_offers_compiles_and_answers() -> None:
    knowledge = batch_world(n_members=3, n_products=12, n_offers=2)
    policy = compile_policy(parse_policy(default_policy_text()), knowledge)
    batch = batch_of("m000", knowledge=knowledge)
    nothing = np.full((1, 3), -1, dtype=np.int32)
    assert policy.product_removals(batch, HOME, nothing).shape == (1, 3)
    assert policy.product_boost(batch, HOME, nothing)[0].tolist() == [[1, 1, 1]]
    assert policy.offer_removals(batch, HOME, withhold=np.zeros(1, dtype=np.bool_)).shape == (1, 0)
    assert policy.offer_boost(batch, HOME)[0].shape == (1, 0)


def batch_world(**sizes: int):
    """The small world without its products and offers."""
    knowledge = small_knowledge(**sizes)
    products = {name: getattr(knowledge.catalogue, name)[:0] for name in _columns(knowledge.catalogue)}
    offers = {name: getattr(knowledge.offers, name)[:0] for name in _columns(knowledge.offers)}
    empty = type(knowledge.catalogue.products)(knowledge.catalogue.products.encoded[:0])
    return replace(
        knowledge,
        catalogue=replace(knowledge.catalogue, products=empty, **products),
        offers=replace(knowledge.offers, offers=empty, scope=knowledge.offers.scope.of([]), **offers),
        members=replace(
            knowledge.members,
            purchased=knowledge.members.purchased.of([[]] * len(knowledge.members)),
            purchased_at=np.empty(0, dtype=np.int64),
        ),
    )


def _columns(table: object) -> list[str]:
    return [name for name in table.__slots__ if isinstance(getattr(table, name), np.ndarray)]
