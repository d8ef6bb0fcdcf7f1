"""The command `recsys allocate`: offers for everybody under all budgets at once, and prices for later decisions."""

import csv
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recsys.bundle import Bundle
from recsys.decision import Context
from recsys.engine import Engine
from recsys.errors import InputError, PolicyError
from recsys.knowledge import Knowledge
from recsys.offers.allocation.allocate import Allocation
from recsys.offers.allocation.fairness import Fairness, price_of_fairness
from recsys.offers.allocation.prices import LimitPrices, limit_prices
from recsys.offers.allocation.rows import Row
from recsys.policy.compile import compile_policy
from recsys.policy.lifecycle.registry import live_policy
from recsys.report import SILENT, Progress, Report
from recsys.types import SECONDS_PER_DAY, EpochSeconds
from serving.allocation.collect import Collected, collect
from serving.allocation.limits import Period, price_by_offer, rows_of
from serving.allocation.section import AllocationSection, read_section
from serving.allocation.told import report_of
from serving.clock import clock_of
from serving.export.audience import Audience, everybody, read_audience
from serving.export.files import sha256
from serving.export.plan import as_json, iso
from serving.live import read_pointer
from serving.plan_run import MembersThen
from serving.settings import read_settings
from serving.shadow_prices import RowPrice, ShadowPrices, write_shadow_prices
from serving.stated_consents import read_stated_consents
from serving.store.database import open_database
from serving.store.members import MemberStore

SUMMARY = "allocation.json"
OFFERS = "offers.csv"
_MOST_DAYS = 366
_PRICE_DECIMALS = 9


def allocate(
    workspace: Path,
    *,
    placement: str,
    out: Path,
    audience: Path | None = None,
    rows: Path | None = None,
    budget: int | None = None,
    days_left: int = 1,
    per_member: int = 1,
    now: EpochSeconds | None = None,
    seed: int = 0,
    store_url: str | None = None,
    progress: Progress = SILENT,
) -> Report:
    """
    Choose offers for everybody at once, write who gets which, and leave the budgets' prices for decisions one by one.

    Writes ``offers.csv`` (who gets an offer, which, and what it is worth) and ``allocation.json`` into *out*; where it
    is for everybody, also ``shadow_prices.json`` into the workspace, which the service, `recsys decide` and exports use
    from then on, with this bundle and this policy, until the days are over. Those prices come from budgets, limits and
    contacts alone; floors and parity hold in ``offers.csv``.

    Args:
        workspace: With a published bundle and a policy.
        placement: One of the policy's, with offers.
        out: A folder that is not there yet, or empty.
        audience: File of member ids; absent means everybody, as of an export.
        rows: File with the section ``allocation``: parity, floors, contacts; see `serving.allocation.section`.
        budget: Minor units for the expected discounts of all offers together; absent means no bound.
        days_left: Days that budgets and limits must last, today among them.
        per_member: Offers that a member may get at most, no more than the placement's ``max_offers``.
        now: What is known by then counts; absent means the workspace's clock.
        seed: Of exploration's draws, which an allocation does not use; as in an export.
        store_url: Absent means ``RECSYS_STORE_URL``, or SQLite in the workspace.
        progress: Shows the work.

    Raises:
        InputError: An input is wrong, or *out* holds something.
        BundleError: The published bundle is missing or altered.
        PolicyError: The policy in force does not hold for the bundle.
        StoreError: The store does not answer. Nothing is allocated on unknown consents.
    """
    _check(budget, days_left, out)
    settings = read_settings(workspace, store_url=store_url)
    progress.step("open")
    clock, _ = clock_of(settings.clock, workspace)
    instant = clock() if now is None else now
    knowledge = Knowledge.of(Bundle.open(read_pointer(settings.serving_folder)))
    live = live_policy(settings.policy_path, instant)
    _check_placement(placement, live.policy.placements, per_member)
    section = read_section(rows, live.policy.tiers)
    stated = read_stated_consents(settings.consents_folder)
    members = everybody(knowledge.members.members, stated.members) if audience is None else read_audience(audience)
    try:
        engine = Engine(knowledge, compile_policy(live.policy, knowledge))
    except PolicyError as error:
        raise live.placed(error) from error
    database = open_database(settings.database_url)
    try:
        database.migrate()
        progress.step("value", len(members))
        then = MembersThen(MemberStore(database), stated, instant, knowledge.cut_off)
        context = Context(placement, instant, seed)
        collected = collect(engine, members, then, context, per_member=per_member, progress=progress)
    finally:
        database.close()
    period = Period(instant, days_left, budget)
    asked = rows_of(collected, knowledge.offers, engine.policy, section, period=period)
    progress.step("allocate")
    fairness = price_of_fairness(collected.problem, asked)
    limits = limit_prices(collected.problem, asked)
    facts = {
        "bundle_id": knowledge.bundle_id,
        "policy_id": engine.policy.policy_id,
        "placement": placement,
        "now": iso(instant),
        "days_left": days_left,
        "currency": live.policy.currency,
        "audience": {"source": members.source, "members": len(members), "digest": members.digest},
        **_summary(collected, fairness, limits, section=section, tiers=live.policy.tiers),
    }
    progress.step("write")
    ids = [knowledge.offers.offers.id(int(row)) for row in collected.offers]
    files = _write(out, facts, collected, fairness.fair, members, ids)
    prices = _prices(collected, asked, limits, fairness.unfair)
    serves = audience is None
    if serves:
        found = ShadowPrices(
            bundle_id=knowledge.bundle_id,
            policy_id=engine.policy.policy_id,
            placement=placement,
            made_at=instant,
            ends_at=instant + days_left * SECONDS_PER_DAY,
            offers={name: price for name, price in zip(ids, prices, strict=True) if price > 0},
            rows=tuple(
                RowPrice(name=row.name, price=price, measure=row.measure)
                for row, price in zip(asked, limits.price.tolist(), strict=True)
                if not row.fairness
            ),
        )
        write_shadow_prices(workspace, found)
    told = {**facts, **files, "offer_prices": dict(zip(ids, prices, strict=True)), "prices_served": serves}
    return report_of({**told, "out": str(out)})


