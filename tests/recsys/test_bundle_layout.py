"""A bundle whose arrays or settings are not what they must be is refused by name, before any decision reads it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.bundle import Bundle, write_bundle
from recsys.bundle_layout import COLUMNS, check_arrays, read_settings
from recsys.errors import BundleError
from recsys.knowledge import Knowledge, as_arrays
from tests.worlds import small_knowledge

ARRAYS, SETTINGS = as_arrays(small_knowledge())


def check(arrays: dict[str, NDArray[Any]], settings: dict[str, Any] = SETTINGS) -> None:
    check_arrays(arrays, read_settings(settings, "b"), "b")


def put(value: object, at: object = 0) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def change(array: NDArray[Any]) -> NDArray[Any]:
        changed = array.copy()
        changed[at] = value
        return changed

    return change


WRONG: list[tuple[str, Callable[[NDArray[Any]], NDArray[Any]], str]] = [
    ("members.tier", lambda array: array[:-1], r"members.tier has the shape \(6,\), expected \(7,\)"),
    ("members.tier", put(4), "from 0 to 4, expected 0 to 3"),
    ("members.tier", put(-1), "members.tier"),
    ("members.stage", put(5), "members.stage"),
    ("members.segment", put(2), "members.segment has values from 0 to 2, expected -1 to 1"),
    ("members.consent", put(16), "members.consent"),
    ("members.birth_month", put(13), "members.birth_month"),
    ("members.orders_per_day", put(np.nan), "members.orders_per_day has values from nan"),
    ("members.margin_rate", put(np.inf), "members.margin_rate"),
    ("members.basket_minor", put(2**62), "members.basket_minor"),
    ("members.ids", put(b"", 0), "ascending, distinct"),
    ("members.ids", put(b"m000", 1), "ascending, distinct"),
    ("members.ids", put(b"m\xff", 6), "not UTF-8"),
    (
        "members.ids",
        lambda _: np.array([b"m\xc3\xa9"[:2], b"\xa9", b"\xe9", b"\xf0", b"\xf1", b"\xf2", b"\xf3"]),
        "UTF-8",
    ),
    ("members.purchased.values", put(30), "members.purchased.values"),
    ("members.purchased.values", put(-1), "members.purchased.values"),
    ("members.purchased.indptr", put(9, 1), "members.purchased.indptr does not rise"),
    ("members.purchased.indptr", put(1, 0), "does not rise from 0"),
    ("members.purchased.indptr", put(7, -1), "to the 8 values"),
    ("products.category", put(4), "products.category"),
    ("products.brand", put(-2), "products.brand"),
    ("products.price_minor", put(-2), "products.price_minor"),
    ("products.stock", put(-2), "products.stock"),
    ("products.repeat_rate", put(1.5), "products.repeat_rate"),
    ("products.names", put(b"\xff"), "products.names holds text that is not UTF-8"),
    ("offers.kind", put(8), "offers.kind"),
    ("offers.percent_bp", put(10_001), "offers.percent_bp"),
    ("offers.multiplier_bp", put(9_999), "offers.multiplier_bp"),
    ("offers.budget_minor", put(-2), "offers.budget_minor"),
    ("offers.scope.values", put(30), "offers.scope.values"),
    ("offers.ids", lambda _: np.array([b"a", b"b", b"c", b"d", b"no_offer", b"o"]), "rename that offer"),
    ("candidates.als.products", put(30, (3, 4)), "candidates.als.products has values from -1 to 30"),
    ("candidates.als.products", put(-2, (3, 4)), "candidates.als.products"),
    ("candidates.als.products", lambda array: array[:, :-1], "candidates.als.scores has the shape"),
    ("neighbours.products", put(30, (3, 4)), "neighbours.products"),
    ("neighbours.products", lambda array: array[:-1], "neighbours.products"),
    ("similar.products", put(30, (3, 4)), "similar.products"),
    ("similar.scores", put(np.nan, (0, 0)), "similar.scores has a value below 0 or no number"),
    ("together.scores", put(-0.1, (3, 2)), "together.scores has a value below 0"),
    ("together.scores", put(np.inf, (3, 2)), "together.scores"),
    ("together.products", lambda array: array[:-1], r"together.products has the shape \(29, 5\), expected \(30, 5\)"),
    ("popular_in_category.products", lambda array: array[:-1], "popular_in_category.products"),
    ("popular.products", put(30, (0, 4)), "popular.products"),
    ("popular.products", lambda array: array[:0], "no row"),
    ("response.uplift", put(np.nan, (4, 1, 5)), "response.uplift"),
    ("response.uplift_sd", put(-0.1, (4, 1, 5)), "response.uplift_sd"),
    ("response.redeem", put(1.1, (4, 1, 5)), "response.redeem"),
    ("response.scope_affinity", put(np.inf, (6, 5)), "response.scope_affinity"),
    ("response.scope_affinity", lambda array: array[:, :-1], r"expected \(7, 6\) \(members x offers\)"),
]


def test_every_array_of_a_bundle_has_its_column() -> None:
    checked = {*COLUMNS, "members.purchased.indptr", "offers.scope.indptr"}
    assert set(ARRAYS) == checked | {name for name in ARRAYS if name.startswith(("candidates.", "profile."))}


@pytest.mark.parametrize("name", sorted(ARRAYS))
def test_an_array_that_is_missing_longer_or_of_another_type_is_refused(name: str) -> None:
    array = ARRAYS[name]
    longer = np.concatenate([array, array[-1:]])
    other = array.astype(np.complex128) if array.dtype.kind != "S" else np.arange(len(array))
    for wrong in (None, longer, other, array[None], array.reshape(-1)[0]):
        arrays = {key: value for key, value in ARRAYS.items() if key != name}
        if wrong is not None:
            arrays[name] = np.asarray(wrong)
        # A list more of popular products is a segment more, which is no error by itself.
        if name.startswith("popular.") and wrong is longer:
            arrays["popular.products"] = ARRAYS["popular.products"]
            arrays["popular.scores"] = np.concatenate([ARRAYS["popular.scores"]] * 2)
        with pytest.raises(BundleError, match="train again"):
            check(arrays)


@pytest.mark.parametrize(
    ("name", "change", "told"), WRONG, ids=[f"{number} {one[0]}" for number, one in enumerate(WRONG)]
)
def test_what_an_array_may_not_hold_is_refused(
    name: str, change: Callable[[NDArray[Any]], NDArray[Any]], told: str
) -> None:
    with pytest.raises(BundleError, match=told):
        check(ARRAYS | {name: change(ARRAYS[name])})


def test_a_text_that_ends_inside_a_character_is_refused_though_the_next_completes_it() -> None:
    names = ARRAYS["products.names"].astype("S2")
    names[3:5] = [b"x\xc3", b"\xa9y"]
    with pytest.raises(BundleError, match="begins inside a character"):
        check(ARRAYS | {"products.names": names})


def test_a_bundle_is_checked_when_its_knowledge_is_read(tmp_path: Path) -> None:
    arrays = ARRAYS | {"members.tier": ARRAYS["members.tier"] + np.int8(1)}
    write_bundle(tmp_path / "b", arrays, cut_off=0, dataset_digest="", currency="GBP", settings=SETTINGS)
    with pytest.raises(BundleError, match=r"b: members.tier has values from 1 to 4"):
        Knowledge.of(Bundle.open(tmp_path / "b"))


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("tiers", None, "'tiers' is missing"),
        ("tiers", 5, "'tiers' is 5"),
        ("tiers", [], "'tiers'"),
        ("source_weights", ["als"], "'source_weights'"),
        ("source_weights", {"als": -1.0}, "'source_weights.als' is -1.0"),
        ("source_weights", {"als": float("nan")}, "'source_weights.als'"),
        ("source_weights", {"novel": 1.0}, "no array 'candidates.novel.products'"),
        ("horizon_days", 0, "'horizon_days'"),
        ("horizon_days", "long", "'horizon_days'"),
        ("stranger", {"orders_per_day": 0.1, "basket_minor": 5}, r"'stranger.margin_rate' is missing"),
    ],
)
def test_a_setting_that_is_not_what_it_must_be_is_named(setting: str, value: object, told: str) -> None:
    settings = {name: one for name, one in SETTINGS.items() if name != setting or value is not None}
    if value is not None:
        settings[setting] = value
    with pytest.raises(BundleError, match=told):
        check(ARRAYS, settings)
