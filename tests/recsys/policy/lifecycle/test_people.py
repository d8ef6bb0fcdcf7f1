"""A name is one person's however it was typed, and nothing that is written down can pass for something else."""

import pytest

from recsys.errors import InputError, PolicyError
from recsys.policy.lifecycle import moves
from recsys.policy.lifecycle.people import person_key, same_person
from recsys.policy.reading.load import default_policy_text, parse_policy
from tests.recsys.policy.lifecycle.lives import ANN, BOB, A, B, T, done, lived, submitted


@pytest.mark.parametrize(
    "typed",
    [
        "bo\N{COMBINING GRAPHEME JOINER}b", "bob\N{VARIATION SELECTOR-16}", "bo\N{HANGUL FILLER}b",
        "bo\N{HANGUL JUNGSEONG FILLER}b", "bob\N{BRAILLE PATTERN BLANK}", "\N{SOFT HYPHEN}bob", "bob\u00a0",
        "b\N{CYRILLIC SMALL LETTER O}b", "B\N{GREEK CAPITAL LETTER OMICRON}B", "bob\N{VARIATION SELECTOR-17}",
        "\N{CYRILLIC CAPITAL LETTER VE}\N{CYRILLIC CAPITAL LETTER O}\N{CYRILLIC CAPITAL LETTER VE}",
        "\N{MATHEMATICAL BOLD SMALL B}ob", "b\N{ARMENIAN SMALL LETTER OH}b",
    ],
)  # fmt: skip
def test_a_name_that_looks_the_same_is_the_same(typed: str) -> None:
    assert same_person(typed, "Bob")
    with pytest.raises(InputError, match=r"may not approve|say who does it"):
        moves.approve(done(submitted(A, actor=typed.strip("\N{SOFT HYPHEN}"))), A, actor="bob", at=T)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Bob", "Rob"), ("Li Wei", "Li Wen"), ("李伟", "李威"), ("Вера", "Вася"), ("Ζωή", "Λία"), ("René", "Rene")],
)  # fmt: skip
def test_names_that_differ_are_two_people(one: str, other: str) -> None:
    assert not same_person(one, other)


def test_a_name_of_nothing_but_what_nobody_sees_is_empty() -> None:
    assert person_key("\N{HANGUL FILLER}\N{COMBINING GRAPHEME JOINER} \N{ZERO WIDTH SPACE}") == ""


@pytest.mark.parametrize(
    "reason", ["\x1b[2Jfine", "fine\rgood", "one\ntwo", "\N{RIGHT-TO-LEFT OVERRIDE}x", "\udcff", "x" * 2_001]
)
def test_a_reason_that_could_hide_what_is_on_record_is_refused_by_every_move(reason: str) -> None:
    entries = done(*lived(A), *lived(B, T + 1))
    waiting = done(*lived(A), submitted(B))
    given = {"actor": "Cy", "at": T + 2, "reason": reason}
    for move in (
        lambda: moves.submit(entries, "c" * 64, name="c", author="", **given),  # type: ignore[arg-type]
        lambda: moves.approve(waiting, B, **given),  # type: ignore[arg-type]
        lambda: moves.activate(entries, A, **given),  # type: ignore[arg-type]
        lambda: moves.reject(waiting, B, **given),  # type: ignore[arg-type]
        lambda: moves.withdraw(waiting, B, **{**given, "actor": ANN}),  # type: ignore[arg-type]
        lambda: moves.retire(entries, B, **given),  # type: ignore[arg-type]
        lambda: moves.rollback(entries, **given),  # type: ignore[arg-type]
    ):
        with pytest.raises(InputError, match=r"reason.*2000 characters.*one line"):
            move()


@pytest.mark.parametrize("author", ["x" * 201, "Ann\nBob", "Ann\x1b[0m"])
def test_an_author_of_the_file_that_is_no_name_is_refused(author: str) -> None:
    with pytest.raises(InputError, match=r"drafted_by is .* a name of at most 200 characters"):
        submitted(A, author=author)([])


@pytest.mark.parametrize("typed", ["Ann", "ann ", "\N{CYRILLIC CAPITAL LETTER A}nn"])
def test_a_file_that_one_person_drafted_and_approved_is_refused_without_the_name(typed: str) -> None:
    with pytest.raises(PolicyError, match="drafted_by and approved_by are one person") as caught:
        parse_policy(f"{default_policy_text()}\ndrafted_by: Ann\napproved_by: '{typed}'\n")
    assert "nn" not in str(caught.value).replace("cannot", "")
    assert parse_policy(f"{default_policy_text()}\ndrafted_by: Ann\napproved_by: Bob\n").approved_by == "Bob"


def test_a_reason_in_any_language_is_kept_as_it_is() -> None:
    reason = "周末促销太深 \N{ZERO WIDTH NON-JOINER}😀 [red]50 %[/]"
    assert moves.submit([], A, name="a", author="", actor=BOB, at=T, reason=reason).reason == reason
