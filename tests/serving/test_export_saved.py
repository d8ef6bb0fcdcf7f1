"""What an export says that its choices among offers saved: by member, and in sum in the manifest."""

import json
from pathlib import Path

import numpy as np
import pytest

from recsys.offers.account import RESPONSE_CLASSES
from serving.export.columns import export_columns
from tests.serving.export_world import exported, rows, small_workspace
from tests.serving.test_export_columns import decided


@pytest.mark.parametrize("placement", ["home", "email", "offers"])
def test_columns_and_sums_are_those_of_the_records(placement: str) -> None:
    decisions = decided(placement, 2)
    chunk = export_columns(decisions, np.ones(len(decisions), dtype=np.bool_))
    told = {record.member_id: record.economics for record in decisions.records()}
    for member, response, discount, deadweight in zip(
        *(
            chunk.table[name]
            for name in ("member_id", "response_class", "discount_avoided_minor", "deadweight_avoided_minor")
        ),
        strict=True,
    ):
        economics = told[str(member)]
        expected = (
            ("", None, None)
            if economics is None
            else (economics.response_class.value, economics.discount_avoided_minor, economics.deadweight_avoided_minor)
        )
        assert (response, discount, deadweight) == expected
    known = [one for one in told.values() if one is not None]
    assert chunk.saved["discount_minor"] == sum(one.discount_avoided_minor for one in known) > 0
    assert chunk.saved["deadweight_minor"] == sum(one.deadweight_avoided_minor for one in known)
    assert sum(chunk.saved[one.value] for one in RESPONSE_CLASSES) == len(known)


def test_what_the_limit_left_out_saved_nothing() -> None:
    decisions = decided("home", 2)
    within = np.zeros(len(decisions), dtype=np.bool_)
    within[:3] = True
    some, all_of_them = (export_columns(decisions, mask).saved for mask in (within, np.ones_like(within)))
    assert 0 < some["discount_minor"] < all_of_them["discount_minor"]


def test_the_manifest_adds_up_the_parts_and_the_report_says_it_in_money(tmp_path: Path) -> None:
    workspace, out = small_workspace(tmp_path / "w"), tmp_path / "out"
    report = exported(workspace, out)
    manifest = json.loads((out / "manifest.json").read_text())
    by_member = {row["member_id"]: row for row in rows(out)}.values()
    for name in ("discount", "deadweight"):
        column = f"{name}_avoided_minor"
        assert manifest["saved"][f"{name}_minor"] == sum(int(row[column]) for row in by_member if row[column])
    for one in RESPONSE_CLASSES:
        assert manifest["saved"][one.value] == sum(row["response_class"] == one.value for row in by_member)
    (told,) = [note for note in report.notes if "deepest eligible" in note]
    assert f"GBP {manifest['saved']['discount_minor'] / 100:,.2f}" in told
