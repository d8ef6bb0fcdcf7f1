"""Rules: `policy check`, `submit`, `approve`, `rollback` and whatever else is done with a policy and its versions."""

from pathlib import Path
from typing import Annotated

import typer

from recsys.cli import options as given
from recsys.cli.root import answer_of, policy_app

_DATES = "A date or instant; of the policy's time zone where it states no offset."

VersionId = Annotated[str, typer.Argument(metavar="VERSION", help="An id, or how it begins: six characters or more.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
NeededWhy = Annotated[str, typer.Option("--reason", help="Why, for the record; needed.")]
From = Annotated[str | None, typer.Option("--from", metavar="INSTANT", help=f"Start. {_DATES}", show_default="at once")]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="INSTANT", help=f"First instant after. {_DATES}", show_default="for good"),
]


@policy_app.command("check")
def policy_check(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The policy file.", show_default="the workspace's draft")
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace", "-w", envvar="RECSYS_WORKSPACE", help="Check it over the bundle that is served here."
        ),
    ] = None,
    bundle: Annotated[Path | None, typer.Option(help="Folder of a bundle to check it over instead.")] = None,
    cases: Annotated[
        Path | None, typer.Option(help="Folder of golden cases.", show_default="policy_cases beside the file, if any")
    ] = None,
    now: Annotated[
        int | None,
        typer.Option(
            parser=given.read_instant,
            metavar="INSTANT",
            help="As of this instant.",
            show_default="the workspace's clock; of a bundle alone its cut-off",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with 2 for warnings too.")] = False,
    as_json: given.Json = False,
) -> None:
    """Find what is wrong with a policy, and where; with a bundle also what it does to it, and its golden cases."""
    with answer_of(as_json) as answer:
        from recsys.errors import InputError

        if workspace is not None:
            from serving.policy_check import check_in_workspace

            report = check_in_workspace(workspace, path, bundle=bundle, cases=cases, now=now, strict=strict)
        elif path is None:
            raise InputError("there is no file to check; give FILE, or --workspace for its draft, policy.yaml")
        else:
            from recsys.policy.commands import check as command

            at = given.now_or_clock(now) if bundle is None else now
            report = command(path, now=at, bundle=bundle, cases=cases, strict=strict)
        answer.show(report)
        if not report.facts["ok"]:
            raise typer.Exit(InputError.exit_code)


@policy_app.command("schema")
def policy_schema(
    out: Annotated[
        Path | None, typer.Option(help="Folder to write it to, for editors.", show_default="shown only")
    ] = None,
    as_json: given.Json = False,
) -> None:
    """What a policy file may say, as JSON Schema: editors complete and check while somebody writes."""
    with answer_of(as_json) as answer:
        from recsys.policy.file.json_schema import schema_report as command

        answer.show(command(out))


@policy_app.command("diff")
def policy_diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A file, `live`, `draft` or the beginning of a version's id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="What may follow it, given the same way.")],
    workspace: given.Workspace,
    members: Annotated[str, typer.Option(help="`all`, a number to draw, or a file of ids.")] = "10000",
    placements: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Where they decide.", show_default="all that both have")
    ] = None,
    examples: Annotated[int, typer.Option(help="Ids of members left with nothing, so many, in --json.")] = 0,
    report: Annotated[Path | None, typer.Option(help="Write it as one HTML page.", show_default=False)] = None,
    seed: given.Seed = 0,
    store_url: given.StoreUrl = None,
    now: given.DecideAt = None,
    as_json: given.Json = False,
) -> None:
    """What one policy would change for real members who are decided for under another; nothing is logged."""
    with answer_of(as_json) as answer:
        from experiments.policy_diff.commands import diff as command

        where = tuple(one.strip() for one in (placements or "").split(",") if one.strip())
        answer.show(command(
            a, b, workspace=workspace, members=members, placements=where, now=now, seed=seed, examples=examples,
            report=report, store_url=store_url, progress=answer.progress,
        ))  # fmt: skip


@policy_app.command("plan")
def policy_plan(
    workspace: given.Workspace,
    sends: Annotated[Path, typer.Option(help="File of the sends of a period (YAML).")],
    out: Annotated[Path, typer.Option(help="New folder for one list of members a send.")],
    audience: given.Audience = None,
    seed: given.Seed = 0,
    store_url: given.StoreUrl = None,
    now: given.DecideAt = None,
    as_json: given.Json = False,
) -> None:
    """Say who gets which send of a period, so that contact caps are filled with the best messages."""
    with answer_of(as_json) as answer:
        from serving.contact_plan_commands import plan as command

        answer.show(command(
            workspace, sends=sends, out=out, audience=audience, now=now, seed=seed, store_url=store_url,
            progress=answer.progress,
        ))  # fmt: skip


