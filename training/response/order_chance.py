"""The chance of an order that no offer asked for: learnt from windows without one, and judged on a later window."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.dataset import Dataset
from features.value import PRIOR_DAYS
from recsys.errors import NotEnoughDataError
from recsys.types import SECONDS_PER_DAY, EpochSeconds
from training.calibrate import Outcomes as Lines
from training.calibrate import fit_curve, reliability
from training.response.known import MemberPast, known_at, watched_days
from training.response.propensity import fit_chance
from training.response.trial import Floats, Numbers
from training.response_config import OrderChanceConfig
from training.timeline import Orders, Timeline

_BLOCK = 200_000
_BINS = 10
_LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class OrderChance:
    """
    Chances of an order within the horizon after the cut-off, without any offer.

    Attributes:
        chance: Shape (n_members,), float32; NaN where the member's rate is to be used instead.
        facts: What the last window said, JSON-able: ``applied``, ``reason``, log loss of each way, reliability.
    """

    chance: NDArray[np.float32]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Windows:
    """Members and windows in which they were shown no offer: whose, the instant, an order, the chance by rate."""

    member: Numbers
    at: Numbers
    happened: Floats
    by_rate: Floats

    def __len__(self) -> int:
        return len(self.member)


def fit_order_chance(
    dataset: Dataset, past: MemberPast, known_now: Floats, *, config: OrderChanceConfig, seed: int
) -> OrderChance:
    """
    Learn the chance from windows before the last one, judge it there, and where it is better learn again from all.

    Windows are as long as the horizon and end at the cut-off, one after another. A member counts in a window if no
    offer was shown in it, nor in the one before, whose effect might reach into it. Better means a mean log loss that
    is lower by more than one standard error than that of 1 - exp(-rate x horizon), with the rate of
    `features.value.order_rates` as of the window, as it is or with a monotone curve that the windows before taught,
    whichever is lower.

    Args:
        dataset: What it is learnt from.
        past: Of the dataset.
        known_now: Shape (n_members, k): as `known_at` gives it at the cut-off.
        config: Windows and sizes.
        seed: Same facts and seed, same chances.
    """
    nothing = np.full(len(known_now), np.nan, dtype=np.float32)
    if not config.enabled:
        return OrderChance(nothing, {"applied": False, "reason": "it is switched off"})
    instants = [dataset.cut_off - past.horizon * (back + 1) for back in range(config.n_windows)]
    orders = _first_lines(dataset)
    last = _window(past, orders, instants[0])
    before = _joined([_window(past, orders, at) for at in instants[1:]])
    before = _sampled(before, config.max_rows, np.random.default_rng(seed))
    if min(len(last), len(before)) < config.min_rows:
        reason = (
            f"{len(last)} members without any offer in the last window and {len(before)} in those before it; "
            f"{config.min_rows} are needed in each"
        )
        return OrderChance(nothing, {"applied": False, "reason": reason})
    try:
        facts = _judged(past, before, last, config=config, seed=seed)
        if not facts["applied"]:
            return OrderChance(nothing, facts)
        every = _sampled(_joined([last, before]), config.max_rows, np.random.default_rng(seed))
        known = known_at(past, every.member, every.at)
        fitted = fit_chance(known, every.happened, owner=every.member, n_folds=config.n_folds, seed=seed)
    except NotEnoughDataError as error:
        return OrderChance(nothing, {"applied": False, "reason": str(error)})
    chance = np.empty(len(known_now), dtype=np.float32)
    for start in range(0, len(known_now), _BLOCK):
        chance[start : start + _BLOCK] = fitted.chance(known_now[start : start + _BLOCK])
    return OrderChance(chance, facts)


def _judged(
    past: MemberPast, before: _Windows, last: _Windows, *, config: OrderChanceConfig, seed: int
) -> dict[str, Any]:
    known = known_at(past, before.member, before.at)
    fitted = fit_chance(known, before.happened, owner=before.member, n_folds=config.n_folds, seed=seed)
    curve = fit_curve(_lines(before, before.by_rate))
    ways = {
        "learnt": fitted.chance(known_at(past, last.member, last.at)),
        "rate": last.by_rate,
        "rate_corrected": curve.correct(last.by_rate),
    }
    each = {name: _log_losses(chance, last.happened) for name, chance in ways.items()}
    losses = {name: float(one.mean()) for name, one in each.items()}
    rival = min(("rate", "rate_corrected"), key=lambda name: losses[name])
    gain = each[rival] - each["learnt"]
    better = bool(gain.mean() > gain.std() / np.sqrt(len(gain)))
    found = {name: reliability(chance, _lines(last, chance), _BINS) for name, chance in ways.items()}
    learnt = found["learnt"]
    return {
        "applied": better,
        "reason": "a lower log loss in the last window than by the rate of orders"
        if better
        else "no lower log loss in the last window than by the rate of orders",
        "n_learnt": len(before),
        "n_judged": len(last),
        "share_ordered": float(last.happened.mean()),
        "log_loss": losses,
        "gain_sd": float(gain.std() / np.sqrt(len(gain))),
        "calibration_error": {name: one.calibration_error for name, one in found.items()},
        "bins": [
            {"n": one.n_trials, "predicted": one.predicted, "happened": one.happened, "low": one.low, "high": one.high}
            for one in learnt.bins
        ],
    }


def _window(past: MemberPast, orders: Timeline, at: EpochSeconds) -> _Windows:
    """Everybody who was there at an instant and was shown no offer within a horizon of it."""
    everybody = np.arange(len(past.joined))
    when = np.full(len(everybody), at)
    days = watched_days(past.orders, past.joined, everybody, when)
    n_orders = past.orders.count(everybody, past.orders.place(everybody, when)).astype(np.float64)
    there = days > 0
    population = float(n_orders[there].sum()) / max(float(days[there].sum()), 1.0)
    rate = (PRIOR_DAYS * population + n_orders) / (PRIOR_DAYS + np.nan_to_num(days))
    shown = past.shown.place(everybody, when + past.horizon) > past.shown.place(everybody, when - past.horizon)
    kept = np.flatnonzero(there & ~shown)
    ordered = orders.place(kept, when[kept] + past.horizon) > orders.place(kept, when[kept])
    by_rate = -np.expm1(-rate[kept] * past.horizon / SECONDS_PER_DAY)
    return _Windows(kept, when[kept], ordered.astype(np.float64), by_rate)


def _first_lines(dataset: Dataset) -> Timeline:
    orders = Orders.of(dataset)
    return Timeline.of(orders.member, orders.first_at, n_members=len(dataset.member_ids))


def _joined(windows: list[_Windows]) -> _Windows:
    return _Windows(*(np.concatenate([getattr(one, name) for one in windows]) for name in _Windows.__slots__))


def _sampled(windows: _Windows, most: int, rng: np.random.Generator) -> _Windows:
    if len(windows) <= most:
        return windows
    kept = np.sort(rng.choice(len(windows), most, replace=False))
    return _Windows(*(getattr(windows, name)[kept] for name in _Windows.__slots__))


def _lines(windows: _Windows, chance: Floats) -> Lines:
    return Lines(chance, windows.happened, np.ones(len(windows)), windows.member)


def _log_losses(chance: Floats, happened: Floats) -> Floats:
    sure = np.clip(chance, _LEAST, 1 - _LEAST)
    return -np.where(happened > 0, np.log(sure), np.log1p(-sure))
