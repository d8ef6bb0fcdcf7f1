"""What is known of members: `profile`."""

from pathlib import Path
from typing import Annotated

import typer

from recsys.cli import options as given
from recsys.cli.root import QUESTIONS, answer_of, app, checked


@app.command(rich_help_panel=QUESTIONS)
def profile(
    workspace: given.Workspace,
    config: given.Config = None,
    as_of: given.AsOf = None,
    report: Annotated[Path | None, typer.Option(help="Write one HTML page about all members.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write every column of every member (Parquet).")] = None,
    member: Annotated[str | None, typer.Option(help="Show one member: every column, and what led there.")] = None,
    instead: Annotated[
        Path | None, typer.Option(help="Show who would move where under this programme (YAML); changes nothing.")
    ] = None,
    write_programme: Annotated[
        bool, typer.Option("--write-programme", help="Write a programme.yaml to begin with, where there is none.")
    ] = False,
    store_url: given.StoreUrl = None,
    as_json: given.Json = False,
) -> None:
    """Say what is known of members: tiers, stages, value, points, what they need again; of all or of one."""
    with answer_of(as_json) as answer:
        given.refuse_several(
            {"--report or --out": report or out, "--member": member, "--instead": instead,
             "--write-programme": write_programme or None}
        )  # fmt: skip
        left_out = checked(workspace, store_url, config)
        from experiments import profile_commands as commands

        common = {"config": config, "as_of": as_of, "progress": answer.progress, "left_out": left_out}
        if write_programme:
            answer.show(commands.write_programme(workspace))
        elif member is not None:
            answer.show(commands.profile_member(workspace, member_id=member, **common))
        elif instead is not None:
            answer.show(commands.profile_instead(workspace, instead=instead, **common))
        else:
            answer.show(commands.profile(workspace, report=report, out=out, **common))
