"""The command line: what goes to which stream, which exit code an error has, and that help is complete."""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from experiments.benchmarks import BENCHMARKS
from features.simulator import run
from features.sources.registry import SOURCE_NAMES
from recsys import errors
from recsys.cli import app
from recsys.cli.options import (
    Benchmark,
    Clock,
    ExportFormat,
    KeyScope,
    Objective,
    Source,
    actor_or_login,
    now_or_clock,
    read_bench_options,
    read_instant,
    refuse_taken_port,
)
from recsys.cli.output import answering
from recsys.cli.root import program
from recsys.report import Report
from serving.export.plan import FileFormat
from serving.scopes import Scope
from serving.settings import ClockChoice
from training.summary import CASE_TITLES

runner = CliRunner()


def all_commands() -> list[tuple[str, ...]]:
    def walk(command: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*path, name))

    return list(walk(typer.main.get_command(app), ()))


def leave(error: BaseException, *, traceback: bool = False) -> int:
    with pytest.raises(typer.Exit) as left, answering(as_json=False, traceback=traceback):
        raise error
    return int(left.value.exit_code)


@pytest.mark.parametrize("path", all_commands(), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    shown = runner.invoke(app, [*path, "--help"])
    assert shown.exit_code == 0
    assert "Usage:" in shown.stdout


def test_the_commands_are_those_of_the_design() -> None:
    data = {"simulate", "ingest", "doctor", "version"}
    models = {"train", "evaluate", "tune", "publish", "rollback", "sync"}
    decisions = {"serve", "decide", "export", "policy", "experiment", "bench"}
    assert data | models | decisions <= {path[0] for path in all_commands() if path}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RecsysError("x"), 1),
        (errors.InputError("x"), 2),
        (errors.SourceError("x"), 2),
        (errors.PolicyError("x"), 2),
        (errors.BundleError("x"), 3),
        (errors.RegistryError("x"), 4),
        (errors.GateError("x"), 5),
        (errors.StoreError("x"), 6),
        (errors.NotEnoughDataError("x"), 7),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("x"), 70),
        (ModuleNotFoundError("No module named 'polars'", name="polars"), 69),
        (ModuleNotFoundError("No module named 'recsys.nowhere'", name="recsys.nowhere"), 70),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_an_error_leaves_with_its_documented_code(error: BaseException, code: int) -> None:
    assert leave(error) == code


def test_an_error_is_one_message_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    leave(errors.InputError("column [price] is missing from a.csv"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: column [price] is missing from a.csv\n"


def test_a_missing_extra_is_named_with_the_command_that_installs_it(capsys: pytest.CaptureFixture[str]) -> None:
    leave(ModuleNotFoundError("No module named 'mlflow.tracking'", name="mlflow.tracking"))
    assert "pip install 'recsys-nbo[train]'" in capsys.readouterr().err


def test_a_defect_shows_its_traceback_only_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    leave(ZeroDivisionError("division by zero"))
    brief = capsys.readouterr().err
    leave(ZeroDivisionError("division by zero"), traceback=True)
    full = capsys.readouterr().err
    assert "Traceback" not in brief
    assert "--traceback" in brief
    assert "Traceback" in full


def test_the_option_before_the_command_turns_tracebacks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "training.doctor", None)
    shown = runner.invoke(app, ["--traceback", "doctor", "--workspace", "nowhere"])
    program(traceback=False)
    assert shown.exit_code == 70
    assert "Traceback" in shown.stderr


def test_the_closed_sets_of_the_command_line_are_those_of_the_rooms() -> None:
    """They are stated twice so that help needs no NumPy; this holds the two together."""
    assert {scope.value for scope in KeyScope} == {scope.value for scope in Scope}
    assert {clock.value for clock in Clock} == {clock.value for clock in ClockChoice}
    assert {file_format.value for file_format in ExportFormat} == {file_format.value for file_format in FileFormat}
    assert {source.value for source in Source} == set(SOURCE_NAMES)
    assert {objective.value for objective in Objective} == set(CASE_TITLES)
    assert set(BENCHMARKS) <= {benchmark.value for benchmark in Benchmark}


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "12.5"])
def test_what_is_no_instant_is_refused_with_examples(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="epoch seconds"):
        read_instant(text)


