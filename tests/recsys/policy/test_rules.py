"""The rules of the file: whom and what they name, what they do, and what an expression that fails means."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.decision import Context
from recsys.errors import PolicyError
from recsys.members import LiveFacts, ProductFact, Subject
from recsys.types import Channel, Consent, EventKind, ItemKind
from tests.recsys.policy.small import (
    EMAIL,
    EVERY_PRODUCT,
    HOME,
    KNOWLEDGE,
    batch_of,
    boost,
    compiled,
    offers_removed,
    products_removed,
    with_columns,
)
from tests.worlds import DAY, NOW

MEMBERS = ("m000", "m001", "m002", "m003", "stranger")  # gold, silver, gold, diamond, ordinary


def removed_by(rule: dict[str, object], *subjects: Subject | str, context: Context = HOME) -> list[set[str]]:
    """For each member the products that this one rule removes first."""
    policy = compiled({"id": "it", **rule}, context_attributes={"weather": "string", "rank": "int"})
    return [
        {product for product, rule_id in line.items() if rule_id == "it"}
        for line in products_removed(policy, batch_of(*subjects), context)
    ]


BRANDS = {f"p{row:03}" for row in range(0, 30, 3)} - {"p003"}  # alpha, without what is not on sale anyway


def test_an_exclude_removes_what_it_names_from_whom_it_names() -> None:
    rule = {"effect": "exclude", "who": "member.tier == 'gold'", "what": "product.brand == 'alpha'"}
    assert removed_by(rule, *MEMBERS) == [BRANDS, set(), BRANDS, set(), set()]


def test_a_require_removes_all_but_what_it_names() -> None:
    rule = {"effect": "require", "who": "member.tier_rank == 1", "what": "product.brand == 'alpha'"}
    gone = removed_by(rule, *MEMBERS)
    everything = {f"p{row:03}" for row in range(30)} - {"p001", "p002", "p003"}
    assert gone == [set(), everything - BRANDS, set(), set(), set()]


def test_without_who_and_what_it_is_everybody_and_everything() -> None:
    assert [len(gone) for gone in removed_by({"effect": "exclude"}, *MEMBERS)] == [27] * 5


def test_it_holds_only_in_its_placements_channels_and_dates() -> None:
    at_home = {"effect": "exclude", "placements": ["home"]}
    assert removed_by(at_home, "m000")[0]
    assert not removed_by(at_home, "m000", context=EMAIL)[0]
    by_mail = {"effect": "exclude", "channels": ["email"]}
    assert not removed_by(by_mail, "m000")[0]
    assert removed_by(by_mail, "m000", context=replace(HOME, channel=Channel.EMAIL))[0]
    dated = {"effect": "exclude", "from": "2023-11-17T00:00:00Z", "until": "2023-11-18T00:00:00Z"}
    first = 1_700_179_200
    held = [bool(removed_by(dated, "m000", context=replace(HOME, now=now))[0]) for now in (first - 1, first)]
    held += [bool(removed_by(dated, "m000", context=replace(HOME, now=first + DAY + late))[0]) for late in (-1, 0)]
    assert held == [False, True, True, False]


def test_an_unknown_placement_is_the_default_one() -> None:
    rule = {"effect": "exclude", "who": "context.placement == 'home'", "placements": ["home"]}
    assert removed_by(rule, "m000", context=replace(HOME, placement="nowhere"))[0]


WHO = [
    ("member.tier in ['silver', 'diamond']", [False, True, False, True, False]),
    ("member.tier_rank >= 2", [True, False, True, True, False]),
    ("member.stage == 'active'", [True, True, True, True, False]),
    ("member.segment == 1", [False, True, False, True, False]),
    ("member.birth_month == 5", [True, True, True, True, False]),
    ("member.is_birthday_month", [False] * 5),
    ("member.points >= 200", [False, False, True, True, False]),
    ("member.days_since_last_purchase == 3", [True, False, False, False, False]),
    ("member.days_since_last_purchase == 7", [False, True, True, True, False]),
    ("member.days_since_last_purchase > 30000", [False, False, False, False, True]),
    ("member.consent_email && member.consent_push", [True, True, True, True, False]),
    ("member.consent_sms && member.consent_personalisation", [True, True, True, True, False]),
    ("member.tier == 'gold' && member.points == 0", [True, False, False, False, False]),
    ("context.channel == 'web' && context.month == 11 && context.weekday == 4 && context.hour == 22", [True] * 5),
    ("context.weather == 'rain'", [True] * 5),
    ("true", [True] * 5),
    ("false", [False] * 5),
]


@pytest.mark.parametrize(("who", "expected"), WHO)
def test_who_sees_the_member_and_the_context(who: str, expected: list[bool]) -> None:
    context = replace(HOME, attributes={"weather": "rain"})
    gone = removed_by({"effect": "exclude", "who": who}, *MEMBERS, context=context)
    assert [bool(one) for one in gone] == expected
    alone = [bool(removed_by({"effect": "exclude", "who": who}, one, context=context)[0]) for one in MEMBERS]
    assert alone == expected


def test_a_purchase_of_today_is_the_last_one() -> None:
    fact = ProductFact("p020", EventKind.PURCHASE, NOW - 60)
    rule = {"effect": "exclude", "who": "member.days_since_last_purchase == 0"}
    assert [bool(x) for x in removed_by(rule, "m001", Subject("m001", LiveFacts(product_facts=(fact,))))] == [
        False,
        True,
    ]


def test_without_consent_a_rule_sees_a_stranger() -> None:
    silent = Subject("m003", LiveFacts(consent=Consent.EMAIL))
    rule = {"effect": "exclude", "who": "member.tier == 'diamond' || member.points > 0"}
    assert removed_by(rule, silent) == [set()]


WHAT = [
    ("product.id == 'p004'", {4}),
    (
        "product.category == 'wine' && product.brand == 'beta'",
        {row for row in range(30) if row % 4 == 2 and row % 3 == 1},
    ),
    ("product.category == ''", {9}),
    ("product.price_minor < 0", {8}),
    ("product.stock == -1", {7}),
    ("product.margin_rate == 0.0", {8}),
    ("product.repeat_rate >= 0.6", {29}),
]


@pytest.mark.parametrize(("what", "rows"), WHAT)
def test_what_sees_the_product(what: str, rows: set[int]) -> None:
    prices = KNOWLEDGE.catalogue.price_minor.copy()
    prices[8] = -1
    knowledge = with_columns(KNOWLEDGE, "catalogue", price_minor=prices)
    rule = compiled({"id": "it", "effect": "exclude", "what": what}, knowledge=knowledge).rules[0]
    assert set(np.flatnonzero(rule.what).tolist()) == rows


@pytest.mark.parametrize(
    ("what", "rows"),
    [
        ("offer.id == 'o004'", {4}),
        ("offer.kind == 'amount_off' && offer.amount_minor == 500", {0, 4}),
        ("offer.percent_bp == 1000", {1, 2, 5}),
        ("offer.multiplier_bp > 10000", {3}),
        ("offer.min_spend_minor >= 3000", {0, 4}),
        ("offer.budget_minor == -1", {0, 1, 2, 3, 4, 5}),
        ("!offer.tiers.exists(tier, tier == 'silver')", {0}),
    ],
)
def test_what_sees_the_offer(what: str, rows: set[int]) -> None:
    rule = compiled({"id": "it", "applies_to": "offer", "effect": "exclude", "what": what}).rules[0]
    assert set(np.flatnonzero(rule.what).tolist()) == rows


def test_rules_remove_offers_too() -> None:
    policy = compiled(
        {"id": "no_points", "applies_to": "offer", "effect": "exclude", "what": "offer.kind == 'points_multiplier'"},
        {"id": "silver", "applies_to": "offer", "effect": "require", "who": "member.tier == 'silver'"}
        | {"what": "offer.kind == 'percent_off'"},
    )
    gold, silver = offers_removed(policy, batch_of("m000", "m001"))
    assert gold == {"o001": "offer_not_valid", "o003": "no_points"}
    assert silver == {
        "o000": "tier_not_allowed",
        "o001": "offer_not_valid",
        "o003": "no_points",
        "o004": "silver",
    }


def test_the_first_rule_in_the_file_is_the_reason() -> None:
    first = {"id": "first", "effect": "exclude", "who": "member.tier == 'gold'"}
    second = {"id": "second", "effect": "exclude"}
    batch = batch_of("m000", "m001")
    assert [line["p004"] for line in products_removed(compiled(first, second), batch)] == ["first", "second"]
    assert [line["p004"] for line in products_removed(compiled(second, first), batch)] == ["second", "second"]


def test_boosts_multiply_and_say_which_they_are() -> None:
    policy = compiled(
        boost("gold", 2.0, who="member.tier == 'gold'", what="product.brand == 'alpha'"),
        boost("wine", 0.5, what="product.category == 'wine'"),
        boost("over", 9.0, **{"from": "2029-01-01"}),
    )
    assert policy.boost_ids == ("gold", "wine", "over")
    batch = batch_of("m000", "m001")
    rows = np.array([[0, 2, 6, 1, -1], [6, 0, 2, 1, -1]], dtype=np.int32)
    factor, bits = policy.product_boost(batch, HOME, rows)
    assert factor.tolist() == [[2, 0.5, 1, 1, 1], [0.5, 1, 0.5, 1, 1]]
    assert bits.tolist() == [[0b01, 0b10, 0b11, 0, 0], [0b10, 0, 0b10, 0, 0]]
    assert (factor.dtype, bits.dtype) == (np.float32, np.uint64)


def test_offers_are_boosted_apart_from_products() -> None:
    policy = compiled(
        boost("all_offers", 2.0, applies_to="offer"),
        boost("silver_points", 3.0, applies_to="offer", who="member.tier_rank == 1", what="offer.percent_bp == 0"),
    )
    factor, bits = policy.offer_boost(batch_of("m000", "m001"), HOME)
    assert factor.tolist() == [[2] * 6, [6, 2, 2, 6, 6, 2]]
    assert bits.tolist() == [[1] * 6, [3, 1, 1, 3, 3, 1]]
    assert policy.product_boost(batch_of("m000"), HOME, EVERY_PRODUCT[None])[0].tolist() == [[1] * 30]


def test_a_boost_brings_nothing_back() -> None:
    batch = batch_of(*MEMBERS)
    plain = compiled({"id": "it", "effect": "exclude", "what": "product.brand == 'alpha'"})
    boosted = compiled({"id": "it", "effect": "exclude", "what": "product.brand == 'alpha'"}, boost("up", 10.0))
    assert products_removed(plain, batch) == products_removed(boosted, batch)


def test_caps_group_what_they_name() -> None:
    policy = compiled(
        {"id": "variety", "effect": "cap", "cap": {"limit": 3, "per": "category"}},
        {"id": "one_alpha", "effect": "cap", "cap": {"limit": 1, "per": "all"}}
        | {"what": "product.brand == 'alpha'", "who": "member.tier == 'gold'"},
    )
    variety, alpha = policy.caps(batch_of("m000", "m001"), HOME)
    assert (variety.rule_id, variety.limit, variety.applies.tolist()) == ("variety", 3, [True, True])
    assert variety.group.tolist() == KNOWLEDGE.catalogue.category.tolist()
    assert alpha.applies.tolist() == [True, False]
    assert alpha.group.tolist() == [0 if row % 3 == 0 else -1 for row in range(30)]
    assert policy.rule_ids[policy.rule_ids.index("variety") :] == ("variety", "one_alpha")


def test_pins_name_a_row_and_unknown_ones_warn() -> None:
    policy = compiled(
        {"id": "launch", "effect": "pin", "pin": {"id": "p004", "position": 2}, "who": "member.tier == 'gold'"},
        {"id": "coupon", "effect": "pin", "applies_to": "offer", "pin": {"id": "o003", "position": 1}},
        {"id": "ghost", "effect": "pin", "pin": {"id": "p999", "position": 1}},
        {"id": "void", "effect": "exclude", "what": "product.category == 'cars'"},
    )
    launch, coupon = policy.pins(batch_of("m000", "m001"), HOME)
    assert (launch.kind, launch.row, launch.position, launch.applies.tolist()) == (
        ItemKind.PRODUCT,
        4,
        2,
        [True, False],
    )
    assert (coupon.kind, coupon.row) == (ItemKind.OFFER, 3)
    assert policy.warnings == (
        "rule 'ghost' pins the product 'p999', which is not in the bundle",
        "rule 'void' names no product of the bundle",
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"effect": "exclude", "who": "member.tirr == 'x'"}, "rule 'it', who.*did you mean member.tier"),
        ({"effect": "exclude", "who": "product.id == 'x'"}, "rule 'it', who"),
        ({"effect": "exclude", "what": "offer.id == 'x'"}, r"what \(applies_to: product\)"),
        ({"effect": "exclude", "what": "product.margin_rate > 0"}, "write 0.0, not 0"),
        ({"effect": "exclude", "what": "product.id"}, "gives STRING"),
        ({"effect": "exclude", "who": "context.temperature > 1"}, "'context.temperature', which is not known"),
    ],
)
def test_a_wrong_expression_names_its_rule(rule: dict[str, object], expected: str) -> None:
    with pytest.raises(PolicyError, match=expected):
        compiled({"id": "it", **rule})
