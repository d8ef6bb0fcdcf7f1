"""How time and memory of training grow with members: simulated retailers of one shape, a process each."""

import json
import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from experiments.benchmarks import chosen
from experiments.measure import measured
from experiments.step_costs import StepCost, StepCosts
from features.commands import ingest, simulate
from features.workspace import Workspace
from recsys.errors import InputError
from recsys.report import SILENT, Report, Table
from serving.export.pool import map_spawned
from training.commands import train

LIMIT_GIB = 16
_DEFAULTS: dict[str, Any] = {
    "workspace": None, "work": None, "members": "10000,100000", "products": 100_000, "seed": 1, "days": 420
}  # fmt: skip
_MB_PER_GIB = 2**30 / 1e6


@dataclass(frozen=True, slots=True)
class Trained:
    """
    One workspace, trained once.

    Attributes:
        members, products, purchases: In its tables; members who did not agree to personalisation are not learnt from.
        learnt_members: In the bundle.
        cpu_s, wall_s: Seconds of the whole command, CPU of all threads.
        peak_rss_mb: Highest memory of its process, MB (10^6 bytes).
        bundle_mb: All files of the bundle.
        steps: By name, those of the three cut-offs together.
    """

    members: int
    products: int
    purchases: int
    learnt_members: int
    cpu_s: float
    wall_s: float
    peak_rss_mb: float
    bundle_mb: float
    steps: Mapping[str, StepCost]

    def facts(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def run(options: Mapping[str, Any]) -> Report:
    """
    Simulate, ingest and train retailers of several sizes, one after the other, each step in a process of its own.

    What is measured is `recsys train` with the default settings: two fits that are judged, one on everything, lists of
    all members, the bundle, and its registration.

    Args:
        options: ``members``, sizes with commas between; ``products``; ``seed``; ``days`` of history; ``work``, a folder
            to keep worlds in, which are not made again (without one they are temporary). Or ``workspace``, one that
            exists, which is trained alone.

    Raises:
        InputError: A size is no number, or the simulator does not make such.
    """
    asked = chosen("scale", options, _DEFAULTS)
    if asked["workspace"] is not None:
        trained = [_trained(Path(asked["workspace"]), asked["seed"])]
    else:
        with _folder(asked["work"]) as folder:
            trained = [_trained(_world(folder, n, asked), asked["seed"]) for n in _sizes(asked["members"])]
    growth = [_growth(small, large) for small, large in pairwise(trained)]
    peak = max(one.peak_rss_mb for one in trained)
    facts = {
        "benchmark": "scale",
        "seed": asked["seed"],
        "sizes": [one.facts() for one in trained],
        "growth": growth,
        "peak_rss_mb": peak,
        "limit_gib": LIMIT_GIB,
        "within_limit": peak <= LIMIT_GIB * _MB_PER_GIB,
    }
    return Report(facts=facts, tables=(_totals(trained), _steps(trained)), notes=_notes(trained, growth))


def _sizes(members: int | str) -> list[int]:
    texts = str(members).split(",")
    if not all(text.strip().isdigit() for text in texts):
        raise InputError(f"members is {members!r}; give sizes with commas between, for example members=10000,100000")
    return sorted({int(text) for text in texts})


@contextmanager
def _folder(work: str | Path | None) -> Iterator[Path]:
    if work is not None:
        yield Path(work)
        return
    with tempfile.TemporaryDirectory(prefix="recsys-scale-") as name:
        yield Path(name)


def _world(folder: Path, members: int, asked: Mapping[str, Any]) -> Path:
    """The ingested workspace of one size; what an interrupted run left half made is made again."""
    label = f"{members}x{asked['products']}-{asked['days']}d-s{asked['seed']}"
    raw, workspace = folder / f"raw-{label}", folder / f"workspace-{label}"
    if not (raw / "simulation.json").exists():
        for rest in (raw, raw.with_name(f"{raw.name}-truth")):
            shutil.rmtree(rest, ignore_errors=True)
        task = (raw, members, asked["products"], asked["seed"], asked["days"])
        list(map_spawned(_open_simulate, None, [task], workers=1))
    if not (workspace / "workspace.json").exists():
        shutil.rmtree(workspace, ignore_errors=True)
        list(map_spawned(_open_ingest, None, [(raw, workspace)], workers=1))
    return workspace


def _open_simulate(_: None) -> "_Simulate":
    return _Simulate()


class _Simulate:
    def __call__(self, task: tuple[Path, int, int, int, int]) -> None:
        out, members, products, seed, days = task
        simulate(out, members=members, products=products, seed=seed, days=days, progress=SILENT)


def _open_ingest(_: None) -> "_Ingest":
    return _Ingest()


class _Ingest:
    def __call__(self, task: tuple[Path, Path]) -> None:
        raw, workspace = task
        now = int(json.loads((raw / "simulation.json").read_text(encoding="utf-8"))["now"])
        ingest("simulated", str(raw), workspace, now=now, progress=SILENT)


def _trained(workspace: Path, seed: int) -> Trained:
    (trained,) = map_spawned(_open_train, seed, [workspace], workers=1)
    return trained


def _open_train(seed: int) -> "_Train":
    return _Train(seed)


@dataclass(frozen=True, slots=True)
class _Train:
    seed: int

    def __call__(self, path: Path) -> Trained:
        costs = StepCosts(SILENT)
        done = measured(lambda: train(path, seed=self.seed, progress=costs))
        steps = _joined(costs.finish())
        workspace, facts = Workspace.open(path), done.result.facts
        files = [file for file in Path(facts["bundle_path"]).rglob("*") if file.is_file()]
        return Trained(
            members=workspace.n_rows("members"),
            products=workspace.n_rows("products"),
            purchases=workspace.n_rows("purchases"),
            learnt_members=facts["n_members"],
            cpu_s=done.cpu_s,
            wall_s=done.wall_s,
            peak_rss_mb=max(step.peak_rss_mb for step in steps.values()),
            bundle_mb=sum(file.stat().st_size for file in files) / 1e6,
            steps=steps,
        )


def _joined(costs: Mapping[str, StepCost]) -> dict[str, StepCost]:
    """The readings of all cut-offs as one step: their names hold dates."""
    joined: dict[str, StepCost] = {}
    for title, cost in costs.items():
        name = "read purchases" if title.startswith("read ") else title
        joined[name] = joined[name].with_next(cost) if name in joined else cost
    return joined


def _growth(small: Trained, large: Trained) -> dict[str, float]:
    """Exponents b of cost ~ purchases^b between two sizes: 1 is in proportion."""

    def exponent(before: float, after: float) -> float:
        return math.log(after / before) / math.log(large.purchases / small.purchases)

    return {
        "from_members": small.members,
        "to_members": large.members,
        "cpu_s": exponent(small.cpu_s, large.cpu_s),
        "peak_rss_mb": exponent(small.peak_rss_mb, large.peak_rss_mb),
        "bundle_mb": exponent(small.bundle_mb, large.bundle_mb),
    }


def _totals(trained: list[Trained]) -> Table:
    columns = ("members", "products", "purchases", "cpu_s", "wall_s", "peak_rss_mb", "bundle_mb")
    rows = []
    for one in trained:
        costs = (one.cpu_s, one.wall_s, one.peak_rss_mb, one.bundle_mb)
        rows.append((one.members, one.products, one.purchases, *(round(cost) for cost in costs)))
    return Table("Training with the default settings, one process a size", columns, tuple(rows))


def _steps(trained: list[Trained]) -> Table:
    names = list(dict.fromkeys(name for one in trained for name in one.steps))
    columns = ("step", *(f"{one.members:,}: {what}" for one in trained for what in ("cpu_s", "peak_mb")))
    rows = []
    for name in names:
        costs = [one.steps.get(name) for one in trained]
        cells = [cell for cost in costs for cell in _cells(cost)]
        rows.append((name, *cells))
    return Table("Each step, all cut-offs together", columns, tuple(rows))


def _cells(cost: StepCost | None) -> tuple[float | str, int | str]:
    return ("", "") if cost is None else (round(cost.cpu_s, 1), round(cost.peak_rss_mb))


def _notes(trained: list[Trained], growth: list[dict[str, float]]) -> tuple[str, ...]:
    notes = [
        f"From {one['from_members']:,} to {one['to_members']:,} members CPU-seconds grow as "
        f"purchases^{one['cpu_s']:.2f}, peak memory as purchases^{one['peak_rss_mb']:.2f}."
        for one in growth
    ]
    peak = max(one.peak_rss_mb for one in trained)
    within = "within" if peak <= LIMIT_GIB * _MB_PER_GIB else "above"
    return (*notes, f"Highest memory: {peak / _MB_PER_GIB:.1f} GiB, {within} {LIMIT_GIB} GiB.")
