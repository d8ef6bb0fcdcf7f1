"""May a challenger become champion? The figures, the limits, and every reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from recsys.errors import RegistryError
from training.evaluate import BLEND


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

    Two limits, both set by the challenger's own configuration and on record with it: the interval of the blend's gain
    in NDCG@10 over the best floor lies above ``min_gain_low``; and the blend over its best floor is not below the
    champion's by more than the share ``max_lift_drop``. Ratios are compared, not the NDCG itself, because the two
    were measured in different windows on different members.

    Raises:
        RegistryError: An evaluation lacks a figure.
    """
    try:
        mine = _figures(challenger)
        limits = challenger["gate"]
        theirs = _figures(champion) if champion is not None else None
        min_gain_low, max_lift_drop = float(limits["min_gain_low"]), float(limits["max_lift_drop"])
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError(f"the stored evaluation lacks {error}; train again with this version") from error
    failures = []
    if not all(isfinite(value) for value in mine.values()):
        failures.append(f"a figure is not finite: {mine}")
    if not mine["gain_low"] > min_gain_low:
        failures.append(
            f"the gain in NDCG@10 over the best floor ({challenger['cases']['all']['best_floor']}) is "
            f"{mine['gain_mean']:+.4f} with an interval from {mine['gain_low']:+.4f} to {mine['gain_high']:+.4f}; "
            f"its lower end must be above {min_gain_low:g}"
        )
    if theirs is not None and mine["lift"] < theirs["lift"] * (1 - max_lift_drop):
        failures.append(
            f"NDCG@10 is {mine['lift']:.3f} times the best floor's, the champion's was {theirs['lift']:.3f} times "
            f"its own; it may be lower by {max_lift_drop:.0%} at most"
        )
    figures = {"challenger": mine, "champion": theirs, "min_gain_low": min_gain_low, "max_lift_drop": max_lift_drop}
    return GateFinding(figures, tuple(failures))


def _figures(evaluation: Mapping[str, Any]) -> dict[str, float]:
    case = evaluation["cases"]["all"]
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
