"""Whether the rules of tiers and points are there, and whether what the retailer records is what they say."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from features.profile.config import ProfileConfig
from features.profile.known import know_groups
from features.profile.points import PointsBalance
from features.profile.tier import TierStanding
from features.programme import read_programme
from features.workspace import Workspace
from recsys.types import UNKNOWN_ROW
from training.checks.finding import Finding, State, counted

OTHER_IS_MUCH = 0.05
"""Share of members whose record may differ from the rules: corrections by hand, the odd late booking."""

_LOOK = (
    "look with `recsys profile`: either the programme file is not what was promised, or the records are not kept by it"
)


def check_programme(workspace: Workspace, config: ProfileConfig) -> Iterator[Finding]:
    """
    The programme file; and, of members who agreed to personalisation, tiers and points recorded against its rules.

    Raises:
        InputError: The file is no programme, counts in another currency, or has other tiers than the workspace.
    """
    programme = read_programme(workspace)
    why = "its rules say what is missing for the next tier, which points end when, and what tiers members had on a day"
    if programme is None:
        to_do = "write it: `recsys profile --write-programme` makes one to begin with"
        yield Finding("programme", State.MISSING, f"no {workspace.programme_path.name}", "1 file", why, to_do)
        return
    found = f"{programme.name}: {counted(len(programme.tiers), 'tiers')}"
    found += f", {counted(len(programme.points), 'sets of points rules')}" if programme.points else ", no points"
    yield Finding("programme", State.OK, found, "1 file", why)
    dataset = Dataset.read(workspace, workspace.now)
    known = know_groups(dataset, config, (TierStanding(), PointsBalance()))
    row_of = {tier: row for row, tier in enumerate(dataset.tiers)}
    tiers = np.array([row_of.get(name, UNKNOWN_ROW) for name in dataset.members["tier"].to_list()], dtype=np.int64)
    yield _against(
        "tiers by the programme",
        tiers != known["tier_by_rules"],
        tiers != UNKNOWN_ROW,
        "the recorded tier is what members get; what they lack for the next one, and when theirs ends, is by the rules",
    )
    if programme.points:
        points = dataset.members["points"].to_numpy().astype(np.int64)
        yield _against(
            "points by the programme",
            points != known["points_usable"],
            np.full(len(points), bool(points.any())),
            "the recorded balance is what offers go by; what ends when, and what is owed in all, is by the rules",
        )


def _against(part: str, other: NDArray[np.bool_], recorded: NDArray[np.bool_], why: str) -> Finding:
    n, n_other = int(recorded.sum()), int((other & recorded).sum())
    needed = f"at most {OTHER_IS_MUCH:.0%} other than recorded"
    if not n:
        return Finding(part, State.OK, "none recorded: those by the rules stand", needed, why)
    share = n_other / n
    state = State.OK if share <= OTHER_IS_MUCH else State.THIN
    found = f"other than recorded for {share:.1%} of {counted(n, 'members')}"
    return Finding(part, state, found, needed, why, "" if state is State.OK else _LOOK)
