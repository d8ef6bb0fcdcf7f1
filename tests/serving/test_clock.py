"""Which instant the service takes for now."""

import json
from pathlib import Path

import pytest

from recsys.errors import InputError
from recsys.types import SECONDS_PER_DAY
from serving.clock import clock_of, wall, workspace_lag_s
from serving.settings import ClockChoice


def described(folder: Path, days_old: int) -> Path:
    ingested_at = 1_700_000_000
    facts = {"ingested_at": ingested_at, "now": ingested_at - days_old * SECONDS_PER_DAY}
    (folder / "workspace.json").write_text(json.dumps(facts))
    return folder


@pytest.mark.parametrize(
    ("choice", "days_old", "lag_days"),
    [
        (ClockChoice.AUTO, 5, 0),
        (ClockChoice.AUTO, 500, 500),
        (ClockChoice.WALL, 500, 0),
        (ClockChoice.WORKSPACE, 5, 5),
    ],
)
def test_historic_workspaces_are_served_at_the_end_of_their_facts(
    tmp_path: Path, choice: ClockChoice, days_old: int, lag_days: int
) -> None:
    clock, lag_s = clock_of(choice, described(tmp_path, days_old))
    assert lag_s == lag_days * SECONDS_PER_DAY
    assert abs(clock() - (wall() - lag_s)) <= 1


def test_a_workspace_that_does_not_say_is_live(tmp_path: Path) -> None:
    assert workspace_lag_s(tmp_path) == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"now": "x", "ingested_at": 1}', '{"now": 1}'])
def test_a_broken_description_is_an_error_that_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "workspace.json").write_text(text)
    with pytest.raises(InputError, match="run `recsys ingest` again"):
        workspace_lag_s(tmp_path)
