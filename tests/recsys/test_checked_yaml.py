"""Every problem of a settings file has a code, a path, a place and something to do."""

from enum import StrEnum
from typing import Literal, Self

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from recsys.checked_yaml import parse_checked
from recsys.errors import InputError
from recsys.policy.file.fields import Part
from recsys.policy.reading.problems import PartError, Problem
from recsys.schema_problems import MAX_TOLD
from recsys.yaml_nodes import compose_shaped
from recsys.yaml_places import Place
from recsys.yaml_shape import MAX_MISTAKES, shape_of


class Circle(Part):
    """A part with a tag."""

    shape: Literal["circle"]
    radius: int = Field(strict=True, gt=0)


class Square(Part):
    """Another."""

    shape: Literal["square"]
    side: float = Field(strict=True)


class Entry(Part):
    """A part of the file."""

    id: str = Field(strict=True)
    start: int | None = Field(None, alias="from", strict=True)
    until: int | None = Field(None, strict=True)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start is not None and self.until is not None and self.start > self.until:
            raise ValueError("it ends before it starts; swap them")
        return self


class Colour(StrEnum):
    """Read without case."""

    RED = "red"

    @classmethod
    def _missing_(cls, value: object) -> "Colour | None":
        return cls.RED if value == "RED" else None


class File(Part):
    """A whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Entry, ...] = ()
    names: dict[Literal["x", "y"], int] = Field(default_factory=dict)
    drawn: tuple[Circle | Square, ...] = ()
    best: str | None = None
    short: tuple[int, ...] = Field((), max_length=2)

    @model_validator(mode="after")
    def _known(self) -> Self:
        ids = [rule.id for rule in self.rules]
        if self.best is not None and self.best not in ids:
            raise ValueError(f"best {self.best!r} is no rule; it may be one of {', '.join(ids)}")
        for row, rule in enumerate(self.rules):
            if rule.id == "bad":
                raise PartError(f"rule {rule.id!r} is bad; remove it", path=("rules", row, "id"), code="bad_rule")
        return self


def problems(text: str, model: type[BaseModel] = File) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        parse_checked(text, model, source="f.yaml", kind="file", error=InputError)
    return list(caught.value.problems)


CASES = {
    "unknown key": ("rules:\n  - {id: a, form: 1}", "unknown_key", "2:13", "did you mean 'from'?"),
    "unknown top key": ("bets: a", "unknown_key", "1:1", "did you mean 'best'?"),
    "missing key": ("rules:\n  - id: a\n  -  from: 1", "missing_key", "3:6", "add it"),
    "text for a number": ("rules: [{id: a, from: b}]", "wrong_type", "1:23", "input should be a valid integer"),
    "number with an exponent": ("rules: [{id: a, from: 1e3}]", "wrong_type", "1:23", "1e3 is a text to YAML"),
    "a switch for a text": ("rules:\n  - id: no", "wrong_type", "2:9", "no without quotes is false to YAML"),
    "a date for a text": ("rules: [{id: 2027-01-31}]", "wrong_type", "1:14", "is a date to YAML; quote it"),
    "a text for a list": ("best: a\nrules: a", "wrong_type", "2:8", "write a list, [] for none"),
    "a list for keys": ("rules: [[1]]", "wrong_type", "1:9", "the keys are id, from, until"),
    "unknown name of a map": ("names: {x: 1, z: 2}", "unknown_value", "1:15", "'x' or 'y'"),
    "value of a map": ("names: {x: b}", "wrong_type", "1:12", "names: x: 'b' is not allowed"),
    "order of two keys": ("rules:\n  - {id: a}\n  - {id: b, from: 2, until: 1}", "inconsistent", "3:5", "swap them"),
    "a name that is not there": ("rules: [{id: a}]\nbest: b", "inconsistent", "2:7", "it may be one of a"),
    "a part that knows its place": ("rules: [{id: a}, {id: bad}]", "bad_rule", "1:23", "remove it"),
    "a list": ("- a", "wrong_type", "1:1", "start from the default file"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_problem_has_a_code_a_place_and_something_to_do(case: str) -> None:
    text, code, place, words = CASES[case]
    (problem,) = problems(text)
    assert (problem.code, str(problem.place)) == (code, f"f.yaml:{place}")
    assert words in str(problem)


def test_the_path_of_a_problem_leads_to_what_is_wrong() -> None:
    (problem,) = problems("rules: [{id: a}, {id: b, from: x}]")
    assert problem.path == ("rules", 1, "from")
    assert problem.message.startswith("rule 'b': from: 'x' is not allowed")


def test_names_of_alternatives_are_not_part_of_a_path() -> None:
    found = problems("drawn:\n  - {shape: circle, radius: 0}\n  - {shape: square}\n")
    assert {problem.path for problem in found} >= {("drawn", 0, "radius"), ("drawn", 1, "side")}
    assert all("Circle" not in problem.path and "Square" not in problem.path for problem in found)
    assert {str(problem.place) for problem in found if problem.path == ("drawn", 1, "side")} == {"f.yaml:3:5"}


def test_a_misspelt_key_of_one_of_several_forms_is_recognised() -> None:
    found = problems("drawn: [{shape: square, sidee: 1.0}]")
    assert any("did you mean 'side'?" in problem.hint for problem in found)


def test_problems_stand_in_the_order_of_the_file() -> None:
    found = problems("zz: 1\nrules:\n  - {id: a, from: x}\n  - {from: 1}\nnames: {q: 1}\n")
    assert [problem.place.line for problem in found if problem.place] == [1, 3, 4, 5]


def test_a_thousand_problems_are_counted_and_a_hundred_told() -> None:
    found = problems("rules:\n" + "  - {id: a, from: 1.5}\n" * 1_000)
    assert len(found) == MAX_TOLD + 1
    assert (found[-1].code, str(found[-1].place)) == ("more_problems", "f.yaml:102:19")
    assert "900 more problems" in found[-1].message


def test_behind_a_hundred_mistakes_that_can_be_seen_nothing_more_is_read() -> None:
    found = problems("rules:\n" + "  - {from: 1}\n" * 150 + "  - {id: [}\n")
    assert [problem.code for problem in found] == ["missing_key"] * MAX_MISTAKES + ["more_problems"]
    assert [str(problem.place) for problem in found[-2:]] == ["f.yaml:101:5", "f.yaml:101:5"]
    assert "nothing behind was read" in found[-1].message


def test_what_may_stand_behind_the_last_mistake_that_was_read_is_not_missing() -> None:
    class Whole(File):
        needed: int

    found = problems("rules:\n" + "  - {wrong: 1, id: a}\n" * 100 + "needed: 1\n", Whole)
    assert {problem.code for problem in found[:-1]} == {"unknown_key"}
    assert (found[-1].code, str(found[-1].place)) == ("more_problems", "f.yaml:101:13")


@pytest.mark.parametrize(
    ("text", "n_told"),
    [
        ("wrong: [" + "1, " * 40_000 + "]", 1),
        ("wrong: {" + "a: {b: [1]}, " * 1 + ", ".join(f"k{n}: 1" for n in range(40_000)) + "}", 1),
        ("best: [" + "1, " * 40_000 + "]", 1),
        ("rules: [" + "{}, " * 20_000 + "]", MAX_MISTAKES),
        ("".join(f"k{n}: 1\n" for n in range(40_000)), MAX_MISTAKES),
        ("rules: [{id: a, " + ", ".join(f"k{n}: 1" for n in range(40_000)) + "}]", MAX_MISTAKES),
    ],
    ids=["list below an unknown key", "keys below one", "list for a text", "empty parts", "keys", "keys of a part"],
)
def test_of_a_file_that_is_all_wrong_little_is_read(text: str, n_told: int) -> None:
    shape = shape_of(File)
    _, cut = compose_shaped(text, shape, file="f.yaml")
    assert cut is not None
    assert cut.line <= MAX_MISTAKES
    assert cut.column < 3_000
    found = problems(text)
    assert len(found) == n_told + 1
    assert (found[-1].code, found[-1].place) == ("more_problems", Place("f.yaml", cut.line + 1, cut.column + 1))


def test_of_a_list_that_is_no_file_little_is_read() -> None:
    (problem,) = problems("- a\n" * 200 + "- [")
    assert (problem.code, str(problem.place)) == ("wrong_type", "f.yaml:1:1")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("rules: [" + "{id: a}, " * 20_000 + "]", "1:18009"),
        ("short: [" + "1, " * 20_000 + "]", "1:309"),
        ("drawn: [" + "[" + "1, " * 20_000 + "]]", "1:6010"),
    ],
    ids=["no bound of its own", "a short one", "of unknown form"],
)
def test_a_list_without_end_is_refused_where_it_becomes_too_long(text: str, place: str) -> None:
    (problem,) = problems(text)
    assert (problem.code, str(problem.place)) == ("too_many_entries", f"f.yaml:{place}")


def test_a_list_that_is_somewhat_too_long_is_told_in_the_words_of_its_model() -> None:
    (problem,) = problems("short: [1, 2, 3]")
    assert problem.code == "wrong_length"


def test_what_looks_wrong_and_is_right_to_the_model_is_read() -> None:
    class Loose(Part):
        at: tuple[Colour, ...]

    text = f"at: [{'RED, ' * 150}]"
    assert compose_shaped(text, shape_of(Loose), file="f.yaml")[1] is not None
    assert parse_checked(text, Loose, source="f.yaml", kind="file", error=InputError).at == (Colour.RED,) * 150


def test_the_message_lists_ten_problems_and_counts_the_others() -> None:
    with pytest.raises(InputError) as caught:
        parse_checked("rules:\n" + "  - {from: 1}\n" * 13, File, source="f.yaml", kind="file", error=InputError)
    lines = str(caught.value).splitlines()
    assert lines[0] == "f.yaml breaks the schema of a file:"
    assert lines[1] == "  - f.yaml:2:5: error missing_key: rule no. 1: id: this key is missing; add it"
    assert (len(lines), lines[-1]) == (12, "  and 3 more")
