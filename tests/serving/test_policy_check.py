"""What `recsys policy check` finds keeps a draft from being submitted and a version from being approved; no more."""

from pathlib import Path

import pytest

from recsys.bundle import read_manifest
from recsys.errors import PolicyError
from recsys.policy.cases.load import FOLDER
from recsys.policy.reading.problems import Problem, Severity
from recsys.report import Report
from serving import policy_check, policy_commands
from serving.live import load_served, read_pointer
from serving.policy_check import check_in_workspace
from tests.serving.policy_world import ANN, BOB, policy_text, registry_of
from tests.worlds import NOW

_PERIOD = "- {id: NAME, kind: sale, when: {every: month, on: 8}}\n"
_PERIODS = "calendar:\n" + _PERIOD.replace("NAME", "a") + _PERIOD.replace("NAME", "b")
_UNUSED = "segments: {rich: 'member.points > 9'}\n"
_CASE = "cases: [{id: mail, member: {consent: []}, context: {placement: email}, expect: {nothing_because: REASON}}]"
_PASSES, _FAILS = _CASE.replace("REASON", "channel_consent_missing"), _CASE.replace("REASON", "email_weekly_cap")


@pytest.fixture
def shop(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (policy_commands, policy_check):
        monkeypatch.setattr(module, "clock_of", lambda *_: (lambda: NOW, 0))
    return workspace


def write(shop: Path, more: str = "", *, ttl: int = 60) -> None:
    (shop / "policy.yaml").write_text(policy_text(ttl=ttl) + more, encoding="utf-8")


def live(shop: Path, *, ttl: int) -> str:
    write(shop, ttl=ttl)
    version = str(policy_commands.submit(shop, actor=ANN).facts["version"])
    policy_commands.approve(shop, version, actor=BOB)
    return version


def with_cases(shop: Path, text: str) -> None:
    (shop / FOLDER).mkdir(exist_ok=True)
    (shop / FOLDER / "a.yaml").write_text(text, encoding="utf-8")


def served_policy(shop: Path) -> object:
    served = load_served(read_pointer(shop / "serving"), shop / "policy.yaml", now=NOW)
    return served.policy_id


def errors(report: Report) -> set[str]:
    return {one["code"] for one in report.facts["problems"] if one["severity"] == "error"}


def test_the_draft_is_checked_over_the_bundle_that_is_served(shop: Path) -> None:
    write(shop)
    report = check_in_workspace(shop, None)
    assert report.facts["file"] == str(shop / "policy.yaml")
    served = read_manifest(read_pointer(shop / "serving"))
    assert report.facts["bundle_id"] == served.bundle_id
    assert errors(report) == set()
    with_cases(shop, _FAILS)
    assert errors(check_in_workspace(shop, None)) == {"case_failed"}


def test_where_no_bundle_is_published_the_rest_is_checked(shop: Path) -> None:
    (shop / "serving" / "current").unlink()
    write(shop, _PERIODS)
    report = check_in_workspace(shop, None)
    assert (report.facts["bundle_id"], errors(report)) == (None, {"overlapping_periods"})


def test_an_error_of_the_check_refuses_the_draft_and_leaves_what_is_in_force(shop: Path) -> None:
    version = live(shop, ttl=61)
    write(shop, _PERIODS)
    with pytest.raises(PolicyError, match=r"policy\.yaml:\d+:\d+: error overlapping_periods: periods 'a' and 'b'"):
        policy_commands.submit(shop, actor=ANN)
    assert policy_commands.status(shop).facts["in_force"]["version"] == version
    assert len(registry_of(shop).read().entries) == 2
    assert served_policy(shop) == version


def test_every_wrong_expression_is_told_at_once(shop: Path) -> None:
    write(shop, "segments: {a: 'member.pts > 1', b: 'member.tear == 1'}\n")
    with pytest.raises(PolicyError) as refused:
        policy_commands.submit(shop, actor=ANN)
    assert [one.path for one in refused.value.problems] == [("segments", "a"), ("segments", "b")]


def test_a_warning_is_shown_once_and_put_nowhere(shop: Path) -> None:
    write(shop, _UNUSED)
    report = policy_commands.submit(shop, actor=ANN)
    assert sum("unused_segment" in note for note in report.notes) == 1
    folder = registry_of(shop).folder
    assert not any("unused_segment" in path.read_text() for path in folder.rglob("*") if path.is_file())


def test_what_other_checks_found_too_is_told_once(shop: Path) -> None:
    write(shop, _PERIODS)
    with pytest.raises(PolicyError) as refused:
        policy_commands.submit(shop, actor=ANN)
    with pytest.raises(PolicyError) as again:
        policy_commands.submit(shop, actor=ANN, checks=lambda _: refused.value.problems)
    assert again.value.problems == refused.value.problems


def test_without_a_bundle_columns_of_members_may_be_unknown(shop: Path) -> None:
    (shop / "serving" / "current").unlink()
    write(shop, "segments: {a: 'member.p_order_30d > 0.5'}\n")
    notes = policy_commands.submit(shop, actor=ANN).notes
    assert "Not tried on a bundle: none is published yet." in notes
    write(shop, "segments: {a: 'basket.p_order_30d > 0.5'}\n")
    with pytest.raises(PolicyError, match="attribute_unknown"):
        policy_commands.submit(shop, actor=ANN)


def test_an_approval_is_refused_where_the_world_changed_since(shop: Path) -> None:
    before = live(shop, ttl=61)
    write(shop, ttl=62)
    with_cases(shop, _PASSES)
    version = str(policy_commands.submit(shop, actor=ANN).facts["version"])
    with_cases(shop, _FAILS)
    with pytest.raises(PolicyError, match=rf"version {version[:12]} does not pass .*\n.*error case_failed"):
        policy_commands.approve(shop, version, actor=BOB)
    assert served_policy(shop) == before
    with_cases(shop, _PASSES)
    policy_commands.approve(shop, version, actor=BOB)
    assert served_policy(shop) == version


def test_a_version_that_is_not_the_draft_any_more_is_named_instead_of_the_file(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = str(policy_commands.submit(shop, actor=ANN).facts["version"])
    write(shop, _UNUSED, ttl=63)
    wrong = Problem("nothing_left", Severity.ERROR, "rule x", "", ("rules", 0))
    monkeypatch.setattr("recsys.policy.check.run.FINDINGS", (lambda _: [wrong],))
    with pytest.raises(PolicyError, match=rf"version {version[:12]}:1:1: error nothing_left: rule x"):
        policy_commands.approve(shop, version, actor=BOB)


def test_a_rollback_is_never_blocked_by_the_check(shop: Path) -> None:
    first, second = live(shop, ttl=61), live(shop, ttl=62)
    with_cases(shop, _FAILS)
    assert served_policy(shop) == second
    policy_commands.rollback(shop, actor=ANN, reason="wrong")
    assert served_policy(shop) == first
    policy_commands.activate(shop, second, actor=BOB)
    assert served_policy(shop) == second
