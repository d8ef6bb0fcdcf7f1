"""A draft that does not answer a golden case as expected is not submitted, and nothing of it is kept."""

from pathlib import Path

import pytest

from recsys.errors import PolicyError
from recsys.policy.cases.load import FOLDER
from serving import policy_commands as commands
from tests.serving.policy_world import ANN, registry_of
from tests.worlds import NOW

FAILS = """cases:
  - {id: mail, member: {consent: []}, context: {placement: email}, expect: {nothing_because: min_margin}}
"""


@pytest.fixture
def shop(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(commands, "clock_of", lambda *_: (lambda: NOW, 0))
    return workspace


def with_cases(shop: Path, text: str) -> None:
    (shop / FOLDER).mkdir()
    (shop / FOLDER / "a.yaml").write_text(text, encoding="utf-8")


def test_a_draft_that_fails_a_case_is_refused_and_not_kept(shop: Path) -> None:
    with_cases(shop, FAILS)
    with pytest.raises(PolicyError, match=r"a\.yaml:2:\d+: error case_failed: case 'mail'") as refused:
        commands.submit(shop, actor=ANN)
    assert [one.code for one in refused.value.problems] == ["case_failed"]
    assert registry_of(shop).read().entries == ()


def test_a_draft_that_passes_its_cases_is_submitted(shop: Path) -> None:
    with_cases(shop, FAILS.replace("min_margin", "channel_consent_missing"))
    assert commands.submit(shop, actor=ANN).facts["version"]


def test_an_empty_folder_of_cases_is_told_and_refuses_nothing(shop: Path) -> None:
    (shop / FOLDER).mkdir()
    assert any("holds no cases" in note for note in commands.submit(shop, actor=ANN).notes)


def test_a_case_that_cannot_be_read_refuses_too(shop: Path) -> None:
    with_cases(shop, FAILS.replace("expect", "expcet"))
    with pytest.raises(PolicyError, match="unknown_key"):
        commands.submit(shop, actor=ANN)


def test_problems_that_the_checks_found_too_are_told_once(shop: Path) -> None:
    with_cases(shop, FAILS)
    with pytest.raises(PolicyError) as first:
        commands.submit(shop, actor=ANN)
    with pytest.raises(PolicyError) as second:
        commands.submit(shop, actor=ANN, checks=lambda _: first.value.problems)
    assert second.value.problems == first.value.problems
