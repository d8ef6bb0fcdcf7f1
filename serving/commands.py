"""The commands of this room: serve, decide once, make a key, and say who opted out."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import uvicorn

from recsys.errors import StoreError
from recsys.report import Report, Table
from recsys.types import SECONDS_PER_DAY, Consent, KeepMask, Relation
from serving.app import create_app
from serving.clock import Clock, clock_of
from serving.decision_report import decision_report
from serving.live import POINTER
from serving.logs import configure_logging
from serving.one_decision import prepare
from serving.scopes import Scope
from serving.service import Service
from serving.settings import ClockChoice, Settings, read_settings
from serving.silence import quiet_now, reason_told
from serving.store.facts import member_key
from serving.store.store import Store

_GRACE_S = 15
_SHORT_ID = 16
_FIRST_KEY = "first key"


def serve(
    workspace: Path,
    *,
    host: str,
    port: int,
    store_url: str | None = None,
    clock: ClockChoice | None = None,
    show: Callable[[Report], None] | None = None,
) -> None:
    """
    Serve a workspace over HTTP until told to stop; a graceful stop writes all decisions to the log.

    Args:
        workspace: Where bundles, policy and store are.
        host, port: Where to listen.
        store_url: Of the store; absent means ``RECSYS_STORE_URL``, or SQLite in the workspace.
        clock: See `serving.clock.clock_of`; absent means ``RECSYS_CLOCK``, or ``auto``.
        show: Gets what a person needs to know before the first request, the first key among it; absent means standard
            output.

    Raises:
        InputError: The workspace is not one.
        StoreError: The store's URL cannot be used.
    """
    settings = read_settings(workspace, store_url=store_url, clock=clock)
    configure_logging()
    app = create_app(settings)
    service: Service = app.state.service
    service.live.refresh()  # now, so that the greeting can say what is served
    (show or _show_plainly)(_greeting(service, host, port, _first_key(settings)))
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )


def decide(
    workspace: Path,
    *,
    member_id: str,
    placement: str | None,
    n: int | None,
    now: int | None,
    explain: bool,
    relation: Relation | None = None,
    products: tuple[str, ...] = (),
    language: str = "en",
) -> Report:
    """
    One decision as the service would take it, with its reasons; nothing is logged.

    Args:
        workspace: Where the published bundle, the policy and the store are.
        member_id: Any id; empty for nobody, where products are asked about.
        placement: Of the policy; absent means ``home``, or where an answer about products stands.
        relation: Products are asked for that are related so to *products*; absent means the member's own.
        products: Any ids: those asked about, or the basket.
        n: Positions wanted; absent means the placement's capacity.
        now: Absent means the workspace's clock.
        explain: Also every candidate, and what became of it.
        language: Of the reasons' texts.

    Raises:
        InputError: The policy has no such placement. (Over HTTP the default placement answers, and says so.)
        BundleError: Nothing was published yet, or the bundle is broken.
        PolicyError: The policy is broken.
        StoreError: There is a store, and it does not answer.
    """
    prepared = prepare(
        workspace, member_id=member_id, placement=placement, n=n, now=now, explain=explain, language=language,
        relation=relation, products=products,
    )  # fmt: skip
    decision = prepared.served.engine.decide(prepared.subject, prepared.context)
    engine = prepared.served.engine
    rows = engine.knowledge.catalogue.products.rows(list(products)).tolist() if products else []
    return decision_report(
        decision,
        currency=engine.knowledge.currency,
        language=language,
        shortfall=reason_told(engine.policy.source, decision.shortfall_reason, language=language),
        unknown=[name for name, row in zip(products, rows, strict=True) if row < 0],
    )


def create_key(
    workspace: Path,
    *,
    name: str = "command line",
    scopes: tuple[Scope, ...] = (Scope.ADMIN,),
    store_url: str | None = None,
) -> Report:
    """
    Make an API key; it is shown this once and kept as a hash only.

    Raises:
        StoreError: The store does not answer.
    """
    settings = read_settings(workspace, store_url=store_url)
    key = _make_key(settings, name, scopes, only_if_none=False)
    return Report(
        facts={"key": key, "name": name, "scopes": [scope.value for scope in scopes]},
        tables=(Table("API key", ("name", "scopes", "key"), ((name, " ".join(scopes), key),)),),
        notes=("This key cannot be shown again. Send it as 'Authorization: Bearer KEY'.",),
    )


def opted_out(workspace: Path, member_ids: Sequence[str], *, store_url: str | None = None) -> KeepMask:
    """
    Who withdrew consent to personalisation or asked to be forgotten since the service began: not to be learnt from.

    Training knows what its tables say; this is the word that members gave to the service meanwhile (law 8).

    Args:
        workspace: Whose store is asked.
        member_ids: Any number, in any order.
        store_url: Absent means ``RECSYS_STORE_URL``, or SQLite in the workspace.

    Returns:
        Shape (len(member_ids),), bool: True for members who opted out. All False where nothing was ever served.

    Raises:
        StoreError: There is a store, and it does not answer: nothing may be learnt from anybody then.
    """
    settings = read_settings(workspace, store_url=store_url)
    store = Store.at(settings.database_url)
    try:
        if store.database.is_sqlite and not store.database.file.exists():
            return np.zeros(len(member_ids), dtype=np.bool_)
        store.database.migrate()
        said = store.members.fetch_restricted(since=0)
    finally:
        store.close()
    out = {
        key for key, facts in said.items()
        if facts.erased or (facts.consent is not None and Consent.PERSONALISATION not in facts.consent)
    }  # fmt: skip
    if not out:
        return np.zeros(len(member_ids), dtype=np.bool_)
    return np.fromiter((member_key(one) in out for one in member_ids), dtype=np.bool_, count=len(member_ids))


def _first_key(settings: Settings) -> str:
    """A key for a workspace that has none yet; empty where it has, or the store is down."""
    try:
        return _make_key(settings, _FIRST_KEY, (Scope.ADMIN,), only_if_none=True)
    except StoreError:
        return ""


def _make_key(settings: Settings, name: str, scopes: tuple[Scope, ...], *, only_if_none: bool) -> str:
    clock: Clock
    clock, _ = clock_of(settings.clock, settings.workspace)
    store = Store.at(settings.database_url)
    try:
        store.database.migrate()
        if only_if_none and store.keys.count():
            return ""
        return store.keys.create(name, scopes, now=clock())
    finally:
        store.close()


def _greeting(service: Service, host: str, port: int, key: str) -> Report:
    url = f"http://{host}:{port}"
    lag_s = service.clock_lag_s
    bundle, bundle_facts = _bundle_line(service)
    notes = [f"Try it   {url}", f"Docs     {url}/docs", f"Ready    {url}/health/ready"]
    if key:
        notes += [f"Key      {key}", "         (shown this once; `recsys key create` makes another)"]
    else:
        notes += ["Key      as before; `recsys key create` makes another"]
    notes += [f"Bundle   {bundle}"]
    policy, policy_facts = _policy_line(service)
    notes += [f"Policy   {policy}"] if policy else []
    served = service.live.current
    quiet = quiet_now(served.engine.policy.source, service.clock()) if served is not None else ()
    notes += [f"Quiet    {one.told()}" for one in quiet]
    if lag_s:
        notes += [f"Clock    {lag_s // 86_400} days behind: the facts are historic, and time goes on from their end"]
    facts = {"url": url, "key": key, "clock_lag_s": lag_s, "quiet": [one.rule for one in quiet]}
    return Report(facts={**facts, **bundle_facts, **policy_facts}, notes=tuple(notes))


def _bundle_line(service: Service) -> tuple[str, dict[str, str | int | None]]:
    """What is served, for people and as facts."""
    served, refusal = service.live.current, service.live.refusal
    if served is not None:
        age_s = max(0, service.clock() - served.cut_off)
        days = age_s // SECONDS_PER_DAY
        age = "less than a day" if days < 1 else f"{days} day{'' if days == 1 else 's'}"
        line = f"{served.bundle_id[:_SHORT_ID]}, {age} old"
        return line, {"bundle": "served", "bundle_id": served.bundle_id, "bundle_age_s": age_s, "bundle_refused": ""}
    is_published = (service.settings.serving_folder / POINTER).exists()
    reason = refusal.reason if is_published and refusal is not None else ""
    facts: dict[str, str | int | None] = {
        "bundle": "refused" if reason else "none",
        "bundle_id": "",
        "bundle_age_s": None,
        "bundle_refused": reason,
    }
    return (f"refused: {reason}" if reason else "none: run `recsys publish`"), facts


def _policy_line(service: Service) -> tuple[str, dict[str, str | int | None]]:
    """Which version of the policy is served and who let it, for people and as facts."""
    served = service.live.current
    if served is None:
        return "", {"policy_id": "", "policy_reviewed": None}
    in_force = served.in_force
    facts: dict[str, str | int | None] = {"policy_id": served.policy_id, "policy_reviewed": in_force.reviewed}
    name = f"{served.policy_id[:_SHORT_ID]} ({served.policy_name})"
    if not in_force.reviewed:
        return f"{name}, a draft that nobody reviewed; `recsys policy submit`, then somebody else `approve`", facts
    return f"{name}, approved by {in_force.approver}", facts


def _show_plainly(report: Report) -> None:
    sys.stdout.write("".join(f"{note}\n" for note in report.notes))
    sys.stdout.flush()
