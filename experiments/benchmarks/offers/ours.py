"""The product's way in a weekly world: expected incremental margin from grounded effects, arbitrated with no offer."""

import copy
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from experiments.benchmarks.offers.columns import all_effects
from experiments.benchmarks.offers.study import Study
from features.simulator.loop.run import View, Wishes
from recsys.arbitrate import arbitrate
from recsys.exploration import Exploring
from recsys.offers.depth import Ladders
from recsys.offers.economics import OfferValues, margins_of
from recsys.policy.file.guardrails import Drawing
from recsys.types import MoneyMinor
from training.response.renewal import clock_shape, lost_orders

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OursConfig:
    """
    Settings, chosen on seeds from 101 on.

    Attributes:
        risk_aversion: Standard deviations below the mean that an offer must be worth something.
        epsilon: Share of decisions that explore.
        patience: Share of a member's usual best value that an offer must reach, since contacts are few.
        learn_every: Weeks between conclusions.
        settle_weeks: After the last decision, in which orders still count: a rule of the comparison, not a truth.
    """

    risk_aversion: float = 1.0
    epsilon: float = 0.02
    patience: float = 0.9
    learn_every: int = 2
    settle_weeks: int = 8


@dataclass(slots=True)
class Ours:
    """Learns from the log and its own decisions; see the folder's README."""

    study: Study
    config: OursConfig = field(default_factory=OursConfig)
    usual: Floats | None = None

    def choose(self, view: View) -> Wishes:
        """Read the last week, draw conclusions now and then, and arbitrate."""
        study = self.study
        while study.tracker.week < view.week:
            study.take_in(view.log)
        if (view.week - view.first) % self.config.learn_every == 0:
            study.learn()
        values = self.values(view)
        keep = np.repeat(view.may_contact[:, None], len(study.offers), axis=1)
        lower = values.mean - self.config.risk_aversion * values.sd
        best = np.maximum(lower.max(axis=1), 0.0)
        usual = best if self.usual is None else self.usual
        self.usual = 0.9 * usual + 0.1 * best
        keep &= (best >= self.config.patience * usual)[:, None]
        n_offers = len(study.offers)
        choice = arbitrate(
            values,
            keep,
            boost=np.ones((len(keep), n_offers), dtype=np.float32),
            shadow_price=np.zeros(n_offers),
            risk_aversion=self.config.risk_aversion,
            exploring=Exploring(self.config.epsilon, 0.0, Drawing.UNIFORM),
            draw=view.rng.random(len(keep)),
            max_offers=1,
            ladders=Ladders.of(study.offers.definitions),
        )
        offer = choice.rows[:, 0].astype(np.int64)
        worth = choice.arbitrated[np.arange(len(offer)), np.maximum(offer, 0)]
        priority = np.where(choice.explored, np.inf, worth)
        arms = 1 + (keep & (choice.net + 2 * values.sd > 0)).sum(axis=1)
        nothing = np.where(offer < 0, choice.propensity, self.config.epsilon / arms)
        known = view.may_contact & (arms > 1)
        return Wishes(offer, priority, np.where(known, choice.propensity, np.nan), np.where(known, nothing, np.nan))

    def values(self, view: View) -> OfferValues:
        """``u b g (1 - s) - p1 r d - c`` with its uncertainty, for every member and offer."""
        study, tracker = self.study, self.study.tracker
        stand = study.standing(view.tier, np.arange(len(view.tier)))
        uplift, sd = all_effects(study.learnt(), stand)
        basket = tracker.basket()
        weeks_left = view.last + self.config.settle_weeks - view.week - 1
        shape = clock_shape(study.log_gap_sd())
        borrowed = lost_orders(
            tracker.gap(), tracker.recency, shape=shape, overdue=study.scales.overdue, weeks_left=weeks_left
        )
        margin = (basket * tracker.margin_rate() * (1 - borrowed))[:, None]
        use = np.minimum(np.exp(stand.traces[:, 2])[:, None] * study.redeem_rate(), 1.0)
        off = stand.off * basket[:, None]
        cost = study.offers.definitions.contact_cost_minor
        redemption: MoneyMinor = np.rint(off).astype(np.int64)
        discount = use * off
        p1, mean, sd_of = margins_of(stand.chance[:, None], uplift, sd, margin=margin, paid=discount, cost=cost)
        return OfferValues(
            mean=mean,
            sd=sd_of,
            discount=p1 * discount,
            deadweight=stand.chance[:, None] * discount,
            revenue=p1 * basket[:, None],
            redemption=redemption,
            p_without=stand.chance,
            uplift=uplift,
            uplift_sd=sd,
            p_redeem=p1 * use,
        )


def ours(study: Study, config: OursConfig | None = None) -> Ours:
    """A policy with a study of its own, so that others may begin from the same."""
    return Ours(copy.deepcopy(study), config or OursConfig())
