"""A small workspace with a published bundle, a policy and a store, for the tests of the export."""

import csv
from pathlib import Path
from typing import Any

from recsys.knowledge import Knowledge
from recsys.policy.reading.load import default_policy_text
from recsys.report import SILENT, Report
from serving.export_commands import export
from tests.worlds import NOW, small_bundle, small_knowledge

N_MEMBERS = 40


def small_workspace(folder: Path, knowledge: Knowledge | None = None) -> Path:
    """Members m000 to m039 of whom the last has agreed to nothing, or those of *knowledge*, and the default policy."""
    (folder / "serving").mkdir(parents=True)
    small_bundle(folder / "serving" / "b1", knowledge or small_knowledge(n_members=N_MEMBERS))
    (folder / "serving" / "current").write_text("b1\n")
    (folder / "policy.yaml").write_text(default_policy_text())
    return folder


def exported(workspace: Path, out: Path, **changes: Any) -> Report:
    """An export of everybody for the placement email, with what a test changes."""
    options: dict[str, Any] = {
        "placement": "email", "audience": None, "format": "csv", "workers": 1, "chunk": 9, "now": NOW,
        "progress": SILENT,
    }  # fmt: skip
    return export(workspace, out=out, **{**options, **changes})


def rows(out: Path) -> list[dict[str, str]]:
    """All rows of an export as CSV, in order."""
    parts = [out] if out.is_file() else sorted(out.glob("part-*.csv"))
    return [row for part in parts for row in csv.DictReader(part.read_text(encoding="utf-8").splitlines())]


def contents(out: Path) -> dict[str, bytes]:
    """Every file of an export."""
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}
