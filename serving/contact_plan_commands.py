"""The command `recsys policy plan`: who gets which send of a period, so that caps are filled with the best messages."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recsys.bundle import Bundle
from recsys.errors import InputError, PolicyError
from recsys.knowledge import Knowledge
from recsys.policy.contact.plan import PlanRules
from recsys.policy.file.fields import iso
from recsys.policy.file.schema import Policy
from recsys.policy.lifecycle.registry import live_policy
from recsys.report import SILENT, Progress, Report, Table
from recsys.time_zones import read_zone
from recsys.types import EpochSeconds
from serving.clock import clock_of
from serving.export.audience import everybody, read_audience
from serving.export.files import sha256
from serving.export.plan import as_json
from serving.live import read_pointer
from serving.plan_messages import NO_OFFER_OF_CAMPAIGN, MessageMaker
from serving.plan_run import MembersThen, PlanRun
from serving.plan_sends import PlannedSend, read_sends
from serving.settings import read_settings
from serving.shadow_prices import shadow_prices_in_force
from serving.silence import nobody_told
from serving.stated_consents import read_stated_consents
from serving.store.database import open_database
from serving.store.members import MemberStore

SUMMARY = "plan.json"


def plan(
    workspace: Path,
    *,
    sends: Path,
    out: Path,
    audience: Path | None = None,
    now: EpochSeconds | None = None,
    seed: int = 0,
    store_url: str | None = None,
    progress: Progress = SILENT,
) -> Report:
    """
    Plan the messages of a period, the most valuable first, under all contact caps at once.

    Writes into *out*, for each send, ``<send>.txt``, the ids of the members who get it as `recsys export --audience`
    takes them, and ``<send>.csv``, the same with the message that is planned and its value; and ``plan.json``.

    Args:
        workspace: With a published bundle and a policy.
        sends: File of sends; see `serving.plan_sends`.
        out: A folder that is not there yet, or empty.
        audience: File of member ids; absent means everybody, as of an export.
        now: What is known by then counts; absent means the workspace's clock.
        seed: Of exploration.
        store_url: Absent means ``RECSYS_STORE_URL``, or SQLite in the workspace.
        progress: Shows the work.

    Raises:
        InputError: An input is wrong, or *out* holds something.
        BundleError: The published bundle is missing or altered.
        PolicyError: The policy in force does not hold for the bundle.
        StoreError: The store does not answer. Nothing is planned on unknown consents.
    """
    settings = read_settings(workspace, store_url=store_url)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists and is not empty; choose another --out, or delete it")
    progress.step("open")
    clock, _ = clock_of(settings.clock, workspace)
    instant = clock() if now is None else now
    knowledge = Knowledge.of(Bundle.open(read_pointer(settings.serving_folder)))
    live = live_policy(settings.policy_path, instant)
    policy = live.policy
    planned = read_sends(sends, policy, now=instant)
    stated = read_stated_consents(settings.consents_folder)
    members = everybody(knowledge.members.members, stated.members) if audience is None else read_audience(audience)
    prices = shadow_prices_in_force(workspace, knowledge, policy_id=policy.policy_id, now=instant)
    rules = PlanRules.of(policy.contact, policy.campaigns, read_zone(policy.time_zone))
    try:
        maker = MessageMaker(knowledge, policy, planned, rules=rules, seed=seed, shadow_price=prices.price)
    except PolicyError as error:
        raise live.placed(error) from error
    run = PlanRun(policy, planned, rules=rules, maker=maker)
    partial = out.with_name(f".{out.name}.planning")
    shutil.rmtree(partial, ignore_errors=True)
    database = open_database(settings.database_url)
    try:
        database.migrate()
        partial.mkdir(parents=True)
        progress.step("decide and plan", len(members))
        then = MembersThen(MemberStore(database), stated, instant, knowledge.cut_off)
        totals = run.write(members, then, partial, progress=progress)
    finally:
        database.close()
    last = max(send.at for send in planned)
    facts = {
        "bundle_id": knowledge.bundle_id,
        "policy_id": policy.policy_id,
        "policy_ends": iso(live.until) if live.until is not None and live.until <= last else None,
        "now": iso(instant),
        "seed": seed,
        "currency": policy.currency,
        "audience": {"source": members.source, "members": len(members), "digest": members.digest},
        **run.summary(totals),
        "files": {path.name: sha256(path) for path in sorted(partial.iterdir())},
    }
    (partial / SUMMARY).write_text(as_json(facts), encoding="utf-8")
    if out.exists():
        out.rmdir()
    partial.rename(out)
    return _report({**facts, "out": str(out)}, policy, planned)


def _report(facts: Mapping[str, Any], policy: Policy, planned: Sequence[PlannedSend]) -> Report:
    rows = tuple(
        (
            send["id"], send["at"], send["placement"], send["possible"], send["planned"],
            sum(send["replaced_by_cap"].values()), sum(send["dropped_by_cap"].values()),
            send["value_minor"], send["first_come"]["value_minor"],
        )
        for send in facts["sends"]
    )  # fmt: skip
    columns = (
        "send", "at", "placement", "possible", "planned", "replaced", "dropped", "value_minor", "first_come_minor",
    )  # fmt: skip
    capped: dict[tuple[str, str], int] = {}
    for send in facts["sends"]:
        for what in ("replaced_by_cap", "dropped_by_cap"):
            for cap, number in send[what].items():
                capped[cap, what] = capped.get((cap, what), 0) + number
    caps = sorted({cap for cap, _ in capped})
    by_cap = tuple(
        (cap, capped.get((cap, "replaced_by_cap"), 0), capped.get((cap, "dropped_by_cap"), 0)) for cap in caps
    )
    tables = [Table("Messages by send", columns, rows, spare=("at", "placement", "possible"))]
    if by_cap:
        tables.append(Table("What caps forbid", ("cap", "replaced", "dropped"), by_cap))
    return Report(facts=facts, tables=tuple(tables), notes=tuple(_notes(facts, policy, planned)))


def _notes(facts: Mapping[str, Any], policy: Policy, planned: Sequence[PlannedSend]) -> list[str]:
    best, first = facts["value_minor"], facts["first_come"]["value_minor"]
    more = f", {best / first - 1:+.1%}" if first else ""
    notes = [
        f"{facts['out']}: {facts['messages']:,} messages worth {best:,} {facts['currency']} minor units; first come, "
        f"first served would be worth {first:,}{more}.",
        "Give each <send>.txt to `recsys export --audience` at the send's instant, and record the contacts each time.",
    ]
    limited = [spec.id for spec in planned if spec.campaign is not None]
    if limited:
        notes.append(
            f"Of {', '.join(limited)} an export chooses among all offers: give these sends a placement of their own, "
            "with a rule that requires the campaign's."
        )
    others = sum(send["replaced_for_later"] for send in facts["sends"])
    if others:
        notes.append(
            f"{others:,} messages are planned without offers of which a later send makes more; an export decides each "
            "message by itself and would send them: <send>.csv names these members (for_later), to be exported apart."
        )
    for send, spec in zip(facts["sends"], planned, strict=True):
        bare = send["nothing_by_reason"].get(NO_OFFER_OF_CAMPAIGN, 0)
        if bare:
            notes.append(
                f"{spec.id}: {bare:,} members left out, whose message would hold no offer of {spec.campaign}; "
                "`products: true` in the send writes to them all the same."
            )
        if not send["planned"]:
            reasons = Counter(send["nothing_by_reason"]) + Counter(send["dropped_by_cap"])
            told = nobody_told(policy, spec.placement, sent=0, nothing_by_reason=reasons, now=spec.at, instant="`at`")
            notes.append(f"{spec.id}: {' '.join(told)} Leave it out, or change it.")
    if facts["policy_ends"] is not None:
        notes.append(f"The policy in force ends at {facts['policy_ends']}, before the last send; plan again then.")
    return notes