@policy_app.command("names")
def policy_names(workspace: given.Workspace, as_json: given.Json = False) -> None:
    """What rules may name: tiers, stages, placements, offers, categories, brands, and attributes with their types."""
    with answer_of(as_json) as answer:
        from serving.policy_names import names as command

        answer.show(command(workspace))


@policy_app.command("status")
def policy_status(workspace: given.Workspace, as_json: given.Json = False) -> None:
    """What is in force, what comes next, every version, and how the draft differs."""
    with answer_of(as_json) as answer:
        from serving.policy_commands import status as command

        answer.show(command(workspace))


@policy_app.command("submit")
def policy_submit(
    workspace: given.Workspace, actor: given.Actor = None, reason: Why = "", as_json: given.Json = False
) -> None:
    """Propose the draft, the workspace's policy.yaml, for approval by somebody else."""
    with answer_of(as_json) as answer:
        from serving.policy_commands import submit as command

        answer.show(command(workspace, actor=given.actor_or_login(actor), reason=reason))


@policy_app.command("approve")
def policy_approve(
    version: VersionId,
    workspace: given.Workspace,
    actor: given.Actor = None,
    start: From = None,
    end: Until = None,
    reason: Why = "",
    as_json: given.Json = False,
) -> None:
    """Let a submitted version come into force; neither its author nor its submitter may."""
    with answer_of(as_json) as answer:
        from serving.policy_commands import approve as command

        answer.show(command(
            workspace, version, actor=given.actor_or_login(actor), reason=reason, effective_from=start,
            effective_until=end,
        ))  # fmt: skip


@policy_app.command("reject")
def policy_reject(
    version: VersionId,
    workspace: given.Workspace,
    reason: NeededWhy,
    actor: given.Actor = None,
    as_json: given.Json = False,
) -> None:
    """Refuse a submitted version of somebody else."""
    with answer_of(as_json) as answer:
        from serving.policy_commands import reject as command

        answer.show(command(workspace, version, actor=given.actor_or_login(actor), reason=reason))


@policy_app.command("withdraw")
def policy_withdraw(
    version: VersionId,
    workspace: given.Workspace,
    actor: given.Actor = None,
    reason: Why = "",
    as_json: given.Json = False,
) -> None:
    """Take back a submitted version of one's own."""
    with answer_of(as_json) as answer:
        from serving.policy_commands import withdraw as command

        answer.show(command(workspace, version, actor=given.actor_or_login(actor), reason=reason))


@policy_app.command("activate")
def policy_activate(
    version: VersionId,
    workspace: given.Workspace,
    actor: given.Actor = None,
    start: From = None,
    end: Until = None,
    reason: Why = "",
    as_json: given.Json = False,
) -> None:
    """Give an approved version other dates: by default at once and for good."""
    with answer_of(as_json) as answer:
        from serving.policy_commands import activate as command

        answer.show(command(
            workspace, version, actor=given.actor_or_login(actor), reason=reason, effective_from=start,
            effective_until=end,
        ))  # fmt: skip


@policy_app.command("retire")
def policy_retire(
    version: VersionId,
    workspace: given.Workspace,
    reason: NeededWhy,
    actor: given.Actor = None,
    as_json: given.Json = False,
) -> None:
    """End an approved version for good; the one before it takes over where it was in force."""
    with answer_of(as_json) as answer:
        from serving.policy_commands import retire as command

        answer.show(command(workspace, version, actor=given.actor_or_login(actor), reason=reason))


@policy_app.command("rollback")
def policy_rollback(
    workspace: given.Workspace,
    reason: NeededWhy,
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="What comes instead.", show_default="the one before")
    ] = None,
    actor: given.Actor = None,
    as_json: given.Json = False,
) -> None:
    """Take the version in force away at once; the one before it comes in its place."""
    with answer_of(as_json) as answer:
        from serving.policy_commands import rollback as command

        answer.show(command(workspace, actor=given.actor_or_login(actor), reason=reason, to_version=to))


@policy_app.command("log")
def policy_log(workspace: given.Workspace, as_json: given.Json = False) -> None:
    """Verify that nothing on record was altered, and show all of it."""
    with answer_of(as_json) as answer:
        from serving.policy_commands import log as command

        answer.show(command(workspace))


@policy_app.command("show")
def policy_show(
    workspace: given.Workspace,
    version: Annotated[str | None, typer.Argument(metavar="[VERSION]", help="An id, or how it begins.")] = None,
    as_json: given.Json = False,
) -> None:
    """Print a version as a policy file; by default the one in force."""
    with answer_of(as_json) as answer:
        from serving.policy_commands import show as command

        answer.show(command(workspace, version))
