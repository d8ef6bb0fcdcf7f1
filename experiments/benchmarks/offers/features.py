"""What a log tells of members at the start of a week: the features that all learned policies share."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.simulator.loop.log import NOTHING, Log

Floats = NDArray[np.float64]

_FADES = (0.5, 0.8, 0.92, 0.98)
CONTACT_FADES = tuple(2 ** (-1 / half) for half in (0.5, 1.0, 2.0, 4.0, 8.0))
"""Contacts are felt half as much after half a week, one, two, four and eight; which of them tells most is learnt."""
_SHORT, _LONG = 1, 3
_USUAL_GAP = 5.0
_GAP_WEIGHT = 2.0
_BASKET_WEIGHT = 2.0
_SHARE_WEIGHT = 6.0
_WEEKS_A_YEAR = 52

CLOCK = (
    "recency",
    "gap",
    "due",
    "last_gap",
    "rate_2",
    "rate_5",
    "rate_12",
    "rate_50",
    "orders",
    "season_sin",
    "season_cos",
    "contacts_short",
    "contacts_long",
    "last_basket",
    "last_redeemed",
)
"""What tells when a member orders next."""


@dataclass(slots=True)
class Tracker:
    """
    Running sums over the weeks of a log; `advance` takes in the next one.

    Attributes:
        n_members, n_categories: Sizes.
        week: The next week, of which nothing is known yet.
    """

    n_members: int
    n_categories: int
    week: int = 0
    recency: Floats = field(init=False)
    orders: Floats = field(init=False)
    log_gaps: Floats = field(init=False)
    gaps: Floats = field(init=False)
    gap_square: float = field(init=False, default=0.0)
    last_gap: Floats = field(init=False)
    rates: Floats = field(init=False)
    log_spend: Floats = field(init=False)
    log_spend_square: float = field(init=False, default=0.0)
    margin: Floats = field(init=False)
    spend: Floats = field(init=False)
    categories: Floats = field(init=False)
    promotions: Floats = field(init=False)
    contacts: Floats = field(init=False)
    last_basket: Floats = field(init=False)
    last_redeemed: Floats = field(init=False)

    def __post_init__(self) -> None:
        n = self.n_members
        self.recency = np.full(n, 3.0)
        self.orders, self.log_gaps, self.gaps, self.last_gap = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
        self.rates = np.full((len(_FADES), n), 1 / _USUAL_GAP)
        self.log_spend, self.margin, self.spend = np.zeros(n), np.zeros(n), np.zeros(n)
        self.categories = np.zeros((n, self.n_categories))
        self.promotions, self.contacts = np.zeros(n), np.zeros((len(CONTACT_FADES), n))
        self.last_basket, self.last_redeemed = np.zeros(n), np.zeros(n)

    def advance(self, log: Log) -> None:
        """Take in the row of `week`."""
        week = self.week
        ordered, spend = log.ordered[week], log.spend_minor[week].astype(np.float64)
        rows = np.flatnonzero(ordered)
        known = rows[self.orders[rows] > 0]
        self.gap_square += float((np.log(self.recency[known] / self.gap()[known]) ** 2).sum())
        self.log_gaps[known] += np.log(self.recency[known])
        self.gaps[known] += 1
        self.last_gap[known] = self.recency[known]
        logs = np.log(np.maximum(spend[rows], 1.0))
        mean = self.log_basket()[rows]
        self.last_basket[rows], self.last_redeemed[rows] = logs - mean, log.redeemed[week, rows]
        self.log_spend[rows] += logs
        self.log_spend_square += float(((logs - mean) ** 2).sum())
        self.spend[rows] += spend[rows]
        self.margin[rows] += log.margin_minor[week, rows]
        self.orders[rows] += 1
        self.categories *= 0.985
        self.categories[rows, log.category[week, rows]] += 1
        self.promotions[rows] += log.promotion[week, rows]
        for row, fade in enumerate(_FADES):
            self.rates[row] = fade * self.rates[row] + (1 - fade) * ordered
        self.recency = np.where(ordered, 1.0, self.recency + 1)
        self.contacts = np.array(CONTACT_FADES)[:, None] * (self.contacts + (log.shown[week] != NOTHING))
        self.week = week + 1

    def gap(self) -> Floats:
        """Shape (n,): usual weeks between orders, drawn towards what is usual where few are known."""
        total = float(self.gaps.sum())
        usual = float(self.log_gaps.sum()) / total if total else np.log(_USUAL_GAP)
        return np.asarray(np.exp((self.log_gaps + _GAP_WEIGHT * usual) / (self.gaps + _GAP_WEIGHT)))

    def log_basket(self) -> Floats:
        """Shape (n,): mean log spend of an order, drawn towards that of all."""
        total = float(self.orders.sum())
        usual = float(self.log_spend.sum()) / total if total else np.log(3_000.0)
        return np.asarray((self.log_spend + _BASKET_WEIGHT * usual) / (self.orders + _BASKET_WEIGHT))

    def order_sd(self) -> float:
        """Standard deviation of the log spend of a member's orders."""
        return float(np.sqrt(self.log_spend_square / max(float(self.orders.sum()), 1.0)))

    def basket(self) -> Floats:
        """Shape (n,): expected spend of an order, minor units."""
        return np.asarray(np.exp(self.log_basket() + 0.5 * self.order_sd() ** 2))

    def margin_rate(self) -> Floats:
        """Shape (n,): margin over spend, drawn towards that of all by two usual orders."""
        spend, margin = float(self.spend.sum()), float(self.margin.sum())
        usual = margin / spend if spend else 0.3
        more = _BASKET_WEIGHT * spend / max(float(self.orders.sum()), 1.0)
        return np.asarray((self.margin + more * usual) / np.maximum(self.spend + more, 1.0))

    def shares(self) -> Floats:
        """Shape (n, n_categories): main categories of orders, drawn towards those of all."""
        usual = (self.categories.sum(axis=0) + 1.0) / (self.categories.sum() + self.n_categories)
        weight = _SHARE_WEIGHT / 4
        return np.asarray((self.categories + weight * usual) / (self.categories.sum(axis=1, keepdims=True) + weight))

    def promotion(self) -> Floats:
        """Shape (n,): share of orders on promotion, drawn towards that of all by three orders."""
        usual = self.promotions.sum() / max(float(self.orders.sum()), 1.0)
        return np.asarray((self.promotions + 3 * usual) / (self.orders + 3))

    def clock(self) -> Floats:
        """Shape (n, len(CLOCK))."""
        gap, angle = self.gap(), 2 * np.pi * self.week / _WEEKS_A_YEAR
        columns = (
            self.recency,
            gap,
            self.recency / gap,
            self.last_gap,
            *self.rates,
            self.orders,
            np.full(self.n_members, np.sin(angle)),
            np.full(self.n_members, np.cos(angle)),
            self.contacts[_SHORT],
            self.contacts[_LONG],
            self.last_basket,
            self.last_redeemed,
        )
        return np.stack(columns, axis=1)
