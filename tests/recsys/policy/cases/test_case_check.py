"""`recsys policy check` asks the golden cases beside the file, or those of another folder, where there is a bundle."""

from pathlib import Path

import pytest

from recsys.policy.cases.load import FOLDER
from recsys.policy.commands import check
from recsys.policy.reading.load import default_policy_text
from tests.worlds import NOW, TIERS, small_bundle

CASE = "cases: [{id: mail, member: {consent: []}, context: {placement: email}, expect: {nothing_because: REASON}}]"
PASSES, FAILS = CASE.replace("REASON", "channel_consent_missing"), CASE.replace("REASON", "email_weekly_cap")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(default_policy_text(TIERS, "GBP"), encoding="utf-8")
    small_bundle(tmp_path / "bundle")
    return tmp_path


def folder(shop: Path, text: str, name: str = FOLDER) -> Path:
    (shop / name).mkdir()
    (shop / name / "a.yaml").write_text(text, encoding="utf-8")
    return shop / name


def test_cases_that_pass_are_counted(shop: Path) -> None:
    folder(shop, PASSES)
    report = check(shop / "policy.yaml", now=None, bundle=shop / "bundle")
    assert report.facts["cases"] == {"n": 1, "failed": 0}
    assert "1 of 1 golden cases pass." in report.notes


def test_a_case_that_fails_is_an_error_with_its_place(shop: Path) -> None:
    path = folder(shop, FAILS) / "a.yaml"
    report = check(shop / "policy.yaml", now=None, bundle=shop / "bundle")
    assert (report.facts["ok"], report.facts["cases"]) == (False, {"n": 1, "failed": 1})
    (failed,) = [one for one in report.facts["problems"] if one["code"] == "case_failed"]
    assert failed["message"].startswith("case 'mail': nothing is shown, but")
    assert (failed["severity"], failed["file"], failed["line"]) == ("error", str(path), 1)


def test_the_cases_of_another_folder_are_asked_instead(shop: Path) -> None:
    folder(shop, FAILS)
    others = folder(shop, PASSES, "others")
    report = check(shop / "policy.yaml", now=None, bundle=shop / "bundle", cases=others)
    assert report.facts["cases"] == {"n": 1, "failed": 0}


def test_without_a_bundle_no_case_is_asked_and_that_is_said(shop: Path) -> None:
    folder(shop, FAILS)
    report = check(shop / "policy.yaml", now=NOW)
    assert report.facts["cases"] == {"n": 0, "failed": 0}
    assert any("policy_cases were not asked" in note for note in report.notes)


def test_a_folder_that_is_not_there_is_told(shop: Path) -> None:
    report = check(shop / "policy.yaml", now=None, bundle=shop / "bundle", cases=shop / "nowhere")
    assert any("nowhere cannot be read" in one["message"] for one in report.facts["problems"])
    assert not report.facts["ok"]
