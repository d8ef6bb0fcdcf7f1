"""Folders and files of cases: what is read, in which order, and what is refused with its place."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from recsys.policy.cases.example import example_cases_text, write_examples
from recsys.policy.cases.load import FOLDER, cases_beside, read_cases
from recsys.policy.compile import compile_policy
from recsys.policy.reading.load import default_policy_text, parse_policy
from recsys.policy.reading.problems import Severity
from tests.recsys.policy.cases.cases_world import KNOWLEDGE, asked, run, told
from tests.worlds import TIERS

UTC = ZoneInfo("UTC")
FINE = "cases: [{id: fine, expect: {products_allowed: [p004]}}]"


@pytest.mark.parametrize(
    ("expect", "found", "words"),
    [
        ("{}", "inconsistent {", "nothing is expected"),
        ("{shows: [], offers_removed: {}}", "inconsistent {shows:", "nothing is expected"),
        ("{offers_allowed: [o1], offers_removed: {o1: any}}", "contradiction any", "'it': 'o1' is expected"),
        ("{products_allowed: [p1], products_removed: {p1: x}}", "contradiction x", "allowed and removed"),
        ("{shows: [p1], never_shows: [p2, p1]}", "contradiction p1", "shown and never shown"),
        ("{shows: [p2, p1], products_removed: {p1: any}}", "contradiction p1", "removed and shown"),
        ("{shows: [p1], nothing_because: x}", "contradiction [p1", "to be shown, and nothing"),
        ("{offer_choice: o1, offers_removed: {o1: any}}", "contradiction o1", "removed and chosen"),
        ("{offer_choice: o1, never_shows: [o1]}", "contradiction o1", "never shown and chosen"),
        ("{offer_choice: o1, nothing_because: any}", "contradiction o1", "nothing to be shown"),
        ("{show: [p1]}", "unknown_key show:", "did you mean 'shows'?"),
        ("[p1]", "wrong_type [p1", "write keys and values"),
        ("{levers: {p1: [No Lever]}}", "wrong_form No", "No Lever"),
        ("{shows: p1}", "wrong_type p1", "write a list"),
    ],
)  # fmt: skip
def test_an_expectation_that_cannot_be_is_refused(tmp_path: Path, expect: str, found: str, words: str) -> None:
    problems = asked(tmp_path, f"    expect: {expect}")
    assert told(problems) == [found]
    assert words in str(problems[0])


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("member: {birthday: 05-17, birth_month: 5}", "inconsistent {birthday:"),
        ("member: {birthday: 17 May}", "inconsistent 17"),
        ("member: {stage: sleepy}", "unknown_value sleepy"),
        ("member: {consent: [mail]}", "unknown_value mail"),
        ("member: {points: many}", "wrong_type many"),
        ("member: {profile: {a: [1]}}", "inconsistent [1"),
        ("member: {bought: [{product: p1, days_ago: -1}]}", "out_of_range -1"),
        ("member: {contacts: [{channel: fax, days_ago: 1}]}", "unknown_value fax"),
        ("member: {responses: [{offer: o1, kind: view, days_ago: 1}]}", "unknown_value view"),
        ("member: {mood: good}", "unknown_key mood:"),
        ("context: {at: soon}", "inconsistent soon"),
        ("context: {at: 2023-11-16T25:00:00}", "unclear_value 2023-11-16T25:00:00"),
        ("context: {attributes: {a: null}}", "inconsistent null"),
    ],
)
def test_a_trait_or_circumstance_that_cannot_be_is_refused(tmp_path: Path, part: str, found: str) -> None:
    assert told(asked(tmp_path, f"    {part}\n    expect: {{shows: [p004]}}")) == [found]


def test_an_id_that_two_files_use_is_told_with_the_place_of_the_first(tmp_path: Path) -> None:
    found = run(
        tmp_path, FINE, "cases: [{id: other, expect: {levers: {p005: []}}}, {id: fine, expect: {levers: {p005: []}}}]"
    )
    (problem,) = found.problems
    assert (problem.code, problem.place and Path(problem.place.file).name) == ("repeated_id", "1.yaml")
    assert "0.yaml:1:14" in problem.message


def test_a_broken_file_leaves_the_others(tmp_path: Path) -> None:
    found = run(tmp_path, "cases: [", FINE, "nothing", "cases: []", "", FINE.replace("fine", "well"))
    assert (found.n_cases, found.n_passed) == (2, 2)
    assert {Path(one.place.file).name for one in found.problems if one.place} == {
        "0.yaml",
        "2.yaml",
        "3.yaml",
        "4.yaml",
    }


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "b.yaml").mkdir()
    assert [one.code for one in run(tmp_path, FINE).problems] == ["not_utf8", "unreadable"]


def test_hidden_files_and_others_are_no_cases(tmp_path: Path) -> None:
    (tmp_path / ".draft.yaml").write_text("x")
    (tmp_path / "notes.md").write_text("x")
    (tmp_path / "b.yml").write_text(FINE.replace("fine", "well"))
    assert [placed.case.id for placed in read_cases(tmp_path, UTC).cases] == ["well"]
    assert run(tmp_path, FINE).n_passed == 2


def test_an_empty_folder_is_a_warning_and_a_missing_one_an_error(tmp_path: Path) -> None:
    (empty,) = run(tmp_path).problems
    assert (empty.code, empty.severity) == ("no_cases", Severity.WARNING)
    (missing,) = read_cases(tmp_path / "nowhere", UTC).problems
    assert (missing.code, missing.severity) == ("unreadable", Severity.ERROR)


def test_the_folder_beside_a_policy_is_its_own(tmp_path: Path) -> None:
    assert cases_beside(tmp_path / "policy.yaml") is None
    (tmp_path / FOLDER).mkdir()
    assert cases_beside(tmp_path / "policy.yaml") == tmp_path / FOLDER


def test_the_examples_hold_under_the_default_policy(tmp_path: Path) -> None:
    policy = compile_policy(parse_policy(default_policy_text(TIERS, "GBP")), KNOWLEDGE)
    found = run(tmp_path, example_cases_text(), policy=policy)
    assert (found.n_cases, found.n_passed, found.problems) == (3, 3, ())


def test_examples_are_written_once(tmp_path: Path) -> None:
    path = write_examples(tmp_path)
    assert path is not None
    path.write_text("mine")
    assert write_examples(tmp_path) is None
    assert path.read_text() == "mine"
