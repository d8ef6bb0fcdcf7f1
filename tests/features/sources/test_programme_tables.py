"""The mapping of what a programme records besides purchases, and of how much of a birthday may be told."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.sources.mapping import read_mapping
from recsys.errors import SourceError
from tests.features.sources.test_tables import MAPPING, changed, ingest_shop, write_mapping

LOYALTY: dict[str, dict[str, Any]] = {
    "purchases": {
        "columns": MAPPING["tables"]["purchases"]["columns"] | {"purchase_id": "line", "currency": "coin"},
    },
    "returns": {
        "source": "returns.csv",
        "columns": {
            "purchase_id": "line", "member_id": "card", "quantity": "pieces", "refund_minor": "back",
            "returned_at": "day",
        },
        "money": "major",
        "timestamps": "%d/%m/%Y %H:%M",
    },
    "points_entries": {
        "source": "points.csv",
        "columns": {"member_id": "card", "points": "points", "occurred_at": "day"},
        "constants": {"kind": "review"},
    },
    "tier_changes": {
        "source": "levels.csv",
        "columns": {"member_id": "card", "tier": "level", "changed_at": "day"},
    },
    "merges": {"source": "cards.csv", "columns": {"member_id": "old", "into_member_id": "new", "merged_at": "day"}},
}  # fmt: skip
LOYALTY_FILES = {
    "receipts": (
        "line,receipt,card,sku,pieces,total,bought,coin\n"
        "l1,r1,k1,001,2,8.00,31/03/2023 00:30,GBP\n"
        "l2,r1,k1,002,1,1.10,31/03/2023 00:30,\n"
        "l3,r2,k2,001,1,4.00,01/07/2023 12:00,EUR\n"
    ),
    "returns": (
        "line,card,pieces,back,day\n"
        "l1,k1,1,4.00,31/03/2023 00:30\n"
        "l1,k1,1,4.00,31/03/2023 00:30\n"
        "l3,k2,1,4.00,02/07/2023 12:00\n"
        "l2,k1,1,1.10,31/03/2023 00:29\n"
    ),
    "points": "card,points,day\nk1,20,2023-07-01 12:00\nk1,20,2023-07-01 12:00\nk2,-20,2023-07-01 12:00\n",
    "levels": "card,level,day\nk1,gold,2023-07-01\nk1,basic,2023-07-01T09:00:00Z\nk1,gold,2023-07-01\n",
    "cards": "old,new,day\nk3,k2,2023-07-01\nk2,k3,2023-07-02\n",
}


def test_tables_of_the_programme_are_mapped_like_any_other(tmp_path: Path) -> None:
    done = ingest_shop(tmp_path, changed(**LOYALTY), **LOYALTY_FILES)
    assert done.counts["purchases"].reasons == {"unknown_currency": 1}
    assert done.counts["returns"].reasons == {"unknown_purchase": 1, "before_purchase": 1}
    assert done.counts["points_entries"].reasons == {"wrong_sign": 1}
    assert done.counts["tier_changes"].reasons == {"duplicate": 1}
    assert done.counts["merges"].reasons == {"merge_cycle": 1}
    returns = done.workspace.read_table("returns").collect()
    assert returns.select("purchase_id", "quantity", "refund_minor").rows() == [("l1", 1, 400)] * 2


def test_instants_of_the_programme_are_read_in_the_zone_of_the_mapping(tmp_path: Path) -> None:
    workspace = ingest_shop(tmp_path, changed(**LOYALTY), **LOYALTY_FILES).workspace
    form = "%m-%d %H:%M"
    for table, column, expected in (
        ("returns", "returned_at", ["03-30 23:30"] * 2),
        ("points_entries", "occurred_at", ["07-01 11:00"] * 2),
        ("tier_changes", "changed_at", ["06-30 23:00", "07-01 09:00"]),
        ("merges", "merged_at", ["06-30 23:00"]),
    ):
        assert workspace.read_table(table).collect()[column].dt.strftime(form).to_list() == expected


def test_ids_of_returns_and_points_entries_are_made_from_the_content(tmp_path: Path) -> None:
    done = ingest_shop(tmp_path, changed(**LOYALTY), **LOYALTY_FILES)
    assert "returns.return_id, points_entries.entry_id is made from the row's content" in done.assumptions[0]
    for table, key in (("returns", "return_id"), ("points_entries", "entry_id")):
        first, second = done.workspace.read_table(table).collect()[key].to_list()
        assert first.removesuffix("-0") == second.removesuffix("-1")


def test_returns_need_the_ids_of_the_lines_that_they_take_back(tmp_path: Path) -> None:
    mapping = changed(returns=LOYALTY["returns"])
    with pytest.raises(SourceError, match=r"returns name a purchase_id, and purchases\.purchase_id is not mapped"):
        read_mapping(write_mapping(mapping, tmp_path))


def test_the_mapping_of_the_readme_is_one(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "features" / "README.md"
    base, *besides = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    mapping = yaml.safe_load(base)
    for more in besides:
        mapping["tables"] |= yaml.safe_load(more)
    mapping["tables"]["purchases"]["columns"]["purchase_id"] = "line"
    read = read_mapping(write_mapping(mapping, tmp_path))
    assert {"returns", "points_entries", "tier_changes", "merges", "offers", "offer_scope_rules"} < set(read.tables)


OFFERS = {
    "offers": {
        "source": "coupons.csv",
        "columns": {"offer_id": "code", "kind": "kind", "amount_minor": "worth", "valid_from": "begins",
                    "valid_until": "ends", "channels": "sent_by", "trigger": "waits_for", "trigger_days": "days"},
        "constants": {"percent_bp": 0, "multiplier_bp": 10_000, "min_spend_minor": 0, "buy_quantity": 0,
                      "get_quantity": 0, "per_member_limit": 1, "contact_cost_minor": 2},
        "money": "major",
    },
    "offer_scope_rules": {
        "source": "scopes.csv",
        "columns": {"offer_id": "code", "kind": "by", "value": "which", "exclude": "not_for"},
    },
}  # fmt: skip
OFFERS_FILES = {
    "coupons": (
        "code,kind,worth,begins,ends,sent_by,waits_for,days\n"
        "five,amount_off,5.00,2023-01-01,2023-12-31,email|web,birthday,9\n"
        "mail,amount_off,5.00,2023-01-01,2023-12-31,post,,\n"
        "told,nudge,0,2023-01-01,2023-12-31,,tier_near,\n"
    ),
    "scopes": (
        "code,by,which,not_for\nfive,category,drinks,true\nfive,product,001,no\nfive,shelf,9,no\nmail,brand,x,no\n"
    ),
}


def test_offers_of_a_retailers_own_files_keep_channels_triggers_and_exclusions(tmp_path: Path) -> None:
    done = ingest_shop(tmp_path, changed(**OFFERS), **OFFERS_FILES)
    assert done.counts["offers"].reasons == {"unknown_channel": 1}
    assert done.counts["offer_scope_rules"].reasons == {"wrong_type:kind": 1, "unknown_offer": 1}
    offers = done.workspace.read_table("offers").collect().sort("offer_id")
    assert offers.select("amount_minor", "channels", "trigger", "trigger_days").rows() == [
        (500, "email|web", "birthday", 9), (0, None, "tier_near", None),
    ]  # fmt: skip
    rules = done.workspace.read_table("offer_scope_rules").collect().sort("kind")
    assert rules.select("value", "exclude").rows() == [("001", False), ("drinks", True)]


BORN = "card,level,newsletter_ok,town,month,birth_day\n"


def test_the_day_of_a_birthday_is_taken_and_a_whole_date_in_its_place_is_not(tmp_path: Path) -> None:
    mapping = copy.deepcopy(MAPPING)
    mapping["tables"]["members"]["columns"] |= {"birth_month": "month", "birth_day": "birth_day"}
    members = BORN + "k1,,no,York,2,29\nk2,,no,York,2,30\nk3,,no,York,2,1980-02-29\nk4,,no,York,,\n"
    done = ingest_shop(tmp_path, mapping, members=members)
    assert done.counts["members"].reasons == {"impossible_birthday": 1, "wrong_type:birth_day": 1}
    kept = done.workspace.read_table("members").collect()
    assert kept.select("member_id", "birth_month", "birth_day").rows() == [("k1", 2, 29), ("k4", None, None)]
