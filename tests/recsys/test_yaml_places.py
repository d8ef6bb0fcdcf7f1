"""Where keys, values and the characters of texts stand, in every style that YAML has."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from recsys.yaml_nodes import compose
from recsys.yaml_places import Place, Places

FILE = """\
name: small
rules:
  - id: a
    who: member.points > 1
  - {id: b, who: 'member.tier == "it''s"'}
  - id: c
    who: |
        member.points > 1 &&
          member.wrong

    # not of the text
  - id: d
    who: >-
      member.points > 1
      && member.wrong
  - id: e
    who: "a \\
      == \\"\\x62\\" && wrong"
  - id: f
    who: member.points
      > wrong
"""
PLACES = Places(compose(FILE, file="p.yaml"))


def at(line: int, column: int) -> Place:
    return Place("p.yaml", line, column)


def test_keys_and_values_have_places_of_their_own() -> None:
    assert (PLACES.key(("rules", 1, "who")), PLACES.value(("rules", 1, "who"))) == (at(5, 13), at(5, 18))
    assert (PLACES.key(("rules",)), PLACES.value(("rules",))) == (at(2, 1), at(3, 3))
    assert PLACES.key(("rules", 2)) == PLACES.value(("rules", 2)) == at(6, 5)


def test_what_is_not_there_has_no_place_and_a_nearest_one() -> None:
    path = ("rules", 0, "what")
    assert PLACES.value(path) is None
    assert PLACES.key(path) is None
    assert PLACES.inside(path, 1, 1) is None
    assert PLACES.nearest(path) == at(3, 5)
    assert PLACES.nearest(("nowhere", 3)) == at(1, 1)
    assert PLACES.nearest(("rules", 99)) == at(3, 3)


@pytest.mark.parametrize(
    ("row", "line", "column", "expected"),
    [
        (0, 1, 15, at(4, 24)),  # plain: >
        (1, 1, 13, at(5, 31)),  # single quotes: the first =
        (1, 1, 20, at(5, 39)),  # behind a doubled quote, that is one character of the text
        (2, 1, 15, at(8, 23)),  # literal: >
        (2, 2, 3, at(9, 11)),  # literal, second line, behind its own two spaces
        (3, 1, 22, at(15, 10)),  # folded: what stands on the second line of the file is on the first of the text
        (4, 1, 7, at(18, 12)),  # double quotes: the escaped b
        (4, 1, 13, at(18, 22)),  # behind the escapes
        (5, 1, 17, at(21, 9)),  # plain over two lines
    ],
    ids=["plain", "single", "doubled", "literal", "literal_2", "folded", "escaped", "double", "plain_2"],
)
def test_a_character_of_an_expression_is_found_in_the_file(row: int, line: int, column: int, expected: Place) -> None:
    assert PLACES.inside(("rules", row, "who"), line, column) == expected


def test_an_offset_outside_the_text_is_the_text_itself() -> None:
    assert PLACES.inside(("rules", 0, "who"), 7, 1) == at(4, 10)
    assert PLACES.inside(("rules", 0, "who"), 1, 0) == at(4, 10)
    assert PLACES.inside(("rules", 0, "who"), 1, 999) == at(4, 27)  # its end, as parsers say where text is missing


def test_only_texts_have_an_inside() -> None:
    assert PLACES.inside(("rules", 0), 1, 1) is None


TEXTS = st.text(alphabet=st.sampled_from("ab >=&'\"\\.é金\n"), min_size=1, max_size=40)


@given(TEXTS, st.sampled_from(["'", '"', "|", ">", None]), st.data())
def test_every_visible_character_is_found_where_it_stands(text: str, style: str | None, data: st.DataObject) -> None:
    content = yaml.safe_dump({"rules": [{"who": text}]}, default_style=style, allow_unicode=True, width=20)
    places = Places(compose(content, file="p.yaml"))
    node = places.node(("rules", 0, "who"))
    assert node is not None
    assert node.value == text
    visible = [offset for offset, letter in enumerate(text) if not letter.isspace()]
    if not visible:
        return
    offset = data.draw(st.sampled_from(visible))
    line, column = text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1
    place = places.inside(("rules", 0, "who"), line, column)
    assert place is not None
    found = content.split("\n")[place.line - 1][place.column - 1]
    assert found == text[offset] or (found == "\\" and node.style == '"')
