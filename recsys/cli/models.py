"""From tables to a served model: `train`, `evaluate`, `publish`, `rollback`, `sync`."""

from pathlib import Path
from typing import Annotated

import typer

from recsys.cli import options as given
from recsys.cli.root import MODEL, answer_of, app, checked


@app.command(rich_help_panel=MODEL)
def train(
    workspace: given.Workspace,
    config: given.Config = None,
    seed: given.Seed = 0,
    store_url: given.StoreUrl = None,
    as_json: given.Json = False,
) -> None:
    """Fit the models, measure them against the floors, register the bundle as challenger."""
    with answer_of(as_json) as answer:
        left_out = checked(workspace, store_url, config)
        from training.commands import train as command

        answer.show(command(workspace, config=config, seed=seed, progress=answer.progress, left_out=left_out))


@app.command(rich_help_panel=MODEL)
def evaluate(
    workspace: given.Workspace,
    config: given.Config = None,
    folds: Annotated[
        int | None,
        typer.Option(min=1, help="Test windows, one after another; the setting evaluation.folds stands otherwise."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the evaluation as one HTML page that needs no other file.")
    ] = None,
    seed: given.Seed = 0,
    store_url: given.StoreUrl = None,
    as_json: given.Json = False,
) -> None:
    """Measure models and floors on held-out windows, and change nothing."""
    with answer_of(as_json) as answer:
        left_out = checked(workspace, store_url, config)
        from training.commands import evaluate as command

        answer.show(
            command(
                workspace,
                config=config,
                folds=folds,
                report=report,
                seed=seed,
                progress=answer.progress,
                left_out=left_out,
            )
        )


@app.command(rich_help_panel=MODEL)
def tune(
    workspace: given.Workspace,
    config: given.Config = None,
    trials: given.Trials = 20,
    timeout: given.Timeout = None,
    families: given.Families = None,
    objective: given.TunedCase = given.Objective.ALL,
    seed: given.Seed = 0,
    out: given.TunedOut = None,
    store_url: given.StoreUrl = None,
    as_json: given.Json = False,
) -> None:
    """Search better settings of every model on the validation window; goes on where it was stopped."""
    with answer_of(as_json) as answer:
        left_out = checked(workspace, store_url, config)
        from training.tune import tune as command

        answer.show(
            command(
                workspace,
                config=config,
                seed=seed,
                trials=trials,
                timeout_cpu_s=timeout,
                families=families,
                objective=objective.value,
                out=out,
                progress=answer.progress,
                left_out=left_out,
            )
        )


@app.command(rich_help_panel=MODEL)
def publish(
    workspace: given.Workspace,
    force_reason: Annotated[str | None, typer.Option(help="Publish past the gate, with this reason on record.")] = None,
    actor: given.Actor = None,
    as_json: given.Json = False,
) -> None:
    """Make the challenger champion if the gate holds, and bring it to serving."""
    with answer_of(as_json, "publish: fetch, check, move") as answer:
        from training.commands import publish as command

        who, now = given.actor_or_login(actor), given.now_or_clock(None)
        answer.show(command(workspace, force_reason=force_reason, actor=who, now=now))


@app.command(rich_help_panel=MODEL)
def rollback(workspace: given.Workspace, actor: given.Actor = None, as_json: given.Json = False) -> None:
    """Make the previous champion champion again."""
    with answer_of(as_json, "roll back: fetch, check, move") as answer:
        from training.commands import rollback as command

        answer.show(command(workspace, actor=given.actor_or_login(actor), now=given.now_or_clock(None)))


@app.command(rich_help_panel=MODEL)
def sync(workspace: given.Workspace, as_json: given.Json = False) -> None:
    """Bring the registry's champion to the folder that serving watches."""
    with answer_of(as_json, "sync: fetch, check") as answer:
        from training.commands import sync as command

        answer.show(command(workspace))
