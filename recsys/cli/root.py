"""What the commands share: the program itself, its groups, and how a command answers."""

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import typer

from recsys.cli import options as given
from recsys.cli.output import EXIT_CODES, Answer, Commands, answering

DATA, MODEL, DECISIONS, QUESTIONS, UPKEEP = "Data", "Models", "Decisions", "Rules and questions", "Upkeep"

app = typer.Typer(
    name="recsys",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Recommendations and next-best offers for membership programmes.",
    epilog=EXIT_CODES,
)
policy_app = typer.Typer(no_args_is_help=True, help="The rule file.")
experiment_app = typer.Typer(no_args_is_help=True, help="Questions to the history.")
key_app = typer.Typer(no_args_is_help=True, help="API keys of the service.")
app.add_typer(policy_app, name="policy", rich_help_panel=QUESTIONS)
app.add_typer(experiment_app, name="experiment", rich_help_panel=QUESTIONS)
app.add_typer(key_app, name="key", rich_help_panel=DECISIONS)

_TRACEBACK = {"traceback": False}


@app.callback()
def program(traceback: given.Traceback = False, _version: given.Version = False) -> None:
    """Recommendations and next-best offers for membership programmes."""
    _TRACEBACK["traceback"] = traceback


def answer_of(as_json: bool, step: str = "") -> AbstractContextManager[Answer]:
    """See `recsys.cli.output.answering`; *step* names work that says nothing of its own progress."""
    return answering(as_json=as_json, traceback=_TRACEBACK["traceback"], step=step)


def checked(workspace: Path, store_url: str | None, *configs: Path | None) -> Any:
    """Refuse wrong input before imports that take seconds; answer the question that only the live store can answer."""
    from training.inputs import check_inputs

    check_inputs(workspace, *configs)
    from serving.commands import opted_out  # training is handed it: rooms do not know each other

    return partial(opted_out, workspace, store_url=store_url)
