"""What a policy learns from a log: who orders anyway, what contact changes, who redeems, and what is borrowed."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.offers_features import CLOCK, Tracker
from features.simulator.loop.log import NOTHING, Log
from features.simulator.loop.offer_table import OfferTable
from training.response.base import BaseConfig, Boosted, Kind, fit_base
from training.response.grounded import Block, Evidence, GroundedEffect, fit_grounded

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

_FIRST_WEEK = 6
_SAMPLED = 0.25
_TREES = BaseConfig(n_trees=60, learning_rate=0.1, n_leaves=15, min_leaf_rows=500, min_leaf_share=0.0, l2=5.0)
_LEAST, _MOST = 0.003, 0.97
_DEEP = 0.10
_ALONE = 3
"""One in so many drawn members who were not contacted is learnt from."""


def prognosis(log: Log, n_categories: int, seed: int) -> Boosted:
    """The chance of an order in a week without contact, learnt from a quarter of all such weeks of members."""
    rng = np.random.default_rng(seed)
    tracker = Tracker(log.shown.shape[1], n_categories)
    features, ordered = [], []
    for week in range(log.n_weeks):
        if week >= _FIRST_WEEK:
            alone = np.flatnonzero((log.shown[week] == NOTHING) & (rng.random(tracker.n_members) < _SAMPLED))
            features.append(tracker.clock()[alone])
            ordered.append(log.ordered[week, alone])
        tracker.advance(log)
    rows = np.concatenate(features)
    return fit_base(
        rows,
        np.concatenate(ordered).astype(np.float64),
        weight=np.ones(len(rows)),
        config=_TREES,
        seed=seed,
        kind=Kind.CHANCE,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What is known of some members at the start of a week, shape (k,) unless said otherwise.

    Attributes:
        rows: Which members.
        chance: Of an order this week without contact; ``spread`` is chance (1 - chance).
        ratio: Weeks since the last order over the usual gap.
        contacts: Recent ones, fading.
        traits: Shape (k, 3): tier, share of promotions, log basket, centred and scaled.
        off: Shape (k, n_offers): expected discount of an order as a share of the basket.
        traces: Shape (k, 3): own response to contact and to deals, and log of own redemptions over expected ones.
    """

    rows: Numbers
    chance: Floats
    ratio: Floats
    contacts: Floats
    traits: Floats
    off: Floats
    traces: Floats

    @property
    def spread(self) -> Floats:
        """Shape (k,): variance of an order, and what one step of log odds adds to its chance."""
        return self.chance * (1 - self.chance)

    def some(self, keep: NDArray[np.bool_] | Numbers) -> "Standing":
        """A part of them."""
        return Standing(*(getattr(self, name)[keep] for name in self.__slots__))


@dataclass(slots=True)
class Traces:
    """
    How each member reacted to earlier contacts: what hidden traits leave behind.

    A member's own shifts of the log odds, by contact and by deal, are normal about zero; the sums hold what the member's
    contacts say of them.
    """

    n_members: int
    sd: tuple[float, float] = (0.15, 0.4)
    sums: Floats = field(init=False)
    redeemed: Floats = field(init=False)
    expected: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.sums = np.zeros((5, self.n_members))
        self.redeemed, self.expected = np.zeros(self.n_members), np.zeros(self.n_members)

    def of(self, rows: Numbers) -> Floats:
        """Shape (k, 3): posterior means of the two shifts; log of redemptions over expected ones."""
        least, most = 1 / self.sd[0] ** 2, 1 / self.sd[1] ** 2
        one, both, other, left, left_deal = self.sums[:, rows]
        det = (one + least) * (other + most) - both**2
        contact = ((other + most) * left - both * left_deal) / det
        deal = ((one + least) * left_deal - both * left) / det
        use = np.log((_USES + self.redeemed[rows]) / (_USES + self.expected[rows]))
        return np.stack((contact, deal, use), axis=1)

    def add(self, stand: Standing, felt: Floats, left: Floats, *, redeemed: NDArray[np.bool_], expected: Floats) -> None:
        """Take in contacts: how deep the deal felt, and what of the order was not foretold."""
        rows, spread = stand.rows, stand.spread
        self.sums[0, rows] += spread
        self.sums[1, rows] += spread * felt
        self.sums[2, rows] += spread * felt**2
        self.sums[3, rows] += left
        self.sums[4, rows] += left * felt
        self.redeemed[rows] += redeemed
        self.expected[rows] += expected

    def tuned(self) -> tuple[float, float]:
        """The two standard deviations under which the sums are most probable, on a grid (empirical Bayes)."""
        one, both, other, left, left_deal = self.sums
        best, found = -np.inf, self.sd
        for contact in _SDS:
            for deal in _SDS:
                least, most = 1 / contact**2, 1 / deal**2
                det = (one + least) * (other + most) - both**2
                fit = ((other + most) * left**2 - 2 * both * left * left_deal + (one + least) * left_deal**2) / det
                score = float((fit - np.log(det / (least * most))).sum())
                if score > best:
                    best, found = score, (contact, deal)
        return found


