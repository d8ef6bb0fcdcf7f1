"""From a draft to what is in force: the commands of a policy's life on a workspace, and what they refuse."""

from pathlib import Path

import pytest
import yaml

from recsys.errors import InputError, PolicyError, StoreError
from recsys.policy.lifecycle.registry import LivePolicy
from recsys.policy.reading.load import default_policy_text, load_policy, parse_policy
from recsys.policy.reading.problems import Problem, Severity
from recsys.report import Report
from serving import policy_commands as commands
from serving.commands import decide
from tests.serving.policy_world import policy_text, registry_of
from tests.serving.test_live_policy import BROKEN_BY_BUNDLE, NOTHING_OF_OFFERS
from tests.worlds import NOW

ANN, BOB = "Ann", "Bob"


@pytest.fixture
def shop(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(commands, "clock_of", lambda *_: (lambda: NOW, 0))
    return workspace


def write(shop: Path, text: str) -> None:
    (shop / "policy.yaml").write_text(text, encoding="utf-8")


def cells(report: Report, title: str) -> dict[str, object]:
    (table,) = [one for one in report.tables if one.title == title]
    return {str(row[0]): row[1] for row in table.rows}


def live(shop: Path, ttl: int = 60, *rules: str, **dates: str) -> str:
    write(shop, policy_text(*rules, ttl=ttl))
    version = str(commands.submit(shop, actor=ANN).facts["version"])
    commands.approve(shop, version[:12], actor=BOB, **{f"effective_{name}": at for name, at in dates.items()})
    return version


def test_a_draft_becomes_what_is_in_force(shop: Path) -> None:
    before = commands.status(shop)
    assert before.facts["in_force"]["reviewed"] is False
    assert any("Nobody reviewed the policy" in note for note in before.notes)
    write(shop, policy_text(NOTHING_OF_OFFERS, ttl=60))
    submitted = commands.submit(shop, actor=ANN, reason="summer")
    version = submitted.facts["version"]
    assert version == load_policy(shop / "policy.yaml").policy_id
    assert submitted.facts["in_force"]["state"] == "draft"
    approved = commands.approve(shop, version[:8], actor=BOB)
    assert approved.facts["in_force"] == {
        "version": version, "state": "live", "reviewed": True, "since": NOW, "until": None, "author": ANN,
        "submitter": ANN, "approver": BOB, "next_change": None,
    }  # fmt: skip
    assert commands.status(shop).facts["draft"]["state"] == "live"


def test_an_approval_says_what_differs_from_what_is_in_force(shop: Path) -> None:
    live(shop, 60)
    write(shop, policy_text(NOTHING_OF_OFFERS, ttl=61))
    version = commands.submit(shop, actor=ANN).facts["version"]
    report = commands.approve(shop, version, actor=BOB)
    assert report.facts["changes"]["added"] == ["no_offers"]
    assert report.facts["changes"]["settings"] == ["answer_ttl_s"]
    told = cells(report, "Policy approved")["against what was in force"]
    assert told == "added no_offers; settings answer_ttl_s"


def test_status_says_how_the_draft_differs(shop: Path) -> None:
    version = live(shop, 60)
    write(shop, policy_text(NOTHING_OF_OFFERS, ttl=60))
    draft = commands.status(shop).facts["draft"]
    assert (draft["state"], draft["changes"]["added"], draft["changes"]["removed"]) == ("draft", ["no_offers"], [])
    write(shop, "a: [")
    draft = commands.status(shop).facts["draft"]
    assert draft["state"] == "broken"
    assert "policy.yaml" in draft["error"]
    write(shop, policy_text(ttl=60))
    text = cells(commands.status(shop), "Policy")["draft"]
    assert text == f"{version[:12]}, the same as what is in force"


def test_a_draft_that_does_not_fit_the_bundle_is_not_submitted(shop: Path) -> None:
    write(shop, policy_text(BROKEN_BY_BUNDLE))
    with pytest.raises(PolicyError, match=r"policy\.yaml:\d+:\d+: error .*no_such_column"):
        commands.submit(shop, actor=ANN)
    assert not registry_of(shop).folder.exists()


def test_a_draft_that_does_not_pass_its_checks_is_not_submitted(shop: Path) -> None:
    found = [Problem("golden_case", Severity.ERROR, "case 7 shows p001"), Problem("dead", Severity.WARNING, "rule x")]
    with pytest.raises(PolicyError, match=r"does not pass its checks:\n  - error golden_case: case 7 shows p001$"):
        commands.submit(shop, actor=ANN, checks=lambda document: found)
    report = commands.submit(shop, actor=ANN, checks=lambda document: found[1:])
    assert "warning dead: rule x" in report.notes


def test_without_a_bundle_a_submission_says_that_it_was_not_tried(shop: Path) -> None:
    (shop / "serving" / "current").unlink()
    assert "Not tried on a bundle: none is published yet." in commands.submit(shop, actor=ANN).notes


def test_the_author_that_the_file_names_may_not_approve_either(shop: Path) -> None:
    write(shop, default_policy_text() + "\ndrafted_by: Dee\n")
    version = commands.submit(shop, actor=ANN).facts["version"]
    for actor in ("dee", "ANN "):
        with pytest.raises(InputError, match="it needs somebody other than its author 'Dee' and its submitter 'Ann'"):
            commands.approve(shop, version, actor=actor)


def test_dates_are_of_the_policys_time_zone(shop: Path) -> None:
    live(shop, 60)
    write(shop, f"{policy_text(ttl=61)}\ntime_zone: Asia/Hong_Kong\n")
    version = commands.submit(shop, actor=ANN).facts["version"]
    report = commands.approve(
        shop, version, actor=BOB, effective_from="2030-01-01", effective_until="2030-01-05T00:00:00Z"
    )
    shown = cells(report, "Policy approved")
    assert (shown["from"], shown["until"]) == ("2030-01-01T00:00:00+08:00", "2030-01-05T08:00:00+08:00")
    assert shown["comes next"] == f"{version[:12]} at 2030-01-01T00:00:00+08:00"
    assert report.facts["effective_from"] == 1_893_427_200  # programs read instants
    with pytest.raises(InputError, match="'soon' is no date"):
        commands.activate(shop, version, actor=BOB, effective_from="soon")
    later = commands.activate(shop, version, actor=BOB, effective_from="20300102", effective_until="1893888000")
    assert cells(later, "Policy activated")["from"] == "2030-01-02T00:00:00+08:00"


@pytest.mark.parametrize("text", ["9" * 12, "9" * 30, "\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT SEVEN}" * 10])
@pytest.mark.parametrize("which", ["effective_from", "effective_until"])
def test_a_date_beyond_the_calendar_is_refused_and_nothing_is_written(shop: Path, text: str, which: str) -> None:
    live(shop, 60)
    write(shop, policy_text(ttl=61))
    version = commands.submit(shop, actor=ANN).facts["version"]
    with pytest.raises(InputError, match=r"write a date \(2027-01-31\)"):
        commands.approve(shop, version, actor=BOB, **{which: text})
    assert commands.status(shop).facts["entries"] == 3


def test_a_rollback_brings_the_one_before_and_decisions_follow(shop: Path) -> None:
    first = live(shop, 60)
    live(shop, 61, NOTHING_OF_OFFERS)
    report = commands.rollback(shop, actor=ANN, reason="no offers at all")
    assert (report.facts["to_version"], report.facts["in_force"]["version"]) == (first, first)
    assert report.facts["changes"]["removed"] == ["no_offers"]
    assert [row[0] for row in report.tables[1].rows] == ["removed no_offers (rules)", "answer_ttl_s: 61 to 60"]
    decided = decide(shop, member_id="m000", placement=None, n=None, now=NOW, explain=False)
    assert decided.facts["policy"]["policy_id"] == first


def test_a_rollback_to_what_no_longer_fits_the_bundle_is_refused(shop: Path) -> None:
    registry = registry_of(shop)
    first = live(shop, 60)
    live(shop, 61)
    odd = registry.keep(parse_policy(policy_text(BROKEN_BY_BUNDLE)))
    path = registry.path_of(first)
    assert odd != first
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(registry), "load", lambda self, version: parse_policy(policy_text(BROKEN_BY_BUNDLE)))
        with pytest.raises(PolicyError, match=rf"{path.name}.*no_such_column"):
            commands.rollback(shop, actor=ANN, reason="wrong")
    assert [one.move.value for one in registry.read().entries].count("rolled_back") == 0


