"""Questions: `experiment`, `bench`."""

from pathlib import Path
from typing import Annotated

import typer

from recsys.cli import options as given
from recsys.cli.root import QUESTIONS, answer_of, app, checked, experiment_app


@experiment_app.command("compare")
def experiment_compare(
    configs: Annotated[list[Path], typer.Argument(help="Two or more training configurations (YAML).")],
    workspace: given.Workspace,
    seed: given.Seed = 0,
    store_url: given.StoreUrl = None,
    as_json: given.Json = False,
) -> None:
    """Train and score configurations on one split, with paired intervals of their differences."""
    with answer_of(as_json) as answer:
        left_out = checked(workspace, store_url, *configs)
        from experiments.commands import compare as command

        answer.show(command(*configs, workspace=workspace, seed=seed, progress=answer.progress, left_out=left_out))


@app.command(rich_help_panel=QUESTIONS)
def bench(
    name: Annotated[given.Benchmark, typer.Argument(help="What is measured; experiments/README.md says how.")],
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="Measure on this workspace.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the public data set, where one is read.")] = None,
    world: Annotated[Path | None, typer.Option(help="A weekly world's YAML file, where one is simulated.")] = None,
    option: given.BenchOptions = None,
    as_json: given.Json = False,
) -> None:
    """Measure against peers in the same run; the last line is one JSON object."""
    with answer_of(as_json) as answer:
        from experiments.benchmarks import run as command

        options = given.read_bench_options(option, workspace=workspace, data=data, world=world)
        answer.show(command(name, options, answer.progress), json_last=True)
