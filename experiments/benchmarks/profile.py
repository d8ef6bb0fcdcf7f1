"""What it costs to know a million members: every feature from nothing, and a day later."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks import chosen
from experiments.benchmarks.tiled_shop import tiled_workspace
from experiments.step_costs import StepCost, StepCosts
from features.dataset import Dataset
from features.profile.build import Profile, build_profile, fit_norms
from features.profile.config import ProfileConfig
from features.profile.facts import MemberFacts
from features.profile.known import facts_of, rules_of
from features.profile.update import split_at, update_profile
from features.workspace import Workspace
from recsys.report import SILENT, Report, Table
from recsys.types import SECONDS_PER_DAY
from serving.export.pool import map_spawned

LIMIT_S, LIMIT_GIB = 600, 16
_DEFAULTS: dict[str, Any] = {
    "workspace": None, "work": None, "members": 1_000_000, "base": 20_000, "products": 10_000, "days": 420, "seed": 1,
}  # fmt: skip
_GIB_MB = 2**30 / 1e6
_WHOLE = ("read the facts", "lay them out", "learn what is usual", "look at every member")


@dataclass(frozen=True, slots=True)
class Known:
    """
    One workspace, its members known once and a day later.

    Attributes:
        members, learnt_members: In the table, and with consent.
        purchases, orders: Lines and orders of those.
        columns: Features a member.
        steps: Cost by step.
        day: Cost by step of going on by a day.
        touched: Members computed again for the last day.
        events: Facts of that day.
        same: The profile brought up to date equals the one built from nothing, to the byte.
    """

    members: int
    learnt_members: int
    purchases: int
    orders: int
    columns: int
    steps: Mapping[str, StepCost]
    day: Mapping[str, StepCost]
    touched: int
    events: int
    same: bool


def run(options: Mapping[str, Any]) -> Report:
    """
    Read a workspace and compute every feature of every member; then go on from the day before the last by one day.

    A simulated shop of ``base`` members is put side by side until there are ``members``, because what is measured grows
    with members and lines and not with how different they are. All in one process of its own, which uses two threads.

    Args:
        options: ``members``, ``base``, ``products``, ``days`` of history, ``seed``; ``work``, a folder to keep the shop
            in; or ``workspace``, one that exists.
    """
    asked = chosen("profile", options, _DEFAULTS)
    if asked["workspace"] is not None:
        known = _known(Path(asked["workspace"]))
    else:
        with _folder(asked["work"]) as folder:
            known = _known(tiled_workspace(folder, asked))
    return _report(known)


@contextmanager
def _folder(work: str | Path | None) -> Iterator[Path]:
    if work is not None:
        yield Path(work)
        return
    name = tempfile.mkdtemp(prefix="recsys-profile-")
    try:
        yield Path(name)
    finally:
        shutil.rmtree(name, ignore_errors=True)


def _known(workspace: Path) -> Known:
    (known,) = map_spawned(_open, None, [workspace], workers=1)
    return known


def _open(_: None) -> "_Knowing":
    return _Knowing()


class _Knowing:
    def __call__(self, path: Path) -> Known:
        workspace, costs, config = Workspace.open(path), StepCosts(SILENT), ProfileConfig()
        costs.step(_WHOLE[0])
        dataset = Dataset.read(workspace, workspace.now)
        costs.step(_WHOLE[1])
        facts, rules = facts_of(dataset), rules_of(dataset, config)
        norms = fit_norms(facts, rules, progress=costs)
        profile = build_profile(facts, norms, rules, progress=costs)
        costs.step("take the last day off")
        past, news = split_at(facts, _last_midnight(facts))
        earlier = build_profile(past, norms, rules)
        of_day = StepCosts(SILENT)
        updated = update_profile(earlier, news, past=past, norms=norms, rules=rules, progress=of_day)
        day = of_day.finish()
        same = _same(updated.profile, profile)
        return Known(
            members=workspace.n_rows("members"),
            learnt_members=facts.n_members,
            purchases=len(facts.purchases),
            orders=len(facts.orders.member),
            columns=len(profile.specs),
            steps=costs.finish(),
            day=day,
            touched=len(updated.touched),
            events=len(news.purchases) + len(news.returns.member) + len(news.points.member),
            same=same,
        )


def _last_midnight(facts: MemberFacts) -> int:
    last = facts.calendar.local_days(np.array([facts.as_of - 1]))
    return int(facts.calendar.starts_of(last)[0]) or facts.as_of - SECONDS_PER_DAY


def _same(one: Profile, other: Profile) -> bool:
    return all(one.columns[spec.name].tobytes() == other.columns[spec.name].tobytes() for spec in other.specs)


def _report(known: Known) -> Report:
    whole = [known.steps[name] for name in _WHOLE if name in known.steps]
    cpu_s, wall_s = sum(step.cpu_s for step in whole), sum(step.wall_s for step in whole)
    peak_mb = max(step.peak_rss_mb for step in whole)
    day_cpu_s, day_wall_s = (sum(getattr(step, name) for step in known.day.values()) for name in ("cpu_s", "wall_s"))
    facts = {
        "benchmark": "profile",
        "members": known.members,
        "learnt_members": known.learnt_members,
        "purchases": known.purchases,
        "orders": known.orders,
        "columns": known.columns,
        "cpu_s": cpu_s,
        "wall_s": wall_s,
        "peak_rss_mb": peak_mb,
        "limit_s": LIMIT_S,
        "limit_gib": LIMIT_GIB,
        "within_limits": wall_s <= LIMIT_S and peak_mb <= LIMIT_GIB * _GIB_MB,
        "day": {
            "events": known.events,
            "touched": known.touched,
            "cpu_s": day_cpu_s,
            "wall_s": day_wall_s,
            "share_of_events": known.events / max(known.purchases, 1),
            "share_of_members": known.touched / max(known.learnt_members, 1),
            "share_of_cpu": day_cpu_s / max(cpu_s, 1e-9),
            "steps": {name: asdict(step) for name, step in known.day.items()},
            "same_as_from_nothing": known.same,
        },
        "steps": {name: asdict(step) for name, step in known.steps.items()},
    }
    steps = [*known.steps.items(), *((f"a day later: {name}", step) for name, step in known.day.items())]
    rows = tuple((name, round(step.cpu_s, 1), round(step.wall_s, 1), round(step.peak_rss_mb)) for name, step in steps)
    title = f"{known.columns} features of {known.learnt_members:,} members, {known.purchases:,} purchase lines"
    within = "within" if facts["within_limits"] else "NOT within"
    notes = (
        f"From nothing: {wall_s:,.0f} s by the clock, {cpu_s:,.0f} CPU-seconds, {peak_mb / _GIB_MB:.1f} GiB; {within} "
        f"{LIMIT_S} s and {LIMIT_GIB} GiB.",
        f"A day later: {known.events:,} facts touch {known.touched:,} members; {day_wall_s:,.1f} s by the clock, "
        f"{day_cpu_s:,.1f} CPU-seconds; the same bytes as from nothing: {'yes' if known.same else 'NO'}.",
    )
    return Report(facts, (Table(title, ("step", "cpu_s", "wall_s", "peak_mb"), rows),), notes)
