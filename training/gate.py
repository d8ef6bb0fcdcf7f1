"""May a challenger become champion? The figures, the limits, and every reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from recsys.errors import RegistryError
from training.evaluate import BLEND

_LIMITS = ("min_gain_low", "max_loss_share", "max_lift_drop", "min_members")


@dataclass(frozen=True, slots=True)
class GateFinding:
    """
    What the gate says.

    Attributes:
        figures: Everything it looked at, JSON-able; for the audit row.
        failures: One sentence a limit that does not hold; empty where all do.
    """

    figures: Mapping[str, Any]
    failures: tuple[str, ...]


def judge_challenger(challenger: Mapping[str, Any], champion: Mapping[str, Any] | None) -> GateFinding:
    """
    Compare evaluations as the train run stored them.

    The limits are set by the challenger's own configuration and on record with it. A challenger must bring a sure gain
    in NDCG@10 over the best floor, that is, one whose interval lies above ``min_gain_low``. With repeats allowed, it
    stands for itself. Among products new to the member it stands only where the challenger is, with repeats allowed,
    surely no worse than the floor by more than the share ``max_loss_share``: where members repeat their baskets so
    closely that counting is the best there is, what a model adds is the rest. And the blend over its best floor may
    not be below the champion's by more than the share ``max_lift_drop``. Ratios are compared, not the NDCG itself,
    because the two were measured in different windows on different members. Nothing is sure of fewer than
    ``min_members`` members.

    Raises:
        RegistryError: An evaluation lacks a figure.
    """
    try:
        mine = _figures(challenger, "all")
        new = _figures(challenger, "explore") if "explore" in challenger["cases"] else None
        n_members = int(challenger["cases"]["all"]["n_members"])
        theirs = _figures(champion, "all") if champion is not None else None
        limits = {name: float(challenger["gate"][name]) for name in _LIMITS}
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError(f"the stored evaluation lacks {error}; train again with this version") from error
    failures = []
    if not all(isfinite(value) for figures in (mine, new or {}) for value in figures.values()):
        failures.append(f"a figure is not finite: {mine}, {new}")
    if n_members < limits["min_members"]:
        failures.append(
            f"{n_members} members were judged, and intervals of fewer than {limits['min_members']:.0f} mean little; "
            "lengthen evaluation.holdout_days or ingest more members"
        )
    enough, loss = limits["min_gain_low"], limits["max_loss_share"] * mine["floor_ndcg_at_10"]
    gains_anew = new is not None and new["gain_low"] > enough and mine["gain_low"] > -loss
    if not (mine["gain_low"] > enough or gains_anew):
        failures.append(
            f"{_gain(mine, challenger, 'all')} with repeats allowed"
            + (f", and {_gain(new, challenger, 'explore')} among products new to the member" if new else "")
            + f"; the first lower end must be above {enough:g}, or the second with the first above {-loss:.4f}"
        )
    if theirs is not None and mine["lift"] < theirs["lift"] * (1 - limits["max_lift_drop"]):
        failures.append(
            f"NDCG@10 is {mine['lift']:.3f} times the best floor's, the champion's was {theirs['lift']:.3f} times "
            f"its own; it may be lower by {limits['max_lift_drop']:.0%} at most"
        )
    figures = {"n_members": n_members, "challenger": mine, "explore": new, "champion": theirs, **limits}
    return GateFinding(figures, tuple(failures))


def _gain(figures: Mapping[str, float], evaluation: Mapping[str, Any], case: str) -> str:
    return (
        f"the gain in NDCG@10 over the best floor ({evaluation['cases'][case]['best_floor']}) is "
        f"{figures['gain_mean']:+.4f} with an interval from {figures['gain_low']:+.4f} to {figures['gain_high']:+.4f}"
    )


def _figures(evaluation: Mapping[str, Any], name: str) -> dict[str, float]:
    case = evaluation["cases"][name]
    blend, floor = case["rows"][BLEND], case["rows"][case["best_floor"]]
    ndcg, floor_ndcg = float(blend["metrics"]["ndcg_at_10"]), float(floor["metrics"]["ndcg_at_10"])
    return {
        "ndcg_at_10": ndcg,
        "floor_ndcg_at_10": floor_ndcg,
        "lift": ndcg / max(floor_ndcg, 1e-9),
        "gain_mean": float(blend["gain"]["mean"]),
        "gain_low": float(blend["gain"]["low"]),
        "gain_high": float(blend["gain"]["high"]),
    }
