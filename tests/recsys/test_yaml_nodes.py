"""YAML within bounds: what settings never need is refused with its place, by either scanner of PyYAML."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from recsys import yaml_nodes
from recsys.yaml_nodes import MAX_CHARACTERS, MAX_NODES, Flaw, YamlFlaws, compose, plain


def flaws(text: str) -> tuple[Flaw, ...]:
    with pytest.raises(YamlFlaws) as caught:
        compose(text, file="p.yaml")
    return caught.value.flaws


@pytest.fixture(params=["c", "python"])
def _either_scanner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.setattr(yaml_nodes, "_Parser", yaml.SafeLoader)


REFUSED = {
    "alias": ("a: &x [1]\nb:   *x", "alias", (1, 5)),
    "a thousand laughs": ("a: &a [1]\nb: &b [*a, *a]\n", "alias", (1, 7)),
    "key twice": ("a: 1\nb: 2\n\na: 3", "repeated_key", (3, 0)),
    "number as a key": ("a:\n  1: x", "key_not_text", (1, 2)),
    "list as a key": ("? [a]\n: x", "key_not_text", (0, 2)),
    "tag": ("a: !!python/object:os.system x", "tag", (0, 3)),
    "second document": ("a: 1\n---\nb: 2", "second_document", (1, 0)),
    "tab": ("a:\n\t- 1", "yaml_syntax", (1, 0)),
    "open bracket": ("a: 1\nb: [1,\n\n", "yaml_syntax", (1, 3)),
    "open quote": ("a: 1\nb: 'x\n  y\n", "yaml_syntax", (1, 3)),
    "outdented key": ("a:\n  b: 1\n c: 2", "yaml_syntax", (2, 1)),
    "control character": ("a: 1\nb: x\x07y", "invisible_character", (1, 4)),
    "turned text": ("a: x\u202ey", "invisible_character", (0, 4)),
    "line break that is none": ("a: x\u2028y", "odd_space", (0, 4)),
    "half a character": ("a: \ud800", "invisible_character", (0, 3)),
    "base 60": ("a: [1, 21:00]", "unclear_value", (0, 7)),
    "deep": ("a:\n  " + "[" * 5_000, "too_deep", (1, 33)),
    "deep maps": ("{a: " * 5_000, "too_deep", (0, 128)),
    "long": ("a: x\n" + "# y\n" * (MAX_CHARACTERS // 4), "too_long", (262_143, 3)),
}


@pytest.mark.usefixtures("_either_scanner")
@pytest.mark.parametrize("case", REFUSED)
def test_what_settings_never_need_is_refused_where_it_stands(case: str) -> None:
    text, code, place = REFUSED[case]
    flaw = flaws(text)[0]
    assert (flaw.code, (flaw.line, flaw.column)) == (code, place)
    assert flaw.hint


def test_more_values_than_anybody_needs_are_refused_at_the_first_too_many() -> None:
    row = "[" + "1," * 999 + "],"  # a thousand values, the list among them
    (flaw,) = flaws("a: [" + row * (MAX_NODES // 1_000) + "]")
    assert (flaw.code, flaw.column) == ("too_many_values", 4 + len(row) * (MAX_NODES // 1_000) - 6)


def test_all_flaws_of_a_file_are_told_at_once_with_their_paths() -> None:
    found = flaws("a: 21:00\nb: [{c: .nan}, *x]\na: 2")
    assert [(flaw.code, flaw.path) for flaw in found] == [
        ("unclear_value", ("a",)), ("unclear_value", ("b", 0, "c")), ("alias", ("b", 1)), ("repeated_key", ()),
    ]  # fmt: skip
    assert "the first is on line 1" in found[-1].hint


@pytest.mark.usefixtures("_either_scanner")
def test_nodes_know_where_they_stand() -> None:
    root = compose("\ufeffa: é 'x'\nbb:\n  - {c: 'y'}\n", file="p.yaml")
    assert isinstance(root.value, dict)
    key, node = root.value["bb"]
    assert (key.line, key.column, node.line, node.column) == (1, 0, 2, 2)
    assert plain(root) == {"a": "é 'x'", "bb": [{"c": "y"}]}
    assert root.value["a"][1].raw == "é 'x'"


@pytest.mark.parametrize("text", ["", "# only this\n", "---\n", "\ufeff"])
def test_an_empty_text_holds_nothing(text: str) -> None:
    assert plain(compose(text, file="p.yaml")) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, st.booleans())
def test_what_yaml_writes_is_read_as_it_was(content: object, flow: bool) -> None:
    text = yaml.safe_dump(content, default_flow_style=flow, allow_unicode=False)
    assert plain(compose(text, file="p.yaml")) == content


@given(st.text(alphabet=st.sampled_from("ab:-[]{},'\"#|>&*!%@? \n\t1.0"), max_size=40))
def test_any_text_is_read_or_refused_within_the_text(text: str) -> None:
    found: tuple[Flaw, ...] = ()
    try:
        compose(text, file="p.yaml")
    except YamlFlaws as wrong:
        found = wrong.flaws
    assert all(0 <= flaw.line <= text.count("\n") + 1 for flaw in found)
    assert all(flaw.message and flaw.hint for flaw in found)


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("a: b: c", (0, 4), "quote a text that holds `: `"),
        ("a: @b", (0, 3), "quote a text that starts with this character"),
        ("a: 1\nb\nc: 1", (2, 0), "write KEY: VALUE"),
        ('a: "b" == c', (0, 7), "quote a text that has quotes in it"),
    ],
    ids=["colon", "at", "no_colon", "half_quoted"],
)
def test_broken_yaml_is_told_with_what_to_write(text: str, place: tuple[int, int], hint: str) -> None:
    (flaw,) = flaws(text)
    assert (flaw.code, flaw.line, flaw.column) == ("yaml_syntax", *place)
    assert hint in flaw.hint
