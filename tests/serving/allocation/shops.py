"""Small shops for allocations: a workspace with a choice of bundle and exploration, and what is asked of it."""

import csv
from pathlib import Path

import yaml

from recsys.knowledge import Knowledge
from serving.allocation.commands import OFFERS, allocate
from tests.serving.export_world import small_workspace
from tests.worlds import NOW, small_bundle

SHORT = 40
"""Minor units: free spending of the small world is 71."""


def shop_of(workspace: Path, knowledge: Knowledge | None = None, *, epsilon: float = 0.0) -> Path:
    """A workspace whose decisions explore with *epsilon*."""
    small_workspace(workspace)
    content = yaml.safe_load((workspace / "policy.yaml").read_text(encoding="utf-8"))
    content["exploration"] = {"epsilon": epsilon}
    (workspace / "policy.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    if knowledge is not None:
        small_bundle(workspace / "serving" / "b2", knowledge)
        (workspace / "serving" / "current").write_text("b2\n")
    return workspace


def allocated(shop: Path, name: str = "out", placement: str = "email", **options):
    report = allocate(shop, placement=placement, out=shop / name, now=NOW, **options)
    return report, list(csv.DictReader((shop / name / OFFERS).read_text(encoding="utf-8").splitlines()))


def asked(shop: Path, **section) -> Path:
    path = shop / "rows.yaml"
    path.write_text(yaml.safe_dump({"allocation": section}), encoding="utf-8")
    return path
