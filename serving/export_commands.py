"""The command `recsys export`: finds bundle, policy, store and audience of a workspace, and reports what was made."""

import importlib.metadata
from dataclasses import replace
from pathlib import Path

from recsys.bundle import Bundle
from recsys.errors import InputError, PolicyError
from recsys.knowledge import Knowledge
from recsys.loyalty.currencies import decimals
from recsys.policy.compile import CompiledPolicy, compile_policy
from recsys.policy.lifecycle.registry import LivePolicy, live_policy
from recsys.report import Progress, Report, Table
from recsys.types import EpochSeconds
from serving.clock import clock_of
from serving.export.audience import Audience, everybody, read_audience
from serving.export.contacts import record_contacts as record_contacts_of
from serving.export.files import partial_folder
from serving.export.parquet_file import require_parquet
from serving.export.plan import ExportPlan, FileFormat, iso, read_plan
from serving.export.run import ExportInputs, Manifest, finished_plan, run_export
from serving.export.standing import Standing
from serving.live import read_pointer
from serving.policy_watch import UNREVIEWED
from serving.settings import Settings
from serving.shadow_prices import shadow_prices_in_force
from serving.stated_consents import read_stated_consents
from serving.store.database import open_database
from serving.store.members import MemberStore

DISTRIBUTION = "recsys-nbo"


def export(
    workspace: Path,
    *,
    placement: str,
    audience: Path | None,
    out: Path,
    format: str,  # noqa: A002  the option's name
    workers: int,
    chunk: int,
    now: EpochSeconds | None,
    limit: int | None = None,
    n: int | None = None,
    seed: int = 0,
    language: str = "en",
    store_url: str = "",
    record_contacts: bool = False,
    progress: Progress,
) -> Report:
    """
    Decide for an audience and write one row a position, or one row saying why a member gets nothing.

    Stopped, even killed, and started again with the same inputs it goes on and ends with the same bytes; finished, and
    started again with the same inputs, it changes nothing and says so.

    Args:
        workspace: With a published bundle and a policy.
        placement: One of the policy's; its channel decides whose consent is needed.
        audience: File of member ids; absent means every member of the bundle, and those who did not agree to
            personalisation: they get what anybody gets, where they agreed to the channel.
        out: A folder for parts and manifest, or one file where its ending is the format's.
        format: ``csv`` or ``parquet``.
        workers: Processes; the bytes do not depend on it.
        chunk: Members a part.
        now: The instant to decide for; absent means that of the finished or stopped export that is there, else the
            clock of the workspace.
        limit: Messages in all: the most valuable ones, ties by member id.
        n: Positions; absent means the placement's capacity.
        seed: Of exploration.
        language: Of the texts: ``en`` or ``zh``; any other is answered in English.
        store_url: Absent means ``RECSYS_STORE_URL``, else the workspace's own file.
        record_contacts: Take the messages down as contacts afterwards; repeating it changes nothing.
        progress: Shows the work.

    Raises:
        InputError: An input is wrong, or *out* holds something else.
        BundleError: The published bundle is missing or altered.
        PolicyError: The policy in force at that instant does not hold for the bundle.
        StoreError: The store does not answer. Nothing is sent on unknown consents.
    """
    file_format = _file_format(format)
    if file_format is FileFormat.PARQUET:
        require_parquet()
    for name, value, least in (("--workers", workers, 1), ("--chunk", chunk, 1), ("-n", n, 1), ("--limit", limit, 0)):
        if value is not None and value < least:
            raise InputError(f"{name} is {value}; it must be at least {least}")
    settings = Settings(workspace=workspace)
    url = store_url or settings.database_url
    progress.step("open")
    bundle = Bundle.open(read_pointer(settings.serving_folder))
    knowledge = Knowledge.of(bundle)
    in_bundle, stated = knowledge.members.members, read_stated_consents(settings.consents_folder)
    members = everybody(in_bundle, stated.members) if audience is None else read_audience(audience)
    standing = Standing.of(members, in_bundle, stated)
    finished = finished_plan(out, file_format)
    before = finished.now if finished is not None else _stopped_at(out)
    clock, _ = clock_of(settings.clock, workspace)
    instant = now if now is not None else before if before is not None else clock()
    live = live_policy(settings.policy_path, instant)
    policy, compiled = live.policy, _compiled(live, knowledge)
    _check_placement(compiled, placement, tuple(policy.placements))
    prices = shadow_prices_in_force(workspace, knowledge, policy_id=compiled.policy_id, now=instant)
    plan = ExportPlan(
        bundle_id=knowledge.bundle_id,
        policy_id=compiled.policy_id,
        placement=placement,
        now=instant,
        seed=seed,
        n=n,
        limit=limit,
        language=language,
        file_format=file_format,
        chunk=chunk,
        n_members=len(members),
        audience_digest=members.digest,
        consents_digest=standing.digest,
        shadow_prices_digest=prices.digest,
        version=importlib.metadata.version(DISTRIBUTION),
    )
    database = open_database(url)
    try:
        database.migrate()
        inputs = ExportInputs(bundle.path, policy, url, prices.price, members, standing)
        manifest = run_export(out, plan, inputs, workers=workers, progress=progress)
        recorded = None
        if record_contacts:
            progress.step("record contacts")
            channel = policy.placements[placement].channel
            recorded = record_contacts_of(out, manifest, MemberStore(database), channel=channel)
    finally:
        database.close()
    done, continued = finished is not None, finished is None and before is not None
    report = _report(
        out, manifest, members, currency=knowledge.currency, done=done, continued=continued, recorded=recorded
    )
    if live.reviewed:
        return report
    return replace(report, notes=(*report.notes, UNREVIEWED))


