from pathlib import Path

import numpy as np
import pytest

from features.dataset import Dataset
from features.members import build_members, build_stranger, segment_names
from features.offers import build_offers
from features.products import build_catalogue
from features.value import DEFAULT_MARGIN_RATE, PRIOR_DAYS
from recsys.catalogue import ALWAYS_FROM, ALWAYS_UNTIL
from recsys.errors import InputError
from recsys.types import OFFER_KINDS, STAGES, Consent, OfferKind, Stage
from tests.features.small_workspace import DAY, NOW, START_AT, day, offer, purchase, small_rows, write_workspace


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset.read(write_workspace(tmp_path_factory.mktemp("columns") / "w", small_rows()), NOW)


def test_members_have_their_tier_segment_consent_and_points(dataset: Dataset) -> None:
    members = build_members(dataset)
    assert members.tier.tolist() == [1, 0, 0, 0]
    assert members.points.tolist() == [300, 0, 0, 0]
    assert members.birth_month.tolist() == [5, 0, 0, 0]
    assert segment_names(dataset) == ("north", "south")
    assert members.segment.tolist() == [0, 1, -1, 0]
    assert set(members.consent.tolist()) == {int(Consent.PERSONALISATION | Consent.EMAIL)}


def test_stages_follow_the_members_own_rhythm(dataset: Dataset) -> None:
    stages = [STAGES[code] for code in build_members(dataset).stage]
    assert stages == [Stage.ACTIVE, Stage.CHURNED, Stage.POTENTIAL, Stage.NEW]


def test_purchased_lists_distinct_products_latest_first(dataset: Dataset) -> None:
    members = build_members(dataset)
    assert members.purchased.lists() == [[1, 0], [0, 2], [], [1]]
    assert members.purchased_at[:2].tolist() == [START_AT + 92 * DAY, START_AT + 8 * DAY]


def test_rates_are_shrunk_towards_the_population_and_ordered_like_the_data(dataset: Dataset) -> None:
    members, stranger = build_members(dataset), build_stranger(dataset)
    often, once, never, _ = members.orders_per_day.tolist()
    assert 14 / 100 > often > stranger.orders_per_day > never > 0
    assert once < stranger.orders_per_day


def test_the_rate_is_the_mean_of_the_posterior(dataset: Dataset) -> None:
    # m1: 13 orders after the first in 99 days; m2: none after the first in 98; m3: none in 90; m5: one in 20.
    population = 14 / (99 + 98 + 90 + 20)
    assert build_stranger(dataset).orders_per_day == pytest.approx(population)
    expected = (PRIOR_DAYS * population + 13) / (PRIOR_DAYS + 99)
    assert build_members(dataset).orders_per_day[0] == pytest.approx(expected, rel=1e-6)


def test_baskets_are_shrunk_in_whole_minor_units(dataset: Dataset) -> None:
    mean = (14 * 200 + 250 + 240 + 50_000 + 100) / 16
    assert build_stranger(dataset).basket_minor == int(mean + 0.5)
    assert build_members(dataset).basket_minor[2] == int(mean + 0.5)
    assert build_members(dataset).basket_minor[0] == int((3 * mean + 3_050) / 17 + 0.5)


def test_margin_comes_from_products_with_a_known_cost_only(dataset: Dataset) -> None:
    assert build_stranger(dataset).margin_rate == pytest.approx(0.4)


def test_without_any_cost_the_margin_is_the_stated_assumption(tmp_path: Path) -> None:
    rows = small_rows()
    rows["products"][0]["cost_minor"] = None
    dataset = Dataset.read(write_workspace(tmp_path / "w", rows), NOW)
    assert build_members(dataset).margin_rate == pytest.approx(DEFAULT_MARGIN_RATE)


