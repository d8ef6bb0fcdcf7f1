from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.convert import converted, exact_minor_units, minor_units
from features.seen import SeenKeys

INSTANT = pl.Datetime("us", "UTC")


def convert(values: list[object], wanted: pl.DataType, given_type: pl.DataType | None = None) -> list[object]:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=given_type)})
    return frame.select(converted("x", frame.schema["x"], wanted))["x"].to_list()


def test_texts_become_integers_only_when_they_are_whole() -> None:
    assert convert(["1", " 2 ", "3.0", "3.5", "x", "", None], pl.Int32()) == [1, 2, 3, None, None, None, None]


def test_floats_become_integers_only_when_they_are_whole_and_fit() -> None:
    assert convert([1.0, 2.5, float("nan"), float("inf"), 3e9], pl.Int32()) == [1, None, None, None, None]


def test_integers_that_do_not_fit_are_lost_not_wrapped() -> None:
    assert convert([127, 128, -129], pl.Int8()) == [127, None, None]


def test_dates_and_instants_are_no_numbers() -> None:
    fifth = datetime(1970, 1, 5, tzinfo=UTC)
    assert convert([fifth.date()], pl.Int8()) == [None]
    assert convert([fifth], pl.Int64()) == [None]
    assert convert([fifth], pl.Float64()) == [None]
    assert convert([fifth.time()], pl.Boolean()) == [None]


def test_yes_and_no_are_read_in_their_usual_spellings() -> None:
    found = convert(["Yes", "n", "TRUE", "0", "1", "maybe", ""], pl.Boolean())
    assert found == [True, False, True, False, True, None, None]
    assert convert([1, 0, 2], pl.Boolean()) == [True, False, None]


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-31T10:00:00Z",
        "2024-03-31 12:00:00+02:00",
        "2024-03-31 10:00",
        "2024-03-31T10:00:00",
        "2024-03-31 10:00:00.000",
    ],
    ids=["zulu", "offset", "minutes", "local", "fraction"],
)
def test_iso_instants_in_all_their_forms_are_the_same_instant(text: str) -> None:
    assert convert([text], INSTANT) == [datetime(2024, 3, 31, 10, tzinfo=UTC)]


def test_forms_may_be_mixed_in_one_column() -> None:
    found = convert(["2024-01-02", "2024-01-02 00:00:00", "02/01/2024", None], INSTANT)
    assert found == [datetime(2024, 1, 2, tzinfo=UTC)] * 2 + [None, None]


def test_instants_without_a_zone_are_utc() -> None:
    assert convert([datetime(2024, 1, 2)], INSTANT) == [datetime(2024, 1, 2, tzinfo=UTC)]  # noqa: DTZ001 - on purpose


@given(st.integers(min_value=-(10**9), max_value=10**9))
def test_an_amount_written_with_two_decimals_is_exact_in_minor_units(minor: int) -> None:
    frame = pl.DataFrame({"x": [minor / 100]})
    assert frame.select(minor_units(pl.col("x"), 2)).item() == minor


def test_halves_of_a_minor_unit_go_away_from_zero() -> None:
    frame = pl.DataFrame({"x": [1.005, -1.005, 0.004, float("nan"), float("inf")]})
    assert frame.select(minor_units(pl.col("x"), 2))["x"].to_list() == [101, -101, 0, None, None]


def exact(values: list[object], dtype: pl.DataType | None = None) -> list[int | None]:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    return frame.select(exact_minor_units("x", frame.schema["x"], 2))["x"].to_list()


def test_amounts_that_are_no_whole_minor_units_are_lost() -> None:
    assert exact([4.005, -4.005, 0.001, 1234567.895, 1e12 + 0.125, float("nan"), float("inf")]) == [None] * 7


def test_amounts_in_texts_and_decimals_are_whole_minor_units_or_lost() -> None:
    assert exact(["4.10", "4.005", " 1234567.89 ", "", "-3"]) == [410, None, 123456789, None, -300]
    assert exact(["4.100", "4.005"], pl.Decimal(12, 3)) == [410, None]


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        (4.10, 410),
        (0.29, 29),
        (0.1 + 0.2, 30),
        (-19.99, -1999),
        (1234567.89, 123456789),
        (98765432109.87, 9876543210987),
    ],
)
def test_noise_of_floats_is_no_fraction_of_a_minor_unit(amount: float, minor: int) -> None:
    assert exact([amount]) == [minor]


def test_noise_of_short_floats_is_no_fraction_while_they_tell_minor_units_apart() -> None:
    assert exact([4.10, 12345.67, -100000.1, 1234567.89], pl.Float32()) == [410, 1234567, -10000010, None]


@given(st.integers(min_value=-(10**13), max_value=10**13))
def test_every_amount_of_two_decimals_is_kept_and_half_a_minor_unit_more_is_not(minor: int) -> None:
    assert exact([minor / 100, (minor + 0.5) / 100]) == [minor, None]


@given(st.lists(st.lists(st.integers(min_value=0, max_value=30), max_size=40), max_size=12))
def test_seen_keys_agree_with_a_set(chunks: list[list[int]]) -> None:
    seen, known = SeenKeys(), set[int]()
    for chunk in chunks:
        expected = []
        for key in chunk:
            expected.append(key in known)
            known.add(key)
        found = seen.add(pl.DataFrame({"key": chunk}, schema={"key": pl.Int64}))
        assert np.array_equal(found, np.array(expected, dtype=np.bool_))
