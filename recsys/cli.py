"""The command line: the composition root, which imports a room only when a command of it is called."""

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from recsys import cli_options as given
from recsys.cli_output import EXIT_CODES, Answer, Commands, answering, versions_report
from recsys.environment import set_process_defaults

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
def options(traceback: given.Traceback = False, _version: given.Version = False) -> None:
    """Recommendations and next-best offers for membership programmes."""
    _TRACEBACK["traceback"] = traceback


@app.command(rich_help_panel=DATA)
def simulate(
    out: Annotated[Path, typer.Option(help="New folder for the tables; the truth goes to OUT-truth beside it.")],
    members: Annotated[int, typer.Option(min=1, help="Members of the programme.")] = 2_000,
    products: Annotated[int, typer.Option(min=1, help="Products in the catalogue.")] = 500,
    seed: given.Seed = 0,
    days: Annotated[int, typer.Option(min=1, help="Days of history.")] = 420,
    end: given.SimulatedEnd = None,
    as_json: given.Json = False,
) -> None:
    """Make a small retailer with a known truth."""
    with _answer(as_json) as answer:
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
    with _answer(as_json) as answer:
        from features.commands import ingest as command

        at = given.now_or_clock(now)
        answer.show(command(source.value, data, out, mapping=mapping, now=at, progress=answer.progress))


@app.command(rich_help_panel=UPKEEP)
def doctor(workspace: given.Workspace, now: given.Now = None, as_json: given.Json = False) -> None:
    """Say for each part whether the workspace has enough for it, and why not."""
    with _answer(as_json) as answer:
        from training.doctor import doctor as command

        answer.show(command(workspace, now=given.now_or_clock(now)))


@app.command(rich_help_panel=MODEL)
def train(
    workspace: given.Workspace,
    config: given.Config = None,
    seed: given.Seed = 0,
    store_url: given.StoreUrl = None,
    as_json: given.Json = False,
) -> None:
    """Fit the models, measure them against the floors, register the bundle as challenger."""
    with _answer(as_json) as answer:
        left_out = _checked(workspace, store_url, config)
        from training.commands import train as command

        answer.show(command(workspace, config=config, seed=seed, progress=answer.progress, left_out=left_out))


@app.command(rich_help_panel=MODEL)
def evaluate(
    workspace: given.Workspace,
    config: given.Config = None,
    seed: given.Seed = 0,
    store_url: given.StoreUrl = None,
    as_json: given.Json = False,
) -> None:
    """Measure models and floors on the held-out window, and change nothing."""
    with _answer(as_json) as answer:
        left_out = _checked(workspace, store_url, config)
        from training.commands import evaluate as command

        answer.show(command(workspace, config=config, seed=seed, progress=answer.progress, left_out=left_out))


@app.command(rich_help_panel=MODEL)
def publish(
    workspace: given.Workspace,
    force_reason: Annotated[str | None, typer.Option(help="Publish past the gate, with this reason on record.")] = None,
    actor: given.Actor = None,
    as_json: given.Json = False,
) -> None:
    """Make the challenger champion if the gate holds, and bring it to serving."""
    with _answer(as_json, "publish: fetch, check, move") as answer:
        from training.commands import publish as command

        who, now = given.actor_or_login(actor), given.now_or_clock(None)
        answer.show(command(workspace, force_reason=force_reason, actor=who, now=now))


@app.command(rich_help_panel=MODEL)
def rollback(workspace: given.Workspace, actor: given.Actor = None, as_json: given.Json = False) -> None:
    """Make the previous champion champion again."""
    with _answer(as_json, "roll back: fetch, check, move") as answer:
        from training.commands import rollback as command

        answer.show(command(workspace, actor=given.actor_or_login(actor), now=given.now_or_clock(None)))


@app.command(rich_help_panel=MODEL)
def sync(workspace: given.Workspace, as_json: given.Json = False) -> None:
    """Bring the registry's champion to the folder that serving watches."""
    with _answer(as_json, "sync: fetch, check") as answer:
        from training.commands import sync as command

        answer.show(command(workspace))


@app.command(rich_help_panel=DECISIONS)
def serve(
    workspace: given.Workspace,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 8000,
    clock: given.ClockChoice = None,
    store_url: given.StoreUrl = None,
) -> None:
    """Answer over HTTP; a newly published bundle is taken in without a restart."""
    with _answer(False) as answer:
        from serving.commands import serve as command
        from serving.settings import ClockChoice

        given.refuse_taken_port(host, port)
        chosen = ClockChoice(clock.value) if clock else None
        command(workspace, host=host, port=port, store_url=store_url, clock=chosen, show=answer.show)