def test_instants_without_a_zone_are_utc() -> None:
    assert read_instant("2026-06-30T02:00:00") == read_instant("2026-06-30T04:00:00+02:00")


def test_a_stated_instant_and_actor_win_over_clock_and_login() -> None:
    assert now_or_clock(0) == 0
    assert now_or_clock(None) > 1_700_000_000
    assert actor_or_login("ada") == "ada"


def test_a_taken_port_is_found_before_anything_is_promised() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(errors.InputError, match=f"127.0.0.1:{port}"):
            refuse_taken_port("127.0.0.1", port)


@pytest.mark.parametrize("text", ["members", "=3", "members="])
def test_a_benchmark_option_without_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(errors.InputError, match="NAME=VALUE"):
        read_bench_options([text])


def test_an_unknown_source_names_the_known_ones() -> None:
    shown = runner.invoke(app, ["ingest", "netflix", "--data", ".", "--out", "w"])
    assert shown.exit_code == 2
    assert "online_retail" in shown.stderr


@pytest.mark.parametrize("command", [("train",), ("evaluate",), ("tune",), ("experiment", "compare", "a.yaml")])
def test_what_learns_looks_at_its_input_before_it_loads_its_libraries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: tuple[str, ...]
) -> None:
    for room in ("training.commands", "training.tune", "experiments.commands"):
        monkeypatch.setitem(sys.modules, room, None)
    shown = runner.invoke(app, [*command, "--workspace", str(tmp_path / "nowhere"), "--json"])
    assert shown.exit_code == 2
    assert json.loads(shown.stdout)["code"] == "input_error"


def test_the_version_is_an_option_too() -> None:
    shown = runner.invoke(app, ["--version"])
    assert shown.exit_code == 0
    assert shown.stdout.startswith("recsys ")


LEARNING = {
    "train": (("train",), "training.commands"),
    "evaluate": (("evaluate",), "training.commands"),
    "tune": (("tune",), "training.tune"),
    "compare": (("experiment", "compare", "a.yaml", "b.yaml"), "experiments.commands"),
}


@pytest.mark.parametrize("name", LEARNING)
def test_the_seed_and_the_question_who_left_reach_what_learns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    command, room = LEARNING[name]
    options: dict[str, Any] = {}
    asked: list[object] = []

    def remember(*_: object, **given: object) -> Report:
        options.update(given)
        return Report(facts={})

    def opted_out(workspace: Path, member_ids: list[str], *, store_url: str | None) -> list[bool]:
        asked.append((workspace, store_url))
        return [member_id == "m2" for member_id in member_ids]

    monkeypatch.setattr(f"{room}.{name}", remember)
    monkeypatch.setattr("serving.commands.opted_out", opted_out)
    monkeypatch.setattr("training.inputs.check_inputs", lambda *_: None)
    store_url = f"sqlite:///{tmp_path}/other.db"
    shown = runner.invoke(app, [*command, "--workspace", "w", "--seed", "7", "--store-url", store_url])
    assert (shown.exit_code, options["seed"]) == (0, 7)
    assert options["left_out"](["m1", "m2"]) == [False, True]
    assert asked == [(Path("w"), store_url)]


def test_simulate_says_the_least_that_it_takes() -> None:
    options = {one.name: one.help for one in typer.main.get_command(app).commands["simulate"].params}
    for name, least in (("members", run.MIN_MEMBERS), ("products", run.MIN_PRODUCTS), ("days", run.MIN_DAYS)):
        assert options[name].endswith(f"at least {least}.")
