"""What a run keeps of what is known of its members, so that two runs can be compared: who they are, what was learnt."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from features.profile.build import AllNorms
from recsys.loyalty.points_rules import PointsRules
from recsys.loyalty.programme import Programme
from recsys.members import Members
from recsys.types import STAGES, EpochSeconds, Stage

PROFILE_NORMS = "profile_norms.json"

LONG = 1_000
"""A list of more values is summarised in `PROFILE_NORMS`: one a product or brand is too much to read."""

_FIRST = 5
_NAMED = re.compile(r"[\w \-]+")
_COUNTS = ("k", "r", "alpha_days", "a", "b")
_SPEND = ("p", "q", "v_minor")


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """
    What is known of the members of a bundle, in short.

    Attributes:
        names: What stands behind it, by name: the models of value and the programme.
        figures: By name: the parameters of those models, members by stage and tier, and what all of them come to.
            What is not known is left out.
        norms: What was learnt of all members together, as JSON; long lists as how many, least, mean and most.
    """

    names: Mapping[str, str]
    figures: Mapping[str, float]
    norms: str

    def facts(self) -> dict[str, Any]:
        """JSON-able, without the norms."""
        return {"names": dict(self.names), "figures": dict(self.figures)}


def record_profile(
    members: Members,
    norms: AllNorms,
    *,
    programme: Programme | None,
    tiers: tuple[str, ...],
    as_of: EpochSeconds,
) -> ProfileRecord:
    """
    Count and add up.

    Args:
        members: With their profile.
        norms: Learnt of them.
        programme: Its points are what is owed to members; absent where the retailer gave none.
        tiers: Names, low to high.
        as_of: Tells the points rules in force.
    """
    value = norms["value"]
    names = {
        "value.model": value["model"],
        "value.spend_model": value["value_model"],
        "value.silence_model": value["silence_model"],
        "programme_id": "none" if programme is None else programme.programme_id,
    }
    in_stage = np.bincount(members.stage, minlength=len(STAGES))
    in_tier = np.bincount(members.tier, minlength=len(tiers))
    silent = int(in_stage[[STAGES.index(stage) for stage in (Stage.DORMANT, Stage.CHURNED)]].sum())
    figures = _value_figures(value)
    figures |= {f"stage.{stage}": float(n) for stage, n in zip(STAGES, in_stage, strict=True)}
    figures |= {f"tier.{_named(row, tier)}": float(in_tier[row]) for row, tier in enumerate(tiers)}
    figures["share_silent"] = silent / len(members) if len(members) else float("nan")
    dependence = members.profile.columns["discount_dependence"].astype(np.float64)
    known = dependence[np.isfinite(dependence)]
    figures["discount_dependence"] = float(known.mean()) if len(known) else float("nan")
    if programme is not None and programme.points:
        figures["points_liability_minor"] = float(_liability(members, programme, as_of))
    kept = {name: figure for name, figure in figures.items() if isfinite(figure)}
    return ProfileRecord(names, kept, json.dumps(_shortened(norms), indent=1, allow_nan=False) + "\n")


def _value_figures(value: Mapping[str, Any]) -> dict[str, float]:
    """Parameters of the models of value that could be fitted; those of a shrunken rate are in the norms."""
    fitted = value["counts"]
    if fitted is None:
        return {}
    figures = {f"value.{name}": float(fitted["counts"][name]) for name in _COUNTS}
    spend = fitted["spend"] if value["value_model"] == "Gamma-Gamma" else None
    return figures | ({f"value.{name}": float(spend[name]) for name in _SPEND} if spend else {})


def _liability(members: Members, programme: Programme, as_of: EpochSeconds) -> int:
    """What all usable and pending points redeem for, in minor units; as `recsys.loyalty.points_calendar.liability`."""
    columns = members.profile.columns
    held = int(columns["points_usable"].sum()) + int(columns["points_pending"].sum())
    return _in_force(programme, as_of).redemption.worth(held)


def _in_force(programme: Programme, as_of: EpochSeconds) -> PointsRules:
    day = int(programme.calendar.local_days(np.array([as_of]))[0])
    begun = [rules for rules in programme.points if np.datetime64(rules.from_date).astype(int) <= day]
    return begun[-1] if begun else programme.points[0]


def _named(row: int, tier: str) -> str:
    """A tier as part of a metric's name, which holds letters, digits, spaces, ``_`` and ``-``; else its row."""
    return tier if _NAMED.fullmatch(tier) else str(row)


def _shortened(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _shortened(one) for name, one in value.items()}
    if not isinstance(value, list | tuple):
        return value
    if len(value) <= LONG:
        return [_shortened(one) for one in value]
    numbers = [one for one in value if isinstance(one, int | float)]
    if not numbers:
        return {"n": len(value), "first": [_shortened(one) for one in value[:_FIRST]]}
    return {
        "n": len(value),
        "n_known": len(numbers),
        "least": min(numbers),
        "mean": float(np.mean(numbers)),
        "most": max(numbers),
    }
