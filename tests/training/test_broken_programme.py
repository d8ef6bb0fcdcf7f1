"""A broken programme file stops every command that would read it later, before anything is made."""

from collections.abc import Callable
from pathlib import Path

import pytest

from recsys.errors import InputError
from recsys.report import Report
from tests.training.shop import write_rows
from training import commands
from training.tune import tune


@pytest.mark.parametrize("command", [commands.train, commands.evaluate, tune])
def test_a_broken_programme_is_refused_and_leaves_nothing_behind(
    command: Callable[[Path], Report], tmp_path: Path
) -> None:
    workspace = write_rows(tmp_path / "w", {})
    workspace.programme_path.write_text("name: club\ncolour: red\n")
    before = sorted(workspace.path.rglob("*"))
    with pytest.raises(InputError, match=r"programme\.yaml breaks the schema of a programme"):
        command(workspace.path)
    assert sorted(workspace.path.rglob("*")) == before