def test_of_two_rollbacks_at_once_the_second_takes_nothing_more_away(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = [live(shop, ttl) for ttl in (60, 61, 62)]
    tried = commands._tried

    def overtaken(desk: commands._Desk, policy: LivePolicy) -> tuple[str, ...]:
        monkeypatch.setattr(commands, "_tried", tried)
        commands.rollback(shop, actor="Cy", reason="wrong")
        return tried(desk, policy)

    monkeypatch.setattr(commands, "_tried", overtaken)
    with pytest.raises(InputError, match=r"somebody did something else meanwhile.*policy status"):
        commands.rollback(shop, actor=ANN, reason="wrong")
    assert commands.status(shop).facts["in_force"]["version"] == versions[1]


def test_a_retired_version_gives_way_and_a_withdrawn_or_rejected_one_never_comes(shop: Path) -> None:
    first = live(shop, 60)
    second = live(shop, 61)
    assert commands.retire(shop, second, actor=ANN, reason="over").facts["in_force"]["version"] == first
    write(shop, policy_text(ttl=62))
    third = commands.submit(shop, actor=ANN).facts["version"]
    assert commands.withdraw(shop, third, actor=ANN).facts["state"] == "withdrawn"
    commands.submit(shop, actor=ANN)
    assert commands.reject(shop, third, actor=BOB, reason="no").facts["state"] == "rejected"
    states = {one["version"]: one["state"] for one in commands.status(shop).facts["versions"]}
    assert states == {first: "live", second: "retired", third: "rejected"}


def test_a_clock_that_runs_behind_the_record_is_told(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live(shop, 60)
    assert commands.status(shop).notes == ()
    monkeypatch.setattr(commands, "clock_of", lambda *_: (lambda: NOW - 3_600, 0))
    (note,) = commands.status(shop).notes
    assert "one of the clocks is wrong" in note


def test_the_log_verifies_the_chain_and_shows_everything(shop: Path) -> None:
    version = live(shop, 60)
    report = commands.log(shop)
    assert [(one["move"], one["actor"]) for one in report.facts["entries"]] == [("submitted", ANN), ("approved", BOB)]
    assert report.facts["head"] == report.facts["entries"][-1]["hash"]
    path = registry_of(shop).journal.path
    path.write_text(path.read_text().replace(version[:20], "f" * 20))
    for command in (commands.log, commands.status):
        with pytest.raises(StoreError, match=r"journal\.jsonl was altered at line 1"):
            command(shop)


def test_a_version_is_shown_as_a_file_that_reads_back_as_the_same(shop: Path) -> None:
    version = live(shop, 60, NOTHING_OF_OFFERS)
    (text,) = commands.show(shop).notes
    assert parse_policy(text).policy_id == version
    assert "no_offers" in text
    assert yaml.safe_load(text)["answer_ttl_s"] == 60
    assert commands.show(shop, version[:7]).facts["version"] == version


def test_status_says_that_what_is_in_force_cannot_be_read(shop: Path) -> None:
    version = live(shop, 60)
    assert commands.status(shop).facts["problem"] == ""
    path = registry_of(shop).path_of(version)
    path.write_text(path.read_text() + " ")
    report = commands.status(shop)
    assert report.facts["in_force"]["version"] == version
    assert f"{path} was altered" in str(report.facts["problem"])
    assert any("cannot be read, so a restart would serve nothing" in note for note in report.notes)


def test_before_anything_is_in_force_there_is_nothing_to_show(shop: Path) -> None:
    with pytest.raises(InputError, match="no version is in force yet"):
        commands.show(shop)
