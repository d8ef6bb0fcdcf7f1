"""Merges lead to one survivor each, never in a circle; and who may be learnt from when two cards become one."""

from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.dataset import Dataset
from features.merges import closes_circle, refused_by_survivor, survivors
from features.sources.base import REASON
from features.tables import MergesTable
from recsys.errors import InputError
from tests.features.rows_source import rejected, run
from tests.features.small_workspace import NOW, day, merge, small_rows, write_workspace

TYPES = {name: column.dtype for name, column in MergesTable.columns().items()}


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=TYPES)


def at(n: float) -> int:
    return int(day(n).timestamp())


def test_a_chain_ends_at_its_last_member() -> None:
    chain = frame(merge("b", "c", day(2)), merge("c", "d", day(9)), merge("a", "b", day(5)), merge("x", "y", day(1)))
    found = survivors(chain, at(9))
    assert found.columns == ["member_id", "survivor_id"]
    assert found.rows() == [("a", "d"), ("b", "d"), ("c", "d"), ("x", "y")]


def test_a_merge_that_is_later_has_not_happened() -> None:
    chain = frame(merge("a", "b", day(5)), merge("b", "c", day(9)))
    assert survivors(chain, at(5) - 1).rows() == []
    assert survivors(chain, at(5)).rows() == [("a", "b")]
    assert survivors(chain, at(9) - 1).rows() == [("a", "b")]
    assert survivors(chain, at(9)).rows() == [("a", "c"), ("b", "c")]


def test_nobody_merged_gives_an_empty_mapping() -> None:
    none = survivors(frame(), at(50))
    assert none.schema == {"member_id": pl.String, "survivor_id": pl.String}
    assert none.height == 0


def test_a_long_chain_is_followed_to_its_end() -> None:
    chain = frame(*(merge(f"m{n:04}", f"m{n + 1:04}", day(1)) for n in range(1_025)))
    assert survivors(chain, at(1))["survivor_id"].unique().to_list() == ["m1025"]


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_circle_is_refused_rather_than_followed_forever(length: int) -> None:
    circle = [merge(f"c{n}", f"c{(n + 1) % length}", day(1)) for n in range(length)]
    with pytest.raises(InputError, match=r"the merges of 'c\d' lead in a circle"):
        survivors(frame(*circle, merge("z", "c0", day(1))), at(1))


def test_a_member_merged_away_twice_is_refused() -> None:
    with pytest.raises(InputError, match="'a' is merged away twice"):
        survivors(frame(merge("a", "b", day(1)), merge("a", "c", day(2))), at(2))


NAMES = st.sampled_from("abcdefg")
MERGES = st.lists(st.tuples(NAMES, NAMES, st.integers(0, 4)), max_size=7, unique_by=lambda row: row[0])


@given(MERGES, st.randoms())
@settings(max_examples=80)
def test_without_the_closing_ones_every_merge_has_a_survivor_who_stays(
    drawn: list[tuple[str, str, int]], random: Any
) -> None:
    rows = frame(*(merge(one, into, day(n)) for one, into, n in drawn))
    closing = closes_circle(rows.with_columns(pl.lit(None, dtype=pl.String).alias(REASON)))
    kept = rows.filter(~pl.Series(closing, dtype=pl.Boolean))
    found = survivors(kept, at(4))
    assert set(found["member_id"]) == set(kept["member_id"])
    assert not set(found["survivor_id"]) & set(kept["member_id"])
    shuffled = kept.sample(fraction=1, shuffle=True, seed=random.randrange(99)) if kept.height else kept
    assert survivors(shuffled, at(4)).equals(found)
    with pytest.raises(InputError) if closing.any() else nullcontext():
        survivors(rows, at(4))


BAD: list[tuple[str, dict[str, Any]]] = [
    ("merge_cycle", merge("m3", "m3", day(50))),
    ("unknown_survivor", merge("m3", "nobody", day(50))),
    ("unknown_member", merge("nobody", "m3", day(50))),
    ("future_date", merge("m3", "m1", day(100.1))),
    ("missing:into_member_id", merge("m3", "", day(50))),
    ("looks_personal", merge("m3", "ann@example.org", day(50))),
    ("looks_personal", merge("ann@example.org", "m3", day(50))),
    ("merge_cycle", merge("m2", "m5", day(91))),
    ("duplicate", merge("m5", "m1", day(50))),
]


