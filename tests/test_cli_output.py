"""What the command line shows: tables, JSON, errors and progress, each on its stream."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from recsys import errors
from recsys.cli import app
from recsys.cli.output import answering, json_ready
from recsys.cli.progress import LineProgress
from recsys.cli.tables import fit_width, render
from recsys.report import Report, Table

runner = CliRunner()


def test_json_is_all_there_is_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("figures", ("name", "value"), (("ndcg", 0.25),))
    with answering(as_json=True, traceback=False) as answer:
        answer.progress.step("fitting", 3)
        answer.progress.advance()
        answer.show(Report(facts={"ndcg": 0.25, "name": "會員"}, tables=(table,), notes=("a note",)))
    out, err = capsys.readouterr()
    assert json.loads(out) == {"ndcg": 0.25, "name": "會員"}
    assert out.count("\n") == 1
    assert "fitting" in err


def test_a_benchmark_ends_with_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("figures", ("name", "value"), (("ratio", 1.5),))
    with answering(as_json=False, traceback=False) as answer:
        answer.show(Report(facts={"ratio": 1.5}, tables=(table,)), json_last=True)
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[-1]) == {"ratio": 1.5}
    assert any("figures" in line for line in lines)


def test_facts_become_plain_json() -> None:
    facts = {"rows": np.int64(3), "share": np.float32(0.5), "lost": float("nan"), "ids": np.array([1, 2]), 7: Path("a")}
    assert json_ready(facts) == {"rows": 3, "share": 0.5, "lost": None, "ids": [1, 2], "7": "a"}


def test_tables_show_numbers_for_people_and_keep_square_brackets() -> None:
    table = Table("members", ("tier", "n", "share"), (("gold [1]", 12_345, 0.25), ("none", None, 0.75)))
    console = Console(file=io.StringIO(), width=80)
    console.print(render(table))
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO of the line above
    assert "gold [1]" in shown
    assert "12,345" in shown
    assert "0.2500" in shown


def test_a_narrow_terminal_loses_no_column(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.cli.output._WIDTH_WITHOUT_TERMINAL", 40)
    names = tuple(f"metric_{number}_at_10" for number in range(12))
    table = Table("wide", ("ranker", *names), (("the blend of everything", *range(1_000, 1_012)),))
    with answering(as_json=False, traceback=False) as answer:
        answer.show(Report(facts={}, tables=(table,)))
    shown = capsys.readouterr().out
    assert all(f"{number:,}" in shown for number in range(1_000, 1_012))


def test_an_empty_table_is_still_shown() -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(render(Table("rejected rows", ("reason", "rows"), ())))
    assert "reason" in console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO of the line above


def test_plain_progress_says_when_a_step_begins_and_ends() -> None:
    console = Console(file=io.StringIO(), width=40)
    progress = LineProgress(console)
    progress.step("reading [purchases]", 2)
    progress.advance(2)
    progress.step("writing")
    progress.close()
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # the StringIO of the line above
    assert lines[0] == "reading [purchases] ..."
    assert lines[1].startswith("reading [purchases]: done in ")
    assert lines[2] == "writing ..."
    assert lines[3].startswith("writing: done in ")


def test_an_error_is_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        with answering(as_json=True, traceback=False):
            raise errors.GateError("no gain", figures={"gain_low": -0.1}, failures=("too small",))

    with pytest.raises(typer.Exit):
        refuse()
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "error": "no gain",
        "code": "gate_error",
        "exit": 5,
        "gate": {"gain_low": -0.1},
        "gate_failures": ["too small"],
    }
    assert "no gain" in err


def test_a_wrong_option_is_json_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["doctor", "--nowhere", "--json"]
    monkeypatch.setattr(sys, "argv", ["recsys", *words])
    shown = runner.invoke(app, words)
    answered = json.loads(shown.stdout)
    assert (shown.exit_code, answered["exit"], answered["code"]) == (2, 2, "usage")
    assert "--nowhere" in answered["error"]


def test_a_narrow_terminal_does_without_spare_columns_and_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ("ranker", *(f"metric_{number}" for number in range(12)))
    rows = (("blend", *(number / 7 for number in range(12))),)
    table = Table("figures", columns, rows, spare=columns[7:], formats={"metric_1": ",.1f"})
    assert fit_width(table, 200) == table
    assert len(fit_width(table, 80).columns) < len(columns)
    monkeypatch.setenv("COLUMNS", "80")
    with answering(as_json=False, traceback=False) as answer:
        answer.show(Report(facts={}, tables=(table,)))
    shown = capsys.readouterr().out
    assert "left out at this width: metric_6" in shown
    assert "0.1 " in shown
    assert max(len(line) for line in shown.splitlines() if not line.startswith("left out")) <= 80


def test_a_step_that_fails_is_not_reported_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    def fit() -> None:
        with answering(as_json=False, traceback=False) as answer:
            answer.progress.step("fitting")
            raise errors.NotEnoughDataError("no purchases")

    with pytest.raises(typer.Exit):
        fit()
    err = capsys.readouterr().err
    assert "stopped after" in err
    assert "done" not in err
