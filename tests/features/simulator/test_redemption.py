"""What each kind of offer takes off a basket known by hand."""

import numpy as np
import pytest

from features.simulator.baskets import Lines
from features.simulator.categories import CATEGORIES
from features.simulator.offers import TEMPLATES
from features.simulator.parameters import Parameters
from features.simulator.redemption import Priced, line_discounts, price
from features.simulator.world import World

NAMES = [category.name for category in CATEGORIES]
OFFERS = [template.offer_id for template in TEMPLATES]


def _basket(world: World, categories: list[str], quantity: list[int]) -> tuple[Lines, np.ndarray]:
    """One order with the flagship of each category; its products' full prices by line."""
    product = np.sort(world.assortment.flagship[[NAMES.index(name) for name in categories]])
    assert [NAMES[c] for c in world.assortment.category[product]] == categories
    lines = Lines(np.zeros(len(product), dtype=int), product, np.array(quantity), np.zeros(len(product), dtype=bool))
    return lines, world.assortment.price_minor[product] * np.array(quantity)


def _apply(world: World, offer: str, lines: Lines, *, web: bool = True, points: int = 0) -> Priced:
    return price(
        world.offers,
        world.assortment,
        lines,
        np.array([OFFERS.index(offer)]),
        web=np.array([web]),
        points=np.array([points]),
        parameters=Parameters(),
    )


def test_an_amount_comes_off_from_the_minimum_spend_on(world: World) -> None:
    unit = _basket(world, ["dairy"], [1])[1][0]
    enough = int(-(-1_500 // unit))
    for quantity, discount in ((enough - 1, 0), (enough, 200)):
        lines, _ = _basket(world, ["dairy"], [quantity])
        priced = _apply(world, "amount-2-off-15", lines)
        assert priced.discount_minor.tolist() == [discount]
        assert priced.qualifies.tolist() == [discount > 0]


def test_the_split_over_lines_adds_up_and_never_exceeds_a_line(world: World) -> None:
    lines, full = _basket(world, ["dairy", "meat", "coffee"], [3, 7, 11])
    priced = _apply(world, "amount-5-off-30", lines)
    parts = line_discounts(world.offers, np.array([OFFERS.index("amount-5-off-30")]), priced, lines)
    assert parts.sum() == priced.discount_minor[0] == 500
    assert ((parts >= 0) & (parts <= full)).all()
    np.testing.assert_allclose(parts, 500 * full / full.sum(), atol=1)


def test_a_percentage_in_a_scope_is_on_the_scope_only(world: World) -> None:
    lines, full = _basket(world, ["dairy", "coffee"], [2, 3])
    priced = _apply(world, "percent-20-hot-drinks", lines)
    assert priced.in_scope.tolist() == [False, True]
    assert priced.discount_minor.tolist() == [full[1] // 5]
    parts = line_discounts(world.offers, np.array([OFFERS.index("percent-20-hot-drinks")]), priced, lines)
    assert parts.tolist() == [0, full[1] // 5]


def test_a_basket_without_the_scope_does_not_qualify(world: World) -> None:
    lines, _ = _basket(world, ["dairy"], [50])
    priced = _apply(world, "percent-20-hot-drinks", lines)
    assert not priced.qualifies[0]
    assert priced.discount_minor[0] == priced.extra_margin_minor[0] == 0


def test_three_for_two_adds_the_missing_units_and_gives_one(world: World) -> None:
    lines, full = _basket(world, ["dairy", "snacks"], [1, 1])
    priced = _apply(world, "buy-2-get-1-snacks", lines)
    snack = lines.product[1]
    assert priced.quantity.tolist() == [1, 3]
    assert priced.discount_minor.tolist() == [full[1]]
    margin = world.assortment.price_minor[snack] - world.assortment.cost_minor[snack]
    assert priced.extra_margin_minor.tolist() == [2 * margin]


@pytest.mark.parametrize(("web", "discount"), [(True, 395), (False, 0)], ids=["web", "store"])
def test_free_delivery_means_something_on_the_web_only(world: World, web: bool, discount: int) -> None:
    lines, _ = _basket(world, ["dairy"], [1])
    assert _apply(world, "shipping-free-silver", lines, web=web).discount_minor.tolist() == [discount]


def test_double_points_cost_as_many_points_as_the_basket_earns(world: World) -> None:
    lines, full = _basket(world, ["dairy", "meat"], [4, 2])
    priced = _apply(world, "points-double", lines)
    assert priced.discount_minor.tolist() == [full.sum() // 50]
    assert line_discounts(world.offers, np.array([OFFERS.index("points-double")]), priced, lines).sum() == 0


@pytest.mark.parametrize(("points", "discount"), [(299, 0), (300, 300)], ids=["too few", "enough"])
def test_a_reward_needs_its_points(world: World, points: int, discount: int) -> None:
    lines, full = _basket(world, ["dairy"], [20])
    assert full[0] >= 600
    assert _apply(world, "reward-3", lines, points=points).discount_minor.tolist() == [discount]


def test_a_gift_costs_its_worth(world: World) -> None:
    lines, full = _basket(world, ["dairy"], [60])
    assert full[0] >= 3_500
    assert _apply(world, "gift-bag-35", lines).discount_minor.tolist() == [250]


def test_no_offer_changes_nothing(world: World) -> None:
    lines, _ = _basket(world, ["dairy", "snacks"], [1, 2])
    priced = price(
        world.offers,
        world.assortment,
        lines,
        np.array([-1]),
        web=np.array([True]),
        points=np.array([10_000]),
        parameters=Parameters(),
    )
    assert not priced.qualifies[0]
    assert priced.discount_minor[0] == 0
    assert priced.quantity.tolist() == [1, 2]