@pytest.mark.parametrize(("reason", "bad"), BAD, ids=[f"{n}-{r}" for n, (r, _) in enumerate(BAD)])
def test_a_bad_merge_is_quarantined_with_its_reason(tmp_path: Path, reason: str, bad: dict[str, Any]) -> None:
    rows = small_rows() | {"merges": [merge("m5", "m2", day(90)), bad]}
    done = run(rows, tmp_path / "w")
    assert rejected(tmp_path / "w", "merges") == [(bad["member_id"], reason)]
    assert done.workspace.read_table("merges").collect().rows() == [("m5", "m2", day(90))]


@pytest.mark.parametrize("chunk", [1, 1_000])
def test_the_latest_merge_of_a_circle_is_refused_and_chains_are_kept(tmp_path: Path, chunk: int) -> None:
    circle = [merge("m3", "m1", day(70)), merge("m1", "m2", day(60)), merge("m2", "m3", day(65))]
    done = run(small_rows() | {"merges": circle}, tmp_path / "w", chunk=chunk)
    assert rejected(tmp_path / "w", "merges") == [("m3", "merge_cycle")]
    kept = done.workspace.read_table("merges").collect()
    assert survivors(kept, NOW).rows() == [("m1", "m3"), ("m2", "m3")]


def test_a_merge_into_itself_does_not_make_a_later_good_one_a_duplicate(tmp_path: Path) -> None:
    done = run(small_rows() | {"merges": [merge("m3", "m3", day(2)), merge("m3", "m1", day(3))]}, tmp_path / "w")
    assert done.counts["merges"].reasons == {"merge_cycle": 1}
    assert done.counts["merges"].kept == 1


AGREED = {"m1": True, "m2": True, "m3": False, "m4": False}


@pytest.mark.parametrize(
    ("chain", "refused"),
    [
        (["m1", "m2"], []),
        (["m1", "m3"], ["m1"]),
        (["m1", "m3", "m2"], []),
        (["m1", "m2", "m3"], ["m1", "m2"]),
        (["m3", "m1"], []),
    ],
    ids=["both-agree", "survivor-refuses", "one-between-refuses", "last-refuses", "refuser-into-agreeing"],
)
def test_the_survivor_speaks_for_whoever_is_merged_into_it(chain: list[str], refused: list[str]) -> None:
    members = pl.DataFrame({"member_id": list(AGREED), "consent_personalisation": list(AGREED.values())})
    merges = frame(*(merge(one, into, day(1)) for one, into in pairwise(chain)))
    assert refused_by_survivor(members, merges, NOW).to_list() == refused


def read(path: Path, *merges: dict[str, Any], cut_off: int = NOW) -> Dataset:
    return Dataset.read(write_workspace(path, small_rows() | {"merges": list(merges)}), cut_off)


def test_a_member_that_refused_stays_left_out_with_all_its_facts_when_merged_into_one_that_agreed(
    tmp_path: Path,
) -> None:
    before, after = read(tmp_path / "a"), read(tmp_path / "b", merge("m4", "m1", day(20)))
    assert after.members.equals(before.members)
    assert after.purchases.paid_minor.tolist() == before.purchases.paid_minor.tolist()
    assert after.events.equals(before.events)
    assert after.exposures.equals(before.exposures)


def test_a_member_merged_into_one_that_refused_is_left_out_also_at_earlier_cut_offs(tmp_path: Path) -> None:
    now, early = (
        read(tmp_path / str(cut_off), merge("m1", "m4", day(60)), cut_off=cut_off) for cut_off in (NOW, at(50))
    )
    assert now.members["member_id"].to_list() == ["m2", "m3", "m5"]
    assert now.purchases.paid_minor.sum() == 50_340
    assert early.members["member_id"].to_list() == ["m2", "m3"]
