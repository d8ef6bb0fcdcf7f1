"""The pages say what is true: commands, options, make targets, links and exit codes exist."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from recsys import errors
from recsys.cli import app, output

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = ("recsys", "features", "training", "serving", "experiments")
PAGES = [REPOSITORY / "README.md", *(page for room in ROOMS for page in sorted((REPOSITORY / room).rglob("*.md")))]
FENCE = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())


def code_of(page: Path) -> list[str]:
    """Every line of shell and every code span, comments and continuations resolved."""
    text = page.read_text()
    blocks = [block.replace("\\\n", " ") for block in FENCE.findall(text)]
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [part.strip() for line in [*lines, *CODE.findall(prose)] for part in re.split(r"&&|\|\|?|;", line)]


def commands_of(page: Path) -> list[list[str]]:
    calls = (line for line in code_of(page) if re.match(r"(\.venv/bin/)?recsys [a-z-]", line))
    return [shlex.split(line)[1:] for line in calls]


def resolve(words: list[str]) -> tuple[Any, list[str]]:
    """The command that *words* name, and what is left of them."""
    command: Any = typer.main.get_command(app)
    left = list(words)
    while left and left[0] in getattr(command, "commands", {}):
        command = command.commands[left.pop(0)]
    return command, left


@pages
def test_commands_and_options_on_the_page_exist(page: Path) -> None:
    wrong = []
    for words in commands_of(page):
        command, left = resolve(words)
        names = left and not left[0].startswith("-") and hasattr(command, "commands") and left[0] != "..."
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        unknown = [
            word for word in left if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in known | {"--help"}
        ]
        if names or unknown:
            wrong.append(f"recsys {' '.join(words)}: unknown {unknown or left[0]}")
    assert wrong == []


@pages
def test_make_targets_on_the_page_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))
    named = {
        word
        for line in code_of(page)
        if line.startswith("make ")
        for word in line.split()[1:]
        if re.fullmatch(r"[a-z-]+", word)
    }
    assert named <= targets


@pages
def test_links_on_the_page_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if not re.match(r"[a-z]+:", link)]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_names_enough_commands_for_these_tests_to_mean_something() -> None:
    named = {words[0] for words in commands_of(PAGES[0])}
    assert {"ingest", "train", "evaluate", "publish", "rollback", "export", "experiment", "decide", "doctor"} <= named


def test_the_readme_states_every_exit_code() -> None:
    def tree(root: type[errors.RecsysError]) -> set[int]:
        return {root.exit_code, *(code for child in root.__subclasses__() for code in tree(child))}

    own = {output.EXIT_MISSING_EXTRA, output.EXIT_BUG, output.EXIT_INTERRUPTED}
    stated = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGES[0].read_text(), flags=re.MULTILINE)}
    assert stated == {0} | tree(errors.RecsysError) | own
    epilog = typer.main.get_command(app).epilog or ""
    assert {int(code) for code in re.findall(r"\d+", epilog)} == stated


def test_make_help_lists_every_target_of_the_front_door() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    helped = set(re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE))
    assert {"demo", "test", "test-fast", "lint", "types", "bench", "docs", "check", "clean", "setup", "lock"} <= helped


def test_continuous_integration_runs_what_the_readme_says() -> None:
    assert (REPOSITORY / ".ci" / "run").read_text().splitlines()[-1] == "make test"