def _compiled(live: LivePolicy, knowledge: Knowledge) -> CompiledPolicy:
    try:
        return compile_policy(live.policy, knowledge)
    except PolicyError as error:
        raise live.placed(error) from error


def _file_format(value: str) -> FileFormat:
    try:
        return FileFormat(value)
    except ValueError:
        allowed = ", ".join(FileFormat)
        raise InputError(f"the format {value!r} is not known; allowed are {allowed}") from None


def _check_placement(policy: CompiledPolicy, name: str, known: tuple[str, ...]) -> None:
    # A storefront gets the default placement instead; a mailing to nobody's plan is better refused.
    if policy.placement(name) is None:
        raise InputError(f"the policy has no placement {name!r}; it has {', '.join(known)}")


def _stopped_at(out: Path) -> EpochSeconds | None:
    path = partial_folder(out) / "plan.json"
    return read_plan(path).now if path.exists() else None


def _report(
    out: Path,
    manifest: Manifest,
    audience: Audience,
    *,
    currency: str,
    done: bool,
    continued: bool,
    recorded: int | None,
) -> Report:
    members = manifest["members"]
    total = members["sent"] + members["nothing"]
    rows = [("sent", "", members["sent"], members["sent"] / total)]
    rows += [("nothing", reason, count, count / total) for reason, count in members["nothing_by_reason"].items()]
    plan = manifest["plan"]
    notes = list(manifest.get("notes", ()))
    notes += [f"{out}: {manifest['rows']:,} rows, {len(manifest['files'])} file(s), checksum {manifest['checksum']}"]
    notes.append(f"As of {iso(plan['now'])}; the same inputs with this --now give the same bytes.")
    if done:
        notes.append(f"Already done at {iso(plan['now'])}, nothing was changed; use another --out for a new one.")
    if continued:
        notes.append("Continued a stopped export; its instant holds.")
    saved = manifest["saved"]
    if saved["discount_minor"]:
        digits = decimals(currency)
        discount, deadweight = (
            f"{saved[name] / 10**digits:,.{digits}f}" for name in ("discount_minor", "deadweight_minor")
        )
        notes.append(
            f"Against giving everybody the deepest eligible offer, {currency} {discount} of expected discount are not "
            f"given away, {deadweight} of it on orders that come anyway; sure things among those with a choice: "
            f"{saved['sure_thing']:,}, persuadables {saved['persuadable']:,}, lost causes {saved['lost_cause']:,}, "
            f"sleeping dogs {saved['sleeping_dog']:,}."
        )
    n_silent = manifest["audience"]["without_personalisation"]
    if n_silent:
        notes.append(
            f"{n_silent:,} of them did not agree to personalisation: they get what anybody gets, where they agreed to "
            "the channel."
        )
    if audience.n_repeats:
        notes.append(f"{audience.n_repeats:,} repeated ids in {audience.source} were left out.")
    if recorded is not None:
        notes.append(f"{recorded:,} contacts are on record; contact caps count them from now on.")
    return Report(
        facts={
            **manifest,
            "out": str(out),
            "already_done": done,
            "continued": continued,
            "contacts_recorded": recorded,
        },
        tables=(Table(f"Export for {plan['placement']}", ("status", "reason", "members", "share"), tuple(rows)),),
        notes=tuple(notes),
    )
