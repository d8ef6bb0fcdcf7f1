"""What a comparison counts, against members decided for one by one."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from experiments.policy_diff.result import PolicyDiff
from recsys.errors import PolicyError
from recsys.policy.reading.load import parse_policy
from recsys.types import Consent, ItemKind
from tests.experiments.policy_diff.worlds import (
    NO_EMAIL,
    NO_OFFERS,
    NO_PRODUCT,
    POLICY,
    RANDOM,
    diff_of,
    ids,
    one_by_one,
    policy,
    world,
)


def differences(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict) and "difference" in found:
        yield found
    elif isinstance(found, dict):
        for part in found.values():
            yield from differences(part)
    elif isinstance(found, list | tuple):
        for part in found:
            yield from differences(part)


def everything(found: PolicyDiff) -> dict[str, Any]:
    return asdict(found)


@pytest.mark.parametrize("drawn", [None, 40])
@pytest.mark.parametrize("seed", [0, 5])
def test_a_policy_against_itself_is_exactly_nothing_everywhere(drawn, seed):
    found = diff_of(policy(RANDOM), policy(RANDOM), world(), drawn=drawn, seed=seed)
    told = list(differences(everything(found)))
    assert len(told) > 100
    assert {(one["difference"], one["low"], one["high"]) for one in told} == {(0.0, None, None)}
    assert all(one["a"] == one["b"] for one in told)
    assert found.parts == ()
    assert all("nothing under A and nothing under B" in warning for warning in found.warnings)
    for place in found.placements:
        assert place.everybody.changed is not None
        assert place.everybody.changed.share == 0
        assert (place.everybody.offers_gained, place.everybody.offers_lost) == (0, 0)
        assert place.products.movers == place.offers.movers == place.categories.movers == ()
        assert place.lost.members == place.gained.members == 0
        assert all(rule.a == rule.b for rule in place.rules)


def test_excluding_one_product_shows_exactly_that_product_less():
    knowledge = world()
    found = diff_of(policy(), policy(NO_PRODUCT), knowledge, placements=["home"])
    before, after = (one_by_one(what, knowledge, "home") for what in (policy(), policy(NO_PRODUCT)))
    held = sum("p005" in [item.id for item in one.items] for one in before)
    assert held > 5
    movement = found.placements[0].products
    less = [one for one in movement.movers if one.b < one.a]
    assert [(one.mover_id, one.a, one.b, one.gained, one.lost) for one in less] == [("p005", held, 0, 0, held)]
    assert movement.n_less == 1
    assert all(one.lost == 0 for one in movement.movers if one.mover_id != "p005")
    assert sum(one.gained for one in movement.movers) == held
    everybody = found.placements[0].everybody
    changed = sum([i.id for i in a.items] != [i.id for i in b.items] for a, b in zip(before, after, strict=True))
    assert everybody.changed is not None
    assert everybody.changed.share * len(before) == pytest.approx(changed)
    assert everybody.means["offers"].difference == 0
    assert [(one.part_id, one.fate) for one in found.parts] == [("no_p005", "added")]
    (rule,) = [one for one in found.placements[0].rules if one.rule == "no_p005"]
    assert rule.a["products_removed"] == 0
    assert rule.b["products_removed"] == rule.b["members_removed_from"] >= held


@pytest.mark.parametrize("placement", ["home", "offers"])
def test_figures_are_those_of_members_decided_for_one_by_one(placement):
    knowledge, a, b = world(), policy(RANDOM), policy(RANDOM, "guardrails: {max_depth: 0.05}\n")
    (place,) = diff_of(a, b, knowledge, placements=[placement], seed=2).placements
    before, after = (one_by_one(what, knowledge, placement, seed=2) for what in (a, b))
    n = len(before)
    for decisions, end in ((before, "a"), (after, "b")):
        offers = [[item for item in one.items if item.kind is ItemKind.OFFER] for one in decisions]
        means = {name: getattr(one, end) * n for name, one in place.everybody.means.items()}
        assert means["offers"] == pytest.approx(sum(map(len, offers)))
        assert means["products"] == pytest.approx(sum(len(one.items) for one in decisions) - sum(map(len, offers)))
        assert means["with_offer"] == pytest.approx(sum(map(bool, offers)))
        assert means["no_offer"] == pytest.approx(sum(not some for some in offers))
        assert means["empty"] == pytest.approx(sum(not one.items for one in decisions))
        rounded = sum(item.value_minor or 0 for some in offers for item in some)
        assert means["margin_minor"] == pytest.approx(rounded, abs=0.5 * sum(map(len, offers)))
    gained = lost = 0
    for one, other in zip(before, after, strict=True):
        shown, then = ({item.id for item in some.items if item.kind is ItemKind.OFFER} for some in (one, other))
        gained, lost = gained + len(then - shown), lost + len(shown - then)
    assert lost > 3
    assert (place.everybody.offers_gained, place.everybody.offers_lost) == (gained, lost)
    assert sum(one.gained or 0 for one in place.offers.movers) == gained
    assert sum(one.lost or 0 for one in place.offers.movers) == lost


def test_how_members_are_cut_into_blocks_changes_nothing():
    knowledge, a, b = world(), policy(RANDOM), policy(RANDOM, NO_PRODUCT)
    whole, cut = (everything(diff_of(a, b, knowledge, block=block)) for block in (1_000, 7))
    for one, other in zip(differences(whole), differences(cut), strict=True):
        assert one["difference"] == pytest.approx(other["difference"], abs=1e-9)
    for one, other in zip(whole["placements"], cut["placements"], strict=True):
        assert (one["rules"], one["lost"]) == (other["rules"], other["lost"])
        assert [mover["b"] for mover in one["products"]["movers"]] == [m["b"] for m in other["products"]["movers"]]


def test_groups_add_up_to_everybody():
    found = diff_of(policy(), policy(NO_OFFERS), world(), placements=["home"], drawn=50)
    (place,) = found.placements
    assert all(one.members is not None for one in (*place.groups, *place.tiers)) is False  # some are few, and hidden
    known = [one for one in place.groups if one.members is not None]
    hidden = 50 - sum(one.members for one in known)
    assert 0 < hidden < 5 * (len(place.groups) - len(known))
    tiers = sum(one.totals["margin_minor"].difference for one in place.tiers if one.members is not None)
    few = [one for one in place.tiers if one.members is None]
    assert len(few) <= 1
    assert tiers == pytest.approx(place.everybody.totals["margin_minor"].difference, rel=0.1)


def test_who_is_left_with_nothing_and_by_which_rule():
    knowledge = world()
    (email,) = diff_of(policy(), policy(NO_EMAIL), knowledge, placements=["email"], n_examples=3).placements
    had = [one.member_id for one in one_by_one(policy(), knowledge, "email") if one.items]
    assert email.lost.members == len(had) > 10
    assert email.lost.reasons == {"no_email": len(had)}
    things = sum(len(one.items) for one in one_by_one(policy(), knowledge, "email"))
    assert [(one.rule, one.members, one.candidates) for one in email.lost.removed_by] == [
        ("no_email", len(had), things)
    ]
    assert email.lost.examples == tuple(had[:3])
    assert email.gained.members == 0
    (turned,) = diff_of(policy(NO_EMAIL), policy(), knowledge, placements=["email"]).placements
    assert (turned.gained.members, turned.lost.members) == (len(had), 0)
    assert turned.gained.examples == ()


def test_without_offers_everybody_is_without_discount_and_revenue_falls_to_what_comes_anyway():
    knowledge = world()
    (place,) = diff_of(policy(), policy(NO_OFFERS), knowledge, placements=["home"]).placements
    means = place.everybody.means
    assert means["without_discount"].b == means["no_offer"].b == 1
    assert (means["discount_minor"].b, means["margin_minor"].b) == (0, 0)
    rows = knowledge.members.members.rows([one.decode() for one in ids(knowledge).tolist()])
    agreed = (rows >= 0) & (knowledge.members.consent[rows] > 0)
    rate = np.where(agreed, knowledge.members.orders_per_day[rows], knowledge.stranger_orders_per_day)
    basket = np.where(agreed, knowledge.members.basket_minor[rows], knowledge.stranger_basket_minor)
    chance = 1 - np.exp(-rate.astype(np.float64) * knowledge.response.horizon_days)
    assert means["orders"].b == pytest.approx(chance.mean(), rel=1e-6)
    assert means["revenue_minor"].b == pytest.approx((chance * basket).mean(), rel=1e-6)
    assert place.everybody.rates["mean_depth"].b == 0


def test_a_policy_that_does_not_fit_the_bundle_is_named():
    wrong = policy().model_copy(update={"currency": "EUR"})
    with pytest.raises(PolicyError, match=r"^B \(b\.yaml\): .*EUR"):
        diff_of(policy(), wrong, world())
    with pytest.raises(PolicyError, match=r"^A \(a\.yaml\): .*EUR"):
        diff_of(wrong, policy(), world())


@pytest.mark.parametrize("drawn", [None, 45])
def test_from_b_to_a_is_the_opposite_of_from_a_to_b(drawn):
    knowledge, a, b = world(), policy(RANDOM), policy(RANDOM.replace("0.4", "0.1"), NO_EMAIL, NO_PRODUCT)
    there, back = (everything(diff_of(*pair, knowledge, drawn=drawn)) for pair in ((a, b), (b, a)))
    moved = 0
    for one, other in zip(there["placements"], back["placements"], strict=True):
        for told, turned in zip(differences(one["tiers"]), differences(other["tiers"]), strict=True):
            assert (told["a"], told["b"]) == pytest.approx((turned["b"], turned["a"]), abs=1e-9)
            assert told["difference"] == pytest.approx(-turned["difference"], abs=1e-9)
            if told["low"] is not None and turned["low"] is not None:
                assert (told["low"], told["high"]) == pytest.approx((-turned["high"], -turned["low"]), abs=1e-6)
            moved += told["difference"] != 0
        assert one["everybody"]["offers_gained"] == other["everybody"]["offers_lost"]
        assert one["lost"]["members"] == other["gained"]["members"]
        assert one["lost"]["reasons"] == other["gained"]["reasons"]
    assert moved > 10
    assert {one["fate"] for one in there["parts"]} == {"added", "changed"}
    assert {one["fate"] for one in back["parts"]} == {"removed", "changed"}


def test_a_rule_about_offers_removes_no_product_and_where_offers_cannot_be_none_is_missing():
    shelf = "  shelf: {channel: web, capacity: 4, types: [product]}\ndefault_placement"
    a, b = (parse_policy(f"{POLICY}{more}".replace("default_placement", shelf)) for more in ("", NO_OFFERS))
    home, products = diff_of(a, b, world(), placements=["home", "shelf"]).placements
    (rule,) = [one for one in home.rules if one.rule == "no_offers"]
    assert (rule.b["products_removed"], rule.b["offers_removed"] > 100) == (0, True)
    assert (products.everybody.means["no_offer"].a, products.everybody.means["no_offer"].b) == (0, 0)


def test_who_is_answered_as_a_stranger_under_one_policy_alone_is_valued_as_one_there():
    popular = RANDOM.replace("weight: 0.6, behaviour: full", "weight: 0.6, behaviour: popular")
    a, b = policy(), policy(popular)
    forth, back = (diff_of(*pair, world(), placements=["home"]).placements[0].everybody for pair in ((a, b), (b, a)))
    assert forth.means["orders"].a == pytest.approx(back.means["orders"].b, rel=1e-12)
    assert forth.means["revenue_minor"].b == pytest.approx(back.means["revenue_minor"].a, rel=1e-12)
    assert forth.means["revenue_minor"].a != pytest.approx(forth.means["revenue_minor"].b, rel=1e-3)


@pytest.mark.parametrize("n", [4, 5])
def test_five_members_are_a_group(n):
    knowledge = world(n, seed=3)
    alike = replace(
        knowledge.members, stage=np.ones_like(knowledge.members.stage), tier=np.zeros_like(knowledge.members.tier),
        consent=np.full_like(knowledge.members.consent, int(Consent.PERSONALISATION)),
    )  # fmt: skip
    (place,) = diff_of(policy(), policy(NO_OFFERS), replace(knowledge, members=alike), placements=["home"]).placements
    assert place.groups[0].members == (n if n == 5 else None)
