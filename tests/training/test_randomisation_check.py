"""The doctor names campaigns whose log contradicts itself, and counts none of their exposures as a measurement."""

import pytest

from tests.features.small_workspace import NOW, day, exposure, small_rows, write_workspace
from training.doctor import doctor


def parts_with(tmp_path, n_control, *, others=()):
    rows = small_rows()
    shown = [exposure(f"t{number}", "m1", "spend", day(30)) for number in range(300)]
    held = [exposure(f"c{number}", "m1", "no_offer", day(30)) for number in range(n_control)]
    members = [rows["members"][0] | {"member_id": f"n{number}"} for number in range(len(shown) + len(held))]
    drawn = [one | {"member_id": member["member_id"]} for one, member in zip(shown + held, members, strict=True)]
    rows["members"] = [*rows["members"], *members]
    rows["exposures"] = [*drawn, *others]
    return doctor(write(tmp_path, rows), now=NOW).facts["parts"]


def write(tmp_path, rows):
    write_workspace(tmp_path / "w", rows)
    return tmp_path / "w"


def test_a_log_that_contradicts_itself_is_named_and_not_counted(tmp_path):
    parts = parts_with(tmp_path, 40)
    assert parts["randomisation"]["state"] == "thin"
    assert parts["randomisation"]["found"] == "1 campaign of 1 whose log contradicts itself"
    assert parts["randomisation"]["to_do"].endswith("in c1")
    assert parts["uplift measurement"]["state"] == "missing"


@pytest.mark.parametrize("n_control", [290, 320])
def test_an_honest_log_is_not_accused(tmp_path, n_control):
    parts = parts_with(tmp_path, n_control)
    assert "randomisation" not in parts
    assert parts["uplift measurement"]["state"] == "ok"


def test_only_the_contradicting_campaign_is_left_out(tmp_path):
    honest = [exposure("h1", "m1", "spend", day(31)), exposure("h2", "m2", "no_offer", day(31))]
    parts = parts_with(tmp_path, 40, others=[one | {"campaign_id": "c2"} for one in honest])
    assert parts["randomisation"]["found"] == "1 campaign of 2 whose log contradicts itself"
    assert parts["uplift measurement"]["found"].startswith("1 randomised exposure ")
