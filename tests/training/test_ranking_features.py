"""What the second stage knows of a candidate, worked out by hand on four members and five products."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.dataset import Dataset
from features.members import build_members
from features.products import build_catalogue
from features.profile.config import ProfileConfig, ReplenishmentConfig
from features.profile.group import Fitted
from features.profile.known import facts_of, rules_of
from features.profile.replenishment import Replenishment, due_pairs
from features.rhythm.clock import DUE_STATES
from recsys.knowledge import CandidateList
from recsys.types import STAGES, Stage
from tests.training.shop import DAYS, START, product_row
from tests.training.tiny import bought, write_tiny
from training.ranking_features import RankingFacts, build_pool

NOTHING, DEFAULT = np.nan, ProfileConfig()
# member, product, order, days before the end
LINES = [
    (0, 1, "a", 100), (0, 1, "b", 40), (0, 1, "c", 20), (0, 3, "c", 20), (0, 2, "d", 5),
    (1, 1, "e", 3), (1, 1, "e", 3),
    (2, 1, "f", 26), (2, 4, "f", 26),
]  # fmt: skip


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    products = [product_row(product) | {"sale_from": None} for product in range(5)]
    products[3]["sale_from"] = START + timedelta(days=DAYS - 30)
    lines = [
        bought(member, product, DAYS - ago, order=order) | {"purchase_id": f"b{number}"}
        for number, (member, product, order, ago) in enumerate(LINES)
    ]
    workspace = write_tiny(tmp_path_factory.mktemp("features") / "w", lines, n_members=4, products=products)
    dataset = Dataset.read(workspace, workspace.now)
    return RankingFacts.of(dataset, build_members(dataset), build_catalogue(dataset), DEFAULT)


def lists():
    """Of members 2 and 0, in this order."""
    return {
        "als": CandidateList(
            np.array([[4, 0, -1], [1, 2, 3]], dtype=np.int32), np.array([[0.5, 0.25, np.nan], [9, 8, 7]], np.float32)
        ),
        "popular": CandidateList(
            np.array([[0, 1, -1], [3, -1, -1]], dtype=np.int32),
            np.array([[3, 2, np.nan], [1, np.nan, np.nan]], np.float32),
        ),
    }


@pytest.fixture(scope="module")
def pool(facts):
    return build_pool(facts, lists(), np.array([2, 0], dtype=np.int32))


def of(pool, member, product):
    (at,) = np.flatnonzero((pool.owner == member) & (pool.product == product))
    return dict(zip(pool.names, pool.features[at].tolist(), strict=True))


def some(row, prefix):
    return {name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)}


def same(found, expected):
    assert set(found) == set(expected)
    np.testing.assert_allclose([found[name] for name in expected], list(expected.values()), rtol=1e-5)


def test_the_pool_is_the_union_of_the_lists_member_by_member(pool):
    assert list(zip(pool.owner.tolist(), pool.product.tolist(), strict=True)) == [
        (0, 0), (0, 1), (0, 4), (1, 1), (1, 2), (1, 3),
    ]  # fmt: skip


def test_each_source_gives_score_and_rank_or_nothing(pool):
    both, one = of(pool, 0, 0), of(pool, 0, 4)
    same({**some(both, "als_"), **some(both, "popular_")}, {"score": 3, "rank": 1})
    same(some(both, "als_"), {"score": 0.25, "rank": 2})
    same(some(one, "popular_"), {"score": NOTHING, "rank": NOTHING})


def test_what_the_sources_say_together(pool):
    assert of(pool, 0, 0)["fused_ranks"] == pytest.approx(1 / 62 + 1 / 61)
    assert [of(pool, 0, 0)["n_lists"], of(pool, 0, 4)["n_lists"]] == [2, 1]


def test_own_purchases_of_the_product(pool):
    same(
        some(of(pool, 1, 1), "pair_"),
        {
            "orders": 3, "days_since": 20, "mean_gap_days": 40, "gaps_since": 0.5, "order_share": 3 / 4,
            "orders_7_days": 0, "orders_28_days": 1, "orders_90_days": 2,
        },
    )  # fmt: skip


def test_one_purchase_has_no_gap(pool):
    pair = some(of(pool, 1, 2), "pair_")
    assert (pair["orders"], pair["days_since"], pair["orders_7_days"]) == (1, 5, 1)
    assert np.isnan([pair["mean_gap_days"], pair["gaps_since"]]).all()


def test_a_product_never_bought_has_no_orders_and_no_dates(pool):
    same(
        some(of(pool, 0, 0), "pair_"),
        {
            "orders": 0, "days_since": NOTHING, "mean_gap_days": NOTHING, "gaps_since": NOTHING, "order_share": 0,
            "orders_7_days": 0, "orders_28_days": 0, "orders_90_days": 0,
        },
    )  # fmt: skip


def test_products_have_buyers_not_lines_a_trend_and_an_age(pool):
    # Product 1: member 1 within a week (two lines of one order), members 0 and 2 within four; all within one day each.
    same(
        some(of(pool, 1, 1), "product_"),
        {
            "buyers_7_days": 1, "buyers_28_days": 3, "trend": 2 / (3 / 4 + 1), "repeat_rate": 1 / 3,
            "days_on_sale": 100,
        },
    )  # fmt: skip
    assert of(pool, 1, 3)["product_days_on_sale"] == 30  # its date of sale is known
    assert np.isnan(of(pool, 0, 0)["product_days_on_sale"])  # nobody ever bought it


def test_members_have_pace_breadth_and_silence(pool):
    member = some(of(pool, 1, 3), "member_")
    assert (member["products"], member["days_since_order"]) == (3, 5)
    assert member["stage"] == STAGES.index(Stage.ACTIVE)
    assert member["basket_minor"] > 0


def test_a_member_without_a_purchase_is_known_to_be_one(facts):
    nobody = build_pool(
        facts, {"popular": CandidateList(np.array([[1]], np.int32), np.ones((1, 1), np.float32))}, np.array([3])
    )
    member = some(of(nobody, 0, 1), "member_")
    assert member["products"] == 0
    assert np.isnan(member["days_since_order"])
    assert member["stage"] == STAGES.index(Stage.POTENTIAL)


def test_a_member_is_described_alike_alone_and_among_others(facts, pool):
    alone = {name: CandidateList(one.products[1:], one.scores[1:]) for name, one in lists().items()}
    one = build_pool(facts, alone, np.array([0], dtype=np.int32))
    np.testing.assert_array_equal(one.features, pool.features[pool.owner == 1])


def test_empty_lists_make_an_empty_pool(facts):
    nothing = CandidateList(np.full((2, 3), -1, dtype=np.int32), np.full((2, 3), np.nan, dtype=np.float32))
    empty = build_pool(facts, {"als": nothing}, np.array([0, 1], dtype=np.int32))
    assert empty.features.shape == (0, len(empty.names))


MILK, OTHER_MILK, BREAD, LOOSE = 0, 1, 2, 3
BACK_DAYS = np.cumsum([0, 7, 13, 8, 12, 10, 9, 11])
"""How long before the last milk each of the others was bought."""
SILENT_DAYS = {0: 3, 1: 10, 2: 60}
"""Since the last milk of three members; everybody else but the fourth goes on to buy it."""


def rhythmic(path):
    lines = [
        bought(member, MILK, DAYS - SILENT_DAYS.get(member, member % 10 + 1) - float(back) - 0.5)
        for member in range(24)
        for back in BACK_DAYS
        if member != 3
    ]
    lines += [bought(3, BREAD, 100), bought(3, LOOSE, 140)]
    products = [product_row(product) for product in range(4)]
    for product, category in ((MILK, "milk"), (OTHER_MILK, "milk"), (BREAD, "bread"), (LOOSE, None)):
        products[product]["category"] = category
    return write_tiny(path, lines, n_members=24, products=products)


@pytest.fixture(scope="module")
def rhythm(tmp_path_factory):
    workspace = rhythmic(tmp_path_factory.mktemp("families") / "w")
    return Dataset.read(workspace, workspace.now)


class TestFamilies:
    def families(self, rhythm, profile=DEFAULT):
        """Every member with every product: state and probability."""
        facts = RankingFacts.of(rhythm, build_members(rhythm), build_catalogue(rhythm), profile)
        members = np.arange(24, dtype=np.int32)
        everything = CandidateList(np.tile(np.arange(4, dtype=np.int32), (24, 1)), np.ones((24, 4), np.float32))
        pool = build_pool(facts, {"all": everything}, members)
        columns = [pool.names.index(name) for name in ("family_state", "family_probability")]
        return pool.features[:, columns].reshape(24, 4, 2)

    def test_a_family_is_early_due_or_overdue_by_the_members_own_clock(self, rhythm):
        states = self.families(rhythm)[:3, MILK, 0]
        assert [DUE_STATES[int(state)].value for state in states] == ["early", "due", "overdue"]

    def test_a_product_never_bought_stands_where_its_family_does(self, rhythm):
        found = self.families(rhythm)
        np.testing.assert_array_equal(found[:, OTHER_MILK], found[:, MILK])

    def test_nothing_is_known_of_a_family_never_bought_or_of_a_product_without_one(self, rhythm):
        found = self.families(rhythm)
        assert np.isnan(found[0, BREAD]).all()
        assert np.isnan(found[3, MILK]).all()
        assert not np.isnan(found[3, BREAD]).any()
        assert np.isnan(found[:, LOOSE]).all()  # member 3 bought it

    def test_the_chance_is_that_of_the_pair_within_the_horizon_of_the_settings(self, rhythm):
        config = ProfileConfig(replenishment=ReplenishmentConfig(horizon_days=3))
        facts, rules = facts_of(rhythm), rules_of(rhythm, config)
        pairs = due_pairs(facts, Fitted(Replenishment().fit(facts, rules), rules), rhythm.cut_off)
        milk = facts.products.category[MILK]
        buyers = pairs.member[pairs.family == milk]
        assert len(buyers) == 23
        few = self.families(rhythm, config)
        np.testing.assert_array_equal(few[buyers, MILK, 1], pairs.probability[pairs.family == milk])
        usual = self.families(rhythm)
        assert (few[buyers, MILK, 1] < usual[buyers, MILK, 1]).all()

    def test_a_shop_without_categories_has_no_families(self, rhythm):
        bare = replace(rhythm, products=rhythm.products.with_columns(category=pl.lit(None, dtype=pl.String)))
        assert np.isnan(self.families(bare)).all()
