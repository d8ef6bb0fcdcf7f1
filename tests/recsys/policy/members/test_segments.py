"""Named groups of members, what lies in baskets, where and when: what a `who` reads besides the member."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.errors import PolicyError
from recsys.members import LiveFacts, Subject
from recsys.policy.compile import CompiledPolicy
from recsys.types import Consent
from tests.recsys.policy.small import HOME, KNOWLEDGE, batch_of, boost, compiled, products_removed
from tests.worlds import DAY, NOW

MEMBERS = ("m000", "m001", "m002", "m003", "stranger")  # gold, silver, gold, diamond, ordinary


def bound(policy: CompiledPolicy, *subjects: Subject | str, context=HOME) -> list[bool]:
    """For whom the rule `it`, an exclude of everything, holds: of all together, who are answered as each alone."""
    held = [("it" in line.values()) for line in products_removed(policy, batch_of(*subjects), context)]
    assert held == [("it" in products_removed(policy, batch_of(one), context)[0].values()) for one in subjects]
    return held


def exclude(who: str, **parts: object) -> CompiledPolicy:
    return compiled({"id": "it", "effect": "exclude", "who": who}, **parts)


def test_a_rule_reads_whether_a_member_is_in_a_segment() -> None:
    segments = {"loyal": "member.tier_rank >= 2", "rich": "member.points > 150"}
    assert bound(exclude("segment.loyal", segments=segments), *MEMBERS) == [True, False, True, True, False]
    both = exclude("segment.loyal && !segment.rich", segments=segments)
    assert bound(both, *MEMBERS) == [True, False, False, False, False]
    compared = exclude("segment.loyal == segment.rich", segments=segments)
    assert bound(compared, *MEMBERS) == [False, True, True, True, True]


def test_a_segment_that_fails_is_an_error_for_who_reads_it() -> None:
    segments = {"wet": "context.weather == 'rain'", "all": "true"}
    parts = {"segments": segments, "context_attributes": {"weather": "string"}}
    rainy = replace(HOME, attributes={"weather": "rain"})
    for who in ("segment.wet", "!segment.wet"):
        policy = exclude(who, **parts)
        assert bound(policy, *MEMBERS) == [True] * 5
        assert set(policy.errors.counts()) == {("wet", "segment"), ("it", "who")}
        assert policy.errors.examples()["wet", "segment"]
    assert bound(exclude("segment.wet || segment.all", **parts), *MEMBERS) == [True] * 5
    policy = compiled(boost("it", 2.0, who="segment.wet"), **parts)
    assert policy.product_boost(batch_of("m000"), HOME, np.array([[4]], dtype=np.int32))[0].tolist() == [[1]]
    assert policy.product_boost(batch_of("m000"), rainy, np.array([[4]], dtype=np.int32))[0].tolist() == [[2]]


def test_a_segment_names_itself_where_it_is_wrong() -> None:
    with pytest.raises(PolicyError, match=r"segment 'loyal'.*member\.tier"):
        exclude("true", segments={"loyal": "member.tirr == 'gold'"})
    with pytest.raises(PolicyError, match=r"'segment\.other'"):
        exclude("true", segments={"loyal": "segment.other", "other": "true"})


BASKETS = [
    Subject("m000"),
    Subject("m000", basket=("p004", "p005", "gone")),
    Subject("m000", basket=("p006", "p006")),
    Subject("stranger", basket=("p002",)),
]
PRICES = KNOWLEDGE.catalogue.price_minor.tolist()


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("basket.n_products >= 2", [False, True, True, False]),
        ("basket.n_products == 0", [True, False, False, False]),
        (f"basket.value_minor == {PRICES[4] + PRICES[5]}", [False, True, False, False]),
        (f"basket.value_minor == {2 * PRICES[6]}", [False, False, True, False]),
        ("'wine' in basket.categories", [False, False, True, True]),
        ("basket.categories == ['dairy', 'bakery']", [False, True, False, False]),
        ("basket.brands.exists(brand, brand == 'gamma')", [False, True, False, True]),
        ("'gone' in basket.product_ids", [False, True, False, False]),
        ("basket.product_ids.all(product, product == 'p006')", [True, False, True, False]),
        (f"member.points < basket.value_minor - {PRICES[6]}", [False, True, True, False]),
    ],
)
def test_who_sees_the_basket_of_now(who: str, expected: list[bool]) -> None:
    assert bound(exclude(who), *BASKETS) == expected


def test_who_sees_the_store_of_the_request() -> None:
    at_home, elsewhere = exclude("context.store == 's1'"), exclude("context.store == ''")
    for sent, expected in (({"store": "s1"}, [True, False]), ({}, [False, True]), ({"store": 3}, [False, True])):
        context = replace(HOME, attributes=sent)
        assert [*bound(at_home, "m000", context=context), *bound(elsewhere, "m000", context=context)] == expected


def test_the_calendar_of_expressions_is_the_time_zones() -> None:
    # NOW is 22:13 UTC on Thursday, 16 November 2023: Friday morning in Shanghai.
    friday = "context.weekday == 5 && context.hour == 6"
    assert bound(exclude(friday, time_zone="Asia/Shanghai"), "m000") == [True]
    assert bound(exclude(friday), "m000") == [False]
    month = exclude("member.is_birthday_month", time_zone="Asia/Shanghai")
    last_hours_of_april = NOW + 166 * DAY - 4 * 3_600
    assert bound(month, "m000", context=replace(HOME, now=last_hours_of_april)) == [True]


def test_without_consent_a_segment_sees_a_stranger() -> None:
    silent = Subject("m003", LiveFacts(consent=Consent.EMAIL))
    assert bound(exclude("segment.top", segments={"top": "member.tier == 'diamond'"}), "m003", silent) == [True, False]


@pytest.mark.parametrize("sent", [10**30, True, "4"])
def test_a_number_that_is_no_number_of_cel_counts_as_not_sent(sent: object) -> None:
    policy = exclude("context.visits > 3", context_attributes={"visits": "int"})
    assert bound(policy, "m000", context=replace(HOME, attributes={"visits": sent})) == [True]
    assert policy.errors.total() == 2
