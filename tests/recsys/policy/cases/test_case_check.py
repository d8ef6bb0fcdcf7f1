"""`recsys policy check` asks the golden cases beside the file, or those of another folder, where there is a bundle."""

from pathlib import Path

import pytest

from recsys.errors import PolicyError
from recsys.policy.cases.load import FOLDER
from recsys.policy.commands import check
from recsys.policy.load import default_policy_text
from tests.worlds import TIERS, small_bundle

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
    report = check(shop / "policy.yaml", shop / "bundle")
    assert (report.facts["n_cases"], report.facts["n_cases_passed"]) == (1, 1)
    assert "1 of 1 golden cases pass." in report.notes


def test_a_case_that_fails_is_wrong_input_with_its_place(shop: Path) -> None:
    folder(shop, FAILS)
    with pytest.raises(PolicyError, match=r"a\.yaml:1:\d+: error case_failed: case 'mail': nothing is shown, but"):
        check(shop / "policy.yaml", shop / "bundle")


def test_the_cases_of_another_folder_are_asked_instead(shop: Path) -> None:
    folder(shop, FAILS)
    others = folder(shop, PASSES, "others")
    assert check(shop / "policy.yaml", shop / "bundle", others).facts["n_cases_passed"] == 1


def test_without_a_bundle_no_case_is_asked_and_that_is_said(shop: Path) -> None:
    folder(shop, FAILS)
    report = check(shop / "policy.yaml", None)
    assert any("were not asked: they need a bundle" in note for note in report.notes)


def test_a_folder_that_is_not_there_is_told(shop: Path) -> None:
    with pytest.raises(PolicyError, match="nowhere cannot be read"):
        check(shop / "policy.yaml", shop / "bundle", shop / "nowhere")
