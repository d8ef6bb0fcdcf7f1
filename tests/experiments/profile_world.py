"""The small workspace with a programme, and without one, for questions about its members."""

from pathlib import Path
from typing import Any

import numpy as np

from tests.features.small_workspace import small_rows, write_workspace

PROGRAMME = """
name: club
currency: GBP
timezone: UTC
ladders:
  - from: 2023-01-01
    window: {rolling_days: 365}
    downgrade: {review: continuous}
    tiers:
      - {name: basic}
      - {name: gold, entry: {spend_minor: 1000}, benefits: {points_multiplier_bp: 15000}}
points:
  - from: 2023-01-01
    earning: {per_minor: 100, points: 1, tiers: {gold: 15000}}
    redemption: {points: 10, worth_minor: 5}
    expiry: {rolling_months: 1}
"""
HARDER = PROGRAMME.replace("1000", "2000").replace("15000", "20000")


def open_workspace(folder: Path, programme: str | None = PROGRAMME, **members: dict[str, Any]) -> Path:
    """The small workspace, with other values in the rows of some members."""
    rows = small_rows()
    rows["members"] = [one | members.get(one["member_id"], {}) for one in rows["members"]]
    workspace = write_workspace(folder / "w", rows)
    if programme is not None:
        workspace.programme_path.write_text(programme)
    return workspace.path


def withdrew(*gone: str) -> Any:
    """Whom the store says to leave out."""
    return lambda member_ids: np.isin(member_ids, gone)


def other_programme(folder: Path, text: str) -> Path:
    """Another programme file, outside the workspace."""
    path = folder / "other.yaml"
    path.write_text(text)
    return path