_USES = 1.2
_SDS = (0.03, 0.08, 0.15, 0.25, 0.4, 0.6)


def felt_depth(off: Floats) -> Floats:
    """How deep a deal feels: less and less more."""
    return np.asarray(-np.expm1(-off / _DEEP))


def _timing(ratio: Floats) -> Floats:
    """Shape (k, 4): one, just bought, about due, overdue."""
    log = np.abs(np.log(np.maximum(ratio, 0.05)))
    just, due, over = np.clip(1 - ratio / 0.7, 0, 1), np.clip(1 - log / 0.9, 0, 1), np.clip((ratio - 1.5) / 1.5, 0, 1)
    return np.stack((np.ones(len(ratio)), just, due, over), axis=1)


def columns(stand: Standing, offer: Numbers, n_offers: int) -> Floats:
    """
    The columns that effects are linear in, on the scale of chances: log odds times the spread of the outcome.

    Args:
        stand: The members.
        offer: Shape (k,): offer row of each.
        n_offers: How many there are.

    Returns:
        Shape (k, n_columns), in the order of `effect_blocks`.
    """
    off = stand.off[np.arange(len(offer)), offer]
    contact, deal = _sides(stand)
    wide = np.hstack((contact, felt_depth(off)[:, None] * deal, _steps(off), np.eye(n_offers)[offer]))
    return np.asarray(stand.spread[:, None] * wide)


def _sides(stand: Standing) -> tuple[Floats, Floats]:
    """What moves the effect of a contact, and what that of a deal, each beginning with one for all."""
    time, tired = _timing(stand.ratio), stand.contacts[:, None] - 0.8
    contact, deal, use = stand.traces[:, 0:1], stand.traces[:, 1:2], stand.traces[:, 2:3]
    due = time[:, 2:3]
    return (
        np.hstack((time, stand.traits, tired, contact, use, contact * due)),
        np.hstack((time, stand.traits, tired, deal, use, stand.traits * due, deal * due)),
    )


def _steps(off: Floats) -> Floats:
    """Shape (..., 3): how far a depth has climbed between 0, 5, 10 and 20 %."""
    climbed = (np.clip(off / 0.05, 0, 1) - 0.5, np.clip((off - 0.05) / 0.05, 0, 1) - 0.3, np.clip((off - 0.1) / 0.1, 0, 1))
    return np.stack(climbed, axis=-1)


def effect_blocks(n_offers: int) -> tuple[Block, ...]:
    """Of `columns`."""
    return (
        Block("contact", 1, 1.0, known=True), Block("contact by timing", 3, 0.4), Block("contact by trait", 3, 0.2),
        Block("contact by fatigue", 1, 0.2), Block("own contact", 1, 0.5, mean=1.0), Block("contact by use", 1, 0.2),
        Block("own contact when due", 1, 0.3),
        Block("deal", 1, 1.0, known=True), Block("deal by timing", 3, 0.4), Block("deal by trait", 3, 0.3),
        Block("deal by fatigue", 1, 0.2), Block("own deal", 1, 0.5, mean=1.0), Block("deal by use", 1, 0.3),
        Block("deal by trait when due", 3, 0.2), Block("own deal when due", 1, 0.3),
        Block("depth", 3, 0.2), Block("offer", n_offers, 0.1),
    )  # fmt: skip


