"""Every reason for which a row is refused, on a workspace that is otherwise clean."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.features.rows_source import rejected, run
from tests.features.small_workspace import day, exposure, member, offer, points_entry, product, purchase, small_rows

BAD_PURCHASES: list[tuple[str, dict[str, Any]]] = [
    ("unknown_member", {"member_id": "nobody"}),
    ("unknown_product", {"product_id": "nothing"}),
    ("future_date", {"purchased_at": day(100.1)}),
    ("impossible_quantity", {"quantity": 101}),
    ("too_small:quantity", {"quantity": 0}),
    ("too_small:quantity", {"quantity": -3}),
    ("too_small:paid_minor", {"paid_minor": -1}),
    ("wrong_type:quantity", {"quantity": "many"}),
    ("wrong_type:quantity", {"quantity": 1.5}),
    ("wrong_type:paid_minor", {"paid_minor": "12.34"}),
    ("wrong_type:purchased_at", {"purchased_at": "yesterday"}),
    ("missing:member_id", {"member_id": None}),
    ("missing:product_id", {"product_id": "  "}),
    ("missing:purchased_at", {"purchased_at": None}),
    ("bad_id:product_id", {"product_id": "x" * 201}),
    ("looks_personal", {"member_id": "ann@example.org"}),
    ("unknown_currency", {"currency": "EUR"}),
    ("unknown_currency", {"currency": "gbp"}),
    ("duplicate", {"purchase_id": "a0"}),
]


@pytest.mark.parametrize(
    ("reason", "change"), BAD_PURCHASES, ids=[f"{n}-{r}" for n, (r, _) in enumerate(BAD_PURCHASES)]
)
def test_a_bad_purchase_is_quarantined_with_its_reason(tmp_path: Path, reason: str, change: dict[str, Any]) -> None:
    rows = small_rows()
    bad = purchase("bad", "m1", "milk", day(5), order_id="o", paid=1) | change
    if isinstance(next(iter(change.values())), str):
        for row in rows["purchases"]:  # a column of texts, as a CSV file gives it
            row |= {column: str(row[column]) for column in change if column in row}
    rows["purchases"].append(bad)
    done = run(rows, tmp_path / "w")
    assert dict(done.counts["purchases"].reasons) == {reason: 1}
    assert done.counts["purchases"].kept == 19
    assert rejected(tmp_path / "w", "purchases") == [(bad["purchase_id"], reason)]


BAD_OTHERS: list[tuple[str, str, dict[str, Any]]] = [
    ("members", "unknown_tier", member("x", tier="ruby")),
    ("members", "missing:consent_email", member("x", consent_email=None)),
    ("members", "too_large:birth_month", member("x", birth_month=13)),
    ("members", "too_large:birth_day", member("x", birth_month=1, birth_day=32)),
    ("members", "too_large:birth_day", member("x", birth_month=4, birth_day=127)),
    ("members", "too_small:birth_day", member("x", birth_month=1, birth_day=0)),
    ("members", "too_small:birth_day", member("x", birth_day=0)),
    ("members", "impossible_birthday", member("x", birth_month=4, birth_day=31)),
    ("members", "impossible_birthday", member("x", birth_month=2, birth_day=30)),
    ("members", "birth_day_without_month", member("x", birth_day=7)),
    ("members", "too_small:points", member("x", points=-1)),
    ("members", "future_date", member("x", joined_at=day(101))),
    ("members", "duplicate", member("m1")),
    ("members", "looks_personal", member("ann@example.org")),
    ("products", "too_small:price_minor", product("x", price_minor=-1)),
    ("products", "missing:product_id", product("")),
    ("offers", "reserved_id", offer("no_offer")),
    ("offers", "wrong_type:kind", offer("x", kind="free_beer")),
    ("offers", "unknown_tier", offer("x", tiers="gold|ruby")),
    ("offers", "valid_until_after_valid_from", offer("x", valid_until=day(0))),
    ("offers", "too_large:percent_bp", offer("x", kind="percent_off", percent_bp=10_001)),
    ("offer_scope", "unknown_offer", {"offer_id": "x", "product_id": "milk"}),
    ("offer_scope", "unknown_product", {"offer_id": "milk10", "product_id": "x"}),
    ("exposures", "unknown_offer", exposure("x", "m1", "x", day(1))),
    ("exposures", "looks_personal", exposure("x", "ann@example.org", "spend", day(1))),
    ("exposures", "too_small:logging_propensity", exposure("x", "m1", "spend", day(1)) | {"logging_propensity": 0.0}),
    ("points_entries", "zero_points", points_entry("x", "m1", "adjust", 0, day(1))),
    ("points_entries", "zero_points", points_entry("x", "m1", "redeem", 0, day(1))),
    ("points_entries", "wrong_sign", points_entry("x", "m1", "redeem", 5, day(1))),
    *(
        ("points_entries", "wrong_sign", points_entry("x", "m1", kind, -5, day(1)))
        for kind in ("earn", "sign_in", "referral", "review", "birthday")
    ),
    ("points_entries", "wrong_type:kind", points_entry("x", "m1", "gamble", 5, day(1))),
    ("points_entries", "unknown_member", points_entry("x", "nobody", "earn", 5, day(1))),
    ("points_entries", "future_date", points_entry("x", "m1", "earn", 5, day(100.1))),
    ("points_entries", "missing:points", points_entry("x", "m1", "earn", 5, day(1)) | {"points": None}),
    ("points_entries", "looks_personal", points_entry("x", "ann@example.org", "earn", 5, day(1))),
    ("points_entries", "duplicate", points_entry("g2", "m2", "earn", 5, day(1))),
    ("tier_changes", "unknown_tier", {"member_id": "m1", "tier": "ruby", "changed_at": day(1)}),
    ("tier_changes", "missing:tier", {"member_id": "m1", "tier": None, "changed_at": day(1)}),
    ("tier_changes", "unknown_member", {"member_id": "nobody", "tier": "gold", "changed_at": day(1)}),
    ("tier_changes", "future_date", {"member_id": "m1", "tier": "gold", "changed_at": day(100.1)}),
    ("tier_changes", "missing:changed_at", {"member_id": "m1", "tier": "gold", "changed_at": None}),
    ("tier_changes", "looks_personal", {"member_id": "ann@example.org", "tier": "gold", "changed_at": day(1)}),
    ("tier_changes", "duplicate", {"member_id": "m1", "tier": "basic", "changed_at": day(40)}),
]


@pytest.mark.parametrize(
    ("table", "reason", "bad"), BAD_OTHERS, ids=[f"{n}-{t}-{r}" for n, (t, r, _) in enumerate(BAD_OTHERS)]
)
def test_a_bad_row_of_any_table_is_quarantined(tmp_path: Path, table: str, reason: str, bad: dict[str, Any]) -> None:
    rows = small_rows()
    rows[table].append(bad)
    done = run(rows, tmp_path / "w")
    assert dict(done.counts[table].reasons) == {reason: 1}
    assert done.counts[table].rows_in == len(rows[table])


MONTH_DAYS = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}


def test_every_day_of_every_month_is_a_birthday_and_the_day_after_its_last_is_none(tmp_path: Path) -> None:
    days = [(month, one) for month, last in MONTH_DAYS.items() for one in range(1, min(last + 1, 31) + 1)]
    rows = small_rows()
    rows["members"] += [member(f"b{m}-{d}", birth_month=m, birth_day=d) for m, d in days]
    done = run(rows, tmp_path / "w")
    assert done.counts["members"].reasons == {"impossible_birthday": 5}
    born = done.workspace.read_table("members").filter(pl.col("birth_day").is_not_null()).collect()
    assert born.group_by("birth_month").len().sort("birth_month").rows() == list(MONTH_DAYS.items())


def test_purchases_in_the_own_currency_or_in_one_that_is_not_told_are_kept(tmp_path: Path) -> None:
    rows = small_rows()
    rows["purchases"][0]["currency"] = "GBP"
    done = run(rows, tmp_path / "w")
    kept = done.workspace.read_table("purchases").collect()
    assert kept["currency"].to_list() == ["GBP", *[None] * 18]


def test_a_line_that_cost_nothing_is_a_purchase(tmp_path: Path) -> None:
    rows = small_rows()
    rows["purchases"].append(purchase("free", "m1", "milk", day(5), order_id="o", paid=0))
    assert run(rows, tmp_path / "w").counts["purchases"].kept == 20


def test_redeeming_takes_adjusting_does_either_and_everything_else_adds(tmp_path: Path) -> None:
    signs = {"earn": [1], "redeem": [-1], "adjust": [1, -1], "sign_in": [1], "referral": [1], "review": [1]}
    entries = [
        points_entry(f"{kind}{sign}", "m2", kind, sign, day(3))
        for kind, allowed in (signs | {"birthday": [1]}).items()
        for sign in allowed
    ]
    done = run(small_rows() | {"points_entries": entries}, tmp_path / "w")
    assert done.counts["points_entries"].kept == 8


def test_two_tiers_of_one_day_are_both_kept(tmp_path: Path) -> None:
    rows = small_rows()
    rows["tier_changes"].append({"member_id": "m1", "tier": "basic", "changed_at": day(40.1)})
    kept = run(rows, tmp_path / "w").workspace.read_table("tier_changes").collect()
    assert kept["tier"].to_list() == ["gold", "basic"]