@app.command(rich_help_panel=DECISIONS)
def decide(
    workspace: given.Workspace,
    member: Annotated[str, typer.Option(help="Member id; an unknown one gets the answer for strangers.")],
    placement: given.Placement = "home",
    n: given.Positions = None,
    explain: Annotated[bool, typer.Option("--explain", help="Also why not the others.")] = False,
    now: given.DecideAt = None,
    as_json: given.Json = False,
) -> None:
    """Make one decision and show it with its reasons."""
    with _answer(as_json) as answer:
        from serving.commands import decide as command

        answer.show(command(workspace, member_id=member, placement=placement, n=n, now=now, explain=explain))


@app.command(rich_help_panel=DECISIONS)
def export(
    workspace: given.Workspace,
    out: Annotated[Path, typer.Option(help="New folder for the files and their manifest.")],
    placement: given.Placement = "email",
    audience: given.Audience = None,
    fmt: given.Format = given.ExportFormat.PARQUET,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    chunk: Annotated[int, typer.Option(min=1, help="Members a chunk.")] = 10_000,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many messages, the most valuable.")] = None,
    n: given.Positions = None,
    seed: given.Seed = 0,
    store_url: given.StoreUrl = None,
    record_contacts: Annotated[bool, typer.Option("--record-contacts", help="Count them for the caps.")] = False,
    now: given.DecideAt = None,
    as_json: given.Json = False,
) -> None:
    """Decide for an audience into files; stopped and started again it gives the same bytes."""
    with _answer(as_json) as answer:
        from serving.export_commands import export as command

        answer.show(command(
            workspace, placement=placement, audience=audience, out=out, format=fmt.value, workers=workers,
            chunk=chunk, now=now, limit=limit, n=n, seed=seed, store_url=store_url or "",
            record_contacts=record_contacts, progress=answer.progress,
        ))  # fmt: skip


@key_app.command("create")
def key_create(
    workspace: given.Workspace,
    name: Annotated[str, typer.Option(help="Whose key it is; for people.")] = "command line",
    scope: given.Scopes = None,
    store_url: given.StoreUrl = None,
    as_json: given.Json = False,
) -> None:
    """Make a key and show it, this once."""
    with _answer(as_json) as answer:
        from serving.commands import create_key as command
        from serving.scopes import Scope

        scopes = tuple(Scope(each.value) for each in scope or [given.KeyScope.ADMIN])
        answer.show(command(workspace, name=name, scopes=scopes, store_url=store_url))


@policy_app.command("check")
def policy_check(
    path: Annotated[Path, typer.Argument(help="The policy file.")],
    bundle: Annotated[Path | None, typer.Option(help="Folder of a bundle to compile it against too.")] = None,
    as_json: given.Json = False,
) -> None:
    """Check a policy file: its schema, its expressions and, with a bundle, what it would remove."""
    with _answer(as_json) as answer:
        from recsys.policy.commands import check as command

        answer.show(command(path, bundle))


@experiment_app.command("compare")
def experiment_compare(
    configs: Annotated[list[Path], typer.Argument(help="Two or more training configurations (YAML).")],
    workspace: given.Workspace,
    seed: given.Seed = 0,
    store_url: given.StoreUrl = None,
    as_json: given.Json = False,
) -> None:
    """Train and score configurations on one split, with paired intervals of their differences."""
    with _answer(as_json) as answer:
        left_out = _checked(workspace, store_url, *configs)
        from experiments.commands import compare as command

        answer.show(command(*configs, workspace=workspace, seed=seed, progress=answer.progress, left_out=left_out))


@app.command(rich_help_panel=QUESTIONS)
def bench(
    name: Annotated[given.Benchmark, typer.Argument(help="What is measured; experiments/README.md says how.")],
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="Measure on this workspace.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the public data set, where one is read.")] = None,
    option: given.BenchOptions = None,
    as_json: given.Json = False,
) -> None:
    """Measure against peers in the same run; the last line is one JSON object."""
    with _answer(as_json) as answer:
        from experiments.benchmarks import run as command

        answer.show(command(name, given.read_bench_options(option, workspace=workspace, data=data)), json_last=True)


@app.command(rich_help_panel=UPKEEP)
def version(as_json: given.Json = False) -> None:
    """Say which version this is, and of which libraries."""
    with _answer(as_json) as answer:
        answer.show(versions_report())


def main() -> None:
    """Run the command line; `recsys --help` lists the commands."""
    set_process_defaults()
    app()


def _answer(as_json: bool, step: str = "") -> AbstractContextManager[Answer]:
    return answering(as_json=as_json, traceback=_TRACEBACK["traceback"], step=step)


def _checked(workspace: Path, store_url: str | None, *configs: Path | None) -> Any:
    """Refuse wrong input before imports that take seconds; answer the question that only the live store can answer."""
    from training.inputs import check_inputs

    check_inputs(workspace, *configs)
    from serving.commands import opted_out  # training is handed it: rooms do not know each other

    return partial(opted_out, workspace, store_url=store_url)