def all_effects(found: GroundedEffect, stand: Standing) -> tuple[Floats, Floats]:
    """
    Shape (k, n_offers) each: effect of every offer and its standard deviation, as `columns` would give them.

    Contact and deal sides are worked out once a member, what is the offer's own once a step; no wide matrix is built.
    """
    contact, deal = _sides(stand)
    n_contact, n_both = contact.shape[1], contact.shape[1] + deal.shape[1]
    n_all = n_both + 3 + stand.off.shape[1]
    mean, cov = found.mean[:n_all], found.covariance[:n_all, :n_all]
    felt, steps = felt_depth(stand.off), _steps(stand.off)
    first, second, third = slice(0, n_contact), slice(n_contact, n_both), slice(n_both, n_both + 3)
    own = slice(n_both + 3, n_all)
    shift = (contact @ mean[first])[:, None] + felt * (deal @ mean[second])[:, None] + steps @ mean[third] + mean[own]
    of_contact, of_deal = contact @ cov[first], deal @ cov[second]
    variance = np.einsum("nk,nk->n", of_contact[:, first], contact)[:, None]
    variance = variance + 2 * felt * np.einsum("nk,nk->n", of_contact[:, second], deal)[:, None]
    variance += felt**2 * np.einsum("nk,nk->n", of_deal[:, second], deal)[:, None]
    variance += 2 * (of_contact[:, own] + felt * of_deal[:, own]) + np.diag(cov[own, own])
    for one in range(3):
        row = n_both + one
        variance += 2 * steps[..., one] * (of_contact[:, row, None] + felt * of_deal[:, row, None] + cov[row, own])
        for other in range(3):
            variance += steps[..., one] * steps[..., other] * cov[row, n_both + other]
    spread = stand.spread[:, None]
    return spread * shift, spread * np.sqrt(np.maximum(variance, 0.0))


def nuisance(stand: Standing, shown: NDArray[np.bool_], drawn: NDArray[np.bool_], felt: Floats) -> Floats:
    """Columns of what is not effect: errors of the prognosis, and how contacts that nobody drew may be biased."""
    time = _timing(stand.ratio)
    base = np.hstack((time, stand.contacts[:, None] - 0.8))
    other = (shown & ~drawn)[:, None]
    return np.asarray(stand.spread[:, None] * np.hstack((base, other * base, other * felt[:, None])))


NUISANCE = (Block("prognosis", 5, 0.05), Block("contacts not drawn", 6, 0.1))
"""Of `nuisance`."""


