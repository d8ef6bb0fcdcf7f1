"""Products are drawn as the members' weights say, and only while they are on sale."""

import numpy as np
import pytest

from features.simulator.baskets import Shop, draw_favourites, due
from features.simulator.categories import CATEGORIES
from features.simulator.people import People, draw_people
from features.simulator.tastes import Tastes, draw_category, draw_on_sale, draw_products, draw_tastes
from features.simulator.world import World

N = 30


@pytest.fixture(scope="module")
def people(world: World) -> People:
    return draw_people(N, world.groups, world.calendar, world.parameters, np.random.default_rng(1))


@pytest.fixture(scope="module")
def tastes(world: World, people: People) -> Tastes:
    return draw_tastes(
        people.group,
        world.groups,
        world.assortment,
        now_day=world.calendar.days,
        parameters=world.parameters,
        rng=np.random.default_rng(2),
    )


@pytest.mark.parametrize("category", [0, 20, len(CATEGORIES) - 1])
def test_products_are_drawn_in_proportion_to_their_weights(category: int, world: World, tastes: Tastes) -> None:
    low, high = world.assortment.starts[category : category + 2]
    for member in (0, N - 1):
        logit = world.assortment.taste[low:high] @ tastes.factors[member] + world.assortment.popularity[low:high]
        share = np.exp(logit) / np.exp(logit).sum()
        n = 20_000
        rng = np.random.default_rng(member)
        drawn = draw_products(tastes, world.assortment, np.full(n, member), np.full(n, category), rng)
        assert low <= drawn.min() <= drawn.max() < high
        count = np.bincount(drawn - low, minlength=high - low)
        assert np.abs(count - n * share).max() < 5 * np.sqrt(n * share.max())


def test_what_is_drawn_is_on_sale_on_the_day(world: World, tastes: Tastes) -> None:
    rng = np.random.default_rng(3)
    member, category = rng.integers(0, N, 20_000), rng.integers(0, len(CATEGORIES), 20_000)
    day = rng.integers(0, world.calendar.days, 20_000)
    product = draw_on_sale(tastes, world.assortment, member, category, day, rng)
    assert world.assortment.on_sale(product, day).all()
    assert (world.assortment.category[product] == category).all()
    assert not world.assortment.on_sale(draw_products(tastes, world.assortment, member, category, rng), day).all()


def test_categories_are_drawn_in_proportion_to_their_weights() -> None:
    weight = np.tile([1.0, 0.0, 3.0], (40_000, 1))
    drawn = np.bincount(draw_category(weight, np.random.default_rng(0)), minlength=3) / 40_000
    assert drawn[1] == 0
    assert drawn[2] == pytest.approx(0.75, abs=0.01)


def test_the_expected_margin_of_a_category_counts_what_is_on_sale_now(world: World, tastes: Tastes) -> None:
    assortment, now = world.assortment, world.calendar.days
    low, high = assortment.starts[4:6]
    on_sale = assortment.on_sale(np.arange(low, high), np.array(now))
    weight = np.exp(assortment.taste[low:high] @ tastes.factors[7] + assortment.popularity[low:high]) * on_sale
    margin = (assortment.price_minor - assortment.cost_minor)[low:high]
    assert tastes.margin_minor[7, 4] == pytest.approx((weight * margin).sum() / weight.sum(), rel=1e-4)


def test_a_favourite_falls_due_with_its_interval(world: World, people: People, tastes: Tastes) -> None:
    favourites = draw_favourites(
        people, tastes, world.assortment, parameters=world.parameters, rng=np.random.default_rng(4)
    )
    shop = Shop(people, tastes, favourites, world.assortment, world.calendar, world.parameters)
    member, bought = np.arange(N), np.full(favourites.last.shape, 100.0)
    sold_always = np.isin(favourites.product, world.assortment.flagship)
    chance = np.stack([due(shop, bought, member, np.full(N, day)) for day in (100, 101, 110, 300)])
    assert (chance[0] == 0).all()
    assert (np.diff(chance[:, sold_always], axis=0) >= 0).all()
    np.testing.assert_allclose(chance[3][sold_always], favourites.strength[sold_always], rtol=0.05)
    assert all(CATEGORIES[c].interval_days > 0 for c in world.assortment.category[favourites.product].ravel())
