"""From raw files to tables: `simulate`, `ingest`."""

from pathlib import Path
from typing import Annotated

import typer

from recsys.cli import options as given
from recsys.cli.root import DATA, answer_of, app


@app.command(rich_help_panel=DATA)
def simulate(
    out: Annotated[Path, typer.Option(help="New folder for the tables; the truth goes to OUT-truth beside it.")],
    members: Annotated[int, typer.Option(help="Members of the programme, at least 50.")] = 2_000,
    products: Annotated[int, typer.Option(help="Products in the catalogue, at least 100.")] = 500,
    seed: given.Seed = 0,
    days: Annotated[int, typer.Option(help="Days of history, at least 120.")] = 420,
    end: given.SimulatedEnd = None,
    as_json: given.Json = False,
) -> None:
    """Make a small retailer with a known truth."""
    with answer_of(as_json) as answer:
        from features.simulator import run

        sizes = {"members": members, "products": products, "seed": seed, "days": days}
        answer.show(run.simulate(out, **sizes, end=end or run.DEFAULT_END, progress=answer.progress))


@app.command(rich_help_panel=DATA)
def ingest(
    source: Annotated[given.Source, typer.Argument(help="What the raw files are.")],
    data: Annotated[str, typer.Option(help="The folder of the raw files; for `tables` also an SQL URL.")],
    out: Annotated[Path, typer.Option(help="The workspace to write.")],
    mapping: Annotated[Path | None, typer.Option(help="For `tables`: which column is which (YAML).")] = None,
    now: given.Now = None,
    as_json: given.Json = False,
) -> None:
    """Read raw files into canonical tables; what is rejected goes to quarantine with its reason."""
    with answer_of(as_json) as answer:
        from features.commands import ingest as command

        at = given.now_or_clock(now)
        answer.show(command(source.value, data, out, mapping=mapping, now=at, progress=answer.progress))
