"""What ours is measured against in a weekly world: nothing, the deepest offer, propensity, plain uplift, the truth."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.offers.features import Tracker
from features.simulator.loop.history import by_depth
from features.simulator.loop.log import NOTHING, Log
from features.simulator.loop.offer_table import OfferTable
from features.simulator.loop.run import View, Wishes
from features.simulator.loop.truth import Effects
from features.simulator.loop.week import World
from training.response.base import BaseConfig, Boosted, Kind, fit_base
from training.response.learner import FittedLearner
from training.response.learners import LEARNERS
from training.response.trial import Trial

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

_FIRST_WEEK = 6
_PATIENCE = 0.9
_PROMISES = np.array([0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3])
_TREES = BaseConfig(n_trees=80, learning_rate=0.1, n_leaves=15, min_leaf_rows=300, min_leaf_share=0.0, l2=5.0)


class Nothing:
    """Never contacts anybody."""

    def choose(self, view: View) -> Wishes:
        """No wish."""
        return Wishes.certain(np.full(len(view.tier), NOTHING, dtype=np.int64), np.zeros(len(view.tier)))


@dataclass(frozen=True, slots=True)
class Deepest:
    """
    The biggest discount for everyone, as often as limits and money allow (BEST_DEAL).

    Attributes:
        offer: Row of the deepest.
    """

    offer: int

    @classmethod
    def of(cls, world: World) -> "Deepest":
        """The deepest at the usual basket."""
        return cls(int(by_depth(world)[0]))

    def choose(self, view: View) -> Wishes:
        """Everyone, in an order drawn anew each week."""
        return Wishes.certain(np.full(len(view.tier), self.offer, dtype=np.int64), view.rng.random(len(view.tier)))


@dataclass(slots=True)
class Oracle:
    """
    Knows every member's true expected profit of each offer this week, later losses included.

    One step ahead: it does not plan its contacts, but waits for a week that is nearly as good as a member's usual best
    (`_PATIENCE`, the best of a grid on seeds from 101 on), because contacts are few.
    """

    usual: Floats | None = None

    def choose_knowing(self, view: View, truth: Effects) -> Wishes:
        """The best offer where it is worth more than nothing and nearly as much as usual."""
        del view
        offer, worth = truth.value_minor.argmax(axis=1), truth.value_minor.max(axis=1)
        best = np.maximum(worth, 0.0)
        usual = best if self.usual is None else self.usual
        self.usual = 0.9 * usual + 0.1 * best
        go = (worth > 0) & (worth > _PATIENCE * usual)
        return Wishes.certain(np.where(go, offer, NOTHING), worth)


def describe(tracker: Tracker, offers: OfferTable, tier: NDArray[np.int8], rows: Numbers) -> tuple[Floats, Floats]:
    """Features of members, shape (k, f), and the share that each offer promises to take off, shape (k, n_offers)."""
    basket = tracker.basket()[rows]
    own = np.stack((tier[rows].astype(np.float64), tracker.promotion()[rows], tracker.log_basket()[rows]), axis=1)
    off = offers.expected_discount(basket, tracker.shares()[rows], tracker.order_sd()) / basket[:, None]
    return np.hstack((tracker.clock()[rows], own)), off


@dataclass(frozen=True, slots=True)
class Contacts:
    """
    The contacts and drawn non-contacts of a log as rows.

    Attributes:
        features: Shape (n, f + 1): of the member, and the promised discount of the offer.
        shown: Shape (n,): offer row; `NOTHING` where none was drawn.
        p_nothing: Shape (n,): NaN where nothing was drawn.
        ordered: Shape (n,), 0 or 1.
        used: Shape (n,): discount over that which an order could use, at most 1.
        tracker: At the end of the log.
    """

    features: Floats
    shown: Numbers
    p_nothing: Floats
    ordered: Floats
    used: Floats
    tracker: Tracker

    @classmethod
    def read(cls, offers: OfferTable, log: Log, n_categories: int, *, seed: int) -> "Contacts":
        """Rows with no offer get the promise of an offer drawn evenly, as a comparison with it needs."""
        tracker, rng = Tracker(log.shown.shape[1], n_categories), np.random.default_rng(seed)
        parts: list[tuple[Floats, ...]] = []
        for week in range(log.n_weeks):
            rows = np.flatnonzero((log.shown[week] >= 0) | ~np.isnan(log.p_nothing[week]))
            if week >= _FIRST_WEEK and len(rows):
                own, off = describe(tracker, offers, log.tier[week], rows)
                shown = log.shown[week, rows].astype(np.int64)
                asked = np.where(shown >= 0, shown, rng.integers(0, len(offers), len(rows)))
                promised = off[np.arange(len(rows)), asked]
                money = np.maximum(promised * tracker.basket()[rows], 1.0)
                parts.append(
                    (
                        np.hstack((own, promised[:, None])),
                        shown,
                        log.p_nothing[week, rows],
                        log.ordered[week, rows].astype(np.float64),
                        np.minimum(log.discount_minor[week, rows] / money, 1.0),
                    )
                )
            tracker.advance(log)
        columns = [np.concatenate(one) for one in zip(*parts, strict=True)]
        return cls(columns[0], columns[1].astype(np.int64), columns[2], columns[3], columns[4], tracker)


@dataclass(slots=True)
class Propensity:
    """
    Ranks by the chance to order with the offer: it asks who will order, not who orders because of it.

    It gives the offer of the highest chance to the members of the highest chances, or where *valued* compares chances
    in money: P(order | offer) (margin - share used x discount) - cost. It sends as many messages a week as it is told.

    Attributes:
        offers: The offers.
        tracker: Running features.
        order: Chance of an order when shown an offer, learnt from all contacts.
        used: Share of a discount that orders use.
        quota: By policy week, most messages.
        valued: Chances count in money.
    """

    offers: OfferTable
    tracker: Tracker
    order: Boosted
    used: float
    quota: NDArray[np.int64]
    valued: bool = False

    @classmethod
    def fit(cls, offers: OfferTable, contacts: Contacts, quota: NDArray[np.int64], *, seed: int) -> "Propensity":
        """Learn from every contact of the log, drawn or not."""
        rows = contacts.shown >= 0
        order = fit_base(
            contacts.features[rows],
            contacts.ordered[rows],
            weight=np.ones(int(rows.sum())),
            config=_TREES,
            seed=seed,
            kind=Kind.CHANCE,
        )
        used = float(contacts.used[rows].sum() / max(contacts.ordered[rows].sum(), 1.0))
        return cls(offers, copy.deepcopy(contacts.tracker), order, used, quota)

    def choose(self, view: View) -> Wishes:
        """The offer of the highest valued chance; the highest members first, as many as the quota."""
        while self.tracker.week < view.week:
            self.tracker.advance(view.log)
        rows = np.flatnonzero(view.may_contact)
        own, off = describe(self.tracker, self.offers, view.tier, rows)
        basket, margin = self.tracker.basket()[rows], self.tracker.margin_rate()[rows]
        value = _at_promises(self.order.predict, own, off)
        if self.valued:
            value *= basket[:, None] * (margin[:, None] - self.used * off)
            value -= self.offers.definitions.contact_cost_minor
        return _best(value, rows, len(view.tier), most=int(self.quota[view.week - view.first]))


@dataclass(slots=True)
class Uplift:
    """
    Plain uplift: a T-learner on the drawn rows of the log, mean effects, valued, above zero; nothing learnt afterwards.

    Attributes:
        offers: The offers.
        tracker: Running features.
        order: Chance of an order when shown an offer, for the discounts that will be used.
        effect: The learner.
        used: Share of a discount that orders use.
    """

    offers: OfferTable
    tracker: Tracker
    order: Boosted
    effect: FittedLearner
    used: float

    @classmethod
    def fit(cls, contacts: Contacts, propensity: Propensity, *, seed: int) -> "Uplift":
        """An offer against none: a row without gets the promise of one offer, so its chance is that of the pair."""
        drawn = ~np.isnan(contacts.p_nothing)
        features, n = contacts.features[drawn], contacts.features.shape[1]
        # Of k offers and none, all alike: none is divided among k comparisons.
        nothing = contacts.p_nothing[drawn]
        arms = np.maximum(1.0 / nothing - 1.0, 1.0)
        trial = Trial(
            features=features,
            names=tuple(f"f{column}" for column in range(n)),
            treated=contacts.shown[drawn] >= 0,
            probability=arms / (arms + 1.0),
            outcome=contacts.ordered[drawn],
        )
        fitted = LEARNERS["t"].fit(trial, seed=seed)
        return cls(propensity.offers, copy.deepcopy(contacts.tracker), propensity.order, fitted, propensity.used)

    def choose(self, view: View) -> Wishes:
        """The offer of the highest mean value where that is above zero."""
        while self.tracker.week < view.week:
            self.tracker.advance(view.log)
        rows = np.flatnonzero(view.may_contact)
        own, off = describe(self.tracker, self.offers, view.tier, rows)
        basket, margin = self.tracker.basket()[rows], self.tracker.margin_rate()[rows]
        gained = _at_promises(self.effect.effect, own, off) * margin[:, None]
        value = basket[:, None] * (gained - _at_promises(self.order.predict, own, off) * self.used * off)
        value -= self.offers.definitions.contact_cost_minor
        return _best(value, rows, len(view.tier), most=len(rows))


def _at_promises(predict: Callable[[Floats], Floats], own: Floats, off: Floats) -> Floats:
    """Shape (k, n_offers): predictions at the promised shares, rounded to those of `_PROMISES`: trees have few cuts."""
    nearest = np.abs(off[:, :, None] - _PROMISES).argmin(axis=2)
    table = np.stack([predict(np.hstack((own, np.full((len(own), 1), one)))) for one in _PROMISES], axis=1)
    return np.asarray(np.take_along_axis(table, nearest, axis=1))


def _best(value: Floats, rows: Numbers, n_members: int, *, most: int) -> Wishes:
    offer, worth = np.full(n_members, NOTHING, dtype=np.int64), np.zeros(n_members)
    best, top = value.argmax(axis=1), value.max(axis=1)
    ranked = np.argsort(-top, kind="stable")[:most]
    ranked = ranked[top[ranked] > 0]
    offer[rows[ranked]], worth[rows[ranked]] = best[ranked], top[ranked]
    return Wishes.certain(offer, worth)
