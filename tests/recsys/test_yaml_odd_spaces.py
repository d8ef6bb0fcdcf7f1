"""A space that is none is refused where it stands, and left alone where it is part of a text."""

import pytest

from recsys.yaml_nodes import YamlFlaws, compose, plain


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [
        ("a:\n  -\u00a0{b: 1}\n", (1, 3), "U+00A0 (NO-BREAK SPACE)"),
        ("a:\u200b 1", (0, 2), "U+200B (ZERO WIDTH SPACE)"),
        ("a: 1\nb: x\ufeff", (1, 4), "U+FEFF (ZERO WIDTH NO-BREAK SPACE)"),
        ("a: x\u2028y", (0, 4), "U+2028 (LINE SEPARATOR)"),
        ("a: don't\u00a0do", (0, 8), "U+00A0 (NO-BREAK SPACE)"),
        ("a: 'it''s'\u00a0", (0, 10), "U+00A0 (NO-BREAK SPACE)"),
        ('a: {b: "x\\"",\u3000c: 1}', (0, 13), "U+3000 (IDEOGRAPHIC SPACE)"),
    ],
)
def test_an_odd_space_is_named_with_its_place(text: str, place: tuple[int, int], name: str) -> None:
    with pytest.raises(YamlFlaws) as caught:
        compose(text, file="p.yaml")
    (flaw,) = caught.value.flaws
    assert (flaw.code, (flaw.line, flaw.column)) == ("odd_space", place)
    assert name in flaw.message


@pytest.mark.parametrize(
    "text",
    ["a: 周末\u3000特惠", "a: '10\u00a0%'", 'a: ["x", "10\u00a0%"]', "a: 1 # 10\u00a0%", "'a\u00a0b': 'it''s\u00a0x'"],
)
def test_in_a_quoted_text_or_a_comment_it_may_stand(text: str) -> None:
    assert plain(compose(text, file="p.yaml"))


def test_every_one_of_them_is_told() -> None:
    with pytest.raises(YamlFlaws) as caught:
        compose("a:\u00a01\nb:\u00a02\n", file="p.yaml")
    assert [flaw.line for flaw in caught.value.flaws] == [0, 1]
