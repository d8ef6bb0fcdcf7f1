"""The command line: the composition root, whose commands import a room only when they are called."""

from recsys.cli import data as _data  # isort: skip
from recsys.cli import models as _models  # isort: skip
from recsys.cli import decisions as _decisions  # isort: skip
from recsys.cli import prices as _prices  # isort: skip
from recsys.cli import members as _members  # isort: skip
from recsys.cli import policy as _policy  # isort: skip
from recsys.cli import questions as _questions  # isort: skip
from recsys.cli import upkeep as _upkeep  # isort: skip
from recsys.cli.root import app
from recsys.environment import set_process_defaults

__all__ = ["app", "main"]

ROOMS = (_data, _models, _decisions, _prices, _members, _policy, _questions, _upkeep)
"""Importing a room adds its commands; the order of the imports above is that of the help page."""


def main() -> None:
    """Run the command line; `recsys --help` lists the commands."""
    set_process_defaults()
    app()
