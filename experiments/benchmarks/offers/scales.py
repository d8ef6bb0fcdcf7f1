"""What a log says of how deep a deal feels, how long contacts are felt, and when an order is no longer likelier."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma

from experiments.benchmarks.offers.features import CONTACT_FADES, Tracker
from features.simulator.loop.log import Log

Floats = NDArray[np.float64]

DEPTHS = (0.03, 0.06, 0.12, 0.25, 0.5, np.inf)
"""Shares of the basket at which a deal has 63 % of its effect; the last says that effects grow with depth evenly."""
OVERDUES = (1.0, 1.25, 1.75, 2.5, 3.5, 5.0)
"""Usual gaps after which an order becomes no likelier from week to week."""
_MIDDLE = 2
_WHOLE = 0.3
"""The depth that feels like 1 whatever the scale, so that coefficients under all scales are alike at first."""
_LEAST_SD = 0.05
_RIDGE = 4.0


@dataclass(frozen=True, slots=True)
class Scales:
    """
    Constants of the columns, all learnt from the log.

    Attributes:
        depth: One of `DEPTHS`.
        fade: Row of `CONTACT_FADES`.
        overdue: One of `OVERDUES`.
        traits: Shape (2, 3): mean and standard deviation of tier, share of promotions and log basket.
        contacts: Shape (2, n_fades): the same of recent contacts.
    """

    depth: float
    fade: int
    overdue: float
    traits: Floats
    contacts: Floats

    @classmethod
    def plain(cls, log: Log, tracker: Tracker) -> "Scales":
        """Means and deviations at the end of a log, with a middle depth and fade that nothing was asked about yet."""
        last = log.tier[log.n_weeks - 1].astype(np.float64)
        traits = np.stack((last, tracker.promotion(), tracker.log_basket()))
        return cls(DEPTHS[_MIDDLE], _MIDDLE, OVERDUES[_MIDDLE], _spread(traits), _spread(tracker.contacts))

    def felt(self, off: Floats) -> Floats:
        """How deep a deal feels: less and less more, 1 at `_WHOLE`."""
        if np.isinf(self.depth):
            return np.asarray(off / _WHOLE)
        return np.asarray(np.expm1(-off / self.depth) / np.expm1(-_WHOLE / self.depth))

    def tired(self, contacts: Floats) -> Floats:
        """Recent contacts of all fades, shape (n_fades, k), as shape (k,), centred and scaled."""
        mean, sd = self.contacts[:, self.fade]
        return np.asarray((contacts[self.fade] - mean) / sd)

    def scaled(self, traits: Floats) -> Floats:
        """Shape (k, 3), centred and scaled."""
        return np.asarray((traits - self.traits[0]) / self.traits[1])


def _spread(rows: Floats) -> Floats:
    return np.stack((rows.mean(axis=1), np.maximum(rows.std(axis=1), _LEAST_SD)))


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Rows of a log that constants are chosen by, shape (k,) unless said otherwise.

    Attributes:
        left: The order less its prognosis.
        spread: Variance of an order by the prognosis.
        off: What the offer shown takes off the basket; 0 where none was.
        shown, drawn: Bool: contacted; by a draw.
        timing: Shape (k, 4), of `columns.timing`.
        traits: Shape (k, 3), scaled.
        contacts: Shape (n_fades, k).
        ordered: 0 or 1.
        recency, gap: Weeks.
    """

    left: Floats
    spread: Floats
    off: Floats
    shown: NDArray[np.bool_]
    drawn: NDArray[np.bool_]
    timing: Floats
    traits: Floats
    contacts: Floats
    ordered: Floats
    recency: Floats
    gap: Floats

    @classmethod
    def together(cls, parts: "list[Asked]") -> "Asked":
        """Weeks one after another."""
        return cls(
            *(
                np.concatenate([getattr(one, name) for one in parts], axis=int(name == "contacts"))
                for name in cls.__slots__
            )
        )


def chosen_scales(asked: Asked, scales: Scales, *, shape: float) -> Scales:
    """
    The constants under which the log is foretold best, each of a grid, one after another and the depth twice.

    Depth and fade are those of the least weighted squared error of what the prognosis leaves; `Scales.overdue` is that
    of the most probable orders without contact, under Weibull gaps of this *shape* and a pace that is fitted with it.
    """
    for _ in range(2):
        scales = max((replace(scales, depth=depth) for depth in DEPTHS), key=lambda one: explained(asked, one))
        scales = max(
            (replace(scales, fade=row) for row in range(len(CONTACT_FADES))), key=lambda one: explained(asked, one)
        )
    alone = ~asked.shown
    clock = asked.ordered[alone], asked.recency[alone], asked.gap[alone]
    return replace(scales, overdue=max(OVERDUES, key=lambda one: _likely(*clock, shape=shape, overdue=one)))


def explained(asked: Asked, scales: Scales) -> float:
    """Weighted squares of what the prognosis leaves that a small ridge regression under these constants explains."""
    shown, other = asked.shown[:, None], (asked.shown & ~asked.drawn)[:, None]
    felt, tired = scales.felt(asked.off)[:, None], scales.tired(asked.contacts)[:, None]
    base = np.hstack((asked.timing, tired))
    moved = np.hstack((base, asked.traits)) * shown
    wide = np.hstack((moved, felt * moved, base, other * base, other * felt))
    weight = np.sqrt(np.maximum(asked.spread, 0.01))
    scaled = wide * (asked.spread / weight)[:, None]
    pull = scaled.T @ (asked.left / weight)
    return float(pull @ np.linalg.solve(scaled.T @ scaled + _RIDGE * np.eye(wide.shape[1]), pull))


def _likely(ordered: Floats, recency: Floats, gap: Floats, *, shape: float, overdue: float) -> float:
    scale = gap / gamma(1 + 1 / shape)
    until = np.minimum(recency, np.maximum(overdue * gap, 1.0))
    hazard = (until / scale) ** shape - ((until - 1) / scale) ** shape
    hazard = np.maximum(hazard, 1e-6) * max(float(ordered.sum()), 1.0) / max(float(hazard.sum()), 1e-6)
    return float((ordered * np.log(-np.expm1(-hazard)) - (1 - ordered) * hazard).sum())
