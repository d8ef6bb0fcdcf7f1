"""`recsys profile` from the inside: all members as tables, page and file, and one of them whole."""

import json
from pathlib import Path

import polars as pl
import pytest

from experiments.profile_commands import profile, profile_instead, profile_member
from features.dataset import Dataset
from features.profile.config import ProfileConfig, RfmConfig
from features.profile.known import know_members
from features.workspace import Workspace
from recsys.errors import InputError
from recsys.report import Report
from tests.experiments.profile_world import HARDER, open_workspace, other_programme, withdrew
from tests.features.small_workspace import DAY, NOW, START_AT


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_workspace(tmp_path_factory.mktemp("club"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_workspace(tmp_path_factory.mktemp("bare"), None)


@pytest.fixture(scope="module")
def everybody(club: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    """All members of the club, and the file with every column."""
    out = tmp_path_factory.mktemp("everybody") / "members.parquet"
    return profile(club, out=out), out


def test_all_members_are_counted_and_told_in_tables_and_as_facts(club: Path, everybody: tuple[Report, Path]) -> None:
    told = everybody[0]
    assert (told.facts["n_members"], told.facts["n_orders"], told.facts["currency"]) == (4, 16, "GBP")
    assert [(row["tier"], row["members"]) for row in told.facts["tiers"]["rows"]] == [("basic", 2), ("gold", 2)]
    titles = [table.title.split(",")[0].split(";")[0] for table in told.tables]
    assert titles == [
        "Members by tier", "Members by stage", "Recency", "Lifetime value", "Points",
        "Families of products that are due", "Dependence on discounts",
    ]  # fmt: skip
    assert told.facts["programme"]["name"] == "club"
    assert told.notes[-1].startswith(f"Programme: {club}/programme.yaml (club); its ladder from 2023-01-01")
    json.dumps(dict(told.facts), allow_nan=False)


def test_without_a_programme_it_is_said_how_to_write_one(bare: Path) -> None:
    told = profile(bare)
    assert told.facts["programme"] is None
    assert f"recsys profile --workspace {bare} --write-programme" in told.notes[-1]
    assert "absent" in told.facts["points"]


def test_without_a_programme_an_empty_tier_is_the_lowest(bare: Path, club: Path, tmp_path: Path) -> None:
    told = profile(bare)
    assert [(row["tier"], row["members"]) for row in told.facts["tiers"]["rows"]] == [("basic", 3), ("gold", 1)]
    assert [row[:2] for row in told.tables[0].rows] == [("basic", 3), ("gold", 1)]
    assert told.facts["tiers"]["n_without"] == 0
    unrecorded = profile(open_workspace(tmp_path, None, m1={"tier": None}))
    assert "no member has a recorded tier" in unrecorded.facts["tiers"]["absent"]
    assert profile(club).facts["tiers"]["n_recorded"] == 1  # the rules are compared with what is recorded alone


def test_as_of_an_earlier_day_nothing_later_is_known(club: Path) -> None:
    told = profile(club, as_of=START_AT + 50 * DAY)
    assert (told.facts["n_members"], told.facts["as_of_day"]) == (3, "2024-02-20")
    assert told.facts["n_orders"] == 8


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        (NOW + 1, "2024-04-10T00:00:01+00:00"),
        (1_806_451_200, "2027-03-31"),
        (10**15, "after the year 9999"),
    ],
)
def test_an_instant_after_the_facts_is_refused_with_the_latest_one(club: Path, as_of: int, said: str) -> None:
    with pytest.raises(InputError) as refused:
        profile(club, as_of=as_of)
    assert f"--as-of {said} ({as_of}) is later" in str(refused.value)
    assert f"up to 2024-04-10 ({NOW}), or" in str(refused.value)


def test_before_anybody_joined_there_is_nobody(club: Path, tmp_path: Path) -> None:
    out = tmp_path / "nobody.parquet"
    told = profile(club, as_of=START_AT, out=out)
    assert told.facts["n_members"] == 0
    assert pl.read_parquet(out).height == 0


def test_the_page_is_written_where_it_was_asked_for(club: Path, tmp_path: Path) -> None:
    page = tmp_path / "new" / "members.html"
    told = profile(club, report=page)
    assert page.read_text().startswith("<!doctype html>")
    assert told.facts["report_path"] == str(page)
    assert f"The page: {page}" in told.notes


@pytest.mark.parametrize("target", ["report", "out"])
def test_a_folder_is_no_file_to_write(club: Path, tmp_path: Path, target: str) -> None:
    with pytest.raises(InputError, match="is a folder; name the file"):
        profile(club, **{target: tmp_path})


@pytest.mark.parametrize("name", ["m.csv", "m.xlsx", "m", "m.parquet.gz", "m.PARQUET"])
def test_columns_go_into_no_file_that_is_not_named_as_parquet(club: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"as Parquet only; name a file that ends in \.parquet"):
        profile(club, out=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_columns_go_into_no_folder_that_is_not_there(club: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone is no folder, so m\.parquet cannot be written there; make it first"):
        profile(club, out=tmp_path / "gone" / "m.parquet")
    assert list(tmp_path.iterdir()) == []


def test_the_file_has_every_column_of_every_member_ids_first(club: Path, everybody: tuple[Report, Path]) -> None:
    out = everybody[1]
    frame = pl.read_parquet(out)
    specs = know_members(Dataset.read(Workspace.open(club), NOW), ProfileConfig()).profile.specs
    assert frame.columns == ["member_id", *(spec.name for spec in specs)]
    assert frame["member_id"].to_list() == ["m1", "m2", "m3", "m5"]
    assert frame["tier_by_rules"].to_list() == ["gold", "gold", "basic", "basic"]
    assert frame["stage"].to_list() == ["active", "churned", "potential", "new"]
    assert frame["recency_days"].to_list() == [8, 98, None, 15]
    assert frame.schema["monetary_minor"] == pl.Int64
    assert not frame.select(pl.selectors.float().is_nan().any()).row(0).count(True)
    meanings = json.loads(pl.read_parquet_metadata(out)["recsys"])
    assert meanings["as_of"] == NOW
    assert set(meanings["columns"]) == {spec.name for spec in specs}


def test_the_file_has_the_same_bytes_for_the_same_input(
    club: Path, everybody: tuple[Report, Path], tmp_path: Path
) -> None:
    again = tmp_path / "again.parquet"
    profile(club, out=again)
    assert again.read_bytes() == everybody[1].read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.parquet"]


def test_the_training_configuration_is_kept_to(club: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "train.yaml", tmp_path / "members.parquet"
    config.write_text("profile: {rfm: {window_days: 20}}\n")
    profile(club, config=config, out=out)
    learnt = ProfileConfig(rfm=RfmConfig(window_days=20))
    trained = know_members(Dataset.read(Workspace.open(club), NOW), learnt).profile
    assert pl.read_parquet(out)["frequency"].to_list() == trained["frequency"].tolist() == [2, 0, 0, 1]


def test_one_member_has_the_values_that_all_members_have(club: Path, everybody: tuple[Report, Path]) -> None:
    for row in pl.read_parquet(everybody[1]).iter_rows(named=True):
        groups = profile_member(club, member_id=row.pop("member_id")).facts["groups"]
        shown = {name: said["value"] for columns in groups.values() for name, said in columns.items()}
        assert shown == pytest.approx(row, abs=1e-6, nan_ok=True)


def test_one_member_is_shown_with_meaning_and_unit_of_every_column(club: Path) -> None:
    told = profile_member(club, member_id="m1")
    assert told.facts["groups"]["rfm"]["monetary_minor"] == {
        "value": 3_050, "unit": "minor units", "meaning": "Paid in the last 365 days",
    }  # fmt: skip
    rfm = next(table for table in told.tables if table.title == "Recency, frequency, monetary value")
    assert rfm.columns == ("column", "value", "unit", "meaning")
    assert ("monetary_minor", "30.50", "GBP", "Paid in the last 365 days") in rfm.rows


def test_the_tiers_of_a_member_have_dates_and_reasons(club: Path) -> None:
    history = profile_member(club, member_id="m1").facts["tier_history"]
    days = [((one["at"] - START_AT) / DAY, one["from"], one["to"], one["reason"]) for one in history]
    assert days == [
        (1, None, "basic", "joined"), (22, "basic", "gold", "earned"), (25, "gold", "basic", "review"),
        (29, "basic", "gold", "earned"),
    ]  # fmt: skip


def test_the_points_of_a_member_say_what_ends_when(club: Path) -> None:
    lots = profile_member(club, member_id="m5").facts["points_lots"]
    assert [((lot["earned_at"] - START_AT) / DAY, lot["points"], lot["left"]) for lot in lots] == [(81, 5, 5)]
    assert lots[0]["ends_at"] > lots[0]["earned_at"]


def test_the_stages_of_a_member_are_dated(club: Path) -> None:
    stages = profile_member(club, member_id="m2").facts["stage_transitions"]
    assert [(one["from"], one["to"]) for one in stages] == [
        ("potential", "new"), ("new", "dormant"), ("dormant", "churned"),
    ]  # fmt: skip
    assert stages[0]["at"] == START_AT + 2 * DAY + 1


def test_the_families_of_a_member_are_those_they_buy_the_most_urgent_first(club: Path) -> None:
    families = profile_member(club, member_id="m1").facts["families"]
    assert {one["family"] for one in families} == {"dairy", "bakery"}
    urgency = [["overdue", "due", "early"].index(one["state"]) for one in families]
    assert urgency == sorted(urgency)


def test_a_record_that_the_rules_do_not_give_is_pointed_out(club: Path, tmp_path: Path) -> None:
    recorded = open_workspace(tmp_path, m2={"tier": "basic"})
    told = profile_member(recorded, member_id="m2")
    assert told.facts["recorded_tier"] == "basic"
    assert any("recorded the tier basic; the programme's rules give gold" in note for note in told.notes)
    assert not any("recorded the tier" in note for note in profile_member(club, member_id="m1").notes)


def test_who_may_not_be_shown_and_who_is_not_there_get_the_same_words(club: Path) -> None:
    said = set()
    for member_id, gone in (("m4", ()), ("zz", ()), ("m1", ("m1",))):
        with pytest.raises(InputError) as refused:
            profile_member(club, member_id=member_id, left_out=withdrew(*gone))
        said.add(str(refused.value).replace(member_id, "ID"))
    assert len(said) == 1


def test_who_withdrew_since_is_in_no_figure_and_no_file(club: Path, tmp_path: Path) -> None:
    out, left_out = tmp_path / "members.parquet", withdrew("m1")
    told = profile(club, out=out, left_out=left_out)
    assert (told.facts["n_members"], told.facts["n_left_out"]) == (3, 1)
    assert "m1" not in pl.read_parquet(out)["member_id"].to_list()
    assert any("1 members withdrew or were erased" in note for note in told.notes)
    moved = profile_instead(club, instead=other_programme(tmp_path, HARDER), left_out=left_out)
    assert moved.facts["moves"] == [[2, 0], [1, 0]]


EARN = (
    "Orders earn what points_entries say: 1 entry of kind earn; the rules of programme.yaml earn nothing beside them."
)


def test_records_that_stand_in_place_of_the_rules_of_points_are_said(club: Path, bare: Path, tmp_path: Path) -> None:
    page = tmp_path / "members.html"
    told, alone = profile(club, report=page), profile_member(club, member_id="m5")
    assert told.facts["points"]["recorded"] == {"earn": 1, "redeem": 1}
    for notes in (told.notes, alone.notes):
        assert EARN in notes
        assert sum(note.startswith("Redemptions take what points_entries say: 1 entry") for note in notes) == 1
    assert page.read_text().count(EARN) == 2  # with the points, and under what is missing
    without_rules = (*profile(bare).notes, *profile_member(bare, member_id="m1").notes)
    assert not any("points_entries" in note for note in without_rules)
