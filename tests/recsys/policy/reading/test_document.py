"""A policy knows its files and its places, and gives a place to what is said of it later."""

import hashlib
from pathlib import Path

import pytest

from recsys.errors import PolicyError
from recsys.policy.reading.document import PolicyDocument
from recsys.policy.reading.load import default_policy_text, load_document, parse_document
from recsys.policy.reading.problems import Place, Problem, Severity

TEXT = """\
name: small
currency: GBP
tiers: [ordinary, silver]
placements:
  home: {channel: web, capacity: 4, types: [product, offer]}
default_placement: home
segments:
  loyal: member.points > 1
rules:
  - {id: a, owner: me, effect: exclude, what: 'product.stock > 1'}
  - id: b
    owner: me
    effect: exclude
    who: |
      member.tier == "gold" &&
        member.rank > 1
"""


@pytest.fixture(scope="module")
def document() -> PolicyDocument:
    return parse_document(TEXT, source="p.yaml")


def places(document: PolicyDocument, error: PolicyError) -> list[str]:
    return [str(problem.place) for problem in document.locate(error)]


def test_an_error_with_a_path_and_an_offset_is_found_to_the_character(document: PolicyDocument) -> None:
    error = PolicyError("unknown", code="unknown_attribute", hint="write it", path=("rules", 1, "who"), offset=(2, 3))
    assert document.locate(error) == (
        Problem(
            "unknown_attribute",
            Severity.ERROR,
            "unknown",
            "write it",
            ("rules", 1, "who"),
            Place("p.yaml", 16, 9),
            (2, 3),
        ),
    )


def test_an_error_with_a_path_alone_is_found_to_the_value(document: PolicyDocument) -> None:
    assert places(document, PolicyError("x", path=("rules", 0, "what"))) == ["p.yaml:10:47"]
    assert places(document, PolicyError("x", path=("rules", 0, "factor"))) == ["p.yaml:10:5"]


@pytest.mark.parametrize(
    ("message", "offset", "place"),
    [
        ("rule 'b', who (line 2, column 3) reads 'me', which is not known", (2, 3), "p.yaml:16:9"),
        ("rule 'a', what (applies_to: product): it gives int", (1, 15), "p.yaml:10:62"),
        ("rule 'a', who: it is wrong", None, "p.yaml:10:5"),
        ("rule 'b' names no product of the bundle", None, "p.yaml:11:5"),
        ("segment 'loyal' reads 'member.points'", (1, 8), "p.yaml:8:17"),
        ("the policy 'small' has the tiers ordinary, silver", None, "p.yaml:1:7"),
        ("there is something wrong", None, "p.yaml:1:1"),
    ],
    ids=["who", "what", "no_who", "rule", "segment", "value", "whole"],
)
def test_an_error_without_a_path_is_found_by_what_it_names(
    document: PolicyDocument, message: str, offset: tuple[int, int] | None, place: str
) -> None:
    assert places(document, PolicyError(message, offset=offset)) == [place]


def test_many_problems_are_put_in_the_order_of_the_file(document: PolicyDocument) -> None:
    found = [
        Problem("late", Severity.WARNING, "x", path=("rules", 1, "who"), offset=(1, 1)),
        Problem("placed", Severity.ERROR, "x", place=Place("p.yaml", 12, 2)),
        Problem("early", Severity.ERROR, "x", path=("currency",)),
    ]
    located = document.locate(PolicyError("x", problems=found))
    assert [(problem.code, str(problem.place)) for problem in located] == [
        ("early", "p.yaml:2:11"), ("placed", "p.yaml:12:2"), ("late", "p.yaml:15:7"),
    ]  # fmt: skip
    assert str(located[2]) == "p.yaml:15:7: warning late: x"


def test_a_document_knows_the_bytes_it_was_read_from(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(default_policy_text(), encoding="utf-8")
    (file,) = load_document(path).files
    assert file.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file.stamp == (path.stat().st_mtime_ns, path.stat().st_size)
    assert file.text == default_policy_text()


def test_a_text_has_no_files() -> None:
    assert parse_document(TEXT).files == ()


def test_a_file_that_is_too_long_or_no_text_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"name: x\n" + b"# yyy\n" * 200_000)
    with pytest.raises(PolicyError, match=r"policy.yaml:\d+:1: error too_long: .* has 1200008 bytes; at most 1048576"):
        load_document(path)
    path.write_bytes(b"name: x\nwho: caf\xe9\n")
    with pytest.raises(PolicyError, match=r"policy.yaml:2:9: error not_utf8"):
        load_document(path)
