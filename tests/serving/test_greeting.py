"""What `recsys serve` says of the bundle before the first request, and how health answers HEAD."""

import json
from pathlib import Path

import pytest

from recsys.report import Report
from recsys.types import SECONDS_PER_DAY
from serving import commands
from tests.serving.service_world import Running, empty_workspace, point_to, running
from tests.worlds import CUT_OFF


@pytest.fixture
def greeted(monkeypatch: pytest.MonkeyPatch) -> object:
    """Greets over a workspace, without a server behind it, at three and a half days after the bundle's cut-off."""
    shown: list[Report] = []
    monkeypatch.setattr(commands.uvicorn, "run", lambda *_, **__: None)
    monkeypatch.setattr(commands, "configure_logging", lambda: None)

    def greet(workspace: Path, now: int = CUT_OFF + 7 * SECONDS_PER_DAY // 2) -> Report:
        monkeypatch.setattr("serving.service.clock_of", lambda *_: (lambda: now, 0))
        commands.serve(workspace, host="127.0.0.1", port=8000, show=shown.append)
        return shown[-1]

    return greet


def test_the_greeting_names_the_bundle_and_its_age(workspace: Path, greeted) -> None:
    report = greeted(workspace)
    bundle_id = json.loads((workspace / "serving" / "first" / "manifest.json").read_text())["bundle_id"]
    assert f"Bundle   {bundle_id[:16]}, 3 days old" in report.notes
    assert (report.facts["bundle"], report.facts["bundle_id"]) == ("served", bundle_id)
    assert report.facts["bundle_age_s"] == 7 * SECONDS_PER_DAY // 2


def test_at_night_the_greeting_says_which_channels_are_quiet_and_until_when(workspace: Path, greeted) -> None:
    midnight = (CUT_OFF // SECONDS_PER_DAY + 3) * SECONDS_PER_DAY
    night, day = (greeted(workspace, midnight + hours * 3_600) for hours in (23, 12))
    assert "Quiet    push, sms until 08:00 (quiet_nights)" in night.notes
    assert (night.facts["quiet"], day.facts["quiet"]) == (["quiet_nights"], [])
    assert not [note for note in day.notes if note.startswith("Quiet")]


def test_where_nothing_was_published_the_greeting_says_what_to_run(tmp_path: Path, greeted) -> None:
    report = greeted(empty_workspace(tmp_path / "w"))
    assert "Bundle   none: run `recsys publish`" in report.notes
    assert (report.facts["bundle"], report.facts["bundle_refused"]) == ("none", "")


def test_a_refused_bundle_is_in_the_greeting_with_the_command_that_works(workspace: Path, greeted) -> None:
    (workspace / "serving" / "first" / "products.price_minor.npy").unlink()
    report = greeted(workspace)
    (line,) = [note for note in report.notes if note.startswith("Bundle")]
    assert line.startswith("Bundle   refused: ")
    assert line.endswith("run `recsys sync`")
    assert str(workspace) not in line
    assert (report.facts["bundle"], report.facts["bundle_refused"]) == ("refused", line.partition("refused: ")[2])


def test_a_pointer_to_nowhere_is_a_refusal_too(workspace: Path, greeted) -> None:
    point_to(workspace, "gone")
    assert greeted(workspace).facts["bundle"] == "refused"


def test_health_answers_head_as_it_answers_get(shared_service: Running, tmp_path: Path) -> None:
    for path in ("/health/live", "/health/ready"):
        assert shared_service.client.head(path, headers={"authorization": ""}).status_code == 200
    with running(empty_workspace(tmp_path / "w")) as empty:
        assert empty.client.head("/health/live").status_code == 200
        assert empty.client.head("/health/ready").status_code == 503
