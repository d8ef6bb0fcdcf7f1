"""A large shop out of a small one: the same members again and again under other ids."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from features.commands import ingest, simulate
from features.workspace import Workspace
from recsys.report import SILENT
from serving.export.pool import map_spawned

_OF_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "members": ("member_id",),
    "purchases": ("member_id", "purchase_id", "order_id"),
    "events": ("member_id", "event_id"),
    "exposures": ("member_id", "exposure_id"),
    "redemptions": ("member_id", "redemption_id", "order_id"),
    "returns": ("member_id", "return_id", "purchase_id"),
    "points_entries": ("member_id", "entry_id", "order_id"),
    "tier_changes": ("member_id",),
    "merges": ("member_id", "into_member_id"),
}
"""Tables that are there once a copy, and the ids in them that have to be told apart."""


def tiled_workspace(folder: Path, asked: Mapping[str, Any]) -> Path:
    """
    The workspace of ``members`` members, made of copies of a simulated shop of ``base``; made once, then found again.

    Args:
        folder: Where the shops lie.
        asked: ``members``, ``base``, ``products``, ``days``, ``seed``.
    """
    label = f"{asked['base']}x{asked['products']}-{asked['days']}d-s{asked['seed']}"
    base, tiled = folder / f"base-{label}", folder / f"{asked['members']}-of-{label}"
    if not (tiled / "workspace.json").exists():
        shutil.rmtree(tiled, ignore_errors=True)
        list(map_spawned(_open, None, [(base, tiled, dict(asked))], workers=1))
    return tiled


def _open(_: None) -> "_Tiling":
    return _Tiling()


class _Tiling:
    """Works in a process of its own, so that its memory is not that of what is measured."""

    def __call__(self, task: tuple[Path, Path, dict[str, Any]]) -> None:
        base, tiled, asked = task
        if not (base / "workspace.json").exists():
            _make_base(base, asked)
        copies = -(-asked["members"] // asked["base"])
        source = Workspace.open(base)
        for table in (path.name for path in sorted((base / "tables").iterdir())):
            out = tiled / "tables" / table
            out.mkdir(parents=True)
            files = source.table_files(table)
            for copy in range(copies if table in _OF_MEMBERS else 1):
                for number, file in enumerate(files):
                    rows = _copied(pl.read_parquet(file), _OF_MEMBERS.get(table, ()), copy)
                    rows.write_parquet(out / f"part-{copy * len(files) + number:05}.parquet", compression="zstd")
        for name in ("policy.yaml", "programme.yaml", "workspace.json"):
            shutil.copy(base / name, tiled / name)


def _copied(rows: pl.DataFrame, ids: tuple[str, ...], copy: int) -> pl.DataFrame:
    return rows.with_columns(pl.concat_str(pl.lit(f"{copy:04}-"), pl.col(name)).alias(name) for name in ids)


def _make_base(base: Path, asked: Mapping[str, Any]) -> None:
    raw = base.with_name(f"raw-{base.name}")
    for rest in (raw, raw.with_name(f"{raw.name}-truth"), base):
        shutil.rmtree(rest, ignore_errors=True)
    sizes = {name: asked[name] for name in ("products", "days", "seed")}
    simulate(raw, members=asked["base"], **sizes, progress=SILENT)
    now = int(json.loads((raw / "simulation.json").read_text(encoding="utf-8"))["now"])
    ingest("simulated", str(raw), base, now=now, progress=SILENT)
