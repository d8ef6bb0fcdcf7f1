"""Ids to rows and back."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import InputError
from recsys.vocabulary import Vocabulary

IDS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=12)


@given(st.lists(IDS, unique=True))
def test_every_id_is_found_at_its_row_and_read_back(ids: list[str]) -> None:
    vocabulary = Vocabulary.of(ids)
    rows = vocabulary.rows(ids)
    assert vocabulary.ids(rows) == ids
    assert sorted(rows.tolist()) == list(range(len(ids)))


@given(st.lists(IDS, unique=True), IDS)
def test_an_unknown_id_has_no_row(ids: list[str], other: str) -> None:
    assert Vocabulary.of(ids).row(other) == (-1 if other not in ids else Vocabulary.of(ids).rows([other])[0])


def test_rows_do_not_depend_on_the_order_of_the_ids() -> None:
    assert np.array_equal(Vocabulary.of("cab").encoded, Vocabulary.of("bca").encoded)


def test_an_id_that_ends_in_nul_is_not_taken_for_the_id_without_it() -> None:
    assert Vocabulary.of(["a"]).row("a\0") == -1


@pytest.mark.parametrize("odd", ["a" * 5_000, "\ud800", "a\ud800", "\0", "a\0b", ""])
def test_any_text_may_be_asked_for_and_is_unknown(odd: str) -> None:
    assert Vocabulary.of(["a", "ab"]).rows(["ab", odd, "a"]).tolist() == [1, -1, 0]


def test_an_id_longer_than_any_known_one_does_not_copy_the_vocabulary() -> None:
    vocabulary = Vocabulary(np.array([b"m%07d" % number for number in range(200_000)]))
    tracemalloc.start()
    vocabulary.rows(["m" * 1_000])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < vocabulary.encoded.nbytes


def test_an_empty_vocabulary_knows_nobody() -> None:
    assert Vocabulary.of([]).rows(["a", "b"]).tolist() == [-1, -1]


@pytest.mark.parametrize(("bad", "told"), [("", "every row"), ("a\0b", "every row"), ("a\udc00", "half a character")])
def test_ids_that_arrays_cannot_keep_are_refused(bad: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        Vocabulary.of(["fine", bad])
