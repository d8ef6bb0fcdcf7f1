"""Another programme: who moves where and what members would get; and the programme that a workspace begins with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.profile_commands import profile, profile_instead, write_programme
from features.programme import read_programme
from features.workspace import Workspace
from recsys.errors import InputError
from tests.experiments.profile_world import HARDER, PROGRAMME, open_workspace, other_programme


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_workspace(tmp_path_factory.mktemp("club"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_workspace(tmp_path_factory.mktemp("bare"), None)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_another_programme_says_who_moves_where(club: Path, tmp_path: Path) -> None:
    told = profile_instead(club, instead=other_programme(tmp_path, HARDER))
    assert told.facts["moves"] == [[2, 0], [1, 1]]
    assert told.facts["moves_by_stage"]["churned"] == [[0, 0], [1, 0]]
    assert np.sum(list(told.facts["moves_by_stage"].values()), axis=0).tolist() == told.facts["moves"]
    assert told.facts["directions"] == {"down": 1, "same": 3, "up": 0}
    assert told.tables[0].rows == (("basic", 2, 0, 2), ("gold", 1, 1, 2), ("all", 3, 1, 4))


def test_another_programme_says_what_members_get(club: Path, tmp_path: Path) -> None:
    told = profile_instead(club, instead=other_programme(tmp_path, HARDER))
    multipliers = told.facts["members_by_benefit"]["points_multiplier_bp"]
    assert multipliers == {"more": 1, "less": 1, "same": 2, "mean_now": 12_500.0, "mean_instead": 12_500.0}
    differing = next(table for table in told.tables if table.title == "Benefits that differ")
    assert differing.rows == (("gold", "points_multiplier_bp", "15,000", "20,000"),)
    assert told.facts["points"]["now"]["points_usable"] == profile(club).facts["points"]["usable"]


def test_the_same_programme_moves_nobody(club: Path, tmp_path: Path) -> None:
    told = profile_instead(club, instead=other_programme(tmp_path, PROGRAMME))
    assert told.facts["directions"] == {"down": 0, "same": 4, "up": 0}
    assert told.facts["points"]["now"] == told.facts["points"]["instead"]
    assert "Benefits that differ" not in {table.title for table in told.tables}


def test_a_question_about_another_programme_writes_nothing(club: Path, tmp_path: Path) -> None:
    before = contents(club)
    profile_instead(club, instead=other_programme(tmp_path, HARDER))
    assert contents(club) == before


def test_without_a_programme_tiers_are_compared_with_the_record(bare: Path, tmp_path: Path) -> None:
    told = profile_instead(bare, instead=other_programme(tmp_path, HARDER))
    assert (told.facts["from"], told.facts["moves"], told.facts["n_in_no_tier"]) == ("recorded", [[3, 0], [0, 1]], 0)
    assert any("no rules of now" in note for note in told.notes)


def test_without_rules_and_records_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    unrecorded = open_workspace(tmp_path, None, m1={"tier": None})
    with pytest.raises(InputError, match=r"nothing to compare with.*--write-programme"):
        profile_instead(unrecorded, instead=other_programme(tmp_path, HARDER))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("gold", "platinum"), "has the tier 'platinum', and the workspace has basic, gold"),
        (("GBP", "EUR"), "counts in EUR, the workspace in GBP"),
        (("spend_minor", "spent"), "spent"),
    ],
    ids=["a tier that the workspace lacks", "another currency", "a key that is none"],
)
def test_another_programme_that_does_not_fit_is_refused(
    club: Path, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        profile_instead(club, instead=other_programme(tmp_path, HARDER.replace(*change)))


def test_the_first_programme_is_one_for_the_workspace_and_says_that_it_is_a_template(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path, None)
    told = write_programme(workspace)
    programme = read_programme(Workspace.open(workspace))
    assert programme is not None
    assert (programme.tiers, programme.currency) == (("basic", "gold"), "GBP")
    assert "template" in told.notes[1]
    told = profile(workspace)
    assert told.facts["programme"]["name"] == "default"
    assert "its rules are made up" in told.notes[-1]
    edited = workspace / "programme.yaml"
    edited.write_text(edited.read_text().replace("20000", "30000"))
    assert "made up" not in profile(workspace).notes[-1]


def test_a_programme_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    with pytest.raises(InputError, match="exists and is not overwritten"):
        write_programme(workspace)
    assert (workspace / "programme.yaml").read_text() == PROGRAMME


@pytest.mark.parametrize(
    ("change", "message"),
    [({"currency": "XYZ"}, "'XYZ' is no currency"), ({"tiers": tuple(f"t{n}" for n in range(17))}, "17 tiers")],
    ids=["currency", "tiers"],
)
def test_what_no_programme_can_be_written_for_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    workspace = open_workspace(tmp_path, None)
    replace(Workspace.open(workspace), **change).write()
    with pytest.raises(InputError, match=message):
        write_programme(workspace)
    assert not (workspace / "programme.yaml").exists()


def test_members_are_taken_some_at_a_time_and_days_may_be_others(
    club: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = profile_instead(club, instead=other_programme(tmp_path, HARDER)).facts
    monkeypatch.setattr("experiments.profile_instead._AT_ONCE", 3)
    in_parts = profile_instead(club, instead=other_programme(tmp_path, HARDER.replace("UTC", "Asia/Taipei"))).facts
    assert in_parts == at_once


def test_records_that_stand_in_place_of_both_rules_of_points_are_said(club: Path, tmp_path: Path) -> None:
    told = profile_instead(club, instead=other_programme(tmp_path, HARDER))
    assert "1 entry of kind earn; the rules of both programmes earn nothing beside them." in " ".join(told.notes)
    assert "1 entry of kind redeem; by the rules of both programmes" in " ".join(told.notes)
