"""`recsys policy check` says what a file is and what it does to a bundle."""

import json
from pathlib import Path

import pytest

from recsys.errors import BundleError, PolicyError
from recsys.policy.commands import check
from recsys.policy.load import default_policy_text
from tests.worlds import small_bundle


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(default_policy_text(), encoding="utf-8")
    return path


def test_a_file_alone_is_checked_to_its_expressions(policy_file: Path) -> None:
    report = check(policy_file, None)
    assert report.facts["ok"]
    assert len(report.facts["policy_id"]) == 64
    policy_file.write_text(default_policy_text().replace("member.tier_rank", "member.rank"), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"rule 'margin_for_top_tiers', who.*member\.rank"):
        check(policy_file, None)


def test_with_a_bundle_it_counts_what_rules_name_and_remove(policy_file: Path, tmp_path: Path) -> None:
    small_bundle(tmp_path / "bundle")
    broken = default_policy_text().replace("product.margin_rate >= 0.4", "1 / (product.stock - 50) > 0")
    policy_file.write_text(broken, encoding="utf-8")
    report = check(policy_file, tmp_path / "bundle")
    facts = json.loads(json.dumps(report.facts))
    assert facts["named"] == {"variety_in_slate": 30, "margin_for_top_tiers": 0}
    assert facts["removed_for_everybody"]["product"] == {"out_of_stock": 1, "not_on_sale": 2}
    assert facts["removed_for_everybody"]["offer"] == {"offer_not_valid": 1}
    assert facts["errors"][0]["rows"] == 28
    assert any("fails for 28 rows: INVALID_ARGUMENT: divide by zero" in note for note in report.notes)
    assert "rule 'margin_for_top_tiers' names no product of the bundle" in report.notes


def test_a_bundle_that_is_none_is_an_error(policy_file: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no bundle"):
        check(policy_file, tmp_path)
