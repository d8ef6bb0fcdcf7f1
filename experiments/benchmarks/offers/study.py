"""What a policy learns from a log: who orders anyway, what contact changes, and who redeems."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.offers.columns import (
    NUISANCE,
    Standing,
    columns,
    effect_blocks,
    nuisance,
    timing,
)
from experiments.benchmarks.offers.features import CLOCK, Tracker
from experiments.benchmarks.offers.scales import Asked, Scales, chosen_scales
from features.simulator.loop.log import NOTHING, Log
from features.simulator.loop.offer_table import OfferTable
from training.response.base import BaseConfig, Boosted, Kind, fit_base
from training.response.grounded import Evidence, GroundedEffect, fit_grounded
from training.response.renewal import clock_shape
from training.response.traces import Traces

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

_FIRST_WEEK = 6
_SAMPLED = 0.25
_TREES = BaseConfig(n_trees=60, learning_rate=0.1, n_leaves=15, min_leaf_rows=500, min_leaf_share=0.0, l2=5.0)
_LEAST, _MOST = 0.003, 0.97
_ALONE = 3
"""One in so many drawn members who were not contacted is learnt from."""
_ASKED = 16_000
"""Members whose weeks choose the scales."""


def prognosis(log: Log, n_categories: int, seed: int) -> tuple[Boosted, Scales]:
    """
    The chance of an order in a week without contact, learnt from a quarter of all such weeks of members.

    Beside it the plain scales at the end of the log.
    """
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
    fitted = fit_base(
        rows,
        np.concatenate(ordered).astype(np.float64),
        weight=np.ones(len(rows)),
        config=_TREES,
        seed=seed,
        kind=Kind.CHANCE,
    )
    return fitted, Scales.plain(log, tracker)


@dataclass(slots=True)
class Study:
    """
    All that was learnt so far; `take_in` reads one more week of the log, `learn` draws the conclusions.

    Attributes:
        offers: The offers.
        tracker: Running features.
        prognosis: Of an order without contact.
        scales: Constants of the columns, learnt from the log.
        traces: Of members' own reactions.
        evidence: Of the effects.
        effects: The conclusions; None before the first.
        uses, due: Shape (n_offers,): discounts given, and those expected if every order used its coupon.
        grounded: Whether contacts that nobody drew are learnt from, too.
    """

    offers: OfferTable
    tracker: Tracker
    prognosis: Boosted
    scales: Scales
    traces: Traces
    evidence: Evidence
    effects: GroundedEffect | None
    uses: Floats
    due: Floats
    grounded: bool = True

    @classmethod
    def begun(
        cls,
        offers: OfferTable,
        log: Log,
        n_categories: int,
        *,
        prognosis: Boosted,
        scales: Scales,
        grounded: bool = True,
        sd: tuple[float, float] = (0.15, 0.4),
    ) -> "Study":
        """Nothing is read yet; *sd* is that of members' own shifts."""
        n, n_offers = log.shown.shape[1], len(offers)
        blocks = (*effect_blocks(n_offers), *NUISANCE)
        return cls(
            offers=offers,
            tracker=Tracker(n, n_categories),
            prognosis=prognosis,
            scales=scales,
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
                tier[rows].astype(np.float64),
                tracker.promotion()[rows],
                tracker.log_basket()[rows],
            ),
            axis=1,
        )
        off = self.offers.expected_discount(basket, shares, tracker.order_sd()) / basket[:, None]
        return Standing(
            rows=rows,
            chance=chance,
            ratio=clock[:, CLOCK.index("due")],
            tired=self.scales.tired(tracker.contacts[:, rows]),
            traits=self.scales.scaled(traits),
            off=off,
            felt=self.scales.felt(off),
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
            felt = self.scales.felt(off) * contacted
            left = log.ordered[week, rows] - stand.chance
            effect = columns(stand, offer, len(self.offers)) * contacted[:, None]
            wide = np.hstack((effect, nuisance(stand, contacted, drawn[rows], felt)))
            keep = drawn[rows] | (contacted & self.grounded)
            self.evidence = self.evidence.with_rows(wide[keep], left[keep], np.maximum(stand.spread[keep], 0.01))
            self._trace(log, stand, offer, contacted=contacted, left=left, off=off)
        self.tracker.advance(log)

    def _trace(
        self, log: Log, stand: Standing, offer: Numbers, *, contacted: NDArray[np.bool_], left: Floats, off: Floats
    ) -> None:
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
            some.rows,
            some.spread,
            self.scales.felt(off),
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


def _asked(study: Study, log: Log) -> Asked:
    """Contacts and drawn weeks without of a part of the members, by a study that reads no more than the clock."""
    some = np.arange(log.shown.shape[1]) % max(log.shown.shape[1] // _ASKED, 1) == 0
    parts = []
    for week in range(log.n_weeks):
        shown, drawn = log.shown[week] >= 0, ~np.isnan(log.p_nothing[week])
        rows = np.flatnonzero(some & (shown | drawn))
        if week >= _FIRST_WEEK and len(rows):
            stand, tracker = study.standing(log.tier[week], rows), study.tracker
            ordered, contacted = log.ordered[week, rows].astype(np.float64), shown[rows]
            parts.append(
                Asked(
                    left=ordered - stand.chance,
                    spread=stand.spread,
                    off=stand.off[np.arange(len(rows)), np.maximum(log.shown[week, rows], 0)] * contacted,
                    shown=contacted,
                    drawn=drawn[rows],
                    timing=timing(stand.ratio),
                    traits=stand.traits,
                    contacts=tracker.contacts[:, rows],
                    ordered=ordered,
                    recency=tracker.recency[rows],
                    gap=tracker.gap()[rows],
                )
            )
        study.tracker.advance(log)
    return Asked.together(parts)


def studied(offers: OfferTable, log: Log, n_categories: int, *, seed: int, grounded: bool = True) -> Study:
    """
    Read a whole log twice: once for what everybody has in common, then with the traces of each member.
    """
    baseline, plain = prognosis(log, n_categories, seed)
    unread = Study.begun(offers, log, n_categories, prognosis=baseline, scales=plain)
    scales = chosen_scales(_asked(unread, log), plain, shape=clock_shape(unread.log_gap_sd()))
    first = Study.begun(offers, log, n_categories, prognosis=baseline, scales=scales, grounded=grounded)
    for _ in range(log.n_weeks):
        first.take_in(log)
    first.learn()
    second = Study.begun(
        offers, log, n_categories, prognosis=baseline, scales=scales, grounded=grounded, sd=first.traces.tuned()
    )
    second.effects, second.uses, second.due = first.effects, first.uses * 0.2, first.due * 0.2
    for _ in range(log.n_weeks):
        second.take_in(log)
    second.traces.sd = second.traces.tuned()
    second.learn()
    return second
