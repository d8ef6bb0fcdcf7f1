"""`recsys policy check` says what is wrong with a file, and what it does to a bundle."""

import json
from pathlib import Path
from typing import Any

import pytest

from recsys.errors import BundleError
from recsys.policy.commands import check
from recsys.policy.reading.load import default_policy_text
from recsys.report import Report
from tests.worlds import NOW, TIERS, small_bundle

_FACTS = {
    "ok", "file", "name", "policy_id", "placements", "n_rules", "bundle_id", "now", "named", "removed_for_everybody",
    "errors", "n_errors", "n_warnings", "cases", "problems",
}  # fmt: skip
_UNUSED = "segments: {rich: 'member.points > 9'}\n"


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(default_policy_text(TIERS, "GBP"), encoding="utf-8")
    return path


def write(path: Path, before: str = "", after: str = "", *, more: str = "") -> None:
    path.write_text(default_policy_text(TIERS, "GBP").replace(before, after) + more, encoding="utf-8")


def facts(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(report.facts))
    assert set(found) == _FACTS, "whatever the file is, the facts are the same"
    return found


def problem(report: Report) -> dict[str, Any]:
    (found,) = facts(report)["problems"]
    assert set(found) == {"code", "severity", "message", "hint", "file", "line", "column", "path"}
    return dict(found)


def test_a_file_alone_is_checked_to_its_expressions(policy_file: Path) -> None:
    report = check(policy_file, now=NOW)
    assert facts(report)["ok"]
    assert len(report.facts["policy_id"]) == 64
    assert report.facts["problems"] == []
    write(policy_file, "member.tier_rank", "member.rank")
    report = check(policy_file, now=NOW)
    assert not facts(report)["ok"]
    wrong = problem(report)
    assert (wrong["code"], wrong["severity"], wrong["path"]) == ("attribute_unknown", "error", ["levers", 0, "who"])
    assert "rule 'margin_for_top_tiers', who" in wrong["message"]
    text = policy_file.read_text().splitlines()[wrong["line"] - 1]
    assert text[wrong["column"] - 1 :].startswith(".rank")


def test_without_a_bundle_it_says_what_was_not_checked_and_what_does_it(policy_file: Path) -> None:
    assert f"recsys policy check {policy_file} --workspace WORKSPACE" in check(policy_file, now=NOW).notes[0]
    (policy_file.parent / "serving").mkdir()
    (policy_file.parent / "serving" / "current").write_text("b1")
    assert f"--workspace {policy_file.parent}" in check(policy_file, now=NOW).notes[0]


def test_warnings_pass_unless_it_is_strict(policy_file: Path) -> None:
    write(policy_file, more=_UNUSED)
    report = check(policy_file, now=NOW)
    assert (problem(report)["code"], report.facts["ok"], report.facts["n_warnings"]) == ("unused_segment", True, 1)
    strict = check(policy_file, now=NOW, strict=True)
    assert (strict.facts["ok"], strict.facts["n_errors"]) == (False, 0)
    assert strict.facts["problems"] == report.facts["problems"]


def test_a_file_that_is_not_there_or_broken_is_a_problem_in_the_same_form(policy_file: Path) -> None:
    nowhere = policy_file.with_name("nowhere.yaml")
    wrong = problem(check(nowhere, now=NOW))
    assert (wrong["code"], wrong["file"], wrong["line"], wrong["column"]) == ("unreadable", str(nowhere), 1, 1)
    write(policy_file, "capacity: 12", "capacity: twelve")
    wrong = problem(check(policy_file, now=NOW))
    assert wrong["path"] == ["placements", "home", "capacity"]
    assert policy_file.read_text().splitlines()[wrong["line"] - 1][wrong["column"] - 1 :].startswith("twelve")
    policy_file.write_text("a: [", encoding="utf-8")
    report = check(policy_file, now=NOW)
    assert not facts(report)["ok"]
    assert report.facts["n_errors"] == 1


def test_what_is_wrong_in_an_included_file_stands_there(policy_file: Path) -> None:
    part = policy_file.with_name("legal.yaml")
    part.write_text("eligibility:\n  - {id: e, owner: legal, what: product.colour == 'red', effect: exclude}\n")
    write(policy_file, more="include: [legal.yaml]\n")
    wrong = problem(check(policy_file, now=NOW))
    assert (wrong["file"], wrong["line"], wrong["column"]) == (str(part), 2, 40)


def test_with_a_bundle_it_counts_what_rules_name_and_remove(policy_file: Path, tmp_path: Path) -> None:
    small_bundle(tmp_path / "bundle")
    write(policy_file, "product.margin_rate >= 0.4", "1 / (product.stock - 50) > 0")
    report = check(policy_file, now=None, bundle=tmp_path / "bundle")
    found = facts(report)
    assert found["named"] == {"variety_in_slate": 30, "margin_for_top_tiers": 0}
    assert found["removed_for_everybody"]["product"] == {"out_of_stock": 1, "not_on_sale": 2}
    assert found["removed_for_everybody"]["offer"] == {"offer_not_valid": 1}
    assert found["errors"][0]["rows"] == 28
    assert any("fails for 28 products" in note and "divide by zero" in note for note in report.notes)


def test_a_policy_of_another_programme_is_a_problem(policy_file: Path, tmp_path: Path) -> None:
    small_bundle(tmp_path / "bundle")
    write(policy_file, "currency: GBP", "currency: EUR")
    report = check(policy_file, now=None, bundle=tmp_path / "bundle")
    assert "EUR" in problem(report)["message"]
    assert report.facts["named"] is None
    assert any("was not checked because of the errors" in note for note in report.notes)


def test_periods_that_overlap_leave_the_rest_to_be_checked(policy_file: Path, tmp_path: Path) -> None:
    small_bundle(tmp_path / "bundle")
    days = [f"{{id: {name}, kind: sale, when: {{every: month, on: 8}}}}" for name in ("a", "b")]
    write(policy_file, more=f"calendar: [{', '.join(days)}]\n")
    report = check(policy_file, now=None, bundle=tmp_path / "bundle")
    assert "overlapping_periods" in {one["code"] for one in facts(report)["problems"]}
    assert report.facts["named"] is not None


def test_a_bundle_that_is_none_is_an_error(policy_file: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no bundle"):
        check(policy_file, now=None, bundle=tmp_path)
