"""A policy in several files: how they become one, and which files may be part of it."""

import textwrap
from pathlib import Path

import pytest

from recsys.errors import PolicyError
from recsys.policy.reading.includes import MAX_FILES
from recsys.policy.reading.load import load_document, load_policy, parse_policy
from recsys.policy.reading.problems import Problem

MAIN = """
name: small
currency: GBP
tiers: [ordinary, silver, gold, diamond]
placements:
  home: {channel: web, capacity: 4, types: [product, offer]}
default_placement: home
"""
RULE = "{{id: {}, owner: me, effect: exclude}}"


def rules(*names: str) -> str:
    return f"rules: [{', '.join(RULE.format(name) for name in names)}]\n"


def written(folder: Path, **files: str) -> Path:
    """The files, the main one first; __ in a name is a folder."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder / f"{next(iter(files))}.yaml"


def problems_of(path: Path) -> list[Problem]:
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    found = list(caught.value.problems)
    assert all(str(problem) in str(caught.value) for problem in found[:10])
    return found


def test_lists_join_in_the_order_of_reading_and_maps_merge(tmp_path: Path) -> None:
    path = written(
        tmp_path / "w",
        policy=f"{MAIN}include: [parts/a.yaml, b.yaml]\nsegments: {{x: 'true'}}\n{rules('own')}",
        parts__a=f"include: [../c.yaml]\n{rules('a')}segments: {{y: 'true'}}\n",
        b=rules("b1", "b2"),
        c=f"{rules('c')}placements:\n  mail: {{channel: email, capacity: 1, types: [offer]}}\n",
    )
    document = load_document(path)
    assert [rule.id for rule in document.policy.rules] == ["c", "a", "b1", "b2", "own"]
    assert set(document.policy.segments) == {"x", "y"}
    assert set(document.policy.placements) == {"home", "mail"}
    assert [file.path.name for file in document.files] == ["policy.yaml", "a.yaml", "c.yaml", "b.yaml"]
    assert str(document.place(("rules", 2, "id"))) == f"{tmp_path}/w/b.yaml:1:14"


def test_lists_of_sections_join_beside_single_values_of_one_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        policy=f"{MAIN}include: [a.yaml]\n"
        "contact: {caps: [{id: x, channel: email, max_messages: 1, period_days: 7}]}\n"
        "guardrails: {max_depth: 0.5, depth_bands: [{id: b2}]}\n",
        a="contact: {caps: [{id: y, channel: push, max_messages: 2, period_days: 7}], cooldowns: [{id: z, days: 3}]}\n"
        "guardrails: {depth_bands: [{id: b1}]}\n",
    )
    policy = load_policy(path)
    assert [cap.id for cap in policy.contact.caps] == ["y", "x"]
    assert [rest.id for rest in policy.contact.cooldowns] == ["z"]
    assert [band.id for band in policy.guardrails.depth_bands] == ["b1", "b2"]
    assert policy.guardrails.max_depth == 0.5


def test_splitting_a_file_does_not_change_the_version(tmp_path: Path) -> None:
    whole = parse_policy(f"{MAIN}{rules('a', 'b')}guardrails: {{max_depth: 0.4}}\n")
    path = written(
        tmp_path, policy=f"{MAIN}include: [a.yaml]\n{rules('b')}", a=f"{rules('a')}guardrails: {{max_depth: 0.4}}\n"
    )
    assert load_policy(path) == whole
    assert load_policy(path).policy_id == whole.policy_id


TWICE = {
    "a text": ("name: other\n", "name", (2, 1), (1, 1)),
    "tiers": ("\ntiers: [ordinary]\n", "tiers", (4, 1), (2, 1)),
    "a placement": ("placements: {home: {channel: web}}\n", "placements: home", (6, 3), (1, 14)),
    "a section": ("economics: {risk_aversion: 0.1}\n", "economics", (9, 1), (1, 1)),
    "single values of a section": ("guardrails: {min_margin_rate: 0.1}\n", "guardrails", (10, 1), (1, 1)),
}


@pytest.mark.parametrize("case", TWICE)
def test_what_stands_in_two_files_is_refused_with_both_places(case: str, tmp_path: Path) -> None:
    text, name, (line, column), first = TWICE[case]
    main = f"{MAIN}include: [a.yaml]\neconomics: {{risk_aversion: 0.5}}\nguardrails: {{max_depth: 0.5}}\n"
    (problem,) = problems_of(written(tmp_path, policy=main, a=text))
    assert problem.place is not None
    assert (problem.code, problem.place.line, problem.place.column) == ("given_twice", line, column)
    assert problem.message.startswith(f"{name}: this stands in two files")
    assert problem.hint == f"keep one; the first is at {tmp_path}/a.yaml:{first[0]}:{first[1]}"


def test_an_id_of_two_files_is_refused_with_both_places(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, policy=f"{MAIN}include: [a.yaml]\n{rules('x', 'y')}", a=rules("y")))
    assert problem.code == "repeated_id"
    assert str(problem.place) == f"{tmp_path}/policy.yaml:9:51"
    assert problem.message == "the id 'y' is used twice"
    assert f"the first is at {tmp_path}/a.yaml:1:14" in problem.hint


REFUSED = {
    "absolute": ("/etc/passwd", "is no relative path"),
    "a drive": ("C:/rules.yaml", "is no relative path"),
    "backslashes": ("parts\\a.yaml", "is no relative path"),
    "above": ("../outside.yaml", "is outside the policy's folder"),
    "above and back": ("parts/../../outside.yaml", "is outside the policy's folder"),
    "through a link": ("link.yaml", "leads out through a symbolic link"),
    "through a linked folder": ("linked/outside.yaml", "leads out through a symbolic link"),
    "a link to itself": ("loop.yaml", ""),
    "missing": ("none.yaml", "there is no file 'none.yaml'"),
    "a folder": ("parts", "there is no file 'parts'"),
    "itself": ("policy.yaml", "includes itself: policy.yaml -> policy.yaml"),
    "empty": ('""', "is no file name"),
    "a number": ("7", "is no file name"),
    "a list": ("[a.yaml]", "is no file name"),
    "NUL": ('"a\\0b"', "is no file name"),
    "a very long name": ("x" * 5_000, ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_may_not_be_included_is_refused_where_it_is_named(case: str, tmp_path: Path) -> None:
    name, message = REFUSED[case]
    folder = tmp_path / "w"
    path = written(folder, policy=f"{MAIN}include:\n  - {name}\n", parts__a=rules("a"))
    (tmp_path / "outside.yaml").write_text(rules("b"))
    (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "loop.yaml").symlink_to(folder / "loop.yaml")
    (problem,) = problems_of(path)
    assert str(problem.place) == f"{path}:9:5"
    assert message in problem.message
    assert problem.hint


def test_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    path = written(tmp_path, policy=f"{MAIN}include: [now.yaml]\n", v1=rules("a"))
    (tmp_path / "now.yaml").symlink_to(tmp_path / "v1.yaml")
    assert [rule.id for rule in load_policy(path).rules] == ["a"]


def test_a_cycle_is_told_as_a_chain(tmp_path: Path) -> None:
    path = written(
        tmp_path, policy=f"{MAIN}include: [a.yaml]\n", a="include: [p/b.yaml]\n", p__b="include: [../a.yaml]\n"
    )
    (problem,) = problems_of(path)
    assert "includes itself: a.yaml -> p/b.yaml -> a.yaml" in problem.message
    assert str(problem.place) == f"{tmp_path}/p/b.yaml:1:11"


def test_a_file_included_by_two_ways_is_refused_with_the_first(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        policy=f"{MAIN}include: [a.yaml, b.yaml]\n",
        a="include: [legal.yaml]\n",
        b="include: [legal.yaml]\n",
        legal=rules("x"),
    )
    (problem,) = problems_of(path)
    assert f"is included twice, first by line 1 of {tmp_path}/a.yaml" in problem.message


def test_files_go_four_deep_and_no_deeper(tmp_path: Path) -> None:
    chain = {f"f{depth}": f"include: [f{depth + 1}.yaml]\n" for depth in range(1, 5)}
    path = written(tmp_path, policy=f"{MAIN}include: [f1.yaml]\n", **chain, f5=rules("x"))
    (problem,) = problems_of(path)
    assert "'f5.yaml' is more than 4 files deep" in problem.message
    (tmp_path / "f4.yaml").write_text(rules("x"))
    assert [rule.id for rule in load_policy(path).rules] == ["x"]


def test_a_policy_has_32_files_and_no_more(tmp_path: Path) -> None:
    parts = {f"f{row}": rules(f"r{row}") for row in range(MAX_FILES)}
    names = [f"{name}.yaml" for name in parts]
    path = written(tmp_path, policy=f"{MAIN}include: [{', '.join(names)}]\n", **parts)
    (problem,) = problems_of(path)
    assert "a policy has at most 32 files" in problem.message
    path = written(tmp_path, policy=f"{MAIN}include: [{', '.join(names[1:])}]\n")
    assert len(load_policy(path).rules) == 31


def test_the_mistakes_of_all_files_are_told_with_their_own_places(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        policy=f"{MAIN}include: [a.yaml, b.yaml]\nwat: 1\n",
        a="rules: [\n",
        b="rules:\n  - {id: x, x: 21:00}\n",
    )
    assert [(str(one.place), one.code) for one in problems_of(path)] == [
        (f"{tmp_path}/a.yaml:1:8", "yaml_syntax"),
        (f"{tmp_path}/b.yaml:2:16", "unclear_value"),
    ]


def test_a_schema_problem_of_a_fragment_stands_in_the_fragment(tmp_path: Path) -> None:
    path = written(tmp_path, policy=f"{MAIN}include: [a.yaml]\n{rules('b')}", a="rules:\n  - {id: a, effect: hide}\n")
    assert [(str(one.place), one.code, one.path) for one in problems_of(path)] == [
        (f"{tmp_path}/a.yaml:2:5", "missing_key", ("rules", 0, "owner")),
        (f"{tmp_path}/a.yaml:2:21", "unknown_value", ("rules", 0, "effect")),
    ]


def test_a_text_without_a_folder_includes_nothing(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"p.yaml:8:1: error include: a policy that is no file has no folder"):
        parse_policy(f"{MAIN}include: [a.yaml]\n", source="p.yaml")
    written(tmp_path, a=rules("a"))
    assert len(parse_policy(f"{MAIN}include: [a.yaml]\n", folder=tmp_path).rules) == 1


def test_what_is_included_has_to_be_a_list(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, policy=f"{MAIN}include: a.yaml\n"))
    assert (str(problem.place), problem.hint) == (f"{tmp_path}/policy.yaml:8:10", "write [FILE, FILE]")
