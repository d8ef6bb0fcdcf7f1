"""From a served model to answers: `serve`, `decide`, `export`, and the keys of the service."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from recsys.cli import options as given
from recsys.cli import what_if as asked
from recsys.cli.root import DECISIONS, answer_of, app, key_app


class Language(StrEnum):
    """In which texts are told."""

    EN = "en"
    ZH = "zh"


@app.command(rich_help_panel=DECISIONS)
def serve(
    workspace: given.Workspace,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 8000,
    clock: given.ClockChoice = None,
    store_url: given.StoreUrl = None,
) -> None:
    """Answer over HTTP; a newly published bundle is taken in without a restart."""
    with answer_of(False) as answer:
        from serving.commands import serve as command
        from serving.settings import ClockChoice

        given.refuse_taken_port(host, port)
        chosen = ClockChoice(clock.value) if clock else None
        command(workspace, host=host, port=port, store_url=store_url, clock=chosen, show=answer.show)


@app.command(rich_help_panel=DECISIONS)
def decide(
    workspace: given.Workspace,
    member: Annotated[
        str, typer.Option(help="Member id; an unknown one gets the answer for strangers.", show_default="nobody")
    ] = "",
    placement: Annotated[
        str | None,
        typer.Option(help="A placement of the policy.", show_default="home; about products product_page or basket"),
    ] = None,
    similar_to: Annotated[str | None, typer.Option(help="What may be bought in place of this product.")] = None,
    together_with: Annotated[str | None, typer.Option(help="What is bought together with this product.")] = None,
    basket: Annotated[str | None, typer.Option(help="What completes a basket of these products, ID,ID,...")] = None,
    n: given.Positions = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also why not the others, and what offers are worth.")
    ] = False,
    language: Annotated[Language, typer.Option(help="Of the reasons.")] = Language.EN,
    now: given.DecideAt = None,
    without_rule: asked.WithoutRules = None,
    as_tier: asked.AsTier = None,
    as_stage: asked.AsStage = None,
    on_birthday: asked.OnBirthday = False,
    as_now: asked.AsNow = None,
    with_consent: asked.WithConsent = None,
    without_consent: asked.WithoutConsent = None,
    as_case: asked.AsCase = None,
    as_json: given.Json = False,
) -> None:
    """
    Make one decision, for a member, about products or both, and show it with its reasons.

    With a change, such as --as-tier gold, what would be shown then stands beside it.
    """
    with answer_of(as_json) as answer:
        from recsys.types import Relation
        from recsys.what_if import NO_CHANGES, Changes

        wanted, products = given.read_products(member, similar=similar_to, together=together_with, complete=basket)
        changes = Changes(
            without_rules=tuple(without_rule or ()), tier=as_tier, stage=as_stage, on_birthday=on_birthday, now=as_now,
            with_consent=asked.read_consents(with_consent), without_consent=asked.read_consents(without_consent),
        )  # fmt: skip
        question: dict[str, Any] = {
            "member_id": member, "placement": placement, "n": n, "now": now, "language": language.value,
            "relation": Relation(wanted) if wanted else None, "products": products,
        }  # fmt: skip
        if as_case is not None:
            from serving.case_commands import decide_as_case

            answer.show(decide_as_case(workspace, as_case, changes, **question))
        elif changes == NO_CHANGES:
            from serving.commands import decide as command

            answer.show(command(workspace, explain=explain, **question))
        else:
            from serving.what_if_commands import decide_what_if

            answer.show(decide_what_if(workspace, changes, **question))


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
    language: Annotated[Language, typer.Option(help="Of the texts in the file.")] = Language.EN,
    store_url: given.StoreUrl = None,
    record_contacts: Annotated[bool, typer.Option("--record-contacts", help="Count them for the caps.")] = False,
    now: given.DecideAt = None,
    as_json: given.Json = False,
) -> None:
    """Decide for an audience into files; stopped and started again it gives the same bytes."""
    with answer_of(as_json) as answer:
        from serving.export_commands import export as command

        answer.show(command(
            workspace, placement=placement, audience=audience, out=out, format=fmt.value, workers=workers,
            chunk=chunk, now=now, limit=limit, n=n, seed=seed, language=language.value, store_url=store_url or "",
            record_contacts=record_contacts, progress=answer.progress,
        ))  # fmt: skip


@app.command(rich_help_panel=DECISIONS)
def allocate(
    workspace: given.Workspace,
    out: Annotated[Path, typer.Option(help="New folder for who gets which offer.")],
    placement: given.Placement = "email",
    audience: given.Audience = None,
    rows: Annotated[
        Path | None, typer.Option(help="Parity, floors and contacts (YAML).", show_default="budgets and limits alone")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(help="Minor units for all discounts together.", show_default="no bound")
    ] = None,
    days_left: Annotated[int, typer.Option(help="Days that budgets must last, today among them.")] = 1,
    per_member: Annotated[int, typer.Option(help="Offers a member, at most.")] = 1,
    seed: given.Seed = 0,
    store_url: given.StoreUrl = None,
    now: given.DecideAt = None,
    as_json: given.Json = False,
) -> None:
    """Choose offers for everybody at once under all budgets, and what later decisions pay for these."""
    with answer_of(as_json) as answer:
        from serving.allocation.commands import allocate as command

        answer.show(command(
            workspace, placement=placement, out=out, audience=audience, rows=rows, budget=budget, days_left=days_left,
            per_member=per_member, now=now, seed=seed, store_url=store_url, progress=answer.progress,
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
    with answer_of(as_json) as answer:
        from serving.commands import create_key as command
        from serving.scopes import Scope

        scopes = tuple(Scope(each.value) for each in scope or [given.KeyScope.ADMIN])
        answer.show(command(workspace, name=name, scopes=scopes, store_url=store_url))
