"""Features of members as named columns: what a value says, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys.bundle import Bundle, write_bundle
from recsys.errors import BundleError
from recsys.knowledge import Knowledge, as_arrays
from recsys.profile import ColumnSpec, Unit
from tests.worlds import CUT_OFF, small_knowledge

KNOWLEDGE = small_knowledge()
SHARE = ColumnSpec("share", "float32", Unit.SHARE, "A share", 0, 1, unknown=float("nan"))
DAYS = ColumnSpec("days", "int32", Unit.DAYS, "Days", 0, 365, unknown=-1)


def written(path: Path, knowledge: Knowledge = KNOWLEDGE, **instead: object) -> Path:
    arrays, settings = as_arrays(knowledge)
    write_bundle(
        path,
        arrays,
        cut_off=CUT_OFF,
        dataset_digest="0" * 64,
        currency="GBP",
        settings=settings | instead,
        run_id="r",
        git_sha="0" * 40,
    )
    return path


def test_what_is_unknown_is_none_and_codes_are_names() -> None:
    profile = KNOWLEDGE.members.profile
    assert profile.of_member(1) == {
        "coupon_share": None, "due_families": None, "main_channel": None, "at_risk": False, "silent_days": None,
    }  # fmt: skip
    assert profile.of_member(0) | {"at_risk": True} == {
        "coupon_share": 0.0, "due_families": 0, "main_channel": "store", "at_risk": True, "silent_days": 10,
    }  # fmt: skip


def test_a_stranger_has_no_values() -> None:
    assert set(KNOWLEDGE.members.profile.of_member(-1).values()) == {None}


@pytest.mark.parametrize(
    ("spec", "values", "fits"),
    [
        (SHARE, np.array([0, 1, np.nan], dtype=np.float32), True),
        (SHARE, np.array([0, 1.01], dtype=np.float32), False),
        (SHARE, np.array([0.5]), False),
        (DAYS, np.array([0, 365, -1], dtype=np.int32), True),
        (DAYS, np.array([-2], dtype=np.int32), False),
        (replace(DAYS, unknown=None), np.array([-1], dtype=np.int32), False),
        (DAYS, np.array([1], dtype=np.int64), False),
    ],
)
def test_a_column_holds_its_range_or_says_unknown(spec: ColumnSpec, values: np.ndarray, fits: bool) -> None:
    assert spec.holds(values) is fits


def test_a_bundle_gives_back_the_profile_that_was_written(tmp_path: Path) -> None:
    again = Knowledge.of(Bundle.open(written(tmp_path / "b"))).members.profile
    assert [again.of_member(row) for row in range(3)] == [KNOWLEDGE.members.profile.of_member(row) for row in range(3)]
    assert [spec.meaning for spec in again.specs] == [spec.meaning for spec in KNOWLEDGE.members.profile.specs]


def test_a_manifest_with_a_profile_is_plain_json(tmp_path: Path) -> None:
    text = (written(tmp_path / "b") / "manifest.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)


def test_a_bundle_of_before_there_were_profiles_has_none(tmp_path: Path) -> None:
    assert not Knowledge.of(Bundle.open(written(tmp_path / "b", profile={}))).members.profile.specs


def test_a_value_outside_its_range_is_refused(tmp_path: Path) -> None:
    profile = KNOWLEDGE.members.profile
    wrong = np.full(len(KNOWLEDGE.members), 7, dtype=np.float32)
    broken = replace(profile, columns=dict(profile.columns) | {"coupon_share": wrong})
    knowledge = replace(KNOWLEDGE, members=replace(KNOWLEDGE.members, profile=broken))
    with pytest.raises(BundleError, match=r"profile\.coupon_share has a value outside 0 to 1"):
        Knowledge.of(Bundle.open(written(tmp_path / "b", knowledge)))


def test_codes_beyond_their_names_are_refused(tmp_path: Path) -> None:
    profile = replace(KNOWLEDGE.members.profile, names={"channel": ("store",)})
    knowledge = replace(KNOWLEDGE, members=replace(KNOWLEDGE.members, profile=profile))
    with pytest.raises(BundleError, match="main_channel"):
        Knowledge.of(Bundle.open(written(tmp_path / "b", knowledge)))


SINCE, UNTIL = replace(DAYS, ages=1), replace(DAYS, ages=-1)


@pytest.mark.parametrize(
    ("spec", "later", "values"),
    [
        (SINCE, 10, [10, 13, 365, -1]),
        (UNTIL, 2, [0, 1, 358, -1]),
        (UNTIL, 10, [0, 0, 350, -1]),
        (DAYS, 10, [0, 3, 360, -1]),
        (SINCE, -5, [0, 3, 360, -1]),
    ],
)
def test_days_since_grow_and_days_until_end_and_what_is_unknown_stays_so(
    spec: ColumnSpec, later: int, values: list[int]
) -> None:
    found = spec.aged(np.array([0, 3, 360, -1], dtype=np.int32), later)
    assert (found.tolist(), found.dtype) == (values, np.int32)
