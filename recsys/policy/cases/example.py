"""The cases that a new workspace starts with; they hold over any bundle."""

from importlib import resources
from pathlib import Path

from recsys.policy.cases.load import FOLDER

FILE = "examples.yaml"


def example_cases_text() -> str:
    """The commented file of cases."""
    return resources.files("recsys.policy.cases").joinpath("example.yaml").read_text(encoding="utf-8")


def write_examples(folder: Path) -> Path | None:
    """
    Write the cases beside a policy that has none, and say where.

    Args:
        folder: Of the policy; it must exist.
    """
    cases = folder / FOLDER
    if cases.exists():
        return None
    cases.mkdir()
    path = cases / FILE
    path.write_text(example_cases_text(), encoding="utf-8")
    return path
