"""The command line: the composition root, whose commands import a room only when they are called."""

# isort: off - importing a room adds its commands, and this is their order on the help page
from recsys.cli import data, decisions, models, questions, upkeep  # noqa: F401 - imported for what they add

# isort: on
from recsys.cli.root import app
from recsys.environment import set_process_defaults

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; `recsys --help` lists the commands."""
    set_process_defaults()
    app()