def _check(budget: int | None, days_left: int, out: Path) -> None:
    if not 1 <= days_left <= _MOST_DAYS:
        raise InputError(f"--days-left is {days_left}; it must be from 1 to {_MOST_DAYS}, today among them")
    if budget is not None and budget < 0:
        raise InputError(f"--budget is {budget}; it must be 0 or more, in minor units; leave it out for no bound")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists and is not empty; choose another --out, or delete it")


def _check_placement(name: str, known: Mapping[str, Any], per_member: int) -> None:
    if name not in known:
        raise InputError(f"the policy has no placement {name!r}; it has {', '.join(known)}")
    if not known[name].max_offers:
        others = [one for one, spec in known.items() if spec.max_offers]
        raise InputError(f"the placement {name!r} shows no offers; those that do are {', '.join(others) or 'none'}")
    if not 1 <= per_member <= known[name].max_offers:
        raise InputError(
            f"--per-member is {per_member}; it must be from 1 to {known[name].max_offers}, the `max_offers` of {name!r}"
        )


def _summary(
    collected: Collected, fairness: Fairness, limits: LimitPrices, *, section: AllocationSection, tiers: Sequence[str]
) -> dict[str, Any]:
    found, problem = fairness.fair, collected.problem
    sizes = np.bincount(problem.tier, minlength=len(tiers)).tolist()
    asked = {floor.id: floor.share for floor in section.floors if floor.share is not None}
    got = dict(zip(tiers, np.nan_to_num(_padded(fairness.mean_fair, len(tiers))) * sizes, strict=True))
    reached = {floor.id: float(got[floor.tier] / max(sum(got.values()), 1e-9)) for floor in section.floors}
    return {
        "value_minor": round(found.value),
        "bound_minor": round(found.bound),
        "gap": found.gap,
        "feasible": found.feasible,
        "possible": found.possible,
        "members_with_offers": int((found.offers >= 0).any(axis=1).sum()),
        "offers_given": int((found.offers >= 0).sum()),
        "rows": [
            {
                "name": use.row.name, "measure": use.row.measure, "sense": use.row.sense.value,
                "bound": use.row.bound, "used": use.used, "price": use.price if use.row.fairness else price,
                "missing": use.missing, "reachable": use.reachable, "fairness": use.row.fairness, "closed": closed,
                "share_asked": asked.get(use.row.name) if use.row.fairness else None,
                "share_reached": reached[use.row.name] if use.row.fairness and use.row.name in asked else None,
            }
            for use, price, closed in zip(found.rows, limits.price.tolist(), limits.closed.tolist(), strict=True)
        ],
        "price_of_fairness": fairness.price,
        "tiers": [
            {"tier": tier, "members": size, "mean_minor": _known(fair), "mean_without_fairness_minor": _known(unfair)}
            for tier, size, fair, unfair in zip(
                tiers, sizes, _padded(fairness.mean_fair, len(tiers)), _padded(fairness.mean_unfair, len(tiers)),
                strict=True,
            )
        ],
    }  # fmt: skip


def _padded(means: Any, n: int) -> list[float]:
    return [*means.tolist(), *[float("nan")] * (n - len(means))]


def _known(mean: float) -> float | None:
    return None if np.isnan(mean) else mean


def _prices(collected: Collected, rows: tuple[Row, ...], limits: LimitPrices, found: Allocation) -> list[float]:
    problem = collected.problem
    given = np.zeros(problem.values.shape)
    member, slot = np.nonzero(found.offers >= 0)
    given[member, found.offers[member, slot]] = 1.0
    return [round(one, _PRICE_DECIMALS) for one in price_by_offer(collected, rows, limits, given).tolist()]


def _write(
    out: Path,
    facts: Mapping[str, Any],
    collected: Collected,
    found: Allocation,
    members: Audience,
    ids: Sequence[str],
) -> dict[str, Any]:
    partial = out.with_name(f".{out.name}.allocating")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with (partial / OFFERS).open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("member_id", "offer_id", "value_minor", "discount_minor"))
        for member, slot in zip(*(one.tolist() for one in np.nonzero(found.offers >= 0)), strict=True):
            column = int(found.offers[member, slot])
            worth, discount = collected.problem.values[member, column], collected.problem.discount[member, column]
            table.writerow((members.encoded[member].decode(), ids[column], round(worth), round(discount)))
    files = {"files": {OFFERS: sha256(partial / OFFERS)}}
    (partial / SUMMARY).write_text(as_json({**facts, **files}), encoding="utf-8")
    if out.exists():
        out.rmdir()
    partial.rename(out)
    return files
