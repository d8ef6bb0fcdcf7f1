"""Writes a simulated retailer to disk, and its truth into a folder beside it, one block of members at a time."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path

import polars as pl

from features.simulator.block import n_blocks, simulate_block
from features.simulator.categories import CATEGORIES
from features.simulator.facts import offer_names
from features.simulator.parameters import HORIZON_DAYS, TIERS, Parameters
from features.simulator.shared_frames import offer_scope_frame, offers_frame, product_truth_frame, products_frame
from features.simulator.truth_columns import TRUTH_COLUMNS
from features.simulator.world import World, build_world
from recsys.errors import InputError
from recsys.report import Progress, Report, Table

DEFAULT_END = date(2026, 6, 30)
"""The day after the history, midnight UTC: ``now``."""

MIN_MEMBERS, MAX_MEMBERS = 50, 10_000_000
MIN_PRODUCTS, MAX_PRODUCTS = 100, 200_000
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
    out, truth = _folders(out)
    _check("members", members, MIN_MEMBERS, MAX_MEMBERS)
    _check("products", products, MIN_PRODUCTS, MAX_PRODUCTS)
    _check("days", days, MIN_DAYS, MAX_DAYS)
    _check("seed", seed, 0, 2**63 - 1)
    world = build_world(members=members, products=products, seed=seed, days=days, end=end, parameters=Parameters())
    progress.step("Simulating members", total=members)
    rows: Counter[str] = Counter()
    shared = {"products": products_frame(world), "offers": offers_frame(world), "offer_scope": offer_scope_frame(world)}
    rows.update(_write(out, shared, 0))
    _write(truth, {"products": product_truth_frame(world)}, 0)
    orders = 0
    for number in range(n_blocks(world)):
        block = simulate_block(world, number)
        rows.update(_write(out, block.facts, number))
        _write(truth, block.truth, number)
        orders += block.facts["purchases"]["order_id"].n_unique()
        progress.advance(len(block.facts["members"]))
    _write_json(truth / "truth.json", _truth_description(world))
    # Written last: a folder without it was interrupted.
    _write_json(out / "simulation.json", _description(world))
    return _report(world, out, truth, rows, orders)


def _folders(out: Path) -> tuple[Path, Path]:
    """Where facts and truth go; neither may hold anything yet."""
    out = Path(os.path.abspath(out))
    if not out.name:
        raise InputError(f"{out} is no folder that can have a folder beside it for the truth; name another with --out")
    truth = out.with_name(f"{out.name}-truth")
    for folder in (out, truth):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} exists and is not an empty folder; name another with --out, or remove it")
    return out, truth


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(f"{name} is {value}; allowed are {low} to {high}; give another --{name}")


def _write(folder: Path, frames: Mapping[str, pl.DataFrame], part: int) -> dict[str, int]:
    """Write one part a table; the rows written, by table."""
    for name, frame in frames.items():
        path = folder / name / f"part-{part:05d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path, compression="zstd", compression_level=1)
    return {name: len(frame) for name, frame in frames.items()}


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
    return {
        "format": 1,
        "seed": world.seed,
        "now": world.calendar.now,
        "horizon_days": HORIZON_DAYS,
        "categories": [category.name for category in CATEGORIES],
        "waves": [
            {
                "campaign_id": campaign.campaign_id,
                "day": campaign.day,
                "first_tier": TIERS[campaign.first_tier],
                "arms": [offer_names(world)[arm] for arm in campaign.arms.tolist() if arm >= 0],
            }
            for wave in world.waves
            for campaign in wave
        ],
        "offers": {
            name: {"depth": round(depth, 6), "pull": round(pull, 6)}
            for name, depth, pull in zip(
                offer_names(world), world.offers.depth.tolist(), world.offers.pull.tolist(), strict=True
            )
        },
        "parameters": asdict(world.parameters),
        "columns": TRUTH_COLUMNS,
    }


def _report(world: World, out: Path, truth: Path, rows: Mapping[str, int], orders: int) -> Report:
    facts = {
        "out": str(out),
        "truth": str(truth),
        "seed": world.seed,
        "days": world.calendar.days,
        "now": world.calendar.now,
        "orders": orders,
        "rows": dict(rows),
    }
    counts = Table("Rows written", ("table", "rows"), tuple(rows.items()))
    means = Table(
        "The simulated retailer",
        ("figure", "value"),
        (
            ("orders a member", orders / world.n_members),
            ("lines an order", rows["purchases"] / max(orders, 1)),
            ("events a member", rows["events"] / world.n_members),
            ("exposures a member", rows["exposures"] / world.n_members),
            ("redemptions an exposure", rows["redemptions"] / max(rows["exposures"], 1)),
        ),
    )
    notes = (
        f"What each offer really causes is in {truth}; only an evaluation may read it.",
        f"Next: recsys ingest simulated --data {out} --out WORKSPACE",
    )
    return Report(facts, (counts, means), notes)