@dataclass(slots=True)
class Study:
    """
    All that was learnt so far; `take_in` reads one more week of the log, `learn` draws the conclusions.

    Attributes:
        offers: The offers.
        tracker: Running features.
        prognosis: Of an order without contact.
        traces: Of members' own reactions.
        evidence: Of the effects.
        effects: The conclusions; None before the first.
        uses, due: Shape (n_offers,): discounts given, and those expected if every order used its coupon.
        grounded: Whether contacts that nobody drew are learnt from, too.
    """

    offers: OfferTable
    tracker: Tracker
    prognosis: Boosted
    traces: Traces
    evidence: Evidence
    effects: GroundedEffect | None
    uses: Floats
    due: Floats
    grounded: bool = True
    with_traces: bool = True

    @classmethod
    def begun(cls, offers: OfferTable, log: Log, n_categories: int, *, prognosis: Boosted, grounded: bool = True, sd: tuple[float, float]=(0.15,0.4)) -> "Study":
        """Nothing is read yet."""
        n, n_offers = log.shown.shape[1], len(offers)
        blocks = (*effect_blocks(n_offers), *NUISANCE)
        return cls(
            offers=offers,
            tracker=Tracker(n, n_categories),
            prognosis=prognosis,
            traces=Traces(n, sd),
            evidence=Evidence.none(sum(block.size for block in blocks)),
            effects=None,
            uses=np.zeros(n_offers),
            due=np.zeros(n_offers),
            grounded=grounded,
        )

    def standing(self, tier: NDArray[np.int8], rows: Numbers) -> Standing:
        """What is known of some members now."""
        tracker = self.tracker
        clock = tracker.clock()[rows]
        chance = np.clip(self.prognosis.predict(clock), _LEAST, _MOST)
        basket, shares = tracker.basket()[rows], tracker.shares()[rows]
        traits = np.stack(
            (
                (tier[rows] - 0.75) / 0.9,
                (tracker.promotion()[rows] - 0.3) / 0.15,
                (tracker.log_basket()[rows] - float(tracker.log_basket().mean())) / 0.5,
            ),
            axis=1,
        )
        return Standing(
            rows=rows,
            chance=chance,
            ratio=clock[:, CLOCK.index("due")].astype(np.float64),
            contacts=tracker.contacts[rows],
            traits=traits,
            off=self.offers.expected_discount(basket, shares, tracker.order_sd()) / basket[:, None],
            traces=self.traces.of(rows),
        )

    def take_in(self, log: Log) -> None:
        """Read the week of the log that the tracker is at."""
        week = self.tracker.week
        shown, drawn = log.shown[week].astype(np.int64), ~np.isnan(log.p_nothing[week])
        # Who was not contacted says nothing of effects: a part is enough to correct the prognosis.
        some = (np.arange(len(shown)) + week) % _ALONE == 0
        rows = np.flatnonzero((shown >= 0) | (drawn & some))
        if week >= _FIRST_WEEK and len(rows):
            stand = self.standing(log.tier[week], rows)
            offer, contacted = np.maximum(shown[rows], 0), shown[rows] >= 0
            off = stand.off[np.arange(len(rows)), offer]
            felt = felt_depth(off) * contacted
            left = log.ordered[week, rows] - stand.chance
            effect = columns(stand, offer, len(self.offers)) * contacted[:, None]
            wide = np.hstack((effect, nuisance(stand, contacted, drawn[rows], felt)))
            keep = drawn[rows] | (contacted & self.grounded)
            self.evidence = self.evidence.with_rows(wide[keep], left[keep], np.maximum(stand.spread[keep], 0.01))
            self._trace(log, stand, offer, contacted=contacted, left=left, off=off)
        self.tracker.advance(log)

    def _trace(self, log: Log, stand: Standing, offer: Numbers, *, contacted: NDArray[np.bool_], left: Floats, off: Floats) -> None:
        week, some = self.tracker.week, stand.some(contacted)
        offer, off = offer[contacted], off[contacted]
        known = np.zeros(len(offer))
        if self.effects is not None:
            blind = replace(some, traces=np.zeros_like(some.traces))
            known = self.effects.effect(columns(blind, offer, len(self.offers)))
        money = off * self.tracker.basket()[some.rows]
        ordered = np.clip(some.chance + known, _LEAST, _MOST)
        self.uses += np.bincount(offer, log.discount_minor[week, some.rows], len(self.offers))
        self.due += np.bincount(offer, ordered * money, len(self.offers))
        rate = self.redeem_rate()[offer]
        self.traces.add(
            some,
            felt_depth(off),
            left[contacted] - known,
            redeemed=log.redeemed[week, some.rows],
            expected=ordered * rate * (off > 0),
        )

    def redeem_rate(self) -> Floats:
        """Shape (n_offers,): share of the discounts that orders could use which they do use, pooled where few."""
        usual = (self.uses.sum() + 1.0) / (self.due.sum() + 10.0)
        weight = 0.02 * self.due.sum() + 1.0
        return np.asarray((self.uses + weight * usual) / (self.due + weight))

    def log_gap_sd(self) -> float:
        """Standard deviation of the log of a member's gaps about the usual one."""
        return float(np.sqrt(self.tracker.gap_square / max(float(self.tracker.gaps.sum()), 1.0)))

    def learnt(self) -> GroundedEffect:
        """The conclusions, drawn now if they were not before."""
        if self.effects is None:
            self.learn()
        assert self.effects is not None
        return self.effects

    def learn(self) -> None:
        """Draw the conclusions from all evidence."""
        self.effects = fit_grounded(self.evidence, (*effect_blocks(len(self.offers)), *NUISANCE))


def studied(offers: OfferTable, log: Log, n_categories: int, *, seed: int, grounded: bool = True) -> Study:
    """
    Read a whole log twice: once for what everybody has in common, then with the traces of each member.
    """
    baseline = prognosis(log, n_categories, seed)
    first = Study.begun(offers, log, n_categories, prognosis=baseline, grounded=grounded)
    for _ in range(log.n_weeks):
        first.take_in(log)
    first.learn()
    second = Study.begun(offers, log, n_categories, prognosis=baseline, grounded=grounded, sd=first.traces.tuned())
    second.effects, second.uses, second.due = first.effects, first.uses * 0.2, first.due * 0.2
    for _ in range(log.n_weeks):
        second.take_in(log)
    second.traces.sd = second.traces.tuned()
    second.learn()
    return second
