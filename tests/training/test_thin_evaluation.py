"""`recsys evaluate` from end to end on histories with something missing: a defined answer, or an error in words."""

import json
import math

import numpy as np
import pytest

from recsys.errors import NotEnoughDataError
from tests.training.shop import DAYS, START, product_row
from tests.training.tiny import bought, write_tiny
from training import commands
from training.evaluate import BLEND, FLOORS

SETTINGS = """
n_candidates: 10
popularity: {n_listed: 20}
neighbours: {n_neighbours: 5}
als: {factors: 4, iterations: 2}
lightfm: {factors: 4, epochs: 2}
evaluation: {holdout_days: 14, n_resamples: 100}
"""
VALIDATION_AT, TEST_AT = DAYS - 28, DAYS - 14


@pytest.fixture
def evaluate(tmp_path):
    def answer(purchases, **kept):
        (tmp_path / "q.yaml").write_text(SETTINGS)
        workspace = write_tiny(tmp_path / "w", purchases, **kept)
        return commands.evaluate(workspace.path, config=tmp_path / "q.yaml")

    return answer


def blend_of(report, case="all"):
    """The blend's row; every figure of the report is a number or absent on the way there."""
    facts = json.loads(json.dumps(report.facts, allow_nan=False))
    assert report.tables
    assert report.notes
    for one in facts["cases"].values():
        for row in one["rows"].values():
            assert all(0 <= value <= 1 for value in row["metrics"].values())
            assert all(value is None or math.isfinite(value) for value in row["shown"].values())
            assert row["gain"]["low"] <= row["gain"]["mean"] + 1e-12
            assert row["gain"]["mean"] <= row["gain"]["high"] + 1e-12
    return facts["cases"][case]["rows"][BLEND]


def test_an_empty_validation_window_is_named(evaluate):
    purchases = [bought(member, member % 5, 3 + member) for member in range(8)]
    purchases += [bought(member, member % 5, TEST_AT + 1 + member) for member in range(8)]
    with pytest.raises(NotEnoughDataError, match=r"no member .* in the window after 2024-07-01"):
        evaluate(purchases)


def test_an_empty_test_window_is_named(evaluate):
    purchases = [bought(member, member % 5, 3 + member) for member in range(8)]
    purchases += [bought(member, member % 5, VALIDATION_AT + 1 + member) for member in range(8)]
    with pytest.raises(NotEnoughDataError, match=r"no member .* in the window after 2024-07-15"):
        evaluate(purchases)


def test_members_with_one_purchase_each_are_judged_on_what_others_bought(evaluate):
    days = [5, 12, 30, 60, VALIDATION_AT + 3, VALIDATION_AT + 4, TEST_AT + 3, TEST_AT + 4]
    report = evaluate([bought(member, member % 3, day) for member, day in enumerate(days)])
    assert report.facts["cases"]["all"]["n_members"] == 2
    assert set(report.facts["cases"]) == {"all", "explore"}
    # Product 0 of three, product 1 of three: both among any ten.
    assert blend_of(report)["metrics"]["recall_at_10"] == 1.0
    assert report.facts["cases"]["all"]["rows"]["own_orders"]["metrics"]["recall_at_10"] == 0.0


def test_products_sold_once_each_are_worth_nothing_to_repeats(evaluate):
    days = [*np.linspace(1, VALIDATION_AT - 2, 24), *(VALIDATION_AT + 1.5, VALIDATION_AT + 6, TEST_AT + 2, TEST_AT + 5)]
    purchases = [bought(number % 8, number, float(day)) for number, day in enumerate(days)]
    report = evaluate(purchases, products=len(days))
    assert blend_of(report)["metrics"]["ndcg_at_10"] >= 0.0
    rows = report.facts["cases"]["all"]["rows"]
    assert all(rows[floor]["metrics"]["recall_at_20"] == 0.0 for floor in FLOORS)
    assert rows[FLOORS[0]]["gain"] == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_a_single_product_on_sale_is_found_by_everybody(evaluate):
    ended = START.replace(month=5)
    listed = [product_row(row) | {"sale_until": None if row == 2 else ended} for row in range(4)]
    purchases = [
        bought(member, (member + turn) % 4, 5.0 + 13 * turn + member / 9) for member in range(8) for turn in range(4)
    ]
    purchases += [
        bought(member, 2, VALIDATION_AT + 0.5 + 3 * turn + member / 9) for member in range(8) for turn in range(9)
    ]
    report = evaluate(purchases, products=listed)
    blend = blend_of(report)
    assert set(blend["metrics"].values()) == {1.0}
    assert blend["shown"]["coverage_at_10"] == 1.0
    assert blend["shown"]["gini_at_10"] == 0.0
    assert "explore" not in report.facts["cases"]
    assert "No member of the window has the case: products the member never bought." in report.notes


def test_identical_baskets_of_everybody_leave_nothing_to_gain(evaluate):
    purchases = [
        bought(member, product, day + 0.5) for member in range(8) for product in range(5) for day in range(5, DAYS, 12)
    ]
    report = evaluate(purchases)
    blend = blend_of(report)
    assert blend["metrics"]["ndcg_at_10"] == pytest.approx(1.0)
    assert blend["gain"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert blend["shown"]["novelty_at_10"] == 0.0


def test_half_of_the_catalogue_may_have_no_category(evaluate):
    listed = [product_row(row) | ({"category": None, "brand": None} if row % 2 else {}) for row in range(10)]
    rng = np.random.default_rng(4)
    purchases = [
        bought(member, int(product), 7.0 * week + member / 9)
        for member in range(8)
        for week in range(DAYS // 7)
        for product in rng.choice(10, 2, replace=False)
    ]
    blend = blend_of(evaluate(purchases, products=listed))
    assert blend["metrics"]["recall_at_20"] == 1.0


def test_without_prices_or_costs_the_report_says_what_is_missing(evaluate):
    listed = [product_row(row) | {"price_minor": None, "cost_minor": None} for row in range(5)]
    purchases = [
        bought(member, (member + day) % 5, day + 0.5, paid_minor=0) for member in range(8) for day in range(5, DAYS, 12)
    ]
    report = evaluate(purchases, products=listed)
    assert blend_of(report)["shown"]["price_minor_at_10"] is None
    assert any(note.startswith("No price: nothing that was shown had been sold") for note in report.notes)


def test_without_costs_there_is_a_price_and_no_margin(evaluate):
    listed = [product_row(row) | {"cost_minor": None} for row in range(5)]
    purchases = [bought(member, (member + day) % 5, day + 0.5) for member in range(8) for day in range(5, DAYS, 12)]
    report = evaluate(purchases, products=listed)
    shown = blend_of(report)["shown"]
    assert (shown["price_minor_at_10"], shown["margin_minor_at_10"]) == (100.0, None)
    assert any("No margin: the costs of what was shown are not known." in note for note in report.notes)
    assert any("Slices left out, because fewer than 30 members" in note for note in report.notes)
