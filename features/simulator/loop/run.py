"""Let a policy decide for half a year in a world, and count what it brought."""

import time
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.simulator.loop.draws import Draws, Stream
from features.simulator.loop.history import Past
from features.simulator.loop.limits import admit, may_contact, money
from features.simulator.loop.log import NOTHING, Log
from features.simulator.loop.state import State
from features.simulator.loop.truth import Effects, true_effects
from features.simulator.loop.week import Week, World, live

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Offers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class View:
    """
    What a policy sees at the start of a week.

    Attributes:
        week: From the start of the log; the first policy week is ``history_weeks``.
        first, last: First policy week, and the one after the last.
        log: The weeks before, not writable.
        tier: Shape (n,): row of the tier.
        may_contact: Shape (n,), bool: subscribed and below the limit of messages.
        capacity: Most messages this week.
        left_minor: Money for discounts not spent yet; `money_minor` was there at the start.
        rng: The policy's own randomness of this week.
    """

    week: int
    first: int
    last: int
    log: Log
    tier: NDArray[np.int8]
    may_contact: Bools
    capacity: int
    left_minor: float
    money_minor: float
    rng: np.random.Generator


@dataclass(frozen=True, slots=True)
class Wishes:
    """
    What a policy wants to send.

    Attributes:
        offer: Shape (n,): offer rows; `NOTHING` for none.
        priority: Shape (n,): the highest go first where capacity or money is short.
        probability: Shape (n,): with which the policy drew what it wishes; NaN where it did not draw.
        p_nothing: Shape (n,): with which it would have drawn nothing.
    """

    offer: Offers
    priority: Floats
    probability: Floats
    p_nothing: Floats

    @classmethod
    def certain(cls, offer: Offers, priority: Floats) -> "Wishes":
        """Nothing was drawn."""
        unknown = np.full(len(offer), np.nan)
        return cls(offer, priority, unknown, unknown)


class Policy(Protocol):
    """Decides week by week; may keep what it learnt."""

    def choose(self, view: View) -> Wishes:
        """What to send this week."""


class Oracle(Protocol):
    """A policy that is told the truth."""

    def choose_knowing(self, view: View, truth: Effects) -> Wishes:
        """What to send this week."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a policy brought in all weeks, settling included.

    Attributes:
        profit_minor: Shape (n_weeks,): of each week; margin less discounts less contact costs.
        discount_minor, sent: Shape (n_weeks,): discounts; messages.
        deadweight_minor, redeemed, wasted, left, caused, prevented: Sums over all.
        budget_minor: Money that there was for discounts.
        tier_benefit_minor: Shape (n_tiers,): mean discount of a member by tier at the start.
        cpu_s: CPU-seconds of the policy's decisions and learning.
    """

    profit_minor: Floats
    discount_minor: Floats
    sent: NDArray[np.int64]
    deadweight_minor: float
    redeemed: int
    wasted: int
    left: int
    caused: int
    prevented: int
    budget_minor: float
    tier_benefit_minor: Floats
    cpu_s: float

    @property
    def messages(self) -> int:
        """Sent over all weeks."""
        return int(self.sent.sum())


def run_policy(world: World, past: Past, policy: Policy | Oracle, *, stream: int | None = None) -> Outcome:
    """
    Let a policy decide from the end of the log on, then let the world settle without contacts.

    Args:
        world: The world that lived the past.
        past: Its log and state; not changed.
        policy: Decides; told the truth if it has ``choose_knowing``.
        stream: Seed of the randomness after the log in place of the world's, for comparisons of a policy with itself.
    """
    config, size = world.config, world.config.size
    if stream is not None:
        world = World(config, world.offers, world.people, Draws(stream))
    first, last = size.history_weeks, size.history_weeks + size.policy_weeks
    log, state = past.log.extended(size.policy_weeks + size.settle_weeks), past.state
    budget = money(config, past.log)
    tier, left = state.tier(world.people), budget
    tally, cpu = _Tally.empty(len(world.people)), 0.0
    for week in range(first, last + size.settle_weeks):
        shown = np.full(len(tier), NOTHING, dtype=np.int64)
        if week < last:
            view = _view(world, log, state, week=week, left=left, budget=budget)
            truth = true_effects(world, state, week) if hasattr(policy, "choose_knowing") else None
            began = time.process_time()
            wishes = policy.choose(view) if truth is None else policy.choose_knowing(view, truth)  # type: ignore[union-attr]  # told apart above
            cpu += time.process_time() - began
            shown = _sent(world, state, wishes, view=view)
            drawn = ~np.isnan(wishes.probability) & (shown == wishes.offer)
            log.probability[week, drawn] = wishes.probability[drawn]
            log.p_nothing[week, drawn] = wishes.p_nothing[drawn]
        state, happened = live(world, state, log, week=week, shown=shown)
        left -= float(happened.discount_minor.sum())
        tally.add(happened)
    return tally.outcome(tier, len(config.shopping.tiers), budget=budget, cpu_s=cpu)


def _view(world: World, log: Log, state: State, *, week: int, left: float, budget: float) -> View:
    size = world.config.size
    return View(
        week=week,
        first=size.history_weeks,
        last=size.history_weeks + size.policy_weeks,
        log=log.until(week),
        tier=state.tier(world.people),
        may_contact=may_contact(world.config, log, week, state.subscribed),
        capacity=int(world.config.limits.capacity * len(world.people)),
        left_minor=left,
        money_minor=budget,
        rng=world.draws.rng(Stream.POLICY, week),
    )


def _sent(world: World, state: State, wishes: Wishes, *, view: View) -> Offers:
    wish = np.where(view.may_contact, wishes.offer, NOTHING)
    off = world.offers.expected_discount(world.people.basket_minor, state.shares(), world.config.shopping.order_sd)
    face = off[np.arange(len(wish)), np.maximum(wish, 0)]
    return admit(world.config, wish, wishes.priority, face_minor=face, left_minor=max(view.left_minor, 0.0))


@dataclass(slots=True)
class _Tally:
    profit: list[float]
    discount: list[float]
    sent: list[int]
    benefit: Floats
    counts: dict[str, float]

    @classmethod
    def empty(cls, n_members: int) -> "_Tally":
        return cls([], [], [], np.zeros(n_members), {})

    def add(self, week: Week) -> None:
        self.profit.append(float(week.profit_minor.sum()))
        self.discount.append(float(week.discount_minor.sum()))
        self.sent.append(int(week.contacted.sum()))
        self.benefit += week.discount_minor
        for column in fields(week):
            total = float(getattr(week, column.name).sum())
            self.counts[column.name] = self.counts.get(column.name, 0.0) + total

    def outcome(self, tier: NDArray[np.int8], n_tiers: int, *, budget: float, cpu_s: float) -> Outcome:
        members = np.maximum(np.bincount(tier, minlength=n_tiers), 1)
        return Outcome(
            profit_minor=np.array(self.profit),
            discount_minor=np.array(self.discount),
            sent=np.array(self.sent, dtype=np.int64),
            deadweight_minor=self.counts["deadweight_minor"],
            redeemed=int(self.counts["redeemed"]),
            wasted=int(self.counts["wasted"]),
            left=int(self.counts["left"]),
            caused=int(self.counts["caused"]),
            prevented=int(self.counts["prevented"]),
            budget_minor=budget,
            tier_benefit_minor=np.bincount(tier, weights=self.benefit, minlength=n_tiers) / members,
            cpu_s=cpu_s,
        )