def test_a_workspace_before_its_first_purchase_has_defined_columns(tmp_path: Path) -> None:
    rows = small_rows()
    rows["members"] = [row | {"joined_at": day(-1)} for row in rows["members"]]
    dataset = Dataset.read(write_workspace(tmp_path / "w", rows), START_AT)
    members, stranger = build_members(dataset), build_stranger(dataset)
    assert set(members.stage.tolist()) == {STAGES.index(Stage.POTENTIAL)}
    assert np.all(members.orders_per_day == 0)
    assert (stranger.orders_per_day, stranger.basket_minor, stranger.margin_rate) == (0.0, 0, DEFAULT_MARGIN_RATE)
    assert members.purchased.lists() == [[] for _ in range(len(members))]
    assert np.all(build_catalogue(dataset).repeat_rate == 0)


def test_a_tier_that_the_workspace_does_not_have_is_refused(tmp_path: Path) -> None:
    rows = small_rows()
    rows["members"][1]["tier"] = "platinum"
    with pytest.raises(InputError, match=r"tier 'platinum'; the tiers are basic, gold"):
        build_members(Dataset.read(write_workspace(tmp_path / "w", rows), NOW))


def test_the_catalogue_keeps_products_of_which_little_is_known(dataset: Dataset) -> None:
    catalogue = build_catalogue(dataset)
    assert catalogue.category_names == ("bakery", "dairy", "drinks")
    assert catalogue.category.tolist() == [0, 1, -1, 2]
    assert catalogue.brand.tolist() == [1, 0, -1, -1]
    assert catalogue.price_minor.tolist() == [250, 100, -1, 400]
    assert catalogue.cost_minor.tolist() == [-1, 60, -1, -1]
    assert catalogue.stock.tolist() == [-1, 0, -1, -1]
    assert catalogue.sale_from.tolist() == [ALWAYS_FROM, ALWAYS_FROM, ALWAYS_FROM, START_AT + 90 * DAY]
    assert catalogue.sale_until.tolist() == [ALWAYS_UNTIL] * 4


def test_the_repeat_rate_is_the_share_of_buyers_who_came_back(dataset: Dataset) -> None:
    assert build_catalogue(dataset).repeat_rate.tolist() == [0.0, 0.5, 0.0, 0.0]


def test_two_purchases_on_one_day_are_no_repeat(tmp_path: Path) -> None:
    rows = small_rows()
    rows["purchases"] = [
        purchase("a", "m1", "milk", day(1.1), order_id="o1", paid=1),
        purchase("b", "m1", "milk", day(1.9), order_id="o2", paid=1),
    ]
    assert build_catalogue(Dataset.read(write_workspace(tmp_path / "w", rows), NOW)).repeat_rate.tolist() == [0.0] * 4


def test_offers_keep_their_terms_tiers_and_scope(dataset: Dataset) -> None:
    offers = build_offers(dataset)
    assert [OFFER_KINDS[code] for code in offers.kind] == [OfferKind.PERCENT_OFF, OfferKind.AMOUNT_OFF]
    assert offers.tier_mask.tolist() == [0b11, 0b10]
    assert offers.scope.lists() == [[1], []]
    assert offers.budget_minor.tolist() == [9_000, -1]
    assert offers.amount_minor.tolist() == [0, 500]
    assert offers.valid(START_AT).tolist() == [True, True]
    assert offers.valid(START_AT + 120 * DAY).tolist() == [False, False]


def test_an_offer_for_an_unknown_tier_is_refused(tmp_path: Path) -> None:
    rows = small_rows()
    rows["offers"].append(offer("x", tiers="gold|ruby"))
    with pytest.raises(InputError, match=r"offer 'x' is for the tier 'ruby'"):
        build_offers(Dataset.read(write_workspace(tmp_path / "w", rows), NOW))


def test_a_workspace_without_offers_has_an_empty_table_of_them(tmp_path: Path) -> None:
    rows = small_rows() | {"offers": [], "offer_scope": [], "exposures": [], "redemptions": []}
    offers = build_offers(Dataset.read(write_workspace(tmp_path / "w", rows), NOW))
    assert len(offers) == 0
    assert len(offers.scope) == 0
