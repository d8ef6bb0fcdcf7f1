"""Members merged into others, and returns: what the dataset makes of them."""

import numpy as np
import pytest

from features.dataset import Dataset
from tests.features.small_workspace import DAY, START_AT, day, member, points_entry, small_rows, write_workspace


def merged_workspace(tmp_path, **instead):
    rows = small_rows() | {"merges": [{"member_id": "m2", "into_member_id": "m1", "merged_at": day(50)}]}
    return write_workspace(tmp_path / "merged", rows | instead)


def test_a_merged_member_is_their_survivor_from_the_merge_on(tmp_path):
    workspace = merged_workspace(tmp_path)
    before, after = (Dataset.read(workspace, START_AT + n * DAY) for n in (50, 51))
    assert before.member_ids.rows(["m1", "m2"]).min() >= 0
    assert after.member_ids.row("m2") == -1
    own = [int((one.purchases.member == one.member_ids.row("m1")).sum()) for one in (before, after)]
    assert own == [8, 9 + 2]


def test_a_survivor_joined_when_the_first_of_them_did(tmp_path):
    rows = small_rows()
    members = [row | ({"joined_at": day(1)} if row["member_id"] == "m2" else {}) for row in rows["members"]]
    members = [row | ({"joined_at": day(20)} if row["member_id"] == "m1" else {}) for row in members]
    dataset = Dataset.read(merged_workspace(tmp_path, members=members), START_AT + 60 * DAY)
    assert dataset.members.row(dataset.member_ids.row("m1"), named=True)["joined_at"] == day(1)


@pytest.mark.parametrize("joined_at", [None, day(70)], ids=["without a date", "later"])
def test_a_survivor_of_whom_nothing_else_is_known_yet_is_there_with_what_came_with_the_merge(tmp_path, joined_at):
    members = [*small_rows()["members"], member("m9", joined_at=joined_at)]
    merges = [{"member_id": "m2", "into_member_id": "m9", "merged_at": day(50)}]
    workspace = merged_workspace(tmp_path, members=members, merges=merges)
    before, after = (Dataset.read(workspace, START_AT + n * DAY) for n in (50, 51))
    assert before.members["member_id"].to_list() == ["m1", "m2", "m3"]
    assert after.members["member_id"].to_list() == ["m1", "m3", "m9"]
    assert after.purchases.paid_minor[after.purchases.member == 2].tolist() == [240, 50_000]
    assert after.members["joined_at"].to_list() == [None, day(10), None]


def test_a_member_of_whom_only_an_entry_of_points_or_a_tier_is_known_has_been_seen(tmp_path):
    rows = small_rows()
    rows["members"] += [member("m7"), member("m8"), member("m9")]
    rows["points_entries"].append(points_entry("g9", "m7", "sign_in", 5, day(40)))
    rows["tier_changes"].append({"member_id": "m8", "tier": "gold", "changed_at": day(40)})
    workspace = write_workspace(tmp_path / "w", rows)
    seen = [Dataset.read(workspace, START_AT + n * DAY).members["member_id"].to_list() for n in (40, 41)]
    assert seen == [["m1", "m2", "m3"], ["m1", "m2", "m3", "m7", "m8"]]


def test_a_survivor_known_only_by_a_member_that_is_left_out_is_not_there(tmp_path):
    members = [*small_rows()["members"], member("m9", joined_at=day(70))]
    merges = [{"member_id": "m2", "into_member_id": "m9", "merged_at": day(50)}]
    workspace = merged_workspace(tmp_path, members=members, merges=merges)
    dataset = Dataset.read(workspace, START_AT + 60 * DAY, left_out=lambda ids: np.array([one == "m2" for one in ids]))
    assert dataset.members["member_id"].to_list() == ["m1", "m3"]
    assert dataset.n_left_out == 1


def test_what_a_merged_member_without_consent_did_is_nobodys(tmp_path):
    merges = [{"member_id": "m4", "into_member_id": "m1", "merged_at": day(55)}]
    dataset = Dataset.read(merged_workspace(tmp_path, merges=merges), START_AT + 60 * DAY)
    assert int((dataset.purchases.member == dataset.member_ids.row("m1")).sum()) == 10


def test_returns_are_dated_by_when_they_came_back_and_know_when_they_were_bought(tmp_path):
    returned = {"return_id": "z1", "purchase_id": "a3", "member_id": "m1", "quantity": 1, "refund_minor": 100}
    rows = small_rows() | {"returns": [returned | {"returned_at": day(40)}]}
    workspace = write_workspace(tmp_path / "returns", rows)
    assert Dataset.read(workspace, START_AT + 40 * DAY).returns.height == 0
    (one,) = Dataset.read(workspace, START_AT + 41 * DAY).returns.to_dicts()
    assert (one["at"], one["bought_at"], one["refund_minor"]) == (START_AT + 40 * DAY, START_AT + 22 * DAY, 100)
