"""Which members and products are looked at apart: every border by hand."""

from dataclasses import replace

import numpy as np
import pytest

from features.dataset import Dataset
from features.members import build_members
from recsys.loyalty.programme import parse_programme
from recsys.ragged import Ragged
from recsys.types import STAGES, Stage
from tests.training.shop import DAYS
from tests.training.tiny import bought, write_tiny
from training.as_of_ingest import AsOfIngest
from training.cases import Case
from training.slices import TEMPERATURES, member_groupings, slices_of_members, slices_of_products, temperatures

PROGRAMME = """
name: club
currency: GBP
timezone: UTC
ladders:
  - from: 2023-01-01
    window: {rolling_days: 365}
    downgrade: {review: continuous}
    tiers:
      - {name: ordinary}
      - {name: gold, entry: {spend_minor: 1000}}
"""
DAY = 86_400
CUT_DAY = 120


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    n_orders = {1: 1, 2: 2, 3: 4, 4: 5, 5: 9}
    purchases = [
        bought(member, product, CUT_DAY - 1.5 - 3 * number)
        for member, orders in n_orders.items()
        for number in range(orders)
        for product in (0, member)  # two lines of one order are one order
    ]
    purchases += [bought(0, 0, CUT_DAY + 2), bought(5, 7, CUT_DAY + 3), bought(6, 0, 1)]
    return write_tiny(tmp_path_factory.mktemp("tiny") / "w", purchases, n_members=8, products=12)


@pytest.fixture(scope="module")
def dataset(workspace):
    return Dataset.read(workspace, workspace.now - (DAYS - CUT_DAY) * DAY)


@pytest.fixture(scope="module")
def groupings(workspace, dataset):
    known = AsOfIngest.read(workspace, dataset)
    return {one.by: one for one in member_groupings(dataset, build_members(dataset), known)}


def test_members_are_grouped_by_orders_before_the_cut_off(groupings):
    labels = [groupings["orders"].labels[code] for code in groupings["orders"].code]
    assert labels == ["0", "1", "2-4", "2-4", "5+", "5+", "1", "0"]


def test_stages_are_as_of_the_cut_off(groupings):
    labels = [groupings["stage"].labels[code] for code in groupings["stage"].code]
    assert groupings["stage"].labels == STAGES
    assert labels[0] == labels[7] == Stage.POTENTIAL
    assert labels[1:6] == [Stage.NEW] * 5
    assert labels[6] not in (Stage.NEW, Stage.POTENTIAL)


def test_tiers_are_todays_though_the_dataset_has_none(groupings, dataset):
    assert dataset.members["tier"].null_count() == dataset.members.height
    labels = [groupings["tier"].labels[code] for code in groupings["tier"].code]
    assert labels == ["gold", "ordinary", "ordinary", "ordinary", "ordinary", "gold", "ordinary", "ordinary"]


def test_with_a_programme_tiers_are_those_of_the_cut_off_by_its_rules(workspace, dataset):
    programme = parse_programme(PROGRAMME, currency="GBP")
    ruled = replace(dataset, programme=programme)
    known = AsOfIngest.read(workspace, dataset)
    tier = {one.by: one for one in member_groupings(ruled, build_members(ruled), known)}["tier"]
    # Members 4 and 5 had paid 1,000 and more before the cut-off; member 0 is gold today only.
    assert [tier.labels[code] for code in tier.code] == ["ordinary"] * 4 + ["gold"] * 2 + ["ordinary"] * 2


def test_costs_are_those_of_the_ingest(workspace, dataset):
    assert AsOfIngest.read(workspace, dataset).cost_minor[:3].tolist() == [60, 65, 70]
    assert dataset.products["cost_minor"].null_count() == dataset.products.height


def temperature_of(purchases, tmp_path, n_products):
    workspace = write_tiny(tmp_path / "w", purchases, n_members=12, products=n_products)
    members = build_members(Dataset.read(workspace, workspace.now))
    return [TEMPERATURES[code] for code in temperatures(members, n_products)]


def test_products_are_hot_warm_cold_or_unsold_by_their_buyers(tmp_path):
    n_buyers = [5, 4, 12, 1, 0, 11, 7, 12, 6, 9, 8]
    purchases = [
        bought(member, product, 5 + member + product / 100)
        for product, buyers in enumerate(n_buyers)
        for member in range(buyers)
    ]
    found = temperature_of(purchases, tmp_path, len(n_buyers))
    # Ten products were sold: the two with the most buyers are hot.
    assert found == ["warm", "cold", "hot", "cold", "unsold", "warm", "warm", "hot", "warm", "warm", "warm"]


def test_of_equally_many_buyers_the_first_by_row_is_hot_and_repeats_are_no_buyers(tmp_path):
    purchases = [bought(member, product, 5 + member) for product in range(5) for member in range(6)]
    purchases += [bought(0, 4, 60 + day) for day in range(20)]
    assert temperature_of(purchases, tmp_path, 5) == ["hot", "warm", "warm", "warm", "warm"]


def test_where_all_are_cold_none_is_hot(tmp_path):
    purchases = [bought(member, product, 5 + member) for product in range(5) for member in range(4)]
    assert temperature_of(purchases, tmp_path, 5) == ["cold"] * 5


class TestFigures:
    MEMBERS = np.array([1, 3, 4], dtype=np.int32)
    CASE = Case(
        "all", MEMBERS, Ragged.of([[0, 1, 2], [1], [2, 3]]), np.ones(6, dtype=bool), Ragged.of([[], [], []]), 1.0, 3
    )

    def test_recall_of_a_temperature_is_over_the_bought_products_of_it(self):
        temperature = np.array([TEMPERATURES.index(name) for name in ("hot", "cold", "cold", "warm", "hot", "hot")])
        lists = {"ours": np.array([[1, 4, 0], [0, 2, 3], [3, 2, 5]], dtype=np.int32)}
        found = {one.group: one for one in slices_of_products(temperature.astype(np.int8), self.CASE, lists)}
        assert list(found) == list(TEMPERATURES)
        assert found["hot"].figures["ours"].tolist() == [1.0]
        assert found["cold"].figures["ours"].tolist() == [0.5, 0.0, 1.0]
        assert found["warm"].figures["ours"].tolist() == [1.0]
        assert found["unsold"].figures["ours"].tolist() == []
        assert {one.metric for one in found.values()} == {"recall_at_10"}

    def test_a_place_after_the_tenth_does_not_count(self):
        temperature = np.full(6, TEMPERATURES.index("warm"), dtype=np.int8)
        lists = {"ours": np.array([[5] + [-1] * 9 + [0]] * 3, dtype=np.int32)}
        (warm,) = (one for one in slices_of_products(temperature, self.CASE, lists) if one.group == "warm")
        assert warm.figures["ours"].tolist() == [0.0, 0.0, 0.0]

    def test_members_are_found_by_their_rows(self, groupings):
        figures = {"ours": np.array([0.1, 0.3, 0.4])}
        found = {
            one.group: one.figures["ours"].tolist()
            for one in slices_of_members((groupings["orders"],), self.CASE, figures, "ndcg_at_10")
        }
        assert found == {"0": [], "1": [0.1], "2-4": [0.3], "5+": [0.4]}
