"""Writes a simulated retailer to disk, and its truth into a folder beside it, one block of members at a time."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from features.simulator.block import n_blocks, simulate_block
from features.simulator.categories import CATEGORIES
from features.simulator.parameters import HORIZON_DAYS, TIERS, Parameters
from features.simulator.shared_frames import offer_scope_frame, offers_frame, product_truth_frame, products_frame
from features.simulator.world import World, build_world
from recsys.errors import InputError
from recsys.report import Progress, Report, Table

DEFAULT_END = date(2026, 6, 30)
"""The day after the history, midnight UTC: ``now``."""

MIN_MEMBERS, MAX_MEMBERS = 50, 10_000_000
MIN_PRODUCTS, MAX_PRODUCTS = 3 * len(CATEGORIES), 200_000
MIN_DAYS, MAX_DAYS = 120, 1_830


def simulate(
    out: Path,
    *,
    members: int,
    products: int,
    seed: int,
    days: int = 420,
    progress: Progress,
    end: date = DEFAULT_END,
) -> Report:
    """
    Simulate a retailer of *members* members and *products* products over *days* days before *end*.

    Writes ``out/simulation.json`` and ``out/<table>/part-*.parquet`` in the canonical columns, and the truth into the
    sibling folder ``<out>-truth``. The same arguments give the same bytes.

    Raises:
        InputError: A number is out of range, or a folder to be written is not empty.
    """
    out = out.absolute()
    truth = out.with_name(f"{out.name}-truth")
    _check("members", members, MIN_MEMBERS, MAX_MEMBERS)
    _check("products", products, MIN_PRODUCTS, MAX_PRODUCTS)
    _check("days", days, MIN_DAYS, MAX_DAYS)
    _check("seed", seed, 0, 2**63 - 1)
    for folder in (out, truth):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} exists and is not an empty folder; name another one with --out, or remove it")
    parameters = Parameters()
    world = build_world(members=members, products=products, seed=seed, days=days, end=end, parameters=parameters)
    rows: dict[str, int] = {}
    progress.step("Simulating members", total=members)
    shared = {"products": products_frame(world), "offers": offers_frame(world), "offer_scope": offer_scope_frame(world)}
    _write(out, shared, 0, rows)
    _write(truth, {"products": product_truth_frame(world)}, 0, {})
    orders = 0
    for number in range(n_blocks(world)):
        block = simulate_block(world, number)
        _write(out, block.facts, number, rows)
        _write(truth, block.truth, number, {})
        orders += block.facts["purchases"]["order_id"].n_unique()
        progress.advance(len(block.facts["members"]))
    _write_json(truth / "truth.json", _truth_description(world))
    # Written last: a folder without it was interrupted.
    _write_json(out / "simulation.json", _description(world))
    facts = {"out": str(out), "truth": str(truth), "seed": seed, "now": world.calendar.now, "days": days, "rows": rows}
    table = Table("Simulated tables", ("table", "rows"), tuple(rows.items()))
    note = f"The truth is in {truth}; nothing but an evaluation may read it."
    return Report({**facts, "orders": orders}, (table,), (note, f"Next: recsys ingest simulated --data {out}"))


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(f"{name} is {value}; allowed are {low} to {high}; give another --{name}")


def _write(folder: Path, frames: Mapping[str, pl.DataFrame], part: int, rows: dict[str, int]) -> None:
    for name, frame in frames.items():
        path = folder / name / f"part-{part:05d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path, compression="zstd", compression_level=1)
        rows[name] = rows.get(name, 0) + len(frame)


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _description(world: World) -> dict[str, object]:
    return {
        "format": 1,
        "currency": "GBP",
        "tiers": list(TIERS),
        "now": world.calendar.now,
        "seed": world.seed,
        "members": world.n_members,
        "products": len(world.assortment),
        "days": world.calendar.days,
    }


def _truth_description(world: World) -> dict[str, object]:
    return {"format": 1, "seed": world.seed, "now": world.calendar.now, "horizon_days": HORIZON_DAYS}
